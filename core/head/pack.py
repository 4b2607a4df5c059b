"""`python -m core.head.pack FACEKIT.npz`: how `template.npz` was made from ICT-FaceKit light.

FACEKIT.npz holds the model of Li, Bladin, Zhao et al., 'Learning Formation of Physically-Based Face Attributes', CVPR
2020 (MIT licence): mean (n, 3) in cm, identity (100, n, 3), expression (57, n, 3) and their names, tri (m, 3) and
tri_part (0 face, 1 head and neck, then what lies inside), uv (n, 2), lm68.

Of it the outer skin is kept, down to a plane through the neck. Eyes are closed over with the curve of their balls, the
lips by a fold behind them, the neck by a flat cap: one closed surface. Each new vertex is a weighted mean of others, so
it has its share of every mode.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from core import packing
from core.head.template import FILE, STEP_MM, Region

MM_PER_UNIT = 10.0
NECK = np.array([0.0, 1.0, 0.29, -102.0])  # the plane y + 0.29 z = -102 mm: above it is head
FACE, HEAD, CAP = 0, 1, 9
EYEBALLS = (7, 8)  # the left and the right one
LID_MM = 12.6  # a ball is at least so far from its middle, that lids do not cut into it
FOLD_MM = 3.0  # how far behind the lips their fold lies
NOT_SKIN = ("PupilDilate", "eyeLook")  # modes that move eyeballs alone
SKY = 60  # directions from which it is seen whether a vertex lies in a hollow
SKY_PX, SKY_PX_PER_MM, SEEN_MM = 700, 2.2, 1.5
HOLLOW = 0.5  # openness
LICENCE = "ICT-FaceKit light, (c) 2020 USC Institute for Creative Technologies, MIT licence: see template.LICENSE"

Points = NDArray[np.float64]
Faces = NDArray[np.int64]


@dataclass
class Body:
    """A surface that grows: vertices of the model, then new ones, each a weighted mean of those and an offset."""

    model: Points
    faces: Faces
    part: NDArray[np.int64]
    weights: list[tuple[NDArray[np.int64], Points]] = field(default_factory=list)
    offsets: list[Points] = field(default_factory=list)

    def add(self, vertices: Sequence[int], weights: Sequence[float] | Points, offset: Points | None = None) -> int:
        """Add a vertex; return its number. `vertices` may be new ones themselves."""
        self.weights.append((np.asarray(vertices), np.asarray(weights, np.float64)))
        self.offsets.append(np.zeros(3) if offset is None else offset)
        return len(self.model) + len(self.weights) - 1

    def extended(self, values: Points, *, with_offsets: bool = False) -> Points:
        """Values (n, k) of the model's vertices, with those of the new ones."""
        result = np.zeros((len(values) + len(self.weights), values.shape[1]))
        result[: len(values)] = values
        for i, (vertices, weights) in enumerate(self.weights, start=len(values)):
            result[i] = weights @ result[vertices]
            if with_offsets:
                result[i] += self.offsets[i - len(values)]
        return result

    @property
    def points(self) -> Points:
        """All vertices of the mean head, mm."""
        return self.extended(self.model, with_offsets=True)

    def cover(self, faces: Sequence[tuple[int, int, int]], part: int) -> None:
        """Add triangles that close a hole; they are turned round if they run along its edge as the others do."""
        new, edges = np.array(faces), set(map(tuple, _edges(self.faces).tolist()))
        if any(tuple(edge) in edges for edge in _edges(new).tolist()):
            new = new[:, ::-1]
        self.faces = np.concatenate([self.faces, new])
        self.part = np.concatenate([self.part, np.full(len(new), part)])


def main() -> None:
    """Pack the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("facekit", type=Path)
    parser.add_argument("--out", type=Path, default=FILE)
    args = parser.parse_args()
    with np.load(args.facekit) as stored:
        kit = {name: stored[name] for name in stored.files}
    packed = packed_template(kit)
    packing.save(packed, args.out)
    print(f"{args.out}: {packed['mean'].shape[1]} vertices, {args.out.stat().st_size / 1e6:.2f} MB")  # noqa: T201


def packed_template(kit: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.generic]]:
    """Return what `template.npz` holds, of the model's arrays; see `core.head.template.HeadTemplate`."""
    mean = kit["mean"].astype(np.float64) * MM_PER_UNIT
    uv = _unrolled(mean, kit)
    skin = kit["tri_part"] <= HEAD
    body = Body(mean, kit["tri"][skin].astype(np.int64), kit["tri_part"][skin].astype(np.int64))
    _cut(body)
    flat = _close(body, kit)
    used, renumbered = np.unique(body.faces, return_inverse=True)
    faces = renumbered.reshape(-1, 3)
    points = body.points[used]
    modes = [name for name in kit["expression_names"].tolist() if not name.startswith(NOT_SKIN)]
    expression = kit["expression"][[kit["expression_names"].tolist().index(name) for name in modes]]

    def of_all(deltas: NDArray[np.float16]) -> NDArray[np.int16]:
        each = [body.extended(delta.astype(np.float64) * MM_PER_UNIT)[used] for delta in deltas]
        return np.round(np.stack(each) / STEP_MM).astype(np.int16).transpose(0, 2, 1)

    uv, of_vertex, uv_faces = _layout(body, uv, used, faces)
    landmarks = np.searchsorted(used, kit["lm68"])
    openness = _openness(points, faces)
    return {
        "mean": np.round(points / STEP_MM).astype(np.int16).T,
        "identity": of_all(kit["identity"]),
        "expression": of_all(expression),
        "names": np.array([name.encode().ljust(16, b"\0") for name in modes], "S16").view(np.uint8).reshape(-1, 16),
        "faces": faces.astype(np.int32),
        "landmarks": landmarks.astype(np.int32),
        "mirror": KDTree(points).query(points * [-1, 1, 1])[1].astype(np.int32),
        "openness": np.round(255 * openness).astype(np.uint8),
        "region": _regions(points, np.isin(used, flat), openness).astype(np.uint8),
        "scalp": np.round(255 * _scalp(points)).astype(np.uint8),
        "uv": uv.astype(np.float32),
        "of_vertex": of_vertex.astype(np.int32),
        "uv_faces": uv_faces.astype(np.int32),
    }


def _edges(faces: Faces) -> Faces:
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def _loops(faces: Faces) -> Iterator[list[int]]:
    """The edges of holes, each once round, as the triangles beside them run."""
    edges = set(map(tuple, _edges(faces).tolist()))
    following = {a: b for a, b in edges if (b, a) not in edges}
    while following:
        first, after = next(iter(following.items()))
        loop = [first]
        del following[first]
        while after != first:
            loop.append(after)
            after = following.pop(after)
        yield loop


def _cut(body: Body) -> None:
    """Cut along the plane through the neck; triangles on it end there, at new vertices."""
    height = body.points @ NECK[:3] - NECK[3]
    above = height[body.faces] > 0
    at: dict[tuple[int, int], int] = {}

    def crossing(a: int, b: int) -> int:
        low, high = min(a, b), max(a, b)
        if (low, high) not in at:
            share = height[low] / (height[low] - height[high])
            at[low, high] = body.add([low, high], [1 - share, share])
        return at[low, high]

    kept, parts = [], []
    for face, is_above, part in zip(body.faces.tolist(), above.tolist(), body.part.tolist(), strict=True):
        outline: list[int] = []
        for k in range(3):
            a, b = face[k], face[(k + 1) % 3]
            if is_above[k]:
                outline.append(a)
            if is_above[k] != is_above[(k + 1) % 3]:
                outline.append(crossing(a, b))
        for k in range(1, len(outline) - 1):
            kept.append([outline[0], outline[k], outline[k + 1]])
            parts.append(part)
    body.faces, body.part = np.array(kept), np.array(parts)


def _close(body: Body, kit: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Close eyes, mouth and neck; return the vertices of what was put there."""
    first_new = len(body.model) + len(body.weights)
    for loop in list(_loops(body.faces)):
        middle = body.points[loop].mean(0)
        if middle[1] > 0:
            side = EYEBALLS[0 if middle[0] > 0 else 1]
            ball = np.unique(kit["tri"][kit["tri_part"] == side])
            _fan(body, loop, (0.3, 0.6, 0.85), side, _bulge(body.model[ball], body.points[loop]))
        elif middle[1] > -60:
            _fold(body, loop)
        else:
            _fan(body, loop, (0.25, 0.5, 0.75), CAP, lambda _: np.zeros(3))
    return np.arange(first_new, len(body.model) + len(body.weights))


def _bulge(ball: Points, loop: Points) -> Callable[[Points], Points]:
    """Return how far a point between the lids is to be moved to lie on the eyeball."""
    fitted = np.linalg.lstsq(np.c_[2 * ball, np.ones(len(ball))], (ball**2).sum(1), rcond=None)[0]
    middle = fitted[:3]
    radius = max(float(np.linalg.norm(loop - middle, axis=1).mean()), LID_MM)

    def moved(point: Points) -> Points:
        arm = point - middle
        length = float(np.linalg.norm(arm))
        return np.asarray(arm / length * max(radius - length, 0.0))

    return moved


def _fan(body: Body, loop: list[int], shares: Sequence[float], part: int, moved: Callable[[Points], Points]) -> None:
    """Close a hole by rings towards its middle, at these shares of the way."""
    edge, count = body.points[loop], len(loop)
    faces, before = [], loop
    for share in shares:
        ring = []
        for k in range(count):
            weights = np.full(count, share / count)
            weights[k] += 1 - share
            ring.append(body.add(loop, weights, moved(weights @ edge)))
        for k in range(count):
            a, b, c, d = before[k], before[(k + 1) % count], ring[k], ring[(k + 1) % count]
            faces += [(b, a, c), (b, c, d)]
        before = ring
    middle = body.add(loop, np.full(count, 1 / count), moved(edge.mean(0)))
    faces += [(before[(k + 1) % count], before[k], middle) for k in range(count)]
    body.cover(faces, part)


def _fold(body: Body, loop: list[int]) -> None:
    """Close the lips by a fold behind them, from corner to corner."""
    count, half, x = len(loop), len(loop) // 2, body.points[loop][:, 0]
    corner = int(np.argmin([x[k] - x[(k + half) % count] for k in range(count)]))
    one = [loop[(corner + k) % count] for k in range(half + 1)]
    other = [loop[(corner - k) % count] for k in range(half + 1)]
    depth = [np.array([0, 0, -FOLD_MM * np.sin(np.pi * k / half)]) for k in range(half + 1)]
    behind = [body.add([one[k], other[k]], [0.5, 0.5], depth[k]) for k in range(1, half)]
    middle = [one[0], *behind, one[-1]]
    faces = []
    for first, second in ((one, middle), (middle, other)):
        for k in range(half):
            corners = (first[k], first[k + 1], second[k + 1], second[k])
            faces += [t for t in (corners[:3], (corners[0], *corners[2:])) if len(set(t)) == 3]
    body.cover(faces, FACE)


def _layout(body: Body, uv: Points, used: NDArray[np.int64], faces: Faces) -> tuple[Points, NDArray[np.int64], Faces]:
    """The texture: places (u, 2), the vertex of each, and the triangles between them.

    The face is laid out as the model has it, the back of the head as seen from its middle, backwards; the cap and the
    eyeballs, which the model has elsewhere, lie below.
    """
    points = body.points
    place = body.extended(uv)
    arm = points - [0.0, 40.0, 0.0]
    angle = np.arctan2(np.hypot(arm[:, 0], arm[:, 1]), -arm[:, 2])
    across = np.maximum(np.hypot(arm[:, 0], arm[:, 1]), 1e-9)
    back = np.stack([-arm[:, 0], arm[:, 1]], 1) * (angle / across)[:, None]
    pictures = (
        (FACE, place, (0.0, 2 / 3), (0.0, 1.0)),
        (HEAD, back, (2 / 3, 1.0), (0.25, 1.0)),
        (CAP, points[:, [0, 2]], (2 / 3, 0.76), (0.0, 0.22)),
        (EYEBALLS[0], points[:, :2], (0.76, 0.88), (0.05, 0.22)),
        (EYEBALLS[1], points[:, :2], (0.88, 1.0), (0.05, 0.22)),
    )
    places, of_vertex, result, count = [], [], np.zeros_like(faces), 0
    for part, flat, (left, right), (low, high) in pictures:
        mine = body.part == part
        vertices, renumbered = np.unique(faces[mine], return_inverse=True)
        at = flat[used[vertices]]
        at = (at - at.min(0)) / np.ptp(at, axis=0)
        margin = 0.006
        span = np.array([right - left, high - low]) - 2 * margin
        places.append(np.array([left, low]) + margin + at * span)
        of_vertex.append(vertices)
        result[mine] = renumbered.reshape(-1, 3) + count
        count += len(vertices)
    return np.concatenate(places), np.concatenate(of_vertex), result


def _unrolled(points: Points, kit: dict[str, NDArray[Any]]) -> Points:
    """(n, 2) places of the vertices in the model's picture of the face.

    At its edges the model tells the place in the picture beside it: there each triangle that has two places tells its
    third, since it is as large in the picture as in space.
    """
    faces = kit["tri"][kit["tri_part"] == FACE]
    place = kit["uv"].astype(np.float64)
    known = np.ones(len(points), bool)
    known[np.unique(kit["tri"][kit["tri_part"] != FACE])] = False
    while not known[faces].all():
        told: dict[int, list[Points]] = {}
        for face in faces[known[faces].sum(1) == 2]:
            k = int(np.flatnonzero(~known[face])[0])
            a, b, c = (int(face[(k + step) % 3]) for step in (1, 2, 0))
            side, arm = points[b] - points[a], points[c] - points[a]
            along = arm @ side / (side @ side)
            height = np.linalg.norm(arm - along * side) / np.linalg.norm(side)
            flat = place[b] - place[a]
            told.setdefault(c, []).append(place[a] + along * flat + height * np.array([-flat[1], flat[0]]))
        for vertex, places in told.items():
            place[vertex] = np.mean(places, axis=0)
            known[vertex] = True
    return place


def _openness(points: Points, faces: Faces) -> Points:
    """(n,) share of the sky, as far as a vertex faces it, that it sees: 0 within a nostril, 1 on a forehead."""
    corners = points[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = [np.bincount(faces.ravel(), np.repeat(across[:, k], 3), len(points)) for k in range(3)]
    normals = np.stack(total, axis=1).astype(np.float64)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    k = np.arange(SKY) + 0.5
    polar, turn = np.arccos(1 - 2 * k / SKY), np.pi * (1 + 5**0.5) * k  # Fibonacci's sphere
    seen, possible = np.zeros(len(points)), np.full(len(points), 1e-6)
    for way in np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1):
        helper = np.array([0.0, 1.0, 0.0]) if abs(way[1]) < 0.99 else np.array([1.0, 0.0, 0.0])
        right = np.cross(helper, way)
        right /= np.linalg.norm(right)
        flat = np.stack([points @ right, points @ np.cross(way, right)], 1) * SKY_PX_PER_MM + SKY_PX / 2
        near = points @ way
        order = np.argsort(near[faces].mean(1))
        depth = np.full((SKY_PX, SKY_PX), -1e9, np.float32)
        corners_px = np.round(flat[faces] * 16).astype(np.int32)
        for index in order:  # painted from the farthest to the nearest
            cv2.fillConvexPoly(depth, corners_px[index], float(near[faces[index]].min()), shift=4)
        at = np.clip(np.round(flat), 0, SKY_PX - 1).astype(int)
        facing = np.clip(normals @ way, 0, 1)
        seen += (near > depth[at[:, 1], at[:, 0]] - SEEN_MM) * facing
        possible += facing
    return np.asarray(seen / possible)


def _regions(points: Points, is_put: NDArray[np.bool_], openness: Points) -> NDArray[np.int64]:
    """(n,) bits of `Region`."""
    x, y, z = points.T
    side = np.abs(x)
    ear = (side > 70) & (y > -28) & (y < 58) & (z < 50) & (z > -35)
    fitted = (z > 25) & (y > -78) & (y < 95) & ~((side > 72) & (y > -25) & (y < 55)) & ~is_put
    azimuth = np.degrees(np.arctan2(side, z))
    bare = (azimuth < 47) & (y < 62) & (y > -90) & (z > 10) & (_scalp(points) < 0.05)
    found = np.zeros(len(points), np.int64)
    for bit, where in (
        (Region.LEFT_EAR, ear & (x > 0)),
        (Region.RIGHT_EAR, ear & (x < 0)),
        (Region.FITTED, fitted),
        (Region.BARE, bare),
        (Region.PUT, is_put),
        (Region.HOLLOW, is_put | (openness < HOLLOW)),
    ):
        found[where] |= int(bit)
    return found


# Polar angle (from the crown, degrees) of the edge of usual hair, by azimuth (0 is the face, 90 an ear); down the neck.
_HAIRLINE = (
    [0, 15, 30, 42, 52, 62, 70, 76, 82, 92, 105, 120, 180],
    [52, 51, 52, 58, 66, 74, 90, 104, 110, 125, 150, 170, 180],
)
_SKULL = np.array([0.0, 55.0, 5.0])
_HAIRLINE_DEG = (-6.0, 10.0)


def _scalp(points: Points) -> Points:
    """(n,) 0 to 1: where hair grows, with the neck below it."""
    arm = points - _SKULL
    polar = np.degrees(np.arctan2(np.hypot(arm[:, 0], arm[:, 2]), arm[:, 1]))
    azimuth = np.abs(np.degrees(np.arctan2(arm[:, 0], arm[:, 2])))
    low, high = _HAIRLINE_DEG
    share = np.clip((np.interp(azimuth, *_HAIRLINE) - polar - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


if __name__ == "__main__":
    main()
