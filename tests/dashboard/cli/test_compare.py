"""`lifemask compare`: folders in, one folder out."""

import csv
import json
import signal
from pathlib import Path

import numpy as np
import pytest

from core import atomic
from core.files.face_files import maps, write_pictures
from core.geometry.reconstruction import Reconstruction
from core.measure.table import DIFFERENCES, Place, chosen
from dashboard.cli.main import main
from tests.core.fitted import photographed
from tests.core.heads import Bump, Placed, head
from tests.facts import write_facts


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEMASK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LIFEMASK_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("LIFEMASK_OFFLINE", "1")


def written(face: Reconstruction, folder: Path) -> Path:
    """The files of a face's folder that comparing reads."""
    folder.mkdir(parents=True)
    for name, values in maps(face).items():
        np.save(folder / f"{name}.npy", values)
    write_pictures(face, folder)
    write_facts(face.facts, folder)
    return folder


def test_folders_become_one_that_compares_them(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    heads = (head(), head(bump=Bump(30, 45), seed=1), head(Placed(yaw=15, scale=1.1), seed=2))
    folders = [written(face, tmp_path / name / "me") for name, face in zip("abc", heads, strict=True)]
    out = tmp_path / "out"
    out.mkdir()
    (out / "comparison.json").write_text(json.dumps({"versions": {"lifemask": "0.1.0"}}))
    (out / "difference-9.npy").write_bytes(b"of an earlier comparison")
    (out / "mine.txt").write_text("of the person")
    (out / "difference-notes.txt").write_text("of the person")
    assert main(["compare", *map(str, folders), "--out", str(out), "--with-scale"]) == 0
    printed = capfd.readouterr().out
    assert {path.name for path in out.iterdir()} == {
        "comparison.json", "comparison.csv", "comparison.png", "pairs.csv", "report.html",
        "mine.txt", "difference-notes.txt",
        "difference-2.npy", "difference-2.png", "difference-3.npy", "difference-3.png",
        "seen-1.webp", "seen-2.webp", "seen-3.webp",
    }  # fmt: skip
    values = json.loads((out / "comparison.json").read_text())
    assert [face["name"] for face in values["faces"]] == ["me (1)", "me (2)", "me (3)"]
    assert np.nanmax(np.load(out / "difference-2.npy")) == pytest.approx(3, abs=0.3)
    assert values["differences"]["3"]["median_mm"] < 0.05
    assert values["differences"]["3"]["scale"] == pytest.approx(1 / 1.1, rel=2e-3)
    top, second, *_ = printed.splitlines()
    assert top.startswith("DIFFERENCE FROM me (1)  ")
    for one in chosen(DIFFERENCES, Place.COMMAND):
        assert one.name.upper() in top
        assert f"  {one.with_unit(values['differences']['2'][one.key])}" in second
    assert str(out / "report.html") in printed
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    rows = list(csv.reader((out / "pairs.csv").read_text().splitlines()))
    order = values["pairs"]["order"]
    assert rows[0] == ["RMS, mm", *(f"me ({i + 1})" for i in order)]
    assert float(rows[1][2]) == pytest.approx(values["pairs"]["rms_mm"][order[0]][order[1]], abs=5e-4)


def test_heads_come_along_on_request(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shapes = {"one": photographed((1.2, -0.8)), "other": photographed((-1.0, 1.5), 15)}
    folders = [written(face, tmp_path / name) for name, face in shapes.items()]
    out = tmp_path / "out"
    assert main(["compare", *map(str, folders), "--out", str(out), "--neutral", "--json"]) == 0
    printed = json.loads(capfd.readouterr().out)
    heads = json.loads((out / "heads.json").read_text())
    assert printed["heads"] == heads
    assert heads["neutral"]
    assert heads["differences"]["2"]["shape_mm"] > 0.3
    assert {"mean.stl", "morph-2.glb", "points-2.glb", "report.html"} <= {path.name for path in out.iterdir()}
    assert main(["compare", *map(str, folders), "--out", str(out), "--heads"]) == 0
    said = capfd.readouterr().out
    assert "<h2>Point by point</h2>" in (out / "report.html").read_text()
    assert "POINT BY POINT, RMS" in said
    assert "FROM THE MEAN FACE, RMS" in said
    assert not json.loads((out / "heads.json").read_text())["neutral"]
    assert main(["compare", *map(str, folders), "--out", str(out)]) == 0
    assert not (out / "heads.json").exists()  # of the comparison before
    assert "Point by point" not in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a"], "at least two"),
        (["a", "empty"], "reconstruction.json"),
        (["a", "newer"], "newer/reconstruction.json has format 99, which a newer version of Lifemask wrote"),
        (["a", "broken"], "broken/reconstruction.json is damaged"),
        (["a", "none.jpg"], "none.jpg"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(
    names: list[str], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    written(head(), tmp_path / "a")
    (tmp_path / "empty").mkdir()
    for name, text in (("newer", '{"format": 99}'), ("broken", '{"photo": ')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "reconstruction.json").write_text(text)
    assert main(["compare", *(str(tmp_path / name) for name in names), "--out", str(tmp_path / "out")]) == 2
    stderr = capfd.readouterr().err
    assert stderr.startswith("lifemask: ")
    assert said in stderr
    assert len(stderr.splitlines()) == 1
    assert not (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("report.html", "<html>of the person</html>"),
        ("difference-2.npy", "of the person"),
        ("comparison.json", '{"of": "the person"}'),
        ("comparison.json", "of the person"),
    ],
)
def test_files_of_a_person_are_not_overwritten(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    folders = [written(head(seed=seed), tmp_path / name) for seed, name in enumerate("ab")]
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text(text)
    assert main(["compare", *map(str, folders), "--out", str(out)]) == 2
    assert capfd.readouterr().err == (
        f"lifemask: {out} holds {name}, which is not of a comparison by Lifemask and would be overwritten. "
        "Choose another folder with --out, or move the file away.\n"
    )
    assert {path.name: path.read_text() for path in out.iterdir()} == {name: text}


@pytest.mark.parametrize("when", ["written", "placed"])
def test_an_interrupted_comparison_leaves_the_earlier_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    folders = [written(head(seed=seed), tmp_path / name) for seed, name in enumerate("ab")]
    out = tmp_path / "here"
    out.mkdir()
    monkeypatch.chdir(out)  # which may be the current folder: it stays where it is
    assert main(["compare", *map(str, folders), "--out", "."]) == 0
    (out / "notes.txt").write_text("mine")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    number, link = out.stat().st_ino, atomic._link

    def stop(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    def half(source: Path, target: Path) -> None:
        if target == Path("report.html"):
            monkeypatch.setattr(atomic, "_link", link)  # one Ctrl-C, not another while what was there comes back
            stop()
        link(source, target)

    if when == "written":
        monkeypatch.setattr("dashboard.cli.compare._write_pairs", stop)
    else:
        monkeypatch.setattr(atomic, "_link", half)
    assert main(["compare", *map(str, reversed(folders)), "--out", "."]) == 130
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert out.stat().st_ino == number


def test_photos_are_taken_too(astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = written(head(), tmp_path / "a")
    out = tmp_path / "out"
    assert main(["compare", str(folder), str(astronaut), "--out", str(out), "--json"]) == 0
    values = json.loads(capfd.readouterr().out)
    assert [face["name"] for face in values["faces"]] == ["a", "astronaut"]
    assert (out / "faces" / "astronaut" / "reconstruction.json").exists()
    assert values["differences"]["2"]["coverage"] > 0.8
