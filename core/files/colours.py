"""Colour scales of maps and the colours of several faces, for pages, files and reports alike."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Stops = Sequence[tuple[float, tuple[int, int, int]]]

# Blue is one way, ochre the other, and both ends are equally dark: apart for every kind of colour blindness.
DIVERGING: Stops = (
    (0.0, (18, 62, 108)),
    (0.25, (92, 143, 186)),
    (0.5, (242, 237, 228)),
    (0.75, (206, 142, 78)),
    (1.0, (120, 58, 12)),
)
SEQUENTIAL: Stops = ((0.0, (246, 240, 230)), (0.5, (206, 142, 78)), (1.0, (112, 44, 20)))
# Cividis (Nunez et al. 2018, PLOS ONE 13:e0199239) in seven steps, near end bright
DEPTH: Stops = (
    (0.0, (254, 232, 56)), (1 / 6, (211, 193, 100)), (2 / 6, (166, 157, 117)), (3 / 6, (125, 124, 120)),
    (4 / 6, (87, 93, 109)), (5 / 6, (46, 67, 112)), (1.0, (0, 34, 78)),
)  # fmt: skip
# Viridis (van der Walt and Smith 2015, in the public domain by CC0) in ten steps
VIRIDIS: Stops = (
    (0.0, (253, 231, 37)), (1 / 9, (181, 222, 43)), (2 / 9, (110, 206, 88)), (3 / 9, (53, 183, 121)),
    (4 / 9, (31, 158, 137)), (5 / 9, (38, 130, 142)), (6 / 9, (49, 104, 142)), (7 / 9, (62, 73, 137)),
    (8 / 9, (72, 40, 120)), (1.0, (68, 1, 84)),
)  # fmt: skip
GRAY: Stops = ((0.0, (255, 255, 255)), (1.0, (0, 0, 0)))
DEPTH_MAPS: dict[str, Stops] = {"cividis": DEPTH, "gray": GRAY, "viridis": VIRIDIS}  # near is bright in all


def coloured(values: NDArray[np.floating], low: float, high: float, stops: Stops) -> NDArray[np.uint8]:
    """(H, W) numbers -> (H, W, 4) uint8 RGBA, clear where there is none; what is beyond low or high takes the end's."""
    known = np.isfinite(values)
    share = np.clip((np.where(known, values, low) - low) / (high - low), 0, 1)
    places, colours = [place for place, _ in stops], np.array([colour for _, colour in stops], float)
    channels = [np.interp(share, places, colours[:, channel]) for channel in range(3)]
    return np.round(np.dstack([*channels, known * 255.0])).astype(np.uint8)


def signed_limit(maps_mm: Sequence[NDArray[np.floating]]) -> float:
    """One end of a scale for signed maps: the greatest 98th percentile of their absolute values, whole mm.

    Give it maps of the face alone: hair differs by centimetres and would leave the face pale.
    """
    found = [np.abs(values[np.isfinite(values)]) for values in maps_mm]
    ends = [float(np.percentile(values, 98)) for values in found if values.size]
    return float(max(1.0, np.ceil(max(ends, default=1.0))))
