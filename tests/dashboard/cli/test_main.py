import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from core.geometry.camera import Intrinsics
from dashboard.cli.main import OF_SCALE, main
from dashboard.cli.pool import processes_for
from dashboard.cli.run import free_folders
from tests.facts import facts_of, write_facts

FILES = {
    "depth.png", "depth.npy", "statistics.json", "statistics.csv", "cloud.ply", "mesh.stl", "mesh.zip", "mesh.ply",
    "mesh.glb", "solid.stl", "reconstruction.json",
}  # fmt: skip

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEMASK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LIFEMASK_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("LIFEMASK_OFFLINE", "1")


def test_run_writes_what_it_can_and_says_what_it_cannot(
    astronaut: Path, grace_hopper: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text, empty, landscape = tmp_path / "text.jpg", tmp_path / "empty.png", tmp_path / "sea.png"
    text.write_text("not a picture")
    empty.write_bytes(b"")
    Image.fromarray(np.full((200, 300, 3), (60, 120, 200), np.uint8)).save(landscape)
    photos = [astronaut, text, landscape, empty, tmp_path / "missing.jpg", grace_hopper]
    out = tmp_path / "out"
    code = main(["run", *map(str, photos), "--out", str(out), "--json", "--max-triangles", "8000"])
    printed, said = capfd.readouterr()
    assert code == 1
    results = [json.loads(line) for line in printed.splitlines()]
    assert [result["photo"] for result in results] == [str(photo) for photo in photos]
    assert [result["ok"] for result in results] == [True, False, False, False, False, True]
    assert {folder.name for folder in out.iterdir()} == {"astronaut", "grace_hopper"}
    lines = said.splitlines()
    assert len(lines) == 4, said
    assert "No face found in sea.png" in said
    for result, line in zip(results[1:5], lines, strict=True):
        assert line == f"lifemask: {result['photo']}: {result['error']}"
    for name in ("astronaut", "grace_hopper"):
        assert {file.name for file in (out / name).iterdir()} >= FILES
        solid = trimesh.load_mesh(out / name / "solid.stl")
        assert solid.is_watertight
        assert solid.is_volume
        assert solid.extents[0] == pytest.approx(80.0, abs=0.01)
    assert results[0]["faces"][0]["network"] == "builtin"
    assert results[0]["faces"][0]["solid"]["kind"] == "relief"
    assert results[0]["faces"][0]["solid"]["state"] in ("good", "caution")
    assert set(results[0]["faces"][0]["files"]) >= FILES


def test_run_says_which_network_and_where(astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sea = tmp_path / "sea.png"
    Image.fromarray(np.full((200, 300, 3), (60, 120, 200), np.uint8)).save(sea)
    arguments = ["--out", str(tmp_path / "out"), "--formats", "stl", "--max-triangles", "3000", "--whole-photo"]
    assert main(["run", str(astronaut), str(sea), *arguments]) == 0
    printed, said = capfd.readouterr()
    assert f"{astronaut} -> {tmp_path / 'out' / 'astronaut'} (builtin, " in printed
    assert {line.split(": ")[1] for line in said.splitlines()} == {str(tmp_path / "out" / "sea")}  # it has no face
    assert {folder.name for folder in (tmp_path / "out").iterdir()} == {"astronaut", "sea"}


def test_what_speaks_against_the_numbers_is_said(
    grace_hopper: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photo, folder = tmp_path / "cut.jpg", tmp_path / "out" / "cut"
    photo.write_bytes(grace_hopper.read_bytes()[:-2])  # without the marker of its end
    arguments = ["--out", str(tmp_path / "out"), "--formats", "stl", "--solid", "none", "--max-triangles", "3000"]
    wrong = f"lifemask: {folder}: The photo's file is cut off at its end: its last rows may be wrong.\n"
    assert main(["run", str(photo), *arguments]) == 0
    assert wrong in capfd.readouterr().err
    assert main(["recompute", str(folder), "--ipd-mm", "60"]) == 0
    assert wrong in capfd.readouterr().err


def test_a_doubtful_find_is_written_and_is_no_success(
    astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    large, out = tmp_path / "large.png", tmp_path / "out"
    with Image.open(astronaut) as photo:
        photo.convert("RGB").resize((1024, 1024), Image.Resampling.LANCZOS).save(large)
    arguments = ["--out", str(out), "--formats", "stl", "--solid", "none", "--max-triangles", "3000"]
    assert main(["run", str(large), *arguments, "--json"]) == 1
    printed, said = capfd.readouterr()
    told = json.loads(printed)
    assert told["ok"] is False
    assert "error" not in told
    assert [face["doubtful"] for face in told["faces"]].count(False) == 1  # the astronaut
    (buckle,) = [face for face in told["faces"] if face["doubtful"]]
    assert buckle["score"] < 0.85
    assert f"{buckle['folder']} is doubtful: is it a face? It scores {buckle['score']:.2f}." in said
    assert "--box" in said
    assert len(said.splitlines()) == 1
    box = ["--box", "300", "940", "60"]
    assert main(["run", str(large), *arguments, *box, "--json"]) == 0  # a person has said where it is
    assert json.loads(capfd.readouterr().out)["faces"][0]["doubtful"] is False


def test_the_solid_is_of_the_kind_and_size_asked_for(astronaut: Path, tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path), "--formats", "stl,3mf", "--max-triangles", "9000", "--solid", "mask"]
    arguments += ["--height-mm", "70", "--wall-mm", "1.6", "--base-mm", "3", "--nozzle-mm", "0.6"]
    assert main(["run", str(astronaut), *arguments]) == 0
    folder = tmp_path / "astronaut"
    solid = trimesh.load_mesh(folder / "solid.stl")
    assert solid.is_volume
    assert solid.extents[1] == pytest.approx(70, abs=0.05)
    about = json.loads((folder / "solid.json").read_text())
    assert (about["options"]["kind"], about["options"]["wall_mm"]) == ("mask", 1.6)
    assert about["preflight"]["printer"]["nozzle_mm"] == 0.6
    assert about["preflight"]["size_mm"] == pytest.approx(solid.extents.tolist(), abs=1e-3)
    made = {path.name for path in folder.iterdir()}
    assert {"solid.stl", "mesh.stl", "solid.3mf", "solid.glb", "solid.json"} <= made
    assert not made & {"mesh.ply", "mesh.zip", "mesh.glb", "solid.ply", "solid.zip"}


def test_equal_stems_and_earlier_results_are_never_lost(tmp_path: Path) -> None:
    def place(folder: Path, sha256: str) -> None:
        folder.mkdir(parents=True)
        write_facts(facts_of(Intrinsics(100.0, 49.5, 49.5), sha256=sha256), folder)

    assert free_folders(tmp_path, "me", 1, "a", set()) == [tmp_path / "me"]
    assert free_folders(tmp_path, "me", 1, "a", {tmp_path / "me"}) == [tmp_path / "me_2"]
    assert free_folders(tmp_path, "me", 2, "a", {tmp_path / "me-2"}) == [tmp_path / "me_2-1", tmp_path / "me_2-2"]
    place(tmp_path / "me", "a")
    assert free_folders(tmp_path, "me", 1, "a", set()) == [tmp_path / "me"]
    assert free_folders(tmp_path, "me", 1, "b", set()) == [tmp_path / "me_2"]
    for text in (
        "",
        "[]",
        '{"photo": "a"}',
        '{"format": 99, "photo": {"sha256": "a"}}',
    ):  # of another program, or newer
        (tmp_path / "me" / "reconstruction.json").write_text(text)
        assert free_folders(tmp_path, "me", 1, "a", set()) == [tmp_path / "me_2"]
    (tmp_path / "mine").mkdir()
    assert free_folders(tmp_path, "mine", 1, "b", set()) == [tmp_path / "mine_2"]


def test_the_same_photo_twice_and_again(astronaut: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "astronaut.png"
    other.parent.mkdir()
    shutil.copy(astronaut, other)
    arguments = ["--out", str(tmp_path / "out"), "--formats", "stl", "--solid", "none", "--max-triangles", "3000"]
    for photos in ([str(astronaut), str(other)], [str(astronaut)]):
        assert main(["run", *photos, *arguments]) == 0
        assert {folder.name for folder in (tmp_path / "out").iterdir()} == {"astronaut", "astronaut_2"}


def test_an_earlier_result_outlives_runs_that_do_not_end_well(
    astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["run", str(astronaut), "--out", str(tmp_path), "--formats", "stl", "--max-triangles", "3000"]
    assert main(arguments) == 0
    face = tmp_path / "astronaut"
    (face / "notes.txt").write_text("mine")
    before = {path.name: path.read_bytes() for path in face.iterdir()}

    def is_as_before() -> bool:
        kept = {path.name: path.read_bytes() for path in face.iterdir()} == before
        return kept and [path.name for path in tmp_path.iterdir()] == ["astronaut"]

    assert main([*arguments, "--solid", "mask", "--width-mm", "20", "--wall-mm", "20"]) == 1
    assert "would not be hollow" in capfd.readouterr().err
    assert is_as_before()
    interrupt = signal.raise_signal
    with monkeypatch.context() as patched:
        patched.setattr("core.files.face_folder.make_surface", lambda *_: interrupt(signal.SIGINT))
        assert main(arguments) == 130
    assert is_as_before()
    assert main([*arguments, "--solid", "none"]) == 0
    assert (face / "notes.txt").read_text() == "mine"
    assert not (face / "solid.stl").exists()  # ours, and not asked for this time


def _is_any_left(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(processes_for(2) < 2, reason="one process alone works here: cores or memory are few")
def test_ctrl_c_ends_all_processes_and_leaves_whole_faces_alone(astronaut: Path, tmp_path: Path) -> None:
    photos = [tmp_path / f"{number}.png" for number in range(4)]
    for photo in photos:
        photo.write_bytes(astronaut.read_bytes())
    out = tmp_path / "out"
    command = [sys.executable, "-m", "dashboard.cli", "run", *map(str, photos), "--out", str(out), "--formats", "stl"]
    running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True)
    end = time.monotonic() + 300
    while not any(path.name.endswith(".part") for path in (out.iterdir() if out.is_dir() else ())):
        assert time.monotonic() < end
        assert running.poll() is None
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all of the group
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said.decode()
    while _is_any_left(running.pid):  # the last of its processes ends a moment later
        assert time.monotonic() < end
        time.sleep(0.01)
    assert [path.name for path in out.iterdir() if not (path / "solid.stl").is_file()] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "no_such"], "no_such"),
        (["--formats", "stl,doc"], "doc"),
        (["--ipd-mm", "-3"], "-3"),
        (["--max-triangles", "1"], "1"),
        (["--fov-deg", "400"], "400"),
        (["--solid", "bust", "--wall-mm", "0.3"], "wall_mm is 0.3"),
        (["--width-mm", "2"], "width_mm is 2"),
    ],
)
def test_an_option_that_cannot_be_used_is_a_sentence(
    astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["run", str(astronaut), "--out", str(tmp_path / "out"), *arguments]) != 0
    stderr = capfd.readouterr().err
    assert stderr.startswith("lifemask: ")
    assert said in stderr
    assert len(stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_network_without_weights_says_how_to_get_them(
    astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(astronaut), "--out", str(tmp_path / "out"), "--model", "dpt_large_384"]) == 1
    assert "lifemask models download dpt_large_384" in capfd.readouterr().err


def test_a_folder_that_cannot_be_written_is_a_sentence(
    astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.files.face_folder._write", full)
    assert main(["run", str(astronaut), "--out", str(tmp_path / "out")]) == 1
    said = f"{tmp_path / 'out' / 'astronaut'} cannot be written: the disk is full. Free some space, and try again."
    assert capfd.readouterr().err == f"lifemask: {astronaut}: {said}\n"
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("command", ["run", "compare"])
def test_limits_of_photos_are_those_of_the_settings(
    command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, out = tmp_path / "noise.png", str(tmp_path / "out")
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (1100, 1000, 3), np.uint8)).save(photo)
    monkeypatch.setenv("LIFEMASK_MAX_MEGAPIXELS", "1")
    assert main([command, str(photo), "--out", out]) != 0
    assert "1000 x 1100 pixels, over the limit of 1 megapixels" in capfd.readouterr().err
    monkeypatch.setenv("LIFEMASK_MAX_UPLOAD_MB", "2")
    assert main([command, str(photo), "--out", out]) != 0
    assert "noise.png has 3.3 MB, over the limit of 2 MB." in capfd.readouterr().err
    monkeypatch.setenv("LIFEMASK_MAX_MEGAPIXELS", "many")
    assert main([command, str(photo), "--out", out]) == 2
    assert "LIFEMASK_MAX_MEGAPIXELS is 'many'" in capfd.readouterr().err


def test_the_home_folder_is_meant_by_its_sign(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--out=~/out", "~/photo.jpg"]) == 1
    said = f"lifemask: {tmp_path / 'home' / 'photo.jpg'}: photo.jpg cannot be opened: there is no such file or folder."
    assert capfd.readouterr().err == f"{said} Check the path.\n"
    assert main(["run", "--out=~no-such-user/out", "photo.jpg"]) == 2
    assert "There is no home folder of '~no-such-user'." in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_models_are_listed_with_what_is_here(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 1 + 14 + 1
    (builtin,) = (line for line in lines if line.startswith("builtin"))
    assert "yes*" in builtin
    assert main(["models", "download", "midas_v21_small_256"]) == 2
    assert "LIFEMASK_OFFLINE" in capfd.readouterr().err
    assert main(["models", "default", "dpt_large_384"]) == 2
    assert main(["models", "add", "nowhere.pt"]) == 2
    assert main(["models", "delete", "no_such"]) == 2


def test_doctor_takes_a_real_photo_through(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capfd.readouterr().out
    assert "FAIL" not in out
    assert "a real photo: " in out


def test_a_port_in_use_is_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    assert f"Port {port} is in use" in capfd.readouterr().err


def test_help_is_quick_and_needs_no_torch() -> None:
    code = "import sys, dashboard.cli.main as c\ntry: c.main(['run', '--help'])\nexcept SystemExit: pass\n"
    code += "assert not {'torch', 'dash', 'sqlalchemy', 'scipy'} & sys.modules.keys()"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert "--whole-photo" in done.stdout


def test_run_takes_the_pictures_of_a_folder(
    astronaut: Path, grace_hopper: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    (photos / "deeper").mkdir(parents=True)
    shutil.copy(grace_hopper, photos / "b.JPG")
    shutil.copy(astronaut, photos / "a.png")
    shutil.copy(astronaut, photos / "deeper" / "c.png")
    for name in ("notes.txt", "._a.png", "Thumbs.db"):
        (photos / name).write_text("no picture")
    (photos / "z.webp").write_text("no picture, but called one")
    few = ["--formats", "stl", "--solid", "none", "--max-triangles", "3000"]
    assert main(["run", str(photos), "--out", str(photos / "out"), "--json", *few]) == 1
    printed, said = capfd.readouterr()
    results = [json.loads(line) for line in printed.splitlines()]
    assert [(result["photo"], result["ok"]) for result in results] == [
        (str(photos / "a.png"), True), (str(photos / "b.JPG"), True), (str(photos / "z.webp"), False),
    ]  # fmt: skip
    assert said.splitlines()[0] == f"lifemask: {photos}: 3 files that are no pictures were skipped."
    assert {folder.name for folder in (photos / "out").iterdir()} == {"a", "b"}
    (tmp_path / "empty").mkdir()
    assert main(["run", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 2
    assert "empty holds no picture. Name a folder with JPEG, PNG, WebP, HEIC, AVIF" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="names there are bytes of any kind")
def test_names_in_another_encoding_and_of_251_bytes(
    astronaut: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    shutil.copy(astronaut, os.fsencode(photos) + b"/M\xe4dchen.png")
    shutil.copy(astronaut, photos / ("n" * 247 + ".png"))
    shutil.copy(astronaut, photos / ("n" * 246 + "m.png"))
    (photos / os.fsdecode(b"\xf6de.png")).write_bytes(b"")
    few = ["--solid", "none", "--max-triangles", "3000", "--formats", "obj,ply,glb"]
    for more in ([], ["--json"]):
        if more:  # how it is printed, one photo shows
            for long in photos.glob("n*"):
                long.unlink()
        assert main(["run", str(photos), "--out", str(out), *few, *more]) == 1
        printed, said = capfd.readouterr()
        assert "Mädchen.png" in (printed if not more else json.loads(printed.splitlines()[0])["photo"])
        assert "öde.png is empty" in said
    stem = "n" * 180
    assert {folder.name for folder in out.iterdir()} == {"Mädchen", stem, f"{stem}_2"}
    facts = json.loads((out / "Mädchen" / "reconstruction.json").read_text("utf-8"))
    assert facts["photo"]["name"] == "Mädchen.png"
    with zipfile.ZipFile(out / "Mädchen" / "mesh.zip") as archive:
        assert "Madchen-mesh.obj" in archive.namelist()
    assert main(["compare", *(str(folder) for folder in out.iterdir()), "--out", str(tmp_path / "compared")]) == 0


@pytest.mark.parametrize("name", sorted(OF_SCALE))
def test_what_several_machines_need_is_named_where_it_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    def missing(_: object) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr("dashboard.cli.main._worker", missing)
    assert main(["worker"]) == 2
    assert capsys.readouterr().err == f"lifemask: {name} is not installed. Do: pip install 'lifemask[scale]'\n"
