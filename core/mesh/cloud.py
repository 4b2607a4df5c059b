"""Depth -> point cloud."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.geometry.reconstruction import Reconstruction
from core.mesh.colours import without_background


@dataclass(frozen=True)
class PointCloud:
    """points_mm : (n, 3) float32, mesh frame (x right, y up, z towards the viewer). colours : (n, 3) uint8."""

    points_mm: NDArray[np.float32]
    colours: NDArray[np.uint8]


def point_cloud(reconstruction: Reconstruction, max_points: int | None = None) -> PointCloud:
    """One point per pixel that has depth, or an even share of them of at most `max_points`."""
    rows, columns = np.nonzero(reconstruction.mask)
    if max_points is not None and len(rows) > max_points:
        keep = np.linspace(0, len(rows) - 1, max_points).astype(int)
        rows, columns = rows[keep], columns[keep]
    pixels = np.stack([columns, rows], axis=-1).astype(np.float64)
    points = reconstruction.intrinsics.unproject(pixels, reconstruction.depth_mm[rows, columns])
    colours = without_background(reconstruction.crop_rgb, reconstruction.mask)[rows, columns]
    return PointCloud(reconstruction.to_mesh_frame(points).astype(np.float32), colours)
