"""The viewer: what mouse, wheel, fingers and keys do, what it draws, and what it does when something is missing."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from core.files.mesh_files import Mesh, write_plaster_glb
from core.mesh.plaster import plaster_colours
from tests.e2e.axe import violations

CAMERA = "(({turn, raise, zoom, pan}) => [turn, raise, zoom, ...pan])(document.querySelector('.viewer').viewer.group)"
FRAMES = "document.querySelector('.viewer').viewer.drawing.renderer.info.render.frame"
DONE = (
    "[...document.querySelectorAll('.viewer')].every(({viewer}) =>"
    " !viewer?.isSeen || (viewer.model && !viewer.isStale && !viewer.group.goal))"
)
LENGTH_MM = 60.0


@pytest.fixture
def face_page(page_of_two: Any, two_faces: dict[str, Any]) -> Any:
    """The page of a face, with surface and points in sight."""
    page_of_two.goto(f"/face/{two_faces['ids'][0]}")
    page_of_two.locator(".viewer[data-loaded]").nth(1).wait_for()
    return page_of_two


def canvas_of(page: Any, order: int = 0) -> np.ndarray:
    """(H, W, 4): what a view shows, without its ground."""
    data = page.evaluate(f"document.querySelectorAll('.viewer canvas')[{order}].toDataURL().split(',')[1]")
    return np.array(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")).astype(int)


def turn_to(page: Any, turn_deg: float, raise_deg: float = 0.0) -> None:
    page.evaluate(
        "([turn, raise]) => document.querySelector('.viewer').viewer.group.ease({turn, raise})",
        [float(np.radians(turn_deg)), float(np.radians(raise_deg))],
    )
    at_rest(page)


def at_rest(page: Any) -> None:
    """Wait until all that changed is drawn, and stays so."""
    calm = 0
    for _ in range(300):
        calm = calm + 1 if page.evaluate(DONE) else 0
        if calm == 3:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the view does not come to rest")


def test_nothing_is_drawn_while_nothing_changes(face_page: Any) -> None:
    at_rest(face_page)
    drawn = face_page.evaluate(FRAMES)
    face_page.wait_for_timeout(1500)
    assert face_page.evaluate(FRAMES) == drawn


def test_the_wheel_scrolls_the_page_until_the_view_is_clicked(face_page: Any, eventually: Any) -> None:
    canvas = face_page.locator(".viewer canvas").first
    canvas.hover()
    before, top = face_page.evaluate(CAMERA), face_page.evaluate("window.scrollY")
    face_page.mouse.wheel(0, 60)
    eventually(face_page, f"window.scrollY > {top} + 30")
    assert face_page.evaluate(CAMERA) == before
    face_page.mouse.wheel(0, -60)
    eventually(face_page, f"window.scrollY === {top}")
    canvas.click()
    face_page.mouse.wheel(0, -100)
    eventually(face_page, f"{CAMERA}[2] < 0.95")
    assert face_page.evaluate("window.scrollY") == top
    face_page.keyboard.press("Escape")
    zoomed = face_page.evaluate(CAMERA)
    face_page.mouse.wheel(0, 60)
    eventually(face_page, f"window.scrollY > {top} + 30")
    assert face_page.evaluate(CAMERA) == zoomed
    canvas.click()
    face_page.mouse.move(5, 5)  # away from it
    canvas.hover()
    face_page.mouse.wheel(0, 60)
    eventually(face_page, "window.scrollY > 60")
    assert face_page.evaluate(CAMERA) == zoomed


def test_the_hint_is_given_once(face_page: Any) -> None:
    hint = face_page.get_by_text("Drag to turn, scroll to zoom, two fingers to move")
    assert hint.count() == 1
    face_page.locator(".viewer canvas").first.click()
    hint.wait_for(state="detached")
    face_page.reload()
    face_page.locator(".viewer[data-loaded]").nth(1).wait_for()
    assert hint.count() == 0


def test_the_camera_stays_when_the_look_changes(face_page: Any) -> None:
    canvas = face_page.locator(".viewer canvas").first
    box = canvas.bounding_box()
    face_page.mouse.move(box["x"] + 100, box["y"] + 100)
    face_page.mouse.down()
    face_page.mouse.move(box["x"] + 160, box["y"] + 120, steps=4)
    face_page.mouse.up()
    turned = face_page.evaluate(CAMERA)
    assert turned[0] < -0.2
    assert turned[1] > 0.05
    face_page.get_by_role("button", name="Plaster").click()
    face_page.locator(".viewer[data-shown=plaster]").wait_for()
    assert face_page.evaluate(CAMERA) == turned
    both = face_page.evaluate("[...document.querySelectorAll('.viewer')].map(v => v.viewer.project([10, 20, 30]))")
    assert both[0] == both[1]  # the cloud beside it is seen from the same place


def test_a_view_is_used_by_keys_alone(face_page: Any, eventually: Any) -> None:
    for _ in range(60):
        face_page.keyboard.press("Tab")
        if face_page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    focus = "getComputedStyle(document.activeElement)"
    assert face_page.evaluate("document.activeElement.getAttribute('role')") == "application"
    assert "Arrow keys turn it" in face_page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert face_page.evaluate(f"{focus}.outlineStyle") == "solid"
    press, camera = face_page.keyboard.press, lambda: face_page.evaluate(CAMERA)
    start = camera()
    press("ArrowLeft")
    press("ArrowUp")
    assert camera()[0] > start[0]
    assert camera()[1] < start[1]
    press("+")
    assert camera()[2] < start[2]
    press("-")
    assert camera()[2] == pytest.approx(start[2])
    press("Shift+ArrowRight")
    assert camera()[3] < -0.01
    for key, turn in (("1", 0), ("2", -40), ("3", -90)):
        press(key)
        eventually(face_page, f"Math.abs({CAMERA}[0] - {np.radians(turn)}) < 1e-6")
    press("0")
    eventually(face_page, f"{CAMERA}.slice(2).join() === '1,0,0,0'")
    press("w")
    assert face_page.get_by_role("button", name="Wireframe").get_attribute("aria-pressed") == "true"
    press("w")
    press("f")
    eventually(face_page, "document.fullscreenElement?.className === 'viewing'")
    press("f")
    eventually(face_page, "document.fullscreenElement === null")
    assert violations(face_page) == []


@pytest.fixture
def plate(tmp_path: Path) -> bytes:
    """A GLB as of a solid: a plate of 80 x 60 x 10 mm, its front in the plane z = 10."""
    box = trimesh.creation.box((80, 60, 10))
    mesh = Mesh(box.vertices + np.array([0, 0, 5.0]), box.faces.astype(np.int32), np.full((8, 3), 255, np.uint8))
    write_plaster_glb(mesh, tmp_path / "plate.glb")
    return (tmp_path / "plate.glb").read_bytes()


@pytest.fixture
def plate_page(page_of_two: Any, two_faces: dict[str, Any], plate: bytes) -> Any:
    page_of_two.route("**/solid.glb*", lambda route: route.fulfill(body=plate, content_type="model/gltf-binary"))
    page_of_two.goto(f"/print/{two_faces['ids'][0]}")
    page_of_two.locator(".viewer[data-loaded]").wait_for()
    return page_of_two


def click_at(page: Any, point_mm: tuple[float, float, float]) -> None:
    canvas = page.locator(".viewer canvas").first
    x, y = page.evaluate(
        "point => { const {viewer} = document.querySelector('.viewer');"
        " return viewer.project(point, viewer.canvas.clientWidth, viewer.canvas.clientHeight); }",
        list(point_mm),
    )
    canvas.click(position={"x": x, "y": y})


def measured_mm(page: Any) -> float:
    said = page.locator(".viewer-said[role=status]").inner_text()
    assert said.endswith(" mm, on the print")
    return float(said.split(" mm")[0])


def test_a_length_between_two_clicks_is_that_of_the_model(plate_page: Any, eventually: Any) -> None:
    page = plate_page
    page.get_by_role("button", name="Measure a length").click()
    for turn in (0, -35):
        turn_to(page, turn, 10)
        click_at(page, (-LENGTH_MM / 2, 0, 10))
        page.get_by_text("Click the other end.").wait_for()
        click_at(page, (LENGTH_MM / 2, 0, 10))
        assert measured_mm(page) == pytest.approx(LENGTH_MM, rel=0.01)
    at_rest(page)
    drawn = canvas_of(page)[..., :3].reshape(-1, 3)
    assert (np.abs(drawn - [0xA2, 0x43, 0x1F]).max(-1) < 24).sum() > 50  # the line
    page.get_by_role("button", name="Measure a length").click()
    at_rest(page)
    drawn = canvas_of(page)[..., :3].reshape(-1, 3)
    assert (np.abs(drawn - [0xA2, 0x43, 0x1F]).max(-1) < 24).sum() == 0


def test_lengths_of_a_face_say_what_they_are_scaled_to(face_page: Any) -> None:
    face_page.get_by_role("button", name="Measure a length").click()
    for order in (0, 1):  # on the surface and in the points
        canvas = face_page.locator(".viewer canvas").nth(order)
        box = canvas.bounding_box()
        for x in (0.45, 0.55):
            canvas.click(position={"x": x * box["width"], "y": 0.5 * box["height"]})
        said = face_page.locator(".viewer-said[role=status]").inner_text()
        assert said.endswith(" mm, scaled to the assumed IPD")
        assert 10 < float(said.split(" mm")[0]) < 60


def test_a_picture_has_no_ground(face_page: Any) -> None:
    with face_page.expect_download() as waiting:
        face_page.get_by_role("button", name="Save as a picture").click()
    assert waiting.value.suggested_filename.endswith("-textured.png")
    picture = np.array(Image.open(waiting.value.path()))
    height, width, channels = picture.shape
    assert channels == 4
    assert max(height, width) >= 1600
    assert (picture[[0, 0, -1, -1], [0, -1, 0, -1], 3] == 0).all()
    assert picture[height // 2, width // 2, 3] == 255


def test_the_back_of_the_surface_shows_no_face(face_page: Any) -> None:
    turn_to(face_page, 175)
    seen = canvas_of(face_page)
    shown = seen[seen[..., 3] == 255][:, :3]
    gray = np.ptp(shown, axis=1) <= 2
    assert len(shown) > 5000
    assert gray.mean() > 0.97  # the rest is seen over its rim


def test_a_cloud_of_all_points_has_no_holes(face_page: Any) -> None:
    for turn in (0, -20, 20):
        turn_to(face_page, turn)
        surface, points = (canvas_of(face_page, order)[..., 3] > 127 for order in (0, 1))
        assert (surface & ~points).sum() < 0.01 * surface.sum()
    count = face_page.evaluate(
        "document.querySelectorAll('.viewer')[1].viewer.model.geometry.getAttribute('position').count"
    )
    face = face_page.url.rsplit("/", 1)[1]
    header = face_page.request.get(f"/files/{face}/cloud.ply").body()[:2000]
    assert f"element vertex {count}\n".encode() in header


def test_the_first_picture_is_where_the_poster_is(face_page: Any) -> None:
    face_page.evaluate("document.querySelectorAll('.viewer-hint').forEach(hint => hint.remove())")
    stage = face_page.locator(".viewer").first
    drawn = np.array(Image.open(io.BytesIO(stage.screenshot())).convert("RGB")).astype(int)
    face_page.evaluate(
        "() => { document.querySelector('.viewer canvas').style.visibility = 'hidden';"
        " document.querySelector('.viewer .poster').style.visibility = 'visible'; }"
    )
    poster = np.array(Image.open(io.BytesIO(stage.screenshot())).convert("RGB")).astype(int)
    assert np.abs(drawn - poster).mean() < 6
    assert (np.abs(drawn - poster).max(-1) > 60).mean() < 0.03


def test_a_model_that_is_being_made_is_waited_for(open_page: Any, two_faces: dict[str, Any]) -> None:
    page, asked = open_page(two_faces["state"]), []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) < 3:
            route.fulfill(status=202, headers={"Retry-After": "1"}, body="")
        else:
            route.continue_()

    page.route("**/mesh.glb*", answer)
    page.goto(f"/face/{two_faces['ids'][0]}")
    page.locator(".viewer[data-shown=textured]").wait_for()
    assert len(asked) == 3


def test_a_model_that_is_gone_is_said(open_page: Any, two_faces: dict[str, Any]) -> None:
    page = open_page(two_faces["state"], expected="status of 404")
    page.route("**/mesh.glb*", lambda route: route.fulfill(status=404, body=""))
    page.goto(f"/face/{two_faces['ids'][0]}")
    page.locator(".viewer[data-failed]").get_by_text("The model is not there any more").wait_for()
    page.locator(".viewer[data-shown=cloud]").wait_for()  # the other one is there all the same


def test_a_lost_context_comes_back(face_page: Any, eventually: Any) -> None:
    at_rest(face_page)
    before = canvas_of(face_page)
    face_page.evaluate(
        "() => { window.lost = document.querySelector('.viewer').viewer.drawing.renderer.getContext()"
        ".getExtension('WEBGL_lose_context'); window.lost.loseContext(); }"
    )
    face_page.get_by_text("The graphics were reset").first.wait_for()
    face_page.evaluate("window.lost.restoreContext()")
    face_page.get_by_text("The graphics were reset").first.wait_for(state="detached")
    turn_to(face_page, 0)
    assert np.abs(canvas_of(face_page) - before).mean() < 1


def test_one_context_serves_all_views_and_goes_with_the_last(face_page: Any, eventually: Any) -> None:
    drawings = "new Set([...document.querySelectorAll('.viewer')].map(v => v.viewer.drawing)).size"
    assert face_page.evaluate(drawings) == 1
    face_page.evaluate("window.kept = document.querySelector('.viewer').viewer.drawing")
    face_page.get_by_role("link", name="Library").click()
    eventually(face_page, "window.kept.renderer.getContext().isContextLost()")
    assert face_page.evaluate("[window.kept.views.size, window.kept.models.kept.size]") == [0, 0]


def test_plaster_is_shaded_as_in_the_pictures(open_page: Any, two_faces: dict[str, Any], tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(5, 0.05)  # in metres; without colours, as no file of this version is
    ball.apply_translation([0, 0, -0.05])
    (tmp_path / "ball.glb").write_bytes(ball.export(file_type="glb", include_normals=True))
    page = open_page(two_faces["state"])
    page.route("**/solid.glb*", lambda route: route.fulfill(path=tmp_path / "ball.glb"))
    page.goto(f"/print/{two_faces['ids'][0]}")
    page.locator(".viewer[data-loaded]").wait_for()
    turn_to(page, 0)
    seen = canvas_of(page)
    normals = np.array([[x, y, np.sqrt(1 - x * x - y * y)] for x in (-0.7, -0.3, 0, 0.5, 0.7) for y in (-0.6, 0, 0.6)])
    places = page.evaluate(
        "points => points.map(point => document.querySelector('.viewer').viewer.project(point))",
        (50 * normals - [0, 0, 50]).tolist(),
    )
    shown = np.array([seen[round(y - 0.5), round(x - 0.5), :3] for x, y in places])
    expected = plaster_colours(normals, np.ones(len(normals))).astype(int)
    assert np.abs(shown - expected).max() <= 4


def test_two_million_triangles_are_shown(open_page: Any, two_faces: dict[str, Any], tmp_path: Path) -> None:
    side = 1001
    across = np.linspace(-100, 100, side)
    x, y = np.meshgrid(across, across)
    vertices = np.stack([x, y, 40 * np.cos(x / 60) * np.cos(y / 60)], -1).reshape(-1, 3) / 1000
    at = np.arange(side * side).reshape(side, side)
    a, b, c, d = at[:-1, :-1].ravel(), at[:-1, 1:].ravel(), at[1:, :-1].ravel(), at[1:, 1:].ravel()
    faces = np.concatenate([np.stack([a, b, d], -1), np.stack([a, d, c], -1)])
    scene = trimesh.Scene([trimesh.Trimesh(vertices, faces, process=False)])
    (tmp_path / "large.glb").write_bytes(scene.export(file_type="glb", include_normals=False))
    page = open_page(two_faces["state"])
    page.route("**/solid.glb*", lambda route: route.fulfill(path=tmp_path / "large.glb"))
    page.goto(f"/print/{two_faces['ids'][0]}")
    page.locator(".viewer[data-loaded]").wait_for()
    count = page.evaluate("document.querySelector('.viewer').viewer.model.geometry.index.count / 3")
    assert count == 2_000_000
    page.get_by_role("button", name="From the front").click()
    at_rest(page)
    assert (canvas_of(page)[..., 3] == 255).mean() > 0.3


def test_a_model_made_anew_is_seen_from_the_same_place(plate_page: Any, tmp_path: Path) -> None:
    page = plate_page
    box = trimesh.creation.box((160, 120, 20))
    twice = Mesh(np.asarray(box.vertices), box.faces.astype(np.int32), np.full((8, 3), 255, np.uint8))
    write_plaster_glb(twice, tmp_path / "twice.glb")
    turn_to(page, 30, 20)
    page.locator(".viewer canvas").focus()
    page.keyboard.press("+")
    before, corner = page.evaluate(CAMERA), "document.querySelector('.viewer').viewer.project"
    (seen,) = page.evaluate(f"[{corner}([40, 30, 10])]")
    page.route("**/solid.glb*", lambda route: route.fulfill(path=tmp_path / "twice.glb"))
    page.evaluate("document.querySelector('.viewer').setAttribute('data-src', '/files/0/solid.glb?v=2')")
    page.locator(".viewer[data-loaded$='v=2']").wait_for()
    assert page.evaluate(CAMERA) == before
    assert np.abs(np.subtract(page.evaluate(f"{corner}([80, 60, 10])"), seen)).max() < 1  # twice as large, as it was
