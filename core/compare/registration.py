"""Lay one face onto another: by landmarks, then by trimmed point-to-plane ICP through the cameras of both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.alignment import apply, moved_about, plane_step, procrustes, scale_of
from core.depth_surface import DepthSurface
from core.errors import GeometryError
from core.face.landmarks import INNER
from core.measure.face import landmarks_mm
from core.measure.regions import inner_face
from core.reconstruction import Reconstruction

SAMPLES = 6000
ROUNDS = 30
KEPT = 0.8  # of the points that meet the other surface: the rest differs (expression, hair, glasses) and must not pull
SETTLED_MM = 1e-3
FACE_MM = 100.0  # a turn or growth by so much of 1 moves points of a face by about this times it
MIN_POINTS = 100


@dataclass(frozen=True)
class Registration:
    """transform : (4, 4), camera frame of the other -> camera frame of the reference, mm; a similarity if asked.

    landmarks_mm : median distance of the landmarks after the first step. rounds : of ICP.
    """

    transform: NDArray[np.floating]
    landmarks_mm: float
    rounds: int


def register(reference: Reconstruction, other: Reconstruction, *, with_scale: bool = False) -> Registration:
    """The motion (or similarity) that lays `other` onto `reference`, over their inner faces.

    First the landmarks of brows, eyes, nose and mouth (Procrustes), then ICP that keeps the better four fifths of the
    points of both faces (Chetverikov et al. 2005) and takes their distance along the surface's normal (Chen and Medioni
    1992). Which point belongs to which is read through the cameras, so that no search tree is needed (Blais and Levine
    1995).

    Raises
    ------
    GeometryError
        One is a whole photo without landmarks, or there is too little depth that both share.
    """
    start, off = _by_landmarks(reference, other, with_scale)
    surfaces = DepthSurface.of(reference), DepthSurface.of(other)
    samples = [_sampled(face, surface) for face, surface in zip((reference, other), surfaces, strict=True)]
    transform, rounds = _icp(samples, surfaces, start, with_scale)
    return Registration(transform, off, rounds)


def _by_landmarks(
    reference: Reconstruction, other: Reconstruction, with_scale: bool
) -> tuple[NDArray[np.float64], float]:
    for face in (reference, other):
        if face.landmarks_px is None:
            raise GeometryError(
                "A photo taken whole has no landmarks to lay it onto a face by. Choose photos of faces."
            )
    source, target = landmarks_mm(other)[INNER], landmarks_mm(reference)[INNER]
    known = np.isfinite(source).all(1) & np.isfinite(target).all(1)
    if known.sum() < 6:
        raise GeometryError(f"Only {known.sum()} landmarks have depth in both faces; 6 are needed to compare them.")
    start = procrustes(source[known], target[known], with_scale=with_scale)
    off = np.linalg.norm(apply(start, source[known]) - target[known], axis=1)
    return start, float(np.median(off))


def _sampled(face: Reconstruction, surface: DepthSurface) -> NDArray[np.float64]:
    """(n, 3) points spread evenly over the inner face, camera frame."""
    where = inner_face(face)
    every = max(1, int(np.sqrt(where.sum() / SAMPLES)))
    sparse = np.zeros_like(where)
    sparse[::every, ::every] = where[::every, ::every]
    return surface.points(sparse).astype(np.float64)


def _icp(
    samples: list[NDArray[np.float64]],
    surfaces: tuple[DepthSurface, DepthSurface],
    start: NDArray[np.float64],
    with_scale: bool,
) -> tuple[NDArray[np.floating], int]:
    transform: NDArray[np.floating] = start
    middle = samples[0].mean(0)
    for count in range(1, ROUNDS + 1):  # noqa: B007 - how many it took is told
        back, turn = np.linalg.inv(transform), transform[:3, :3]
        scale = scale_of(transform)
        # The other's points against the reference's surface, and the reference's against the other's, all in the
        # reference's frame. Moving the other moves the first themselves, and the planes of the second.
        moved = apply(transform, samples[1])
        off, normal = surfaces[0].offsets(moved)
        off_back, normal_back = surfaces[1].offsets(apply(back, samples[0]))
        places = np.concatenate([moved, samples[0]]) - middle
        planes = np.concatenate([normal, -normal_back @ turn.T / scale])
        apart = np.concatenate([off, off_back * scale])
        known = np.isfinite(apart)
        if known.sum() < MIN_POINTS:
            raise GeometryError(
                "The two faces share too little surface to be laid onto each other. Choose other photos."
            )
        kept = known & (np.abs(apart) <= np.quantile(np.abs(apart[known]), KEPT))
        step = plane_step(places[kept], planes[kept], apart[kept], with_scale=with_scale)
        transform = moved_about(step, middle) @ transform
        if np.abs(step).max() * FACE_MM < SETTLED_MM:
            break
    return transform, count
