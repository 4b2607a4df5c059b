"""A camera's relief and a network's as one: each in what it knows best, and better than either alone."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.depth.fusion import fuse, trusted

SIDE, PITCH = 256, 3.0
X, Y = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
HEAD = X**2 / 0.6 + Y**2 / 0.85 < 1
Relief = NDArray[np.float64]


def truth() -> Relief:
    """Mm: a dome with a nose and fine ripples."""
    dome = 80 * np.sqrt(np.clip(1 - X**2 - 0.7 * Y**2, 0, None))
    return dome + 25 * np.exp(-(X**2 + (Y - 0.1) ** 2) / 0.02) + 0.4 * np.sin(60 * X) * np.sin(60 * Y)


def of_sensor(step_mm: float) -> Relief:
    coarse = cv2.resize(truth(), (round(SIDE / PITCH),) * 2, interpolation=cv2.INTER_AREA)
    rounded = np.round(cv2.GaussianBlur(coarse, (0, 0), 1) / step_mm) * step_mm if step_mm else coarse
    return np.asarray(cv2.resize(rounded, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR))


def of_network(bend_mm: float) -> Relief:
    """All its detail is right, its broad shape is bent."""
    return truth() + bend_mm * (X**2 - 0.5 * Y + 0.4 * X * Y)


def rms(values: NDArray[np.floating], where: NDArray[np.bool_]) -> float:
    return float(np.sqrt(np.mean(values[where] ** 2)))


@pytest.mark.parametrize("step_mm", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("bend_mm", [3.0, 12.0])
def test_the_fused_relief_is_better_than_both(step_mm: float, bend_mm: float) -> None:
    sensor, network = of_sensor(step_mm), of_network(bend_mm)
    there = trusted(sensor, network, HEAD, HEAD, PITCH)
    fused = fuse(sensor, network, there, PITCH, step_mm)
    error = rms(fused.relief_mm - truth(), there)
    assert error < 0.8 * rms(sensor - truth(), there)
    assert error < 0.2 * rms(network - truth(), there)
    assert fused.shares[-1] > 0.95
    assert len(fused.shares) == len(fused.detail_px) == len(fused.apart_mm)
    assert list(fused.detail_px) == sorted(fused.detail_px)


def test_where_both_agree_nothing_changes() -> None:
    fused = fuse(truth(), truth(), HEAD, PITCH, 0.5)
    np.testing.assert_allclose(fused.relief_mm, truth(), atol=1e-9)


def test_a_shift_alone_is_the_sensors() -> None:
    fused = fuse(truth() + 30, truth(), HEAD, PITCH, 0.5)
    np.testing.assert_allclose(fused.relief_mm[HEAD] - truth()[HEAD], 30, atol=0.05)


def test_beyond_the_trusted_part_the_network_meets_it_without_a_step() -> None:
    half = HEAD & (X < 0)
    fused = fuse(truth() + 5 + 3 * Y, truth(), half, PITCH, 0.5).relief_mm - truth()
    steps = np.abs(np.diff(fused, axis=1))[HEAD[:, 1:] & HEAD[:, :-1]]
    assert steps.max() < 0.2
    assert abs(float(np.median(fused[HEAD & (X > 0.3)])) - 5) < 1.5


def test_holes_tears_rims_and_what_no_head_can_be_are_not_trusted() -> None:
    sensor = of_sensor(0.5)
    sensor[100:110, 100:110] = np.nan
    sensor[60:80, 140:150] += 60  # a strand of hair, or a reflex
    there = trusted(sensor, of_network(3), HEAD, HEAD, PITCH)
    assert not there[98:112, 98:112].any()
    assert not there[60:80, 140:150].any()
    assert not there[~HEAD].any()
    inner = cv2.erode(HEAD.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    assert there[inner].mean() > 0.9
    assert (HEAD & ~there).sum() > 0.05 * HEAD.sum()  # its rim


def test_a_sensor_of_nothing_leaves_the_network() -> None:
    nothing = np.full((SIDE, SIDE), np.nan)
    there = trusted(nothing, truth(), HEAD, HEAD, PITCH)
    assert not there.any()
    fused = fuse(nothing, truth(), there, PITCH, 0.5)
    np.testing.assert_array_equal(fused.relief_mm, truth())
    assert fused.shares == ()
