from typing import Any

import pytest

from tests.dashboard.web.test_routes import make_face

HTML = {"Accept": "text/html"}
NOT_HERE = "0" * 32


@pytest.mark.parametrize(
    "address",
    [
        "/nowhere", "/face", "/face/a/b", "/library/more", f"/face/{NOT_HERE}", f"/print/{NOT_HERE}",
        f"/mark/{NOT_HERE}", f"/compare?faces={NOT_HERE}", f"/statistics?faces={NOT_HERE},{NOT_HERE}",
    ],
)  # fmt: skip
def test_an_address_that_leads_nowhere_answers_404_with_the_page(client: Any, address: str) -> None:
    answer = client.get(address, headers=HTML)
    assert answer.status_code == 404
    assert 'id="react-entry-point"' in answer.text


@pytest.mark.parametrize(
    "address",
    ["/", "/library", "/library/", "/compare", "/statistics", "/models", "/compare?faces=", "/?refused=1"],
)
def test_a_page_answers_200(client: Any, address: str) -> None:
    assert client.get(address, headers=HTML).status_code == 200


def test_what_another_browser_has_is_not_told_from_what_nobody_has(app: Any) -> None:
    owner, other = app.server.test_client(), app.server.test_client()
    for client in (owner, other):
        client.get("/", headers=HTML)
    face = make_face(owner)
    for address in (
        f"/face/{face.id}", f"/print/{face.id}", f"/mark/{face.photo_id}", f"/compare?faces={face.id},{NOT_HERE}",
        f"/statistics?faces={NOT_HERE},{face.id}",
    ):  # fmt: skip
        assert owner.get(address, headers=HTML).status_code == 200
        refused, nobodys = other.get(address, headers=HTML), other.get(f"/face/{NOT_HERE}", headers=HTML)
        assert refused.status_code == nobodys.status_code == 404
        assert "Ann" not in refused.text
