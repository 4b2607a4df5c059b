"""Facts of a face: what is written is read back equal; what cannot be read is a sentence."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import FormatError
from core.files.facts import SolidFacts, WrittenFacts, read_facts
from core.geometry.camera import Intrinsics
from core.geometry.facts import FACTS_FILE, FORMAT, Facts, read_facts_as
from core.geometry.reconstruction import Reconstruction
from core.json_files import write_json
from core.options import Options, Printer, SolidOptions
from core.preflight.facts import Check, OrientationFacts, PreflightFacts
from tests.facts import facts_of, written

ROOT = Path(__file__).parents[3]
CAMERA = Intrinsics(900.0, 255.5, 255.5, 0.8, (0.0, 0.6, 0.8))
SOLID = SolidFacts(
    size_mm=(80.0, 99.5, 12.25),
    triangles=12,
    volume_cm3=3.5,
    watertight=True,
    volume=True,
    scale=0.5,
    options=SolidOptions(kind="bust", height_mm=99.5, hollow=True),
    preflight=PreflightFacts(
        state="caution",
        checks=(Check("Fits the bed", "good", "it does"), Check("Thinnest wall", "caution", "0.5 mm", "Look.")),
        size_mm=(80.0, 99.5, 12.25),
        volume_cm3=3.5,
        triangles=12,
        shells=1,
        thinnest_wall_mm=None,
        overhang_share=0.01,
        best_orientation=OrientationFacts(words="as it lies", turn_deg=(0.0, 0.0, 90.0), overhang_share=0.0),
        filament_cm3=3.0,
        mass_g=3.7,
        solid_mass_g=4.3,
        time_s=3600,
        time_basis="a guess",
        printer=Printer(bed_mm=(180.0, 180.0, 180.0), filament="PETG"),
    ),
)


@pytest.fixture
def facts() -> WrittenFacts:
    """Of a face with all that there can be."""
    marks = np.random.default_rng(4).uniform(0, 512, (68, 2)).round(3)
    plain = replace(facts_of(CAMERA, marks, name="été.jpg"), warnings=("Take care.", "And again."))
    options = Options(model="builtin", box=(10.0, 20.0, 30.0), projection="orthographic", formats=("stl",))
    return written(plain, solid=SOLID, options=options)


@pytest.fixture
def changed(facts: WrittenFacts, tmp_path: Path) -> Callable[[Callable[[Any], Any]], Path]:
    """Write a face's facts after a change to their JSON; returns the folder."""

    def write(change: Callable[[Any], Any]) -> Path:
        values = json.loads(json.dumps(asdict(facts)))
        anew = change(values)
        values = values if anew is None else anew
        (tmp_path / FACTS_FILE).write_text(values if isinstance(values, str) else json.dumps(values), "utf-8")
        return tmp_path

    return write


def test_what_is_written_is_read_back_equal(facts: WrittenFacts, tmp_path: Path) -> None:
    write_json(facts, tmp_path / FACTS_FILE)
    assert read_facts(tmp_path) == facts
    assert read_facts_as(Facts, tmp_path) == Facts(
        **{field.name: getattr(facts, field.name) for field in fields(Facts)}
    )
    assert json.loads((tmp_path / FACTS_FILE).read_text("utf-8"))["format"] == FORMAT == 2
    assert facts.camera.intrinsics == CAMERA


def test_a_photo_taken_whole_has_no_face(tmp_path: Path) -> None:
    whole = written(facts_of(CAMERA))
    write_json(whole, tmp_path / FACTS_FILE)
    assert read_facts(tmp_path) == whole
    assert whole.face is whole.ipd_mm is whole.landmarks_px is whole.solid is None


def test_keys_of_a_later_version_within_the_format_are_left_out(facts: WrittenFacts, changed: Any) -> None:
    def add(values: Any) -> None:
        values["weather"] = values["camera"]["mood"] = values["options"]["gone"] = {"fair": True}
        values["solid"]["options"]["scent"] = values["solid"]["preflight"]["printer"]["name"] = "rose"

    assert read_facts(changed(add)) == facts


def without(*path: str) -> Callable[[Any], None]:
    def change(values: Any) -> None:
        for name in path[:-1]:
            values = values[name]
        del values[path[-1]]

    return change


def with_value(value: Any, *path: str) -> Callable[[Any], None]:
    def change(values: Any) -> None:
        for name in path[:-1]:
            values = values[name]
        values[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda _: "", "Expecting value"),
        (lambda _: '{"photo": {"name"', "Expecting"),
        (lambda _: "[1, 2]", "no JSON object"),
        (lambda _: "{}", "photo"),
        (lambda _: '{"name": "a web app", "version": "1.0", "options": 7}', "photo"),
        (lambda _: "[" * 100_000, "recursion"),
        (lambda values: json.dumps({**values, "distance_mm": float("nan")}), "NaN is no number"),
        (without("camera", "focal_px"), "camera.focal_px: Field required"),
        (without("camera"), "camera: Field required"),
        (without("options"), "options: Field required"),
        (with_value("far", "distance_mm"), "distance_mm: "),
        (with_value([1, 2], "photo"), "photo: "),
        (with_value([[1.0, 2.0, 3.0]], "landmarks_px"), "landmarks_px.0: "),
        (with_value("fisheye", "camera", "projection"), "camera.projection: "),
        (with_value("cube", "solid", "options", "kind"), "kind is 'cube'"),
        (with_value("fine", "solid", "preflight", "state"), "solid.preflight.state: "),
        (with_value("two", "format"), "its format is 'two'"),
        (with_value(0, "format"), "its format is 0"),
        (with_value(None, "format"), "its format is None"),
        (lambda values: {**values, "format": 1, "photo": None}, "are missing"),
        (lambda values: {**values, "format": 1, "photo": {"width_px": 0, "height_px": 0}}, "are missing"),
    ],
)  # fmt: skip
def test_a_damaged_or_foreign_file_is_a_sentence(changed: Any, why: str, change: Callable[[Any], Any]) -> None:
    folder = changed(change)
    with pytest.raises(FormatError) as raised:
        read_facts(folder)
    said = str(raised.value)
    assert said.startswith(f"{folder.name}/{FACTS_FILE} is damaged or was not written by Lifemask (")
    assert why in said
    assert said.endswith("). Make it again.")
    assert "\n" not in said


def test_bytes_that_are_no_text_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FACTS_FILE).write_bytes(b"\x89PNG\r\n\xff\xfe")
    with pytest.raises(FormatError, match="damaged or was not written by Lifemask"):
        read_facts(tmp_path)


@pytest.mark.parametrize("read", [read_facts, Reconstruction.load])
def test_a_newer_format_is_refused_whatever_else_it_holds(changed: Any, read: Callable[[Path], Any]) -> None:
    folder = changed(lambda _: '{"format": 3, "people": []}')
    with pytest.raises(FormatError) as raised:
        read(folder)
    assert str(raised.value) == (
        f"{folder.name}/reconstruction.json has format 3, which a newer version of Lifemask wrote; "
        "this one reads formats up to 2. Install the newer version."
    )


@pytest.mark.parametrize("read", [read_facts, Reconstruction.load])
def test_a_folder_without_a_face_says_so(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    with pytest.raises(FormatError, match=rf"{re.escape(str(tmp_path))} holds no face \(no reconstruction.json\)"):
        read(tmp_path)


IN_WORDS = {  # what the README says that the file holds -> where in it
    "`format`": ["format"],
    "network": ["network.name", "network.face_network"],
    "camera": ["camera"],
    "crop's intrinsics `K`": ["camera.K"],
    "line of sight and the `turn` from the axis to it": ["camera.line_of_sight", "camera.turn"],
    "`crop_to_photo` matrix": ["crop.crop_to_photo"],
    "landmarks": ["landmarks_px", "landmarks_crop_px", "landmarks_confidence"],
    "scale and shift": ["scale_and_shift.a", "scale_and_shift.b"],
    "focal length and its source": ["camera.focal_photo_px", "camera.focal_source"],
    "IPD": ["ipd_mm"],
    "distance": ["distance_mm"],
    "projection": ["camera.projection"],
    "fine relief": ["fine_relief"],
    "smoothing": ["smooth"],
    "score": ["face.score"],
    "warnings": ["warnings"],
    "versions": ["versions.lifemask"],
}


def test_all_that_the_readme_says_is_there(facts: WrittenFacts) -> None:
    text = (ROOT / "README.md").read_text("utf-8").replace("\n", " ")
    (row,) = re.findall(r"\| `reconstruction\.json` \| all that the millimetres rest on: ([^|]*) \|", text)
    (sentence,) = re.findall(r"`reconstruction\.json` tells (.*?), too\.", text)
    told = f"{row}, {sentence}"
    for phrase, places in IN_WORDS.items():
        assert phrase in told
        told = told.replace(phrase, "")
        for place in places:
            value: Any = asdict(facts)
            for name in place.split("."):
                value = value[name]
            assert value is not None
    assert set(re.findall(r"\w+", told)) <= {"its", "the", "and"}  # nothing is told that is not looked for
