"""The head model that is fitted to every face: ICT-FaceKit light (MIT), its outer skin closed all round.

Li, Bladin, Zhao et al., 'Learning Formation of Physically-Based Face Attributes', CVPR 2020. `core.head.pack` says how
`template.npz` was made of it.
"""

from dataclasses import dataclass
from enum import IntFlag
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import packing

FILE = Path(__file__).with_name("template.npz")
STEP_MM = 0.02  # to which mean and modes are rounded


class Region(IntFlag):
    """Where a vertex of the template lies."""

    LEFT_EAR = 1  # of the person
    RIGHT_EAR = 2
    FITTED = 4  # of the face, where no hair grows: the fit looks at its depth
    BARE = 8  # the front of the face, which no hair hides
    PUT = 16  # eyeball, fold of the lips or cap of the neck, put there when the model was packed
    HOLLOW = 32  # of what was put there, and of nostrils, ears and the edges of lids what sees little of the sky


@dataclass(frozen=True)
class HeadTemplate:
    """A closed head of n vertices that always mean the same place, in mm; x right, y up, z to the viewer.

    mean : (n, 3) float64. modes : (n, 3, i + e) float32, i of identity, then e of expression, each of unit spread
    (of expression: 0 is neutral, 1 is all of it). identities : i. names : of the modes of expression.
    faces : (m, 3) int32, outward counter-clockwise. landmarks : (68,) the vertex of each.
    mirror : (n,) the vertex on the other side. openness : (n,) 0..1, share of its sky that a vertex sees.
    region : (n,) uint8, bits of `Region`. scalp : (n,) 0..1, where hair grows, and the neck below it.
    uv : (u, 2) in 0..1 from the lower left of a texture 3 wide and 2 high. of_vertex : (u,) the vertex of each.
    uv_faces : (m, 3) int32, the faces as triangles of uv.
    """

    mean: NDArray[np.float64]
    modes: NDArray[np.float32]
    identities: int
    names: tuple[str, ...]
    faces: NDArray[np.int32]
    landmarks: NDArray[np.int32]
    mirror: NDArray[np.int32]
    openness: NDArray[np.float64]
    region: NDArray[np.uint8]
    scalp: NDArray[np.float64]
    uv: NDArray[np.float32]
    of_vertex: NDArray[np.int32]
    uv_faces: NDArray[np.int32]

    def within(self, region: Region) -> NDArray[np.bool_]:
        """(n,) bool, the vertices of a region."""
        return (self.region & region) != 0

    @cached_property
    def expressions(self) -> int:
        """How many modes of expression there are."""
        return self.modes.shape[2] - self.identities

    def shape(self, coefficients: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, 3) the head of these coefficients (i + e,) of the modes."""
        return self.mean + self.modes @ coefficients.astype(np.float32)

    def normals(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) unit normals of the head with these vertices (n, 3)."""
        return vertex_normals(points, self.faces)


def vertex_normals(points: NDArray[np.float64], faces: NDArray[np.int32]) -> NDArray[np.float64]:
    """(n, 3) unit normals of points (n, 3), the mean of those of the faces (m, 3) round each, weighted by area."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    across = np.cross(b - a, c - a)
    corners, count = faces.ravel(), len(points)
    total = np.stack([np.bincount(corners, np.repeat(across[:, k], 3), count) for k in range(3)], axis=1)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12))


@cache
def template() -> HeadTemplate:
    """Return the template, read at the first use."""
    stored = {name: np.asarray(array) for name, array in packing.read(FILE).items()}
    modes = np.concatenate([stored["identity"], stored["expression"]]).transpose(2, 1, 0)
    return HeadTemplate(
        mean=stored["mean"].T * STEP_MM,
        modes=np.ascontiguousarray(modes, np.float32) * np.float32(STEP_MM),
        identities=len(stored["identity"]),
        names=tuple(bytes(name).rstrip(b"\0").decode() for name in stored["names"]),
        faces=stored["faces"],
        landmarks=stored["landmarks"],
        mirror=stored["mirror"],
        openness=stored["openness"] / 255,
        region=stored["region"],
        scalp=stored["scalp"] / 255,
        uv=stored["uv"],
        of_vertex=stored["of_vertex"],
        uv_faces=stored["uv_faces"],
    )
