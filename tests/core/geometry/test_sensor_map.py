"""A photo's depth map in a crop: at the right places, with its holes, along the line of sight; mattes likewise."""

import numpy as np
import pytest

from core.face.head import sharpened
from core.face.window import similarity
from core.geometry.camera import Intrinsics
from core.geometry.sensor_map import head_matte, sensor_map
from core.sensor import SensorDepth

PHOTO = (900, 1200)


def sensor(nearness: np.ndarray, **more: object) -> SensorDepth:
    return SensorDepth(nearness.astype(np.float32), True, 1e-6, "axis", "a test", **more)


@pytest.mark.parametrize("size", [(90, 120), (450, 600), (900, 1200), (1800, 2400)])
def test_a_slope_stays_the_same_slope(size: tuple[int, int]) -> None:
    y, x = np.mgrid[: size[0], : size[1]]
    in_photo = (np.stack([x, y], -1) + 0.5) * (PHOTO[1] / size[1]) - 0.5
    slope = sensor(in_photo @ [1e-6, 2e-6] + 1e-3)
    to_photo = similarity(np.array([500.0, 430.0]), 400.0, 12.0, 200)
    found = sensor_map(slope, to_photo, 200, (*PHOTO, 3))
    rows, columns = np.mgrid[:200, :200]
    places = np.stack([columns, rows, np.ones_like(rows)], -1) @ to_photo.T
    np.testing.assert_allclose(found.nearness, places @ [1e-6, 2e-6] + 1e-3, atol=3e-7)
    assert found.pitch_px == pytest.approx(max(1.0, 0.5 * PHOTO[1] / size[1]), rel=0.35)


def test_holes_and_what_lies_beyond_the_photo_have_nothing() -> None:
    values = np.full((90, 120), 1e-3)
    values[:, :60] = np.nan
    found = sensor_map(sensor(values), similarity(np.array([600.0, 0.0]), 400.0, 0.0, 100), 100, PHOTO).nearness
    assert np.isnan(found[:, :48]).all()
    assert np.isnan(found[:48]).all()
    assert np.isfinite(found[53:, 53:]).all()


def test_depth_along_rays_and_along_the_axis_are_one_surface() -> None:
    camera = Intrinsics(150.0, 60.0, 40.0)
    wall_mm = 700.0
    columns, rows = np.meshgrid((np.arange(100) - 60) / 150, (np.arange(100) - 40) / 150)
    per_axial = np.sqrt(1 + columns**2 + rows**2)
    whole = similarity(np.array([49.5, 49.5]), 100.0, 0.0, 100)
    for values, along in ((np.full((100, 100), 1 / wall_mm), "axis"), (1 / (wall_mm * per_axial), "ray")):
        found = sensor_map(SensorDepth(values.astype(np.float32), True, 0, along, "a test"), whole, 100, (100, 100))
        np.testing.assert_allclose(found.nearness * found.turned_to_sight(camera), 1 / wall_mm, rtol=1e-6)
    turned = camera.facing(np.array([90.0, 70.0]))
    points = turned.unproject(np.array([[20.0, 30.0], [80.0, 90.0]]), np.array([600.0, 600.0]))
    axial = (points @ turned.turn)[:, 2]  # back to the camera's own axis
    values = np.zeros((100, 100))
    values[30, 20], values[90, 80] = 1 / axial
    flat = sensor_map(sensor(values), whole, 100, (100, 100))
    found = flat.nearness * flat.turned_to_sight(turned)
    np.testing.assert_allclose([1 / found[30, 20], 1 / found[90, 80]], 600, rtol=1e-5)


def test_mattes_are_joined_and_the_persons_is_the_last_resort() -> None:
    def matte(rows: slice) -> np.ndarray:
        found = np.zeros((90, 120), np.uint8)
        found[rows] = 255
        return found

    flat, whole = np.full((90, 120), 1e-3), similarity(np.array([599.5, 449.5]), 900.0, 0.0, 90)
    mattes = {"skin": matte(slice(30, 60)), "hair": matte(slice(0, 30)), "person": matte(slice(0, 90))}
    found = head_matte(sensor(flat, mattes=mattes), whole, 90, PHOTO)
    assert found is not None
    assert found[45, 45] == found[15, 45] == 1
    assert found[75, 45] == 0
    person = head_matte(sensor(flat, mattes={"person": mattes["person"], "skin": mattes["skin"]}), whole, 90, PHOTO)
    assert person is not None
    assert person[75, 45] == 1
    assert head_matte(sensor(flat, mattes={"teeth": mattes["skin"]}), whole, 90, PHOTO) is None


def test_a_matte_moves_the_outline_where_it_runs_close_and_nowhere_else() -> None:
    y, x = np.mgrid[:240, :240]
    true = (x - 120) ** 2 + (y - 110) ** 2 < 80**2
    head = (((x - 123) ** 2 + (y - 110) ** 2 < 77**2) & (y < 170)).astype(np.float32)  # off by some, cut at the neck
    matte = (true | (np.abs(x - 120) < 30) & (y > 110) | (x < 12)).astype(np.float32)  # neck, and a hand far away
    found = sharpened(head, matte) > 0.5
    upper = y < 150
    assert (found != true)[upper & (x > 20)].mean() < 0.1 * ((head > 0.5) != true)[upper].mean()
    assert not found[190:, 100:140].any()  # the neck stays cut
    assert not found[:, :12].any()
