"""Uploads, zips and turned photos leave threads to pages, and one client leaves places to others."""

import io
import threading
from collections.abc import Callable
from typing import Any

import flask
import pytest
from PIL import Image

from dashboard.library.decoder import Decoder
from dashboard.library.records import BusyError
from dashboard.web import heavy
from dashboard.web.heavy import BUSY, Places
from dashboard.web.routes import faces
from tests.dashboard.library.test_library import jpeg
from tests.dashboard.web.test_routes import make_face, upload


def test_places_are_given_back_once() -> None:
    places = Places(3, 2)
    first, _ = places.enter("a"), places.enter("a")
    with pytest.raises(BusyError):
        places.enter("a")
    other = places.enter("b")
    with pytest.raises(BusyError):
        places.enter("c")
    for _ in range(3):
        other()
    places.enter("c")
    with pytest.raises(BusyError):
        places.enter("b")
    first()
    places.enter("a", alone=False)


def test_many_that_come_from_this_machine_are_not_one() -> None:
    places = Places(3, 1)
    for _ in range(3):
        places.enter("127.0.0.1", alone=False)
    with pytest.raises(BusyError):
        places.enter("127.0.0.1", alone=False)


def test_photos_beyond_their_places_are_told_to_come_again_and_pages_answer(
    make_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heavy, "UPLOADS", 2)
    app = make_app()
    at_work, go_on, run = threading.Semaphore(0), threading.Event(), Decoder.run

    def slow(*args: Any) -> Any:
        at_work.release()
        assert go_on.wait(60.0)
        return run(*args)

    monkeypatch.setattr(Decoder, "run", slow)
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(upload(app.server.test_client(), ("a.jpg", jpeg()))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert at_work.acquire(timeout=30.0)
    refused = upload(app.server.test_client(), ("a.jpg", jpeg()))
    assert (refused.status_code, refused.json["error"]) == (503, BUSY)
    assert int(refused.headers["Retry-After"]) >= 1
    assert app.server.test_client().get("/library").status_code == 200
    go_on.set()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert upload(app.server.test_client(), ("a.jpg", jpeg())).status_code == 200
    assert len(list(app.server.config["LIBRARY"].folders.photos.iterdir())) == 3


def test_a_zip_has_its_place_until_it_is_read(make_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heavy, "PACKED", 1)
    app = make_app()
    client, other = app.server.test_client(), app.server.test_client()
    path = f"/api/faces.zip?ids={make_face(client).id}&files=solid.stl"
    other._cookies = dict(client._cookies)
    begun, go_on, zipped = threading.Event(), threading.Event(), faces.zipped

    def slow(*args: Any) -> Any:
        yield b"P"
        begun.set()
        assert go_on.wait(60.0)
        yield from zipped(*args)

    monkeypatch.setattr(faces, "zipped", slow)
    first = threading.Thread(target=other.get, args=(path,))
    first.start()
    assert begun.wait(30.0)
    assert client.get(path).status_code == 503
    go_on.set()
    first.join()
    for _ in range(3):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.data.startswith(b"PPK")


def test_a_zip_that_nobody_waits_for_gives_its_place_back(
    make_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heavy, "PACKED", 1)
    app = make_app()
    client = app.server.test_client()
    path = f"/api/faces.zip?ids={make_face(client).id}&files=solid.stl"
    for _ in range(3):
        with app.server.test_request_context(path):
            response = flask.Response(iter([b"never asked for"]))
            app.server.preprocess_request()
            app.server.process_response(response).close()


@pytest.mark.parametrize(("turn_deg", "corner"), [(0, "red"), (90, "blue"), (180, "green"), (270, "yellow")])
def test_a_photo_is_turned_clockwise_by_the_process_that_decodes(
    client: Any, monkeypatch: pytest.MonkeyPatch, turn_deg: int, corner: str
) -> None:
    """Its corners from the upper left on, clockwise: red, yellow, green, blue."""
    picture = Image.new("RGB", (80, 60), "red")
    for colour, place in (("yellow", (40, 0)), ("green", (40, 30)), ("blue", (0, 30))):
        picture.paste(colour, (*place, place[0] + 40, place[1] + 30))
    packed = io.BytesIO()
    picture.save(packed, "PNG")
    photo = upload(client, ("a.png", packed.getvalue())).json["photos"][0]["id"]
    monkeypatch.setattr(Image.Image, "transpose", None)  # not in this process
    answer = client.get(f"/photos/{photo}/photo.png?turn_deg={turn_deg}")
    turned = Image.open(io.BytesIO(answer.data))
    assert turned.size == ((60, 80) if turn_deg % 180 else (80, 60))
    assert turned.convert("RGB").getpixel((2, 2)) == Image.new("RGB", (1, 1), corner).getpixel((0, 0))
