from collections.abc import Callable

import numpy as np
import pytest

from core.geometry.reconstruction import Reconstruction
from core.mesh.cloud import point_cloud
from core.mesh.colours import RIM_SHARE, without_background
from core.mesh.surface import make_surface

SKIN, DARK, WALL = (200, 150, 120), (10, 20, 30), (0, 255, 0)


def disc(side: int, radius: float) -> np.ndarray:
    """Of a square of 256."""
    y, x = (np.indices((side, side)) + 0.5) * (256 / side) - 128
    return np.hypot(x, y) < radius


@pytest.mark.parametrize("side", [256, 1024])
def test_no_background_is_left_and_nothing_within_the_rim_changes(side: int) -> None:
    picture = np.random.default_rng(0).integers(0, 100, (side, side, 3)).astype(np.uint8)
    picture[~disc(side, 79)] = WALL  # the mask has a rim of background
    found = without_background(picture, disc(256, 80))
    assert found.max() < 100
    inside = disc(side, 80 - 256 * RIM_SHARE - 1.5)
    assert np.array_equal(found[inside], picture[inside])


def test_the_rim_takes_the_colour_that_is_next_to_it() -> None:
    picture = np.full((256, 256, 3), WALL, np.uint8)
    picture[disc(256, 79)] = SKIN
    picture[disc(256, 79) & (np.arange(256) < 128)] = DARK
    found = without_background(picture, disc(256, 80))
    assert (found[:, :124] == DARK).all()
    assert (found[:, 132:] == SKIN).all()


@pytest.mark.parametrize("mask", [np.zeros((256, 256), bool), np.ones((256, 256), bool), np.eye(256, dtype=bool)])
def test_without_a_rim_or_without_an_inside_the_picture_stays(mask: np.ndarray) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (256, 256, 3)).astype(np.uint8)
    assert np.array_equal(without_background(picture, mask), picture)


def test_surface_and_cloud_wear_no_background(head: Callable[..., Reconstruction]) -> None:
    face = head(256)
    face.crop_rgb[:] = SKIN
    face.crop_rgb[~face.mask] = WALL
    mixed = face.mask & (np.roll(~face.mask, 1, 0) | np.roll(~face.mask, 1, 1))  # pixels that see both
    face.crop_rgb[mixed] = WALL
    for colours in (make_surface(face).colours, point_cloud(face).colours):
        assert (colours == SKIN).all()
