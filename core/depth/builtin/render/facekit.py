"""The shape model (ICT-FaceKit light, MIT) and where on it lips, brows, beard and hair are.

Source of the model: Li, Bladin, Zhao et al., 'Learning Formation of Physically-Based Face Attributes', CVPR 2020.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.depth.builtin.render import raster
from core.depth.builtin.render.raster import ATTRIBUTES, EYE, GUMS, MOUTH, SKIN, TEETH

SKULL_CENTRE = np.array([0.0, 5.5, 0.5], np.float32)
NECK_PIVOT = np.array([0.0, -8.0, -2.0], np.float32)
BUST_CUT_Y = -11.2  # below it, the model's shoulders, which clothes replace
AZIMUTHS, POLARS = 72, 34  # the grid of directions in which the scalp is sampled
AZIMUTH_DEG = np.linspace(-180, 180, AZIMUTHS, endpoint=False).astype(np.float32)
POLAR_DEG = np.linspace(0, 132, POLARS).astype(np.float32)
LIGHT_DIRECTIONS = 96
LIGHT_MAP_SIDE, LIGHT_MAP_CM = 420, 44.0

# Polar angle (from the crown, degrees) of a usual hairline by azimuth (0 is the face, 90 an ear).
_HAIRLINE = (
    [0, 15, 30, 42, 52, 62, 70, 76, 82, 92, 105, 120, 180],
    [60, 59, 57, 62, 71, 80, 97, 104, 90, 84, 92, 112, 128],
)
# Materials of the model's nine parts, in the order of its files.
_PARTS = np.array([SKIN, SKIN, MOUTH, SKIN, SKIN, GUMS, TEETH, EYE, EYE], np.uint8)
_FACE, _NECK = 0, 1


@dataclass(frozen=True)
class FaceKit:
    """The model, ready to render.

    mean : (n, 3) float32. identity : (100, 3n) float32. expression : (57, 3n) float32, named by `expressions`.
    triangles : (m, 3) int32. material : (m,) uint8. bust : (m,) bool, triangles that clothes replace.
    landmarks : (68,) int, vertices. attributes : (n, 11) float32, see `raster`. neck : (n,) float32, 1 is all body.
    scalp_triangle, scalp_weights : (72 * 34, 3), corners and weights of the scalp's sample in each direction.
    brow : (3,) float64, y of the brow as a polynomial of |x|.
    """

    mean: NDArray[np.float32]
    identity: NDArray[np.float32]
    expression: NDArray[np.float32]
    expressions: list[str]
    triangles: NDArray[np.int32]
    material: NDArray[np.uint8]
    bust: NDArray[np.bool_]
    landmarks: NDArray[np.int32]
    attributes: NDArray[np.float32]
    neck: NDArray[np.float32]
    scalp_triangle: NDArray[np.int32]
    scalp_weights: NDArray[np.float32]
    brow: NDArray[np.float64]

    def scalp(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points of a skull without ears in each direction: (n, 3) -> (72, 34, 3), azimuth by polar angle."""
        corners = points[self.scalp_triangle]
        grid = (corners * self.scalp_weights[:, :, None]).sum(1).reshape(AZIMUTHS, POLARS, 3)
        arm = grid - SKULL_CENTRE
        length = np.linalg.norm(arm, axis=2, keepdims=True)
        beside = (np.abs(np.abs(AZIMUTH_DEG) - 90) < 22)[:, None] & ((POLAR_DEG > 80) & (POLAR_DEG < 125))
        limit = (8.4 + 0.02 * np.abs(POLAR_DEG - 80))[None, :, None]
        return SKULL_CENTRE + arm * np.where(beside[..., None], np.minimum(1, limit / length), 1).astype(np.float32)


def hairline_deg(azimuth_deg: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the polar angle of a usual hairline."""
    return np.interp(np.abs(azimuth_deg), *_HAIRLINE)


def load_facekit(path: Path) -> FaceKit:
    """Read the packed model (mean, identity, expression, tri, tri_part, vert_part, lm68) and find its regions."""
    with np.load(path) as stored:
        mean = stored["mean"].astype(np.float32)
        triangles, parts, of_vertex = stored["tri"].astype(np.int32), stored["tri_part"], stored["vert_part"]
        landmarks = stored["lm68"].astype(np.int32)
        identity = stored["identity"].astype(np.float32).reshape(-1, mean.size)
        expression = stored["expression"].astype(np.float32).reshape(-1, mean.size)
        names = [str(name) for name in stored["expression_names"]]
    material = _PARTS[parts]
    skin = triangles[material == SKIN]
    scalp_triangle, scalp_weights = _sample_scalp(mean, triangles[material != TEETH])
    brow = mean[landmarks[22:27]]
    return FaceKit(
        mean=mean,
        identity=identity,
        expression=expression,
        expressions=names,
        triangles=triangles,
        material=material,
        bust=(mean[triangles].mean(1)[:, 1] < BUST_CUT_Y) & (material == SKIN),
        landmarks=landmarks,
        attributes=_regions(mean, triangles, skin, of_vertex, mean[landmarks]),
        neck=(_step(-4.5, -12, mean[:, 1] + 0.55 * (mean[:, 2] - 2)) * (of_vertex <= _NECK)).astype(np.float32),
        scalp_triangle=scalp_triangle,
        scalp_weights=scalp_weights,
        brow=np.polyfit(np.abs(brow[:, 0]), brow[:, 1], 2),
    )


def _step(low: float, high: float, value: NDArray[np.floating]) -> NDArray[np.float64]:
    t = np.clip((np.asarray(value, np.float64) - low) / (high - low), 0, 1)
    smooth: NDArray[np.float64] = t * t * (3 - 2 * t)
    return smooth


def _regions(
    mean: NDArray[np.float32],
    triangles: NDArray[np.int32],
    skin: NDArray[np.int32],
    of_vertex: NDArray[np.uint8],
    marks: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the attributes of every vertex: place, openness, weights 0..1 of the regions that the shader paints."""
    x, y, z = mean.astype(np.float64).T
    side = np.abs(x)
    face, body = of_vertex == _FACE, of_vertex <= _NECK
    outline = np.ascontiguousarray(marks[48:60, None, :2])
    lips = np.array([cv2.pointPolygonTest(outline, (float(a), float(b)), False) >= 0 for a, b in mean[:, :2]])
    lips &= face & (z > 8)
    lips = _smooth(lips.astype(np.float64), skin, 1)
    jaw = -1.7 + 0.62 * np.maximum(side - 2, 0)
    mouth_gap = 1 - _step(-1.0, 0.2, y) * (side < 5)
    beard = _step(0.5, -0.5, y - jaw) * _step(-10.5, -8.8, y) * _step(1.5, 3.5, z) * mouth_gap
    beard *= (1 - np.clip(1.5 * lips, 0, 1)) * body
    lashes, under_eyes, folds = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for first in (36, 42):
        ring = marks[first : first + 6]
        lashes = np.maximum(lashes, _step(0.26, 0.06, _distance(mean, ring[:4])))
        lashes = np.maximum(lashes, 0.35 * _step(0.2, 0.05, _distance(mean, ring[[0, 5, 4, 3]])))
        centre = ring.mean(0)
        bag = np.exp(-(((x - centre[0]) / 2.2) ** 2 + ((y - centre[1] + 0.9) / 0.8) ** 2))
        under_eyes = np.maximum(under_eyes, bag * face)
    for sign in (-1, 1):
        line = np.array([[sign * 1.7, -0.6], [sign * 2.6, -1.8], [sign * 3.2, -3.4]])
        folds = np.maximum(folds, _step(0.35, 0.05, _distance(mean[:, :2], line)))
    folds *= face & (z > 7)
    cheeks = np.exp(-(((side - 4.4) / 1.7) ** 2 + ((y - 0.2) / 1.6) ** 2))
    nose = np.exp(-((x / 1.3) ** 2 + ((y + 0.2) / 1.4) ** 2)) * (z > 10.5)
    ears = 0.8 * ((side > 7.1) & (y > -3) & (y < 4.6))
    flush = np.maximum(np.maximum(cheeks, nose), ears) * body
    arm = mean - SKULL_CENTRE
    polar = np.degrees(np.arctan2(np.hypot(arm[:, 0], arm[:, 2]), arm[:, 1]))
    azimuth = np.degrees(np.arctan2(arm[:, 0], arm[:, 2]))
    scalp = _step(5, -3, polar - hairline_deg(azimuth)) * body
    open_ = _smooth(_openness(mean, triangles), triangles, 2)
    columns = [x, y, z, open_, lips, beard, lashes * body, under_eyes, flush, scalp, folds]
    table = np.stack(columns, 1).astype(np.float32)
    assert table.shape[1] == ATTRIBUTES
    return table


def _distance(points: NDArray[np.floating], line: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distance of each point from a polyline."""
    nearest = np.full(len(points), np.inf)
    for a, b in itertools.pairwise(line):
        along = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(points - a - along[:, None] * (b - a), axis=1))
    return nearest


def _smooth(values: NDArray[np.float64], triangles: NDArray[np.int32], rounds: int) -> NDArray[np.float64]:
    """Average each vertex with its neighbours."""
    source = triangles[:, [0, 1, 2, 1, 2, 0]].ravel()
    target = triangles[:, [1, 2, 0, 0, 1, 2]].ravel()
    neighbours = np.maximum(np.bincount(target, minlength=len(values)), 1)
    for _ in range(rounds):
        mean = np.bincount(target, values[source], len(values)) / neighbours
        values = np.where(neighbours > 1, 0.5 * values + 0.5 * mean, values)
    return values


def _openness(mean: NDArray[np.float32], triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    """Share of an even sky that each vertex sees (ambient occlusion), from depth maps of many directions."""
    normals = raster.vertex_normals(mean, triangles)
    k = np.arange(LIGHT_DIRECTIONS) + 0.5
    polar, turn = np.arccos(1 - 2 * k / LIGHT_DIRECTIONS), np.pi * (1 + 5**0.5) * k  # Fibonacci sphere
    seen, possible = np.zeros(len(mean)), np.full(len(mean), 1e-6)
    scale = LIGHT_MAP_SIDE / LIGHT_MAP_CM
    sky = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)
    for direction in sky:
        axes = light_axes(direction)
        depth = raster.depth_from(mean, triangles, axes, scale, 0.0, 0.0, LIGHT_MAP_SIDE)
        u, v, w = axes @ mean.T
        i, j = (np.clip(c * scale + LIGHT_MAP_SIDE / 2 + 0.5, 0, LIGHT_MAP_SIDE - 1).astype(int) for c in (u, v))
        facing = np.clip(normals @ direction, 0, 1)
        seen += (w > depth[j, i] - 0.25) * facing
        possible += facing
    return seen / possible


def light_axes(direction: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows right, down, towards the light of a picture that looks along the light."""
    helper = np.array([0.0, 1.0, 0.0]) if abs(direction[1]) < 0.99 else np.array([1.0, 0.0, 0.0])
    right = np.cross(direction, helper)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(direction, right), direction]).astype(np.float32)


def _sample_scalp(
    mean: NDArray[np.float32], triangles: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    azimuth, polar = np.meshgrid(np.radians(AZIMUTH_DEG), np.radians(POLAR_DEG), indexing="ij")
    rays = np.stack([np.sin(azimuth) * np.sin(polar), np.cos(polar), np.cos(azimuth) * np.sin(polar)], -1)
    hit, weights = _outermost(SKULL_CENTRE.astype(np.float64), rays.reshape(-1, 3), mean.astype(np.float64), triangles)
    if (hit < 0).any():
        raise ValueError(f"The head model has {int((hit < 0).sum())} holes as seen from the skull's centre.")
    return triangles[hit], weights.astype(np.float32)


@raster.compiled
def _outermost(origin, rays, points, triangles):  # type: ignore[no-untyped-def]
    """For each ray the last triangle that it crosses and the weights of its corners (Moeller and Trumbore, 1997)."""
    hit = np.full(rays.shape[0], -1, np.int64)
    weights = np.zeros((rays.shape[0], 3))
    furthest = np.zeros(rays.shape[0])
    for t in range(triangles.shape[0]):
        middle = (points[triangles[t, 0]] + points[triangles[t, 1]] + points[triangles[t, 2]]) / 3 - origin
        reach = 0.9 * np.sqrt((middle * middle).sum())  # triangles are small: rays more than 25 degrees away miss
        corner = points[triangles[t, 0]]
        one, two, arm = points[triangles[t, 1]] - corner, points[triangles[t, 2]] - corner, origin - corner
        q = np.cross(arm, one)
        for r in range(rays.shape[0]):
            if rays[r, 0] * middle[0] + rays[r, 1] * middle[1] + rays[r, 2] * middle[2] < reach:
                continue
            p = np.cross(rays[r], two)
            determinant = (one * p).sum()
            if abs(determinant) < 1e-9:
                continue
            u, v = (arm * p).sum() / determinant, (rays[r] * q).sum() / determinant
            distance = (two * q).sum() / determinant
            if u >= -1e-4 and v >= -1e-4 and u + v <= 1.0002 and distance > furthest[r]:
                furthest[r], hit[r] = distance, t
                weights[r] = np.array([1 - u - v, u, v])
    return hit, weights
