"""The real networks in the real worker: a photo that is uploaded comes back as files."""

import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
import trimesh

from core.options import Options
from dashboard.jobs import Queue
from dashboard.library import Library
from dashboard.tasks import Tasks
from dashboard.worker import step

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
    assert "Finding faces" in {stage for stage, _ in seen}
    face = browser.get(f"{live.url}/api/faces/{run['face_ids'][0]}").json()
    assert face["network"] == "builtin"
    answer = browser.get(live.url + face["files"]["mesh.stl"] + "?download=1")
    assert answer.headers["Content-Disposition"] == "attachment; filename=grace_hopper-01-mesh.stl"
    solid = trimesh.load_mesh(BytesIO(answer.content), file_type="stl")
    assert solid.is_volume
    assert requests.get(live.url + face["files"]["mesh.stl"]).status_code == 404
    assert set(face["files"]) >= {"crop.png", "depth.png", "depth.npy", "statistics.csv", "cloud.ply", "mesh.glb"}
    again = browser.post(f"{live.url}/api/runs", json={"photo_id": photo["id"], "options": FEW}).json()
    assert again == run
    browser.close()


@pytest.fixture
def tasks(library: Library) -> Tasks:
    return Tasks(library)


def work(tasks: Tasks, run_id: str, workspace: str) -> Any:
    works: Any = {"reconstruct": tasks.reconstruct, "solid": tasks.solid, "download": tasks.download}
    assert step(Queue(tasks.library), works, ["reconstruct", "solid", "download"])
    return tasks.library.runs(workspace, [run_id])[0]


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
    before = trimesh.load_mesh(face.folder / "mesh.stl")
    from core.solid import SolidOptions

    wanted = SolidOptions(width_mm=50.0, max_triangles=3000)
    run = work(tasks, library.start_solid(workspace, face.id, wanted).id, workspace)
    assert (run.state, run.error) == ("done", None)
    after = trimesh.load_mesh(face.folder / "mesh.stl")
    assert (before.extents[0], after.extents[0]) == (pytest.approx(80.0, abs=0.01), pytest.approx(50.0, abs=0.01))
    assert after.is_volume
    assert library.runs(workspace, [face.run_id])[0].face_ids == [face.id]


def test_weights_that_cannot_be_fetched_are_a_sentence(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFEMASK_OFFLINE", "1")
    workspace = tasks.library.new_workspace()
    run = work(tasks, tasks.library.start_download(workspace, "midas_v21_small_256").id, workspace)
    assert run.state == "failed"
    assert "LIFEMASK_OFFLINE" in (run.error or "")
