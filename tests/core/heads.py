"""A head whose surface is known in closed form, seen by any camera; and the rendered heads beside the repo."""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.face.landmarks import MEAN_MM
from core.geometry.camera import Intrinsics
from core.geometry.reconstruction import Reconstruction
from tests.facts import facts_of

SIDE = 256
GROUND_TRUTH = Path(__file__).parents[2].parent / "shared" / "faces" / "ground_truth"
PARTS = (  # x, y, width, height, mm towards the viewer: nose, its bridge, eyes, brows, mouth, chin
    (0, 36, 11, 14, 20), (0, 12, 9, 24, 9), (-31, 0, 13, 9, -7), (31, 0, 13, 9, -7), (-30, -20, 22, 6, 4),
    (30, -20, 22, 6, 4), (0, 72, 22, 8, 5), (0, 80, 20, 4, -4), (0, 105, 16, 12, 7),
)  # fmt: skip


@dataclass(frozen=True)
class Bump:
    """A Gaussian of `height_mm` at right angles to the surface, round a place of the head (x right, y down)."""

    x: float
    y: float
    height_mm: float = 3.0
    sigma_mm: float = 5.0


def surface(x, y, bump=None):
    """Depth in mm away from the viewer of the head's front at x right, y down, origin between the eyes."""
    round_part = 1 - (x / 76) ** 2 - ((y - 15) / 112) ** 2
    z = 80 - 92 * np.sqrt(np.maximum(round_part, 0)) + 400 * np.maximum(-round_part, 0)
    for px, py, wide, high, forth in PARTS:
        z = z - forth * np.exp(-(((x - px) / wide) ** 2) - ((y - py) / high) ** 2)
    if bump is not None:
        lean = 1 / -normal(bump.x, bump.y)[2]
        apart = ((x - bump.x) ** 2 + (y - bump.y) ** 2) / (2 * bump.sigma_mm**2)
        z = z - bump.height_mm * lean * np.exp(-apart)
    return z


def normal(x, y):
    """Outward unit normal of the smooth head, x right, y down, z away from the viewer."""
    e = 1e-3
    slope = [(surface(x + e, y) - surface(x - e, y)) / (2 * e), (surface(x, y + e) - surface(x, y - e)) / (2 * e)]
    n = np.array([slope[0], slope[1], -1.0])
    return n / np.linalg.norm(n)


@dataclass(frozen=True)
class Placed:
    """How the head stands before the camera: turned (degrees), grown, moved (mm) from 600 mm before it."""

    yaw: float = 0.0
    pitch: float = 0.0
    scale: float = 1.0
    moved: tuple = (0.0, 0.0, 0.0)

    @property
    def matrix(self):
        """(4, 4) head frame -> camera frame."""
        result = np.eye(4)
        result[:3, :3] = self.scale * Rotation.from_euler("yx", [self.yaw, self.pitch], degrees=True).as_matrix()
        result[:3, 3] = np.array([0, 0, 600]) + self.moved
        return result


def to_camera(placed, points):
    return points @ placed.matrix[:3, :3].T + placed.matrix[:3, 3]


@cache
def head(placed=Placed(), bump=None, *, side=SIDE, focal=1.6, jitter_px=0.6, network="test", seed=0):
    """The head as a reconstruction. focal : in sides. jitter_px : how far off its landmarks are found."""
    camera = Intrinsics(focal * side, (side - 1) / 2, (side - 1) / 2)
    axis = np.arange(side, dtype=np.float64)
    rays = camera.unproject(np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2), np.ones(side * side))
    back = np.linalg.inv(placed.matrix)
    origin, ways = back[:3, 3], rays @ back[:3, :3].T

    def inside(z, way):
        x, y, depth = (origin + z[:, None] * way).T
        return depth - surface(x, y, bump)

    middle = placed.matrix[2, 3]
    steps = np.linspace(middle - 60 * placed.scale, middle + 95 * placed.scale, 36)
    low, hit = np.full(len(rays), steps[0]), np.zeros(len(rays), bool)
    for step in steps[1:]:
        now = ~hit & (inside(np.full(len(rays), step), ways) > 0)
        hit |= now
        low[~hit] = step
    high = low + (steps[1] - steps[0])
    for _ in range(26):
        between = (low + high) / 2
        deep = inside(between, ways) > 0
        low, high = np.where(deep, low, between), np.where(deep, between, high)
    x, y, _ = (origin + high[:, None] * ways).T
    seen = (hit & (1 - (x / 76) ** 2 - ((y - 15) / 112) ** 2 > 0.04)).reshape(side, side)
    depth = np.where(seen, high.reshape(side, side), np.nan).astype(np.float32)
    colours = np.clip(np.stack([120 + x, 120 + y / 2, 128 - x / 2], -1), 0, 255).reshape(side, side, 3)
    rgb = np.where(seen[..., None], colours, 0).astype(np.uint8)
    places = MEAN_MM.astype(np.float64).copy()
    within = np.minimum(1, 0.8 / np.sqrt((places[:, 0] / 76) ** 2 + ((places[:, 1] - 15) / 112) ** 2))
    places[:, 0] *= within
    places[:, 1] = 15 + (places[:, 1] - 15) * within
    places[:, 2] = surface(places[:, 0], places[:, 1])
    landmarks = camera.project(to_camera(placed, places))
    landmarks += np.random.default_rng(seed).normal(0, jitter_px, landmarks.shape)
    facts = facts_of(camera, landmarks, network=network, yaw_deg=-placed.yaw)
    return Reconstruction(rgb, rgb, (1 / depth).astype(np.float32), depth, camera, landmarks, facts)


def with_background(face, behind_mm=800.0):
    """The face with a wall behind it that was kept, as `--background` does."""
    wall = np.float32(np.nanmax(face.depth_mm) + behind_mm)
    coverage = np.where(face.mask, 255, 0).astype(np.uint8)
    return replace(face, depth_mm=np.where(face.mask, face.depth_mm, wall), coverage=coverage)


def rendered(name, folder=GROUND_TRUTH):
    """A head of ICT-FaceKit with its true depth as a reconstruction; skips where the folder is not beside the repo."""
    path = folder / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the repository")
    data = np.load(path)
    about = json.loads(str(data["meta"]))
    depth = np.where(data["mask"] > 0, data["depth"], np.nan).astype(np.float32)
    K = data["K"]
    camera, landmarks = Intrinsics(float(K[0, 0]), float(K[0, 2]), float(K[1, 2])), data["landmarks_2d"].astype(float)
    facts = facts_of(
        camera, landmarks, name=path.name, sha256=name, network="truth", yaw_deg=about["yaw_deg"],
        distance_mm=about["distance_mm"], ipd_mm=about["eye_centre_dist_mm"],
    )  # fmt: skip
    return Reconstruction(
        data["rgb"],
        data["rgb"],
        (1 / depth).astype(np.float32),
        depth,
        camera,
        landmarks,
        facts,
    )
