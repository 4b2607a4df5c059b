"""`lifemask run` and `compare` take scans as they take photos."""

import hashlib
import json
from pathlib import Path

import pytest

import core
from core.head.template import template
from dashboard.cli.main import main
from dashboard.cli.run import pictures
from tests.scans import Scan


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model, path = template(), tmp_path_factory.mktemp("scan") / "anna.stl"
    path.write_bytes(Scan(model.mean, model.faces, None, model.mean[model.landmarks]).file("stl", "cm"))
    return path


@pytest.fixture(scope="module")
def made(scan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made")
    given = ["--unit", "cm", "--model", "builtin", "--formats", "stl", "--max-triangles", "2000"]
    assert main(["run", str(scan), "--out", str(out), *given]) == 0
    return out / "anna"


def test_a_scan_becomes_the_files_of_a_face(scan: Path, made: Path) -> None:
    facts = core.files.read_facts(made)
    assert facts.photo.name == "anna.stl"
    assert facts.photo.sha256 == hashlib.sha256(scan.read_bytes()).hexdigest()
    assert facts.is_measured
    assert facts.warnings == ()
    assert facts.solid is not None
    assert (made / "solid.stl").is_file()


def test_its_solid_and_its_head_are_made(made: Path) -> None:
    assert main(["solid", str(made), "--kind", "mask", "--width-mm", "60", "--formats", "stl"]) == 0
    assert main(["head", str(made)]) == 0
    assert (made / "head.stl").is_file()


def test_a_scan_is_compared_with_a_photo(
    scan: Path, astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(scan), str(astronaut), "--out", str(tmp_path), "--model", "builtin", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert [face["name"] for face in found["faces"]] == ["anna", "astronaut"]
    assert 1 < found["differences"]["2"]["rms_mm"] < 10


def test_a_wrong_unit_is_said(scan: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(scan), "--out", str(tmp_path), "--unit", "mm"]) == 1
    assert "By millimetres the eyes of anna.stl would be 6" in capfd.readouterr().err


def test_a_folder_stands_for_its_scans_too(scan: Path, tmp_path: Path) -> None:
    for name in ("a.glb", "b.jpg", "c.obj", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    ((named, found, others),) = pictures([tmp_path])
    assert named == tmp_path
    assert [path.name for path in found] == ["a.glb", "b.jpg", "c.obj"]
    assert others == 1
