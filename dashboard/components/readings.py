"""What is read off the depth of one or several faces: profiles, symmetry, and what the smoothing changed."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import html

from core.files.colours import signed_limit
from core.measure.context import Depths, Differences
from core.measure.regions import REGIONS
from core.measure.table import MEDIAN, SMOOTHED_RMS, STD, SYMMETRY_COVERAGE, SYMMETRY_RMS, part_name
from dashboard.charts import figures, maps
from dashboard.components import depth_reading, faces, page, views
from dashboard.readings.measured import Measured
from dashboard.readings.results import Result
from dashboard.words import say, word

ALONG = {
    "midline": word("mm above the nose tip"),
    "eye line": word("mm from between the eyes"),
    "mouth line": word("mm from its middle"),
}
LINES = {"midline": word("Midline"), "eye line": word("Eye line"), "mouth line": word("Mouth line")}
NOT_A_FACE = word("A photo taken whole has no profiles, symmetry or lengths of a face.")
TOO_FAR = word("This head is turned so far that its other side cannot be compared.")
SIDES = (word("less far out"), word("farther out"))


def profiles(found: Sequence[Result]) -> html.Div | html.P:
    """Return midline, eye line and mouth line of all faces over each other."""
    if not any(result.measured.regions for result in found):
        return html.P(say(NOT_A_FACE), className="note")
    drawn = {
        name: figures.profiles(
            [result.profile(name) for result in found], upright=name == "midline", along=ALONG[name]
        )
        for name in ALONG
    }  # fmt: skip
    across = [
        html.Div([html.H3(say(LINES[name])), views.graph(drawn[name], height=220, still=True)])
        for name in ("eye line", "mouth line")
    ]
    upright = html.Div([html.H3(say(LINES["midline"])), views.graph(drawn["midline"], height=500, still=True)])
    return html.Div([upright, html.Div(across)], className="charts halves")


def symmetry(found: Sequence[Result]) -> html.Div | html.P:
    """Return left against right: of one face its map and regions, of several all maps on one scale and a table."""
    limit = signed_limit([s.difference_mm[r.measured.mask("face")] for r in found if (s := r.measured.symmetry)])
    if len(found) > 1:
        return _symmetries(found, limit)
    one = found[0].measured.symmetry
    if one is None:
        return html.P(say(TOO_FAR if found[0].measured.regions else NOT_A_FACE), className="note")
    figure = maps.signed_map(one.difference_mm, limit, SIDES)
    coverage = SYMMETRY_COVERAGE.with_unit(one.coverage)
    rows = [(say(part_name(name)), page.statistic(SYMMETRY_RMS, value)) for name, value in one.by_region.items()]
    return html.Div(
        [
            html.Figure(
                [
                    html.Div(
                        views.graph(figure, "statistics-symmetry", height="100%", still=True), className="depth-map"
                    ),
                    html.Figcaption(
                        say("How much farther out each place stands than its counterpart on the other side.")
                    ),
                ]
            ),
            html.Div(
                [
                    page.big_number(SYMMETRY_RMS, one.rms_mm),
                    html.H3(say("By region, RMS"), className="mt-4"),
                    page.facts(rows),
                    html.P(
                        say(
                            f"{coverage} of the face have a counterpart that is seen. Light from one side, a turned "
                            "head and the network's own habits count here, too."
                        ),
                        className="note",
                    ),
                ]
            ),
        ],
        className="pair",
    )


def _symmetries(found: Sequence[Result], limit_mm: float) -> html.Div:
    shown, of_region = [], {}
    for order, result in enumerate(found):
        one = result.measured.symmetry
        of_region[order] = one.by_region if one else {}
        if one is None:
            inner: Any = html.P(say(TOO_FAR if result.measured.regions else NOT_A_FACE), className="note")
        else:
            figure = maps.signed_map(
                one.difference_mm, limit_mm, SIDES, colour_bar=False, step=depth_reading.step(len(found))
            )
            inner = html.Div(views.graph(figure, height="100%", still=True), className="depth-map")
        shown.append(html.Div([faces.named(result.face, order), inner], className="reading-map"))
    columns: list[Any] = [
        say("By region, RMS"),
        *[faces.named(result.face, order) for order, result in enumerate(found)],
    ]
    rows: list[list[Any]] = [
        [say(SYMMETRY_RMS.name), *[page.statistic(SYMMETRY_RMS, r.measured.symmetry_mm("face")) for r in found]],
        [
            say(SYMMETRY_COVERAGE.name),
            *[
                page.statistic(SYMMETRY_COVERAGE, one.coverage if (one := r.measured.symmetry) else None)
                for r in found
            ],
        ],
        *[
            [say(part_name(name)), *[page.statistic(SYMMETRY_RMS, of_region[order].get(name)) for order in of_region]]
            for name in REGIONS
        ],
    ]  # fmt: skip
    return html.Div(
        [
            html.Div(shown, className="maps", style={"--columns": str(depth_reading.columns(len(found)))}),
            html.P(
                say(
                    "How much farther out each place stands than its counterpart on the other side: ochre farther "
                    f"out, blue less far out, up to {limit_mm:.0f} mm. Light from one side, a turned head and the "
                    "network's own habits count here, too."
                ),
                className="note mb-3",
            ),
            page.table(columns, rows, numeric=range(1, len(columns)), facing=True),
        ]
    )


def smoothing(found: Measured, name: str | None = None) -> Any:
    """Return the section that sets the depth beside what it was before it was smoothed; name : of one of several."""
    assert found.unsmoothed_mm is not None
    taken = found.behind_mm - found.unsmoothed_mm
    area = found.mask("face" if found.regions else "head")
    limit = max(0.1, math.ceil(10 * float(np.nanpercentile(np.abs(taken[area]), 99))) / 10)
    figure = maps.signed_map(-taken, limit, (word("taken off"), word("filled")), digits=2)
    strength = found.reconstruction.facts.smooth
    rows: list[list[Any]] = []
    for part in found.parts:
        mask = found.mask(part)
        before, after = (Depths.of(values[mask]) for values in (found.unsmoothed_mm, found.behind_mm))
        rows.append(
            [
                say(part_name(part)),
                *[page.statistic(one, one.measure(depths)) for one in (MEDIAN, STD) for depths in (before, after)],
                page.statistic(SMOOTHED_RMS, SMOOTHED_RMS.measure(Differences(taken[mask]))),
            ]
        )
    median, std = say(MEDIAN.name), say(STD.name)
    before_it, after_it = say("before"), say("After")
    columns = [say("Part"), f"{median} {before_it}", after_it, f"{std} {before_it}", after_it, say(SMOOTHED_RMS.name)]
    return page.section(
        say(f"Before and after smoothing, {name}" if name else "Before and after smoothing"),
        html.Div(
            [
                html.Figure(
                    [
                        html.Div(
                            views.graph(figure, "statistics-taken", height="100%", still=True), className="depth-map"
                        ),
                        html.Figcaption(say("What the smoothing took off and filled, in millimetres.")),
                    ]
                ),
                html.Div(
                    [
                        page.table(columns, rows, numeric=range(1, 6)),
                        html.P(
                            say(
                                f"Strength {strength:g} of 1. Another one can be chosen on the page of the face, "
                                "without the network."
                            ),
                            className="note",
                        ),
                    ]
                ),
            ],
            className="pair",
        ),
    )
