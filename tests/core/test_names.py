import os

import pytest

from core.names import MOST_BYTES, cut, plain, readable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain.jpg", "plain.jpg"),
        ("Grün.jpg", "Grün.jpg"),
        (os.fsdecode(b"Gr\xfcn.jpg"), "Grün.jpg"),
        (os.fsdecode(b"\x80 5.jpg"), "€ 5.jpg"),  # in Windows-1252, not in Latin-1
        (os.fsdecode(b"a\x81.jpg"), "a\ufffd.jpg"),
        ("half \ud83d.jpg", "half ?.jpg"),
        ("two\nlines\x1b[31m.jpg", "two lines [31m.jpg"),
        ("gpj.\u202eevil", "gpj. evil"),
    ],
)
def test_readable(name: str, shown: str) -> None:
    assert readable(name) == shown
    assert readable(shown) == shown.encode().decode()


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("été <&>", "ete"),
        ("a b/c", "a-b-c"),
        ("張偉", ""),
        ("Ada_1 (2)", "Ada_1-2"),
        ("-x-", "x"),
        ("y" * 400, "y" * MOST_BYTES),
    ],
)
def test_plain(name: str, letters: str) -> None:
    assert plain(name) == letters


def test_a_name_is_cut_between_letters() -> None:
    assert cut("ä" * 200) == "ä" * (MOST_BYTES // 2)
    assert cut("a" + "ä" * 200, 4) == "aä"
    assert cut("short") == "short"
