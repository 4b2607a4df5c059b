"""A face's points and surface, read for the views in 3D; kept in memory while the files do not change."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

import core


@lru_cache(maxsize=4)
def points(folder: Path, _changed: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Read cloud.ply: (n, 3) float32 mm in the mesh frame, (n, 3) uint8 RGB."""
    cloud: Any = trimesh.load(folder / "cloud.ply")
    return np.asarray(cloud.vertices, np.float32), np.asarray(cloud.colors, np.uint8)[:, :3]


@lru_cache(maxsize=4)
def surface(folder: Path, _changed: int) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.uint8]]:
    """Read mesh.ply: vertices (n, 3) float32 mm in the mesh frame, triangles (m, 3) int32, colours (n, 3) uint8 RGB."""
    mesh: Any = trimesh.load(folder / "mesh.ply", process=False)
    colours = np.asarray(mesh.visual.vertex_colors, np.uint8)[:, :3]
    return np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32), colours


@lru_cache(maxsize=4)
def plaster(folder: Path, changed: int) -> NDArray[np.uint8]:
    """Colours (n, 3) uint8 RGB of the same vertices in plaster, with its light and shade."""
    vertices, triangles, _ = surface(folder, changed)
    return core.mesh.mesh_colours(vertices, triangles)
