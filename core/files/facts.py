"""What is known of a face once its files are written: the facts that it rests on, its surface, solid and head."""

from dataclasses import dataclass, field
from pathlib import Path

from core.errors import FormatError
from core.geometry.facts import Facts, Vector, read_facts_as
from core.json_files import read_object, typed
from core.options import Options, SolidOptions
from core.preflight.facts import PreflightFacts

HEAD_FACTS = "head.json"


@dataclass(frozen=True, kw_only=True)
class DepthPngFacts:
    """Depths in mm that the levels of `depth.png` stand for."""

    near_mm: float
    far_mm: float
    meaning: str = "65535 is near_mm, 1 is far_mm, 0 is no depth; linear between"


@dataclass(frozen=True, kw_only=True)
class SurfaceFacts:
    """Numbers of vertices and triangles; largest_error_mm : from the bent depth, None of a regular grid."""

    vertices: int
    triangles: int
    largest_error_mm: float | None


@dataclass(frozen=True, kw_only=True)
class SolidFacts:
    """What `solid.json` holds: the solid as its STL was written and read back.

    size_mm : x, y, z. watertight : every edge has two triangles. volume : and all face outwards. scale : the print's
    size over life size. options : what was asked for. preflight : None in a face of an earlier version.
    """

    size_mm: Vector
    triangles: int
    volume_cm3: float
    watertight: bool
    volume: bool
    scale: float
    options: SolidOptions
    preflight: PreflightFacts | None


@dataclass(frozen=True, kw_only=True)
class HeadFacts:
    """What `head.json` holds: how the template lies on the face, and how much of the head is a guess.

    model : of the head. residual_mm : median distance of the face from the photo's depth; None where none is seen.
    landmarks_mm : RMS distance of the inner landmarks that are seen. is_poor : the head is not what the photo shows.
    seen_share : of the surface, the photo's own; the rest is guessed. watertight, volume : by `trimesh`.
    """

    model: str
    residual_mm: float | None
    landmarks_mm: float
    is_poor: bool
    seen_share: float
    watertight: bool
    volume: bool


@dataclass(frozen=True, kw_only=True)
class UnitFacts:
    """The unit of lengths in each kind of file."""

    npy: str = "mm"
    stl: str = "mm"
    ply: str = "mm"
    obj: str = "mm"
    glb: str = "m"


@dataclass(frozen=True, kw_only=True)
class FrameFacts:
    """The directions of the axes, in words."""

    camera: str = "x right, y down, z forward; depth is z"
    mesh: str = "x right, y up, z towards the viewer; origin at mesh_origin_mm of the camera frame"
    solid: str = "z up from the print bed, x right; y up the picture, of a bust away from the viewer"


@dataclass(frozen=True, kw_only=True)
class WrittenFacts(Facts):
    """All that `reconstruction.json` holds.

    surface : None until it is made, in the library. solid : None where none was asked for, and until it is made.
    mesh_origin_mm : (3,), camera frame. options : that the face was made with. versions : of this program and the
    libraries that its numbers depend on, by name.
    """

    depth_png: DepthPngFacts
    surface: SurfaceFacts | None
    solid: SolidFacts | None
    mesh_origin_mm: Vector
    units: UnitFacts = field(default_factory=UnitFacts)
    frames: FrameFacts = field(default_factory=FrameFacts)
    options: Options
    versions: dict[str, str]


def read_head_facts(folder: Path) -> HeadFacts:
    """Read `head.json` of a face's folder.

    Raises
    ------
    FormatError
        There is no such file, or it is damaged or foreign.
    """
    path = folder / HEAD_FACTS
    if not path.is_file():
        raise FormatError(f"There is no head in {folder.name}. Make it first, by 'lifemask head'.")
    return typed(HeadFacts, read_object(path), path)


def read_facts(folder: Path) -> WrittenFacts:
    """Read `reconstruction.json` of a face's folder, of this format or an earlier one.

    Raises
    ------
    FormatError
        There is no such file, it is damaged or foreign, or a newer version wrote it.
    """
    return read_facts_as(WrittenFacts, folder)
