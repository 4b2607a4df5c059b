"""Depth along lines of the crop, distances between two of its points, and level lines."""

from dataclasses import dataclass

import contourpy
import numpy as np
from numpy.typing import NDArray

from core.errors import GeometryError
from core.face.landmarks import LEFT_EYE, NOSE_TIP, RIGHT_EYE
from core.geometry.reconstruction import Reconstruction
from core.measure.statistics import relative_depth
from core.mesh.triangulation import sample

STEP_PX = 0.5
NASION, CHIN, MOUTH_CORNERS = 27, 8, [48, 54]
ABOVE_NASION, BELOW_CHIN = 0.75, 0.12  # of the way from chin to nasion: how far the midline goes on
BESIDE_EYES, BESIDE_MOUTH = 0.75, 0.6  # IPD beyond the eyes, mouth widths beyond its corners


@dataclass(frozen=True)
class Profile:
    """Depth of the head along a line of the crop.

    points_px : (n, 2) crop pixels. along_mm : (n,) place across the camera's axis in the plane of the line, 0 at the
    nose tip (midline), at the middle (eye line, mouth line) or at the line's start; NaN where there is no depth.
    The midline counts upwards, other named lines to the picture's right. depth_mm : (n,) behind the nose tip, NaN
    where there is none. surface_mm : (n,) length over the surface from the line's start; gaps are bridged straight.
    """

    name: str
    points_px: NDArray[np.float64]
    along_mm: NDArray[np.float64]
    depth_mm: NDArray[np.float64]
    surface_mm: NDArray[np.float64]


@dataclass(frozen=True)
class Distance:
    """Between two points of the crop, in mm.

    straight_mm : through space. surface_mm : over the surface, along the straight line of pixels between them.
    depth_mm : how much farther from the camera the second is. points_mm : (2, 3), camera frame.
    """

    straight_mm: float
    surface_mm: float
    depth_mm: float
    points_mm: NDArray[np.float64]


def named_profiles(reconstruction: Reconstruction) -> dict[str, Profile]:
    """'midline', 'eye line' and 'mouth line'; empty for a whole photo.

    Examples
    --------
    >>> import core
    >>> profiles = core.measure.named_profiles(core.load_face("results/ada"))
    >>> list(profiles)
    ['midline', 'eye line', 'mouth line']
    >>> profiles["midline"].along_mm.shape == profiles["midline"].depth_mm.shape
    True
    """
    p = reconstruction.landmarks_px
    if p is None:
        return {}
    up = p[NASION] - p[CHIN]
    eyes = np.stack([p[RIGHT_EYE].mean(0), p[LEFT_EYE].mean(0)])
    across, wide = eyes[1] - eyes[0], np.diff(p[MOUTH_CORNERS], axis=0)[0]
    lines = {
        "midline": (p[CHIN] - BELOW_CHIN * up, p[NASION] + ABOVE_NASION * up, p[NOSE_TIP]),
        "eye line": (eyes[0] - BESIDE_EYES * across, eyes[1] + BESIDE_EYES * across, eyes.mean(0)),
        "mouth line": (
            p[MOUTH_CORNERS[0]] - BESIDE_MOUTH * wide,
            p[MOUTH_CORNERS[1]] + BESIDE_MOUTH * wide,
            p[MOUTH_CORNERS].mean(0),
        ),
    }
    return {name: _profile(reconstruction, name, *line) for name, line in lines.items()}


def line_profile(
    reconstruction: Reconstruction, start_px: NDArray[np.floating], end_px: NDArray[np.floating], name: str = "line"
) -> Profile:
    """Depth along a straight line of the crop from `start_px` (2,) to `end_px` (2,); 0 of `along_mm` at its start."""
    start, end = np.asarray(start_px, np.float64), np.asarray(end_px, np.float64)
    return _profile(reconstruction, name, start, end, start)


def distance(
    reconstruction: Reconstruction, first_px: NDArray[np.floating], second_px: NDArray[np.floating]
) -> Distance:
    """Distance between two crop pixels (2,) on the surface.

    Raises
    ------
    GeometryError
        There is no depth at one of them.
    """
    ends = np.stack([np.asarray(first_px, np.float64), np.asarray(second_px, np.float64)])
    points = reconstruction.intrinsics.unproject(ends, reconstruction.depth_at(ends))
    for (x, y), point in zip(ends, points, strict=True):
        if not np.isfinite(point).all():
            raise GeometryError(f"There is no depth at pixel ({x:.0f}, {y:.0f}). Choose points on the head.")
    surface = line_profile(reconstruction, ends[0], ends[1]).surface_mm
    first, second = points
    return Distance(
        straight_mm=float(np.linalg.norm(second - first)),
        surface_mm=float(surface[-1]),
        depth_mm=float(second[2] - first[2]),
        points_mm=points,
    )


def contours(reconstruction: Reconstruction, step_mm: float = 5.0) -> dict[float, list[NDArray[np.float64]]]:
    """Level lines of the depth behind the nose tip: mm -> lines (n, 2) in crop pixels, at every whole `step_mm`."""
    if not step_mm > 0:
        raise ValueError(f"step_mm must be positive, not {step_mm}")
    depth = relative_depth(reconstruction).astype(np.float64)
    levels = np.arange(np.ceil(np.nanmin(depth) / step_mm), np.floor(np.nanmax(depth) / step_mm) + 1) * step_mm
    generator = contourpy.contour_generator(z=np.ma.masked_invalid(depth))
    return {float(level): [np.asarray(line) for line in generator.lines(level)] for level in levels}


def _profile(
    reconstruction: Reconstruction,
    name: str,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    zero: NDArray[np.float64],
) -> Profile:
    length = float(np.linalg.norm(end - start))
    steps = np.linspace(0.0, 1.0, max(2, round(length / STEP_PX) + 1))
    pixels = start + steps[:, None] * (end - start)
    side = len(reconstruction.depth_mm)
    inside = ((pixels >= 0) & (pixels <= side - 1)).all(1)
    depth = np.where(inside, sample(reconstruction.head_depth_mm.astype(np.float64), pixels), np.nan)
    points = reconstruction.intrinsics.unproject(pixels, depth)
    direction = (end - start) / max(length, 1e-9)
    along = points[:, :2] @ direction
    known = np.isfinite(depth)
    if known.any():
        at_zero = int(np.argmin(np.where(known, ((pixels - zero) ** 2).sum(1), np.inf)))
        along = along - along[at_zero]
    return Profile(name, pixels, along, depth - reconstruction.reference_mm, _surface_length(points, known))


def _surface_length(points_mm: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    length = np.zeros(len(points_mm))
    steps = np.linalg.norm(np.diff(points_mm[known], axis=0), axis=1)
    length[np.flatnonzero(known)[1:]] = steps
    return np.cumsum(length)
