"""Outline and size of a plaque: a rectangle with rounded corners, or an ellipse."""

import numpy as np
from numpy.typing import NDArray

from core.errors import OptionError
from core.options import SolidOptions

EDGE_STEP_PX = 24.0
ROUND_STEP_PX = 2.0
SAG_PX = 0.05  # a corner's chords may leave its arc by this much, more than points are rounded by


def print_pitch(
    options: SolidOptions, inner_px: tuple[float, float], life_mm: float, beside_mm: tuple[float, float]
) -> float:
    """Millimetres on the print of a map pixel, so that width, height or life size come out as asked.

    inner_px : width and height of what the margins go round. life_mm : of a pixel, in life. beside_mm : both margins
    together, across and up.

    Raises
    ------
    OptionError
        The margins leave no room.
    """
    if options.life_size:
        return life_mm
    axis, name = (0, "width") if options.height_mm is None else (1, "height")
    size = options.width_mm if options.height_mm is None else options.height_mm
    left = size - beside_mm[axis]
    if left < 0.1 * size:
        raise OptionError(
            f"Border, letters and loop take {beside_mm[axis]:.1f} mm of a {name} of {size:g} mm, which leaves no room "
            "for the face. Make them smaller or the solid larger."
        )
    return left / inner_px[axis]


def ellipse(centre: NDArray[np.float64], half: NDArray[np.float64], step_px: float) -> NDArray[np.float64]:
    """Points (n, 2) along an ellipse of half axes `half` (2,), clockwise as it is looked at (y down), from below."""
    fine = np.linspace(0, 2 * np.pi, 4096)
    line = centre + half * np.stack([-np.sin(fine), np.cos(fine)], axis=-1)
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    at = np.linspace(0, along[-1], max(16, round(float(along[-1]) / step_px)), endpoint=False)
    return np.stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)], axis=-1)


def rounded_rectangle(
    low: NDArray[np.float64], high: NDArray[np.float64], radius: float, step_px: float = EDGE_STEP_PX
) -> NDArray[np.float64]:
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
        pieces = max(1, round(float(np.linalg.norm(following[0] - arc[-1])) / step_px))
        lines += [arc, arc[-1] + np.linspace(0, 1, pieces + 1)[1:-1, None] * (following[0] - arc[-1])]
    return np.concatenate(lines)
