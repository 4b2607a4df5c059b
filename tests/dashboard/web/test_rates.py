"""What one client may ask for, and what one workspace may keep, on the real server."""

from collections.abc import Callable
from typing import Any

import pytest

from dashboard.library.records import QuotaError
from dashboard.web import rates
from tests import servers
from tests.dashboard.library.test_library import jpeg
from tests.dashboard.web.test_routes import upload


@pytest.fixture
def _from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """All clients seem to be on other machines."""
    monkeypatch.setattr(rates, "is_this_machine", lambda _: False)


@pytest.mark.usefixtures("_from_elsewhere")
def test_an_address_may_change_so_much_a_minute_whatever_its_cookies(make_app: Callable[..., Any]) -> None:
    app = make_app(changes_per_minute=3)
    answers = [upload(app.server.test_client(), ("a.jpg", jpeg())) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[3].json["error"].startswith("That was too much for one minute from one address.")
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    library = app.server.config["LIBRARY"]
    assert len(list(library.folders.photos.iterdir())) == 3
    assert app.server.test_client().get("/library").status_code == 200  # who only looks is not counted


@pytest.mark.usefixtures("_from_elsewhere")
def test_an_address_starts_so_many_runs_an_hour(make_app: Callable[..., Any]) -> None:
    app = make_app(runs_per_hour=2, max_queue_total=3)
    statuses = []
    for _ in range(4):  # each without the cookie of the others, as a stranger who would fill everybody's queue
        client = app.server.test_client()
        photo = upload(client, ("a.jpg", jpeg())).json["photos"][0]["id"]
        statuses.append(client.post("/api/runs", json={"photo_id": photo}).status_code)
    assert statuses == [200, 200, 429, 429]
    assert client.post("/api/faces/none/solid", json={}).status_code == 429


def test_this_machine_is_not_counted(make_app: Callable[..., Any]) -> None:
    client = make_app(changes_per_minute=1).server.test_client()
    assert [upload(client, ("a.jpg", jpeg())).status_code for _ in range(3)] == [200] * 3


@pytest.mark.usefixtures("_from_elsewhere")
def test_0_is_no_limit(make_app: Callable[..., Any]) -> None:
    client = make_app(changes_per_minute=0, runs_per_hour=0).server.test_client()
    assert [upload(client, ("a.jpg", jpeg())).status_code for _ in range(3)] == [200] * 3


def test_a_workspace_keeps_so_much(make_app: Callable[..., Any]) -> None:
    app = make_app(quota_mb=1)
    client, library = app.server.test_client(), app.server.config["LIBRARY"]
    photo = upload(client, ("a.jpg", jpeg())).json["photos"][0]["id"]
    (library.folders.photo(photo) / "photo.png").write_bytes(bytes(1_000_000))
    refused = upload(client, ("b.jpg", jpeg((1, 2, 3))))
    said = "Your files take 1 MB, which is all that they may. Delete some, and go on."
    assert (refused.status_code, refused.json["errors"]) == (507, [{"name": "b.jpg", "error": said}])
    run = client.post("/api/runs", json={"photo_id": photo})
    assert (run.status_code, run.json["error"]) == (507, said)
    assert [folder.name for folder in library.folders.photos.iterdir()] == [photo]
    assert upload(app.server.test_client(), ("b.jpg", jpeg())).status_code == 200  # another's is another's
    with pytest.raises(QuotaError):
        library.start_download(_owner(library, photo), "dpt_large_384")


def asked_before_all_goes(app: Any) -> str:
    """What the Library says where everything is to be deleted, and how much that is."""
    outputs = [
        {"id": "library-delete-all", "property": "is_open"},
        {"id": "library-all-says", "property": "children"},
        {"id": "library-nudge", "property": "data"},
    ]
    output = next(name for name in app.callback_map if name.startswith("..library-delete-all.is_open"))
    outputs[2]["property"] = output.split("library-nudge.")[1].rstrip(".")
    inputs = [
        {"id": f"library-delete-all-{name}", "property": "n_clicks", "value": 1 if name == "open" else None}
        for name in ("open", "no", "yes")
    ]
    click = {"output": output, "outputs": outputs, "inputs": inputs}
    click |= {"changedPropIds": ["library-delete-all-open.n_clicks"], "state": []}
    return str(app.server.test_client().post("/_dash-update-component", json=click).text)


@pytest.mark.parametrize(("quota_mb", "said"), [(0, False), (250, True)])
def test_the_library_says_how_much_may_be_kept_where_it_says_how_much_is(
    make_app: Callable[..., Any], quota_mb: int, said: bool
) -> None:
    text = asked_before_all_goes(make_app(quota_mb=quota_mb))
    assert "0 faces of 0 photos" in text
    assert ("All your files together may take 250 MB." in text) is said


def _owner(library: Any, photo_id: str) -> str:
    from dashboard.library import schema

    with library.session() as session:
        return str(session.get(schema.Photo, photo_id).workspace_id)


@pytest.mark.usefixtures("_from_elsewhere")
def test_pages_go_on_while_the_redis_that_counts_is_away(make_app: Callable[..., Any]) -> None:
    with servers.redis() as redis:
        client = make_app(changes_per_minute=3, broker_url=f"redis://127.0.0.1:{redis.port}/0").server.test_client()
        assert [upload(client, ("a.jpg", jpeg())).status_code for _ in range(2)] == [200] * 2
        redis.stop()
        assert [upload(client, ("a.jpg", jpeg())).status_code for _ in range(4)] == [200] * 4
        redis.start()
        assert [upload(client, ("a.jpg", jpeg())).status_code for _ in range(4)] == [200] * 3 + [429]
