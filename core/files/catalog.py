"""The table of a face's files: what each is called, what it holds, when it is written. README, paths and pages read it.

A folder that `lifemask run` writes holds files of this table, and beside them what a person put there. A *compact* one,
of the library, holds in place of some of them what they are made from when they are asked for (`MADE_FROM`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core import packing
from core.errors import FormatError
from core.json_files import read_object

Subject = Literal["solid", "surface", "head", "cloud", "depth", "numbers", "picture"]

SURFACE_HEADER = b"Lifemask surface"  # how the STL of a surface begins; that of a solid has another header
SOLID_STL, SURFACE_STL = "solid.stl", "mesh.stl"
FACTS = "reconstruction.json"
SURFACE_MESH, SOLID_MESH = "surface.npz", "solid.npz"  # triangles, packed
HEAD = "head.npz"  # the vertices of a whole head, packed
TEXTURE = "texture.jpg"  # of a surface that is not made yet; then it is in mesh.glb
KEPT = (packing.MAPS, SURFACE_MESH, SOLID_MESH, TEXTURE, HEAD)  # what a compact folder holds beside files of the table


@dataclass(frozen=True)
class FaceFile:
    """A file of a face's folder.

    title : what a person calls it. holds : what it holds, with its unit. subject : what it is of; the files of a
    solid are written where there is one. format : of `Options.formats`, which then must name it; None where it is
    written whatever they name. only : what else must hold for it to be written.
    """

    name: str
    media_type: str
    title: str
    holds: str
    subject: Subject
    format: str | None = None
    only: str = ""

    @property
    def written(self) -> str:
        """When it is written, in words."""
        conditions = [
            f"`--formats` names {self.format}" if self.format else "",
            "there is a solid" if self.subject == "solid" else "",
            "a head was asked for" if self.subject == "head" else "",
            self.only,
        ]
        return f"if {' and '.join(filter(None, conditions))}" if any(conditions) else "always"


STL, GLB, ZIP, NPY, PNG, JSON = (
    "model/stl", "model/gltf-binary", "application/zip", "application/octet-stream", "image/png", "application/json"
)  # fmt: skip
PLY = "application/octet-stream"

FILES = {
    file.name: file
    for file in (
        FaceFile(SOLID_STL, STL, "STL", "printable solid, watertight, mm", "solid", "stl"),
        FaceFile(
            "solid.3mf",
            "model/3mf",
            "3MF",
            "printable solid with colours and what its size rests on, mm",
            "solid",
            "3mf",
        ),
        FaceFile("mesh.glb", GLB, "GLB", "surface with texture, fine relief as a normal map, metres", "surface", "glb"),
        FaceFile(
            "mesh.zip",
            ZIP,
            "OBJ",
            "surface as OBJ with MTL, texture and normal map, named by photo and face, zipped, mm",
            "surface",
            "obj",
        ),
        FaceFile("mesh.ply", PLY, "PLY mesh", "coloured surface with normals, mm", "surface", "ply"),
        FaceFile(SURFACE_STL, STL, "STL mesh", "surface without colours, open: does not print, mm", "surface", "stl"),
        FaceFile(
            "head.glb",
            GLB,
            "Head GLB",
            "whole head with texture, fine relief and what of it is guessed (`_SEEN`), metres",
            "head",
            "glb",
        ),
        FaceFile("head.stl", STL, "Head STL", "whole head, closed, with fine relief, mm", "head", "stl"),
        FaceFile("head.zip", ZIP, "Head OBJ", "whole head as OBJ with MTL and texture, zipped, mm", "head", "obj"),
        FaceFile("head.ply", PLY, "Head PLY", "whole head, coloured, with what is guessed (`seen`), mm", "head", "ply"),
        FaceFile("head.json", JSON, "Head JSON", "how well the head is fitted, and how much of it is guessed", "head"),
        FaceFile(
            "head.jpg",
            "image/jpeg",
            "Head texture",
            "the head's colours, laid out as a map, the same for every head",
            "head",
        ),
        FaceFile("front.png", PNG, "Front view", "the head seen straight from the front", "head"),
        FaceFile("cloud.ply", PLY, "PLY cloud", "coloured points, mm", "cloud"),
        FaceFile("solid.zip", ZIP, "OBJ solid", "printable solid as OBJ with colours, zipped, mm", "solid", "obj"),
        FaceFile("solid.ply", PLY, "PLY solid", "coloured printable solid, mm", "solid", "ply"),
        FaceFile("solid.glb", GLB, "GLB solid", "printable solid in plaster, for pages, metres", "solid"),
        FaceFile("solid.json", JSON, "Solid JSON", "options, size and checks of the solid", "solid"),
        FaceFile("depth.png", PNG, "Depth PNG", "depth on the crop, 16 bits: near is white, 0 is no depth", "depth"),
        FaceFile(
            "depth.npy",
            NPY,
            "Depth NPY",
            "depth on the crop, float32 mm from the camera, NaN beyond the head",
            "depth",
        ),
        FaceFile("mask.png", PNG, "Head mask", "soft mask of the head, 8 bits: 128 and more is head", "depth"),
        FaceFile(
            "fine_relief.npy",
            NPY,
            "Fine relief NPY",
            "drawn from light and dark, not measured: relief on the texture's pixels at strength 1, "
            "float16 mm towards the viewer",
            "depth",
            only="fine relief was asked for",
        ),
        FaceFile("inverse_depth.npy", NPY, "Inverse depth NPY", "what the network returned, float32", "depth"),
        FaceFile(
            "prior.npy",
            NPY,
            "Prior NPY",
            "the face network's map, to which that of a MiDaS network is fitted, float32",
            "depth",
            only="a MiDaS network was used",
        ),
        FaceFile(
            "sensor.npy",
            NPY,
            "Sensor NPY",
            "what the camera measured, on the crop: nearness in 1/mm, or relative; float32, NaN where nothing was "
            "measured",
            "depth",
            only="depth came with the photo",
        ),
        FaceFile(
            "statistics.csv",
            "text/csv",
            "Statistics CSV",
            "mean, percentiles, main distances; the same for each part of the face, mm",
            "numbers",
        ),
        FaceFile("statistics.json", JSON, "Statistics JSON", "those numbers, and the histogram", "numbers"),
        FaceFile(
            "reconstruction.json",
            JSON,
            "Reconstruction JSON",
            "all that the millimetres rest on: network, camera, scale and shift, landmarks",
            "numbers",
        ),
        FaceFile(
            "crop.png",
            PNG,
            "Crop",
            "the photo, levelled by the eyes and cropped; of a photo taken whole all of it",
            "picture",
        ),
        FaceFile("thumbnail.jpg", "image/jpeg", "Thumbnail", "the crop, small", "picture"),
        FaceFile("depth_preview.png", PNG, "Depth preview", "the depth in colours", "picture"),
        FaceFile("relief_preview.png", PNG, "Relief preview", "the depth as a plaster cast", "picture"),
        FaceFile(
            "plain_preview.png",
            PNG,
            "Plain preview",
            "that cast before the broad shape is drawn to the prior and smoothed",
            "picture",
        ),
        FaceFile(
            "sensor_preview.png",
            PNG,
            "Camera's preview",
            "the depth that came with the photo, alone, as a plaster cast",
            "picture",
            only="depth came with the photo and was used",
        ),
        FaceFile(
            "apart_preview.png",
            PNG,
            "Difference preview",
            "how much nearer the network's depth is than what came with the photo, in colours",
            "picture",
            only="depth came with the photo and was used",
        ),
    )
}


MADE_FROM = {
    **dict.fromkeys(("depth.npy", "depth.png", "inverse_depth.npy", "prior.npy", "sensor.npy", "fine_relief.npy",
                     "cloud.ply"), packing.MAPS),
    **dict.fromkeys(("mesh.stl", "mesh.ply", "mesh.zip"), SURFACE_MESH),
    **dict.fromkeys(("head.glb", "head.stl", "head.zip", "head.ply", "front.png"), HEAD),
    **dict.fromkeys(("solid.stl", "solid.3mf", "solid.ply", "solid.zip", "solid.glb"), SOLID_MESH),
}  # fmt: skip
OPTIONAL = ("prior.npy", "sensor.npy", "fine_relief.npy")  # not every face has such a map


def is_ours(name: str) -> bool:
    """Whether a file of this name in a face's folder is one that this program writes."""
    return name in FILES or name in KEPT


def is_compact(folder: Path) -> bool:
    """Whether a face's folder is one of the library, whose files are made when they are asked for."""
    return (folder / packing.MAPS).is_file()


def print_stl(folder: Path) -> Path:
    """Return the STL of a face's solid, whether there is one or not.

    Version 0.1 called it `mesh.stl`, which is now the surface. So where there is no `solid.stl`, a `mesh.stl` which
    does not say in its header that it is a surface is the solid.
    """
    solid, mesh = folder / SOLID_STL, folder / SURFACE_STL
    if solid.exists() or not mesh.is_file():
        return solid
    with mesh.open("rb") as file:
        return solid if file.read(len(SURFACE_HEADER)) == SURFACE_HEADER else mesh


def name_today(folder: Path, name: str) -> str:
    """Return what a file that lies in a face's folder as `name` is called now."""
    return SOLID_STL if name == SURFACE_STL == print_stl(folder).name else name


def depth_file(folder: Path) -> Path:
    """Return the file of a face that changes when its depth does, whether it is there or not."""
    return folder / packing.MAPS if is_compact(folder) else folder / "depth.npy"


def source(folder: Path, name: str) -> Path:
    """Return the file that changes when one of the table does, whether there or not: it, or what it is made from."""
    lies = folder / name
    return lies if lies.is_file() or name not in MADE_FROM else folder / MADE_FROM[name]


def present(folder: Path) -> dict[str, Path]:
    """Return the files of the table that can be had of a face, by what they are called now.

    Each with the file that lies there: it itself, or in a compact folder what it is made from. Both change together.
    """
    places = {name_today(folder, name): folder / name for name in FILES if (folder / name).is_file()}
    if is_compact(folder):
        absent = {name for name in OPTIONAL if name.removesuffix(".npy") not in packing.names(folder / packing.MAPS)}
        for name, source in MADE_FROM.items():
            if name not in absent and (folder / source).is_file():
                places.setdefault(name, folder / source)
    return {name: places[name] for name in FILES if name in places}


def coming(folder: Path) -> tuple[str, ...]:
    """Return the files that a face of the library will have, once its surface and its solid are made.

    Of a solid, where one was asked for; no word of it if that cannot be read.
    """
    if not is_compact(folder):
        return ()
    awaited = [] if (folder / SURFACE_MESH).is_file() else ["surface"]
    try:
        asked = read_object(folder / FACTS)["options"]["solid"]
    except (OSError, FormatError, LookupError, TypeError):
        asked = "none"
    if asked != "none" and not (folder / SOLID_MESH).is_file():
        awaited.append("solid")
    return tuple(file.name for file in FILES.values() if file.subject in awaited)


def on_request(folder: Path) -> tuple[str, ...]:
    """Return the files of a head of the library that is made once one of them is asked for."""
    try:
        has_face = read_object(folder / FACTS)["face"] is not None
    except (OSError, FormatError, LookupError, TypeError):
        has_face = False
    is_absent = has_face and not (folder / (HEAD if is_compact(folder) else "head.json")).is_file()
    return tuple(file.name for file in FILES.values() if file.subject == "head") if is_absent else ()


def offered(folder: Path) -> tuple[str, ...]:
    """Return all files that can be had of a face: now, a moment later, or once they are asked for."""
    names = {*present(folder), *coming(folder), *on_request(folder)}
    return tuple(name for name in FILES if name in names)
