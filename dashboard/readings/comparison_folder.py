"""A comparison's folder: what the worker writes of two to eight faces, and what the pages read of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import csv_text, json_files
from core.comparison.agreement import agreement
from core.comparison.difference import Comparison, compare, errors_of
from core.comparison.pairs import compare_all
from core.depth.catalog import MODELS
from core.files.colours import DIVERGING, coloured, signed_limit
from core.geometry.facts import all_behind
from core.geometry.reconstruction import Reconstruction
from core.measure.context import Assumed
from core.measure.face import face_measures, withheld
from core.measure.regions import face_area
from core.measure.statistics import depth_statistics, relative_depth
from core.measure.table import ASSUMED, DEPTHS, DIFFERENCES, DISTANCE, LENGTHS, RMS, Place, Statistic, chosen, numbers
from core.progress import Progress, ignore
from core.report.page import report
from core.report.sections import PointNumbers
from core.version import versions
from dashboard.charts.contact_sheet import sheet
from dashboard.library.records import FaceRecord
from dashboard.readings.comparison_facts import (
    AgreementFacts,
    ComparedFace,
    ComparisonFacts,
    DifferenceFacts,
    PairFacts,
)

READ, PAIRED, LAID = 0.05, 0.45, 0.7  # shares of the work: reading, then pairs, then maps; the rest is files
# of the page's table and of comparison.csv
COLUMNS: tuple[Statistic[Any], ...] = tuple(
    one for group in (DIFFERENCES, LENGTHS, DEPTHS, ASSUMED) for one in chosen(group, Place.TABLE)
)
HEADINGS_IN_CSV = {DISTANCE: "Distance, from it, mm"}  # where a file written before had another than the name of now


@dataclass(frozen=True)
class Named:
    """A face to compare: its id, the name that people know it by, and its folder."""

    id: str
    name: str
    folder: Path


def told_apart(faces: Sequence[FaceRecord]) -> list[FaceRecord]:
    """Return the faces with names that differ: of one photo by their networks, else by a number."""
    found = []
    for face in faces:
        same = [other for other in faces if other.name == face.name]
        name = face.name
        if len(same) > 1 and len({other.network for other in same}) == len(same):
            title = MODELS[face.network].title if face.network in MODELS else face.network
            name = f"{face.name}, {title}"
        elif len(same) > 1:
            by_age = sorted(same, key=lambda other: (other.created, other.id))  # the number stays in any order
            name = f"{face.name} ({1 + by_age.index(face)})"
        found.append(replace(face, name=name))
    return found


def write(
    faces: Sequence[Named], reference: int, folder: Path, *, with_scale: bool = False,
    points: PointNumbers | None = None, progress: Progress = ignore,
) -> ComparisonFacts:  # fmt: skip
    """Compare every face with the one at `reference`, and all pairs, into a folder that exists.

    Writes comparison.json, .csv and .png, and report.html; for the N-th face, from 1: difference-N.npy (float32 mm on
    the reference's crop, not for the reference itself), difference-N.png (coloured, all on the scale `scale_mm`) and
    seen-N.webp (its photo as the reference's camera sees it). Returns what comparison.json holds. points : for the
    report, as `core.report.report` takes them.

    Raises
    ------
    FormatError
        A folder holds no face that this version can read.
    GeometryError
        A face is a photo taken whole, or two share too little surface.
    Cancelled
        From `progress`.
    """
    progress("Reading the faces", 0.0)
    shapes = [Reconstruction.load(face.folder) for face in faces]
    pairs = compare_all(
        shapes, [face.name for face in faces], with_scale=with_scale,
        progress=lambda stage, share: progress(stage, READ + (PAIRED - READ) * share),
    )  # fmt: skip
    compared: dict[int, Comparison] = {}
    notes: dict[str, None] = {}  # each sentence once, in order
    for i, (face, shape) in enumerate(zip(faces, shapes, strict=True)):
        progress(f"Laying {face.name} onto the reference", PAIRED + (LAID - PAIRED) * i / len(faces))
        if i == reference:
            _write_seen(shape.crop_rgb, shape.head, folder / f"seen-{i + 1}.webp")
            continue
        compared[i] = found = compare(shapes[reference], shape, with_scale=with_scale)
        _write_seen(found.warped_rgb, found.seen.mask, folder / f"seen-{i + 1}.webp")
        notes.update(dict.fromkeys(found.notes))
    progress("Writing the report", LAID)
    inner = face_area(shapes[reference])  # hair differs by centimetres and would leave the face pale
    limit_mm = signed_limit([found.difference_mm[inner] for found in compared.values()])
    for i, found in compared.items():
        np.save(folder / f"difference-{i + 1}.npy", found.difference_mm)
        picture = Image.fromarray(coloured(found.difference_mm, -limit_mm, limit_mm, DIVERGING))
        picture.save(folder / f"difference-{i + 1}.png")
    facts = ComparisonFacts(
        scale_mm=limit_mm,
        reference=reference + 1,
        with_scale=with_scale,
        faces=tuple(about(face.id, face.name, shape) for face, shape in zip(faces, shapes, strict=True)),
        differences={i + 1: DifferenceFacts(**found.numbers()) for i, found in compared.items()},
        pairs=PairFacts(
            rms_mm=json_files.rows(pairs.rms_mm),
            order=tuple(pairs.order.tolist()),
            linkage=json_files.rows(pairs.linkage),
        ),
        agreement=_write_agreement(shapes, folder),
        notes=tuple(notes),
        versions=versions(),
    )
    json_files.write_json(facts, folder / "comparison.json")
    (folder / "comparison.csv").write_text(as_csv(facts.faces, facts.differences), "utf-8")
    names = [face.name for face in faces]
    text = report(shapes, names, compared, pairs, reference=reference, points=points)
    (folder / "report.html").write_text(text, "utf-8")
    drawn = sheet(
        names,
        [shape.crop_rgb for shape in shapes],
        [relative_depth(shape) for shape in shapes],
        [compared[i].difference_mm if i in compared else None for i in range(len(faces))],
        limit_mm=limit_mm,
        reference=reference,
        below=[f"{RMS.with_unit(compared[i].rms_mm)} RMS" if i in compared else "" for i in range(len(faces))],
        note=errors_of(shape.facts for shape in shapes),
        behind=all_behind(shape.facts for shape in shapes),
    )
    drawn.save(folder / "comparison.png")
    progress("Files are written", 1.0)
    return facts


def about(face_id: str, name: str, shape: Reconstruction) -> ComparedFace:
    """Return what comparison.json says of a face by itself."""
    measures = face_measures(shape)
    return ComparedFace(
        id=face_id,
        name=name,
        network=shape.facts.network.name,
        **numbers(ASSUMED, Assumed(shape.facts.scale_ipd_mm, shape.facts.distance_mm)),
        is_measured=shape.facts.is_measured,
        statistics=depth_statistics(relative_depth(shape)).to_dict(),
        measures=asdict(measures) if measures else None,
        withheld=withheld(shape),
    )


def _write_seen(rgb: NDArray[np.uint8], where: NDArray[np.bool_], file: Path) -> None:
    alpha = np.where(where, 255, 0).astype(np.uint8)
    Image.fromarray(np.dstack([rgb, alpha])).save(file, quality=86, method=2)


def _write_agreement(shapes: Sequence[Reconstruction], folder: Path) -> AgreementFacts | None:
    """Of the networks that were asked about one and the same face, where there are several such."""
    groups: dict[str, dict[str, Reconstruction]] = {}
    for shape in shapes:
        facts = shape.facts
        crop = np.round(facts.crop.to_photo).tolist()
        groups.setdefault(json.dumps([facts.photo.sha256, crop]), {}).setdefault(facts.network.name, shape)
    several = [list(group.values()) for group in groups.values() if len(group) > 1]
    if not several:
        return None
    found = agreement(max(several, key=len))
    np.save(folder / "agreement.npy", found.spread_mm)
    return AgreementFacts(
        networks=found.names,
        median_mm=found.median_mm,
        p95_mm=found.p95_mm,
        by_region=found.by_region,
        rms_mm=json_files.rows(found.rms_mm),
        correlation=json_files.rows(found.correlation),
    )


def rows(faces: Iterable[ComparedFace], differences: Mapping[int, DifferenceFacts]) -> list[dict[str, Any]]:
    """Return the table: a row per face with its name, and rounded numbers by the keys of `COLUMNS`; None where none."""
    found = []
    for number, face in enumerate(faces, start=1):
        difference = differences.get(number)
        known = {**face.statistics, **(face.measures or {}), **(vars(difference) if difference else {})}
        known.update({one.key: getattr(face, one.key) for one in ASSUMED})
        found.append({"face": face.name, **{one.key: one.rounded(known.get(one.key)) for one in COLUMNS}})
    return found


def column(one: Statistic[Any]) -> str:
    """Return the heading of a column of comparison.csv, which stays when a name changes."""
    return HEADINGS_IN_CSV.get(one, one.heading)


def as_csv(faces: Iterable[ComparedFace], differences: Mapping[int, DifferenceFacts]) -> str:
    """Return the table as comma-separated values, each column with its unit."""
    faces = list(faces)
    table = [["Face", *[column(one) for one in COLUMNS], "Millimetres"]]
    for face, row in zip(faces, rows(faces, differences), strict=True):
        cells = [(row[one.key], one.digits) for one in COLUMNS]
        numbers = ["" if value is None else f"{value:.{digits}f}" for value, digits in cells]
        table.append([row["face"], *numbers, face.scale])
    return csv_text.as_csv(table)


@dataclass(frozen=True)
class ComparisonFolder:
    """What was written of a comparison. facts : comparison.json."""

    folder: Path
    facts: ComparisonFacts

    def number(self, face_id: str) -> int:
        """Return the number of a face, from 1."""
        return 1 + [face.id for face in self.facts.faces].index(face_id)

    @cached_property
    def differences_mm(self) -> dict[int, NDArray[np.float32]]:
        """(S, S) by the number of the face, without the reference: positive where it stands out farther."""
        return {number: np.load(self.folder / f"difference-{number}.npy") for number in self.facts.differences}

    @cached_property
    def spread_mm(self) -> NDArray[np.float32] | None:
        """(S, S), how far networks are apart on one photo; None where the faces hold no such."""
        return np.load(self.folder / "agreement.npy") if self.facts.agreement else None


@lru_cache(maxsize=8)
def read(folder: Path) -> ComparisonFolder:
    """Read the folder of a comparison; it never changes once it is there.

    Raises
    ------
    FormatError
        Its comparison.json is damaged or foreign.
    """
    path = folder / "comparison.json"
    return ComparisonFolder(folder, json_files.typed(ComparisonFacts, json_files.read_object(path), path))
