"""The mean of several heads: all are of one template, so vertices and textures are averaged as they stand."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.comparison.correspondence import MIN_VERTICES, SEEN, face, inner_face, posed
from core.errors import GeometryError
from core.geometry.alignment import apply, procrustes
from core.head import Head, template
from core.measure.context import Differences
from core.measure.table import FROM_MEAN

ROUNDS = 20
SETTLED_MM = 1e-3


@dataclass(frozen=True)
class MeanHead:
    """The mean of k heads, n vertices of the template each, upright and looking straight ahead, as the template does.

    points : (n, 3) mm. seen : (n,) 0..1, mean of how far each is the photos' and not a guess.
    transforms : k of (4, 4), mesh frame of each head -> frame of the mean; rigid, so sizes are kept.
    distance_mm : (k, n) of each head from the mean, NaN where its photo does not show the vertex.
    from_mean_mm : k, RMS of these over the inner face.
    """

    points: NDArray[np.float64]
    seen: NDArray[np.float64]
    transforms: tuple[NDArray[np.float64], ...]
    distance_mm: NDArray[np.float64]
    from_mean_mm: tuple[float, ...]


def mean_head(heads: Sequence[Head], *, neutral: bool = False) -> MeanHead:
    """Lay heads onto each other by the face, as far as each photo shows it, and average them.

    neutral : with the expression of each taken out. What a photo does not show is averaged as its head has it guessed.
    Each head is laid onto the mean of all until that settles (Gower, 'Generalized Procrustes Analysis', 1975).

    Raises
    ------
    GeometryError
        A photo shows too little of the face.

    Examples
    --------
    >>> import core
    >>> heads = [core.files.head_of(f"results/{name}") for name in ("ada", "grace")]
    >>> found = core.comparison.mean_head(heads)
    >>> found.points.shape
    (11156, 3)
    >>> max(found.from_mean_mm) < core.comparison.correspond(*heads).rms_mm
    True
    """
    held = [inner_face() & (head.seen > SEEN) for head in heads]
    if not heads or min(which.sum() for which in held) < MIN_VERTICES:
        raise GeometryError("A photo shows too little of the face to take it into a mean.")
    shapes = [posed(head, neutral=neutral) for head in heads]
    mean = template().mean
    for _ in range(ROUNDS):
        before, mean = mean, _laid(shapes, held, mean)[1].mean(0)
        mean = apply(procrustes(mean[face()], template().mean[face()]), mean)  # it does not drift away
        if np.abs(mean - before).max() < SETTLED_MM:
            break
    transforms, laid = _laid(shapes, held, mean)
    seen = np.stack([head.seen for head in heads])
    distance = np.where(seen > SEEN, np.linalg.norm(laid - mean, axis=2), np.nan)
    return MeanHead(
        points=mean,
        seen=seen.mean(0),
        transforms=tuple(transforms),
        distance_mm=distance,
        from_mean_mm=tuple(FROM_MEAN.of(Differences(away[inner_face()])) for away in distance),
    )


def _laid(
    shapes: Sequence[NDArray[np.float64]], held: Sequence[NDArray[np.bool_]], mean: NDArray[np.float64]
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    """Transforms (4, 4) that lay shapes (n, 3) onto a mean by vertices held (n,), and the shapes there (k, n, 3)."""
    transforms = [procrustes(shape[which], mean[which]) for shape, which in zip(shapes, held, strict=True)]
    return transforms, np.stack([apply(move, shape) for move, shape in zip(transforms, shapes, strict=True)])


def mean_texture(textures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """(H, 3 H / 2, 3) uint8: the mean of textures of heads, as large as the largest."""
    height, width = max(texture.shape[:2] for texture in textures)
    total = np.zeros((height, width, 3), np.float32)
    for texture in textures:
        total += cv2.resize(texture, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.round(total / len(textures)).astype(np.uint8)
