"""Lay one face onto another: by landmarks, then by trimmed point-to-plane ICP through the cameras of both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.comparison.prepared import PreparedFace
from core.errors import GeometryError
from core.face.landmarks import INNER
from core.geometry.alignment import apply, moved_about, plane_step, procrustes, scale_of

ROUNDS = 30
KEPT = 0.7  # of the points that meet the other surface: the rest differs (expression, hair, glasses) and must not pull
SETTLED_MM = 1e-3
FACE_MM = 100.0  # a turn or growth of so much moves points of a face by about this times it
MIN_POINTS = 100
MIN_LANDMARKS = 6


@dataclass(frozen=True)
class Registration:
    """transform : (4, 4), camera frame of the other -> camera frame of the reference, mm; a similarity if asked.

    landmarks_mm : median distance of the landmarks after the first step. rounds : of ICP.
    """

    transform: NDArray[np.floating]
    landmarks_mm: float
    rounds: int


def register(reference: PreparedFace, other: PreparedFace, *, with_scale: bool = False) -> Registration:
    """The motion (or similarity) that lays `other` onto `reference`, over their inner faces.

    First the landmarks of brows, eyes, nose and mouth (Procrustes), then ICP that keeps the better seven tenths of the
    points of both faces (Chetverikov et al. 2005) and takes their distance along the surface's normal (Chen and Medioni
    1992). Which point belongs to which is read through the cameras, so that no search tree is needed (Blais and Levine
    1995).

    Raises
    ------
    GeometryError
        There is too little depth that both share.
    """
    start, off = by_landmarks(reference, other, with_scale)
    transform, rounds = _icp(reference, other, start, with_scale)
    return Registration(transform, off, rounds)


def by_landmarks(reference: PreparedFace, other: PreparedFace, with_scale: bool) -> tuple[NDArray[np.float64], float]:
    """The first step alone: (4, 4) transform, and the median distance of the landmarks in mm after it."""
    source, target = other.landmarks[INNER], reference.landmarks[INNER]
    known = np.isfinite(source).all(1) & np.isfinite(target).all(1)
    if known.sum() < MIN_LANDMARKS:
        raise GeometryError(
            f"Only {known.sum()} landmarks have depth in both faces; {MIN_LANDMARKS} are needed to compare them."
        )
    start = procrustes(source[known], target[known], with_scale=with_scale)
    off = np.linalg.norm(apply(start, source[known]) - target[known], axis=1)
    return start, float(np.median(off))


def _icp(
    reference: PreparedFace, other: PreparedFace, start: NDArray[np.float64], with_scale: bool
) -> tuple[NDArray[np.floating], int]:
    transform: NDArray[np.floating] = start
    middle = reference.samples.mean(0)
    for rounds in range(1, ROUNDS + 1):  # noqa: B007 - how many it took is told
        # The other's points against the reference's surface, and the reference's against the other's, all in the
        # reference's frame. Moving the other moves the first themselves, and the planes of the second.
        moved = apply(transform, other.samples)
        off, normal = reference.surface.offsets(moved)
        off_back, normal_back = other.surface.offsets(apply(np.linalg.inv(transform), reference.samples))
        scale = scale_of(transform)
        places = np.concatenate([moved, reference.samples]) - middle
        planes = np.concatenate([normal, -normal_back @ transform[:3, :3].T / scale])
        apart = np.concatenate([off, off_back * scale])
        known = np.isfinite(apart)
        if known.sum() < MIN_POINTS:
            raise GeometryError(
                "The two faces share too little surface to be laid onto each other. Choose other photos."
            )
        kept = known & (np.abs(apart) <= np.quantile(np.abs(apart[known]), KEPT))
        step = plane_step(places[kept], planes[kept], apart[kept], with_scale=with_scale)
        transform = moved_about(step, middle) @ transform
        if max(FACE_MM * float(np.abs(step[[0, 1, 2, 6]]).max()), float(np.abs(step[3:6]).max())) < SETTLED_MM:
            break
    return transform, rounds
