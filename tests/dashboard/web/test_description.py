"""The OpenAPI document says what the real server does: its paths, what they take, and every answer."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from PIL import Image
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dashboard.web import making
from dashboard.web.description import ROWS, document
from tests.dashboard.faces import face, write_face

README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
OURS = ("/api/", "/files/", "/photos/", "/comparisons/")
OPERATIONS = [(one.method, one.path) for row in ROWS for one in row.operations]
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]  # 500 is described nowhere
EXAMPLES = 10


def test_the_document_is_valid_and_the_readmes_table_is_made_of_it() -> None:
    validate(document())
    table = "\n".join(row.line for row in ROWS)
    assert f"| path | what it does |\n|---|---|\n{table}\n" in README, table


def test_every_path_of_the_server_is_described_and_no_other(app: Any) -> None:
    rules = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.server.url_map.iter_rules()
        if rule.rule.startswith(OURS)
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert set(OPERATIONS) == rules


@pytest.fixture
def there(make_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A server without a worker, a session whose library has a photo and a face, and what its ids are."""
    monkeypatch.setattr(making, "AWAITED_S", 0.2)
    monkeypatch.setattr("dashboard.web.routes.faces.ZIP_AWAITED_S", 0.2)
    app = make_app()
    session, url = requests.Session(), f"http://127.0.0.1:{app.server.config['PORT']}"
    picture = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 96, 3), np.uint8)).save(picture, "PNG")
    stored = session.post(f"{url}/api/photos", files={"photos": ("anna.png", picture.getvalue())}, timeout=30).json()
    photo_id = stored["photos"][0]["id"]
    run_id = session.post(f"{url}/api/runs", json={"photo_id": photo_id}, timeout=30).json()["id"]
    face_id = _made(app.server.config["LIBRARY"])
    yield {"url": url, "session": session, "photo_id": photo_id, "face_id": face_id, "run_id": run_id}
    session.close()


def _made(library: Any) -> str:
    """Put a face in the place of the photo that waits, as a worker would."""
    from dashboard.jobs.queue import Queue
    from dashboard.library.records import NewFace

    queue = Queue(library)
    run = queue.claim(["reconstruct"])
    assert run is not None
    write_face(face(), library.folders.face("f" * 32))
    queue.finish(run.id, [NewFace("f" * 32, 1, "anna.png", 0.97, "builtin")])
    return "f" * 32


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{method} {path}" for method, path in OPERATIONS])
def test_whatever_is_sent_is_answered_as_described(there: dict[str, Any], method: str, path: str) -> None:
    described = document()
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=there["url"])

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(case=schema[path][method].as_strategy(), is_known=st.booleans())
    def answered(case: Any, is_known: bool) -> None:
        if is_known:
            case.path_parameters = {
                name: there.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        if method == "DELETE":
            case.path_parameters = dict.fromkeys(case.path_parameters or {}, "none")
        answer = case.call(session=there["session"])
        case.validate_response(answer, checks=CHECKS)

    answered()
