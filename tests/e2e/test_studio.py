"""The Studio with many photos, in two tabs, without its server. The work is quick: a photo's name says what happens."""

import base64
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image
from sqlalchemy import select

from dashboard.library.library import Library
from dashboard.library.schema import Photo, Run
from dashboard.settings import Settings
from tests.conftest import Live, serve
from tests.dashboard import works
from tests.e2e.conftest import PATIENCE_MS, SERVER_GONE
from tests.scans import cube, mean_head

ROOT = Path(__file__).parents[2]
GONE = "The server does not answer; your photos are safe. Trying again..."


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("workshop")
    settings = Settings(data=str(folder / "data"), weights=str(folder / "weights"), offline=True, min_free_mb=1)
    yield from serve(settings, works.make_works)


@pytest.fixture
def photos(tmp_path: Path) -> Any:
    """Make photos of these names, each of another colour."""

    def make(*names: str) -> list[Path]:
        for number, name in enumerate(names):
            Image.new("RGB", (64, 64), (40, 8 * number % 256, 200)).save(tmp_path / name)
        return [tmp_path / name for name in names]

    return make


def test_thirty_photos_fold_into_one_line_and_keep_their_order(
    open_page: Any, workshop: Live, photos: Any, eventually: Any
) -> None:
    page = open_page(base_url=workshop.url)
    page.goto("/")
    page.locator("#photo-input").set_input_files(photos("one.png", "faceless.png"))
    page.locator(".card-face").wait_for()
    page.locator("#studio-runs .run-error").wait_for()
    before = page.locator(".card-face").bounding_box()["y"]

    names = [f"slow-{number:02}.png" for number in range(28)]
    page.locator("#photo-input").set_input_files(photos("quick.png", *names))
    page.locator("#batch-words").get_by_text("about").wait_for()  # one is done, so the time of one is known
    # one failed before: it is measured, too, and has no answer yet
    said = r"^[23] of (29|30|31), about \d+ (s|min) left; 1 failed$"
    eventually(page, lambda: bool(re.match(said, page.locator("#batch-words").inner_text())))
    assert page.locator(".run:visible").count() == 0
    page.locator(".card-face").nth(1).wait_for()
    assert page.locator(".card-face").first.bounding_box()["y"] - before < 100
    page.locator(".batch > summary").click()
    eventually(page, "document.querySelectorAll('.batch .run').length === 29")
    assert page.locator(".batch .run-name").all_inner_texts() == ["faceless.png", *names]
    page.wait_for_timeout(1500)  # longer than it takes to ask for news: the fold stays as it is
    assert page.locator(".batch .run:visible").count() == 29

    page.get_by_role("button", name="Cancel all").click()
    eventually(page, "document.querySelectorAll('.run[data-run]').length === 0")
    assert page.locator(".run").count() == 1
    assert page.locator(".run-error").inner_text() == "No face found in faceless.png."


def test_what_failed_can_be_tried_again_or_dismissed_all_at_once(
    open_page: Any, workshop: Live, photos: Any, eventually: Any
) -> None:
    page = open_page(base_url=workshop.url)
    page.goto("/")
    page.locator("#photo-input").set_input_files(photos(*(f"broken-{number}.png" for number in range(4))))
    words = page.locator("#batch-words")
    words.get_by_text("4 failed", exact=True).wait_for()
    page.get_by_role("button", name="Retry failed").click()
    eventually(page, "document.querySelector('#batch-words').innerText !== '4 failed'")
    words.get_by_text("4 failed", exact=True).wait_for()
    page.locator("#batch-dismiss").click()
    words.wait_for(state="hidden")
    page.reload()
    page.locator(".drop").wait_for()
    page.wait_for_timeout(1000)
    assert page.locator(".run:visible").count() == 0


def test_a_failed_row_goes_once_its_remedy_worked(
    open_page: Any, workshop: Live, photos: Any, eventually: Any, press: Any
) -> None:
    page = open_page(base_url=workshop.url)
    page.goto("/")
    page.locator("#photo-input").set_input_files(photos("faceless-9.png"))
    press(page.get_by_role("button", name="Process the whole photo"), page.locator(".card-face"))
    eventually(page, "document.querySelectorAll('.run').length === 0")
    page.reload()
    page.locator(".card-face").wait_for()
    page.wait_for_timeout(1000)
    assert page.locator(".run:visible").count() == 0


def test_a_photo_that_is_here_already_says_so_and_its_card_lights_up(
    open_page: Any, workshop: Live, photos: Any, eventually: Any
) -> None:
    page = open_page(base_url=workshop.url, viewport={"width": 390, "height": 600})
    page.goto("/")
    (photo,) = photos("again.png")
    page.locator("#photo-input").set_input_files(photo)
    card = page.locator(".card-face")
    card.wait_for()
    page.evaluate("scrollTo(0, 0)")
    page.locator("#photo-input").set_input_files(photo)
    page.locator("#uploads").get_by_text("Already here.").wait_for()
    face = page.request.get("/api/faces").json()["faces"][0]["id"]
    assert page.locator("#uploads a").get_attribute("href") == f"/face/{face}"
    assert card.count() == 1
    eventually(
        page,
        "(box => box.top >= 0 && box.top < innerHeight)(document.querySelector('.card-face').getBoundingClientRect())",
    )
    eventually(page, "document.querySelectorAll('#uploads .run').length === 0")


def test_a_photo_has_one_row_at_a_time(open_page: Any, workshop: Live, photos: Any) -> None:
    page = open_page(base_url=workshop.url)
    page.goto("/")
    page.locator("#photo-drop").wait_for()
    # at each paint, which comes after whatever was put into the page
    page.evaluate(
        """() => {
          const look = () => {
            window.seen = [...(window.seen || []), document.querySelectorAll(".run").length];
            requestAnimationFrame(look);
          };
          look();
        }"""
    )
    page.locator("#photo-input").set_input_files(photos("slow-alone.png"))
    page.locator(".run[data-run]").wait_for()
    page.locator(".unsent").wait_for(state="detached")
    assert set(page.evaluate("window.seen")) == {0, 1}
    page.get_by_role("button", name="Cancel").click()
    page.locator(".run").get_by_text("Cancelled.").wait_for()


def test_a_button_that_is_drawn_anew_under_the_pointer_is_clicked_once(
    open_page: Any, workshop: Live, photos: Any, eventually: Any
) -> None:
    page = open_page(base_url=workshop.url)
    page.goto("/")
    page.locator("#photo-input").set_input_files(photos("slow-held.png"))
    cancel = page.get_by_role("button", name="Cancel")
    page.locator(".run[data-run]").wait_for()
    page.locator(".unsent").wait_for(state="detached")
    cancel.hover()
    page.evaluate("document.querySelector('.run .btn').dataset.pressed = '1'")
    page.mouse.down()
    page.evaluate("dash_clientside.set_props('studio-rows', {data: null})")  # as if they said something else
    page.evaluate("dash_clientside.set_props('studio-nudge', {data: 1})")
    eventually(page, "!document.querySelector('.run .btn[data-pressed]')")
    page.evaluate("window.clicks = 0; addEventListener('click', () => { window.clicks += 1; }, true)")
    page.mouse.up()
    page.locator(".run").get_by_text("Cancelled.").wait_for()
    assert page.evaluate("window.clicks") == 1


def test_a_file_that_comes_leaves_the_rest_of_its_card_and_other_cards_as_they_are(
    open_page: Any, workshop: Live, photos: Any
) -> None:
    page = open_page(base_url=workshop.url, expected="status of 404")  # the pictures of this work's faces
    page.goto("/")
    page.locator("#photo-input").set_input_files(photos("first.png", "second.png"))
    page.locator(".card-face").nth(1).wait_for()
    faces = page.request.get("/api/faces").json()["faces"]
    page.locator(".run").first.wait_for(state="detached")
    page.evaluate("document.querySelectorAll('.card-face .btn').forEach(one => { one.dataset.same = '1'; })")
    drawn_before = page.locator(".card-face .btn[data-same]").count()
    assert drawn_before == 2 * 3
    folder = workshop.library.folders.face(faces[0]["id"])
    (folder / "mesh.glb").write_bytes(b"mesh")
    page.request.patch(f"/api/faces/{faces[1]['id']}", data={"tags": ["new"]})  # a change
    page.locator(f".card-face[data-face='{faces[0]['id']}'] .viewer").wait_for()
    page.locator(f".card-face[data-face='{faces[0]['id']}']").get_by_role("link", name="Mesh GLB").wait_for()
    assert page.locator(".card-face .btn[data-same]").count() == drawn_before
    assert page.locator(f".card-face[data-face='{faces[1]['id']}'] .viewer").count() == 0


def test_a_card_comes_back_when_its_deletion_is_undone_at_once(open_page: Any, workshop: Live, photos: Any) -> None:
    page = open_page(base_url=workshop.url)
    page.goto("/")
    page.locator("#photo-input").set_input_files(photos("undone.png"))
    card = page.locator(".card-face")
    card.wait_for()
    page.locator(".run").first.wait_for(state="detached")
    # the page does not hear of the deletion before it is undone
    page.route("**/api/changes", lambda route: None)
    card.get_by_role("button", name="Delete").click()
    card.wait_for(state="hidden")
    page.get_by_role("button", name="Undo").click()
    card.wait_for()
    assert len(page.request.get("/api/faces").json()["faces"]) == 1
    page.unroute("**/api/changes")


def test_a_second_tab_follows_the_first(open_page: Any, workshop: Live, photos: Any) -> None:
    first = open_page(base_url=workshop.url)
    first.goto("/")
    studio, library = first.context.new_page(), first.context.new_page()
    studio.goto("/")
    library.goto("/library")
    library.get_by_text("Nothing here yet").wait_for()
    first.locator("#photo-input").set_input_files(photos("shared.png"))
    studio.locator(".card-face").get_by_text("shared.png").wait_for()
    library.locator(".thumb-name").get_by_text("shared.png").wait_for()


def test_the_page_says_that_its_server_is_gone_and_shows_what_is_true_when_it_is_back(
    open_page: Any, tmp_path: Path, photos: Any
) -> None:
    data = tmp_path / "data"
    server, url = _start(data)
    try:
        page = open_page(base_url=url, expected=(*SERVER_GONE, "the server did not respond"))
        page.goto("/")
        page.locator("#photo-input").set_input_files(photos("one.png"))
        page.locator(".run[data-run]").get_by_text("Waiting").wait_for()
        server.send_signal(signal.SIGKILL)
        server.wait()
        page.get_by_text(GONE).wait_for()
        page.locator("#photo-input").set_input_files(photos("two.png"))  # it waits in the page
        library = Library(Settings(data=str(data), min_free_mb=1))
        with library.session() as session:
            (run,) = session.scalars(select(Run))
        library.cancel(run.workspace_id, run.id)
        library.close()
        server, _ = _start(data, url.rsplit(":", 1)[1])
        page.get_by_text(GONE).wait_for(state="detached")
        page.locator(".run").filter(has_text="one.png").get_by_text("Cancelled.").wait_for()
        page.locator(".run[data-run]").filter(has_text="two.png").get_by_text("Waiting").wait_for()
    finally:
        server.kill()
        server.wait()
        if server.stdout:
            server.stdout.close()


def _start(data: Path, port: str = "0") -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "dashboard.cli", "serve", "--no-worker", "--port", port]
    environ = {**os.environ, "LIFEMASK_DATA": str(data), "LIFEMASK_OFFLINE": "1", "LIFEMASK_MIN_FREE_MB": "1"}
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    url = server.stdout.readline().split("at ")[1].split("/  ")[0]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            assert requests.get(f"{url}/health", timeout=5).status_code == 200
            return server, url
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


def test_a_depth_map_goes_up_with_its_photo_and_one_alone_says_so(
    open_page: Any, workshop: Live, photos: Any, tmp_path: Path
) -> None:
    page = open_page(base_url=workshop.url)
    page.goto("/")
    chosen = photos("one-eva.png", "one-anna.png")
    names = ("one-anna.depth-mm.npy", "one-anna.depth-cm.npy", "ida.depth-mm.exr")
    for name in names:
        np.save(tmp_path / "map", np.linspace(400, 500, 64 * 64).reshape(64, 64))
        (tmp_path / "map.npy").rename(tmp_path / name)
    assert ".npy" in page.locator("#photo-input").get_attribute("accept").split(",")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/api/photos") else None)
    with page.expect_response(lambda answer: answer.url.endswith("/api/photos") and answer.ok):
        page.locator("#photo-input").set_input_files([*chosen, *(tmp_path / name for name in names)])
    page.get_by_text("This is a depth map. Choose it together with its photo, ida.jpg.").wait_for()
    page.get_by_text("This is a second depth map of one-anna, which takes one.").wait_for()
    page.locator(".card-face").nth(1).wait_for()
    assert len(sent) == 2
    with workshop.library.session() as session:
        found = {photo.name: photo.id for photo in session.scalars(select(Photo))}
    folders = workshop.library.folders
    assert folders.sensor(found["one-eva.png"]) is None
    kept = folders.sensor(found["one-anna.png"])
    assert kept is not None
    assert kept.source == "the depth map one-anna.depth-mm.npy"


DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.getElementById("photo-drop").dispatchEvent(new DragEvent(kind, { bubbles: true, dataTransfer: carried }));
  }
}"""


def test_a_scan_is_dropped_and_its_face_is_measured(page: Any) -> None:
    page.goto("/")
    page.get_by_text("Drop photos or scans of faces here").wait_for()
    assert ".ply" in page.locator("#photo-input").get_attribute("accept")
    assert ".ply" not in page.locator("#camera-input").get_attribute("accept")
    page.evaluate(DROP, ["anna.stl", base64.b64encode(mean_head().file("stl", "cm")).decode()])
    page.locator(".card-face").get_by_text("Everything about it").click(timeout=PATIENCE_MS)
    page.get_by_role("heading", name="The scan").wait_for()
    lead = page.locator("main").get_by_text("mm between the eyes, measured by a scan.")
    lead.wait_for()
    assert page.get_by_text("The scan's picture from the front, levelled by the eyes").count() == 1
    assert page.get_by_text("From the scan anna.stl. Every millimetre is its own").count() == 1
    assert page.get_by_text("lens from the photo").count() == 0


def test_a_scan_without_a_face_can_be_tried_again_or_dismissed(page: Any) -> None:
    page.goto("/")
    page.locator("#photo-drop").wait_for()
    page.evaluate(DROP, ["box.stl", base64.b64encode(cube().file("stl")).decode()])
    row = page.locator("#studio-runs .run", has_text="No face found in box.stl")
    row.wait_for(timeout=PATIENCE_MS)
    assert row.get_by_role("button").all_inner_texts() == ["Try again", "Dismiss"]
    assert row.get_by_role("link").count() == 0
    photo = re.search(r"/photos/(\w+)/", row.locator("img").get_attribute("src"))
    assert photo is not None
    page.goto(f"/mark/{photo[1]}")
    page.get_by_text("This scan has no picture yet").wait_for()
    assert page.locator("#mark-figure").count() == 0
