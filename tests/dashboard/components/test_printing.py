from typing import Any

import pytest

from core.errors import OptionError
from core.options import Printer, SolidOptions
from core.options.solid import KINDS
from core.options.table import rows
from dashboard.components import printing
from tests.dashboard.web.test_routes import make_face

FILLED: dict[str, Any] = {
    "kind": "relief", "size": "width", "fastening": "none", "hollow": False, "bed": "220x220x250", "filament": "PLA",
    "width_mm": 80, "height_mm": 100, "relief_share": 50, "detail": 25, "base_mm": 2, "wall_mm": 2.4, "border_mm": 4,
    "corner_mm": 3, "magnet_mm": 10, "magnet_depth_mm": 2, "nozzle_mm": 0.4, "max_triangles": 60000, "layer_mm": 0.2,
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


def test_a_number_out_of_range_is_a_sentence_and_not_a_default(asked: Any) -> None:
    with pytest.raises(OptionError, match=r"^Wall must be a number from 0.4 to 20 \(mm\)\.$"):
        asked({**FILLED, "kind": "mask", "wall_mm": None})


def test_every_option_has_its_field_and_every_field_its_option() -> None:
    form = printing.form(SolidOptions(), Printer())
    shown = {part.id["name"] for part in form._traverse() if isinstance(getattr(part, "id", None), dict)}
    others = {"kind", "life_size", "bed_mm", "filament"}  # are always shown
    assert shown == {*rows(SolidOptions), *rows(Printer)} - others
    reached = set().union(
        *(printing.applying(kind, size, "magnet", hollow=True) for kind in KINDS for size in ("width", "height"))
    )
    assert reached == {*rows(SolidOptions), *rows(Printer)}
    assert {"width_mm", "height_mm"} & printing.applying("mask", "life", "none", hollow=False) == set()
    assert set(printing.ABOUT) == set(KINDS)


def test_a_solid_is_asked_for_with_its_printer(client: Any) -> None:
    face = make_face(client)
    body = {"options": {"kind": "bust", "height_mm": 120}, "printer": {"filament": "PETG", "bed_mm": [180, 180, 180]}}
    run = client.post(f"/api/faces/{face.id}/solid", json=body).json
    assert (run["state"], run["options"]["kind"], run["options"]["height_mm"]) == ("queued", "bust", 120)
    assert run["options"]["printer"]["filament"] == "PETG"
    answer = client.post(f"/api/faces/{face.id}/solid", json={"printer": {"filament": "jam"}})
    assert answer.status_code == 400
    assert answer.json["error"] == "filament is 'jam', but must be one of PLA, PETG, ABS, ASA, TPU."
