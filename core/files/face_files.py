"""Files: depth as PNG and NPY, statistics; cloud, surface and solid in the formats that other programs read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.csv_text import as_csv
from core.files.colours import DIVERGING, coloured
from core.files.facts import DepthPngFacts
from core.files.mesh_files import (
    JPEG_QUALITY,
    Mesh,
    write_points,
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
from core.together import together

NOTHING = 0  # in depth.png: no depth here
THUMBNAIL_PX = 256
POSTER_BLUR_PX = 0.5  # sharp, for lids and hair; the cells of a network's own map of 192 pixels or so just show


def maps(reconstruction: Reconstruction) -> dict[str, NDArray[np.generic]]:
    """The maps that lie in a face's folder, each as `NAME.npy` or all of them packed.

    depth : float32 mm. inverse_depth : the network's own; prior : the face network's, where it is another.
    fine_relief : float16 mm, where it was asked for. sensor : float32, what came with the photo, where any did.
    """
    found: dict[str, NDArray[np.generic]] = {
        "depth": reconstruction.depth_mm,
        "inverse_depth": reconstruction.inverse_depth,
    }
    if reconstruction.relief is not None and reconstruction.relief is not reconstruction.inverse_depth:
        found["prior"] = reconstruction.relief
    if reconstruction.fine_relief is not None:
        found["fine_relief"] = reconstruction.fine_relief.astype(np.float16)
    if reconstruction.sensor is not None:
        found["sensor"] = reconstruction.sensor.nearness
    return found


def depth_range(reconstruction: Reconstruction) -> DepthPngFacts:
    """Return the depths in mm that `depth.png`'s 65535 (near) and 1 (far) stand for."""
    depth = reconstruction.depth_mm[reconstruction.mask]
    return DepthPngFacts(near_mm=float(depth.min()), far_mm=float(depth.max()))


def write_depth_png(reconstruction: Reconstruction, path: Path) -> None:
    """Depth in 16 bits: near is white, 0 is nothing."""
    depth, mask, ends = reconstruction.depth_mm, reconstruction.mask, depth_range(reconstruction)
    near, far = ends.near_mm, ends.far_mm
    share = (far - np.where(mask, depth, far)) / max(far - near, 1e-6)
    write_png(np.where(mask, 1 + np.round(share * 65534), NOTHING).astype(np.uint16), path)


def write_pictures(reconstruction: Reconstruction, folder: Path) -> None:
    """Write `crop.png`, `thumbnail.jpg`; transparent: `depth_preview.png` (cividis), `relief_preview.png` (plaster).

    `mask.png` is the head's soft mask (8 bit, 128 and more is head). The plaster has the fine relief.
    `plain_preview.png`, too, is plaster: of the depth before the prior's shape, the smoothing and the fine relief.
    Where depth came with the photo and was used, `sensor_preview.png` is plaster of that alone, and
    `apart_preview.png` shows how much nearer the network's is, on a scale of which the facts tell the end.
    """
    mask, plain_mm, edge = reconstruction.mask, reconstruction.plain_mm, _soft_edge(reconstruction)

    def put(colours: NDArray[np.uint8], name: str) -> None:
        write_png(np.dstack([colours, edge]), folder / name)

    def put_photo() -> None:
        write_png(reconstruction.crop_rgb, folder / "crop.png")
        if reconstruction.coverage is not None:
            write_png(reconstruction.coverage, folder / "mask.png")
        crop = Image.fromarray(reconstruction.crop_rgb)
        thumbnail = crop.resize((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
        thumbnail.save(folder / "thumbnail.jpg", quality=JPEG_QUALITY)
        put(_coloured(reconstruction), "depth_preview.png")

    def put_plaster() -> None:
        carved = reconstruction.depth_mm - reconstruction.drawn_mm(mask.shape[0])
        put(_plaster(reconstruction, carved), "relief_preview.png")

    def put_plain() -> None:
        if plain_mm is not None:
            put(_plaster(reconstruction, plain_mm), "plain_preview.png")

    def put_sensor() -> None:
        sensor_mm, told = reconstruction.sensor_mm, reconstruction.facts.sensor
        if sensor_mm is None or plain_mm is None or told is None or told.scale_mm is None:
            return
        there = np.isfinite(sensor_mm) & mask
        shown = plaster_picture(-sensor_mm, _pixel_mm(reconstruction, sensor_mm), there, POSTER_BLUR_PX)
        write_png(np.dstack([shown, np.where(there, edge, 0)]), folder / "sensor_preview.png")
        apart = coloured(sensor_mm - plain_mm, -told.scale_mm, told.scale_mm, DIVERGING)
        write_png(np.dstack([apart[..., :3], np.where(there, edge, 0)]), folder / "apart_preview.png")

    together(put_plaster, put_plain, put_photo, put_sensor)


def _coloured(reconstruction: Reconstruction) -> NDArray[np.uint8]:
    """(S, S, 3) uint8: the depth in cividis, near is bright."""
    mask = reconstruction.mask
    depth = np.where(mask, reconstruction.depth_mm, np.nanmax(reconstruction.depth_mm))
    low, high = np.percentile(depth[mask], [0.5, 99.5])
    level = (np.clip((high - depth) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)
    return cv2.applyColorMap(level, cv2.COLORMAP_CIVIDIS)[..., ::-1]


def _soft_edge(reconstruction: Reconstruction) -> NDArray[np.uint8]:
    """(S, S) uint8: 255 in the head, fading to 0 at the rim of the mask."""
    mask, coverage = reconstruction.mask, reconstruction.coverage
    if coverage is None or (mask & (coverage < 128)).any():  # an earlier version's, or the background is kept
        return np.asarray(255 * cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8) * mask, dtype=np.uint8)
    return np.where(mask, 2 * np.maximum(coverage, 128).astype(int) - 255, 0).clip(0, 255).astype(np.uint8)


def _plaster(reconstruction: Reconstruction, depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(S, S, 3) uint8: a depth of the reconstruction as a plaster cast."""
    return plaster_picture(-depth, _pixel_mm(reconstruction, depth), reconstruction.mask, POSTER_BLUR_PX)


def _pixel_mm(reconstruction: Reconstruction, depth: NDArray[np.float32]) -> float:
    return float(reconstruction.intrinsics.pixel_mm(float(np.nanmedian(depth))))


def statistics(reconstruction: Reconstruction) -> dict[str, Any]:
    """What `statistics.json` holds: mm behind the tip of the nose, or behind the nearest hundredth of a photo."""
    values = relative_depth(reconstruction)
    edges = shared_edges([values])
    measures, why = face_measures(reconstruction), withheld(reconstruction)
    return {
        "unit": "mm",
        "reference": reconstruction.facts.behind,
        "scaled_to": reconstruction.facts.scaled_to or "nothing: the depth was measured",
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
    rows = [["name", "value", "unit"]]
    rows += [[one.key, values[one.key], one.unit] for one in chosen(DEPTHS, Place.FILES)]
    if values["face"] is not None:
        rows += [[f"face.{one.key.removesuffix('_mm')}", values["face"][one.key], one.unit] for one in MEASURES]
    for region, found in values["regions"].items():
        rows += [[f"{region}.{one.key}", found[one.key], one.unit] for one in chosen(DEPTHS, Place.FILES)]
    (folder / "statistics.csv").write_text(as_csv(rows), "utf-8")


def write_cloud(cloud: PointCloud, path: Path, about: Mapping[str, str] | None = None) -> None:
    """Coloured points as binary PLY, mm. about : what the millimetres rest on."""
    no_faces = np.empty((0, 3), np.int32)
    title = f"Points of {(about or {}).get('photo', 'a face')}"
    write_points(
        Mesh(cloud.points_mm.astype(np.float64), no_faces, cloud.colours, title=title, about=about or {}), path
    )


def surface_mesh(
    surface: Surface,
    about: Mapping[str, str],
    texture: bytes,
    normal_map: bytes | None = None,
    relief: NormalMap | None = None,
) -> Mesh:
    """A surface as its files have it. about : what the millimetres rest on. normal_map : the picture of the relief."""
    normals, tangents = relief.of(surface) if relief else (None, None)
    return Mesh(
        surface.vertices_mm, surface.faces, surface.colours, surface.uv, texture, _title("Surface", about), about,
        normals, tangents, normal_map,
    )  # fmt: skip


def solid_mesh(
    vertices_mm: NDArray[np.floating], faces: NDArray[np.int32], colours: NDArray[np.uint8], kind: str,
    about: Mapping[str, str],
) -> Mesh:  # fmt: skip
    """A solid of a kind as its files have it."""
    title = _title(kind.capitalize(), about)
    return Mesh(vertices_mm.astype(np.float64), faces, colours, title=title, about=about)


def _title(what: str, about: Mapping[str, str]) -> str:
    return f"{what} of {about['photo']}" if "photo" in about else what


def write_png(picture: NDArray[np.generic], path: Path) -> None:
    """(H, W[, 3 or 4]) uint8 RGB(A) or uint16 gray -> PNG."""
    Image.fromarray(picture).save(path, compress_level=4)
