import csv
import io

import pytest

from core.csv_text import as_csv


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http:evil","x").jpg',
        "+1+cmd",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "\uff1d1+1",
        "-",
        "+",
        "=",
        "-.e",
    ],
)
def test_no_text_is_a_formula(text: str) -> None:
    (row,) = csv.reader(io.StringIO(as_csv([["a", text, 1.5]])))
    assert row == ["a", f"'{text}", "1.5"]


@pytest.mark.parametrize("cell", ["-1.25", "+3", "-1e-5", "-.5", "12.", "0", -1.25, -3, None, "", "plain", "a=b", "'x"])
def test_numbers_stay_numbers_and_other_text_itself(cell: object) -> None:
    (row,) = csv.reader(io.StringIO(as_csv([["a", cell]])))
    assert row == ["a", "" if cell is None else str(cell)]


def test_a_row_is_a_line() -> None:
    assert as_csv([["two\nlines\r", 1], ["=a\r\nb", 2]]) == "two lines,1\n'=a b,2\n"
