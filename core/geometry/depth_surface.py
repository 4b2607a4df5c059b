"""A depth map as a surface in space: its points and normals, how far a point lies from it, where a line meets it."""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from core.geometry.camera import Intrinsics
from core.geometry.reconstruction import Reconstruction

SMOOTHING = 1 / 340  # of the side: the normals are those of the surface blurred so much, else noise turns them
MARGIN_PX = 2
ROW = 1024  # points are looked up in rows of so many: OpenCV takes no longer ones than 32767
MEETING_ROUNDS = 6
LONGEST_STEP_MM = 12.0
SETTLED_MM = 0.02  # of a step; each is a Newton step, so what is left is far less
MIN_COSINE = 0.2  # a surface seen or met more obliquely (78 degrees) is not known there

Column = NDArray[np.float32]


@dataclass(frozen=True)
class DepthSurface:
    """depth_mm : (H, W) float32, z of the camera frame, NaN where there is none. intrinsics : of its pixels.

    Inside, all is in the frame of the camera's axis, where a pixel's place is linear in its depth; what comes in and
    goes out is turned.
    """

    depth_mm: NDArray[np.float32]
    intrinsics: Intrinsics

    @classmethod
    def of(cls, reconstruction: Reconstruction) -> "DepthSurface":
        """The surface of a head, in its camera frame."""
        return cls(reconstruction.head_depth_mm, reconstruction.intrinsics)

    @cached_property
    def _turn(self) -> NDArray[np.float32]:
        return self.intrinsics.turn.astype(np.float32)

    @cached_property
    def _axial(self) -> tuple[NDArray[np.float32], Intrinsics]:
        """Depth along the camera's axis, and the camera that looks there."""
        camera = replace(self.intrinsics, sight=(0.0, 0.0, 1.0))
        if camera == self.intrinsics:
            return self.depth_mm, camera
        return (self.depth_mm / self.intrinsics.depth_per_axial(self.depth_mm.shape)).astype(np.float32), camera

    @cached_property
    def _corner(self) -> tuple[int, int]:
        """Row and column of `_slopes`' first pixel: only the box in which there is depth is kept."""
        return self._box[0].start, self._box[1].start

    @cached_property
    def _box(self) -> tuple[slice, slice]:
        known = np.isfinite(self.depth_mm)
        spans = []
        for axis in (1, 0):
            there = np.flatnonzero(known.any(axis))
            first, last = (int(there[0]), int(there[-1])) if len(there) else (0, 0)
            spans.append(slice(max(0, first - MARGIN_PX), last + 1 + MARGIN_PX))
        return spans[0], spans[1]

    @cached_property
    def _slopes(self) -> NDArray[np.float32]:
        """(h, w, 3) float32: depth, and the slopes of the smoothed depth in mm per pixel to the right and down."""
        depth = np.ascontiguousarray(self._axial[0][self._box], np.float32)
        known = np.isfinite(depth)
        sigma = max(0.5, self.depth_mm.shape[0] * SMOOTHING)
        blurred = cv2.GaussianBlur(np.where(known, depth, np.float32(0)), (0, 0), sigma)
        weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)
        smooth = np.where(known, blurred / np.maximum(weight, np.float32(1e-6)), np.float32(np.nan))
        kernel = np.array([[-0.5, 0, 0.5]], np.float32)
        right = cv2.filter2D(smooth, cv2.CV_32F, kernel)
        down = cv2.filter2D(smooth, cv2.CV_32F, kernel.T)
        return np.asarray(cv2.merge([depth, right, down]), np.float32)

    def points(self, where: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(n, 3) float32, camera frame: the surface at the pixels of a mask, row by row."""
        rows, columns = np.nonzero(where)
        depth, camera = self._axial
        z = depth[rows, columns]
        across = self._pixel_mm(z)
        x = (columns.astype(np.float32) - np.float32(camera.cx_px)) * across
        y = (rows.astype(np.float32) - np.float32(camera.cy_px)) * across
        return np.stack([x, y, z], axis=-1) @ self._turn.T

    def normals(self, where: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(n, 3) float32 unit vectors, camera frame, towards the outside; as `points`, NaN at the rim."""
        rows, columns = np.nonzero(where & np.isfinite(self.depth_mm))
        top, left = self._corner
        z, right, down = self._slopes[rows - top, columns - left].T
        x, y, z = self._gradient(columns.astype(np.float32), rows.astype(np.float32), z, right, down)
        return -np.stack([x, y, z], axis=-1) @ self._turn.T / np.sqrt(x * x + y * y + z * z)[:, None]

    def offsets(self, points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far points (n, 3) of the camera frame lie outside the surface (to first order), and its normals there.

        Returns (n,) mm and (n, 3) outward unit vectors; NaN where the camera sees no surface, or too obliquely.
        """
        camera, points = self._axial[1], points @ self.intrinsics.turn
        u, v = camera.project(points).T.astype(np.float32)
        depth, right, down = self._look(u, v)
        x, y, z = self._gradient(u, v, depth, right, down)
        length = np.sqrt(x * x + y * y + z * z)
        outside = (depth - points[:, 2]) / length
        is_wide = np.float32(camera.mm_per_px is None)  # the rays of an orthographic camera are parallel
        across, along = (is_wide * (n - c) / camera.focal_px for n, c in ((u, camera.cx_px), (v, camera.cy_px)))
        cosine = (x * across + y * along + z) / (length * np.sqrt(1 + across**2 + along**2))
        normal = np.stack([x, y, z], axis=-1) @ self._turn.T / -length[:, None]
        return np.where(cosine > MIN_COSINE, outside, np.nan).astype(np.float64), normal.astype(np.float64)

    def meet(self, points: NDArray[np.floating], directions: NDArray[np.floating], reach: float) -> NDArray[np.float32]:
        """Where lines meet the surface: (n,) float32 multiples s of their directions, near their points.

        points, directions : (n, 3) camera frame; a direction's length is what one unit of s is. reach : largest |s|.
        NaN where a line meets nothing within reach, or the surface too obliquely. Newton's method on the depth map.
        """
        place, way = (
            np.ascontiguousarray(self.intrinsics.turn.T @ each.T, np.float32) for each in (points, directions)
        )
        camera = self._axial[1]
        cx, cy, is_wide = np.float32(camera.cx_px), np.float32(camera.cy_px), np.float32(camera.mm_per_px is None)
        result = np.full(place.shape[1], np.nan, np.float32)
        left = np.arange(place.shape[1])
        s = np.zeros(len(left), np.float32)
        for _ in range(MEETING_ROUNDS):
            x, y, z = place + s * way
            across = self._pixel_mm(z)
            u, v = x / across + cx, y / across + cy
            depth, right, down = self._look(u, v)
            gx, gy, gz = self._gradient(u, v, z, right, down)
            steep = gx * way[0] + gy * way[1] + gz * way[2]
            length = np.sqrt(way[0] ** 2 + way[1] ** 2 + way[2] ** 2)
            longest = np.float32(LONGEST_STEP_MM) / length
            step = np.clip((depth - z) / steep, -longest, longest)
            s = s + step
            settled = np.abs(step) * length < SETTLED_MM
            least = np.float32(MIN_COSINE) * np.sqrt(gx * gx + gy * gy + gz * gz)
            rx, ry = is_wide * x, is_wide * y
            facing = (gx * rx + gy * ry + gz * z) > least * np.sqrt(rx * rx + ry * ry + z * z)
            straight = facing & (np.abs(steep) > least * length)
            met = settled & straight & (np.abs(s) <= reach)
            result[left[met]] = s[met]
            going = ~settled & np.isfinite(s)
            if not going.any():
                break
            place, way, left, s = place[:, going], way[:, going], left[going], s[going]
        return result

    def _look(self, u: Column, v: Column) -> tuple[Column, Column, Column]:
        """Depth and slopes (n,) each, bilinear, at pixels u, v (n,); NaN beyond the surface."""
        count = len(u)
        top, left = self._corner
        grids = np.full((2, -(-max(count, 1) // ROW), ROW), -9, np.float32)
        flat = grids.reshape(2, -1)
        np.subtract(u, np.float32(left), out=flat[0, :count])
        np.subtract(v, np.float32(top), out=flat[1, :count])
        flat[~np.isfinite(flat)] = -9
        found = cv2.remap(
            self._slopes, grids[0], grids[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
            borderValue=(np.nan, np.nan, np.nan, np.nan),
        )  # fmt: skip
        depth, right, down = np.ascontiguousarray(found.reshape(-1, 3)[:count].T)
        return depth, right, down

    def _gradient(
        self, u: Column, v: Column, z: NDArray[np.floating], right: Column, down: Column
    ) -> tuple[Column, Column, Column]:
        """x, y, z (n,) of the gradient of z - depth(u, v) in space, at pixel u, v and depth z; away from the viewer."""
        camera = self._axial[1]
        per_mm = np.float32(-1) / self._pixel_mm(z)
        if camera.mm_per_px is not None:
            return right * per_mm, down * per_mm, np.ones(len(per_mm), np.float32)
        cx, cy = np.float32(camera.cx_px), np.float32(camera.cy_px)
        nearness = np.float32(1) / z.astype(np.float32, copy=False)
        forward = np.float32(1) + (right * (u - cx) + down * (v - cy)) * nearness
        return right * per_mm, down * per_mm, forward

    def _pixel_mm(self, z: NDArray[np.floating]) -> NDArray[np.float32]:
        """(n,) float32: what a pixel is across at depth z (n,)."""
        return self._axial[1].pixel_mm(z).astype(np.float32)
