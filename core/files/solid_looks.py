"""Second looks of a solid's preview: thin walls and overhang painted on it, a lithophane lit from behind."""

import io
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import trimesh
from numpy.typing import NDArray

from core.errors import FormatError
from core.files.facts import read_facts
from core.files.made import made
from core.files.mesh_files import GLTF_PER_MM, UPRIGHT, glb_of, srgb_to_linear
from core.options import Printer, SolidOptions
from core.preflight import hanging_places, thin_places
from core.solid import light_path_mm

Look = Literal["lit", "walls", "overhang"]
LOOKS: tuple[Look, ...] = get_args(Look)
SOLID_GLB = "solid.glb"
# sRGB of full light; the plaster's own light and shade stay in them
WEAK, LOST = (242, 178, 60), (214, 58, 44)
HALF_MM = 0.4  # half of the light is left after so much of an assumed white filament: what they say of theirs differs
LAMP = (255, 241, 219)  # sRGB of a warm white lamp through the thinnest place


def solid_look(folder: Path, look: Look) -> bytes:
    """The preview `solid.glb` of a face's folder in other colours, as GLB.

    walls : orange where a wall holds fewer than two lines of the nozzle, red where less than one. overhang : red where
    the surface leans over by more than 45 degrees. lit : a simulation, what light comes through each point's thickness.

    Raises
    ------
    FormatError
        There is no solid in the folder, or its preview is of an earlier version.
    """
    facts = read_facts(folder).solid
    path = folder / SOLID_GLB
    if facts is None:
        raise FormatError(f"There is no preview of a solid in {folder.name}. Make the solid first.")
    data = path.read_bytes() if path.is_file() else made(folder, SOLID_GLB)
    scene: Any = trimesh.load(io.BytesIO(data), file_type="glb", process=False)
    (mesh,) = scene.geometry.values()
    options = facts.options
    vertices = np.asarray(mesh.vertices, np.float64) / GLTF_PER_MM
    if options.stands:
        vertices = vertices @ UPRIGHT[:3, :3]  # a turn's inverse is its transpose: back to z up from the bed
    shaded = getattr(mesh.visual, "vertex_attributes", {}).get("color")
    if shaded is None:
        raise FormatError(f"The preview in {folder.name} is of an earlier version. Make the solid again.")
    colours = shaded.copy()
    printer = facts.preflight.printer if facts.preflight else Printer(nozzle_mm=options.nozzle_mm)
    faces = np.asarray(mesh.faces)
    if look == "lit":
        colours[:, :3] = _lit(vertices, options)
    elif look == "walls":
        thin = thin_places(vertices, faces, printer)
        colours[:, :3] = _painted(_painted(colours[:, :3], thin == 1, WEAK), thin == 2, LOST)
    else:
        colours[:, :3] = _painted(colours[:, :3], hanging_places(vertices, faces, printer), LOST)
    mesh.visual.vertex_attributes["color"] = colours
    return glb_of(mesh, {"title": "Solid", "look": look}, f"solid-{look}")


def _painted(linear: NDArray[np.uint8], where: NDArray[np.bool_], srgb: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Colours (n, 3), linear, painted where they are to be; the light and shade of the plaster stays."""
    light = 0.35 + 0.65 * linear.max(1, keepdims=True) / 255.0
    paint = 255 * srgb_to_linear(np.array(srgb) / 255) * light
    return np.where(where[:, None], np.round(paint), linear).astype(np.uint8)


def _lit(vertices_mm: NDArray[np.float64], options: SolidOptions) -> NDArray[np.uint8]:
    """(n, 3) linear: the lamp's light through the plastic, falling by half every HALF_MM (Beer and Lambert)."""
    thinnest = 2 * options.nozzle_mm
    path = np.maximum(light_path_mm(vertices_mm, options), thinnest)
    light = 0.5 ** ((path - thinnest) / HALF_MM)
    return np.round(255 * light[:, None] * srgb_to_linear(np.array(LAMP) / 255)).astype(np.uint8)
