"""Bytes of a scan's file -> its triangles with their colours, by trimesh, within limits."""

import io
import json
import logging
import re
import struct
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image

from core.errors import PhotoError
from core.scan.formats import NAMES, kind_of
from core.scan.limits import ScanLimits
from core.storage import refusal

MOST_TEXTURE_PX = 100 * 10**6  # of all textures of a scan together
STAND_IN_PX = 4  # of the gray picture that trimesh gives where one is missing
PICTURES = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")  # of a texture: formats that Pillow decodes by itself
COMPRESSED = ("KHR_draco_mesh_compression", "EXT_meshopt_compression")
BESIDE = (".mtl", ".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")  # what an OBJ or a PLY may name
MOST_ELEMENTS = 3  # vertices for each triangle: an STL has as many

_silence = threading.Lock()  # Python has one list of warnings for all threads
logging.getLogger("trimesh").setLevel(logging.CRITICAL)  # what it cannot read is said in our sentences


@dataclass(frozen=True)
class Triangles:
    """The surface of a scan.

    points : (N, 3) float64, the file's own unit and axes. faces : (M, 3) int64 into them.
    rgb : (N, 3) uint8, sRGB; None where the scan has no colours.
    uv : (N, 2) float32, 0 to 1, v up; texture_of : (M,) int16, the texture of each face, -1 for none. Both None where
    there are no textures. textures : (H, W, 3) uint8, sRGB, each.
    left_out : triangles that were left out because a corner of theirs is no place.
    """

    points: NDArray[np.float64]
    faces: NDArray[np.int64]
    rgb: NDArray[np.uint8] | None = None
    uv: NDArray[np.float32] | None = None
    texture_of: NDArray[np.int16] | None = None
    textures: tuple[NDArray[np.uint8], ...] = ()
    left_out: int = 0

    @property
    def has_colours(self) -> bool:
        """Whether any place has a colour of its own."""
        return self.rgb is not None or bool(self.textures)


def read_triangles(source: bytes | Path, name: str, limits: ScanLimits) -> tuple[Triangles, bytes]:
    """The triangles of a scan's file, and its bytes. Of several meshes in one file all, each where the file places it.

    source : its bytes, or its path; then a material and textures in the same folder are read, too, and nothing else.

    Raises
    ------
    PhotoError
        The file cannot be read, is broken, too large, holds no triangles, or is packed in a way that is not read.
    """
    data = _bytes(source, name, limits)
    kind = kind_of(data, name)
    if kind is None:
        raise PhotoError(f"{name} is no scan that can be read. Use a {NAMES} file.")
    if kind == "glb":
        _check_glb(data, name, limits)
    elif kind == "ply":
        _check_ply(data, name, limits)
    elif kind == "stl" and data[:5].lower() == b"solid" and b"facet" in data[:1000]:
        kind = "stl_ascii"
    beside = _Beside(source.parent if isinstance(source, Path) else None)
    try:
        with _silence, warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            scene = trimesh.load_scene(
                io.BytesIO(data), file_type=kind, resolver=beside, process=False, maintain_order=True
            )
            _check_count(sum(_counts(scene)), name, limits)
            parts = [part for part in scene.dump() if isinstance(part, trimesh.Trimesh) and len(part.faces)]
            if parts:
                return _joined(parts, name), data
            points = any(len(getattr(one, "vertices", ())) for one in scene.geometry.values())
    except (PhotoError, MemoryError):
        raise
    except Exception as error:  # a reader may raise anything at bytes that it was not made for
        raise PhotoError(f"{name} is damaged or no {kind[:3].upper()} file. Export the scan again.") from error
    if points:
        raise PhotoError(
            f"{name} holds points without triangles. Make a mesh of them first, as MeshLab or CloudCompare do "
            "(Poisson reconstruction)."
        )
    raise PhotoError(f"{name} holds no triangles. Export the scan as a mesh.")


class _Beside(trimesh.resolvers.Resolver):
    """Gives what a scan names: plain names of materials and pictures in its own folder, or nothing at all."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, name: str) -> bytes:
        """Return the file's bytes."""
        plain = name.strip().removeprefix("./")
        if self._folder is None or not re.fullmatch(r"[^/\\:\0]+", plain) or not plain.lower().endswith(BESIDE):
            raise FileNotFoundError(name)
        path = self._folder / plain
        if path.is_symlink() or not path.is_file() or path.stat().st_size > ScanLimits.max_bytes:
            raise FileNotFoundError(name)
        return path.read_bytes()

    def write(self, name: str, data: bytes) -> None:  # noqa: ARG002 - as above
        """Refuse: nothing is written beside a scan."""
        raise PermissionError(name)

    def keys(self) -> list[str]:
        """Return no names: only what the scan itself names is given."""
        return []

    def namespaced(self, namespace: str) -> "_Beside":  # noqa: ARG002 - trimesh's signature
        """Return what gives nothing: a folder of the folder is not read."""
        return _Beside(None)


def _bytes(source: bytes | Path, name: str, limits: ScanLimits) -> bytes:
    try:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        limits.check_size(name, size)
        return source.read_bytes() if isinstance(source, Path) else source
    except OSError as error:
        raise PhotoError(f"{name} cannot be opened: {refusal(error) or error}") from error


def _check_count(count: int, name: str, limits: ScanLimits) -> None:
    if count > limits.max_triangles:
        raise PhotoError(
            f"{name} has {count / 1e6:.1f} million triangles, over the limit of {limits.max_triangles / 1e6:g} "
            "million. Reduce them."
        )


def _counts(scene: Any) -> Iterator[int]:
    """Triangles of each place in which a mesh stands: a small file may place one a million times."""
    for node in scene.graph.nodes_geometry:
        yield len(getattr(scene.geometry[scene.graph[node][1]], "faces", ()))


def _check_glb(data: bytes, name: str, limits: ScanLimits) -> None:
    """Refuse a GLB that is packed, lies in several files, or claims more than it can hold."""
    try:
        length = struct.unpack_from("<I", data, 12)[0]
        said = json.loads(data[20 : 20 + length])
        packed = [one for one in said.get("extensionsRequired", []) if one in COMPRESSED]
        elsewhere = [
            one["uri"] for one in said.get("buffers", []) if not one.get("uri", "data:").lower().startswith("data:")
        ]
        most = max((one["count"] for one in said.get("accessors", [])), default=0)
        nodes = len(said.get("nodes", []))
    except (struct.error, ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        raise PhotoError(f"{name} is damaged or no GLB file. Export the scan again.") from error
    if packed:
        raise PhotoError(f"{name} is compressed by {packed[0]}, which is not read. Export it without compression.")
    if elsewhere:
        raise PhotoError(f"{name} needs another file beside it. Export it as one GLB file that holds all.")
    _check_count(int(most) // MOST_ELEMENTS, name, limits)
    if nodes > 10000:
        raise PhotoError(f"{name} has {nodes} parts. Join them to one mesh.")


def _check_ply(data: bytes, name: str, limits: ScanLimits) -> None:
    """Refuse a PLY whose header claims more than the file can hold."""
    header = data[: data.find(b"end_header")] if b"end_header" in data[:100000] else b""
    counts = {key: int(count) for key, count in re.findall(rb"element\s+(\w+)\s+(\d{1,18})\b", header)}
    if not header or not counts:
        raise PhotoError(f"{name} is damaged or no PLY file. Export the scan again.")
    _check_count(counts.get(b"face", 0), name, limits)
    if max(counts.values()) > len(data):
        raise PhotoError(f"{name} is damaged: it ends before the scan is complete. Use an intact copy.")


def _joined(parts: list[Any], name: str) -> Triangles:
    """All meshes of a file as one."""
    first = np.cumsum([0, *(len(part.vertices) for part in parts)])
    points = np.concatenate([np.asarray(part.vertices, np.float64) for part in parts])
    faces = np.concatenate([np.asarray(part.faces, np.int64) + at for part, at in zip(parts, first, strict=False)])
    for part in parts:
        if part.faces.min() < 0 or part.faces.max() >= len(part.vertices):
            raise PhotoError(f"{name} is damaged: its triangles name points that it does not hold. Use an intact copy.")
    textures: list[NDArray[np.uint8]] = []
    uv, texture_of = np.zeros((len(points), 2), np.float32), np.full(len(faces), -1, np.int16)
    rgb, is_coloured, face_at = np.full((len(points), 3), 200, np.uint8), False, 0
    for part, at in zip(parts, first, strict=False):
        texture, own = _texture(part), _vertex_rgb(part)
        if texture is not None and len(textures) < np.iinfo(np.int16).max:
            uv[at : at + len(part.vertices)] = np.nan_to_num(part.visual.uv[:, :2])
            texture_of[face_at : face_at + len(part.faces)] = len(textures)
            textures.append(texture)
            if sum(one.shape[0] * one.shape[1] for one in textures) > MOST_TEXTURE_PX:
                raise PhotoError(
                    f"{name} has textures of more than {MOST_TEXTURE_PX / 1e6:.0f} megapixels. Reduce them."
                )
        elif own is not None:
            rgb[at : at + len(part.vertices)], is_coloured = own, True
        face_at += len(part.faces)
    there = np.isfinite(points).all(1) & (np.abs(points) < 1e30).all(1)
    kept = there[faces].all(1)
    if not kept.any():
        raise PhotoError(f"{name} is damaged: none of its triangles lies anywhere. Use an intact copy.")
    return Triangles(
        np.where(there[:, None], points, 0.0),
        faces[kept],
        rgb if is_coloured else None,
        uv if textures else None,
        texture_of[kept] if textures else None,
        tuple(textures),
        int(len(kept) - kept.sum()),
    )


def _texture(part: Any) -> NDArray[np.uint8] | None:
    """(H, W, 3) the picture that covers a mesh, or None."""
    uv, material = getattr(part.visual, "uv", None), getattr(part.visual, "material", None)
    image = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    if uv is None or len(uv) != len(part.vertices) or not isinstance(image, Image.Image):
        return None
    if image.width * image.height <= STAND_IN_PX:
        return None
    is_read = image.format is None or image.format in PICTURES
    if not is_read or image.width * image.height > MOST_TEXTURE_PX:
        return None
    try:
        return np.asarray(image.convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None  # a scan without its picture is still a scan


def _vertex_rgb(part: Any) -> NDArray[np.uint8] | None:
    """(N, 3) colours of a mesh's vertices or faces, or the one of its material; None where it has none."""
    visual = part.visual
    if visual.kind in ("vertex", "face") and visual.defined:
        colours = np.asarray(visual.vertex_colors)
        return colours[:, :3].astype(np.uint8) if colours.shape[0] == len(part.vertices) else None
    attributes: Mapping[str, Any] = getattr(visual, "vertex_attributes", {}) or {}
    colours = np.asarray(attributes.get("color", ()))
    if colours.ndim == 2 and len(colours) == len(part.vertices) and colours.shape[1] >= 3:
        return colours[:, :3].astype(np.uint8)
    return None
