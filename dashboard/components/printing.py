"""The parts of the Print page: what can be chosen for each kind of solid, its checks, its numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dash_bootstrap_components as dbc
from dash import html

from core.options import Printer, SolidOptions
from core.options.printer import DENSITIES
from dashboard.components.page import Child, button, field, icon, marks, number, number_field, section, switch_pair

if TYPE_CHECKING:
    from core.files.facts import SolidFacts
    from core.preflight.facts import Check, PreflightFacts

KINDS = (("relief", "Relief"), ("mask", "Mask"), ("bust", "Bust"), ("lithophane", "Lithophane"))
ABOUT = {
    "relief": "A plaque to hang or to lay down. Broad forms are flattened, fine ones kept.",
    "mask": "The face as a shell of even thickness, open behind.",
    "bust": "The head, cut flat behind the ears, on a foot that stands.",
    "lithophane": "A plate whose thickness is the photo's brightness: held against a light, it shows the photo. "
    "Its wall is the darkest part, and by its base the frame stands out.",
}
SIZES = (("width", "Width"), ("height", "Height"), ("life", "Life size"))
FASTENINGS = (("none", "None"), ("keyhole", "Keyhole"), ("magnet", "Magnet"))
BEDS = ((180, 180, 180), (220, 220, 250), (250, 210, 220), (256, 256, 256), (300, 300, 340), (350, 350, 350))
LOOKS = {"good": ("check", "Good"), "caution": ("caution", "Look at it"), "bad": ("cross", "Will not print well")}

# what a number field may hold: name -> label, unit, lowest, highest, step, share of what the option holds
NUMBERS: dict[str, tuple[str, str, float, float, float]] = {
    "width_mm": ("Width", "mm", 10, 1000, 0.5),
    "height_mm": ("Height", "mm", 10, 1000, 0.5),
    "relief_share": ("Relief", "%", 5, 200, 5),
    "detail": ("Fine detail", "%", 0, 100, 5),
    "base_mm": ("Base", "mm", 0.4, 50, 0.1),
    "wall_mm": ("Wall", "mm", 0.4, 20, 0.1),
    "border_mm": ("Border", "mm", 0.5, 100, 0.5),
    "corner_mm": ("Corner radius", "mm", 0, 100, 0.5),
    "magnet_mm": ("Magnet's width", "mm", 2, 50, 0.1),
    "magnet_depth_mm": ("Magnet's thickness", "mm", 0.5, 20, 0.1),
    "nozzle_mm": ("Nozzle", "mm", 0.1, 2, 0.05),
    "max_triangles": ("Most triangles", "triangles", 1_000, 500_000, 1_000),
    "layer_mm": ("Layer", "mm", 0.02, 1, 0.02),
}
HINTS = {
    "relief_share": "Of the true depth; plaques and coins take less than all.",
    "detail": "How far broad forms give way to fine ones.",
    "magnet_mm": "Add 0.2 mm of play.",
}
PERCENT = ("relief_share", "detail")  # shown in percent, held as a share


def applying(kind: str, size: str, fastening: str, *, hollow: bool) -> set[str]:
    """Return the names of the options that have an effect on this kind of solid."""
    names = {"nozzle_mm", "max_triangles", "layer_mm"} | ({f"{size}_mm"} if size != "life" else set())
    names |= {
        "relief": {"relief_share", "detail", "base_mm", "border_mm", "corner_mm", "fastening"},
        "mask": {"wall_mm", "fastening"},
        "bust": {"base_mm", "hollow", "fastening"},
        "lithophane": {"base_mm", "wall_mm", "border_mm", "corner_mm"},
    }[kind]
    if kind == "bust" and hollow:
        names.add("wall_mm")
    if fastening == "magnet" and "fastening" in names:
        names |= {"magnet_mm", "magnet_depth_mm"}
    return names


def form(made: SolidOptions, printer: Printer) -> html.Form:
    """Return the choices, filled in with those that the solid was last made with."""
    size = "life" if made.life_size else "width" if made.height_mm is None else "height"
    shown = applying(made.kind, size, made.fastening, hollow=made.hollow)
    values = {**made.to_dict(), "layer_mm": printer.layer_mm}
    values["height_mm"] = made.height_mm or made.width_mm
    for name in PERCENT:
        values[name] = round(100 * values[name])

    def numbers(*names: str) -> list[Child]:
        return [_wrapped(name, _number(name, values[name]), shown) for name in names]

    return html.Form(
        [
            switch_pair("print-kind", KINDS, made.kind, look="views"),
            html.P(ABOUT[made.kind], id="print-about", className="soft"),
            _choice("print-size", "Size by", SIZES, size),
            html.Div(
                numbers("width_mm", "height_mm", "base_mm", "wall_mm", "border_mm", "corner_mm"), className="pairs"
            ),
            html.Div(numbers("relief_share", "detail"), className="pairs"),
            _wrapped(
                "hollow", dbc.Checkbox(id="print-hollow", label="Hollow, with a drain hole", value=made.hollow), shown
            ),
            _wrapped("fastening", _choice("print-fastening", "Fastening behind", FASTENINGS, made.fastening), shown),
            html.Div(numbers("magnet_mm", "magnet_depth_mm"), className="pairs"),
            html.Details(
                [
                    html.Summary("Printer and filament"),
                    html.Div(
                        [
                            *numbers("nozzle_mm", "layer_mm"),
                            field("Bed and height", _beds(printer)),
                            field("Filament", _filaments(printer)),
                            *numbers("max_triangles"),
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


def _wrapped(name: str, control: Child, shown: set[str]) -> html.Div:
    return html.Div(control, id={"kind": "print-field", "name": name}, hidden=name not in shown)


def _number(name: str, value: float) -> html.Div:
    label, unit, low, high, step = NUMBERS[name]
    hint = HINTS.get(name)
    return number_field(f"print-{name}", label, value, unit=unit, low=low, high=high, step=step, hint=hint)


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
