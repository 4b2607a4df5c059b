"""Files: depth as PNG and NPY, statistics; cloud, surface and solid in the formats that other programs read."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.files.facts import DepthPngFacts
from core.files.mesh_files import (
    JPEG_QUALITY,
    Mesh,
    write_3mf,
    write_glb,
    write_obj,
    write_plaster_glb,
    write_ply,
    write_points,
    write_stl,
)
from core.geometry.reconstruction import Reconstruction
from core.json_files import write_json
from core.measure.face import face_measures, withheld
from core.measure.statistics import (
    depth_statistics,
    histogram,
    relative_depth,
    shared_edges,
    statistics_by_region,
)
from core.measure.table import DEPTHS, MEASURES, Place, chosen
from core.mesh.cloud import PointCloud
from core.mesh.normal_map import NormalMap
from core.mesh.plaster import plaster_picture
from core.mesh.surface import Surface
from core.options.run import FORMATS
from core.solid import Solid

NOTHING = 0  # in depth.png: no depth here
THUMBNAIL_PX = 256
POSTER_BLUR_PX = 0.5  # sharp, for lids and hair; the cells of a network's own map of 192 pixels or so just show


def write_depth(reconstruction: Reconstruction, folder: Path) -> DepthPngFacts:
    """Write `depth.npy` (float32 mm), `depth.png` (16 bit, near is white, 0 is nothing), and what it came from.

    That is `inverse_depth.npy`, the network's own map; `prior.npy`, the face network's, where it is another; and
    `mask.png`, the head's soft mask (8 bit, 128 and more is head).

    Returns the depths in mm that the PNG's 65535 (near) and 1 (far) stand for.
    """
    depth, mask = reconstruction.depth_mm, reconstruction.mask
    near, far = float(depth[mask].min()), float(depth[mask].max())
    share = (far - np.where(mask, depth, far)) / max(far - near, 1e-6)
    levels = np.where(mask, 1 + np.round(share * 65534), NOTHING).astype(np.uint16)
    np.save(folder / "depth.npy", depth)
    np.save(folder / "inverse_depth.npy", reconstruction.inverse_depth)
    if reconstruction.relief is not None and reconstruction.relief is not reconstruction.inverse_depth:
        np.save(folder / "prior.npy", reconstruction.relief)
    if reconstruction.fine_relief is not None:
        np.save(folder / "fine_relief.npy", reconstruction.fine_relief.astype(np.float16))
    if reconstruction.coverage is not None:
        write_png(reconstruction.coverage, folder / "mask.png")
    write_png(levels, folder / "depth.png")
    return DepthPngFacts(near_mm=near, far_mm=far)


def write_pictures(reconstruction: Reconstruction, folder: Path) -> None:
    """Write `crop.png`, `thumbnail.jpg`; transparent: `depth_preview.png` (cividis), `relief_preview.png` (plaster).

    The plaster has the fine relief. `plain_preview.png`, too, is plaster: of the depth before the prior's shape, the
    smoothing and the fine relief.
    """
    write_png(reconstruction.crop_rgb, folder / "crop.png")
    thumbnail = Image.fromarray(reconstruction.crop_rgb).resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    thumbnail.save(folder / "thumbnail.jpg", quality=JPEG_QUALITY)
    mask = reconstruction.mask
    depth = np.where(mask, reconstruction.depth_mm, np.nanmax(reconstruction.depth_mm))
    low, high = np.percentile(depth[mask], [0.5, 99.5])
    level = (np.clip((high - depth) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)
    colour = cv2.applyColorMap(level, cv2.COLORMAP_CIVIDIS)[..., ::-1]
    edge = _soft_edge(reconstruction)
    write_png(np.dstack([colour, edge]), folder / "depth_preview.png")
    carved = reconstruction.depth_mm - reconstruction.drawn_mm(mask.shape[0])
    write_png(np.dstack([_plaster(reconstruction, carved), edge]), folder / "relief_preview.png")
    if reconstruction.plain_mm is not None:
        write_png(np.dstack([_plaster(reconstruction, reconstruction.plain_mm), edge]), folder / "plain_preview.png")


def _soft_edge(reconstruction: Reconstruction) -> NDArray[np.uint8]:
    """(S, S) uint8: 255 in the head, fading to 0 at the rim of the mask."""
    mask, coverage = reconstruction.mask, reconstruction.coverage
    if coverage is None or (mask & (coverage < 128)).any():  # an earlier version's, or the background is kept
        return np.asarray(255 * cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8) * mask, dtype=np.uint8)
    return np.where(mask, 2 * np.maximum(coverage, 128).astype(int) - 255, 0).clip(0, 255).astype(np.uint8)


def _plaster(reconstruction: Reconstruction, depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(S, S, 3) uint8: a depth of the reconstruction as a plaster cast."""
    pixel_mm = float(reconstruction.intrinsics.pixel_mm(float(np.nanmedian(depth))))
    return plaster_picture(-depth, pixel_mm, reconstruction.mask, POSTER_BLUR_PX)


def statistics(reconstruction: Reconstruction) -> dict[str, Any]:
    """What `statistics.json` holds: mm behind the tip of the nose, or behind the nearest hundredth of a photo."""
    values = relative_depth(reconstruction)
    edges = shared_edges([values])
    measures, why = face_measures(reconstruction), withheld(reconstruction)
    has_face = reconstruction.landmarks_px is not None
    return {
        "unit": "mm",
        "reference": reconstruction.facts.behind,
        "scaled_to": "the assumed interpupillary distance" if has_face else "the assumed range of distances",
        **depth_statistics(values).to_dict(),
        "histogram": {"edges": edges.tolist(), "counts": histogram(values, edges).tolist()},
        "face": None if measures is None else vars(measures),
        **({"withheld": why} if why else {}),
        "regions": {
            name: one.to_dict() for name, one in statistics_by_region(reconstruction).items() if name != "head"
        },
    }


def write_statistics(values: dict[str, Any], folder: Path) -> None:
    """Write `statistics.json` and `statistics.csv` (name, value, unit)."""
    write_json(values, folder / "statistics.json")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["name", "value", "unit"])
    table.writerows([one.key, values[one.key], one.unit] for one in chosen(DEPTHS, Place.FILES))
    if values["face"] is not None:
        table.writerows([f"face.{one.key.removesuffix('_mm')}", values["face"][one.key], one.unit] for one in MEASURES)
    for region, found in values["regions"].items():
        table.writerows([f"{region}.{one.key}", found[one.key], one.unit] for one in chosen(DEPTHS, Place.FILES))
    (folder / "statistics.csv").write_text(text.getvalue(), "utf-8")


def write_cloud(cloud: PointCloud, path: Path, about: Mapping[str, str] | None = None) -> None:
    """Coloured points as binary PLY, mm. about : what the millimetres rest on."""
    no_faces = np.empty((0, 3), np.int32)
    title = f"Points of {(about or {}).get('photo', 'a face')}"
    write_points(
        Mesh(cloud.points_mm.astype(np.float64), no_faces, cloud.colours, title=title, about=about or {}), path
    )


def write_surface(
    surface: Surface,
    texture: NDArray[np.uint8],
    folder: Path,
    formats: tuple[str, ...],
    about: Mapping[str, str],
    relief: NormalMap | None = None,
    light: Surface | None = None,
) -> None:
    """Write `mesh.stl` (mm), `mesh.ply` (coloured, mm), `mesh.glb` (textured, metres), `mesh.zip` (OBJ, MTL, PNG, mm).

    Those that `formats` names. about : what the millimetres rest on; every file carries it. relief : what GLB and OBJ
    are shaded by. light : the same surface of fewer triangles, for the GLB.
    """
    title = f"Surface of {about['photo']}" if "photo" in about else "Surface"
    mesh = Mesh(surface.vertices_mm, surface.faces, surface.colours, surface.uv, texture, title, about)
    if "stl" in formats:
        write_stl(mesh, folder / "mesh.stl", is_surface=True)
    if "ply" in formats:
        write_ply(mesh, folder / "mesh.ply")
    if "glb" in formats:
        write_glb(_shaded(mesh, light or surface, relief), folder / "mesh.glb")
    if "obj" in formats:
        write_obj(_shaded(mesh, surface, relief), folder / "mesh.zip")


def _shaded(mesh: Mesh, surface: Surface, relief: NormalMap | None) -> Mesh:
    """The mesh with a surface's triangles, and a normal map if there is one."""
    mesh = replace(mesh, vertices_mm=surface.vertices_mm, faces=surface.faces, colours=surface.colours, uv=surface.uv)
    if relief is None:
        return mesh
    normals, tangents = relief.of(surface)
    return replace(mesh, normals=normals, tangents=tangents, normal_map=relief.picture)


def write_solid_files(
    solid: Solid,
    folder: Path,
    kind: str = "relief",
    about: Mapping[str, str] | None = None,
    picture: Path | None = None,
    formats: tuple[str, ...] = FORMATS,
) -> None:
    """Write `solid.stl` and `solid.3mf`, `solid.ply` (coloured), `solid.zip` (OBJ), `solid.glb` (plaster, for pages).

    The STL is always written, since it is what is checked. formats : those to be written beside. about : what the
    millimetres rest on. picture : a PNG to know the 3MF by.
    """
    about = about or {}
    title = f"{kind.capitalize()} of {about['photo']}" if "photo" in about else kind.capitalize()
    mesh = Mesh(solid.vertices_mm, solid.faces, solid.colours, title=title, about=about)
    write_stl(mesh, folder / "solid.stl")
    write_plaster_glb(mesh, folder / "solid.glb", stands=kind == "bust")
    if "3mf" in formats:
        write_3mf(mesh, folder / "solid.3mf", picture)
    if "ply" in formats:
        write_ply(mesh, folder / "solid.ply")
    if "obj" in formats:
        write_obj(mesh, folder / "solid.zip")


def write_png(picture: NDArray[np.generic], path: Path) -> None:
    """(H, W[, 3 or 4]) uint8 RGB(A) or uint16 gray -> PNG."""
    Image.fromarray(picture).save(path, compress_level=4)
