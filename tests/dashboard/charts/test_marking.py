from dataclasses import replace

import numpy as np
import pytest

from core.geometry.camera import Intrinsics
from core.geometry.facts import CropFacts
from dashboard.charts.marking import first_box, marked_photo
from tests.facts import facts_of


def test_a_square_stands_on_the_photo_and_can_be_moved() -> None:
    (square,) = marked_photo("/photo.png", 400, 300, (120.0, 90.0, 60.0)).layout.shapes
    assert (square.x0, square.x1, square.y0, square.y1) == (90, 150, 60, 120)
    assert square.editable


def test_the_box_stands_round_the_face_that_was_found_else_in_the_middle() -> None:
    turn = np.radians(20)
    to_photo = [[2 * np.cos(turn), -2 * np.sin(turn), 300], [2 * np.sin(turn), 2 * np.cos(turn), 40]]
    marks = np.zeros((68, 2))
    crop = CropFacts(side_px=512, crop_to_photo=tuple(map(tuple, to_photo)))
    about = facts_of(Intrinsics(900.0, 255.5, 255.5), marks, crop=crop)
    x, y, side = first_box(1200, 1500, about)
    assert (x, y) == pytest.approx(np.array(to_photo) @ [255.5, 255.5, 1], abs=0.5)
    assert side == round(0.4 * 2 * 512)  # 0.16 of the crop's side is the IPD, and that is 0.4 of the box's
    assert first_box(600, 500, about)[:2] == (599, 499)  # a face cut off by the photo's edge
    assert first_box(401, 300, replace(about, face=None)) == first_box(401, 300, None) == (200, 150, 120)
