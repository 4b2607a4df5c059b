"""A reconstruction -> its folder of files, all or none; and the solid of a written face made anew."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.atomic import replacing
from core.files import face_files
from core.files.catalog import FILES, SOLID_STL, is_ours, print_stl
from core.files.facts import SolidFacts, SurfaceFacts, WrittenFacts, read_facts
from core.geometry.facts import FACTS_FILE
from core.geometry.reconstruction import Reconstruction, assumptions
from core.json_files import write_json
from core.mesh.cloud import point_cloud
from core.mesh.colours import without_background
from core.mesh.normal_map import normal_map
from core.mesh.surface import make_surface
from core.options import Options, Printer, SolidOptions
from core.options.run import FORMATS
from core.preflight import preflight
from core.progress import Progress, ignore, part_of
from core.solid import Solid, make_solid
from core.storage import writing
from core.version import versions

GLB_TRIANGLES = 15_000  # where a normal map shows the fine relief: with a texture of 2048 pixels it is below 2.5 MB


def write_faces(
    reconstructions: Sequence[Reconstruction],
    folders: Sequence[Path],
    options: Options,
    progress: Progress = ignore,
    printer: Printer | None = None,
) -> None:
    """Write the faces of a photo, each into its folder: all of them or none, else as `write_face`."""
    share = 1.0 / len(folders)
    with writing(folders[0]), replacing(folders, is_ours) as parts:
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

    Files of an existing folder are replaced; what it holds beside them (see `core.files.catalog`) stays.
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
    with writing(Path(folder)), replacing([Path(folder)], is_ours) as (part,):
        _write(reconstruction, part, options, progress, asked, printer)


def load_face(folder: str | Path) -> Reconstruction:
    """Read back a face that `write_face` wrote, or `lifemask run`; its texture is the crop itself.

    Raises
    ------
    FormatError
        The folder holds no face, or its `reconstruction.json` is damaged, foreign or of a newer version.

    Examples
    --------
    >>> import core
    >>> face = core.load_face("results/ada")
    >>> face.depth_mm.shape, face.landmarks_px.shape
    ((512, 512), (68, 2))
    """
    return Reconstruction.load(Path(folder))


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
    how = options.tolerance_mm, options.surface, options.taubin
    surface, light = make_surface(reconstruction, options.max_triangles, *how), None
    relief = normal_map(reconstruction) if {"glb", "obj"} & set(options.formats) else None
    if relief is not None and "glb" in options.formats and len(surface.faces) > GLB_TRIANGLES:
        light = make_surface(reconstruction, GLB_TRIANGLES, *how)
    texture = without_background(reconstruction.texture, reconstruction.mask)
    face_files.write_surface(surface, texture, part, options.formats, about, relief, light)
    progress("Making the solid", 0.6)
    solid = None
    asked = asked or options.solid_options()
    if asked is not None:
        body = make_solid(reconstruction, asked)
        progress("Checking the solid", 0.8)
        solid = _write_solid(body, asked, part, printer, about, part / "relief_preview.png", options.formats)
    x, y, z = reconstruction.origin_mm.tolist()
    written = WrittenFacts(
        **vars(reconstruction.facts),
        depth_png=depth_png,
        surface=SurfaceFacts(
            vertices=len(surface.vertices_mm),
            triangles=len(surface.faces),
            largest_error_mm=None if surface.error_mm is None else round(surface.error_mm, 4),
        ),
        solid=solid,
        mesh_origin_mm=(x, y, z),
        options=options,
        versions=versions(),
    )
    write_json(written, part / FACTS_FILE)
    progress("Files are written", 1.0)


def write_solid(
    folder: Path,
    options: SolidOptions,
    printer: Printer | None = None,
    progress: Progress = ignore,
    formats: tuple[str, ...] = FORMATS,
) -> SolidFacts:
    """Make the solid of a written face anew: replaces `solid.*` and the facts' solid, all or none.

    The folder is replaced by one that has all its other files, too, so that no reader finds old beside new.
    printer : what the preflight checks for; the usual one with the options' nozzle, if None. formats : to be written.
    Returns what `solid.json` holds. Raises FormatError, GeometryError or StorageError, and then nothing has changed.
    """
    progress("Reading the face", 0.0)
    reconstruction, written = Reconstruction.load(folder), read_facts(folder)
    progress("Making the solid", 0.2)
    solid = make_solid(reconstruction, options)
    anew = _names_of_solid(folder)
    with writing(folder), replacing([folder], is_ours, stays=lambda name: name not in anew) as (part,):
        progress("Checking the solid", 0.6)
        about = assumptions(reconstruction.facts)
        made = _write_solid(solid, options, part, printer, about, folder / "relief_preview.png", formats)
        write_json(replace(written, solid=made), part / FACTS_FILE)
        progress("Writing files", 0.9)
    return made


def _names_of_solid(folder: Path) -> set[str]:
    """What `write_solid` writes anew; in a folder of version 0.1 the solid may be its `mesh.stl`."""
    return {
        FACTS_FILE,
        print_stl(folder).name,
        *(file.name for file in FILES.values() if file.subject == "solid"),
    }


def _write_solid(
    solid: Solid,
    options: SolidOptions,
    folder: Path,
    printer: Printer | None,
    about: dict[str, str],
    picture: Path,
    formats: tuple[str, ...],
) -> SolidFacts:
    printer = printer or Printer(nozzle_mm=options.nozzle_mm)
    shown = picture if picture.is_file() else None
    face_files.write_solid_files(solid, folder, options.kind, about, shown, formats, stands=options.stands)
    checked = preflight(folder / SOLID_STL, printer, _asked_mm(options), stands=options.stands)
    found = checked.facts
    made = SolidFacts(
        size_mm=found.size_mm,
        triangles=found.triangles,
        volume_cm3=found.volume_cm3,
        watertight=checked.is_watertight,
        volume=checked.is_volume,
        scale=round(solid.scale, 5),
        options=options,
        preflight=found,
    )
    write_json(made, folder / "solid.json")
    if "stl" not in formats:
        (folder / SOLID_STL).unlink()
    return made


def _asked_mm(options: SolidOptions) -> tuple[float | None, float | None, float | None]:
    """What x, y and z of the solid were asked to measure."""
    if options.life_size:
        return (None, None, None)
    if options.height_mm is None:
        return (options.width_mm, None, None)
    return (None, None, options.height_mm) if options.stands else (None, options.height_mm, None)
