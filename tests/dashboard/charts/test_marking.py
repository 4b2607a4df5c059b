from dataclasses import replace

import numpy as np
import pytest

from core.geometry.camera import Intrinsics
from core.geometry.facts import CropFacts, FaceFacts
from core.options import Options
from dashboard.charts.marking import first_box, first_turn, marked_photo, turned_box
from tests.facts import facts_of, written


def test_a_square_stands_on_the_photo_and_can_be_moved() -> None:
    (square,) = marked_photo("/photo.png", 400, 300, (120.0, 90.0, 60.0)).layout.shapes
    assert (square.x0, square.x1, square.y0, square.y1) == (90, 150, 60, 120)
    assert square.editable


def test_the_box_stands_round_the_face_that_was_found_else_in_the_middle() -> None:
    turn = np.radians(20)
    to_photo = [[2 * np.cos(turn), -2 * np.sin(turn), 300], [2 * np.sin(turn), 2 * np.cos(turn), 40]]
    marks = np.zeros((68, 2))
    crop = CropFacts(side_px=512, crop_to_photo=tuple(map(tuple, to_photo)))
    about = written(facts_of(Intrinsics(900.0, 255.5, 255.5), marks, crop=crop))
    x, y, side = first_box(1200, 1500, about)
    assert (x, y) == pytest.approx(np.array(to_photo) @ [255.5, 255.5, 1], abs=0.5)
    assert side == round(0.4 * 2 * 512)  # 0.16 of the crop's side is the IPD, and that is 0.4 of the box's
    assert first_box(600, 500, about)[:2] == (599, 499)  # a face cut off by the photo's edge
    assert first_box(401, 300, replace(about, face=None)) == first_box(401, 300, None) == (200, 150, 120)
    drawn = replace(about, options=Options(box=(310.0, 50.0, 90.0)))
    assert first_box(1200, 1500, drawn) == (310.0, 50.0, 90.0)  # as it was drawn


def test_a_box_of_a_turned_photo_is_where_it_was() -> None:
    box = (10.0, 20.0, 16.0)
    assert turned_box(box, 100, 50, 0) == box
    assert turned_box(box, 100, 50, 90) == (29.0, 10.0, 16.0)  # what was at the left is at the top
    assert turned_box(box, 100, 50, 180) == (89.0, 29.0, 16.0)
    assert turned_box(box, 100, 50, 270) == (20.0, 89.0, 16.0)
    assert turned_box(turned_box(box, 100, 50, 90), 50, 100, 270) == box


@pytest.mark.parametrize(("roll_deg", "turn"), [(3, 0), (-94, 90), (88, 270), (-176, 180), (179, 180), (-30, 0)])
def test_a_photo_is_shown_so_that_its_face_is_upright(roll_deg: float, turn: int) -> None:
    face = FaceFacts(score=0.9, roll_deg=roll_deg, yaw_deg=0.0, pitch_deg=0.0)
    assert first_turn(written(facts_of(Intrinsics(900.0, 255.5, 255.5), np.zeros((68, 2)), face=face))) == turn
    assert first_turn(None) == 0
