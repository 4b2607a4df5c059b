"""A depth map as a surface in space: its points and normals, how far a point lies from it, where a line meets it."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from core.camera import Intrinsics
from core.reconstruction import Reconstruction

SMOOTHING = 1 / 340  # of the side: the normals are those of the surface blurred so much, else noise turns them
ROW = 1024  # points are looked up in rows of so many: OpenCV takes no longer ones than 32767
MEETING_ROUNDS = 5
LONGEST_STEP_MM = 12.0
SETTLED_MM = 0.02
MIN_COSINE = 0.2  # a surface seen or met more obliquely (78 degrees) is not known there


@dataclass(frozen=True)
class DepthSurface:
    """depth_mm : (H, W) float32, z of the camera frame, NaN where there is none. intrinsics : of its pixels."""

    depth_mm: NDArray[np.float32]
    intrinsics: Intrinsics

    @classmethod
    def of(cls, reconstruction: Reconstruction) -> "DepthSurface":
        """The surface of a reconstruction, in its camera frame."""
        return cls(reconstruction.depth_mm, reconstruction.intrinsics)

    @cached_property
    def _slopes(self) -> NDArray[np.float32]:
        """(H, W, 3) float32: depth, and the slopes of the smoothed depth in mm per pixel to the right and down."""
        known = np.isfinite(self.depth_mm)
        weight = known.astype(np.float32)
        sigma = max(0.5, self.depth_mm.shape[0] * SMOOTHING)
        blurred = cv2.GaussianBlur(np.where(known, self.depth_mm, np.float32(0)), (0, 0), sigma)
        smooth = np.where(known, blurred / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6), np.nan)
        kernel = np.array([[-0.5, 0, 0.5]], np.float32)
        right = cv2.filter2D(smooth, cv2.CV_32F, kernel)
        down = cv2.filter2D(smooth, cv2.CV_32F, kernel.T)
        return np.asarray(cv2.merge([self.depth_mm.astype(np.float32), right, down]), np.float32)

    def points(self, where: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(n, 3) float32, camera frame: the surface at the pixels of a mask, row by row."""
        rows, columns = np.nonzero(where)
        z = self.depth_mm[rows, columns]
        camera = self.intrinsics
        x = (columns.astype(np.float32) - np.float32(camera.cx_px)) * z / np.float32(camera.focal_px)
        y = (rows.astype(np.float32) - np.float32(camera.cy_px)) * z / np.float32(camera.focal_px)
        return np.stack([x, y, z], axis=-1)

    def normals(self, where: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(n, 3) float32 unit vectors, camera frame, towards the outside; as `points`, NaN at the rim."""
        rows, columns = np.nonzero(where)
        z, right, down = self._slopes[rows, columns].T
        away = self._gradient(columns.astype(np.float32), rows.astype(np.float32), z, right, down)
        return -away / np.linalg.norm(away, axis=-1, keepdims=True)

    def offsets(self, points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far points (n, 3) of the camera frame lie outside the surface (to first order), and its normals there.

        Returns (n,) mm and (n, 3) outward unit vectors; NaN where the camera sees no surface, or too obliquely.
        """
        u, v = self._pixels(points)
        depth, right, down = self._look(u, v)
        away = self._gradient(u, v, depth, right, down).astype(np.float64)
        length = np.linalg.norm(away, axis=-1)
        outside = (depth - points[:, 2]) / length
        camera = self.intrinsics
        pixels = np.stack([u - camera.cx_px, v - camera.cy_px], axis=-1) / camera.focal_px
        sight = np.c_[pixels, np.ones_like(u)]
        oblique = (away * sight).sum(-1) < MIN_COSINE * length * np.linalg.norm(sight, axis=-1)
        return np.where(oblique, np.nan, outside), -away / length[:, None]

    def meet(self, points: NDArray[np.floating], directions: NDArray[np.floating], reach: float) -> NDArray[np.float32]:
        """Where lines meet the surface: (n,) float32 multiples s of their directions, nearest to their points.

        points, directions : (n, 3) camera frame; a direction's length is what one unit of s is. reach : largest |s|.
        NaN where a line meets nothing within reach, or the surface too obliquely. Newton's method on the depth map.
        """
        p, d = points.astype(np.float32), directions.astype(np.float32)
        length = np.linalg.norm(d, axis=-1)
        longest = np.float32(LONGEST_STEP_MM) / length
        s = np.zeros(len(p), np.float32)
        step, steep = np.full(len(p), np.inf, np.float32), np.zeros(len(p), np.float32)
        camera = self.intrinsics
        for _ in range(MEETING_ROUNDS):
            x, y, z = (p + s[:, None] * d).T
            u = x / z * np.float32(camera.focal_px) + np.float32(camera.cx_px)
            v = y / z * np.float32(camera.focal_px) + np.float32(camera.cy_px)
            depth, right, down = self._look(u, v)
            away = self._gradient(u, v, z, right, down)
            steep = np.einsum("ij,ij->i", away, d)
            step = np.clip((depth - z) / steep, -longest, longest)
            s = s + step
            oblique = np.abs(steep) < MIN_COSINE * length * np.linalg.norm(away, axis=-1)
        missed = ~(np.abs(step) * length < SETTLED_MM) | ~(np.abs(s) <= reach) | oblique
        s[missed] = np.nan
        return s

    def _pixels(self, points: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        u, v = self.intrinsics.project(points).T.astype(np.float32)
        return u, v

    def _look(self, u: NDArray[np.float32], v: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Depth and slopes (n,) each, bilinear, at pixels u, v (n,); NaN beyond the surface."""
        count = len(u)
        shape = (-(-count // ROW), ROW)
        grids = [np.resize(np.nan_to_num(axis, nan=-9.0), shape) if count else np.zeros((0, ROW)) for axis in (u, v)]
        found = cv2.remap(
            self._slopes, grids[0], grids[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
            borderValue=(np.nan, np.nan, np.nan, np.nan),
        )  # fmt: skip
        depth, right, down = found.reshape(-1, 3)[:count].T
        return depth, right, down

    def _gradient(
        self,
        u: NDArray[np.float32],
        v: NDArray[np.float32],
        z: NDArray[np.floating],
        right: NDArray[np.float32],
        down: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """(n, 3) gradient of z - depth(u, v) in space, at pixel u, v and depth z; points away from the viewer."""
        camera = self.intrinsics
        per_mm = np.float32(camera.focal_px) / z
        forward = 1 + (right * (u - np.float32(camera.cx_px)) + down * (v - np.float32(camera.cy_px))) / z
        return np.stack([-right * per_mm, -down * per_mm, forward], axis=-1)
