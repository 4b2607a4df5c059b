"""A reconstruction -> its folder of files, all or none; and the solid of a written face made anew."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import OptionError
from core.files import face_files
from core.files.atomic import replacing
from core.geometry.reconstruction import Reconstruction, assumptions
from core.mesh.cloud import point_cloud
from core.mesh.surface import make_surface
from core.options import Options, Printer, SolidOptions
from core.options.run import FORMATS
from core.preflight import preflight
from core.progress import Progress, ignore, part_of
from core.solid import Solid, make_solid
from core.version import versions

SOLID_FILES = frozenset({"mesh.stl", "solid.3mf", "solid.ply", "solid.zip", "solid.glb", "solid.json"})
FILES = SOLID_FILES | frozenset(
    {
        *("crop.png", "mask.png", "thumbnail.jpg", "depth_preview.png", "relief_preview.png", "plain_preview.png"),
        *("depth.npy", "depth.png", "inverse_depth.npy", "prior.npy", "statistics.json", "statistics.csv"),
        *("cloud.ply", "mesh.ply", "mesh.glb", "mesh.zip", "reconstruction.json"),
    }
)
"""What a face's folder may hold of ours; anything else in it is somebody's own and is left alone."""


def write_faces(
    reconstructions: Sequence[Reconstruction],
    folders: Sequence[Path],
    options: Options,
    progress: Progress = ignore,
    printer: Printer | None = None,
) -> None:
    """Write the faces of a photo, each into its folder: all of them or none, else as `write_face`."""
    share = 1.0 / len(folders)
    with replacing(folders, FILES) as parts:
        for index, (reconstruction, part) in enumerate(zip(reconstructions, parts, strict=True)):
            _write(reconstruction, part, options, part_of(progress, share * index, share), printer=printer)


def write_face(
    reconstruction: Reconstruction,
    folder: str | Path,
    options: Options,
    progress: Progress = ignore,
    asked: SolidOptions | None = None,
    printer: Printer | None = None,
) -> None:
    """Write every file of a reconstruction into `folder`, all or none.

    Files of an existing folder are replaced; what it holds beside them (see `FILES`) stays.
    asked, printer : of the solid and of its checks; what the options say, if None.

    Raises
    ------
    GeometryError
        No surface or solid can be made.
    StorageError
        The disk is full or the place cannot be written to.
    Cancelled
        From `progress`.

    Examples
    --------
    >>> from pathlib import Path
    >>> import core
    >>> face = core.load_face("results/ada")
    >>> core.write_face(face, "results/light", core.Options(solid="none", formats=("ply",), max_triangles=2000))
    >>> sorted(path.name for path in Path("results/light").glob("mesh.*"))
    ['mesh.ply']
    """
    with replacing([Path(folder)], FILES) as (part,):
        _write(reconstruction, part, options, progress, asked, printer)


def load_face(folder: str | Path) -> Reconstruction:
    """Read back a face that `write_face` wrote, or `lifemask run`; its texture is the crop itself.

    Raises
    ------
    OptionError
        The folder holds no face.

    Examples
    --------
    >>> import core
    >>> face = core.load_face("results/ada")
    >>> face.depth_mm.shape, face.landmarks_px.shape
    ((512, 512), (68, 2))
    """
    folder = Path(folder)
    if not (folder / "reconstruction.json").is_file():
        raise OptionError(
            f"{folder} holds no face (no reconstruction.json). Give a folder that 'lifemask run' or write_face wrote."
        )
    return Reconstruction.load(folder)


def _write(
    reconstruction: Reconstruction,
    part: Path,
    options: Options,
    progress: Progress,
    asked: SolidOptions | None = None,
    printer: Printer | None = None,
) -> None:
    progress("Measuring", 0.0)
    depth_png = face_files.write_depth(reconstruction, part)
    face_files.write_pictures(reconstruction, part)
    face_files.write_statistics(face_files.statistics(reconstruction), part)
    about = assumptions(reconstruction.facts)
    face_files.write_cloud(point_cloud(reconstruction), part / "cloud.ply", about)
    progress("Making the mesh", 0.2)
    surface = make_surface(
        reconstruction,
        options.max_triangles,
        options.tolerance_mm,
        options.surface,
        options.taubin,
    )
    face_files.write_surface(surface, reconstruction.texture, part, options.formats, about)
    progress("Making the solid", 0.6)
    solid = None
    asked = asked or options.solid_options()
    if asked is not None:
        body = make_solid(reconstruction, asked)
        progress("Checking the solid", 0.8)
        solid = _write_solid(body, asked, part, printer, about, part / "relief_preview.png", options.formats)
    facts = {
        **reconstruction.facts,
        "depth_png": {**depth_png, "meaning": "65535 is near_mm, 1 is far_mm, 0 is no depth; linear between"},
        "surface": {
            "vertices": len(surface.vertices_mm),
            "triangles": len(surface.faces),
            "largest_error_mm": None if surface.error_mm is None else round(surface.error_mm, 4),
        },
        "solid": solid,
        "mesh_origin_mm": reconstruction.origin_mm.tolist(),
        "units": {"npy": "mm", "stl": "mm", "ply": "mm", "obj": "mm", "glb": "m"},
        "frames": {
            "camera": "x right, y down, z forward; depth is z",
            "mesh": "x right, y up, z towards the viewer; origin at mesh_origin_mm of the camera frame",
            "solid": "z up from the print bed, x right; y up the picture, of a bust away from the viewer",
        },
        "options": options.to_dict(),
        "versions": versions(),
    }
    face_files.write_json(facts, part / "reconstruction.json")
    progress("Files are written", 1.0)


def write_solid(
    folder: Path,
    options: SolidOptions,
    printer: Printer | None = None,
    progress: Progress = ignore,
    formats: tuple[str, ...] = FORMATS,
) -> dict[str, Any]:
    """Make the solid of a written face anew: replaces `SOLID_FILES` and the facts' solid.

    printer : what the preflight checks for; the usual one with the options' nozzle, if None. formats : to be written.
    Returns what `solid.json` holds. Raises GeometryError or StorageError, and then nothing has changed.
    """
    progress("Reading the face", 0.0)
    reconstruction = Reconstruction.load(folder)
    progress("Making the solid", 0.2)
    solid = make_solid(reconstruction, options)
    with replacing([folder], SOLID_FILES | {"reconstruction.json"}) as (part,):
        progress("Checking the solid", 0.6)
        about = assumptions(reconstruction.facts)
        facts = _write_solid(solid, options, part, printer, about, folder / "relief_preview.png", formats)
        face_files.write_json({**reconstruction.facts, "solid": facts}, part / "reconstruction.json")
        progress("Writing files", 0.9)
    return facts


def _write_solid(
    solid: Solid,
    options: SolidOptions,
    folder: Path,
    printer: Printer | None,
    about: dict[str, str],
    picture: Path,
    formats: tuple[str, ...],
) -> dict[str, Any]:
    printer = printer or Printer(nozzle_mm=options.nozzle_mm)
    shown = picture if picture.is_file() else None
    face_files.write_solid_files(solid, folder, options.kind, about, shown, formats)
    checked = preflight(folder / "mesh.stl", printer, _asked_mm(options), stands=options.kind == "bust")
    numbers = checked.to_dict()
    facts = {
        **{name: numbers[name] for name in ("size_mm", "triangles", "volume_cm3")},
        "watertight": checked.is_watertight,
        "volume": checked.is_volume,
        "scale": round(solid.scale, 5),
        "options": options.to_dict(),
        "preflight": numbers,
    }
    face_files.write_json(facts, folder / "solid.json")
    if "stl" not in formats:
        (folder / "mesh.stl").unlink()
    return facts


def _asked_mm(options: SolidOptions) -> tuple[float | None, float | None, float | None]:
    """What x, y and z of the solid were asked to measure; a bust stands, all others lie on their backs."""
    if options.life_size:
        return (None, None, None)
    if options.height_mm is None:
        return (options.width_mm, None, None)
    return (None, None, options.height_mm) if options.kind == "bust" else (None, options.height_mm, None)


def read_facts(folder: Path) -> dict[str, Any]:
    """`reconstruction.json` of a written face."""
    facts: dict[str, Any] = json.loads((folder / "reconstruction.json").read_text("utf-8"))
    return facts
