"""Which faces the Library shows, in which order, and how its address says it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from dashboard.components.library import numbers
from dashboard.components.wanted import Wanted, pages
from dashboard.library.records import FaceRecord

NOW = datetime(2026, 1, 1, tzinfo=UTC)


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
        ({"sort": "nonsense", "page": "-1", "unknown": "x"}, "0123"),
    ],
)
def test_what_is_wanted_is_found_in_order(query: dict[str, str], ids: str) -> None:
    assert "".join(one.id for one in Wanted.of(query).among(FACES)) == ids


def test_the_address_says_what_is_not_the_default_and_is_read_back() -> None:
    assert Wanted().query == ""
    asked = Wanted(find="Ada & Grace = 2", sort="name", tag="été", page=3)
    assert asked.query == "find=Ada+%26+Grace+%3D+2&sort=name&tag=%C3%A9t%C3%A9&page=3"
    assert Wanted.of(dict(parse_qsl(asked.query))) == asked
    assert (
        Wanted.of({"page": "٣"})
        == Wanted.of({"page": "99999999"})
        == Wanted.of({"page": "0"})
        == Wanted.of({"sort": "worst"})
        == Wanted()
    )


def test_a_page_holds_ninety_six_and_the_last_the_rest() -> None:
    many = [face(number, f"{number}.jpg") for number in range(200)]
    assert [pages(count) for count in (0, 1, 96, 97, 200)] == [1, 1, 1, 2, 3]
    shown = [one.id for number in (1, 2, 3) for one in Wanted(page=number).page_of(many)]
    assert shown == [one.id for one in many]
    assert [len(Wanted(page=number).page_of(many)) for number in (1, 2, 3, 4)] == [96, 96, 8, 0]
    assert Wanted(page=9, tag="a").within(200) == Wanted(page=3, tag="a")
    assert Wanted(page=2, find="a b").address(3) == "/library?find=a+b&page=3"
    assert Wanted(page=2).address(1) == "/library"


@pytest.mark.parametrize(
    ("now", "last", "said"),
    [
        (1, 2, "1 2"),
        (1, 3, "1 2 3"),
        (1, 4, "1 2 3 4"),
        (1, 21, "1 2 … 21"),
        (3, 21, "1 2 3 4 … 21"),
        (4, 21, "1 2 3 4 5 … 21"),
        (11, 21, "1 … 10 11 12 … 21"),
        (21, 21, "1 … 20 21"),
    ],
)
def test_the_pages_that_are_offered(now: int, last: int, said: str) -> None:
    assert " ".join(str(one or "…") for one in numbers(now, last)) == said
