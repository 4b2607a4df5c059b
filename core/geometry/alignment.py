"""Points that correspond -> the motion that lays one set onto the other, with or without a change of size."""

import numpy as np
import scipy
from numpy.typing import NDArray

ROUNDS = 12
OUTLIER = 2.5  # times the median distance: what is farther off counts less, in proportion


def identity() -> NDArray[np.float64]:
    """(4, 4): no motion."""
    return np.eye(4)


def apply(transform: NDArray[np.floating], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Points (..., 3) moved by a (4, 4) transform."""
    return np.asarray(points @ transform[:3, :3].T + transform[:3, 3])


def scale_of(transform: NDArray[np.floating]) -> float:
    """By how much a (4, 4) similarity changes sizes."""
    return float(np.cbrt(np.linalg.det(transform[:3, :3])))


def procrustes(
    source: NDArray[np.floating], target: NDArray[np.floating], *, with_scale: bool = False
) -> NDArray[np.float64]:
    """(4, 4) rigid motion or similarity that lays `source` (n, 3) onto `target` (n, 3); n >= 3, rows correspond.

    Least squares in closed form (Umeyama 1991), reweighted so that a few wrong points do not count much.
    """
    weight = np.ones(len(source))
    transform = identity()
    for _ in range(ROUNDS):
        transform = _umeyama(source, target, weight, with_scale)
        off = np.linalg.norm(apply(transform, source) - target, axis=1)
        weight = np.minimum(1.0, OUTLIER * max(float(np.median(off)), 1e-9) / np.maximum(off, 1e-12))
    return transform


def _umeyama(
    source: NDArray[np.floating], target: NDArray[np.floating], weight: NDArray[np.float64], with_scale: bool
) -> NDArray[np.float64]:
    share = (weight / weight.sum())[:, None]
    middle_s, middle_t = (share * source).sum(0), (share * target).sum(0)
    from_s, from_t = source - middle_s, target - middle_t
    u, d, vt = np.linalg.svd((share * from_t).T @ from_s)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = float((d * sign).sum() / (share * from_s**2).sum()) if with_scale else 1.0
    result = identity()
    result[:3, :3] = scale * (u * sign) @ vt
    result[:3, 3] = middle_t - result[:3, :3] @ middle_s
    return result


def plane_step(
    places: NDArray[np.float64], normals: NDArray[np.float64], apart: NDArray[np.float64], *, with_scale: bool = False
) -> NDArray[np.float64]:
    """The small motion that brings points nearest to their planes, least squares (Chen and Medioni 1992).

    places, normals : (n, 3), from the point that is turned about. apart : (n,), how far each lies outside its plane.
    Returns (7,): turn vector in radians, shift, growth (0 unless asked for).
    """
    columns = [np.cross(places, normals), normals]
    if with_scale:
        columns.append((places * normals).sum(1, keepdims=True))
    design = np.concatenate(columns, axis=1)
    step = np.zeros(7)
    step[: design.shape[1]] = np.linalg.lstsq(design.T @ design, -design.T @ apart, rcond=1e-12)[0]
    return step


def moved_about(step: NDArray[np.float64], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    """(4, 4) transform of a step as `plane_step` gives it, about a point (3,)."""
    result = identity()
    result[:3, :3] = np.exp(step[6]) * scipy.spatial.transform.Rotation.from_rotvec(step[:3]).as_matrix()
    result[:3, 3] = middle + step[3:6] - result[:3, :3] @ middle
    return result
