"""Outline and size of a plaque: a rectangle with rounded corners."""

import numpy as np
from numpy.typing import NDArray

from core.errors import OptionError
from core.options import SolidOptions

EDGE_STEP_PX = 24.0
SAG_PX = 0.05  # a corner's chords may leave its arc by this much, more than points are rounded by


def print_pitch(options: SolidOptions, inner_px: tuple[float, float], life_mm: float) -> float:
    """Millimetres on the print of a map pixel, so that width, height or life size with the border come out as asked.

    inner_px : width and height of what the border goes round. life_mm : of a pixel, in life.
    """
    if options.life_size:
        return life_mm
    if options.height_mm is not None:
        return (options.height_mm - 2 * options.border_mm) / inner_px[1]
    return (options.width_mm - 2 * options.border_mm) / inner_px[0]


def rounded_rectangle(low: NDArray[np.float64], high: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Points (n, 2) along a rectangle from `low` to `high` whose corners are arcs, in order.

    Raises
    ------
    OptionError
        The corners do not fit the sides.
    """
    if 2 * radius >= (high - low).min():
        raise OptionError("The corners are rounder than the plaque is wide. Make corner_mm smaller.")
    turn = 2 * np.arccos(1 - SAG_PX / radius) if radius > 4 * SAG_PX else np.pi  # too small to show: one point
    angles = np.linspace(0, np.pi / 2, max(1, int(np.ceil(np.pi / 2 / turn))) + 1) if turn < np.pi else np.array([0.0])
    arcs = []
    for quarter, (right, below) in enumerate(((0, 0), (1, 0), (1, 1), (0, 1))):
        corner = np.where([right, below], high, low)
        centre = corner + radius * np.where([right, below], -1, 1)
        around = np.pi + quarter * np.pi / 2 + angles
        arc = centre + radius * np.stack([np.cos(around), np.sin(around)], axis=-1)
        arcs.append(arc if len(angles) > 1 else corner[None])
    lines = []
    for arc, following in zip(arcs, arcs[1:] + arcs[:1], strict=True):
        pieces = max(1, round(float(np.linalg.norm(following[0] - arc[-1])) / EDGE_STEP_PX))
        lines += [arc, arc[-1] + np.linspace(0, 1, pieces + 1)[1:-1, None] * (following[0] - arc[-1])]
    return np.concatenate(lines)
