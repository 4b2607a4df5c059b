"""Scans of heads of known shape, as files of every format, unit and turn: for tests and benchmarks."""

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import trimesh

from core.face.window import inverse, transform
from core.geometry.reconstruction import Reconstruction
from core.head.template import template
from core.scan.read import PlacedScan

Ending = Literal["obj", "ply", "stl", "glb"]
ENDINGS: tuple[Ending, ...] = get_args(Ending)
PER_UNIT = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4}
TORN_MM = 6.0  # between neighbours of a depth map: more is no surface


def _turn(axis: str, degrees: float) -> np.ndarray:
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    turn = np.eye(3)
    angle = np.radians(degrees)
    turn[i, i] = turn[j, j] = np.cos(angle)
    turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
    return turn


# Of a head that looks along z, y up
TURNS = {
    "y up, front at z": np.eye(3),
    "z up, front at -y": _turn("x", 90),
    "front at -z": _turn("y", 180),
    "on its side, front at x": _turn("z", 90) @ _turn("y", 90),
    "on its head, 30 degrees askew": _turn("y", 30) @ _turn("z", 180),
    "40, 35 and 25 degrees askew": _turn("x", 40) @ _turn("y", 35) @ _turn("z", 25),
}


@dataclass(frozen=True)
class Scan:
    """points : (N, 3) mm. faces : (M, 3). rgb : (N, 3) or None. landmarks : (68, 3) mm, on the surface or behind it."""

    points: np.ndarray
    faces: np.ndarray
    rgb: np.ndarray | None
    landmarks: np.ndarray

    def turned(self, turn: np.ndarray) -> "Scan":
        return replace(self, points=self.points @ turn.T, landmarks=self.landmarks @ turn.T)

    def file(self, ending: Ending, unit: str = "mm") -> bytes:
        mesh = trimesh.Trimesh(
            self.points / PER_UNIT[unit], self.faces, process=False,
            vertex_colors=None if self.rgb is None or ending == "stl" else self.rgb,
        )  # fmt: skip
        data = mesh.export(file_type=ending)
        return data.encode() if isinstance(data, str) else bytes(data)


def of_depth(depth_mm: np.ndarray, K: np.ndarray, rgb: np.ndarray | None, landmarks: np.ndarray) -> Scan:
    """A depth map (H, W), NaN where nothing is -> an open surface, y up, towards z. landmarks : camera frame."""
    height, width = depth_mm.shape
    y, x = np.mgrid[:height, :width]
    points = np.stack([(x - K[0, 2]) / K[0, 0], (y - K[1, 2]) / K[1, 1], np.ones_like(depth_mm)], -1)
    points = (points * depth_mm[..., None]).reshape(-1, 3)
    index = np.arange(height * width).reshape(height, width)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    faces = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
    corners = depth_mm.ravel()[faces]
    faces = faces[np.nan_to_num(np.ptp(corners, axis=1), nan=np.inf) < TORN_MM]
    kept, faces = np.unique(faces, return_inverse=True)
    up = np.array([1.0, -1.0, -1.0])
    colours = None if rgb is None else rgb.reshape(-1, 3)[kept]
    return Scan(points[kept] * up, faces.reshape(-1, 3), colours, landmarks * up)


def known(path: Path) -> Scan:
    """A head of which depth, colours and landmarks are known, see `tests.truth`."""
    with np.load(path) as data:
        depth = np.where(data["mask"], data["depth"].astype(np.float64), np.nan)
        return of_depth(depth, data["K"].astype(float), data["rgb"], data["landmarks_3d"].astype(float))


def mean_head() -> Scan:
    """The head of the template, small and without colours."""
    model = template()
    return Scan(model.mean, np.asarray(model.faces), None, model.mean[model.landmarks])


def dense(scan: Scan, least: int) -> Scan:
    """The same surface in at least so many triangles, without colours."""
    points, faces = scan.points, scan.faces
    while len(faces) < least:
        points, faces = trimesh.remesh.subdivide(points, faces)
    return Scan(points, faces, None, scan.landmarks)


def cube() -> Scan:
    box = trimesh.creation.box((200, 200, 200))
    return Scan(np.array(box.vertices), np.array(box.faces), None, np.zeros((68, 3)))


def landscape(side: int, seed: int = 1) -> Scan:
    """Hills and valleys, coloured by their height."""
    rng, height = np.random.default_rng(seed), np.zeros((side, side))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    noise = np.fft.fft2(rng.normal(size=(side, side))) / np.maximum(frequency, 2 / side) ** 1.8
    height = np.fft.ifft2(noise).real
    height *= side / 8 / height.std()
    level = (height - height.min()) / np.ptp(height)
    rgb = np.stack([60 + 150 * level, 120 + 60 * level, 60 + 120 * level], -1).astype(np.uint8)
    K = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1]])
    flat = of_depth(np.ones((side, side)), K, rgb, np.zeros((68, 3)))
    flat.points[:, 2] = height.ravel()
    return flat


def matrix() -> list[tuple[Ending, str, str]]:
    """Every format, unit and turn."""
    return [(ending, unit, turn) for ending, unit, turn in product(ENDINGS, ("m", "cm", "mm"), TURNS)]


def landmarks_off_mm(placed: PlacedScan, face: Reconstruction, true: np.ndarray) -> np.ndarray:
    """(68,) how far a face's landmarks on its surface are from the true ones (68, 3), of the scan's file.

    NaN where there is no surface.
    """
    assert face.landmarks_px is not None
    camera_mm, view = placed.to_camera_mm(true), placed.view
    in_picture = camera_mm[:, :2] / camera_mm[:, 2:] * view.focal_px + view.middle_px
    px = transform(inverse(face.facts.crop.to_photo), in_picture)
    columns, rows = np.clip(np.round(px), 0, face.depth_mm.shape[0] - 1).astype(int).T
    along_sight = camera_mm[:, 2] * face.intrinsics.depth_per_axial(face.depth_mm.shape)[rows, columns]
    found = face.intrinsics.unproject(face.landmarks_px, face.depth_at(face.landmarks_px))
    return np.asarray(np.linalg.norm(found - face.intrinsics.unproject(px, along_sight), axis=1))
