"""`lifemask solid` and `lifemask recompute`: what was written is made anew, whole or not at all."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from core.options import Printer, SolidOptions
from dashboard.cli.main import main

SMALL = ["--formats", "stl,glb", "--max-triangles", "2000"]


@pytest.fixture(scope="module")
def made(astronaut: Path, grace_hopper: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`astronaut`, which has no more pixels of the face than its crop, and `large`, which has."""
    folder = tmp_path_factory.mktemp("made")
    with Image.open(grace_hopper) as photo:
        photo.resize((2 * photo.width, 2 * photo.height)).save(folder / "large.png")
    photos = [str(astronaut), str(folder / "large.png")]
    assert main(["run", *photos, "--out", str(folder), "--model", "builtin", *SMALL]) == 0
    return folder


@pytest.fixture
def faces(made: Path, tmp_path: Path) -> Path:
    """A copy of them, with somebody's own notes beside the files."""
    copy = shutil.copytree(made, tmp_path / "faces")
    (copy / "astronaut" / "notes.txt").write_text("mine")
    return copy


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def facts(folder: Path) -> Any:
    return json.loads((folder / "reconstruction.json").read_text("utf-8"))


def test_the_solid_is_made_anew_and_all_else_stays(faces: Path, capfd: pytest.CaptureFixture[str]) -> None:
    face, before = faces / "astronaut", contents(faces / "astronaut")
    asked = ["--kind", "lithophane", "--width-mm", "50", "--border-mm", "2.5", "--corner-mm", "1", "--wall-mm", "2"]
    asked += ["--nozzle-mm", "0.3", "--filament", "PETG", "--bed-mm", "180", "180", "120.5", "--formats", "stl,3mf"]
    assert main(["solid", str(face), str(faces / "large"), *asked, "--max-triangles", "3000"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert [line.split(": ")[0] for line in out.splitlines()] == [str(face), str(faces / "large")]
    assert f"{face}: lithophane, 50.0 x " in out
    about = json.loads((face / "solid.json").read_text("utf-8"))
    assert (
        about["options"]
        == SolidOptions(
            kind="lithophane", width_mm=50, border_mm=2.5, corner_mm=1, wall_mm=2, nozzle_mm=0.3, max_triangles=3000
        ).to_dict()
    )
    printer = Printer(nozzle_mm=0.3, bed_mm=(180, 180, 120.5), filament="PETG")
    assert about["preflight"]["printer"] == printer.to_dict()
    assert printer.layer_mm == 0.15
    solid = trimesh.load_mesh(face / "solid.stl")
    assert solid.is_volume
    assert solid.extents[0] == pytest.approx(50, abs=0.05)
    after = contents(face)
    assert facts(face) == {**json.loads(before["reconstruction.json"]), "solid": about}
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed == {"reconstruction.json", "solid.json", "solid.glb", "solid.3mf", "solid.stl"}
    assert main(["solid", str(face), "--formats", "ply", "--max-triangles", "2000", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told == {"folder": str(face), "ok": True, "seconds": told["seconds"], "solid": facts(face)["solid"]}
    assert {path.name for path in face.glob("solid.*")} == {"solid.ply", "solid.glb", "solid.json"}  # none of the last
    assert (face / "notes.txt").read_text() == "mine"


def test_heads_are_made_beside_all_else(faces: Path, capfd: pytest.CaptureFixture[str]) -> None:
    face, before = faces / "astronaut", contents(faces / "astronaut")
    assert main(["head", str(face), "--formats", "stl", "--json"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    told = json.loads(out)
    about = json.loads((face / "head.json").read_text("utf-8"))
    assert told == {"folder": str(face), "ok": True, "seconds": told["seconds"], "head": about}
    assert trimesh.load_mesh(face / "head.stl").is_volume
    after = contents(face)
    assert after.keys() - before.keys() == {"head.stl", "head.json", "head.jpg", "front.png"}
    assert {name: after[name] for name in before} == before
    assert main(["head", str(face), str(faces / "nowhere"), "--formats", "ply"]) == 1
    out, err = capfd.readouterr()
    assert out == f"{face}: head, {about['seen_share']:.0%} of it seen in the photo\n"
    assert "nowhere holds no face" in err
    assert {path.name for path in face.glob("head.*")} == {"head.ply", "head.json", "head.jpg"}  # none of the last
    assert main(["recompute", str(face), "--ipd-mm", "70"]) == 0
    assert not list(face.glob("head.*"))  # it was of another size


def interrupted(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("how", ["fails", "interrupted"])
def test_a_solid_that_cannot_be_made_leaves_the_one_there_was(
    faces: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    face, before = faces / "astronaut", contents(faces / "astronaut")
    if how == "fails":
        solids = ["solid", str(face), str(faces / "nowhere"), str(faces / "large"), "--json"]
        assert main([*solids, "--kind", "mask", "--width-mm", "20", "--wall-mm", "20"]) == 1
        out, err = capfd.readouterr()
        told = [json.loads(line) for line in out.splitlines()]
        assert [one["ok"] for one in told] == [False, False, False]
        assert err.splitlines() == [f"lifemask: {one['folder']}: {one['error']}" for one in told]
        assert "would not be hollow" in told[0]["error"]
        assert "nowhere holds no face" in told[1]["error"]
    else:
        monkeypatch.setattr("core.files.face_folder.preflight", interrupted)
        assert main(["solid", str(face)]) == 130
    assert contents(face) == before
    assert {path.name for path in faces.iterdir()} == {"astronaut", "large", "large.png"}


def test_a_face_is_computed_anew_under_other_assumptions(faces: Path, capfd: pytest.CaptureFixture[str]) -> None:
    face, before = faces / "astronaut", facts(faces / "astronaut")
    given = ["--ipd-mm", "70", "--focal-mm", "85", "--projection", "orthographic", "--smooth", "0", "--background"]
    assert main(["recompute", str(face), *given, "--json"]) == 0  # the crop has all of the photo's pixels
    told, after = json.loads(capfd.readouterr().out), facts(face)
    assert told["options"] == after["options"]
    assert after["options"] == {
        **before["options"], "ipd_mm": 70.0, "focal_mm": 85.0, "projection": "orthographic", "smooth": 0.0,
        "background": True,
    }  # fmt: skip
    assert after["distance_mm"] > before["distance_mm"]
    assert after["solid"]["options"] == before["solid"]["options"]
    assert (face / "notes.txt").read_text() == "mine"
    back = ["--ipd-mm", "63", "--focal-mm", "none", "--projection", "perspective", "--smooth", "0.5", "--no-background"]
    assert main(["recompute", str(face), *back]) == 0
    assert facts(face) == before


def test_the_texture_is_the_same_with_and_without_a_photo_that_is_no_finer(
    faces: Path, made: Path, astronaut: Path
) -> None:
    face = faces / "astronaut"
    for photo in ([], ["--photo", str(astronaut)]):
        assert main(["recompute", str(face), *photo]) == 0
        assert (face / "mesh.glb").read_bytes() == (made / "astronaut" / "mesh.glb").read_bytes()


def test_a_finer_photo_is_asked_for_and_must_be_the_same(
    faces: Path, made: Path, astronaut: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    face, before = faces / "large", contents(faces / "large")
    for photo, said in (
        ([], "The photo large.png has more pixels of the face than its folder keeps, and the texture needs them."),
        (["--photo", str(astronaut)], f"{astronaut} is not the photo that {face} was made from. Give large.png"),
        (["--photo", str(faces / "gone.png")], "gone.png cannot be opened"),
    ):
        assert main(["recompute", str(face), "--smooth", "1", *photo]) == 2
        assert capfd.readouterr().err.startswith("lifemask: ")
        assert contents(face) == before, said
    assert main(["recompute", str(face), "--photo", str(faces / "large.png")]) == 0
    assert (face / "mesh.glb").read_bytes() == (made / "large" / "mesh.glb").read_bytes()
    assert np.array_equal(np.load(face / "depth.npy"), np.load(made / "large" / "depth.npy"), equal_nan=True)


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("solid", ["--kind", "statue"], "kind is 'statue', but must be one of relief, coin, mask, bust,"),
        ("solid", ["--wall-mm", "thick"], "wall_mm is 'thick', but must be a number from 0.4 to 20 (mm)."),
        ("solid", ["--layer-mm", "0.5"], "A layer of 0.5 mm is higher than the nozzle of 0.4 mm is wide."),
        ("solid", ["--formats", "doc"], "formats is ['doc'], but must be a list of stl, 3mf, obj, ply, glb."),
        ("recompute", ["--ipd-mm", "20"], "ipd_mm is 20, but must be a number from 30 to 90 (mm)."),
        ("recompute", ["--ipd-mm", "none"], "ipd_mm is 'none', but must be a number from 30 to 90 (mm)."),
        ("recompute", ["--fov-deg", "40", "--focal-mm", "50"], "give one of them, not both."),
    ],
)
def test_an_option_that_cannot_be_is_one_sentence(
    faces: Path, capfd: pytest.CaptureFixture[str], command: str, arguments: list[str], said: str
) -> None:
    before = contents(faces / "astronaut")
    assert main([command, str(faces / "astronaut"), *arguments]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("lifemask: ")
    assert said in line
    assert contents(faces / "astronaut") == before
