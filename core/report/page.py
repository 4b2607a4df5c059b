"""The report's page: sections of pictures, drawings and tables in one HTML text."""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path

from core.comparison.difference import EXPRESSION, Comparison, errors_of
from core.comparison.pairs import PairTable
from core.geometry.facts import all_scaled
from core.geometry.reconstruction import Reconstruction
from core.report import sections
from core.report.sections import ComparedFaces, PointNumbers

STYLE = Path(__file__).with_name("style.css")
COUNTS = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight"}


def report(
    faces: Sequence[Reconstruction],
    names: Sequence[str],
    comparisons: Mapping[int, Comparison],
    pairs: PairTable,
    *,
    reference: int = 0,
    points: PointNumbers | None = None,
    made: date | None = None,
) -> str:
    """A whole HTML page that needs no other file and no network, for the screen and for paper.

    faces, names : of at least two faces. comparisons : by the place of the other face in `faces`, each with
    faces[reference] as reference; all others must be there. pairs : of all of them. points : of their heads, where
    these were compared, too. made : the date to print.
    """
    others = [i for i in range(len(faces)) if i != reference]
    if sorted(comparisons) != others:
        raise ValueError(f"comparisons must be of the faces {others}, not {sorted(comparisons)}")
    compared = ComparedFaces(tuple(faces), tuple(names), comparisons, pairs, reference)
    count = COUNTS.get(len(faces), str(len(faces)))
    day = f" {made.day} {made:%B %Y}." if made else ""
    body = "".join(
        [
            f"<h1>{count} faces compared</h1>",
            f'<p class="lead">Laid onto {escape(names[reference])}; lengths in millimetres, '
            f"{all_scaled(face.facts for face in faces)}.{day}</p>",
            sections.the_faces(compared),
            sections.differences(compared),
            sections.point_by_point(compared, points) if points else "",
            sections.all_pairs(compared) if len(faces) > 2 else "",
            sections.depths(compared),
            sections.profiles(compared),
            sections.symmetries(compared),
            sections.lengths(compared),
            _notes(compared),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{count} faces compared - Lifemask</title><style>{STYLE.read_text('utf-8')}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _notes(compared: ComparedFaces) -> str:
    notes = dict.fromkeys([EXPRESSION, errors_of(face.facts for face in compared.faces)])
    for i, comparison in compared.comparisons.items():
        own = [note for note in comparison.notes if note not in notes]
        notes.update(dict.fromkeys(f"{compared.names[i]}: {note}" for note in own))
    for name, face in zip(compared.names, compared.faces, strict=True):
        notes.update(dict.fromkeys(f"{name}: {warning}" for warning in face.facts.warnings))
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return sections.section("What the numbers rest on", "", f"<ul>{items}</ul>")
