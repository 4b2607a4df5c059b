"""A face in closed form, symmetric to rounding, with landmarks where a mean head has them."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core.face.landmarks import MEAN_MM
from core.files.face_files import statistics
from core.geometry.camera import Intrinsics
from core.geometry.reconstruction import Reconstruction
from core.json_files import write_json
from tests.facts import facts_of, write_facts

SIDE, DISTANCE_MM, FOCAL_PX = 256, 700.0, 640.0


def face(bump_mm: float = 0.0, name: str = "builtin", sha256: str = "a" * 64) -> Reconstruction:
    """Return a paraboloid with a nose; `bump_mm` raises the cheek at the left of the picture."""
    camera = Intrinsics(FOCAL_PX, (SIDE - 1) / 2, (SIDE - 1) / 2)
    landmarks = camera.project(MEAN_MM.astype(np.float64) + np.array([0, 0, DISTANCE_MM]))
    x, y = np.meshgrid(np.arange(SIDE) - camera.cx_px, np.arange(SIDE) - camera.cy_px)
    x_mm, y_mm = x * DISTANCE_MM / FOCAL_PX, y * DISTANCE_MM / FOCAL_PX
    nose_mm = (landmarks[30] - [camera.cx_px, camera.cy_px]) * DISTANCE_MM / FOCAL_PX
    depth = DISTANCE_MM - 20 + x_mm**2 / 130 + (y_mm - 20) ** 2 / 260
    depth -= 22 * np.exp(-((x_mm / 9) ** 2 + ((y_mm - nose_mm[1]) / 14) ** 2))
    depth -= bump_mm * np.exp(-(((x_mm + 38) / 10) ** 2 + ((y_mm - 45) / 10) ** 2))
    depth[(x_mm / 82) ** 2 + ((y_mm - 20) / 112) ** 2 > 1] = np.nan
    rng = np.random.default_rng(3)
    noise = cv2.GaussianBlur(rng.normal(size=(SIDE, SIDE, 3)), (0, 0), 6)
    rgb = np.clip(140 + 700 * noise, 0, 255).astype(np.uint8)
    facts = facts_of(camera, landmarks, name=f"{name}.jpg", sha256=sha256, network=name, distance_mm=DISTANCE_MM)
    return Reconstruction(rgb, rgb, (1 / depth).astype(np.float32), depth.astype(np.float32), camera, landmarks, facts)


def write_face(face: Reconstruction, folder: Path) -> None:
    """Write what the pages and a comparison read of a face."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(face.crop_rgb).save(folder / "crop.png")
    np.save(folder / "depth.npy", face.depth_mm)
    np.save(folder / "inverse_depth.npy", face.inverse_depth)
    if face.coverage is not None:
        Image.fromarray(face.coverage).save(folder / "mask.png")
    write_facts(face.facts, folder)
    write_json(statistics(face), folder / "statistics.json")
