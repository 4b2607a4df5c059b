"""Mirror averaging and the merge of two scales, on networks whose errors are known."""

import cv2
import numpy as np
import pytest

from core.depth import refine
from core.errors import OptionError

BOX = (60, 40, 160, 140)


class Tilted:
    """Answers the red channel with an error that leans to the right of whatever it sees, in units of its own."""

    name = "tilted"

    def predict(self, pictures):
        return [
            (picture[..., 0] + np.linspace(0, 40, picture.shape[1]) + index).astype(np.float32)
            for index, picture in enumerate(pictures)
        ]


class Blurred:
    """Answers the red channel blurred to 32 cells across, like a network of few pixels, at a scale of its own."""

    name = "blurred"

    def predict(self, pictures):
        answers = []
        for picture in pictures:
            height, width = picture.shape[:2]
            cells = cv2.resize(picture[..., 0].astype(np.float32), (32, 32), interpolation=cv2.INTER_AREA)
            answers.append(width * cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC) - 7)
        return answers


@pytest.fixture(scope="module")
def picture():
    noise = np.random.default_rng(0).random((180, 220)).astype(np.float32)
    relief = cv2.GaussianBlur(noise, (0, 0), 6)
    relief = (255 * (relief - relief.min()) / np.ptp(relief)).astype(np.uint8)
    return np.repeat(relief[..., None], 3, axis=2)


def test_averaging_with_the_mirror_image_cancels_an_error_with_a_side(picture):
    (found,) = refine.Mirrored(Tilted()).predict([picture])
    error = found - picture[..., 0]
    (plain,) = Tilted().predict([picture])
    lean = np.polyfit(np.arange(220), error.mean(0), 1)[0]
    assert abs(lean) < 0.05 * abs(np.polyfit(np.arange(220), (plain - picture[..., 0]).mean(0), 1)[0])


def test_each_picture_gets_its_own_mean(picture):
    pictures = [picture, picture[:90]]
    together = refine.Mirrored(Blurred()).predict(pictures)
    for found, alone in zip(together, pictures, strict=True):
        assert found.dtype == np.float32
        assert np.array_equal(found, refine.Mirrored(Blurred()).predict([alone])[0])


def test_a_close_look_adds_its_detail_in_the_units_of_the_whole(picture):
    (whole,) = Blurred().predict([picture])
    found = refine.two_scales(Blurred(), picture, BOX)
    left, top, right, bottom = BOX
    truth = 220 * picture[..., 0].astype(np.float32) - 7
    inner = (slice(top + 13, bottom - 13), slice(left + 13, right - 13))
    assert np.abs(found - truth)[inner].mean() < 0.65 * np.abs(whole - truth)[inner].mean()
    outside = np.ones(whole.shape, bool)
    outside[top:bottom, left:right] = False
    assert np.array_equal(found[outside], whole[outside])


def test_the_seam_is_soft(picture):
    (whole,) = Blurred().predict([picture])
    close = whole[40:140, 60:160] * 3 + 5
    assert np.abs(refine.merge(whole, close, BOX) - whole).max() < 1e-3 * np.ptp(whole)
    wrong = close.copy()
    wrong[:, :8] += np.ptp(close)  # just at the edge of the box
    change = refine.merge(whole, wrong, BOX) - whole
    assert np.abs(change[:, 60]).max() < 0.03 * np.ptp(whole)
    assert np.abs(change[:, 67]).max() > 0.3 * np.ptp(whole[40:140, 60:160])


def test_scale_and_shift_are_found_among_outliers():
    values = np.random.default_rng(1).random((40, 40)).astype(np.float32)
    target = 3 * values - 2
    target[:3] = 50
    scale, shift = refine.scale_and_shift(values, target)
    assert (scale, shift) == pytest.approx((3, -2), abs=1e-4)


@pytest.mark.parametrize("values", [np.zeros((4, 4)), -np.arange(16.0).reshape(4, 4)])
def test_a_map_that_says_nothing_is_only_shifted(values):
    target = np.arange(16.0).reshape(4, 4)
    assert refine.scale_and_shift(values.astype(np.float32), target.astype(np.float32)) == (0, 7.5)


@pytest.mark.parametrize("box", [(0, 0, 300, 10), (5, 5, 5, 9), (-1, 0, 10, 10), (0, 0, 10, 181)])
def test_a_box_outside_the_picture_is_refused(picture, box):
    with pytest.raises(OptionError, match="is not within the picture of 220 x 180 pixels"):
        refine.two_scales(Blurred(), picture, box)
