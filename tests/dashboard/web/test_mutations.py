"""Damaged pictures through the upload path of the real server: each a photo or a sentence; see tests.benchmarks."""

from typing import Any

from tests.benchmarks.mutations import mutated
from tests.dashboard.web.test_routes import upload


def test_damaged_pictures_are_taken_or_refused_in_a_sentence(app: Any, client: Any) -> None:
    statuses = set()
    for name, data in mutated(150, seed=7):
        answer = upload(client, (name, data))
        statuses.add(answer.status_code)
        refused = answer.json["errors"]
        assert answer.status_code == (422 if refused else 200), (name, answer.json)
        assert all(error["error"].endswith(".") for error in refused)
    assert statuses == {200, 422}
    library = app.server.config["LIBRARY"]
    stored = {folder.name for folder in library.folders.photos.iterdir()}
    assert stored == {photo.id for photo in library.photos(next(iter(_workspaces(library))))}


def _workspaces(library: Any) -> list[str]:
    from sqlalchemy import select

    from dashboard.library import schema

    with library.session() as session:
        return list(session.scalars(select(schema.Photo.workspace_id).distinct()))
