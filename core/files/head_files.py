"""A whole head as files: made of a written face, kept packed in a folder of the library, in every format elsewhere."""

import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image

from core import packing
from core.atomic import replacing
from core.errors import FormatError
from core.files.catalog import FILES, HEAD, TEXTURE, is_compact, is_ours
from core.files.face_files import write_png
from core.files.facts import HEAD_FACTS, HeadFacts
from core.files.mesh_files import Mesh, jpeg, write_glb, write_obj, write_ply, write_stl
from core.files.parts import GUESSED, MODEL, Parts
from core.geometry.reconstruction import Reconstruction
from core.head import Head, HeadFit, front_view, head_texture, level, make_head, refined, template
from core.json_files import write_json
from core.mesh.dense_grid import decimated_closed
from core.options.run import FORMATS
from core.progress import Progress, ignore
from core.storage import writing

STEP_MM = 0.01  # to which a kept head is rounded
SHOWN_LEVEL, FINEST_LEVEL = 1, 2  # subdivisions of what has a texture, and of what is printed
STL_TRIANGLES = 200_000
TITLE = "Lifemask head"
DAMAGED = "The head in {name} is damaged. Make it again."
HEAD_TEXTURE = "head.jpg"


def write_head(folder: str | Path, progress: Progress = ignore, formats: tuple[str, ...] = FORMATS) -> HeadFacts:
    """Make the whole head of a written face; all or none, and beside what is there.

    formats : to be written, where the folder is not compact. Returns what `head.json` holds. Raises FormatError,
    GeometryError (no face, too little depth) or StorageError.

    Examples
    --------
    >>> import core
    >>> core.files.write_head("results/ada", formats=("stl",)).volume
    True
    """
    progress("Reading the face", 0.0)
    folder = Path(folder)
    parts = Parts(folder)
    reconstruction = with_photo(parts)
    progress("Fitting the head", 0.2)
    head = as_kept(make_head(reconstruction))
    texture = head_texture(head, reconstruction)
    made = Made(parts, head, jpeg(texture))
    anew = {file.name for file in FILES.values() if file.subject == "head"} | {HEAD}
    with writing(folder), replacing([folder], is_ours, stays=lambda name: name not in anew) as (part,):
        progress("Writing files", 0.7)
        facts = made.facts
        (part / HEAD_TEXTURE).write_bytes(made.texture)
        write_json(facts, part / HEAD_FACTS)
        if is_compact(folder):
            packing.save(packed(head), part / HEAD)
        else:
            for name, make in MAKERS.items():
                if FILES[name].format in (None, *formats):
                    make(made, part / name)
    return facts


def with_photo(parts: Parts) -> Reconstruction:
    """The reconstruction of a written face with the photo's own resolution, where its surface has it."""
    if not ((parts.folder / TEXTURE).is_file() or (parts.folder / "mesh.glb").is_file()):
        return parts.reconstruction
    try:
        return replace(parts.reconstruction, texture=opened(parts.pictures[0]))
    except (OSError, ValueError, LookupError) as error:
        raise FormatError(f"mesh.glb in {parts.folder} is damaged. Process the photo again.") from error


def packed(head: Head) -> dict[str, NDArray[Any]]:
    """What is kept of a head: its vertices to a hundredth of a mm."""
    return {
        "points": np.round(head.points.T / STEP_MM).astype(np.int32),
        "seen": np.round(255 * head.seen).astype(np.uint8),
        "coefficients": head.fit.coefficients.astype(np.float32),
        "pose": head.fit.pose.astype(np.float32),
        "fitted": np.array([head.fit.residual_mm, head.fit.landmarks_mm], np.float32),
    }


def unpacked(arrays: Mapping[str, NDArray[Any]]) -> Head:
    """The head that `packed` kept."""
    residual, landmarks = arrays["fitted"].tolist()
    fit = HeadFit(arrays["coefficients"].astype(float), arrays["pose"].astype(float), residual, landmarks)
    return Head(fit, arrays["points"].T * STEP_MM, arrays["seen"] / 255)


def as_kept(head: Head) -> Head:
    """A head as it is read back, so that what is made of it now and later is the same."""
    return unpacked(packed(head))


def load_head(folder: Path) -> Head:
    """Read back the head of a face of the library.

    Raises
    ------
    FormatError
        None was made.
    """
    path = folder / HEAD
    if not path.is_file():
        raise FormatError(f"There is no head in {folder.name}. Make it first, by 'lifemask head'.")
    try:
        return unpacked({name: np.asarray(array) for name, array in packing.read(path).items()})
    except (OSError, ValueError, LookupError, BadZipFile, EOFError, zlib.error) as error:
        raise FormatError(DAMAGED.format(name=folder.name)) from error


def head_of(folder: Path | str) -> Head:
    """The head of a written face: the one that is kept, or one made now and not kept.

    Raises
    ------
    FormatError, GeometryError
        As `write_head`.

    Examples
    --------
    >>> import core
    >>> head = core.files.head_of("results/ada")
    >>> head.points.shape
    (11156, 3)
    >>> 0.1 < head.seen_share < 0.6
    True
    """
    folder = Path(folder)
    return load_head(folder) if (folder / HEAD).is_file() else as_kept(make_head(Parts(folder).reconstruction))


class Made:
    """A head and what its files are made from. texture : JPEG."""

    def __init__(self, parts: Parts, head: Head, texture: bytes) -> None:
        self.head, self.texture, self._parts = head, texture, parts
        self.about = {**parts.about, "head": GUESSED}

    @classmethod
    def of(cls, parts: Parts) -> "Made":
        """The head of a folder."""
        head, texture = load_head(parts.folder), parts.folder / HEAD_TEXTURE
        if not texture.is_file():
            raise FormatError(DAMAGED.format(name=parts.folder.name))
        return cls(parts, head, texture.read_bytes())

    @classmethod
    def now(cls, folder: Path) -> "Made":
        """The head of a written face: the one that is kept, or one made now and not kept; raises as `write_head`."""
        parts = Parts(folder)
        if (folder / HEAD).is_file():
            return cls.of(parts)
        reconstruction = with_photo(parts)
        head = as_kept(make_head(reconstruction))
        return cls(parts, head, jpeg(head_texture(head, reconstruction)))

    @property
    def facts(self) -> HeadFacts:
        """What `head.json` holds."""
        fit = self.head.fit
        body = trimesh.Trimesh(self.head.points, template().faces, process=False)
        return HeadFacts(
            model=MODEL,
            residual_mm=None if np.isnan(fit.residual_mm) else round(fit.residual_mm, 3),
            landmarks_mm=round(fit.landmarks_mm, 3),
            is_poor=fit.is_poor,
            seen_share=round(self.head.seen_share, 4),
            watertight=bool(body.is_watertight),
            volume=bool(body.is_volume),
        )

    def solid(self) -> Mesh:
        """The head closed, in the triangles that are printed."""
        finest = refined(self.head, self._parts.reconstruction, FINEST_LEVEL)
        points, faces = decimated_closed(finest.points, level(FINEST_LEVEL).faces, STL_TRIANGLES)
        return Mesh(points, faces, np.zeros((len(points), 3), np.uint8), title=TITLE, about=self.about)

    def shown(self, *, textured: bool) -> Mesh:
        """The head with its colours: with a texture vertices at its seams are there twice, without each is once."""
        finest = refined(self.head, self._parts.reconstruction, FINEST_LEVEL)
        count = level(SHOWN_LEVEL).weights.shape[0]
        normals = level(FINEST_LEVEL).normals(finest.points)[:count]
        points, seen = finest.points[:count], finest.seen[:count]
        return dressed(points, normals, seen, self.texture, TITLE, self.about, textured=textured)


def dressed(
    points: NDArray[np.float64], normals: NDArray[np.float64], seen: NDArray[np.floating], texture: bytes, title: str,
    about: Mapping[str, str], *, textured: bool,
) -> Mesh:  # fmt: skip
    """A head of `SHOWN_LEVEL` with the colours of its texture (JPEG): laid on by uv, or of vertices, then closed.

    points, normals : (n, 3). seen : (n,). With a texture vertices at its seams are there twice.
    """
    shape, picture = level(SHOWN_LEVEL), opened(texture)
    ends = np.array([picture.shape[1], picture.shape[0]])
    at = np.clip((np.abs(shape.uv - [0, 1]) * ends).astype(int), 0, ends - 1)
    colours, twice, known = picture[at[:, 1], at[:, 0]], shape.of_vertex, seen.astype(np.float32)
    if textured:
        uv = shape.uv.astype(np.float64)
        return Mesh(
            points[twice], shape.uv_faces, colours, uv, texture, title, about, normals[twice], seen=known[twice]
        )
    own = np.zeros((len(points), 3), np.uint8)
    own[twice] = colours
    return Mesh(points, shape.faces, own, title=title, about=about, normals=normals, seen=known)


def opened(texture: bytes) -> NDArray[np.uint8]:
    """A picture (H, W, 3) of its JPEG."""
    with Image.open(io.BytesIO(texture)) as picture:
        return np.array(picture.convert("RGB"))


MAKERS: dict[str, Callable[[Made, Path], None]] = {
    "head.glb": lambda made, path: write_glb(made.shown(textured=True), path),
    "head.zip": lambda made, path: write_obj(made.shown(textured=True), path),
    "head.ply": lambda made, path: write_ply(made.shown(textured=False), path),
    "head.stl": lambda made, path: write_stl(made.solid(), path),
    "front.png": lambda made, path: write_png(front_view(made.head, opened(made.texture)), path),
}
