"""What a face's files are made from, and each file made from it: when it is written, and when it is asked for later."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import packing
from core.files import face_files
from core.files.catalog import SOLID_MESH, SURFACE_MESH, TEXTURE
from core.files.facts import SolidFacts, WrittenFacts, read_facts
from core.files.mesh_files import (
    Mesh,
    pictures_in_glb,
    write_3mf,
    write_obj,
    write_plaster_glb,
    write_ply,
    write_stl,
)
from core.geometry.reconstruction import Reconstruction, assumptions
from core.mesh.cloud import point_cloud
from core.mesh.surface import dressed
from core.options import SolidOptions

MODEL = "ICT-FaceKit light, (c) 2020 USC Institute for Creative Technologies, MIT"
GUESSED = f"fitted model, {MODEL}; what the photo does not show is guessed"
UNIT = 32767  # an int16 for a component of a normal: to a thousandth of a degree or so


@dataclass(frozen=True)
class KeptMesh:
    """Triangles as they are kept: rounded to what the formats hold, in the order that squeezes best.

    vertices_mm : (n, 3) float32, along a curve that stays near itself (Morton's). faces : (m, 3) int32, outward
    counter-clockwise, in the order of their first vertices. colours : (n, 3) uint8, of a solid. normals : (n, 3) int16,
    of `UNIT` length, of a surface with a normal map.
    """

    vertices_mm: NDArray[np.float32]
    faces: NDArray[np.int32]
    colours: NDArray[np.uint8] | None = None
    normals: NDArray[np.int16] | None = None

    @classmethod
    def of(
        cls,
        vertices_mm: NDArray[np.floating],
        faces: NDArray[np.int32],
        colours: NDArray[np.uint8] | None = None,
        normals: NDArray[np.floating] | None = None,
    ) -> "KeptMesh":
        """Round and order a mesh; of the same triangles the same comes."""
        order = np.argsort(_morton(vertices_mm), kind="stable")
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        corners = place[faces]
        first = corners.argmin(1)[:, None]
        corners = np.take_along_axis(corners, (first + np.arange(3)) % 3, axis=1)
        corners = corners[np.lexsort(corners.T[::-1])]
        rounded = None if normals is None else np.round(UNIT * normals[order]).astype(np.int16)
        return cls(vertices_mm[order].astype(np.float32), corners, None if colours is None else colours[order], rounded)

    def save(self, path: Path) -> None:
        """Write it packed."""
        faces = np.stack([self.faces[:, 0], *np.diff(self.faces, axis=1).T])
        arrays = {"vertices_mm": self.vertices_mm.T, "faces": faces, "colours": self.colours, "normals": self.normals}
        packing.save({name: array for name, array in arrays.items() if array is not None}, path)

    @classmethod
    def read(cls, path: Path) -> "KeptMesh":
        """Read back what `save` wrote."""
        arrays: dict[str, Any] = packing.read(path)
        faces = np.ascontiguousarray(np.cumsum(arrays["faces"], axis=0, dtype=np.int32).T)
        vertices = np.ascontiguousarray(arrays["vertices_mm"].T)
        return cls(vertices, faces, arrays.get("colours"), arrays.get("normals"))


def _morton(points: NDArray[np.floating]) -> NDArray[np.uint32]:
    """Places (n,) of points along Morton's curve through their x and y, each in 65536 steps."""
    low, span = points[:, :2].min(0), max(float(np.ptp(points[:, :2], axis=0).max()), 1e-9)
    spread = np.round((points[:, :2] - low) / span * 65535).astype(np.uint32)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        spread = (spread | (spread << np.uint32(shift))) & np.uint32(mask)
    return np.asarray(spread[:, 0] | (spread[:, 1] << np.uint32(1)))


class Parts:
    """What the files of a face are made from. Each part that is not set is read from its folder at its first use.

    Parameters
    ----------
    folder : of a face. It holds `relief_preview.png`, by which a 3MF is known.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def facts(self) -> WrittenFacts:
        """What is known of the face."""
        return read_facts(self.folder)

    @cached_property
    def about(self) -> dict[str, str]:
        """What its millimetres rest on."""
        return assumptions(self.facts)

    @cached_property
    def reconstruction(self) -> Reconstruction:
        """Its depth, camera and maps."""
        return Reconstruction.load(self.folder)

    @cached_property
    def pictures(self) -> tuple[bytes, bytes | None]:
        """Texture and normal map of its surface, as JPEG."""
        alone = self.folder / TEXTURE
        return (alone.read_bytes(), None) if alone.is_file() else pictures_in_glb(self.folder / "mesh.glb")

    @cached_property
    def surface(self) -> KeptMesh:
        """Its surface, mesh frame."""
        return KeptMesh.read(self.folder / SURFACE_MESH)

    @cached_property
    def solid(self) -> KeptMesh:
        """Its solid, solid frame."""
        return KeptMesh.read(self.folder / SOLID_MESH)

    @cached_property
    def solid_options(self) -> SolidOptions:
        """What the solid was made with."""
        return self._solid_facts.options

    @cached_property
    def scale(self) -> float:
        """The size of the solid over life size."""
        return self._solid_facts.scale

    @property
    def _solid_facts(self) -> SolidFacts:
        assert self.facts.solid is not None  # a face with solid.npz has them
        return self.facts.solid

    @cached_property
    def surface_mesh(self) -> Mesh:
        """The surface with its colours, texture and normals."""
        kept, face = self.surface, self.reconstruction
        points = kept.vertices_mm * [1.0, -1.0, -1.0] + face.origin_mm
        uv, colours = dressed(face, points)
        texture, normal_map = self.pictures
        normals = None if kept.normals is None else kept.normals / UNIT
        bare = face_files.solid_mesh(kept.vertices_mm, kept.faces, colours, "surface", self.about)
        return Mesh(
            bare.vertices_mm, bare.faces, colours, uv, texture, bare.title, self.about, normals, None, normal_map
        )

    @cached_property
    def solid_mesh(self) -> Mesh:
        """The solid with its colours."""
        kept = self.solid
        assert kept.colours is not None
        options = self.solid_options
        guess = GUESSED if options.is_round_bust else f"where it is turned away, {GUESSED}"
        about = {**self.about, "head": guess} if options.is_round_bust or options.kind == "mask" else self.about
        return face_files.solid_mesh(kept.vertices_mm, kept.faces, kept.colours, options.kind, about)


def _write_map(parts: Parts, path: Path) -> None:
    np.save(path, face_files.maps(parts.reconstruction)[path.stem])


def _write_cloud(parts: Parts, path: Path) -> None:
    face_files.write_cloud(point_cloud(parts.reconstruction), path, parts.about)


def _write_solid_3mf(parts: Parts, path: Path) -> None:
    picture = parts.folder / "relief_preview.png"
    write_3mf(parts.solid_mesh, path, picture if picture.is_file() else None)


def _write_solid_glb(parts: Parts, path: Path) -> None:
    write_plaster_glb(parts.solid_mesh, path, stands=parts.solid_options.stands)


def _surface(write: Callable[[Mesh, Path], None]) -> Callable[[Parts, Path], None]:
    return lambda parts, path: write(parts.surface_mesh, path)


def _solid(write: Callable[[Mesh, Path], None]) -> Callable[[Parts, Path], None]:
    return lambda parts, path: write(parts.solid_mesh, path)


MAKERS: dict[str, Callable[[Parts, Path], None]] = {
    "depth.npy": _write_map,
    "inverse_depth.npy": _write_map,
    "prior.npy": _write_map,
    "sensor.npy": _write_map,
    "fine_relief.npy": _write_map,
    "depth.png": lambda parts, path: face_files.write_depth_png(parts.reconstruction, path),
    "cloud.ply": _write_cloud,
    "mesh.stl": _surface(partial(write_stl, is_surface=True)),
    "mesh.ply": _surface(write_ply),
    "mesh.zip": _surface(write_obj),
    "solid.stl": _solid(write_stl),
    "solid.ply": _solid(write_ply),
    "solid.zip": _solid(write_obj),
    "solid.3mf": _write_solid_3mf,
    "solid.glb": _write_solid_glb,
}
