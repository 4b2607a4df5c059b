"""What is read off one face's depth: profiles, symmetry, lengths, and what the smoothing changed."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from dash import html

from core.files.colours import signed_limit
from core.measure.context import Depths, Differences
from core.measure.table import MEDIAN, SMOOTHED_RMS, STD, SYMMETRY_COVERAGE, SYMMETRY_RMS, part_name
from dashboard.charts import figures, maps
from dashboard.components import lengths, page, views

if TYPE_CHECKING:
    from dashboard.readings.measured import Measured

ALONG = {"midline": "mm above the nose tip", "eye line": "mm from between the eyes", "mouth line": "mm from its middle"}


def of_the_face(found: "Measured") -> list[Any]:
    """Return the sections of profiles, symmetry and lengths; a sentence for a photo taken whole."""
    if not found.regions:
        return [html.P("A photo taken whole has no profiles, symmetry or lengths of a face.", className="note")]
    return [
        page.section("Profiles", _profiles(found), html.Div(id="statistics-line-profile")),
        page.section("Left against right", _symmetry(found)),
        page.section("Lengths", lengths.table(found.measures, found.withheld), lengths.caution()),
    ]


def _profiles(found: "Measured") -> html.Div:
    drawn = {
        name: figures.profiles(
            [figures.Profile(name, line.along_mm, line.depth_mm)], upright=name == "midline", along=ALONG[name]
        )
        for name, line in found.profiles.items()
    }
    across = [
        html.Div([html.H3(name.capitalize()), views.graph(drawn[name], height=220, still=True)])
        for name in ("eye line", "mouth line")
    ]
    upright = html.Div([html.H3("Midline"), views.graph(drawn["midline"], height=500, still=True)])
    return html.Div([upright, html.Div(across)], className="charts halves")


def _symmetry(found: "Measured") -> html.Div | html.P:
    symmetry = found.symmetry
    if symmetry is None:
        return html.P("This head is turned so far that its other side cannot be compared.", className="note")
    limit = signed_limit([symmetry.difference_mm[found.mask("face")]])
    figure = maps.signed_map(symmetry.difference_mm, limit, ("less far out", "farther out"))
    rows = [(part_name(name), page.statistic(SYMMETRY_RMS, value)) for name, value in symmetry.by_region.items()]
    return html.Div(
        [
            html.Figure(
                [
                    html.Div(
                        views.graph(figure, "statistics-symmetry", height="100%", still=True), className="depth-map"
                    ),
                    html.Figcaption("How much farther out each place stands than its counterpart on the other side."),
                ]
            ),
            html.Div(
                [
                    page.big_number(SYMMETRY_RMS, symmetry.rms_mm),
                    html.H3("By region, RMS", className="mt-4"),
                    page.facts(rows),
                    html.P(
                        f"{SYMMETRY_COVERAGE.with_unit(symmetry.coverage)} of the face have a counterpart that is "
                        "seen. Light from one side, a turned head and the network's own habits count here, too.",
                        className="note",
                    ),
                ]
            ),
        ],
        className="pair",
    )


def smoothing(found: "Measured") -> Any:
    """Return the section that sets the depth beside what it was before it was smoothed."""
    assert found.unsmoothed_mm is not None
    taken = found.behind_mm - found.unsmoothed_mm
    area = found.mask("face" if found.regions else "head")
    limit = max(0.1, math.ceil(10 * float(np.nanpercentile(np.abs(taken[area]), 99))) / 10)
    figure = maps.signed_map(-taken, limit, ("taken off", "filled"), digits=2)
    rows: list[list[Any]] = []
    for part in found.parts:
        mask = found.mask(part)
        before, after = (Depths.of(values[mask]) for values in (found.unsmoothed_mm, found.behind_mm))
        rows.append(
            [
                part_name(part),
                *[page.statistic(one, one.measure(depths)) for one in (MEDIAN, STD) for depths in (before, after)],
                page.statistic(SMOOTHED_RMS, SMOOTHED_RMS.measure(Differences(taken[mask]))),
            ]
        )
    columns = ["Part", f"{MEDIAN.name} before", "After", f"{STD.name} before", "After", SMOOTHED_RMS.name]
    return page.section(
        "Before and after smoothing",
        html.Div(
            [
                html.Figure(
                    [
                        html.Div(
                            views.graph(figure, "statistics-taken", height="100%", still=True), className="depth-map"
                        ),
                        html.Figcaption("What the smoothing took off and filled, in millimetres."),
                    ]
                ),
                html.Div(
                    [
                        page.table(columns, rows, numeric=range(1, 6)),
                        html.P(
                            f"Strength {found.reconstruction.facts.smooth:g} of 1. Another one can be chosen on the "
                            "page of the face, without the network.",
                            className="note",
                        ),
                    ]
                ),
            ],
            className="pair",
        ),
    )
