"""Heads compared point by point: what differs on the reference's head, one turning into another, the mean of all."""

from collections.abc import Sequence
from typing import Any, cast

import dash_bootstrap_components as dbc
from dash import dcc, html

from core.measure.table import FROM_MEAN, POINTS, POINTS_RMS, POINTS_SCALE, RMS, Place, Statistic, chosen, part_name
from dashboard.components import page, views
from dashboard.components.faces import signed_scale
from dashboard.readings.comparison_facts import ComparisonFacts
from dashboard.readings.heads_folder import COLUMNS, LIES_POORLY, HeadsFolder, rows
from dashboard.web.prefix import at
from dashboard.words import say, word

MEAN_FILES = (
    ("mean.glb", "GLB", word("with its texture")),
    ("mean.stl", "STL", word("closed, prints")),
    ("mean.ply", "PLY", word("with colours")),
    ("mean.zip", "OBJ", word("with its texture, zipped")),
)
TABLE_FILES = (
    ("heads.csv", "CSV", word("the table")),
    ("heads.json", "JSON", word("all numbers, transforms and notes")),
)


def file(found: HeadsFolder, name: str) -> str:
    """Return the address of a file of compared heads."""
    return at(f"/comparisons/{found.folder.name}/{name}")


def shown(found: HeadsFolder, beside: ComparisonFacts | None, ids: Sequence[str]) -> list[Any]:
    """Return all that was found. beside : the comparison by nearest points, with the same reference."""
    others = [number for number in map(found.facts.number, ids) if number != found.facts.reference]
    choices = [{"label": found.facts.face(number).name, "value": number} for number in others]
    choice = dbc.RadioItems(
        id="compare-head", options=choices, value=others[0], inline=True, className="views mt-4",
        style={} if len(others) > 1 else {"display": "none"},
    )  # fmt: skip
    return [
        dcc.Store(id="compare-heads-folder", data=found.folder.name),
        _table(found, beside, ids),
        html.Div([html.P(note, className="note") for note in _notes(found)]),
        html.Div(_links(found, TABLE_FILES), className="mt-3"),
        choice,
        html.Div(pair(found, others[0]), id="compare-head-pair", className="mt-4"),
        _mean(found, ids),
    ]


def _notes(found: HeadsFolder) -> list[str]:
    facts = found.facts
    return [*map(say, facts.notes), *[f"{face.name}: {say(LIES_POORLY)}" for face in facts.faces if face.is_poor]]


def _table(found: HeadsFolder, beside: ComparisonFacts | None, ids: Sequence[str]) -> html.Div:
    facts = found.facts
    by_id = {face.id: row for face, row in zip(facts.faces, rows(facts), strict=True)}
    nearest: dict[str, float] = {}
    if beside is not None and beside.face(beside.reference).id == facts.face(facts.reference).id:
        nearest = {beside.face(number).id: one.rms_mm for number, one in beside.differences.items()}

    def cell(one: Statistic[Any], value: float | None) -> str:
        return "" if value is None else f"{value:.{one.digits}f}"

    columns: list[Any] = [say("Face"), html.Span(say("Nearest point, RMS, mm"), title=say(RMS.help))]
    columns += [
        html.Span(", ".join(map(say, filter(None, (one.name, one.unit)))), title=say(one.help)) for one in COLUMNS
    ]
    lines = []
    for face_id in ids:
        row = by_id[face_id]
        lines.append([row["face"], cell(RMS, nearest.get(face_id)), *(cell(one, row[one.key]) for one in COLUMNS)])
    return page.table(columns, lines, numeric=range(1, len(columns)), facing=True)


def pair(found: HeadsFolder, number: int) -> html.Div:
    """Return a head against the reference: what differs, painted on it; the reference turning into it; numbers."""
    facts = found.facts
    reference, other, difference = facts.face(facts.reference), facts.face(number), facts.differences[number]
    scale = signed_scale(facts.scale_mm, (say("farther in"), say("farther out")))
    painted = html.Figure(
        [
            views.viewing(
                "points",
                views.viewer(
                    file(found, f"points-{number}.glb"), say(f"{reference.name} in 3D, painted by the difference"),
                    group="points", name=f"{reference.name}-{other.name}",
                ),
                label=say("The difference in 3D"),
            ),
            scale,
            html.Figcaption(
                say(
                    f"On the head of {reference.name}: how much farther out the same place of {other.name} stands. "
                    "Grey is guessed in one of the photos, and not compared."
                )
            ),
        ]
    )  # fmt: skip
    morphs = file(found, f"morph-{number}.glb")
    data: dict[str, Any] = {"data-from": reference.name, "data-to": other.name}
    morph = html.Figure(
        [
            views.viewing(
                "morph",
                views.viewer(
                    morphs, say(f"{reference.name} turning into {other.name}"),
                    group="morph", name=f"{reference.name}-{other.name}",
                ),
                label=say("One face turning into another"),
            ),
            html.Div(className="morph-share", **cast(Any, data)),
            html.Figcaption(
                [
                    say("Both heads whole: what their photos do not show is guessed."),
                    " ",
                    html.A(say("GLB with a morph target"), href=f"{morphs}?download=1", download=""),
                ]
            ),
        ]
    )  # fmt: skip
    big = [page.big_number(one, getattr(difference, one.key)) for one in chosen(POINTS, Place.COMMAND)]
    small = [
        (page.named(one), page.statistic(one, getattr(difference, one.key)))
        for one in chosen(POINTS, Place.PAIR)
        if Place.COMMAND not in one.places and (one is not POINTS_SCALE or facts.with_scale)
    ]
    regions = [
        (say(part_name(name)), page.statistic(POINTS_RMS, value)) for name, value in difference.by_region.items()
    ]
    return html.Div(
        [
            html.Div([painted, morph], className="charts even"),
            html.Div(
                [
                    html.Div([html.Div(big, className="numbers mb-3"), page.facts(small)]),
                    html.Div([html.H3(say("By region, RMS")), page.facts(regions)]),
                ],
                className="charts even mt-4",
            ),
        ]
    )


def _mean(found: HeadsFolder, ids: Sequence[str]) -> html.Div:
    facts = found.facts
    faces = [facts.face(facts.number(face_id)) for face_id in ids]
    view = views.viewing(
        "mean",
        views.viewer(file(found, "mean.glb"), say("The mean face in 3D"), group="mean", name="mean"),
        label=say("The mean face in 3D"),
    )
    away = [(face.name, page.statistic(FROM_MEAN, face.from_mean_mm)) for face in faces]
    text = say(
        f"The mean of {len(faces)} heads, laid onto each other by the face and left in their sizes. What a photo does "
        "not show is averaged as it is guessed, but does not count in the distances."
    )
    return html.Div(
        [
            html.H3(say("Mean face"), className="mt-5 mb-2"),
            html.Div(
                [
                    html.Figure([view, html.Figcaption(text)]),
                    html.Div(
                        [
                            html.H3(page.named(FROM_MEAN)),
                            page.facts(away),
                            html.H3(say("Download"), className="mt-4"),
                            _links(found, MEAN_FILES),
                        ]
                    ),
                ],
                className="pair",
            ),
        ]
    )


def _links(found: HeadsFolder, files: Sequence[tuple[str, str, str]]) -> html.Div:
    links: Sequence[Any] = [
        html.A(
            [page.icon("download"), title], href=f"{file(found, name)}?download=1", download="", title=say(meaning),
            className="btn btn-quiet btn-sm",
        )
        for name, title, meaning in files
    ]  # fmt: skip
    return html.Div(links, className="row-of")
