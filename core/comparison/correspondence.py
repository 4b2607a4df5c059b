"""Two heads point by point: how far the same place of both is apart, by the one template that was fitted to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import GeometryError
from core.face.landmarks import INNER
from core.geometry.alignment import apply, procrustes, scale_of
from core.head import Head, Region, template
from core.json_files import rows
from core.measure.context import Differences, PointsApart
from core.measure.regions import regions_between
from core.measure.table import POINTS, POINTS_RMS, numbers

SEEN = 0.5  # of `Head.seen`: below, a vertex is guessed
MIN_VERTICES = 100
PX_PER_MM, SIDE_PX = 2, 600  # of the picture of the template in which the parts of the face are drawn
GUESSED = "What one of the photos does not show is guessed on its head: it is in none of these numbers, and stays grey."
FITTED_BY_ONE_MODEL = (
    "Which place is which follows from one head model that is fitted to both photos; on plain skin, as of a cheek or a "
    "forehead, it is less sure than at eyes, nose and mouth."
)
NEUTRAL = "Expression is taken out as far as the model tells it from the shape of the face."


@dataclass(frozen=True)
class Correspondence:
    """What is left between the same places of two heads. n : vertices of the template.

    distance_mm : (n,), and signed_mm : (n,), its part along the reference's normal, positive where the other head
        stands out farther. NaN where either photo does not show the place.
    transform : (4, 4), mesh frame of the other -> mesh frame of the reference; `scale` is its change of size (1 unless
        asked for).
    rms_mm, median_mm, p95_mm, coverage : as `core.measure.table.POINTS` says, over the inner face; shape_mm, over the
        whole face.
    by_region : RMS in mm of each part of the face; what is not seen of both is left out.
    notes : sentences on what the numbers rest on.
    """

    distance_mm: NDArray[np.float64]
    signed_mm: NDArray[np.float64]
    transform: NDArray[np.float64]
    scale: float
    rms_mm: float
    median_mm: float
    p95_mm: float
    coverage: float
    shape_mm: float
    by_region: dict[str, float]
    notes: tuple[str, ...]

    def numbers(self) -> dict[str, Any]:
        """All but the vertices: finite numbers, names and sentences, by the name of the field."""
        return {
            **{statistic.key: getattr(self, statistic.key) for statistic in POINTS},
            "by_region": self.by_region,
            "transform": rows(self.transform),
            "notes": self.notes,
        }


@dataclass(frozen=True)
class PointTable:
    """All pairs point by point. rms_mm, shape_mm : (n, n), symmetric, 0 on the diagonal; as of `Correspondence`."""

    rms_mm: NDArray[np.float64]
    shape_mm: NDArray[np.float64]


def correspond(reference: Head, other: Head, *, neutral: bool = False, with_scale: bool = False) -> Correspondence:
    """Lay `other` onto `reference` by the places that both photos show, and measure each.

    neutral : with the expression of both taken out. with_scale : with a change of size.

    Raises
    ------
    GeometryError
        The photos show too little of the same side of the face.

    Examples
    --------
    >>> import core
    >>> ada, grace = (core.files.head_of(f"results/{name}") for name in ("ada", "grace"))
    >>> found = core.comparison.correspond(ada, grace, neutral=True)
    >>> found.distance_mm.shape  # of each vertex; NaN where it is not seen of both
    (11156,)
    >>> 0.2 < found.shape_mm < 5
    True
    """
    points, moved = posed(reference, neutral=neutral), posed(other, neutral=neutral)
    both = (reference.seen > SEEN) & (other.seen > SEEN)
    held = inner_face() & both
    if held.sum() < MIN_VERTICES:
        raise GeometryError("The two photos show too little of the same side of a face to compare it point by point.")
    transform = procrustes(moved[held], points[held], with_scale=with_scale)
    apart = apply(transform, moved) - points
    distance = np.where(both, np.linalg.norm(apart, axis=1), np.nan)
    signed = np.where(both, (apart * template().normals(points)).sum(1), np.nan)
    shape_mm = _shapes_apart(reference, other, face() & both)
    over_face = PointsApart(distance[inner_face()], scale_of(transform), shape_mm)
    parts = {name: POINTS_RMS.measure(Differences(distance[part])) for name, part in parts_of_face().items()}
    return Correspondence(
        distance_mm=distance,
        signed_mm=signed,
        transform=transform,
        by_region={name: value for name, value in parts.items() if value is not None},
        notes=(FITTED_BY_ONE_MODEL, GUESSED, *([NEUTRAL] if neutral else [])),
        **numbers(POINTS, over_face),
    )


def correspond_all(heads: Sequence[Head], *, neutral: bool = False, with_scale: bool = False) -> PointTable:
    """Every two heads point by point.

    Raises
    ------
    GeometryError
        As `correspond`.
    """
    rms, shape = np.zeros((2, len(heads), len(heads)))
    for i in range(len(heads)):
        for j in range(i + 1, len(heads)):
            found = correspond(heads[i], heads[j], neutral=neutral, with_scale=with_scale)
            rms[i, j] = rms[j, i] = found.rms_mm
            shape[i, j] = shape[j, i] = found.shape_mm
    return PointTable(rms, shape)


def posed(head: Head, *, neutral: bool) -> NDArray[np.float64]:
    """(n, 3) vertices of a head, mesh frame, mm; neutral : without its expression."""
    return head.points - expression(head) if neutral else head.points


def expression(head: Head) -> NDArray[np.float64]:
    """(n, 3) mm, mesh frame: how far its expression moves each vertex of a head, as the fit has it."""
    known = template().identities
    moved = template().modes[:, :, known:] @ head.fit.coefficients[known:].astype(np.float32)
    return np.asarray(moved @ head.fit.pose[:3, :3].T)


def _shapes_apart(one: Head, other: Head, where: NDArray[np.bool_]) -> float:
    """Median distance in mm of the fitted shapes without expression, pose and size, over some vertices (n,).

    It is of heads of the template's size, so no assumed IPD is in it.
    """
    shapes = []
    for head in (one, other):
        coefficients = head.fit.coefficients.copy()
        coefficients[template().identities :] = 0
        shapes.append(template().shape(coefficients)[where])
    laid = apply(procrustes(shapes[1], shapes[0], with_scale=True), shapes[1])
    return float(np.median(np.linalg.norm(laid - shapes[0], axis=1)))


def face() -> NDArray[np.bool_]:
    """(n,) bool: vertices of the face, where no hair grows."""
    return template().within(Region.FITTED)


@cache
def inner_face() -> NDArray[np.bool_]:
    """(n,) bool: vertices within the hull of brows, eyes, nose and mouth, which hair, hats and beards change least."""
    at = _from_the_front()
    outline = cv2.convexHull(at[template().landmarks[INNER]].astype(np.float32))
    return np.array([cv2.pointPolygonTest(outline, tuple(place), False) >= 0 for place in at.tolist()]) & face()


@cache
def parts_of_face() -> dict[str, NDArray[np.bool_]]:
    """(n,) bool by name: the parts of the face, as `core.measure.regions` has them, seen from the front."""
    at = _from_the_front()
    column, row = np.clip(np.round(at), 0, SIDE_PX - 1).astype(int).T
    drawn = regions_between(at[template().landmarks], np.ones((SIDE_PX, SIDE_PX), bool))
    return {name: part[row, column] & face() for name, part in drawn.items()}


def _from_the_front() -> NDArray[np.float64]:
    """(n, 2) px of vertices in a picture of the template."""
    return template().mean[:, :2] * [PX_PER_MM, -PX_PER_MM] + SIDE_PX / 2
