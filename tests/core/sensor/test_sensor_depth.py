"""A camera's depth: turned as its photo, its calibration with it; its levels as nearness."""

import numpy as np
import pytest
from PIL import Image

from core.errors import PhotoError
from core.photo.read import TURNS
from core.sensor import Calibration, SensorDepth
from core.sensor.sensor_depth import of_depth, of_disparity, spread, upright

CAMERA = Calibration(500, 210.5, 120.25, (400, 300))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_map_is_turned_as_its_photo(orientation: int) -> None:
    levels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    picture = Image.fromarray(levels)
    expected = np.asarray(picture.transpose(TURNS[orientation]) if orientation in TURNS else picture)
    np.testing.assert_array_equal(upright(levels, orientation), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_principal_point_goes_with_the_picture(orientation: int) -> None:
    marked = np.zeros((300, 400), np.uint8)
    marked[120, 210] = 1
    turned = upright(marked, orientation)
    camera = Calibration(500, 210, 120, (400, 300)).turned(orientation)
    assert turned[int(camera.cy_px), int(camera.cx_px)] == 1
    assert camera.size_px == turned.shape[::-1]


def test_a_calibration_of_another_size() -> None:
    half = CAMERA.of(200, 150)
    assert half is not None
    assert half.focal_px == 250
    assert (half.cx_px, half.cy_px) == (105.0 - 0.0, 59.875)  # (c + 1/2) / 2 - 1/2
    assert half.of(400, 300) == CAMERA
    assert CAMERA.of(300, 300) is None


def test_levels_are_spread_between_their_ends() -> None:
    values, step = spread(np.array([[0, 51, 255]], np.uint8), 1.0, 6.0, 0, 255)
    np.testing.assert_allclose(values, [[1, 2, 6]])
    assert step == pytest.approx(5 / 255)
    for low, high in ((2, 1), (1, 1), (np.nan, 1), (0, np.inf)):
        with pytest.raises(PhotoError, match="no range"):
            spread(np.zeros((1, 1), np.uint8), low, high, 0, 255)


def test_disparity_and_depth_are_the_same_nearness() -> None:
    depth_mm = np.array([[500.0, 1000.0, 0.0, -3.0, np.nan, np.inf]])
    of_mm, step = of_depth(depth_mm, 1.0)
    per_metre, _ = of_disparity(np.array([[2.0, 1.0, 0.0, -3.0, np.nan, np.inf]]), 0.1)
    np.testing.assert_allclose(of_mm, per_metre, rtol=1e-6)
    np.testing.assert_allclose(of_mm[0, :2], [1 / 500, 1 / 1000], rtol=1e-6)
    assert np.isnan(of_mm[0, 2:]).all()
    assert 1e-6 <= step <= 4e-6  # between what a millimetre is at 1000 and at 500 mm


def test_an_empty_map_and_one_of_another_shape_are_refused() -> None:
    def of(nearness: np.ndarray) -> SensorDepth:
        return SensorDepth(nearness.astype(np.float32), True, 0, "axis", "a test")

    slope = np.linspace(0.001, 0.002, 300 * 400).reshape(300, 400)
    assert of(slope).checked(4000, 3000).nearness.shape == (300, 400)
    for empty in (np.full((300, 400), np.nan), np.full((300, 400), 0.001), np.where(slope < 0.001005, slope, np.nan)):
        with pytest.raises(PhotoError, match="empty"):
            of(empty).checked(4000, 3000)
    with pytest.raises(PhotoError, match="400 x 300 pixels, which is another shape"):
        of(slope).checked(3000, 4000)
