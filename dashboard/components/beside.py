"""Faces beside each other on the Compare page: their pictures, and their curves over each other."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from core.geometry.facts import all_behind
from dashboard.charts import figures
from dashboard.components import doubt, faces, page, views
from dashboard.readings import results
from dashboard.words import say, word

BINS = 96
LINES = (("midline", word("Midline")), ("eye line", word("Eye line")), ("mouth line", word("Mouth line")))
ALONG = {
    "midline": word("mm above the nose tip"),
    "eye line": word("mm from between the eyes"),
    "mouth line": word("mm from its middle"),
}
RANGES = (("shared", word("One scale")), ("own", word("Each its own")))


def pictures(found: Sequence[results.Result], *, own_range: bool) -> html.Section:
    """Return photo, depth and 3D of each face, on one scale; own_range : or each on its own."""
    shared = results.shared_range(found)
    own = [figures.depth_range([result.behind_mm]) for result in found]
    step = 2 if len(found) <= 4 else 3
    sides = [
        _side(
            html.Div(
                [
                    faces.handle(result.face, order, len(found)),
                    html.Div([faces.named(result.face, order), doubt.badges(result.face)]),
                ],
                className="side-head",
            ),
            html.Img(
                src=views.address(result.face.id, "crop.png", result.face.folder, width=800),
                alt=say(f"Photo of {result.face.name}"),
            ),
            html.Div(
                views.graph(
                    figures.depth_map(
                        result.behind_mm,
                        range_mm=own[order] if own_range else shared,
                        colour_bar=False,
                        step=step,
                        behind=result.facts.behind,
                    ),
                    {"kind": "compare-depth", "order": order},
                    height="100%",
                    still=True,
                ),
                className="map",
            ),
            views.face_viewer(result, say(f"{result.face.name} in 3D; all turn together"), group="compare"),
            face=result.face.id,
        )
        for order, result in enumerate(found)
    ]
    aside = html.Div(
        [
            page.switch_pair("compare-range", page.said(RANGES), "own" if own_range else "shared"),
            html.Div(faces.scale(*shared, behind=_behind(found)), id="compare-range-shared", hidden=own_range),
            html.Div(faces.scale_of_each(), id="compare-range-own", hidden=not own_range),
        ],
        className="row-of",
    )
    look = "side-by-side two" if len(found) == 2 else "side-by-side"
    beside = html.Div(sides, className=look, tabIndex=0)
    return page.section(
        say("Side by side"),
        dcc.Store(id="compare-ranges", data={"shared": [shared] * len(found), "own": own}),
        views.viewing("compare", beside, views.LOOKS, label=say("All faces in 3D"), staged=False),
        html.Div(id="compare-moved", className="visually-hidden", role="status"),
        aside=aside,
    )


def _side(*parts: Any, face: str) -> html.Div:
    data: dict[str, Any] = {"data-face": face}
    return html.Div(list(parts), className="side", **data)


def _behind(found: Sequence[results.Result]) -> str:
    return all_behind(result.facts for result in found)


def curves(found: Sequence[results.Result]) -> html.Section:
    """Return histograms and profiles over each other."""
    edges = results.shared_edges(found, BINS)
    histogram = figures.histograms([result.histogram_over(edges) for result in found], behind=_behind(found))
    charts = [
        html.Div(
            [
                html.H3(say("How much of the head lies how deep")),
                views.graph(histogram, "compare-histogram", height=440),
            ]
        ),
        html.Div(
            [
                page.switch_pair("compare-line", page.said(LINES), "midline", look="views"),
                views.graph(profiles(found, "midline"), "compare-profile", height=408),
            ]
        ),
    ]
    key = html.Div([faces.named(result.face, order) for order, result in enumerate(found)], className="row-of")
    return page.section(say("Over each other"), html.Div(charts, className="charts"), aside=key)


def profiles(found: Sequence[results.Result], name: str) -> Any:
    """Return the figure of the profiles along one of the lines."""
    lines = [result.profile(name) for result in found]
    return figures.profiles(lines, upright=name == "midline", along=ALONG[name])
