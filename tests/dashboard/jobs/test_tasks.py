"""The real networks in the real worker: a photo that is uploaded comes back as files."""

import io
import json
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import trimesh
from PIL import Image
from sqlalchemy import select

import core
from core.errors import OptionError, PhotoError
from core.files.catalog import TEXTURE
from core.options import Options
from core.progress import ignore
from dashboard.cli.main import main
from dashboard.jobs.queue import Queue
from dashboard.jobs.tasks import Tasks
from dashboard.jobs.worker import step
from dashboard.library import schema
from dashboard.library.journal import ABANDONED_S
from dashboard.library.library import Library
from dashboard.settings import Settings
from tests.core.stopped import killed_before_change
from tests.measured import phone_photo
from tests.scans import cube, mean_head

FEW = {"model": "builtin", "max_triangles": 3000}


def test_upload_run_download(live: Any, grace_hopper: Path) -> None:
    browser = requests.Session()
    browser.get(live.url, headers={"Accept": "text/html"})
    with grace_hopper.open("rb") as file:
        (photo,) = browser.post(f"{live.url}/api/photos", files={"photos": file}).json()["photos"]
    run = browser.post(f"{live.url}/api/runs", json={"photo_id": photo["id"], "options": FEW}).json()
    seen, end = [], time.monotonic() + 300
    while run["state"] in ("queued", "running"):
        assert time.monotonic() < end, run
        time.sleep(0.02)
        (run,) = browser.get(f"{live.url}/api/runs?ids={run['id']}").json()["runs"]
        seen.append((run["stage"], run["progress"]))
    assert run["state"] == "done", run
    assert [share for _, share in seen] == sorted(share for _, share in seen)
    assert {"Finding faces", "Estimating depth", "Measuring"} & {stage for stage, _ in seen}
    face = browser.get(f"{live.url}/api/faces/{run['face_ids'][0]}").json()
    assert face["network"] == "builtin"
    answer = browser.get(live.url + face["files"]["solid.stl"] + "?download=1")
    while answer.status_code == 503 and time.monotonic() < end:  # it is still being made
        time.sleep(int(answer.headers["Retry-After"]))
        answer = browser.get(live.url + face["files"]["solid.stl"] + "?download=1")
    assert answer.headers["Content-Disposition"] == "attachment; filename=grace_hopper-01-solid.stl"
    solid = trimesh.load_mesh(io.BytesIO(answer.content), file_type="stl")
    assert solid.is_volume
    assert requests.get(live.url + face["files"]["solid.stl"]).status_code == 404
    assert set(face["files"]) >= {"crop.png", "depth.png", "depth.npy", "statistics.csv", "cloud.ply", "mesh.glb"}
    again = browser.post(f"{live.url}/api/runs", json={"photo_id": photo["id"], "options": FEW}).json()
    assert again == run
    browser.close()


@pytest.fixture
def tasks(library: Library) -> Tasks:
    return Tasks(library)


def stl(folder: Path) -> Any:
    return trimesh.load_mesh(io.BytesIO(core.files.made(folder, "solid.stl")), file_type="stl")


def work(tasks: Tasks, run_id: str, workspace: str) -> Any:
    works: Any = {
        "reconstruct": tasks.reconstruct,
        "surface": tasks.surface,
        "solid": tasks.solid,
        "recompute": tasks.recompute,
        "download": tasks.download,
    }
    while tasks.library.runs(workspace, [run_id])[0].state == "queued":
        assert step(Queue(tasks.library), works, list(works))
    while step(Queue(tasks.library), works, [], list(works)):  # and what follows from it
        pass
    return tasks.library.runs(workspace, [run_id])[0]


def test_what_reading_a_photo_told_reaches_its_faces(tasks: Tasks, grace_hopper: Path) -> None:
    with Image.open(grace_hopper) as image:
        exif, data = Image.Exif(), io.BytesIO()
        exif.get_ifd(0x8769).update({0xA405: 26, 0xA002: 4032, 0xA003: image.height})
        image.save(data, "JPEG", quality=92, exif=exif)
    library, workspace = tasks.library, tasks.library.new_workspace()
    photo = library.add_photo(workspace, "cut.jpg", data.getvalue()[:-2])
    read = tasks._stored(photo)
    assert read == replace(core.read_photo(data.getvalue()[:-2], "cut.jpg"), rgb=read.rgb)
    run = library.start_run(workspace, photo.id, Options.from_dict({**FEW, "solid": "none", "formats": []}))
    assert work(tasks, run.id, workspace).state == "done"
    facts = core.files.read_facts(library.faces(workspace)[0].folder)
    assert facts.camera.focal_source == "EXIF, for what is left of the photo"
    assert "cut off at its end" in facts.warnings[0]
    assert "was cropped after it was taken" in facts.warnings[1]
    (library.folders.photo(photo.id) / "reading.json").unlink()  # as a library of an earlier version has it
    assert (tasks._stored(photo).focal_from, tasks._stored(photo).warnings) == ("EXIF", ())


@pytest.mark.parametrize("absolute", [True, False])
def test_a_stored_photo_gives_the_depth_of_its_file_to_the_last_bit(
    tasks: Tasks, grace_hopper: Path, absolute: bool
) -> None:
    library, workspace, data = (
        tasks.library,
        tasks.library.new_workspace(),
        phone_photo(grace_hopper, absolute=absolute),
    )
    photo = library.add_photo(workspace, "me.jpg", data)
    options = Options.from_dict({**FEW, "solid": "none", "formats": []})
    run = library.start_run(workspace, photo.id, options)
    assert work(tasks, run.id, workspace).state == "done"
    (face,) = library.faces(workspace)
    (by_file,) = core.reconstruct(core.read_photo(data, "me.jpg"), options, tasks.networks)
    stored, facts = core.load_face(face.folder), core.files.read_facts(face.folder)
    assert np.array_equal(stored.depth_mm, by_file.depth_mm, equal_nan=True)
    assert facts.sensor == by_file.facts.sensor
    assert facts.sensor is not None
    assert facts.is_measured == absolute
    again = library.start_recompute(workspace, face.id, {"depth": "network"})
    assert work(tasks, again.id, workspace).state == "done"
    assert not np.array_equal(core.load_face(face.folder).depth_mm, by_file.depth_mm, equal_nan=True)
    again = library.start_recompute(workspace, face.id, {"depth": "auto"})
    assert work(tasks, again.id, workspace).state == "done"
    assert np.array_equal(core.load_face(face.folder).depth_mm, by_file.depth_mm, equal_nan=True)


def test_a_second_photo_loads_no_network_and_a_solid_is_made_anew(
    tasks: Tasks, astronaut: Path, grace_hopper: Path
) -> None:
    library, options = tasks.library, Options.from_dict(FEW)
    workspace = library.new_workspace()
    for photo in (astronaut, grace_hopper):
        run = library.start_run(workspace, library.add_photo(workspace, photo.name, photo).id, options)
        run = work(tasks, run.id, workspace)
        assert (run.state, run.error) == ("done", None)
    assert tasks.networks.loads == {"builtin": 1}

    face = library.faces(workspace)[0]
    before = stl(face.folder)
    from core.options import SolidOptions

    wanted = SolidOptions(width_mm=50.0, max_triangles=3000)
    run = work(tasks, library.start_solid(workspace, face.id, wanted).id, workspace)
    assert (run.state, run.error) == ("done", None)
    after = stl(face.folder)
    assert (before.extents[0], after.extents[0]) == (pytest.approx(80.0, abs=0.01), pytest.approx(50.0, abs=0.01))
    assert after.is_volume
    assert library.runs(workspace, [face.run_id])[0].face_ids == [face.id]
    with library.session() as session:  # the face's folder was noted while it was replaced, and is no more
        assert session.scalars(select(schema.UnsettledFolder)).all() == []

    network_map = core.files.made(face.folder, "inverse_depth.npy")
    changes = {"fov_deg": 25.0, "projection": "orthographic", "smooth": 1.0}
    run = work(tasks, library.start_recompute(workspace, face.id, changes).id, workspace)
    assert (run.state, run.error) == ("done", None)
    assert tasks.networks.loads == {"builtin": 1}
    facts = json.loads((face.folder / "reconstruction.json").read_text())
    assert facts["camera"]["fov_deg"] == pytest.approx(25)
    assert facts["camera"]["projection"] == "orthographic"
    assert facts["solid"]["options"]["width_mm"] == 50
    assert core.files.made(face.folder, "inverse_depth.npy") == network_map
    assert stl(face.folder).is_volume
    again = library.start_run(workspace, face.photo_id, options)  # the face is no longer what these options give
    assert again.id != face.run_id
    with pytest.raises(OptionError, match="'model' cannot be changed"):
        library.start_recompute(workspace, face.id, {"model": "dpt_large_384"})
    with pytest.raises(OptionError, match="one of them, not both"):
        library.start_recompute(workspace, face.id, {"fov_deg": 40, "focal_mm": 50})


def test_a_photo_that_was_taken_in_is_within_all_limits_later(
    settings: Settings, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"max_bytes": 10**6, "max_pixels": 10**6}
    with Image.open(astronaut) as picture:
        rgb = np.asarray(picture.convert("RGB").resize((1024, 1024)))
    grain = np.random.default_rng(0).integers(-40, 40, rgb.shape)
    sent = io.BytesIO()
    Image.fromarray(np.clip(rgb + grain, 0, 255).astype(np.uint8)).save(sent, "JPEG", quality=75)
    tasks = Tasks(Library(replace(settings, max_upload_mb=1, max_megapixels=2)))
    library, workspace = tasks.library, tasks.library.new_workspace()
    photo = library.add_photo(workspace, "grainy.jpg", sent.getvalue())
    tasks.settings = tasks.library.settings = replace(settings, max_upload_mb=1, max_megapixels=1)  # lowered meanwhile
    stored = library.photo_path(workspace, photo.id)
    assert stored is not None
    assert len(sent.getvalue()) < 10**6 < stored.stat().st_size
    with pytest.raises(PhotoError, match="over the limit of 1 megapixels"):
        library.add_photo(workspace, "another.jpg", sent.getvalue())
    monkeypatch.setattr("core.photo.read.Limits", partial(core.photo.Limits, **small))  # those of who names none
    options = Options.from_dict({**FEW, "solid": "none", "formats": []})
    run = work(tasks, library.start_run(workspace, photo.id, options).id, workspace)
    assert (run.state, run.error) == ("done", None)
    run = work(tasks, library.start_recompute(workspace, run.face_ids[0], {"smooth": 1.0}).id, workspace)
    assert (run.state, run.error) == ("done", None)
    library.close()


def test_a_face_outlives_workers_that_are_killed_while_they_make_its_surface(tasks: Tasks, astronaut: Path) -> None:
    library, options = tasks.library, Options.from_dict({**FEW, "solid": "none"})
    workspace = library.new_workspace()
    library.start_run(workspace, library.add_photo(workspace, astronaut.name, astronaut).id, options)
    assert step(Queue(library), {"reconstruct": tasks.reconstruct}, ["reconstruct"])
    (face,) = library.faces(workspace)
    before = {path.name: path.read_bytes() for path in face.folder.iterdir()}
    assert "mesh.glb" not in before
    queue = Queue(library)
    claimed = queue.claim([], ["surface"])
    assert claimed is not None
    for changes in (1, 8, 16):
        killed = killed_before_change(changes, lambda: Tasks(Library(library.settings)).surface(claimed, ignore))
        assert killed, f"it makes fewer than {changes} changes of the disk"
        assert {path.name: path.read_bytes() for path in face.folder.iterdir()} == before
    tasks.surface(claimed, ignore)
    queue.finish(claimed.id, [])
    library.clock = library.journal._clock = lambda: time.time() + 2 * ABANDONED_S
    library.journal.sweep()
    assert [folder.name for folder in face.folder.parent.iterdir()] == [face.id]  # what the killed ones left is away
    assert {path.name for path in face.folder.iterdir()} > before.keys() - {TEXTURE}  # which is within the mesh now
    assert trimesh.load_scene(face.folder / "mesh.glb").geometry


ALONE = {**FEW, "solid": "none", "formats": []}


def test_a_scan_gives_what_the_command_line_gives_to_the_last_bit(tasks: Tasks, tmp_path: Path) -> None:
    library, workspace = tasks.library, tasks.library.new_workspace()
    file = tmp_path / "anna.stl"
    file.write_bytes(mean_head().file("stl", "cm"))
    assert main(["run", str(file), "--out", str(tmp_path / "out"), "--model", "builtin", "--solid", "none"]) == 0
    by_file, its = core.load_face(tmp_path / "out" / "anna"), core.files.read_facts(tmp_path / "out" / "anna")
    with file.open("rb") as stream:
        scan = library.add_scan(workspace, file.name, stream)
    said: list[tuple[str, float]] = []
    photo = tasks._stored(scan, "auto", lambda stage, share: said.append((stage, share)))
    assert [share for _, share in said] == sorted(share for _, share in said)
    assert {stage for stage, _ in said} == {"Reading the scan", "Finding the front of the scan"}
    folder = library.folders.photo(scan.id)
    assert library.folders.reading(scan.id).unit == "auto"
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    kept = tasks._stored(scan, "auto")
    assert np.array_equal(kept.rgb, photo.rgb)
    assert kept.sensor is not None
    assert photo.sensor is not None
    assert np.array_equal(kept.sensor.nearness.view(np.uint32), photo.sensor.nearness.view(np.uint32))
    assert replace(kept.sensor, nearness=photo.sensor.nearness) == photo.sensor
    assert replace(kept, rgb=photo.rgb, sensor=photo.sensor) == photo
    options = Options.from_dict(ALONE)
    run = work(tasks, library.start_run(workspace, scan.id, options).id, workspace)
    assert (run.state, run.error) == ("done", None)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before  # it was drawn already
    (face,) = library.faces(workspace)
    stored, facts = core.load_face(face.folder), core.files.read_facts(face.folder)
    assert np.array_equal(stored.depth_mm, by_file.depth_mm, equal_nan=True)
    assert np.array_equal(stored.crop_rgb, by_file.crop_rgb)
    assert facts.is_scan
    assert facts.is_measured
    assert (facts.photo, facts.sensor, facts.warnings) == (its.photo, its.sensor, its.warnings)
    assert library.start_run(workspace, scan.id, options).id == run.id
    with library.session() as session:
        assert session.scalars(select(schema.UnsettledFolder)).all() == []


def test_a_scan_is_drawn_anew_for_another_unit_and_computed_anew_by_its_own(tasks: Tasks) -> None:
    library, workspace = tasks.library, tasks.library.new_workspace()
    scan = library.add_scan(workspace, "anna.stl", io.BytesIO(mean_head().file("stl", "mm")))
    made, its = {}, {}
    for unit in ("mm", "auto"):
        options = Options.from_dict({**ALONE, "unit": unit})
        run = work(tasks, library.start_run(workspace, scan.id, options).id, workspace)
        assert (run.state, run.error) == ("done", None)
        assert library.folders.reading(scan.id).unit == unit
        its[unit] = run.face_ids[0]
        made[unit] = core.files.read_facts(library.folders.face(its[unit]))
    said = {unit: facts.sensor.said["unit"] for unit, facts in made.items() if facts.sensor}
    assert said == {"mm": "millimetres, as given", "auto": "millimetres, by the distance between the eyes"}
    assert made["mm"].warnings == ()
    run = work(tasks, library.start_run(workspace, scan.id, Options.from_dict({**ALONE, "unit": "m"})).id, workspace)
    assert run.state == "failed"
    assert "By metres the eyes of anna.stl would be" in (run.error or "")
    assert library.folders.reading(scan.id).unit == "auto"  # as it was
    folder = library.folders.face(its["mm"])
    before = core.load_face(folder)
    for depth in ("network", "auto"):
        run = work(tasks, library.start_recompute(workspace, its["mm"], {"depth": depth}).id, workspace)
        assert (run.state, run.error) == ("done", None)
        assert core.files.read_facts(folder).is_measured == (depth == "auto")
        assert library.folders.reading(scan.id).unit == "mm"
    assert np.array_equal(core.load_face(folder).depth_mm, before.depth_mm, equal_nan=True)


def test_a_scan_without_a_face_is_said_whole_or_not(tasks: Tasks) -> None:
    library, workspace = tasks.library, tasks.library.new_workspace()
    scan = library.add_scan(workspace, "box.stl", io.BytesIO(cube().file("stl")))
    for whole in (False, True):
        options = Options.from_dict({**ALONE, "whole_photo": whole})
        run = work(tasks, library.start_run(workspace, scan.id, options).id, workspace)
        assert (run.state, run.error_kind) == ("failed", "NoFaceError")
        assert "No face found in box.stl from any of" in (run.error or "")
    assert library.folders.reading(scan.id).unit is None


def test_what_is_no_scan_inside_is_a_sentence(tasks: Tasks) -> None:
    library, workspace = tasks.library, tasks.library.new_workspace()
    scan = library.add_scan(workspace, "notes.obj", io.BytesIO(b"these are notes"))
    run = work(tasks, library.start_run(workspace, scan.id, Options.from_dict(ALONE)).id, workspace)
    assert run.state == "failed"
    assert run.error == "notes.obj holds no triangles. Export the scan as a mesh."


def test_a_scan_that_is_deleted_while_it_is_read_leaves_nothing(tasks: Tasks) -> None:
    library, workspace = tasks.library, tasks.library.new_workspace()
    scan = library.add_scan(workspace, "anna.stl", io.BytesIO(mean_head().file("stl", "mm")))

    def delete(stage: str, _share: float) -> None:
        if stage != "Finding the front of the scan":
            return
        with library.session.begin() as session:
            for row in session.scalars(select(schema.Photo)):
                session.delete(row)
        library.folders.remove(library.folders.photo(scan.id))

    tasks._stored(scan, "auto", delete)
    assert list(library.folders.photos.iterdir()) == []


def test_weights_that_cannot_be_fetched_are_a_sentence(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEMASK_OFFLINE", "1")
    workspace = tasks.library.new_workspace()
    run = work(tasks, tasks.library.start_download(workspace, "midas_v21_small_256").id, workspace)
    assert run.state == "failed"
    assert "LIFEMASK_OFFLINE forbids to fetch them" in (run.error or "")
