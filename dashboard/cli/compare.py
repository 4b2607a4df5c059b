"""`lifemask compare`: folders of faces and photos -> one folder that compares them."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import core
from core import csv_text
from core.atomic import replacing_within, restore
from core.errors import LifemaskError, OptionError
from core.names import readable
from core.options import Options
from core.progress import Progress, part_of
from core.storage import writing
from dashboard import readings
from dashboard.cli import run
from dashboard.cli.flags import given, with_network
from dashboard.cli.terminal import bar, say_wrong
from dashboard.readings import comparison_files
from dashboard.settings import Settings

FACES = "faces"  # the folder in which faces of photos are written
MADE = 0.7  # of the work, where there are photos
COMPARED = 0.3  # of the rest, where heads come along


def compare(
    sources: Sequence[Path],
    out: Path,
    options: Options,
    networks: Callable[[], "core.Networks"],
    *,
    with_scale: bool,
    heads: bool = False,
    neutral: bool = False,
    progress: Progress,
    settings: Settings,
) -> "tuple[readings.comparison_facts.ComparisonFacts, readings.comparison_facts.HeadsFacts | None]":
    """Compare the faces of `sources` with the first of them, and all pairs, into the folder `out`.

    heads : their heads, too, point by point; neutral : these with expression taken out.

    sources : folders that `lifemask run` wrote, or photos; all faces of a photo are taken, left to right, and their
    folders are written to `out/faces`. networks : called if there is a photo.
    Files of an earlier comparison in `out` are replaced once all new ones are there, all or none; what else is in it
    stays. Returns what comparison.json and heads.json hold.

    Raises
    ------
    LifemaskError
        A source is neither, holds no face, or fewer than two faces are there; `out` holds files of somebody's own that
        would be overwritten.
    """
    _refuse_files_of_others(out)
    photos = [source for source in sources if not source.is_dir()]
    for source in sources:
        if source.is_dir():
            core.files.read_facts(source)  # one that cannot be read is said before the networks work on photos
    share = MADE if photos else 0.0
    made: dict[Path, list[Path]] = {}
    if photos:
        made = _from_photos(photos, out / FACES, options, networks, lambda s, p: progress(s, share * p), settings)
    folders = [folder for source in sources for folder in (made.get(source) or [source])]
    if len(folders) < 2:
        raise OptionError(
            f"Comparing needs at least two faces; {len(folders)} was given. Name another folder or photo."
        )
    named, own = _named(folders), 1.0 - COMPARED if heads else 0.0
    rest, by_point = part_of(progress, share, 1 - share), None
    with writing(out), replacing_within(out, comparison_files.is_ours, comparison_files.SUMMARY) as part:
        if heads:
            by_point = readings.heads_folder.write(
                named, 0, part, neutral=neutral, with_scale=with_scale, progress=part_of(rest, 0.0, own)
            )
        facts = readings.comparison_folder.write(
            named, 0, part,
            with_scale=with_scale,
            points=readings.heads_folder.for_report(by_point) if by_point else None,
            progress=part_of(rest, own, 1 - own),
        )  # fmt: skip
        _write_pairs(facts, part / "pairs.csv")
    return facts, by_point


def _refuse_files_of_others(out: Path) -> None:
    """Raise OptionError where files would be overwritten that are of no comparison which this program wrote."""
    with writing(out):
        restore(out, comparison_files.is_ours, comparison_files.SUMMARY)
        names = comparison_files.present(out)
    if names and not comparison_files.holds_comparison(out):
        raise OptionError(
            f"{out} holds {names[0]}, which is not of a comparison by Lifemask and would be overwritten. "
            "Choose another folder with --out, or move the file away."
        )


def _from_photos(
    photos: Sequence[Path], out: Path, options: Options, networks: Callable[[], "core.Networks"], progress: Progress,
    settings: Settings,
) -> dict[Path, list[Path]]:  # fmt: skip
    for photo in photos:
        if not photo.exists():
            raise OptionError(f"There is no photo and no folder {photo}. Check the name.")
    found: dict[Path, list[Path]] = {}
    unique = list(dict.fromkeys(photos))

    def on(photo: Path, stage: str, share: float) -> None:
        progress(f"{readable(photo.name)}: {stage}", (len(found) + share) / len(unique))

    for outcome in run.run(unique, out, options, networks(), on, settings):
        if outcome.error is not None:
            raise LifemaskError(f"{readable(str(outcome.photo))}: {outcome.error}")
        found[outcome.photo] = outcome.folders
    return found


def _named(folders: Sequence[Path]) -> "list[readings.comparison_folder.Named]":
    """Each by the name of its folder; where two have the same, with its place in the list."""
    names = [readable(folder.resolve().name) for folder in folders]
    return [
        readings.comparison_folder.Named(str(i), name if names.count(name) == 1 else f"{name} ({i})", folder)
        for i, (name, folder) in enumerate(zip(names, folders, strict=True), start=1)
    ]


def _write_pairs(facts: "readings.comparison_facts.ComparisonFacts", path: Path) -> None:
    """RMS difference of every two faces in mm, as a table with names, like beside like."""
    names, pairs = [face.name for face in facts.faces], facts.pairs
    table = [["RMS, mm", *(names[i] for i in pairs.order)]]
    table += [[names[i], *(f"{pairs.rms_mm[i][j]:.3f}" for j in pairs.order)] for i in pairs.order]
    path.write_text(csv_text.as_csv(table), "utf-8")


def command(args: argparse.Namespace) -> int:
    """Compare, and say how far each face is from the first."""
    settings = Settings.from_env()

    def networks() -> "core.Networks":
        return core.Networks(settings.device, settings.precision, settings.weights_folder)

    no_mesh_is_kept = {"solid": "none", "formats": [], "max_triangles": 2000}
    options = Options.from_dict({**with_network(given(args, ["model"]), settings), **no_mesh_is_kept})
    with bar() as progress:
        facts, heads = compare(
            args.faces, args.out, options, networks,
            with_scale=args.with_scale, heads=args.heads or args.neutral, neutral=args.neutral,
            progress=progress, settings=settings,
        )  # fmt: skip
    if args.json:
        print(json.dumps(asdict(facts) | ({"heads": asdict(heads)} if heads else {})))
        return 0
    table = core.measure.table
    _print(facts, table.chosen(table.DIFFERENCES, table.Place.COMMAND))
    if heads:
        _print(heads, table.chosen(table.POINTS, table.Place.COMMAND))
        for sentence in readings.heads_folder.poor(heads):
            say_wrong(sentence)
        print(f"{'MEAN FACE':40}  {table.FROM_MEAN.name.upper()}")
        for face in heads.faces:
            print(f"{face.name:40}  {table.FROM_MEAN.with_unit(face.from_mean_mm):>{len(table.FROM_MEAN.name)}}")
    print(f"To look at and to print: {args.out / 'report.html'}")
    return 0


def _print(
    facts: "readings.comparison_facts.ComparisonFacts | readings.comparison_facts.HeadsFacts",
    columns: "Sequence[core.measure.table.Statistic[Any]]",
) -> None:
    """A line for each face but the reference."""
    head = f"DIFFERENCE FROM {facts.face(facts.reference).name}"
    print(f"{head:40}" + "".join(f"  {one.name.upper()}" for one in columns))
    for number, found in facts.differences.items():
        numbers = "".join(f"  {one.with_unit(getattr(found, one.key)):>{len(one.name)}}" for one in columns)
        print(f"{facts.face(number).name:40}{numbers}")
