"""How triangles hang together: open edges, edges of too many triangles, turned neighbours, pinches, shells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Topology:
    """What the triangles' indices alone tell.

    open_edges : edges of one triangle. crowded_edges : edges of more than two. turned_edges : edges that both of their
    triangles run along in the same direction. pinched_points : surplus fans of triangles that meet in one vertex alone.
    shell : (m,) int, number of the connected piece that each triangle belongs to, from 0.
    """

    open_edges: int
    crowded_edges: int
    turned_edges: int
    pinched_points: int
    shell: NDArray[np.int32]

    @property
    def shells(self) -> int:
        """Number of connected pieces."""
        return int(self.shell.max()) + 1 if len(self.shell) else 0


def merged(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices (n, 3) and faces (m, 3) with equal vertices made one, as slicers do with an STL."""
    exact = np.ascontiguousarray(vertices, np.float64) + 0.0  # -0.0 becomes 0.0
    _, first, number = np.unique(exact.view("V24").ravel(), return_index=True, return_inverse=True)
    return exact[first], number.reshape(-1)[faces].astype(np.int64)


def topology(faces: NDArray[np.integer]) -> Topology:
    """Of faces (m, 3) that share vertices by index."""
    count = int(faces.max()) + 1
    start = faces.astype(np.int64).ravel()  # half edge 3 f + k runs from corner k of triangle f to the next corner
    end = np.roll(faces, -1, axis=1).astype(np.int64).ravel()
    edge = np.minimum(start, end) * count + np.maximum(start, end)
    order = np.argsort(edge, kind="stable")
    _, uses = np.unique(edge[order], return_counts=True)
    ways = np.unique(start * count + end, return_counts=True)[1]
    follows = np.flatnonzero(edge[order][1:] == edge[order][:-1])
    one, other = order[follows], order[follows + 1]
    shell = _pieces(one // 3, other // 3, len(faces))
    after = 3 * (np.arange(len(start)) // 3) + (np.arange(len(start)) + 1) % 3  # corner at which a half edge ends
    same = start[one] == start[other]
    corners = np.r_[one, after[one]], np.r_[np.where(same, other, after[other]), np.where(same, after[other], other)]
    fans = int(_pieces(*corners, len(start)).max()) + 1
    return Topology(
        open_edges=int((uses == 1).sum()),
        crowded_edges=int((uses > 2).sum()),
        turned_edges=int((ways > 1).sum()),
        pinched_points=fans - len(np.unique(start)),
        shell=shell,
    )


def _pieces(one: NDArray[np.integer], other: NDArray[np.integer], count: int) -> NDArray[np.int32]:
    graph = coo_matrix((np.ones(len(one), bool), (one, other)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)
