"""The parts of the Print page: what can be chosen for each kind of solid, its checks, its numbers."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import dash_bootstrap_components as dbc
from dash import html

from core.options import Printer, SolidOptions
from core.options.presets import PRESETS, beds
from core.options.printer import DENSITIES
from core.options.solid import has_effect
from core.options.table import Option, rows
from dashboard.components.options import control, filled
from dashboard.components.page import Child, button, field, icon, marks, number, said, section, switch_pair
from dashboard.web.prefix import at
from dashboard.words import say, word

if TYPE_CHECKING:
    from core.files.facts import SolidFacts
    from core.preflight.facts import Check, PreflightFacts

ABOUT = {
    "relief": word("A plaque to hang or to lay down. Broad forms are flattened, fine ones kept."),
    "coin": word("A round plaque with a raised rim."),
    "mask": word("The face as a shell of even thickness, open behind."),
    "bust": word("The head on a foot that stands: in the round, or cut flat behind the ears."),
    "lithophane": word(
        "A plate whose thickness is the photo's brightness: held against a light, it shows the photo. "
        "Its wall is the darkest part, and by its base the frame stands out. A bent one stands on its edge."
    ),
    "lamp": word(
        "A lithophane closed to a tube, with the photo in front and behind. It goes over a small lamp without a flame."
    ),
}
SIZES = (("width", word("Width")), ("height", word("Height")), ("life", word("Life size")))
SLICERS = {"orcaslicer": "OrcaSlicer", "cura": "Cura"}
LOOKS = {
    "good": ("check", word("Good")),
    "caution": ("caution", word("Look at it")),
    "bad": ("cross", word("Will not print well")),
}
LIT = ("lithophane", "lamp")
MM_PER_INCH = 25.4

OPTIONS: dict[str, Option] = {**rows(SolidOptions), **rows(Printer)}
NUMBERS = tuple(name for name, option in OPTIONS.items() if option.type in ("number", "whole number"))


def applying(
    kind: str, size: str, fastening: str, outline: str = "rectangle", back: str = "round", *, hollow: bool,
    text: str = "",
) -> set[str]:  # fmt: skip
    """Return the names of the options that have an effect on this kind of solid."""
    names = {
        name
        for name, option in OPTIONS.items()
        if has_effect(option, kind, fastening, outline, back, hollow=hollow, text=text)
    }
    return names - {f"{other}_mm" for other, _ in SIZES if other != size}


def _applying(solid: SolidOptions) -> set[str]:
    return applying(
        solid.kind, size_by(solid), solid.fastening, solid.outline, solid.back, hollow=solid.hollow, text=solid.text
    )


def size_by(options: SolidOptions) -> str:
    """Return which of `SIZES` sets how large a solid is."""
    return "life" if options.life_size else "width" if options.height_mm is None else "height"


def effective(solid: SolidOptions, printer: Printer) -> dict[str, Any]:
    """Return the options that have an effect on a solid and its checks; equal if solids made with them would be."""
    names = _applying(solid)
    return {name: value for name, value in {**solid.to_dict(), **printer.to_dict()}.items() if name in names}


def inches(length_mm: float) -> str:
    """Return a length in inches, with two digits."""
    return f"{length_mm / MM_PER_INCH:.2f}"


def named(solid: "SolidFacts", file: str = "STL") -> str:
    """Return what a file of a solid is, in words: 'Relief STL, 80 mm'."""
    options = solid.options
    bent = options.kind == "lithophane" and options.stands
    kind = say(word("Curved lithophane") if bent else OPTIONS["kind"].choices[options.kind])
    x, y, z = solid.size_mm
    asked = x if options.height_mm is None or options.life_size else (z if options.stands else y)
    return f"{kind} {file}, {asked:.0f} mm"


def fields_of(options: SolidOptions) -> dict[str, Any]:
    """Return what stands in the form's fields for a solid, by the names of the fields."""
    values = options.to_dict()
    values["height_mm"] = options.height_mm or options.width_mm
    values["size"] = size_by(options)
    for name in NUMBERS:
        if name in values:
            values[name] = filled(OPTIONS[name], values[name])
    return values


def form(made: SolidOptions, printer: Printer) -> html.Form:
    """Return the choices, filled in with those that the solid was last made with."""
    size = size_by(made)
    shown = _applying(made)
    values = {**made.to_dict(), **printer.to_dict()}
    values["height_mm"] = made.height_mm or made.width_mm

    def fields(*names: str) -> list[Child]:
        return [_wrapped(name, control("print", OPTIONS[name], values[name]), shown) for name in names]

    return html.Form(
        [
            _purposes(),
            switch_pair("print-kind", said(OPTIONS["kind"].choices.items()), made.kind, look="views"),
            html.P(say(ABOUT[made.kind]), id="print-about", className="soft"),
            _choice("print-size", say("Size by"), said(SIZES), size),
            _wrapped("outline", _switch("outline", made.outline), shown),
            html.Div(
                fields("width_mm", "height_mm", "bend_deg", "base_mm", "wall_mm", "border_mm", "corner_mm"),
                className="pairs",
            ),
            html.Div(fields("relief_share", "detail"), className="pairs"),
            html.Div(fields("text", "letter_mm"), className="pairs"),
            *fields("loop"),
            _wrapped("back", _switch("back", made.back), shown),
            *fields("hollow"),
            _wrapped("fastening", _switch("fastening", made.fastening), shown),
            html.Div(fields("magnet_mm", "magnet_depth_mm"), className="pairs"),
            html.Details(
                [
                    html.Summary(say("Printer and filament")),
                    html.Div(
                        [
                            field(say(OPTIONS["bed_mm"].label), _beds(printer)),
                            *fields("nozzle_mm", "layer_mm"),
                            field(say(OPTIONS["filament"].label), _filaments(printer)),
                            *fields("max_triangles"),
                        ],
                        className="pairs fold-fields",
                    ),
                ],
                className="fold",
            ),
            dbc.Checkbox(id="print-live", label=say("Make it anew at every change"), value=True),
        ],
        className="d-grid gap-3",
        id="print-form",
    )


def making() -> html.Div:
    """Return what stands under the preview: the files where the solid is what the form says, else its making."""
    return html.Div(
        [
            html.Div(id="print-actions"),
            html.Div(
                [
                    button(say("Make the solid"), "print-make", "primary", sign="cube", small=False, hidden=True),
                    button(say("Cancel"), "print-cancel", "plain", small=False, disabled=True),
                ],
                className="row-of",
            ),
            html.Div(id="print-progress", role="status"),
        ],
        className="making",
    )


def _purposes() -> html.Div:
    """Return what people come to print, each a button that fills in the form."""
    buttons = [
        button(say(preset.label), {"kind": "print-preset", "name": name}, "quiet") for name, preset in PRESETS.items()
    ]
    return html.Div(
        [
            html.Div(say("Start from"), className="choice-label", id="print-presets-label"),
            html.Div(buttons, className="row-of"),
        ],
        className="field",
        role="group",
        **marks(aria_labelledby="print-presets-label"),
    )


def actions(face_id: str, solid: "SolidFacts", present: Collection[str]) -> list[Child]:
    """Return the solid's files as the page's main button, with what each gives; nothing where there is no file."""
    x, y, z = solid.size_mm
    high, deep = (z, y) if solid.options.stands else (y, z)
    sides = (x, high, deep)
    size = f"{' x '.join(f'{side:.1f}' for side in sides)} mm ({' x '.join(inches(side) for side in sides)} in)"
    links: list[Child] = []
    for name, file, look in (("solid.stl", "STL", "primary"), ("solid.3mf", "3MF", "quiet")):
        if name in present:
            links.append(
                html.A(
                    [icon("download"), say(f"Download {file}")], href=at(f"/files/{face_id}/{name}?download=1"),
                    download="", className=f"btn btn-{look}", title=named(solid, file),
                )
            )  # fmt: skip
    if "solid.3mf" in present:
        links.append(_slicers(face_id))
    if not links:
        return []
    told = say("PrusaSlicer and Bambu Studio open links of their makers' own sites alone: for them, download the 3MF.")
    return [html.Div(links, className="row-of"), html.P([f"{named(solid)}: {size}. ", told], className="note")]


def _slicers(face_id: str) -> dbc.DropdownMenu:
    """Return the slicers that take a file from any address."""
    items = [
        dbc.DropdownMenuItem(words, href=at(f"/api/faces/{face_id}/open?in={slicer}"), external_link=True)
        for slicer, words in SLICERS.items()
    ]
    return dbc.DropdownMenu(items, label=say("Open in slicer"), toggleClassName="btn-quiet")


def _wrapped(name: str, child: Child, shown: set[str]) -> html.Div:
    """Return a field with a place for what is wrong with it, which assets/invalid.js ties to it."""
    wrong = html.Div(
        id={"kind": "print-error", "name": name}, className="field-error", role="alert",
        **marks(data_for=f"print-{name}"),
    )  # fmt: skip
    return html.Div([child, wrong], id={"kind": "print-field", "name": name}, hidden=name not in shown)


def _switch(name: str, value: str) -> html.Div:
    return _choice(f"print-{name}", say(OPTIONS[name].label), said(OPTIONS[name].choices.items()), value)


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
    """Return the beds of printers, by name, and the one that the solid was checked for."""
    words = {printer.bed_mm: "", **beds()}
    options = [
        {
            "label": " x ".join(f"{side:g}" for side in bed) + f" mm{f': {name}' if name else ''}",
            "value": "x".join(f"{side:g}" for side in bed),
        }
        for bed, name in sorted(words.items())
    ]
    return dbc.Select(id="print-bed", options=options, value="x".join(f"{side:g}" for side in printer.bed_mm))


def _filaments(printer: Printer) -> dbc.Select:
    options = [
        {"label": f"{name}, {density} g/cm\N{SUPERSCRIPT THREE}", "value": name} for name, density in DENSITIES.items()
    ]
    return dbc.Select(id="print-filament", options=options, value=printer.filament)


def looks(kind: str) -> list[tuple[str, str]]:
    """Return the ways to look at a solid of a kind, the usual one first."""
    lit = [("lit", say("Lit from behind"))] if kind in LIT else []
    return [
        *lit, ("plaster", say("Plaster")), ("walls", say("Thin walls")), ("overhang", say("Overhang")),
    ]  # fmt: skip


def legend(look: str, solid: "SolidFacts") -> str | None:
    """Return what the colours of a look mean."""
    printer = solid.preflight.printer if solid.preflight else Printer(nozzle_mm=solid.options.nozzle_mm)
    nozzle, layer = f"{printer.nozzle_mm:g}", f"{printer.layer_mm:g}"
    return {
        "lit": say("A simulation: the light falls by half with every 0.4 mm of an assumed white filament."),
        "walls": say(
            f"Orange: holds fewer than two lines of {nozzle} mm, or two layers of {layer} mm where it is level. "
            "Red: less than one, and will be missing."
        ),
        "overhang": say("Red: leans over by more than 45 degrees as it lies, and may need supports."),
    }.get(look)


def guessed_note(solid: "SolidFacts") -> html.P | None:
    """Return the line under a solid that says what of it is a guess; None where nothing is."""
    if solid.options.is_round_bust:
        words = say("What the photo does not show, sides and back, is a guess by a head model fitted to the face.")
    elif solid.options.kind == "mask":
        words = say("Of a head that is turned away, the far cheek is a guess by a head model fitted to the face.")
    else:
        return None
    return html.P(words, className="note")


def dimensions(solid: "SolidFacts") -> html.Div:
    """Return the size of the solid, to lay over its picture."""
    x, y, z = solid.size_mm
    stands = solid.options.stands
    sides = ((say("wide"), x), (say("high"), z if stands else y), (say("deep"), y if stands else z))
    percent = f"{100 * solid.scale:.0f}"
    scale = say(f"{percent} % of life size")
    rows: list[Child] = [
        html.Span([number(value, "mm"), html.Span(f" ({inches(value)} in)", className="soft"), f" {side}"])
        for side, value in sides
    ]
    return html.Div([*rows, html.Span(scale, className="soft")], className="dimensions", id="print-dimensions")


def checks(found: "PreflightFacts") -> html.Section:
    """Return what was found of the written file: each point with its state in sign and word, and what to do."""
    words = {
        "good": say("Nothing stands in the way of printing it."),
        "caution": say("It prints; look at what is marked."),
        "bad": say("Something needs to be mended before it prints well."),
    }
    verdict = html.P([_sign(found.state), html.Span(words[found.state])], className=f"verdict {found.state}")
    rows = [_check(check) for check in found.checks]
    note = say("Checked on the STL as written and read back.")
    return section(say("Checks"), verdict, html.Ul(rows, className="checks"), html.P(note, className="note"))


def _sign(state: str) -> html.Span:
    return html.Span(icon(LOOKS[state][0]), className=f"state-{state}")


def _check(check: "Check") -> html.Li:
    value = "; ".join(say(one) for one in check.value.split("; "))
    parts: list[Child] = [html.Strong(say(check.name)), html.Span(value, className="soft")]
    if check.advice:
        parts.append(html.Div(say(check.advice)))
    state = html.Span(say(LOOKS[check.state][1]), className=f"state-{check.state} small")
    return html.Li([_sign(check.state), html.Div(parts, className="check-said"), state])


def takes(found: "PreflightFacts") -> html.Section:
    """Return what a print of it takes: filament, time, and what the estimate rests on."""
    filament = found.printer.filament
    rows = (
        (say(f"of {filament}, printed"), number(found.mass_g, "g", 0)),
        (say(f"of {filament}, if solid"), number(found.solid_mass_g, "g", 0)),
        (say("to print"), _time(found.time_s)),
        (say("of volume"), number(found.volume_cm3, "cm\N{SUPERSCRIPT THREE}")),
        (say("triangles"), number(found.triangles, "", 0)),
    )
    cells = [
        html.Div([html.Div(value, className="number-big"), html.Div(name, className="number-label")])
        for name, value in rows
    ]
    layer, nozzle = found.printer.layer_mm, found.printer.nozzle_mm
    basis = say(found.time_basis)
    note = say(
        f"Estimated for layers of {layer:g} mm from a nozzle of {nozzle:g} mm: {basis}. Your slicer knows better."
    )
    return section(say("What it takes"), html.Div(cells, className="numbers"), html.P(note, className="note"))


def _time(seconds: float) -> html.Span:
    minutes = round(seconds / 60)
    if minutes < 60:
        return number(minutes, "min", 0)
    return html.Span([number(minutes // 60, "h", 0), " ", number(minutes % 60, "min", 0)])
