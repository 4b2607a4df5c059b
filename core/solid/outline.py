"""The rim of a region as one polygon, and that polygon cut along a straight bottom."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import GeometryError
from core.mesh.triangulation import outlines

FLOOR_STEP_PX = 12.0


def outline(region: NDArray[np.bool_], step_px: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The longest smooth rim (n, 2) of a region, and the region (H, W) within it.

    Raises
    ------
    GeometryError
        The region is too small to have one.
    """
    lines = outlines(region, 0.0, step_px)
    if not lines:
        raise GeometryError("There is too little depth to make a solid from. Use another photo or network.")
    rim = max(lines, key=len)
    drawn = np.zeros(region.shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(rim * 16).astype(np.int32)], 1, shift=4)
    return rim, drawn > 0


def cut_flat(rim: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """The part of a rim above (y smaller than) a row, closed by a straight line along it.

    The longest part counts, if the row cuts it into several.
    """
    above = rim[:, 1] < floor - 0.5
    if above.all():
        return rim
    start = int(np.flatnonzero(above & ~np.roll(above, 1))[0]) if above.any() else 0
    turned, kept = np.roll(rim, -start, axis=0), np.roll(above, -start)
    ends = np.flatnonzero(np.diff(np.r_[False, kept, False].astype(int)))
    runs = [turned[a:b] for a, b in zip(ends[::2], ends[1::2], strict=True)]
    if not runs:
        raise GeometryError("There is too little depth to make a solid from. Use another photo or network.")
    part = max(runs, key=len)
    first, last = part[0, 0], part[-1, 0]
    pieces = max(2, round(abs(first - last) / FLOOR_STEP_PX))
    along = np.linspace(last, first, pieces + 1)
    return np.concatenate([part, np.stack([along, np.full_like(along, floor)], axis=-1)])
