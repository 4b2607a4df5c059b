"""Files of several heads that were compared point by point: their mean, one turning into another, what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import trimesh
from numpy.typing import NDArray
from trimesh.visual.material import PBRMaterial

from core import packing
from core.comparison import MeanHead, correspond, mean_head, mean_texture
from core.comparison.correspondence import expression
from core.files.colours import DIVERGING, coloured
from core.files.head_files import SHOWN_LEVEL, STEP_MM, Made, dressed, opened
from core.files.mesh_files import (
    GLTF_PER_MM,
    LIT,
    WHITE,
    Mesh,
    glb_of,
    jpeg,
    pictures_in_glb,
    srgb_to_linear,
    write_glb,
    write_obj,
    write_ply,
    write_stl,
)
from core.files.morph import write_morph_glb
from core.geometry.alignment import apply
from core.head import Head, level, template
from core.mesh.plaster import mesh_colours

MEAN_TITLE = "Lifemask mean face"
MEAN_FORMATS = ("mean.glb", "mean.stl", "mean.ply", "mean.zip")
MEAN = "mean.npz"  # its vertices, packed
NOT_SEEN = (150, 150, 150)  # where one of the photos does not show the place
LIGHT = 245.0  # of the brightest plaster, which a difference of nothing shall have


@dataclass(frozen=True)
class ShownHead:
    """A head, and its mesh with texture as it is shown."""

    head: Head
    mesh: Mesh

    @classmethod
    def of(cls, folder: Path) -> "ShownHead":
        """The head of a written face.

        Raises
        ------
        FormatError, GeometryError
            As `core.files.head_of`.
        """
        made = Made.now(folder)
        return cls(made.head, made.shown(textured=True))

    @property
    def picture(self) -> NDArray[np.uint8]:
        """Its texture, (H, 3 H / 2, 3)."""
        assert self.mesh.texture is not None
        return opened(self.mesh.texture)

    def moved(self, transform: NDArray[np.float64], *, neutral: bool) -> Mesh:
        """Its mesh moved by a rigid (4, 4) transform; neutral : without its expression."""
        points, shape = self.mesh.vertices_mm, level(SHOWN_LEVEL)
        if neutral:
            points = points - (shape.weights @ expression(self.head))[shape.of_vertex]
        points = apply(transform, points)
        own = np.zeros((shape.weights.shape[0], 3))
        own[shape.of_vertex] = points  # at the seams of the texture a vertex is there twice, with one normal
        return replace(self.mesh, vertices_mm=points, normals=shape.normals(own)[shape.of_vertex])


def write_morph(one: ShownHead, other: ShownHead, path: Path, *, neutral: bool = False) -> None:
    """GLB of a head that turns into another, upright, the other laid onto it by the face; sizes are kept.

    neutral : both without expression. Raises GeometryError as `core.comparison.correspond`.
    """
    upright = mean_head([one.head], neutral=neutral).transforms[0]
    onto = correspond(one.head, other.head, neutral=neutral).transform
    write_morph_glb(one.moved(upright, neutral=neutral), other.moved(upright @ onto, neutral=neutral), path)


def write_mean(
    mean: MeanHead, textures: Sequence[NDArray[np.uint8]], about: Mapping[str, str], folder: Path, *, compact: bool
) -> None:
    """Write the mean of heads in every format of `MEAN_FORMATS`.

    textures : of each head, (H, 3 H / 2, 3). about : what its millimetres rest on, by name. compact : write `mean.glb`
    alone, and what `made_mean` makes the others from.
    """
    points, seen = np.round(mean.points / STEP_MM).astype(np.int32), np.round(255 * mean.seen).astype(np.uint8)
    formats = _MeanFormats(points * STEP_MM, seen / 255, jpeg(mean_texture(textures)), about)
    for name in MEAN_FORMATS[:1] if compact else MEAN_FORMATS:
        formats.write(folder / name)
    if compact:
        packing.save({"points": points.T, "seen": seen}, folder / MEAN)


def made_mean(folder: Path, name: str, about: Mapping[str, str]) -> bytes:
    """Make a file of `MEAN_FORMATS` of a folder that `write_mean` wrote compact: the very bytes that it writes else."""
    kept = {key: np.asarray(array) for key, array in packing.read(folder / MEAN).items()}
    texture, _ = pictures_in_glb(folder / MEAN_FORMATS[0])
    with TemporaryDirectory(prefix="lifemask-") as place:
        path = Path(place) / name
        _MeanFormats(kept["points"].T * STEP_MM, kept["seen"] / 255, texture, about).write(path)
        return path.read_bytes()


class _MeanFormats:
    """A mean head, and it as a mesh with and without texture."""

    def __init__(
        self, points: NDArray[np.floating], seen: NDArray[np.floating], texture: bytes, about: Mapping[str, str]
    ) -> None:
        shape = level(SHOWN_LEVEL)
        finer = shape.weights @ points
        parts = finer, shape.normals(finer), np.clip(shape.weights @ seen, 0, 1), texture, MEAN_TITLE, about
        self.textured, self.closed = (dressed(*parts, textured=textured) for textured in (True, False))

    def write(self, path: Path) -> None:
        """Write a file of `MEAN_FORMATS`."""
        make = {".glb": write_glb, ".zip": write_obj, ".ply": write_ply, ".stl": write_stl}[path.suffix]
        make(self.textured if path.suffix in (".glb", ".zip") else self.closed, path)


def write_difference(points: NDArray[np.float64], signed_mm: NDArray[np.float64], limit_mm: float, path: Path) -> None:
    """GLB of a head (n, 3) in plaster, painted by how far another stands out from it (n,): from minus to plus limit_mm.

    Grey where it is NaN.
    """
    faces = template().faces
    painted = coloured(signed_mm[None], -limit_mm, limit_mm, DIVERGING)[0, :, :3]
    painted = np.where(np.isfinite(signed_mm)[:, None], painted, NOT_SEEN)
    light = mesh_colours(points, faces, template().normals(points)) / LIGHT
    linear = 255 * srgb_to_linear(np.clip(painted * light / 255, 0, 1))
    body = trimesh.Trimesh(points * GLTF_PER_MM, faces, process=False)
    skin = PBRMaterial(LIT, baseColorFactor=WHITE, metallicFactor=0.0, roughnessFactor=1.0)
    body.visual = trimesh.visual.TextureVisuals(material=skin)
    body.visual.vertex_attributes["color"] = np.hstack([np.round(linear), np.full((len(linear), 1), 255)]).astype(
        np.uint8
    )
    path.write_bytes(glb_of(body, {"title": "Difference, point by point"}, path.stem))
