"""The head in finer triangles, each vertex that the photo shows on the photo's depth and fine relief.

Loop, 'Smooth Subdivision Surfaces Based on Triangles', 1987, with Warren's weights; the rim of the neck stays sharp
(Hoppe et al., 'Piecewise Smooth Surface Reconstruction', 1994). The vertices of a coarser level come first in the finer
one, so they keep their numbers.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.spatial import KDTree

from core.geometry.reconstruction import Reconstruction
from core.head.blend import NECK_Y_MM, OFF_MM, DepthView, ramp
from core.head.head import Head
from core.head.operators import operators
from core.head.template import Region, template, vertex_normals

NECK_NORMAL, NECK_MM = np.array([0.0, 1.0, 0.29]), 0.1  # of the plane that the neck is cut along, as `pack` has it
EDGE_MM = 2.0, 7.0
RELIEF_PX = 1024  # side of the map of fine relief that is laid on
CARVED_EDGES = 0.15  # of the fine relief is left at the edges of lids and lips: with more of it lids fold over
CARVED_AWAY_MM = (12.0, 25.0)


@dataclass(frozen=True)
class Level:
    """The template subdivided. weights : (N, n) sparse, from its n vertices. The others as of `HeadTemplate`.

    cap : (m,) bool, the faces that close the neck.
    """

    weights: Any
    faces: NDArray[np.int32]
    uv: NDArray[np.float32]
    of_vertex: NDArray[np.int32]
    uv_faces: NDArray[np.int32]
    cap: NDArray[np.bool_]

    def normals(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3) unit normals of the head with these vertices; those of the neck's sharp rim are the skin's."""
        normals = vertex_normals(points, self.faces[~self.cap])
        inner = np.setdiff1d(self.faces[self.cap], self.faces[~self.cap])
        normals[inner] = vertex_normals(points, self.faces[self.cap])[inner]
        return normals


@cache
def level(number: int) -> Level:
    """Return the template subdivided so many times, made at the first use."""
    head = template()
    if number == 0:
        same = scipy.sparse.identity(len(head.mean), format="csr")
        on_plane = np.abs(head.mean @ NECK_NORMAL - (head.mean @ NECK_NORMAL).min()) < NECK_MM
        return Level(same, head.faces, head.uv, head.of_vertex, head.uv_faces, on_plane[head.faces].all(1))
    coarse = level(number - 1)
    smooth, faces = _loop(coarse.faces, coarse.weights.shape[0], coarse.cap)
    middles, uv_faces = _middles(coarse.uv_faces, len(coarse.uv))
    vertex_middles, _ = _middles(coarse.faces, coarse.weights.shape[0])
    uv = np.concatenate([coarse.uv, coarse.uv[middles].mean(1)]).astype(np.float32)
    between = {tuple(pair): i for i, pair in enumerate(vertex_middles.tolist(), start=coarse.weights.shape[0])}
    ends = np.sort(coarse.of_vertex[middles], axis=1).tolist()
    new = np.array([between[a, b] for a, b in ends], np.int32)
    of_vertex = np.concatenate([coarse.of_vertex, new])
    return Level(smooth @ coarse.weights, faces, uv, of_vertex, uv_faces, np.repeat(coarse.cap, 4))


def _middles(faces: NDArray[np.int32], count: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Edges (e, 2), the lower end first, and the faces (4 m, 3) when each edge gets a vertex in its middle."""
    sides = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1), axis=-1).reshape(-1, 2).astype(np.int64)
    edges, of_side = np.unique(sides, axis=0, return_inverse=True)
    ab, bc, ca = (count + of_side.reshape(-1, 3)).T
    a, b, c = faces.T
    finer = np.stack([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]], axis=0)
    return edges, np.ascontiguousarray(finer.transpose(2, 0, 1).reshape(-1, 3), np.int32)


def _loop(faces: NDArray[np.int32], count: int, cap: NDArray[np.bool_]) -> tuple[Any, NDArray[np.int32]]:
    """One round of subdivision of a closed surface, sharp round its cap: (count + e, count) sparse, and the faces."""
    edges, finer = _middles(faces, count)
    sides = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1), axis=-1).reshape(-1, 2)
    opposite = np.roll(faces, -2, axis=1).ravel()
    _, of_side = np.unique(sides, axis=0, return_inverse=True)
    of_side = of_side.ravel()
    is_rim = np.bincount(of_side, np.repeat(cap, 3), len(edges)) == 1
    rows = np.concatenate([np.repeat(np.arange(len(edges)), 2), of_side])
    columns = np.concatenate([edges.ravel(), opposite])
    values = np.concatenate([np.repeat(np.where(is_rim, 1 / 2, 3 / 8), 2), np.where(is_rim, 0, 1 / 8)[of_side]])
    new = scipy.sparse.coo_matrix((values, (rows, columns)), shape=(len(edges), count))
    ends = np.concatenate([edges, edges[:, ::-1]])
    valence = np.bincount(ends[:, 0], minlength=count)
    share = np.where(valence == 3, 3 / 16, 3 / (8 * np.maximum(valence, 1)))[ends[:, 0]]
    along_rim = np.concatenate([is_rim, is_rim])
    on_rim = np.zeros(count, bool)
    on_rim[edges[is_rim]] = True
    share = np.where(on_rim[ends[:, 0]], np.where(along_rim, 1 / 8, 0), share)
    kept = scipy.sparse.coo_matrix((share, (ends[:, 0], ends[:, 1])), shape=(count, count))
    kept = kept + scipy.sparse.diags(1 - np.bincount(ends[:, 0], share, count))
    return scipy.sparse.vstack([kept, new]).tocsr(), finer


@cache
def _off_edges() -> NDArray[np.float64]:
    """(n,) 0 at the edges of lids and lips, 1 some mm off."""
    head = template()
    off = KDTree(head.mean[head.within(Region.PUT)]).query(head.mean)[0]
    return ramp(off, *EDGE_MM)


def refined(coarse: Head, reconstruction: Reconstruction, number: int) -> Head:
    """Return the head at a finer level: smooth where it is guessed, on the photo's depth where it is seen.

    The edges of lids and lips, which a depth map has not, stay the template's. All that faces the camera has the fine
    relief, little of it at those edges. A head that fits poorly stays smooth.
    """
    finer, view, head = level(number), DepthView(reconstruction), template()
    points, seen = finer.weights @ coarse.points, np.clip(finer.weights @ coarse.seen, 0, 1)
    if coarse.fit.is_poor:
        return replace(coarse, points=points, seen=seen)
    onto = view.meet(points) - points
    seen *= 1 - ramp(np.linalg.norm(onto, axis=1), *OFF_MM)
    points = points + (seen * (finer.weights @ _off_edges()))[:, None] * onto
    if reconstruction.fine_relief is not None:
        _, sure = view.look(coarse.points, head.normals(coarse.points), CARVED_AWAY_MM)
        sure = operators().stretched(sure, Region.HOLLOW) * ramp(head.mean[:, 1], *NECK_Y_MM)
        sure *= CARVED_EDGES + (1 - CARVED_EDGES) * _off_edges()
        carved = np.clip(finer.weights @ sure, 0, 1)
        points = points + carved[:, None] * view.towards_camera(points, reconstruction.drawn_mm(RELIEF_PX))
    return replace(coarse, points=points, seen=seen)
