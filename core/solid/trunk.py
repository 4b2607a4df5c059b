"""What a head stands on: its own neck, drawn down and out into a foot, one closed surface with the head.

Curves lead from the neck to the foot. They start in the direction that the neck has, so nothing shows where they do.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from core.head import level, template, vertex_normals

LEVEL = 2  # of the head's triangles
PLANE, OFFSET_MM = np.array([0.0, 1.0, 0.29]), -92.0  # on the template: below the plane it is cut off
DROP = 0.17  # of the head's height: from the lowest point of the cut down to the foot
FOOT_WIDTH = 0.36  # half of the foot's width, as a share of the head's width; it is as deep
BEYOND = 1.15  # the foot reaches so much farther than the neck
TO_WEIGHT = 0.5  # the foot's middle lies so far from the neck's towards the middle of the head's weight
APART_MM = 0.7  # on the template: vertices along the cut are at least so far apart
STEPS, EDGE_STEPS = 28, 6  # rings of the curves, and of the foot's rounded upper edge
ALONG_NECK, ALONG_FOOT = 0.8, 0.65  # how long the curves keep either end's direction, as a share of their length
EDGE = 0.4  # radius of that edge, as a share of the foot's thickness
SMOOTH = 7.0  # vertices along the cut, over which the neck's direction is a mean


@dataclass(frozen=True)
class Standing:
    """A closed head on its foot, in mm of life, x right, y up from the floor, z to the viewer.

    points : (n, 3). faces : (m, 3) int32. plain : (n,) 0..1, from what has the head's colours to the foot.
    like : (n,) the head's vertex whose colour each has.
    """

    points: NDArray[np.float64]
    faces: NDArray[np.int32]
    plain: NDArray[np.float64]
    like: NDArray[np.int64]


@dataclass(frozen=True)
class _Cut:
    """The finest template, cut off at its neck; vertices of the cut come after its own.

    faces : (m, 3), those above. ends : (r, 2) vertices of the edges that the cut's vertices lie on, in order,
    counter-clockwise from above; share : (r,) how far along. angle : (r,) of each round the middle; 0 is at x, up to z.
    """

    faces: NDArray[np.int64]
    ends: NDArray[np.int64]
    share: NDArray[np.float64]
    angle: NDArray[np.float64]


@dataclass(frozen=True)
class _Ellipse:
    """middle, half : (2,), x and z."""

    middle: NDArray[np.float64]
    half: NDArray[np.float64]

    def ring(self, angle: NDArray[np.float64], y: float, inset: float) -> NDArray[np.float64]:
        """(r, 3) points at these angles."""
        x, z = (self.middle[:, None] + (self.half - inset)[:, None] * np.stack([np.cos(angle), np.sin(angle)])).tolist()
        return np.stack([x, np.full(len(angle), y), z], axis=1)


def standing(head: NDArray[np.float64], base_mm: float) -> Standing:
    """Put the vertices (n, 3) of a finest head, upright and in mm of life, on its neck and a foot of this thickness."""
    cut = _cut()
    low, high = head[cut.ends].transpose(1, 0, 2)
    rim = low + cut.share[:, None] * (high - low)
    kept = head[np.unique(cut.faces[cut.faces < len(head)])]
    top = float(rim[:, 1].min() - DROP * np.ptp(kept[:, 1]))
    foot = _foot(head, rim, float(np.ptp(kept[:, 0])))
    radius = EDGE * base_mm
    normals = vertex_normals(head, level(LEVEL).faces)[cut.ends].mean(1)
    rings = [
        *_curves(rim, normals, foot.ring(cut.angle, top, radius)),
        *(foot.ring(cut.angle, top - radius * (1 - np.cos(a)), radius * (1 - np.sin(a))) for a in _quarter()),
        foot.ring(cut.angle, top - base_mm, 0.0),
    ]
    middle = np.array([[foot.middle[0], top - base_mm, foot.middle[1]]])
    points = np.concatenate([head, rim, *rings, middle])
    number = len(head) + np.arange((len(rings) + 1) * len(rim)).reshape(-1, len(rim))
    floor = np.stack([np.roll(number[-1], -1), number[-1], np.full(len(rim), len(points) - 1)], axis=1)
    faces = np.concatenate([cut.faces, _between(number), floor])
    fading = np.r_[np.linspace(0, 1, STEPS + 1), np.ones(EDGE_STEPS + 1)]
    plain = np.concatenate([np.zeros(len(head)), np.repeat(fading, len(rim)), [1.0]])
    like = np.concatenate([np.arange(len(head)), np.tile(cut.ends[:, 0], len(rings) + 1), [0]])
    used, anew = np.unique(faces, return_inverse=True)
    return Standing(points[used] - [0, top - base_mm, 0], anew.reshape(-1, 3).astype(np.int32), plain[used], like[used])


def _foot(head: NDArray[np.float64], rim: NDArray[np.float64], width: float) -> _Ellipse:
    """The foot's outline: between the neck and the middle of the head's weight, beyond the neck all round."""
    a, b, c = head[level(LEVEL).faces].transpose(1, 0, 2)
    six = (a * np.cross(b, c)).sum(1)
    weight = (six @ (a + b + c) / (4 * six.sum()))[[0, 2]]
    low, high = rim.min(0)[[0, 2]], rim.max(0)[[0, 2]]
    neck = (low + high) / 2
    middle = neck + TO_WEIGHT * (weight - neck)
    return _Ellipse(middle, np.maximum(FOOT_WIDTH * width, BEYOND * np.maximum(high - middle, middle - low)))


def _curves(
    rim: NDArray[np.float64], normals: NDArray[np.float64], edge: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Rings from the rim (r, 3), without it, to the foot's edge (r, 3): Hermite's quintics, level where they end.

    Both ends have no curvature, as the neck has hardly any along it.
    normals : (r, 3) of the neck at the rim.
    """
    normals = gaussian_filter1d(normals, SMOOTH, axis=0, mode="wrap")
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    down = normals[:, 1:2] * normals - [0.0, 1.0, 0.0]
    outwards = edge - edge.mean(0)
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    length = np.linalg.norm(edge - rim, axis=1, keepdims=True)
    rings = []
    for s in np.arange(1, STEPS + 1) / STEPS:
        to_edge = s**3 * (10 - 15 * s + 6 * s * s)
        along = ALONG_NECK * s * (1 - s) ** 3 * (1 + 3 * s)
        back = ALONG_FOOT * s**3 * (1 - s) * (3 * s - 4)
        rings.append(rim + to_edge * (edge - rim) + length * (along * down + back * outwards))
    return rings


def _quarter() -> NDArray[np.float64]:
    """Angles of the rings of the foot's rounded edge."""
    return np.linspace(0, np.pi / 2, EDGE_STEPS + 1)[1:]


def _between(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Faces (m, 3) between rings of vertices with these numbers (rings, r), the upper first."""
    upper, lower = number[:-1], number[1:]
    right, below = np.roll(upper, -1, axis=1), np.roll(lower, -1, axis=1)
    return np.stack([right, upper, lower, right, lower, below], axis=-1).reshape(-1, 3)


@cache
def _cut() -> _Cut:
    """Cut the template along `PLANE`."""
    finest = level(LEVEL)
    mean, faces = finest.weights @ template().mean, finest.faces.astype(np.int64)
    height = mean @ PLANE - OFFSET_MM
    above = height > 0
    corners = above[faces].sum(1)
    crossed = faces[(corners == 1) | (corners == 2)]
    odd = np.where(above[crossed].sum(1) == 1, above[crossed].argmax(1), above[crossed].argmin(1))
    a, b, c = (crossed[np.arange(len(crossed)), (odd + k) % 3] for k in range(3))  # a is alone on its side
    up = above[a]
    # along the cut, what stays on the left: from the edge a b to the edge c a where a stays, else the other way
    starts = np.sort(np.where(up[:, None], np.c_[a, b], np.c_[c, a]), axis=1)
    stops = np.sort(np.where(up[:, None], np.c_[c, a], np.c_[a, b]), axis=1)
    ends, which = np.unique(np.concatenate([starts, stops]), axis=0, return_inverse=True)
    start, stop = which.reshape(2, -1)
    share = height[ends[:, 0]] / (height[ends[:, 0]] - height[ends[:, 1]])
    rim = mean[ends[:, 0]] + share[:, None] * (mean[ends[:, 1]] - mean[ends[:, 0]])
    kept, place = _in_order(start, stop, rim)
    start, stop = len(mean) + place[start], len(mean) + place[stop]
    parts = [
        faces[corners == 3],
        np.stack([a, start, stop], axis=1)[up],
        np.stack([start, b, c], axis=1)[~up],
        np.stack([start, stop, b], axis=1)[~up],
    ]
    pieces = np.concatenate(parts)
    whole = (pieces != np.roll(pieces, 1, axis=1)).all(1)
    x, z = (rim[kept] - (rim[kept].min(0) + rim[kept].max(0)) / 2)[:, [0, 2]].T
    return _Cut(pieces[whole], ends[kept], share[kept], np.arctan2(z / np.ptp(z), x / np.ptp(x)))


def _in_order(
    start: NDArray[np.int64], stop: NDArray[np.int64], points: NDArray[np.float64]
) -> tuple[list[int], NDArray[np.int64]]:
    """Points of a loop in its order, without those very near the one before; and which of these each has become.

    start, stop : (r,) the points that each piece of the loop lies between.
    """
    after = np.empty(len(points), np.int64)
    after[start] = stop
    order = [0]
    while (following := int(after[order[-1]])) != 0:
        order.append(following)
    assert len(order) == len(points)  # one loop
    kept, place = [0], np.empty(len(points), np.int64)
    for one in order:
        if np.linalg.norm(points[one] - points[kept[-1]]) > APART_MM:
            kept.append(one)
        place[one] = len(kept) - 1
    return kept, place
