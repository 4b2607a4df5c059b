"""What a comparison found, for the page: maps and photos of a pair, all pairs, networks on one photo, table, files."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from dash import html

from core.measure.table import AGREEMENT, DIFFERENCES, RMS, SCALE, Place, Statistic, chosen, part_name
from dashboard.charts import maps
from dashboard.components import page, uploads, views
from dashboard.components.faces import colour
from dashboard.components.names import cut_name
from dashboard.readings.comparison_facts import ComparedFace, ComparisonFacts, DifferenceFacts
from dashboard.readings.comparison_folder import COLUMNS, ComparisonFolder, rows
from dashboard.web.prefix import at
from dashboard.words import say, word

WORDS = (word("farther in"), word("farther out"))
FILES = (
    ("report.html", word("Report"), word("one page that opens offline and prints")),
    ("comparison.csv", "CSV", word("the table")),
    ("comparison.json", "JSON", word("all numbers, transforms and notes")),
    ("comparison.png", "PNG", word("photos, depth and differences on their scales")),
)
SCALE_HELP = word("Measured by the camera or a scanner, or scaled to an assumed IPD.")
BIG = 3  # of a pair's numbers, the first so many carry the page


def file(found: ComparisonFolder, name: str) -> str:
    """Return the address of a comparison's file."""
    return at(f"/comparisons/{found.folder.name}/{name}")


def others(found: ComparisonFolder, ids: Sequence[str]) -> list[int]:
    """Return the numbers of all faces but the reference, in the order of `ids`."""
    return [number for number in map(found.number, ids) if number != found.facts.reference]


def choice(found: ComparisonFolder, number: int, ids: Sequence[str]) -> html.Span:
    """Return a face's difference as a small picture to choose, with its RMS and its colour among `ids`."""
    face, difference = found.facts.face(number), found.facts.differences[number]
    mark = colour(ids.index(face.id))
    return html.Span(
        [
            html.Img(src=file(found, f"difference-{number}.png"), alt=""),
            html.Span([html.Span(className="dot", style={"--mark": mark}), cut_name(face.name)], className="name"),
            html.Span([page.statistic(RMS, difference.rms_mm), " RMS"], className="soft small"),
        ]
    )


def pair(found: ComparisonFolder, number: int, view: str) -> html.Div:
    """Return a face against the reference: map, slider or blinking photos, and the numbers beside."""
    facts = found.facts
    reference, other = facts.face(facts.reference), facts.face(number)
    if view == "map":
        figure = maps.signed_map(found.differences_mm[number], facts.scale_mm, WORDS)
        text = say(f"On {reference.name}: how much farther out {other.name} stands, after it was laid onto it.")
        shown = html.Div(views.graph(figure, "compare-difference", height="100%", still=True), className="depth-map")
    else:
        data: dict[str, Any] = {
            "data-view": view,
            "data-under": file(found, f"seen-{facts.reference}.webp"),
            "data-over": file(found, f"seen-{number}.webp"),
            "data-under-name": reference.name,
            "data-over-name": other.name,
        }
        text = say(f"{other.name}, turned and placed as {reference.name} is seen.")
        shown = html.Div(className="photo-pair", **data)
    return html.Div(
        [html.Figure([shown, html.Figcaption(text)]), _numbers(facts.differences[number], facts)],
        className="pair",
    )


def _numbers(difference: DifferenceFacts, of: ComparisonFacts) -> html.Div:
    shown = [one for one in chosen(DIFFERENCES, Place.PAIR) if one is not SCALE or of.with_scale]
    big = [page.big_number(one, getattr(difference, one.key)) for one in shown[:BIG]]
    facts = [(page.named(one), page.statistic(one, getattr(difference, one.key))) for one in shown[BIG:]]
    regions = [(say(part_name(name)), page.statistic(RMS, value)) for name, value in difference.by_region.items()]
    return html.Div(
        [
            html.Div(big, className="numbers mb-3"),
            page.facts(facts),
            html.H3(say("By region, RMS"), className="mt-4"),
            page.facts(regions),
            html.Div([html.P(say(note), className="note") for note in difference.notes]),
        ]
    )


def pairs(found: ComparisonFolder) -> html.Section:
    """Return all pairs as a matrix under its tree."""
    names, table = [face.name for face in found.facts.faces], found.facts.pairs
    figure = maps.pairs(names, np.array(table.rms_mm), np.array(table.linkage))
    return page.section(
        say("All pairs"),
        html.Div(views.graph(figure, "compare-pairs", height=160 + 64 * len(names), still=True), className="matrix"),
        html.P(
            say(
                "Root mean square of what is left between each two, in millimetres over the inner face. The tree "
                "joins what is most alike first."
            ),
            className="note",
        ),
    )


def agreement(found: ComparisonFolder) -> html.Section | None:
    """Return where the networks on one photo agree, and how far they are apart; None without such."""
    agreed, spread = found.facts.agreement, found.spread_mm
    if agreed is None or spread is None:
        return None
    networks = [uploads.title(name) for name in agreed.networks]
    facts = [
        (f"{first} {say('and')} {second}", html.Span([page.statistic(RMS, agreed.rms_mm[i][j]), " RMS"]))
        for i, first in enumerate(networks)
        for j, second in enumerate(networks)
        if i < j
    ]
    regions = [(say(part_name(name)), page.statistic(RMS, value)) for name, value in agreed.by_region.items()]
    graph = views.graph(maps.plain_map(spread, "mm"), "compare-agreement", height="100%", still=True)
    return page.section(
        say("Networks on one photo"),
        html.Div(
            [
                html.Figure(
                    [
                        html.Div(graph, className="depth-map"),
                        html.Figcaption(
                            say(
                                "Standard deviation between the networks at each place: pale where they agree. None "
                                "of them is the truth."
                            )
                        ),
                    ]
                ),
                html.Div(
                    [
                        html.Div(
                            [page.big_number(one, getattr(agreed, one.key)) for one in chosen(AGREEMENT, Place.PAIR)],
                            className="numbers mb-3",
                        ),
                        page.facts([*facts, *regions]),
                    ]
                ),
            ],
            className="pair",
        ),
    )


def table(
    faces: Sequence[ComparedFace], differences: Mapping[int, DifferenceFacts], ids: Sequence[str], *,
    with_scale: bool = False,
) -> html.Div:  # fmt: skip
    """Return the numbers of all faces, to sort, at first in the order of `ids`.

    differences : by the number of the face, perhaps none.
    """
    columns = [one for one in COLUMNS if one is not SCALE or with_scale]
    by_id = {face.id: (face, row) for face, row in zip(faces, rows(faces, differences), strict=True)}
    shown = [
        [
            (row["face"], row["face"]),
            (say(face.scale), face.scale),
            *[(_cell(one, row[one.key]), row[one.key]) for one in columns],
        ]
        for face, row in (by_id[face_id] for face_id in ids)
    ]
    headings = [(", ".join(map(say, filter(None, (one.name, one.unit)))), say(one.help)) for one in columns]
    return page.sortable("compare", [(say("Face"), ""), (say("Millimetres"), say(SCALE_HELP)), *headings], shown)


def _cell(one: Statistic[Any], value: float | None) -> str:
    """Return a rounded number as it stands in comparison.csv; nothing for None."""
    return "" if value is None else f"{value:.{one.digits}f}"


def downloads(found: ComparisonFolder) -> html.Div:
    """Return links to the files of a comparison that are there."""
    links: Sequence[Any] = [
        html.A(
            [page.icon("download"), say(title)], href=f"{file(found, name)}?download=1", download="",
            title=say(meaning),
            className="btn btn-quiet btn-sm",
        )
        for name, title, meaning in FILES
        if (found.folder / name).is_file()
    ]  # fmt: skip
    return html.Div(links, className="row-of")
