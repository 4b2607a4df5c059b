"""The parts of the Print page: what can be chosen for each kind of solid, its checks, its numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import html

from core.options import Printer, SolidOptions
from core.options.printer import DENSITIES
from core.options.solid import has_effect
from core.options.table import Option, rows
from dashboard.components.options import control
from dashboard.components.page import Child, button, field, icon, marks, number, section, switch_pair

if TYPE_CHECKING:
    from core.files.facts import SolidFacts
    from core.preflight.facts import Check, PreflightFacts

ABOUT = {
    "relief": "A plaque to hang or to lay down. Broad forms are flattened, fine ones kept.",
    "mask": "The face as a shell of even thickness, open behind.",
    "bust": "The head, cut flat behind the ears, on a foot that stands.",
    "lithophane": "A plate whose thickness is the photo's brightness: held against a light, it shows the photo. "
    "Its wall is the darkest part, and by its base the frame stands out.",
}
SIZES = (("width", "Width"), ("height", "Height"), ("life", "Life size"))
BEDS = ((180, 180, 180), (220, 220, 250), (250, 210, 220), (256, 256, 256), (300, 300, 340), (350, 350, 350))
LOOKS = {"good": ("check", "Good"), "caution": ("caution", "Look at it"), "bad": ("cross", "Will not print well")}

OPTIONS: dict[str, Option] = {**rows(SolidOptions), **rows(Printer)}
NUMBERS = tuple(name for name, option in OPTIONS.items() if option.type in ("number", "whole number"))


def applying(kind: str, size: str, fastening: str, *, hollow: bool) -> set[str]:
    """Return the names of the options that have an effect on this kind of solid."""
    names = {name for name, option in OPTIONS.items() if has_effect(option, kind, fastening, hollow=hollow)}
    return names - {f"{other}_mm" for other, _ in SIZES if other != size}


def form(made: SolidOptions, printer: Printer) -> html.Form:
    """Return the choices, filled in with those that the solid was last made with."""
    size = "life" if made.life_size else "width" if made.height_mm is None else "height"
    shown = applying(made.kind, size, made.fastening, hollow=made.hollow)
    values = {**made.to_dict(), **printer.to_dict()}
    values["height_mm"] = made.height_mm or made.width_mm

    def fields(*names: str) -> list[Child]:
        return [_wrapped(name, control("print", OPTIONS[name], values[name]), shown) for name in names]

    return html.Form(
        [
            switch_pair("print-kind", list(OPTIONS["kind"].choices.items()), made.kind, look="views"),
            html.P(ABOUT[made.kind], id="print-about", className="soft"),
            _choice("print-size", "Size by", SIZES, size),
            html.Div(
                fields("width_mm", "height_mm", "base_mm", "wall_mm", "border_mm", "corner_mm"), className="pairs"
            ),
            html.Div(fields("relief_share", "detail"), className="pairs"),
            *fields("hollow"),
            _wrapped("fastening", _fastening(made), shown),
            html.Div(fields("magnet_mm", "magnet_depth_mm"), className="pairs"),
            html.Details(
                [
                    html.Summary("Printer and filament"),
                    html.Div(
                        [
                            *fields("nozzle_mm", "layer_mm"),
                            field(OPTIONS["bed_mm"].label, _beds(printer)),
                            field(OPTIONS["filament"].label, _filaments(printer)),
                            *fields("max_triangles"),
                        ],
                        className="pairs fold-fields",
                    ),
                ],
                className="fold",
            ),
            html.Div(
                [
                    button("Make the solid", "print-make", "primary", sign="cube", small=False),
                    button("Cancel", "print-cancel", "plain", small=False, disabled=True),
                ],
                className="row-of",
            ),
            dbc.Checkbox(id="print-live", label="Make it anew at every change", value=True),
            html.Div(id="print-progress", role="status"),
        ],
        className="d-grid gap-3",
        id="print-form",
    )


def _wrapped(name: str, child: Child, shown: set[str]) -> html.Div:
    return html.Div(child, id={"kind": "print-field", "name": name}, hidden=name not in shown)


def _fastening(made: SolidOptions) -> html.Div:
    option = OPTIONS["fastening"]
    return _choice("print-fastening", option.label, list(option.choices.items()), made.fastening)


def _choice(key: str, label: str, options: Sequence[tuple[str, str]], value: str) -> html.Div:
    """Return a few choices beside each other, named as a group."""
    name = html.Div(label, className="choice-label", id=f"{key}-label")
    return html.Div(
        [name, switch_pair(key, options, value)],
        className="field",
        role="group",
        **marks(aria_labelledby=f"{key}-label"),
    )


def _beds(printer: Printer) -> dbc.Select:
    beds = sorted({*BEDS, tuple(round(side) for side in printer.bed_mm)})
    options = [{"label": "{} x {} x {} mm".format(*bed), "value": "x".join(map(str, bed))} for bed in beds]
    return dbc.Select(id="print-bed", options=options, value="x".join(f"{side:.0f}" for side in printer.bed_mm))


def _filaments(printer: Printer) -> dbc.Select:
    options = [
        {"label": f"{name}, {density} g/cm\N{SUPERSCRIPT THREE}", "value": name} for name, density in DENSITIES.items()
    ]
    return dbc.Select(id="print-filament", options=options, value=printer.filament)


def dimensions(solid: "SolidFacts") -> html.Div:
    """Return the size of the solid, to lay over its picture."""
    x, y, z = solid.size_mm
    stands = solid.options.kind == "bust"
    sides = (("wide", x), ("high", z if stands else y), ("deep", y if stands else z))
    scale = f"{100 * solid.scale:.0f} % of life size"
    rows: list[Child] = [html.Span([number(value, "mm"), f" {word}"]) for word, value in sides]
    return html.Div([*rows, html.Span(scale, className="soft")], className="dimensions", id="print-dimensions")


def checks(found: "PreflightFacts") -> html.Section:
    """Return what was found of the written file: each point with its state in sign and word, and what to do."""
    words = {
        "good": "Nothing stands in the way of printing it.",
        "caution": "It prints; look at what is marked.",
        "bad": "Something needs to be mended before it prints well.",
    }
    verdict = html.P([_sign(found.state), html.Span(words[found.state])], className=f"verdict {found.state}")
    rows = [_check(check) for check in found.checks]
    note = "Checked on the STL as written and read back."
    return section("Checks", verdict, html.Ul(rows, className="checks"), html.P(note, className="note"))


def _sign(state: str) -> html.Span:
    return html.Span(icon(LOOKS[state][0]), className=f"state-{state}")


def _check(check: "Check") -> html.Li:
    said: list[Child] = [html.Strong(check.name), html.Span(check.value, className="soft")]
    if check.advice:
        said.append(html.Div(check.advice))
    word = html.Span(LOOKS[check.state][1], className=f"state-{check.state} small")
    return html.Li([_sign(check.state), html.Div(said, className="check-said"), word])


def takes(found: "PreflightFacts") -> html.Section:
    """Return what a print of it takes: filament, time, and what the estimate rests on."""
    filament = found.printer.filament
    rows = (
        (f"of {filament}, printed", number(found.mass_g, "g", 0)),
        (f"of {filament}, if solid", number(found.solid_mass_g, "g", 0)),
        ("to print", _time(found.time_s)),
        ("of volume", number(found.volume_cm3, "cm\N{SUPERSCRIPT THREE}")),
        ("triangles", number(found.triangles, "", 0)),
    )
    cells = [
        html.Div([html.Div(value, className="number-big"), html.Div(name, className="number-label")])
        for name, value in rows
    ]
    layer, nozzle = found.printer.layer_mm, found.printer.nozzle_mm
    basis = (
        f"Estimated for layers of {layer:g} mm from a nozzle of {nozzle:g} mm: {found.time_basis}. "
        "Your slicer knows better."
    )
    return section("What it takes", html.Div(cells, className="numbers"), html.P(basis, className="note"))


def _time(seconds: float) -> html.Span:
    minutes = round(seconds / 60)
    if minutes < 60:
        return number(minutes, "min", 0)
    return html.Span([number(minutes // 60, "h", 0), " ", number(minutes % 60, "min", 0)])
