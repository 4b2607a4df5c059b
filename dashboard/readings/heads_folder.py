"""The folder of heads compared point by point: what the worker writes of two to eight faces, what the pages read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core import csv_text, json_files
from core.comparison import Correspondence, correspond, correspond_all, mean_head
from core.comparison.correspondence import inner_face, posed
from core.comparison.difference import errors_of
from core.errors import GeometryError
from core.files.catalog import depth_file
from core.files.colours import signed_limit
from core.files.compared_heads import (
    MEAN,
    MEAN_FORMATS,
    ShownHead,
    made_mean,
    write_difference,
    write_mean,
    write_morph,
)
from core.files.facts import read_facts
from core.files.parts import MODEL
from core.geometry.facts import all_scaled
from core.measure.table import FROM_MEAN, POINTS, Place, Statistic, chosen
from core.progress import Progress, ignore
from core.report.sections import PointNumbers
from core.version import versions
from dashboard.readings.comparison_facts import ComparedHead, HeadsFacts, PointDifferenceFacts, PointPairFacts
from dashboard.readings.comparison_files import HEADS
from dashboard.readings.comparison_folder import Named
from dashboard.words import word

LIES_POORLY = word("The head model does not lie well on this photo, so which place is which is less sure.")
MADE, MEASURED = 0.7, 0.8  # shares of the work: heads, then numbers; the rest is files
KEPT = 8  # heads in memory, about 5 MB each: another reference, or expression taken out, asks for the same
COLUMNS: tuple[Statistic[Any], ...] = (*chosen(POINTS, Place.TABLE), FROM_MEAN)  # of the page's table and of heads.csv


@dataclass(frozen=True)
class HeadsFolder:
    """What was written of heads. facts : heads.json."""

    folder: Path
    facts: HeadsFacts


def write(
    faces: Sequence[Named], reference: int, folder: Path, *, neutral: bool = False, with_scale: bool = False,
    compact: bool = False, progress: Progress = ignore,
) -> HeadsFacts:  # fmt: skip
    """Compare the head of every face with the one at `reference` point by point, and average all, into a folder.

    Writes heads.json and .csv, mean.glb, .stl, .ply and .zip; for the N-th face, from 1, but not for the reference:
    points-N.npy (n,) float32 mm, points-N.glb and morph-N.glb. Returns what heads.json holds. compact : of the mean
    mean.glb alone, and what `made` makes the others from.

    Raises
    ------
    FormatError
        A folder holds no face that this version can read.
    GeometryError
        To a face no head can be fitted, or two photos show too little of the same side of a face.
    Cancelled
        From `progress`.
    """
    shown = []
    for i, face in enumerate(faces):
        progress(f"Fitting the head of {face.name}", MADE * i / len(faces))
        try:
            shown.append(_head(face.folder, depth_file(face.folder).stat().st_mtime_ns))
        except GeometryError as error:
            raise GeometryError(f"{face.name}: {error}") from error
    progress("Comparing point by point", MADE)
    heads = [one.head for one in shown]
    found = {
        i: correspond(heads[reference], head, neutral=neutral, with_scale=with_scale)
        for i, head in enumerate(heads)
        if i != reference
    }
    pairs = correspond_all(heads, neutral=neutral, with_scale=with_scale)
    mean = mean_head(heads, neutral=neutral)
    told = [read_facts(face.folder) for face in faces]
    limit_mm = signed_limit([one.signed_mm[inner_face()] for one in found.values()])
    facts = HeadsFacts(
        scale_mm=limit_mm,
        reference=reference + 1,
        neutral=neutral,
        with_scale=with_scale,
        faces=tuple(
            ComparedHead(
                id=face.id, name=face.name, from_mean_mm=away, seen_share=head.seen_share, is_poor=head.fit.is_poor
            )
            for face, head, away in zip(faces, heads, mean.from_mean_mm, strict=True)
        ),
        differences={i + 1: PointDifferenceFacts(**one.numbers()) for i, one in found.items()},
        pairs=PointPairFacts(rms_mm=json_files.rows(pairs.rms_mm), shape_mm=json_files.rows(pairs.shape_mm)),
        notes=(*dict.fromkeys(note for one in found.values() for note in one.notes), errors_of(told)),
        versions=versions(),
        scaled_to=all_scaled(told),
    )
    progress("Writing the mean face", MEASURED)
    write_mean(mean, [one.picture for one in shown], about(facts), folder, compact=compact)
    for done, (i, one) in enumerate(found.items()):
        progress("Writing heads that turn into each other", MEASURED + (1 - MEASURED) * (done + 0.5) / len(found))
        write_morph(shown[reference], shown[i], folder / f"morph-{i + 1}.glb", neutral=neutral)
        _write_points(one, posed(heads[reference], neutral=neutral), limit_mm, folder / f"points-{i + 1}.npy")
    (folder / "heads.csv").write_text(as_csv(facts), "utf-8")
    json_files.write_json(facts, folder / HEADS)
    progress("Files are written", 1.0)
    return facts


def about(facts: HeadsFacts) -> dict[str, str]:
    """Return what a mean head rests on, by name."""
    return {
        "mean of": ", ".join(face.name for face in facts.faces),
        "head": f"fitted model, {MODEL}; what the photos do not show is guessed",
        "expression": "taken out" if facts.neutral else "kept",
        "millimetres": facts.scaled_to,
    }


def is_made(folder: Path, name: str) -> bool:
    """Whether a file of the mean head is made when it is asked for, as it does not lie there."""
    return name in MEAN_FORMATS and not (folder / name).is_file() and (folder / MEAN).is_file()


@lru_cache(maxsize=4)
def made(folder: Path, name: str) -> bytes:
    """Make such a file."""
    return made_mean(folder, name, about(read(folder).facts))


@lru_cache(maxsize=KEPT)
def _head(folder: Path, _changed_ns: int) -> ShownHead:
    return ShownHead.of(folder)


def _write_points(found: Correspondence, points: Any, limit_mm: float, path: Path) -> None:
    np.save(path, found.signed_mm.astype(np.float32))
    write_difference(points, found.signed_mm, limit_mm, path.with_suffix(".glb"))


def values(facts: HeadsFacts) -> list[dict[str, float | None]]:
    """Return the numbers of each face by the keys of `POINTS` and `FROM_MEAN`; without those that it has none of."""
    found = []
    for number, face in enumerate(facts.faces, start=1):
        difference = facts.differences.get(number)
        known = {one.key: getattr(difference, one.key) for one in POINTS} if difference else {}
        found.append({**known, FROM_MEAN.key: face.from_mean_mm})
    return found


def for_report(facts: HeadsFacts) -> PointNumbers:
    """Return what a report tells of heads."""
    return PointNumbers(values(facts), (*facts.notes, *poor(facts)))


def rows(facts: HeadsFacts) -> list[dict[str, Any]]:
    """Return the table: a row per face with its name, and rounded numbers by the keys of `COLUMNS`; None where none."""
    return [
        {"face": face.name, **{one.key: one.rounded(known.get(one.key)) for one in COLUMNS}}
        for face, known in zip(facts.faces, values(facts), strict=True)
    ]


def as_csv(facts: HeadsFacts) -> str:
    """Return the table as comma-separated values, each column with its unit."""
    table = [["Face", *[one.heading for one in COLUMNS]]]
    for row in rows(facts):
        cells = [(row[one.key], one.digits) for one in COLUMNS]
        table.append([row["face"], *["" if value is None else f"{value:.{digits}f}" for value, digits in cells]])
    return csv_text.as_csv(table)


def poor(facts: HeadsFacts) -> list[str]:
    """Return a sentence for each head that does not lie well on its photo."""
    return [f"{face.name}: {LIES_POORLY}" for face in facts.faces if face.is_poor]


@lru_cache(maxsize=8)
def read(folder: Path) -> HeadsFolder:
    """Read the folder of compared heads; it never changes once it is there.

    Raises
    ------
    FormatError
        Its heads.json is damaged or foreign.
    """
    path = folder / HEADS
    return HeadsFolder(folder, json_files.typed(HeadsFacts, json_files.read_object(path), path))
