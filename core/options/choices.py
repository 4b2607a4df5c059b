"""JSON -> a frozen dataclass of choices, with a sentence for what does not fit."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from core.errors import OptionError

T = TypeVar("T")


def read_choices(cls: type[T], values: Mapping[str, Any], what: str, lists: tuple[str, ...] = ()) -> T:
    """Make a `cls` from JSON.

    what : what one of them is called in a sentence, as 'printer setting'. lists : names of fields that are tuples.

    Raises
    ------
    OptionError
        A name is unknown or a value of the wrong kind; or `cls` itself refuses a value.
    """
    unknown = set(values) - {field.name for field in fields(cls)}  # type: ignore[arg-type]
    if unknown:
        raise OptionError(f"There is no {what} called {min(unknown)!r}.")
    try:
        tuples = {name: tuple(values[name]) for name in lists if values.get(name) is not None}
        return cls(**{**values, **tuples})
    except TypeError as error:
        article = "An" if what[0] in "aeiou" else "A"
        raise OptionError(f"{article} {what} has a value of the wrong kind: {error}.") from error
