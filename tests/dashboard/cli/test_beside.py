"""Depth maps that lie beside photos, by `lifemask run` and `lifemask recompute`."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core.photo import Limits
from dashboard.cli.beside import is_map_of, read_with_map
from dashboard.cli.main import main
from dashboard.cli.run import pictures
from tests.measured import depth_mm

FEW = ["--formats", "stl", "--solid", "none", "--max-triangles", "3000"]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEMASK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LIFEMASK_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("LIFEMASK_OFFLINE", "1")


@pytest.fixture
def photo(tmp_path: Path, grace_hopper: Path) -> Path:
    """A photo without anything beside it."""
    place = tmp_path / "photos" / f"anna{grace_hopper.suffix}"
    place.parent.mkdir()
    shutil.copy(grace_hopper, place)
    return place


@pytest.fixture
def depth_map(photo: Path, grace_hopper: Path) -> Path:
    place = photo.with_name("anna.depth-0.1mm.npy")
    np.save(place, (10 * depth_mm(grace_hopper)).astype(np.float32))
    return place


def results(capfd: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    printed, said = capfd.readouterr()
    return [json.loads(line) for line in printed.splitlines()], said


def test_the_map_beside_a_photo_is_taken_and_said(
    photo: Path, depth_map: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["run", str(photo), "--out", str(out), *FEW]) == 0
    printed, said = capfd.readouterr()
    assert f"{photo} with {depth_map.name} -> {out / 'anna'} (" in printed
    assert said == ""
    facts = core.files.read_facts(out / "anna")
    assert facts.sensor is not None
    assert (facts.sensor.source, facts.sensor.used) == (f"the depth map {depth_map.name}", "millimetres")
    assert (out / "anna" / "sensor.npy").is_file()

    depth_map.rename(tmp_path / depth_map.name)  # without it the photo is another one
    assert main(["run", str(photo), "--out", str(out), "--json", *FEW]) == 0
    (result,), _ = results(capfd)
    assert "depth_map" not in result
    assert [face["folder"] for face in result["faces"]] == [str(out / "anna_2")]
    assert not (out / "anna_2" / "sensor.npy").exists()

    before = np.load(out / "anna" / "depth.npy")
    assert main(["recompute", str(out / "anna"), "--depth", "network", "--photo", str(photo)]) == 2
    assert "as it was then, beside it the depth map that it had" in capfd.readouterr().err
    (tmp_path / depth_map.name).rename(depth_map)
    for folder in ("anna", "anna_2"):  # either is of this photo, and keeps what it was made with
        assert main(["recompute", str(out / folder), "--depth", "network", "--photo", str(photo)]) == 0
    assert np.array_equal(
        np.load(out / "anna" / "depth.npy"), np.load(out / "anna_2" / "depth.npy"), equal_nan=True
    )  # fmt: skip
    assert main(["recompute", str(out / "anna"), "--depth", "auto"]) == 0
    assert np.array_equal(np.load(out / "anna" / "depth.npy"), before, equal_nan=True)


def test_in_a_folder_maps_are_no_photos(
    photo: Path, depth_map: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    named_badly = photo.with_name("eva.depth.png")
    shutil.copy(photo, photo.with_name("eva.jpg"))
    shutil.copy(photo, named_badly)
    (photo.parent / "notes.txt").write_text("no picture")
    ((_, found, others),) = pictures([photo.parent])
    assert ([file.name for file in found], others) == ([photo.name, "eva.jpg"], 1)
    everything = sorted(map(str, photo.parent.glob("*.*g")))  # as a shell writes them out: the badly named map, too
    assert str(named_badly) in everything
    assert main(["run", *everything, "--out", str(tmp_path / "out"), "--json", *FEW]) == 0
    told, _ = results(capfd)
    assert [(Path(one["photo"]).name, one.get("depth_map")) for one in told] == [
        (photo.name, depth_map.name),
        ("eva.jpg", None),
    ]
    (eva,) = told[1]["faces"]
    assert eva["warnings"][0].startswith("eva.depth.png is not used as a depth map: its name does not say")
    assert "sensor.npy" not in eva["files"]


def test_of_several_maps_none_is_taken(photo: Path, depth_map: Path) -> None:
    other = photo.with_name("anna.depth-mm.exr")
    other.write_bytes(b"")
    found, taken = read_with_map(photo, Limits())
    assert (found.sensor, taken, found.sha256) == (None, None, core.read_photo(photo).sha256)
    assert found.warnings == (
        f"No depth map is used: 2 lie beside the photo ({depth_map.name}, {other.name}), and it takes one. "
        "Move the others away.",
    )
    other.unlink()
    found, taken = read_with_map(photo, Limits())
    assert taken == depth_map
    assert found.sha256 == core.read_photo(photo, depth_map=depth_map).sha256 != core.read_photo(photo).sha256
    assert found.warnings == ()


def test_a_file_is_a_map_only_of_a_photo_beside_it(tmp_path: Path) -> None:
    photos = [tmp_path / "anna.jpg", tmp_path / "deeper" / "eva.jpg"]
    assert is_map_of(tmp_path / "anna.depth-mm.png", photos)
    assert not is_map_of(tmp_path / "eva.depth-mm.png", photos)
    assert not is_map_of(tmp_path / "anna.png", photos)
