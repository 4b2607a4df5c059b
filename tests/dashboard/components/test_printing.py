from dataclasses import replace
from typing import Any

import pytest

from core.errors import OptionError
from core.files.facts import SolidFacts
from core.options import Printer, SolidOptions
from core.options.presets import PRESETS, Preset
from core.options.solid import KINDS
from core.options.table import rows
from dashboard.components import printing
from tests.dashboard.web.test_routes import make_face

FILLED: dict[str, Any] = {
    "kind": "relief", "size": "width", "fastening": "none", "back": "round", "hollow": False,
    "bed": "220x220x250", "filament": "PLA",
    "width_mm": 80, "height_mm": 100, "relief_share": 50, "detail": 25, "base_mm": 2, "wall_mm": 2.4, "border_mm": 4,
    "corner_mm": 3, "bend_deg": 0, "outline": "rectangle", "text": "", "letter_mm": 6, "loop": False,
    "magnet_mm": 10, "magnet_depth_mm": 2, "nozzle_mm": 0.4, "max_triangles": 60000, "layer_mm": 0.2,
}  # fmt: skip


@pytest.fixture
def asked(app: Any) -> Any:
    """The page's reading of a form; pages can be imported once there is an app."""
    from dashboard.pages.print import asked

    return asked


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", ["width", "height", "life"])
def test_a_filled_in_form_is_options_for_every_kind(asked: Any, kind: str, size: str) -> None:
    solid, printer = asked({**FILLED, "kind": kind, "size": size})
    options = SolidOptions.from_dict(solid)
    assert options.kind == kind
    assert options.life_size == (size == "life")
    assert options.height_mm == (100 if size == "height" else None)
    assert Printer.from_dict(printer) == Printer()
    if kind == "relief":
        assert (options.relief_share, options.detail) == (0.5, 0.25)


def test_what_has_no_effect_is_not_asked_for(asked: Any) -> None:
    solid, _ = asked({**FILLED, "kind": "mask", "border_mm": None, "hollow": True, "fastening": "magnet"})
    assert set(solid) == {
        "kind", "life_size", "width_mm", "wall_mm", "fastening", "magnet_mm", "magnet_depth_mm", "nozzle_mm",
        "max_triangles",
    }  # fmt: skip
    assert "fastening" not in asked({**FILLED, "kind": "lithophane", "fastening": "keyhole"})[0]
    bust = {**FILLED, "kind": "bust", "fastening": "magnet"}
    assert {"fastening", "magnet_mm"}.isdisjoint(asked(bust)[0])
    assert {"fastening", "magnet_mm"} < set(asked({**bust, "back": "flat"})[0])


def test_a_number_out_of_range_is_a_sentence_and_not_a_default(asked: Any) -> None:
    with pytest.raises(OptionError, match=r"^Wall must be a number from 0.4 to 20 \(mm\)\.$"):
        asked({**FILLED, "kind": "mask", "wall_mm": None})


def test_every_option_has_its_field_and_every_field_its_option() -> None:
    form = printing.form(SolidOptions(), Printer())
    keys = [part.id for part in form._traverse() if isinstance(getattr(part, "id", None), dict)]
    shown = {key["name"] for key in keys if key["kind"] == "print-field"}
    assert shown == {key["name"] for key in keys if key["kind"] == "print-error"}
    assert {key["name"] for key in keys if key["kind"] == "print-preset"} == set(PRESETS)
    others = {"kind", "life_size", "bed_mm", "filament"}  # are always shown
    assert shown == {*rows(SolidOptions), *rows(Printer)} - others
    reached = set().union(
        *(
            printing.applying(kind, size, "magnet", back="flat", hollow=True, text="Ada")
            for kind in KINDS
            for size in ("width", "height")
        )
    )
    assert reached == {*rows(SolidOptions), *rows(Printer)}
    assert {"width_mm", "height_mm"} & printing.applying("mask", "life", "none", hollow=False) == set()
    assert set(printing.ABOUT) == set(KINDS)


def test_what_is_wrong_is_said_for_each_field(app: Any) -> None:
    from dashboard.pages.print import problems

    assert problems(FILLED) == {}
    assert problems({**FILLED, "width_mm": None, "base_mm": None, "wall_mm": None}) == {  # a relief has no wall
        "width_mm": "Width must be a number from 10 to 1000 (mm).",
        "base_mm": "Base must be a number from 0.4 to 50 (mm).",
    }
    assert [*problems({**FILLED, "border_mm": 40})] == ["border_mm"]
    assert [*problems({**FILLED, "kind": "mask", "wall_mm": 0.5})] == ["wall_mm"]
    assert [*problems({**FILLED, "kind": "coin", "text": "Ada", "letter_mm": 2})] == ["letter_mm"]
    assert problems({**FILLED, "text": "  ", "letter_mm": None}) == {}
    assert [*problems({**FILLED, "layer_mm": 1})] == ["layer_mm"]


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_fills_in_the_form_that_means_it(asked: Any, preset: Preset) -> None:
    solid, printer = asked({**FILLED, **printing.fields_of(preset.options)})
    options = SolidOptions.from_dict(solid)
    assert printing.effective(options, Printer.from_dict(printer)) == printing.effective(preset.options, Printer())


def test_solids_are_equal_if_what_has_an_effect_is() -> None:
    mask = SolidOptions(kind="mask", border_mm=9, corner_mm=1, detail=0.1)
    assert printing.effective(mask, Printer()) == printing.effective(SolidOptions(kind="mask"), Printer())
    assert printing.effective(mask, Printer()) != printing.effective(replace(mask, wall_mm=3), Printer())
    assert printing.effective(mask, Printer()) != printing.effective(mask, Printer(filament="PETG"))


@pytest.mark.parametrize(
    ("options", "size", "words"),
    [
        ({}, (80.0, 106.5, 12), "Relief STL, 80 mm"),
        ({"height_mm": 120.0}, (90.2, 120.0, 12), "Relief STL, 120 mm"),
        ({"kind": "bust", "height_mm": 120.0}, (90.2, 70.1, 120.0), "Bust STL, 120 mm"),
        ({"kind": "mask", "life_size": True}, (148.6, 166.3, 90.7), "Mask STL, 149 mm"),
        ({"kind": "lithophane", "bend_deg": 60.0}, (80.0, 17.0, 81.0), "Curved lithophane STL, 80 mm"),
        ({"kind": "lamp", "height_mm": 100.0}, (67.5, 67.5, 100.0), "Lamp STL, 100 mm"),
    ],
)
def test_a_solid_is_named_by_what_it_is_and_how_large(options: dict[str, Any], size: Any, words: str) -> None:
    solid = SolidFacts(
        size_mm=size, triangles=1, volume_cm3=1, watertight=True, volume=True, scale=1, preflight=None,
        options=SolidOptions(**options),
    )  # fmt: skip
    assert printing.named(solid) == words
    assert f"({size[0] / 25.4:.2f} in)" in str(printing.dimensions(solid))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "bust"}, "sides and back, is a guess"),
        ({"kind": "mask"}, "the far cheek is a guess"),
        ({"kind": "bust", "back": "flat"}, None),
        ({"kind": "relief"}, None),
    ],
)
def test_what_of_a_solid_is_a_guess_is_said(options: dict[str, Any], words: str | None) -> None:
    solid = SolidFacts(
        size_mm=(80, 80, 80), triangles=1, volume_cm3=1, watertight=True, volume=True, scale=1, preflight=None,
        options=SolidOptions(**options),
    )  # fmt: skip
    note = printing.guessed_note(solid)
    assert (note is None) if words is None else (words in str(note))


def test_a_solid_is_asked_for_with_its_printer(client: Any) -> None:
    face = make_face(client)
    body = {"options": {"kind": "bust", "height_mm": 120}, "printer": {"filament": "PETG", "bed_mm": [180, 180, 180]}}
    run = client.post(f"/api/faces/{face.id}/solid", json=body).json
    assert (run["state"], run["options"]["kind"], run["options"]["height_mm"]) == ("queued", "bust", 120)
    assert run["options"]["printer"]["filament"] == "PETG"
    answer = client.post(f"/api/faces/{face.id}/solid", json={"printer": {"filament": "jam"}})
    assert answer.status_code == 400
    assert answer.json["error"] == "filament is 'jam', but must be one of PLA, PETG, ABS, ASA, TPU."
