"""How far a face differs from its own mirror image: the best mirror plane, and what is left after it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import GeometryError
from core.face.landmarks import JAW, MIRRORED
from core.geometry.depth_surface import DepthSurface
from core.geometry.reconstruction import Reconstruction
from core.measure.context import Differences
from core.measure.face import landmarks_mm
from core.measure.regions import face_area, inner_face, regions
from core.measure.table import SYMMETRY_COVERAGE, SYMMETRY_RMS, by_region

ROUNDS = 30
KEPT = 0.8  # of the points: what is not symmetric (hair, a scar, a smile to one side) must not turn the plane
SAMPLES = 8000
SETTLED = 1e-8
REACH_MM = 25.0


@dataclass(frozen=True)
class Symmetry:
    """A face against its mirror image.

    difference_mm : (S, S) float32: how far each place stands out beyond its counterpart of the other side, along the
        counterpart's normal; NaN where the counterpart is not seen. Equal and opposite on both sides, to first order.
    plane : a point (3,) of the mirror plane and its unit normal (3,), mesh frame; the normal points to the picture's
        right.
    rms_mm : of the difference over the face. by_region : RMS in mm by region. coverage : share of the face compared.
    """

    difference_mm: NDArray[np.float32]
    plane: tuple[NDArray[np.float64], NDArray[np.float64]]
    rms_mm: float
    by_region: dict[str, float]
    coverage: float


def symmetry(reconstruction: Reconstruction) -> Symmetry:
    """Find the mirror plane (from pairs of landmarks, then by trimmed mirror ICP) and the signed left-right map.

    Raises
    ------
    GeometryError
        A photo taken whole, or a head turned so far that too little of the other side is seen.

    Examples
    --------
    >>> import core
    >>> found = core.measure.symmetry(core.load_face("results/ada"))
    >>> 0 < found.rms_mm < 5
    True
    """
    surface = DepthSurface.of(reconstruction)
    normal, place = _refined(reconstruction, surface, *_by_landmarks(reconstruction))
    where = reconstruction.head
    mirrored = _mirrored(surface.points(where), normal, place).astype(np.float32)
    outward = _turned(surface.normals(where), normal)
    apart = surface.meet(mirrored, outward.astype(np.float32), REACH_MM)
    difference = np.full(where.shape, np.nan, np.float32)
    difference[where] = -apart
    face = face_area(reconstruction)
    left = Differences(difference[face])
    if not len(left.size_mm):
        raise GeometryError("Too little of this face's other side is seen to mirror it. Use a photo from the front.")
    point = normal * (place - normal @ reconstruction.origin_mm) + reconstruction.origin_mm
    return Symmetry(
        difference_mm=difference,
        plane=(reconstruction.to_mesh_frame(point[None])[0], normal * [1, -1, -1]),
        rms_mm=SYMMETRY_RMS.of(left),
        by_region=by_region(SYMMETRY_RMS, difference, regions(reconstruction)),
        coverage=SYMMETRY_COVERAGE.of(left),
    )


def _by_landmarks(reconstruction: Reconstruction) -> tuple[NDArray[np.float64], float]:
    """Unit normal (3,), to the picture's right, and its distance from the camera, of the plane between the pairs."""
    if reconstruction.landmarks_px is None:
        raise GeometryError("A photo taken whole has no landmarks to mirror a face by. Use a photo of a face.")
    points = landmarks_mm(reconstruction)
    points[JAW] = np.nan
    across = points - points[MIRRORED]
    known = np.isfinite(across).all(1) & (np.arange(len(points)) > MIRRORED)
    if known.sum() < 3:
        raise GeometryError("Too few landmarks of this face have depth to mirror it. Use a photo from the front.")
    apart = across[known]
    # the long distances (eyes, brows, mouth corners) say the direction best, so they are summed and not normalised
    total = apart[np.argsort(np.abs(apart[:, 0]))[len(apart) // 3 :]].sum(0)
    normal = total / np.linalg.norm(total)
    if normal[0] < 0:
        normal = -normal
    middles = (points + points[MIRRORED])[known] / 2
    return normal, float(np.median(middles @ normal))


def _refined(
    reconstruction: Reconstruction, surface: DepthSurface, normal: NDArray[np.float64], place: float
) -> tuple[NDArray[np.float64], float]:
    """Gauss-Newton on the three numbers of the plane: mirrored points come nearest to the surface, best 80 percent."""
    where = inner_face(reconstruction)
    every = max(1, int(np.sqrt(where.sum() / SAMPLES)))
    sparse = np.zeros_like(where)
    sparse[::every, ::every] = where[::every, ::every]
    points = surface.points(sparse).astype(np.float64)
    middle = points.mean(0)
    points -= middle  # the plane's place is then small, and its turn does not move it
    place -= float(normal @ middle)
    for _ in range(ROUNDS):
        apart, planes = surface.offsets(_mirrored(points, normal, place) + middle)
        known = np.isfinite(apart)
        if known.sum() < 100:
            raise GeometryError(
                "Too little of this face's other side is seen to mirror it. Use a photo from the front."
            )
        kept = known & (np.abs(apart) <= np.quantile(np.abs(apart[known]), KEPT))
        beside = np.linalg.svd(normal[None])[2][1:]  # two directions along the plane
        x, n, height = points[kept], planes[kept], points[kept] @ normal - place
        turn = -2 * ((x @ beside.T) * (n @ normal)[:, None] + height[:, None] * (n @ beside.T))
        design = np.c_[turn, 2 * n @ normal]
        step = np.linalg.lstsq(design.T @ design, -design.T @ apart[kept], rcond=1e-12)[0]
        normal = normal + step[:2] @ beside
        normal /= np.linalg.norm(normal)
        place += float(step[2])
        if np.abs(step).max() < SETTLED:
            break
    return normal, place + float(normal @ middle)


def _mirrored(points: NDArray[np.floating], normal: NDArray[np.float64], place: float) -> NDArray[np.float64]:
    return np.asarray(points - 2 * (points @ normal - place)[:, None] * normal)


def _turned(directions: NDArray[np.floating], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(directions - 2 * (directions @ normal)[:, None] * normal)
