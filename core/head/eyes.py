"""Eyeballs between lids that have come together or apart: how far a ball stands out goes by the square of the slit."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.head.operators import operators
from core.head.template import Region, template

# upper lid, lower lid, corners of an eye, by landmark
RIGHT_EYE = (37, 38), (41, 40), (36, 39)
LEFT_EYE = (43, 44), (47, 46), (42, 45)
MOST = 1.2  # times as far as the template's


def with_eyeballs(points: NDArray[np.float64], pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 3) of a head that lies as `pose` says (4, 4), with what closes eyes and lips anew between them."""
    head, stands_out = template(), _stands_out()
    share = np.ones(len(points))
    for side, eye in ((head.mean[:, 0] < 0, RIGHT_EYE), (head.mean[:, 0] > 0, LEFT_EYE)):
        slit = _slit(points, eye) / _slit(head.mean, eye)
        share[side & (head.mean[:, 1] > 0)] = min(MOST, slit**2)
    put = head.within(Region.PUT)
    result = operators().stretched(points, Region.PUT)
    result[put] += share[put, None] * (stands_out[put] @ pose[:3, :3].T)
    return result


def _slit(points: NDArray[np.float64], eye: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]) -> float:
    """How high an eye is open, over its width."""
    upper, lower, corners = (points[template().landmarks[list(which)]] for which in eye)
    return float(np.linalg.norm(upper - lower, axis=1).mean() / np.linalg.norm(corners[0] - corners[1]))


@cache
def _stands_out() -> NDArray[np.float64]:
    """(n, 3) how far what was put there stands out of a membrane in its place, on the mean head, mm."""
    mean = template().mean
    return np.asarray(mean - operators().stretched(mean, Region.PUT))
