"""Files: depth as PNG and NPY, statistics; cloud, surface and solid in the formats that other programs read."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image
from trimesh.visual.material import PBRMaterial, SimpleMaterial

from core.cloud import PointCloud
from core.measure.face import face_measures
from core.measure.statistics import (
    depth_statistics,
    histogram,
    relative_depth,
    shared_edges,
)
from core.reconstruction import Reconstruction
from core.solid import Solid
from core.surface import Surface

NOTHING = 0  # in depth.png: no depth here
LIGHT = np.array([-0.45, 0.55, 0.7]) / np.linalg.norm([-0.45, 0.55, 0.7])  # from the upper left, mesh frame
PLASTER = np.array([236, 230, 220])
JPEG_QUALITY = 90
THUMBNAIL_PX = 256
CREASE_DEG = 35.0  # in previews, edges sharper than this stay sharp
GLTF_PER_MM = 0.001  # glTF is in metres


def write_depth(reconstruction: Reconstruction, folder: Path) -> dict[str, float]:
    """Write `depth.npy` (float32 mm), `depth.png` (16 bit, near is white, 0 is nothing), `inverse_depth.npy`.

    Returns the depths in mm that the PNG's 65535 (near) and 1 (far) stand for.
    """
    depth, mask = reconstruction.depth_mm, reconstruction.mask
    near, far = float(depth[mask].min()), float(depth[mask].max())
    share = (far - np.where(mask, depth, far)) / max(far - near, 1e-6)
    levels = np.where(mask, 1 + np.round(share * 65534), NOTHING).astype(np.uint16)
    np.save(folder / "depth.npy", depth)
    np.save(folder / "inverse_depth.npy", reconstruction.inverse_depth)
    write_png(levels, folder / "depth.png")
    return {"near_mm": near, "far_mm": far}


def write_pictures(reconstruction: Reconstruction, folder: Path) -> None:
    """Write `crop.png`, `thumbnail.jpg`; transparent: `depth_preview.png` (cividis), `relief_preview.png` (plaster)."""
    write_png(reconstruction.crop_rgb, folder / "crop.png")
    thumbnail = Image.fromarray(reconstruction.crop_rgb).resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    thumbnail.save(folder / "thumbnail.jpg", quality=JPEG_QUALITY)
    mask = reconstruction.mask
    depth = np.where(mask, reconstruction.depth_mm, np.nanmax(reconstruction.depth_mm))
    low, high = np.percentile(depth[mask], [0.5, 99.5])
    level = (np.clip((high - depth) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)
    colour = cv2.applyColorMap(level, cv2.COLORMAP_CIVIDIS)[..., ::-1]
    write_png(_transparent(colour, mask), folder / "depth_preview.png")
    write_png(_transparent(_plaster(reconstruction), mask), folder / "relief_preview.png")


def _transparent(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)
    return np.asarray(np.concatenate([rgb, (alpha * mask * 255).astype(np.uint8)[..., None]], axis=2))


def _plaster(reconstruction: Reconstruction) -> NDArray[np.uint8]:
    """(S, S, 3) uint8: the depth as a plaster cast in soft light from the upper left."""
    depth, mask = reconstruction.depth_mm, reconstruction.mask
    filled = np.where(mask, depth, np.nanmax(depth)).astype(np.float32)
    mm_per_px = float(np.nanmedian(depth)) / reconstruction.intrinsics.focal_px
    down, right = np.gradient(cv2.GaussianBlur(filled, (0, 0), 1.0) / mm_per_px)
    normal = np.stack([right, -down, np.ones_like(down)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = 0.25 + 0.75 * np.clip(normal @ LIGHT, 0, 1) + 0.12 * normal[..., 1]
    return (np.clip(light[..., None] * PLASTER, 0, 255)).astype(np.uint8)


def statistics(reconstruction: Reconstruction) -> dict[str, Any]:
    """What `statistics.json` holds: mm behind the tip of the nose, or behind the nearest hundredth of a photo."""
    values = relative_depth(reconstruction)
    edges = shared_edges([values])
    measures = face_measures(reconstruction)
    has_face = reconstruction.landmarks_px is not None
    return {
        "unit": "mm",
        "reference": "behind the tip of the nose" if has_face else "behind the nearest hundredth of the picture",
        "scaled_to": "the assumed interpupillary distance" if has_face else "the assumed range of distances",
        **depth_statistics(values).to_dict(),
        "histogram": {"edges": edges.tolist(), "counts": histogram(values, edges).tolist()},
        "face": None if measures is None else vars(measures),
    }


def write_statistics(values: dict[str, Any], folder: Path) -> None:
    """Write `statistics.json` and `statistics.csv` (name, value, unit)."""
    write_json(values, folder / "statistics.json")
    units = {"count": "pixels", "skewness": ""}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["name", "value", "unit"])
    for name, value in values.items():
        if isinstance(value, (int, float)):
            table.writerow([name, value, units.get(name, "mm")])
    for name, value in (values["face"] or {}).items():
        table.writerow([f"face.{name.removesuffix('_mm')}", value, "mm"])
    (folder / "statistics.csv").write_text(text.getvalue(), "utf-8")


def write_cloud(cloud: PointCloud, path: Path) -> None:
    """Coloured points as binary PLY, mm."""
    trimesh.PointCloud(cloud.points_mm, colors=cloud.colours).export(path)


def textured_mesh(surface: Surface, texture: NDArray[np.uint8], material: str) -> trimesh.Trimesh:
    """The surface with its texture, in mm; material is 'pbr' (glTF) or 'simple' (OBJ)."""
    picture = Image.fromarray(texture)
    packed = io.BytesIO()
    picture.save(packed, "JPEG", quality=JPEG_QUALITY)
    picture = Image.open(packed)  # keeps its format, so that trimesh embeds JPEG and not a PNG several times its size
    skin: PBRMaterial | SimpleMaterial
    if material == "pbr":
        skin = PBRMaterial(baseColorTexture=picture, metallicFactor=0.0, roughnessFactor=0.9, doubleSided=True)
    else:
        skin = SimpleMaterial(image=picture)
    visual = trimesh.visual.TextureVisuals(uv=surface.uv, material=skin)
    return trimesh.Trimesh(surface.vertices_mm, surface.faces, visual=visual, process=False)


def write_surface(surface: Surface, texture: NDArray[np.uint8], folder: Path, formats: tuple[str, ...]) -> None:
    """Write `mesh.ply` (coloured, mm), `mesh.glb` (textured, metres), `mesh.zip` (OBJ, MTL, texture, mm), as asked."""
    if "ply" in formats:
        coloured_mesh(surface).export(folder / "mesh.ply")
    if "glb" in formats:
        mesh = textured_mesh(surface, texture, "pbr")
        mesh.apply_scale(GLTF_PER_MM)
        mesh.export(folder / "mesh.glb")
    if "obj" in formats:
        _write_obj_zip(textured_mesh(surface, texture, "simple"), folder / "mesh.zip")


def coloured_mesh(part: Surface | Solid) -> trimesh.Trimesh:
    """Vertices, faces and vertex colours, mm."""
    return trimesh.Trimesh(part.vertices_mm, part.faces, vertex_colors=part.colours, process=False)


def _write_obj_zip(mesh: trimesh.Trimesh, path: Path) -> None:
    text, materials = trimesh.exchange.obj.export_obj(mesh, return_texture=True, mtl_name="mesh.mtl")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        archive.writestr("mesh.obj", text)
        for name, data in materials.items():
            archive.writestr(name, data)


def write_solid_files(solid: Solid, folder: Path) -> dict[str, Any]:
    """Write `mesh.stl` (binary, mm) and `solid.glb` (for pages), and say of the STL as read back whether it prints.

    Returns size, volume, triangles and whether it is watertight: what `solid.json` holds beside its options.
    """
    body = trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False)
    data = trimesh.exchange.stl.export_stl(body)
    read_back = trimesh.load_mesh(io.BytesIO(data), file_type="stl")
    (folder / "mesh.stl").write_bytes(data)
    preview = trimesh.graph.smooth_shade(body, angle=np.radians(CREASE_DEG))
    preview.apply_scale(GLTF_PER_MM)
    preview.visual = trimesh.visual.TextureVisuals(
        material=PBRMaterial(baseColorFactor=[*PLASTER.tolist(), 255], metallicFactor=0.0, roughnessFactor=0.85)
    )
    preview.export(folder / "solid.glb", include_normals=True)
    return {
        "size_mm": [round(float(v), 3) for v in read_back.extents],
        "triangles": len(read_back.faces),
        "watertight": bool(read_back.is_watertight),
        "volume": bool(read_back.is_volume),
        "volume_cm3": round(float(read_back.volume) / 1000, 3),
        "scale": round(solid.scale, 5),
    }


def write_png(picture: NDArray[np.generic], path: Path) -> None:
    """(H, W[, 3 or 4]) uint8 RGB(A) or uint16 gray -> PNG."""
    Image.fromarray(picture).save(path, compress_level=4)


def write_json(values: dict[str, Any], path: Path) -> None:
    """UTF-8, indented; a NaN is an error."""
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
