"""What Prometheus reads of the real server: right numbers, of nobody, for those who may read them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.parser import text_string_to_metric_families

from dashboard.jobs import alive, worker
from dashboard.jobs.lanes import LANES
from dashboard.jobs.queue import Queue
from dashboard.library.library import Library
from tests.dashboard.library.test_library import jpeg
from tests.dashboard.web.test_routes import make_face, upload

ROOT = Path(__file__).parents[3]
REFUSED = "Metrics are for programs on the server's own machine; LIFEMASK_METRICS=on opens them."


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(client: Any) -> dict[Any, float]:
    answer = client.get("/metrics")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, CONTENT_TYPE_LATEST)
    return samples(answer.text)


def key(name: str, **labels: str) -> Any:
    return name, frozenset(labels.items())


def test_the_queue_runs_failures_stages_and_memory(app: Any, client: Any) -> None:
    library: Library = app.server.config["LIBRARY"]
    photos = upload(client, *((f"anna-secret-{n}.jpg", jpeg((n, 2, 3))) for n in range(4))).json["photos"]
    for photo in photos:
        assert client.post("/api/runs", json={"photo_id": photo["id"]}).status_code == 200
    before = read(client)
    assert before[key("lifemask_queue_runs", lane="photos", state="queued")] == 4
    assert sum(value for (name, _), value in before.items() if name == "lifemask_queue_runs") == 4
    assert {dict(labels)["lane"] for name, labels in before if name == "lifemask_queue_runs"} == set(LANES)

    def work(run: Any, progress: Any) -> list[Any]:
        progress("Finding faces", 0.1)
        if run.photo_id == photos[0]["id"]:
            raise ZeroDivisionError("anna-secret")
        return []

    queue = Queue(library)
    for _ in range(2):
        assert worker.step(queue, {"reconstruct": work}, ["reconstruct"])
    assert queue.claim(["reconstruct"]) is not None
    alive.tell(library, "w", "worker")
    after = read(client)
    states = {state: after[key("lifemask_queue_runs", lane="photos", state=state)] for state in ("queued", "running")}
    assert states == {"queued": 1, "running": 1}
    for outcome, count in (("done", 1), ("failed", 1)):
        assert after[key("lifemask_runs_total", kind="reconstruct", outcome=outcome)] == count
        assert after[key("lifemask_run_seconds_count", kind="reconstruct", outcome=outcome)] == count
    assert after[key("lifemask_failures_total", kind="reconstruct", error="Unforeseen")] == 1
    assert after[key("lifemask_stage_seconds_count", kind="reconstruct", stage="Finding faces")] == 2
    assert after[key("lifemask_stage_seconds_sum", kind="reconstruct", stage="Finding faces")] > 0
    assert after[key("lifemask_memory_bytes", role="worker", process="w")] > 10_000_000
    assert after[key("lifemask_processes", role="worker")] == 1
    assert after[key("lifemask_disk_free_bytes")] > 0


def test_requests_are_counted_by_route_and_nothing_of_them_is_told(app: Any, client: Any) -> None:
    def count(**labels: str) -> float:
        return read(client).get(key("lifemask_request_seconds_count", **labels), 0.0)

    face = make_face(client, "anna-secret.jpg")
    about = {"method": "GET", "route": "/api/faces/<face_id>", "status": "200"}
    before = count(**about)
    for _ in range(3):
        assert client.get(f"/api/faces/{face.id}").status_code == 200
    assert count(**about) == before + 3
    for path in (
        f"/face/{face.id}", "/library", "/nowhere/anna-secret", "/api/anna-secret", "/open/anna-secret/anna-secret.3mf"
    ):  # fmt: skip
        client.get(path, headers={"Accept": "text/html"})
    client.open("/api/faces", method="ANNA")
    text = client.get("/metrics").text
    assert 'route="/face/<face_id>"' in text
    assert 'route="/library"' in text
    assert "anna" not in text.lower()
    assert face.id not in text
    assert face.workspace_id not in text
    assert face.photo_id not in text


def test_every_process_that_serves_says_the_same_of_runs(app: Any, make_app: Any, client: Any) -> None:
    face = make_face(client)
    assert face.id
    other = make_app().server.test_client()
    for mine, its in zip(*(of_library(one.get("/metrics").text) for one in (client, other)), strict=True):
        assert mine == its


def of_library(text: str) -> list[str]:
    ours = ("lifemask_queue", "lifemask_run", "lifemask_stage", "lifemask_failures")
    return [line for line in text.splitlines() if line.startswith(ours)]


@pytest.mark.parametrize(
    ("setting", "headers", "status"),
    [
        ("loopback", {}, 200),
        ("loopback", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("loopback", {"Forwarded": "for=127.0.0.1"}, 403),
        ("loopback", {"X-Real-IP": "10.0.0.1"}, 403),
        ("loopback", {"Via": "1.1 proxy"}, 403),
        ("loopback", {"Host": "mask.example"}, 403),
        ("on", {"X-Forwarded-For": "10.0.0.1", "Host": "mask.example"}, 200),
        ("off", {}, 404),
    ],
)
def test_who_may_read_them(make_app: Any, setting: str, headers: dict[str, str], status: int) -> None:
    app = make_app(metrics=setting, hosts="mask.example")
    answer = requests.get(f"http://127.0.0.1:{app.server.config['PORT']}/metrics", headers=headers, timeout=30)
    assert answer.status_code == status
    assert ("lifemask_queue_runs" in answer.text) == (status == 200)
    if status == 403:
        assert answer.json() == {"error": REFUSED}


SHARED = """
import sys
from dashboard.app import create_app
from dashboard.settings import Settings
client = create_app(Settings(data=sys.argv[1])).server.test_client()
for _ in range(int(sys.argv[2])):
    client.get("/api/runs", base_url="http://127.0.0.1")
print(client.get("/metrics", base_url="http://127.0.0.1").text)
"""


def test_processes_of_one_machine_count_their_requests_together_where_they_are_told_to(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    for count in ("2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", SHARED, str(tmp_path / "data"), count],
            check=True, capture_output=True, text=True, cwd=ROOT, timeout=120,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(shared)},
        )  # fmt: skip
    found = samples(done.stdout)
    assert found[key("lifemask_request_seconds_count", method="GET", route="/api/runs", status="200")] == 5
