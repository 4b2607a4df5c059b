"""A surface and a solid in the formats of other programs, without the rest of a face."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.files.face_files import solid_mesh, surface_mesh
from core.files.mesh_files import jpeg, write_3mf, write_glb, write_obj, write_plaster_glb, write_ply, write_stl
from core.mesh.normal_map import NormalMap
from core.mesh.surface import Surface
from core.options.run import FORMATS
from core.solid import Solid


def write_surface(
    surface: Surface,
    texture: NDArray[np.uint8],
    folder: Path,
    formats: tuple[str, ...],
    about: Mapping[str, str],
    relief: NormalMap | None = None,
    light: Surface | None = None,
) -> None:
    """Write the files `mesh.*` that the formats name; `light` is for the GLB."""
    pictures = jpeg(texture), None if relief is None else jpeg(relief.picture, subsampling=0)
    mesh = surface_mesh(surface, about, *pictures, relief)
    if "stl" in formats:
        write_stl(mesh, folder / "mesh.stl", is_surface=True)
    if "ply" in formats:
        write_ply(mesh, folder / "mesh.ply")
    if "glb" in formats:
        write_glb(surface_mesh(light or surface, about, *pictures, relief), folder / "mesh.glb")
    if "obj" in formats:
        write_obj(replace(mesh, tangents=None), folder / "mesh.zip")


def write_solid_files(
    solid: Solid,
    folder: Path,
    kind: str = "relief",
    about: Mapping[str, str] | None = None,
    picture: Path | None = None,
    formats: tuple[str, ...] = FORMATS,
) -> None:
    """Write `solid.stl`, `solid.glb` and those that the formats name."""
    mesh = solid_mesh(solid.vertices_mm, solid.faces, solid.colours, kind, about or {})
    write_stl(mesh, folder / "solid.stl")
    write_plaster_glb(mesh, folder / "solid.glb", stands=kind == "bust")
    if "3mf" in formats:
        write_3mf(mesh, folder / "solid.3mf", picture)
    if "ply" in formats:
        write_ply(mesh, folder / "solid.ply")
    if "obj" in formats:
        write_obj(mesh, folder / "solid.zip")
