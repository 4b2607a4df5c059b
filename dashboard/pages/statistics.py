"""Statistics: the numbers of one to eight faces, by part, with the pixels they are of."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dash
import numpy as np
from dash import ALL, ClientsideFunction, Input, Output, State, callback, clientside_callback, ctx, dcc, html

from core.errors import LifemaskError
from core.geometry.facts import all_behind
from core.measure.profiles import contours, distance, line_profile
from core.measure.table import COUNT, DEPTHS, SYMMETRY_RMS, Place, chosen, part_name
from dashboard import words
from dashboard.charts import figures, maps
from dashboard.components import depth_reading, doubt, faces, lengths, page, picker, readings, statistics_view, views
from dashboard.components.missing import no_faces, none_of_these
from dashboard.components.statistics_view import BINS, View
from dashboard.library.records import FaceRecord
from dashboard.readings import results
from dashboard.readings.comparison_folder import told_apart
from dashboard.readings.measured import Measured
from dashboard.readings.results import Result
from dashboard.web.context import current_library, current_workspace
from dashboard.web.prefix import at

dash.register_page(__name__, path="/statistics", title=words.titled("Statistics"), name="Statistics")

DRAWN = words.word("mm along the line")


def layout(**query: str) -> html.Div:
    """Return the page for the faces of the address; the newest when it names none."""
    return _page(query)


def _page(query: dict[str, str]) -> html.Div:
    library, workspace = current_library(), current_workspace()
    wanted = [face_id for face_id in dict.fromkeys(query.get("faces", "").split(",")) if face_id]
    there = library.faces(workspace, wanted) if wanted else library.faces(workspace, most=1)
    if wanted and not there:
        return none_of_these(words.say("Statistics"))
    lead = words.say(
        "Depth relative to the nose tip (of a photo without a face: to its nearest hundredth), so that photos from "
        "different distances compare."
    )
    head = page.head(words.say("Statistics"), lead)
    if not there:
        none = no_faces(words.say("No numbers yet"), words.say("They come with the first face."))
        return html.Div([head, none])
    view = statistics_view.of_address(query, [face.id for face in there])
    found = _load(view.faces)
    if view.part not in depth_reading.parts_of(found):
        view = replace(view, part="head")
    if not all(result.measured.regions for result in found):
        view = replace(view, unit="mm")
    active = found[view.faces.index(view.active)]
    line = view.line and {"start": list(view.line[:2]), "end": list(view.line[2:])}
    several = len(found) > 1
    behind = all_behind(result.facts for result in found)
    scale = (
        faces.scale(*results.shared_range(found), view.colours, "statistics-scale", behind=behind) if several else None
    )
    doubts = doubt.reasons(active.face) if not several else None
    return html.Div(
        [
            head,
            picker.picker(view.faces, "/statistics"),
            doubts,
            dcc.Store(id="statistics-faces", data=view.faces),
            dcc.Store(id="statistics-face", data=view.active),
            dcc.Store(id="statistics-about", data=depth_reading.about(found)),
            dcc.Store(id="statistics-line", data=line),
            dcc.Store(id="statistics-level-lines"),
            *[
                dcc.Store(id=f"statistics-done-{name}")
                for name in ("paint", "mode", "levels", "point", "between", "active", "colours")
            ],
            page.section(
                words.say("Depth"), depth_reading.controls(found, view), depth_reading.reading(found, view), aside=scale
            ),
            page.section(words.say("Numbers"), html.Div(id="statistics-numbers"), aside=_downloads(active.face)),
            html.Div(id="statistics-smoothing"),
            page.section(words.say("Profiles"), readings.profiles(found), html.Div(id="statistics-line-profile")),
            page.section(words.say("Left against right"), html.Div(id="statistics-sides")),
            page.section(
                words.say("Lengths"),
                _lengths(found),
                lengths.caution(result.facts.is_measured for result in found),
            ),
        ],
        key=",".join(view.faces),
    )  # fmt: skip


def _load(face_ids: Sequence[str]) -> list[Result]:
    """Read the faces of the workspace; none where one is not there any more."""
    there = current_library().faces(current_workspace(), face_ids)
    return [results.load(face) for face in told_apart(there)] if len(there) == len(face_ids) else []


def _lengths(found: Sequence[Result]) -> html.Div:
    if len(found) == 1:
        return lengths.table(found[0].measured.measures, found[0].measured.withheld)
    names = [faces.named(result.face, order) for order, result in enumerate(found)]
    withheld = [f"{result.face.name}: {words.say(why)}" for result in found if (why := result.measured.withheld)]
    return lengths.several(names, [result.measured.measures for result in found], withheld)


@callback(
    Output("statistics-histogram", "figure"),
    Output("statistics-numbers", "children"),
    Output("statistics-unit-word", "children"),
    Output("statistics-csv", "href"),
    Output("statistics-json", "href"),
    Input("statistics-part", "value"),
    Input("statistics-unit", "value"),
    Input("statistics-bins", "value"),
    Input("statistics-height", "value"),
    Input("statistics-face", "data"),
    State("statistics-faces", "data"),
    State("statistics-colours", "value"),
)
def draw(
    part: str, unit: str, bins: int | None, height: str, active: str, face_ids: list[str], colours: str
) -> Any:  # fmt: skip
    """Draw the histogram and the numbers anew; a number of bins out of range leaves the histogram as it is."""
    found = _load(face_ids)
    if not found:
        return (dash.no_update,) * 5
    view = View(tuple(face_ids), active, part, unit, height, int(bins or BINS), colours)
    there_already = not bins or not ctx.triggered_id  # the page came with it
    figure = dash.no_update if there_already else depth_reading.drawn_histogram(found, view)
    query = at(f"/api/faces/{active}/statistics?part={part}&unit={unit}&bins={view.bins}&download=1")
    return figure, _numbers(found, view), depth_reading.unit_word(unit), f"{query}&format=csv", query


def _numbers(found: Sequence[Result], view: View) -> html.Div:
    of = view.faces.index(view.active)
    active = found[of].measured
    if len(found) == 1:
        depths = active.depths(view.part, view.unit)
        shown = [one.in_unit(view.unit) for one in chosen(DEPTHS, Place.PART)]
        rows = [(page.named(one), page.statistic(one, one.measure(depths))) for one in shown]
        return html.Div(
            [
                html.Div([html.H3(words.say(part_name(view.part))), page.facts(rows)]),
                html.Div([html.H3(words.say("Part by part")), _by_part(active, view.unit)]),
            ],
            className="numbers-of",
        )
    return html.Div(
        [
            html.H3(words.say(part_name(view.part))),
            _side_by_side(found, view),
            html.H3(words.say(f"Part by part, {found[of].face.name}"), className="mt-4"),
            _by_part(active, view.unit),
        ]
    )


def _side_by_side(found: Sequence[Result], view: View) -> html.Div:
    depths = [result.measured.depths(view.part, view.unit) for result in found]
    shown = [one.in_unit(view.unit) for one in chosen(DEPTHS, Place.PART)]
    rows = [[page.named(one), *[page.statistic(one, one.measure(of)) for of in depths]] for one in shown]
    columns: list[Any] = [words.say("Number")]
    for order, result in enumerate(found):
        name = depth_reading.heading(result, order, is_active=result.face.id == view.active)
        columns.append(html.Div([name, doubt.badges(result.face)]))
    return page.table(columns, rows, numeric=range(1, len(columns)), facing=True)


def _by_part(found: Measured, unit: str) -> html.Div:
    shown = [one.in_unit(unit) for one in chosen(DEPTHS, Place.PARTS)]
    rows: list[list[Any]] = []
    for part in found.parts:
        depths = found.depths(part, unit)
        rows.append(
            [
                words.say(part_name(part)),
                *[page.statistic(one, one.measure(depths)) for one in shown],
                page.statistic(SYMMETRY_RMS, found.symmetry_mm(part)),
            ]
        )
    columns = [words.say(text) for text in (words.word("Part"), *[one.name for one in shown], SYMMETRY_RMS.name)]
    return page.table(columns, rows, numeric=range(1, len(columns)))


def _downloads(face: FaceRecord) -> html.Div:
    links = [
        html.A([page.icon("download"), name], id=f"statistics-{name.lower()}", className="btn btn-quiet btn-sm",
               href=at(f"/api/faces/{face.id}/statistics?download=1"), download="")
        for name in ("CSV", "JSON")
    ]  # fmt: skip
    return html.Div(links, className="row-of")


@callback(
    Output("statistics-smoothing", "children"),
    Input("statistics-face", "data"),
    State("statistics-faces", "data"),
)
def compare_smoothing(active: str, face_ids: list[str]) -> Any:
    """Set the depth beside what it was before it was smoothed, once the rest of the page is there."""
    found = _load([active])
    if not found or found[0].measured.unsmoothed_mm is None:
        return None
    return readings.smoothing(found[0].measured, found[0].face.name if len(face_ids) > 1 else None)


@callback(Output("statistics-sides", "children"), Input("statistics-faces", "data"))
def compare_sides(face_ids: list[str]) -> Any:
    """Set left against right, which takes longest, once the rest of the page is there."""
    found = _load(face_ids)
    return readings.symmetry(found) if found else dash.no_update


@callback(
    Output("statistics-level-lines", "data"),
    Input("statistics-levels", "value"),
    State("statistics-faces", "data"),
    prevent_initial_call=True,
)
def draw_levels(shown: bool, face_ids: list[str]) -> Any:
    """Draw level lines when they are asked for."""
    if not shown:
        return None
    return {one.face.id: maps.level_lines(contours(one.measured.reconstruction)) for one in _load(face_ids)}


@callback(
    Output("statistics-said", "children"),
    Input("statistics-low", "value"),
    Input("statistics-high", "value"),
    Input("statistics-part", "value"),
    State("statistics-unit", "value"),
    State("statistics-faces", "data"),
)
def say(low: float | None, high: float | None, part: str, unit: str, face_ids: list[str]) -> Any:
    """Say how many pixels of each face are between the two depths."""
    found = _load(face_ids)
    if not found or low is None or high is None:
        where = words.say("the map" if len(face_ids) == 1 else "every map")
        return words.say(depth_reading.TO_BRUSH.format(where=where))
    unit_word = depth_reading.unit_word(unit)
    said = []
    for result in found:
        values = result.measured.values(part, unit)
        count = int(((values >= low) & (values <= high)).sum())
        inside, total, share = COUNT.text(count), COUNT.text(values.size), f"{count / values.size:.1%}"
        said.append(words.say(f"{inside} of {total} pixels ({share})"))
    if len(found) == 1:
        amount = said[0]
        return words.say(f"{amount} lie there: {low:g} to {high:g} {unit_word}.")
    names = [faces.named(result.face, order) for order, result in enumerate(found)]
    return [
        html.P(words.say(f"There lie, from {low:g} to {high:g} {unit_word}:")),
        page.facts(list(zip(names, said, strict=True))),
    ]


@callback(
    Output("statistics-line-said", "children"),
    Output("statistics-line-profile", "children"),
    Input("statistics-line", "data"),
    State("statistics-face", "data"),
)
def measure(line: dict[str, list[float]] | None, active: str) -> Any:
    """Measure along the line that was drawn on the active face, and between its ends."""
    found = _load([active])
    if not found or not line:
        return None, None
    if not all(math.isfinite(value) for end in line.values() for value in end):
        return dash.no_update, dash.no_update
    shape = found[0].measured.reconstruction
    ends = np.array(line["start"], float), np.array(line["end"], float)
    profile = line_profile(shape, *ends)
    figure = figures.profiles([figures.Profile("line", profile.along_mm, profile.depth_mm)], upright=False, along=DRAWN)
    chart = html.Div(
        [html.H3(words.say("The line you drew")), views.graph(figure, "statistics-line-figure", height=240, still=True)]
    )
    try:
        apart = distance(shape, *ends)
    except LifemaskError as error:
        return words.say(str(error)), chart
    said = words.say_with(
        "{straight} straight, {along} over the surface, {deep} in depth.",
        straight=page.number(apart.straight_mm, "mm"),
        along=page.number(apart.surface_mm, "mm"),
        deep=page.number(abs(apart.depth_mm), "mm"),
    )
    return said, chart


ACTIVE, ABOUT = "statistics-face", State("statistics-about", "data")
MAPS = {"kind": "statistics-map", "face": ALL}
CHIPS = {"kind": "chip", "face": ALL}
for function, output, inputs in (
    ("mode", "done-mode", [Input("statistics-mode", "value"), Input(ACTIVE, "data")]),
    ("levels", "done-levels", [Input("statistics-level-lines", "data")]),
    ("line", "line", [Input(MAPS, "relayoutData"), State(ACTIVE, "data")]),
    (
        "between",
        "done-between",
        [Input("statistics-here", "value"), Input("statistics-there", "value"), State(ACTIVE, "data"), ABOUT],
    ),
    ("point", "done-point", [Input(MAPS, "clickData"), State("statistics-mode", "value"), State(ACTIVE, "data")]),
    ("colours", "done-colours", [Input("statistics-colours", "value"), ABOUT]),
):
    clientside_callback(
        ClientsideFunction("depthmap", function), Output(f"statistics-{output}", "data"), *inputs,
        prevent_initial_call=True,
    )  # fmt: skip
clientside_callback(
    ClientsideFunction("depthmap", "activate"),
    Output("statistics-line", "data", allow_duplicate=True),
    Input(ACTIVE, "data"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("depthmap", "highlight"),
    Output("statistics-done-paint", "data"),
    Input("statistics-part", "value"),
    Input("statistics-low", "value"),
    Input("statistics-high", "value"),
    Input("statistics-histogram", "figure"),
    State("statistics-unit", "value"),
    ABOUT,
)
clientside_callback(
    ClientsideFunction("depthmap", "brush"),
    Output("statistics-low", "value"),
    Output("statistics-high", "value"),
    Input("statistics-histogram", "selectedData"),
    Input("statistics-unit", "value"),
    State("statistics-low", "value"),
    State("statistics-high", "value"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("depthmap", "address"),
    Output(CHIPS, "href"),
    Input("statistics-part", "value"),
    Input("statistics-unit", "value"),
    Input("statistics-height", "value"),
    Input("statistics-bins", "value"),
    Input("statistics-colours", "value"),
    Input("statistics-low", "value"),
    Input("statistics-high", "value"),
    Input("statistics-line", "data"),
    Input(ACTIVE, "data"),
    ABOUT,
    State(CHIPS, "href"),
)
