"""Which faces the Library shows, in which order, and how its address says it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from dashboard.library.records import FaceRecord

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def Wanted(app: Any) -> Any:
    from dashboard.pages.library import Wanted  # a page can be imported once there is an app

    return Wanted


def face(number: int, name: str, **more: Any) -> FaceRecord:
    blank = FaceRecord(
        id=str(number), workspace_id="w", run_id="r", photo_id=str(number), index=1, name=name, file_name=name,
        person=None, tags=(), score=0.9, network="builtin", created=NOW - timedelta(hours=number), folder=None,  # type: ignore[arg-type]
    )  # fmt: skip
    return replace(blank, **more)


FACES = [
    face(0, "photo 10.jpg", score=0.7),
    face(1, "Photo 2.jpg", person="Ada", tags=("summer",), score=None),
    face(2, "Ångström.png", file_name="IMG_7.png", network="dpt_hybrid_384", score=0.8),
    face(3, "ندى.jpg", person="Grace", tags=("summer", "navy")),
]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, "0123"),
        ({"sort": "oldest"}, "3210"),
        ({"sort": "name"}, "1023"),
        ({"sort": "network"}, "0132"),
        ({"sort": "doubtful"}, "0231"),
        ({"tag": "summer"}, "13"),
        ({"tag": "summer", "person": "Grace"}, "3"),
        ({"network": "dpt_hybrid_384"}, "2"),
        ({"find": "img_7"}, "2"),
        ({"find": "SUMMER grace"}, "3"),
        ({"find": "ångström"}, "2"),
        ({"find": "A\u030angstro\u0308m"}, "2"),
        ({"find": "ندى"}, "3"),
        ({"find": "nobody"}, ""),
        ({"sort": "nonsense", "shown": "-1", "unknown": "x"}, "0123"),
    ],
)
def test_what_is_wanted_is_found_in_order(Wanted: Any, query: dict[str, str], ids: str) -> None:
    assert "".join(one.id for one in Wanted.of(query).among(FACES)) == ids


def test_the_address_says_what_is_not_the_default_and_is_read_back(Wanted: Any) -> None:
    assert Wanted().query == ""
    asked = Wanted(find="Ada & Grace = 2", sort="name", tag="été", shown=192)
    assert asked.query == "find=Ada+%26+Grace+%3D+2&sort=name&tag=%C3%A9t%C3%A9&shown=192"
    assert Wanted.of(dict(parse_qsl(asked.query))) == asked
    assert Wanted.of({"shown": "٣"}) == Wanted.of({"shown": "99999999"}) == Wanted.of({"sort": "worst"}) == Wanted()
