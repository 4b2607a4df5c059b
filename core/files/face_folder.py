"""A reconstruction -> its folder of files, all or none; and the solid of a written face made anew.

A folder is written in three stages, depth, surface and solid: at once by the command line, which wants files; one after
the other by the library, which wants the depth soon, and keeps what the files are made from (`core.files.parts`).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from core import packing
from core.atomic import replacing
from core.files import face_files
from core.files.catalog import (
    FILES,
    OPTIONAL,
    SOLID_MESH,
    SOLID_STL,
    SURFACE_MESH,
    TEXTURE,
    Subject,
    is_compact,
    is_ours,
    print_stl,
)
from core.files.facts import SolidFacts, SurfaceFacts, WrittenFacts
from core.files.mesh_files import jpeg, write_glb
from core.files.parts import MAKERS, KeptMesh, Parts
from core.geometry.facts import FACTS_FILE
from core.geometry.reconstruction import Reconstruction, assumptions
from core.json_files import write_json
from core.mesh.colours import without_background
from core.mesh.normal_map import normal_map
from core.mesh.surface import make_surface
from core.options import Options, Printer, SolidOptions
from core.options.run import FORMATS
from core.preflight import preflight
from core.progress import Progress, ignore, part_of
from core.solid import make_solid
from core.storage import writing
from core.together import together
from core.version import versions

GLB_TRIANGLES = 15_000  # where a normal map shows the fine relief: with a texture of 2048 pixels it is below 2.5 MB
WITH_NORMALS = {"glb", "obj", "ply"}  # formats that can hold the fine relief's normals


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
            _write(reconstruction, part, options, part_of(progress, share * index, share), None, printer)


def write_depths(
    reconstructions: Sequence[Reconstruction], folders: Sequence[Path], options: Options, progress: Progress = ignore
) -> None:
    """Write the depth of a photo's faces, each into its compact folder: all of them or none.

    Maps, pictures and numbers are there then; `write_surface` and `write_solid` are to follow. Raises StorageError or
    Cancelled.
    """
    with writing(folders[0]), replacing(folders, is_ours) as places:
        for index, (reconstruction, part) in enumerate(zip(reconstructions, places, strict=True)):
            progress("Measuring", index / len(folders))
            facts, texture, _ = together(
                partial(_write_depth, _parts(reconstruction, part), options),
                partial(_texture, reconstruction),
                partial(packing.save, face_files.maps(reconstruction), part / packing.MAPS),
            )
            write_json(facts, part / FACTS_FILE)
            (part / TEXTURE).write_bytes(texture)
        progress("Files are written", 1.0)


def write_face(
    reconstruction: Reconstruction,
    folder: str | Path,
    options: Options,
    progress: Progress = ignore,
    asked: SolidOptions | None = None,
    printer: Printer | None = None,
) -> None:
    """Write every file of a reconstruction into `folder`, all or none.

    Files of an existing folder are replaced; what it holds beside them (see `core.files.catalog`) stays. A compact
    folder stays compact.
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
    compact = is_compact(Path(folder))
    with writing(Path(folder)), replacing([Path(folder)], is_ours) as (part,):
        _write(reconstruction, part, options, progress, asked, printer, compact=compact)


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


def write_surface(folder: Path, progress: Progress = ignore) -> SurfaceFacts:
    """Make the surface of a face in a compact folder, as its options say; all or none, and beside what is there.

    Returns what `reconstruction.json` says of it. Raises FormatError, GeometryError or StorageError.
    """
    progress("Making the mesh", 0.0)
    parts = Parts(folder)
    options, texture = parts.facts.options, parts.pictures[0]
    anew = {FACTS_FILE, SURFACE_MESH, TEXTURE, "mesh.glb"}
    with writing(folder), replacing([folder], is_ours, stays=lambda name: name not in anew) as (part,):
        made = _write_surface(parts, part, options, texture)
        parts.surface.save(part / SURFACE_MESH)
        write_json(replace(parts.facts, surface=made), part / FACTS_FILE)
        progress("Files are written", 1.0)
    return made


def write_solid(
    folder: Path,
    options: SolidOptions,
    printer: Printer | None = None,
    progress: Progress = ignore,
    formats: tuple[str, ...] = FORMATS,
) -> SolidFacts:
    """Make the solid of a written face anew: replaces `solid.*` and the facts' solid, all or none.

    The folder is replaced by one that has all its other files, too, so that no reader finds old beside new.
    printer : what the preflight checks for; the usual one with the options' nozzle, if None. formats : to be written,
    where the folder is not compact.
    Returns what `solid.json` holds. Raises FormatError, GeometryError or StorageError, and then nothing has changed.
    """
    progress("Reading the face", 0.0)
    parts = Parts(folder)
    parts.reconstruction  # noqa: B018 # read before it is said that the solid is made
    progress("Making the solid", 0.2)
    _make_solid(parts, options)
    anew = _names_of_solid(folder)
    with writing(folder), replacing([folder], is_ours, stays=lambda name: name not in anew) as (part,):
        progress("Checking the solid", 0.6)
        made = _check_solid(parts, part, options, printer)
        if is_compact(folder):
            _keep_solid(parts, part)
        else:
            _put("solid", parts, part, formats)
        write_json(replace(parts.facts, solid=made), part / FACTS_FILE)
        progress("Writing files", 0.9)
    return made


def _write(
    reconstruction: Reconstruction,
    part: Path,
    options: Options,
    progress: Progress,
    asked: SolidOptions | None,
    printer: Printer | None,
    *,
    compact: bool = False,
) -> None:
    """Write all files that the options name; compact : what a folder of the library keeps of them."""
    formats = FORMATS if compact else options.formats
    progress("Measuring", 0.0)
    parts = _parts(reconstruction, part)
    facts = _write_depth(parts, options)
    if compact:
        packing.save(face_files.maps(reconstruction), part / packing.MAPS)
    else:
        _put("depth", parts, part, formats)
        _put("cloud", parts, part, formats)
    progress("Making the mesh", 0.2)
    wanted = replace(options, formats=formats)
    facts = replace(facts, surface=_write_surface(parts, part, wanted, _texture(reconstruction)))
    if compact:
        parts.surface.save(part / SURFACE_MESH)
    else:
        _put("surface", parts, part, formats)
    progress("Making the solid", 0.6)
    asked = asked or options.solid_options()
    if asked is not None:
        _make_solid(parts, asked)
        progress("Checking the solid", 0.8)
        facts = replace(facts, solid=_check_solid(parts, part, asked, printer))
        if compact:
            _keep_solid(parts, part)
        else:
            _put("solid", parts, part, formats)
    write_json(facts, part / FACTS_FILE)
    progress("Files are written", 1.0)


def _parts(reconstruction: Reconstruction, folder: Path) -> Parts:
    parts = Parts(folder)
    parts.reconstruction, parts.about = reconstruction, assumptions(reconstruction.facts)
    return parts


def _texture(reconstruction: Reconstruction) -> bytes:
    """The texture as the surface's files have it."""
    return jpeg(without_background(reconstruction.texture, reconstruction.mask))


def _put(subject: Subject, parts: Parts, into: Path, formats: tuple[str, ...]) -> None:
    """Write the files of a subject that the formats name, and remove others of it that were made on the way."""
    absent = {name for name in OPTIONAL if name.removesuffix(".npy") not in face_files.maps(parts.reconstruction)}
    for file in FILES.values():
        path = into / file.name
        if file.subject != subject or file.name not in MAKERS:
            continue
        if file.format not in (None, *formats) or file.name in absent:
            path.unlink(missing_ok=True)
        elif not path.exists():
            MAKERS[file.name](parts, path)


def _write_depth(parts: Parts, options: Options) -> WrittenFacts:
    """Write pictures and numbers; return the facts of a face without a surface and a solid."""
    reconstruction = parts.reconstruction
    statistics, _ = together(
        partial(face_files.statistics, reconstruction),
        partial(face_files.write_pictures, reconstruction, parts.folder),
    )
    face_files.write_statistics(statistics, parts.folder)
    x, y, z = reconstruction.origin_mm.tolist()
    return WrittenFacts(
        **vars(reconstruction.facts),
        depth_png=face_files.depth_range(reconstruction),
        surface=None,
        solid=None,
        mesh_origin_mm=(x, y, z),
        options=options,
        versions=versions(),
    )


def _write_surface(parts: Parts, into: Path, options: Options, texture: bytes) -> SurfaceFacts:
    """Make the surface, and write `mesh.glb` where the options name it."""
    reconstruction, formats = parts.reconstruction, set(options.formats)
    how = options.tolerance_mm, options.surface, options.taubin
    surface = light = make_surface(reconstruction, options.max_triangles, *how)
    relief = normal_map(reconstruction) if WITH_NORMALS & formats else None
    parts.surface = KeptMesh.of(
        surface.vertices_mm, surface.faces, normals=None if relief is None else relief.of(surface)[0]
    )
    parts.pictures = texture, None if relief is None else jpeg(relief.picture, subsampling=0)
    if "glb" in formats:
        if relief is not None and len(surface.faces) > GLB_TRIANGLES:
            light = make_surface(reconstruction, GLB_TRIANGLES, *how)
        write_glb(face_files.surface_mesh(light, parts.about, *parts.pictures, relief), into / "mesh.glb")
    return SurfaceFacts(
        vertices=len(surface.vertices_mm),
        triangles=len(surface.faces),
        largest_error_mm=None if surface.error_mm is None else round(surface.error_mm, 4),
    )


def _names_of_solid(folder: Path) -> set[str]:
    """What `write_solid` writes anew; in a folder of version 0.1 the solid may be its `mesh.stl`."""
    return {
        FACTS_FILE,
        SOLID_MESH,
        print_stl(folder).name,
        *(file.name for file in FILES.values() if file.subject == "solid"),
    }


def _make_solid(parts: Parts, options: SolidOptions) -> None:
    solid = make_solid(parts.reconstruction, options)
    parts.solid, parts.solid_options, parts.scale = (
        KeptMesh.of(solid.vertices_mm, solid.faces, solid.colours), options, solid.scale,
    )  # fmt: skip


def _check_solid(parts: Parts, into: Path, options: SolidOptions, printer: Printer | None) -> SolidFacts:
    """Write `solid.stl`, read it back, and write `solid.json`, which says what was found."""
    MAKERS[SOLID_STL](parts, into / SOLID_STL)
    printer = printer or Printer(nozzle_mm=options.nozzle_mm)
    checked = preflight(into / SOLID_STL, printer, _asked_mm(options), stands=options.stands)
    found = checked.facts
    made = SolidFacts(
        size_mm=found.size_mm,
        triangles=found.triangles,
        volume_cm3=found.volume_cm3,
        watertight=checked.is_watertight,
        volume=checked.is_volume,
        scale=round(parts.scale, 5),
        options=options,
        preflight=found,
    )
    write_json(made, into / "solid.json")
    return made


def _keep_solid(parts: Parts, into: Path) -> None:
    """Keep what the solid's files are made from, in the place of the STL that was checked."""
    parts.solid.save(into / SOLID_MESH)
    (into / SOLID_STL).unlink()


def _asked_mm(options: SolidOptions) -> tuple[float | None, float | None, float | None]:
    """What x, y and z of the solid were asked to measure."""
    if options.life_size:
        return (None, None, None)
    if options.height_mm is None:
        return (options.width_mm, None, None)
    return (None, None, options.height_mm) if options.stands else (None, options.height_mm, None)
