import pytest

from dashboard.charts.names import cut, parts


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("a.jpg", ""),
        ("a.jpg #2", " #2"),
        ("family-photo-at-the-lake-2019.jpg", "019.jpg"),
        ("family-photo-at-the-lake-2019 #12", "019 #12"),
        ("Ada in the garden of her mother (2)", "her (2)"),
        ("ندى في الحديقة مع العائلة الكبيرة", "الكبيرة"),  # Arabic is cut between words alone
        ("ن" * 40, ""),
        ("ن" * 40 + " #3", " #3"),
        ("नेहा-की-तस्वीर-जन्मदिन-पर-परिवार-के-साथ", "परिवार-के-साथ"),
        ("Zoe\u0301 " * 8 + "Zoe\u0301Zoe\u0301", None),
    ],
)
def test_the_end_of_a_name_stays(name: str, tail: str | None) -> None:
    head, end = parts(name)
    assert head + end == name
    if tail is not None:
        assert end == tail
    assert not end.startswith("\u0301")


def test_a_name_is_cut_in_its_middle() -> None:
    assert cut("family-photo-at-the-lake-2019 #2") == "family-photo-at-…2019 #2"
    assert cut("short.jpg") == "short.jpg"
    assert len(cut("x" * 300)) == 24
    assert len(cut("ن" * 300)) == 24
