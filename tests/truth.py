"""Heads whose depth is known, and a network that answers with it under an unknown scale, shift, blur and noise."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.geometry.camera import Intrinsics

BACKDROP_MM = 2500.0


@dataclass(frozen=True)
class Truth:
    """rgb : (H, W, 3). depth_mm : (H, W) z, NaN background. mask : (H, W) bool. ipd_mm : between the eyeballs."""

    name: str
    rgb: np.ndarray
    depth_mm: np.ndarray
    mask: np.ndarray
    K: np.ndarray
    landmarks_px: np.ndarray
    ipd_mm: float

    @property
    def fov_deg(self) -> float:
        """Over the diagonal."""
        return float(np.degrees(2 * np.arctan(np.hypot(*self.depth_mm.shape) / 2 / self.K[0, 0])))

    def inverse_in_crop(self, crop_to_photo: np.ndarray, camera: Intrinsics, side: int) -> np.ndarray:
        """(S, S) float32, 1 / mm along the camera's line of sight, as a crop sees it; the background is a far wall."""
        inverse = 1 / np.where(np.isfinite(self.depth_mm), self.depth_mm, BACKDROP_MM)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(inverse, crop_to_photo, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return (seen / camera.depth_per_axial((side, side))).astype(np.float32)


def read_truth(path: Path) -> Truth:
    """From an .npz with rgb, depth (mm, NaN background), mask, K, landmarks_2d and meta (JSON)."""
    with np.load(path) as data:
        return Truth(
            path.stem,
            np.ascontiguousarray(data["rgb"]),
            data["depth"].astype(np.float64),
            data["mask"] > 0,
            data["K"].astype(np.float64),
            data["landmarks_2d"].astype(np.float64),
            float(json.loads(str(data["meta"]))["eye_centre_dist_mm"]),
        )


class Answers:
    """Stands for the networks: finds faces with the real one, and answers any depth with one given map."""

    name = "dpt_large_384"

    def __init__(self, real: Any, inverse_depth: np.ndarray) -> None:
        self.face = real.face
        self.inverse_depth = inverse_depth.astype(np.float32)

    def default(self) -> str:
        return self.name

    def depth(self, _: str) -> "Answers":
        return self

    def predict(self, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [self.inverse_depth for _ in pictures]


def as_midas_would(inverse_mm: np.ndarray, mask: np.ndarray, seed: int, *, blur_px: float, noise: float) -> np.ndarray:
    """True inverse depth (S, S) under a random scale and shift, blurred, with noise as a share of its spread."""
    rng = np.random.default_rng(seed)
    blurred = cv2.GaussianBlur(inverse_mm, (0, 0), blur_px) if blur_px > 0 else inverse_mm
    spread = float(inverse_mm[mask].std())
    noisy = blurred + noise * spread * rng.standard_normal(inverse_mm.shape)
    scale, shift = 10 ** rng.uniform(1, 4) / spread, rng.uniform(-5e3, 2e4)
    return (scale * noisy + shift).astype(np.float32)
