"""Tables as comma-separated values, in which no text is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# what spreadsheets begin a formula with, in letters of full width, too: OWASP, 'CSV Injection'
FORMULA = "=+-@\t\uff1d\uff0b\uff0d\uff20"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def as_csv(rows: Iterable[Sequence[object]]) -> str:
    """Rows of cells as CSV; a text that a spreadsheet would compute gets an apostrophe before it, a number does not."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[_cell(one) for one in row] for row in rows])
    return text.getvalue()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = " ".join(value.splitlines())  # a row is a line, for programs that read it line by line
    return f"'{text}" if text.startswith(tuple(FORMULA)) and not NUMBER.fullmatch(text) else text
