"""JSON files of typed dataclasses: written as they are, checked when they are read back."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from core.errors import FormatError, LifemaskError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def write_json(values: "dict[str, Any] | DataclassInstance", path: Path) -> None:
    """UTF-8, indented; a NaN is an error."""
    plain = values if isinstance(values, dict) else asdict(values)
    path.write_text(json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def read_object(path: Path) -> dict[str, Any]:
    """Read the JSON object of a file as plain dicts and lists.

    Raises
    ------
    FormatError
        It holds no JSON object.
    FileNotFoundError
        There is no such file.
    """
    try:
        values = json.loads(path.read_bytes(), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise damaged(path, str(error)) from error
    if not isinstance(values, dict):
        raise damaged(path, "it holds no JSON object")
    return values


def typed(kind: type[T], values: dict[str, Any], path: Path) -> T:
    """Make a dataclass, and those within it, of plain dicts and lists; keys that it does not know are left out.

    path : of the file that they were read from, to name it in an error.

    Raises
    ------
    FormatError
        A field is missing, or its value is of another type or cannot be used.
    """
    try:
        found: T = _adapter(kind).validate_python(values)  # type: ignore[arg-type]  # every class is hashable
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise damaged(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except LifemaskError as error:  # of options, which check themselves
        raise damaged(path, str(error)) from error
    return found


def rows(matrix: NDArray[np.float64]) -> Any:
    """Rows of a matrix (n, m) as n tuples of m numbers: how a dataclass that cannot be changed holds it."""
    return tuple(map(tuple, matrix.tolist()))


def damaged(path: Path, why: str) -> FormatError:
    """Return the error that says of a file that it cannot be used."""
    return FormatError(
        f"{path.parent.name}/{path.name} is damaged or was not written by Lifemask ({why.rstrip('.')}). Make it again."
    )


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
