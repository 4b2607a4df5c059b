"""What the template's triangles say of smoothness: Laplacians, and what is filled in smoothly between known places.

All of it belongs to the mean head and is computed once. The discretisation is that of Jacobson, Tosun, Sorkine and
Zorin, 'Mixed Finite Elements for Variational Surface Modeling', SGP 2010: cotangents, lumped areas.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from core.head.template import HeadTemplate, Region, template

LEAST_COTANGENT, MOST_COTANGENT = 0.02, 5.0  # slivers must not rule
MEMBRANE = 2e-4  # 1 / mm^2: so much of a membrane is in a plate, that it does not overshoot far from what holds it

Matrix = Any  # of scipy.sparse
Solver = Any  # of scipy.sparse.linalg


@dataclass(frozen=True)
class Operators:
    """laplacian : (n, n) sparse, cotangents. areas : (n,) mm^2, of the surface round each vertex."""

    laplacian: Matrix
    areas: NDArray[np.float64]
    _held: NDArray[np.bool_]

    @cached_property
    def bending(self) -> Matrix:
        """(n, n) sparse, 1 / mm^2: x @ bending @ x is how much a field x on the head bends."""
        return (self.laplacian @ scipy.sparse.diags(1 / self.areas) @ self.laplacian).tocsc()

    @cached_property
    def _plate(self) -> tuple[NDArray[np.bool_], Matrix, Solver]:
        free = ~self._held
        rows = (self.bending + MEMBRANE * self.laplacian).tocsr()[free]
        return free, rows[:, self._held], factorised(rows[:, free].tocsc())

    def stretched(self, values: NDArray[np.float64], where: Region) -> NDArray[np.float64]:
        """Values (n, ...) with those of a region filled in from round it, as a membrane would hang there."""
        return _filled(values, *_membrane(int(where)))

    def carried_over(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (n,) that hold where hair grows and where no hair is, and pass smoothly from one to the other."""
        return _filled(values, *self._plate)


@cache
def operators() -> Operators:
    """Return the operators of the template, made at the first use."""
    head = template()
    return Operators(*_laplacian(head), _held=grows_hair(head) | head.within(Region.BARE))


@cache
def _membrane(where: int) -> tuple[NDArray[np.bool_], Matrix, Solver]:
    inside = template().within(Region(where))
    rows = operators().laplacian[inside]
    return inside, rows[:, ~inside], factorised(rows[:, inside].tocsc())


def grows_hair(head: HeadTemplate) -> NDArray[np.bool_]:
    """(n,) bool: where hair grows for sure."""
    return np.asarray(head.scalp > 0.95)


def factorised(matrix: Matrix) -> Solver:
    """Return what solves equations of a symmetric sparse matrix."""
    return scipy.sparse.linalg.splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})


def _filled(
    values: NDArray[np.float64], free: NDArray[np.bool_], beside: Matrix, solver: Solver
) -> NDArray[np.float64]:
    result = values.copy()
    result[free] = solver.solve(-(beside @ values[~free]))
    return result


def _laplacian(head: HeadTemplate) -> tuple[Matrix, NDArray[np.float64]]:
    points, faces, count = head.mean, head.faces, len(head.mean)
    starts, ends, weights = [], [], []
    for k in range(3):
        a, b, c = faces[:, k], faces[:, (k + 1) % 3], faces[:, (k + 2) % 3]
        one, other = points[b] - points[a], points[c] - points[a]
        across = np.linalg.norm(np.cross(one, other), axis=1)
        cotangent = np.clip((one * other).sum(1) / np.maximum(across, 1e-9), LEAST_COTANGENT, MOST_COTANGENT) / 2
        starts += [b, c]
        ends += [c, b]
        weights += [cotangent, cotangent]
    at = np.concatenate(starts), np.concatenate(ends)
    beside = scipy.sparse.coo_matrix((np.concatenate(weights), at), shape=(count, count)).tocsr()
    areas = np.asarray(np.bincount(faces.ravel(), np.repeat(across / 6, 3), count), np.float64)
    return scipy.sparse.diags(np.asarray(beside.sum(1)).ravel()) - beside, areas
