"""`lifemask compare`: folders of faces and photos -> one folder that compares them."""

import argparse
import csv
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import core
from core.errors import LifemaskError, OptionError
from core.measure.table import DIFFERENCES, Place, chosen
from core.options import Options
from core.progress import Progress
from dashboard import readings
from dashboard.cli import run
from dashboard.cli.flags import given, with_network
from dashboard.cli.terminal import bar, face_folder
from dashboard.library.sentences import sentences
from dashboard.settings import Settings

FACES = "faces"  # the folder in which faces of photos are written
MADE = 0.7  # of the work, where there are photos
NUMBERED = re.compile(r"difference-\d+\.(npy|png)|seen-\d+\.webp|agreement\.npy")  # files of an earlier comparison


def compare(
    sources: Sequence[Path],
    out: Path,
    options: Options,
    networks: Callable[[], "core.Networks"],
    *,
    with_scale: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Compare the faces of `sources` with the first of them, and all pairs, into the folder `out`.

    sources : folders that `lifemask run` wrote, or photos; all faces of a photo are taken, left to right, and their
    folders are written to `out/faces`. networks : called if there is a photo.
    Files of an earlier comparison in `out` are replaced once all new ones are there. Returns comparison.json.

    Raises
    ------
    LifemaskError
        A source is neither, holds no face, or fewer than two faces are there.
    """
    photos = [source for source in sources if not source.is_dir()]
    share = MADE if photos else 0.0
    made = _from_photos(photos, out / FACES, options, networks, lambda s, p: progress(s, share * p)) if photos else {}
    folders = [folder for source in sources for folder in (made.get(source) or [face_folder(source)])]
    if len(folders) < 2:
        raise OptionError(
            f"Comparing needs at least two faces; {len(folders)} was given. Name another folder or photo."
        )
    with sentences(out):
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".comparison-") as name:
            part = Path(name)
            readings.comparison_folder.write(
                _named(folders),
                0,
                part,
                with_scale=with_scale,
                progress=lambda s, p: progress(s, share + (1 - share) * p),
            )
            values: dict[str, Any] = json.loads((part / "comparison.json").read_text("utf-8"))
            _write_pairs(values, part / "pairs.csv")
            for old in out.iterdir():
                if NUMBERED.fullmatch(old.name):
                    old.unlink(missing_ok=True)  # there may be fewer faces now
            for path in part.iterdir():
                path.replace(out / path.name)
    return values


def _from_photos(
    photos: Sequence[Path], out: Path, options: Options, networks: Callable[[], "core.Networks"], progress: Progress
) -> dict[Path, list[Path]]:
    for photo in photos:
        if not photo.exists():
            raise OptionError(f"There is no photo and no folder {photo}. Check the name.")
    found: dict[Path, list[Path]] = {}
    unique = list(dict.fromkeys(photos))

    def on(photo: Path, stage: str, share: float) -> None:
        progress(f"{photo.name}: {stage}", (len(found) + share) / len(unique))

    for outcome in run.run(unique, out, options, networks(), on):
        if outcome.error is not None:
            raise LifemaskError(f"{outcome.photo}: {outcome.error}")
        found[outcome.photo] = outcome.folders
    return found


def _named(folders: Sequence[Path]) -> "list[readings.comparison_folder.Named]":
    """Each by the name of its folder; where two have the same, with its place in the list."""
    names = [folder.resolve().name for folder in folders]
    return [
        readings.comparison_folder.Named(str(i), name if names.count(name) == 1 else f"{name} ({i})", folder)
        for i, (name, folder) in enumerate(zip(names, folders, strict=True), start=1)
    ]


def _write_pairs(values: dict[str, Any], path: Path) -> None:
    """RMS difference of every two faces in mm, as a table with names, like beside like."""
    names, pairs = [face["name"] for face in values["faces"]], values["pairs"]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["RMS, mm", *(names[i] for i in pairs["order"])])
        for i in pairs["order"]:
            table.writerow([names[i], *(f"{pairs['rms_mm'][i][j]:.3f}" for j in pairs["order"])])


def command(args: argparse.Namespace) -> int:
    """Compare, and say how far each face is from the first."""
    settings = Settings.from_env()

    def networks() -> core.Networks:
        return core.Networks(settings.device, settings.precision, settings.weights_folder)

    no_mesh_is_kept = {"solid": "none", "formats": [], "max_triangles": 2000}
    options = Options.from_dict({**with_network(given(args, ["model"]), settings), **no_mesh_is_kept})
    with bar() as progress:
        values = compare(args.faces, args.out, options, networks, with_scale=args.with_scale, progress=progress)
    if args.json:
        print(json.dumps(values))
        return 0
    names = [face["name"] for face in values["faces"]]
    head = f"DIFFERENCE FROM {names[values['reference'] - 1]}"
    columns = chosen(DIFFERENCES, Place.COMMAND)
    print(f"{head:40}" + "".join(f"  {one.name.upper()}" for one in columns))
    for number, found in values["differences"].items():
        numbers = "".join(f"  {one.with_unit(found[one.key]):>{len(one.name)}}" for one in columns)
        print(f"{names[int(number) - 1]:40}{numbers}")
    print(f"To look at and to print: {args.out / 'report.html'}")
    return 0
