from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.files.facts import SolidFacts
from core.json_files import write_json
from core.options import SolidOptions
from dashboard.components.faces import card, card_state, parts_anew
from dashboard.components.views import solid_name
from dashboard.library.records import FaceRecord


@pytest.fixture
def face(tmp_path: Path) -> FaceRecord:
    return FaceRecord(
        id="f", workspace_id="w", run_id="r", photo_id="p", index=1, name="ann.jpg", file_name="ann.jpg", person=None,
        tags=(), score=0.9, network="builtin", created=datetime(2026, 11, 26, tzinfo=UTC), folder=tmp_path,
    )  # fmt: skip


def with_solid(folder: Path, **options: Any) -> None:
    (folder / "solid.stl").write_bytes(b"solid")
    facts = SolidFacts(
        size_mm=(80.0, 91.6, 18.4), triangles=670, volume_cm3=42.4, watertight=True, volume=True, scale=0.5,
        options=SolidOptions(**options), preflight=None,
    )  # fmt: skip
    write_json(facts, folder / "solid.json")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "Relief STL, 80 mm"),
        ({"kind": "mask", "life_size": True}, "Mask STL, 80 mm"),
        ({"kind": "relief", "height_mm": 92}, "Relief STL, 92 mm"),
        ({"kind": "lithophane", "width_mm": 80}, "Lithophane STL, 80 mm"),
    ],
)
def test_a_card_names_what_it_gives(face: FaceRecord, options: dict[str, Any], name: str) -> None:
    with_solid(face.folder, **options)
    assert solid_name(face.folder) == name
    assert f"'{name}'" in str(card(face))


def test_a_damaged_solid_json_harms_no_card(face: FaceRecord) -> None:
    with_solid(face.folder)
    (face.folder / "solid.json").write_text('{"options": 5}')
    assert solid_name(face.folder) is None
    assert "No solid" in str(card(face))


def test_a_card_without_files_says_so_and_asks_for_none(face: FaceRecord) -> None:
    text = str(card(face))
    assert "No solid" in text
    assert "The mesh is being made" in text
    assert "/files/" not in text
    assert "Img(" not in text
    assert text.count("skeleton") == 3


def test_a_card_is_drawn_again_when_its_solid_comes(face: FaceRecord) -> None:
    before = card_state(face)
    assert card_state(face) == before
    assert parts_anew(face, before) == []
    with_solid(face.folder)
    assert card_state(face) != before
    ((part, shown),) = parts_anew(face, before)  # pictures and what the card asks stay as they are
    assert part["kind"] == "card-links"
    assert "solid.stl" in str(shown)
    assert card_state(replace(face, name="Ann")) != card_state(face)


def test_pictures_come_small_and_late_and_keep_their_place(face: FaceRecord) -> None:
    (face.folder / "crop.png").write_bytes(b"picture")
    (picture,) = [one for one in card(face)._traverse() if type(one).__name__ == "Img"]
    sent = picture.to_plotly_json()["props"]
    assert sent["src"].startswith("/files/f/crop.png?width=400&v=")
    assert (sent["loading"], sent["width"], sent["height"]) == ("lazy", 400, 400)
