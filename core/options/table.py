"""The table of options: validated dataclasses whose fields say all there is to say of an option.

`option` makes a field, `Choices` is what the dataclasses inherit, and `rows` gives the table as the command line, the
REST paths, the pages, the README and the tests read it.
"""

import dataclasses
import reprlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic.dataclasses import dataclass, is_pydantic_dataclass
from pydantic.fields import FieldInfo

from core.errors import OptionError

LISTED = Field(strict=False)  # annotates a tuple, for which a list, all that JSON has, may stand

Type = Literal["switch", "choice", "list", "whole number", "number", "numbers", "text"]
Limits = tuple[float | None, float | None]  # the least and the most; None: there is none


@dataclasses.dataclass(frozen=True)
class Option:
    """A row of the table.

    type : "switch" (true or false), "choice" (one of `choices`), "list" (some of them), "whole number", "number",
        "numbers" (one for each of `parts`), or "text".
    is_optional : whether None is a value. limits : of the number, of each of the numbers, or of a text's length.
    choices : value -> words for people. step : of a page's field. only : the solids on which it has an effect, see
        `core.options.solid.has_effect`; empty: all. recompute : whether a written face can be computed again with
        another value. label : what it is, short. help : what it does, in sentences; empty where the label says it.
    """

    name: str
    type: Type
    default: Any
    is_optional: bool
    limits: tuple[Limits, ...]
    choices: Mapping[str, str]
    parts: tuple[str, ...]
    unit: str
    step: float | None
    only: tuple[str, ...]
    recompute: bool
    label: str
    help: str

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def wanted(self) -> str:
        """What a value must be."""
        if self.type == "switch":
            return "true or false"
        if self.type in ("choice", "list"):
            return f"{'one' if self.type == 'choice' else 'a list'} of {', '.join(self.choices)}"
        if self.type == "text":
            return f"a text of at most {self.limits[0][1]} letters"
        unit = f" ({self.unit})" if self.unit else ""
        if self.type == "numbers":
            each = [part + _span(limits) for part, limits in zip(self.parts, self.limits, strict=True)]
            return f"{len(each)} numbers, {', '.join(each)}{unit}"
        return f"a {self.type}{_span(self.limits[0])}{unit}"

    @property
    def shown_default(self) -> str:
        """The default in words; empty where nothing is chosen."""
        if self.default is None or self.default == "":
            return ""
        return ", ".join(map(_word, self.default if isinstance(self.default, tuple) else (self.default,)))


def option(
    default: Any,
    label: str,
    help: str = "",  # noqa: A002 - as argparse and the settings have it
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    words: Mapping[str, str] | None = None,
    parts: Sequence[str] = (),
    only: Sequence[str] = (),
    recompute: bool = False,
) -> Any:
    """Make a field of a `Choices`; its type and its choices are those of its annotation, all else as in `Option`.

    default : or a function from the values before it, by name.
    words : for people, of choices that do not say it themselves. Limits within a tuple stand in its annotation.
    """
    about: Any = {
        "unit": unit, "step": step, "words": words or {}, "parts": tuple(parts), "only": tuple(only),
        "recompute": recompute,
    }  # fmt: skip
    if isinstance(default, Callable):  # type: ignore[arg-type]
        return Field(default_factory=default, ge=low, le=high, title=label, description=help, json_schema_extra=about)
    return Field(default, ge=low, le=high, title=label, description=help, json_schema_extra=about)


@dataclass(frozen=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid", allow_inf_nan=False))
class Choices:
    """What a person chose, checked: an int may stand for a float, nothing else for anything else.

    Raises
    ------
    OptionError
        A name is unknown, or a value cannot be: the sentence has the name, the value and what it must be.
    """

    WHAT: ClassVar[str] = "option"  # what one of them is called in a sentence

    @model_validator(mode="wrap")
    @classmethod
    def _in_a_sentence(cls, given: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(given, Mapping):  # within the JSON of a folder, see `core.json_files`
            return cls.from_stored(given)
        try:
            return check(given)
        except ValidationError as error:
            if not hasattr(given, "kwargs"):  # within the JSON of a folder, but no object
                raise OptionError(f"{shown(given)} stands where {cls.WHAT}s must be.") from None
            known, values = rows(cls), given.kwargs
            unknown = [name for name in values if name not in known]
            if unknown:
                names = ", ".join(known)
                raise OptionError(f"There is no {cls.WHAT} called {shown(unknown[0])}. Choose from {names}.") from None
            wrong = known[str(error.errors(include_url=False)[0]["loc"][0])]
            raise OptionError(
                f"{wrong.name} is {shown(values[wrong.name])}, but must be {wrong.wanted}.", wrong.name
            ) from None

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """From the JSON of a request.

        Raises
        ------
        OptionError
            It is no object, or as above.
        """
        if not isinstance(values, Mapping):
            raise OptionError(f"The {cls.WHAT}s are {shown(values)}, but must be an object of names and values.")
        return cls(**values)

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> Self:
        """From JSON that this version or an earlier one wrote, see `kept`; what is missing has its default."""
        return cls(**cls.kept(values))

    @classmethod
    def kept(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """What still means something of JSON that an earlier version wrote: no name that is gone, no null that is."""
        known = rows(cls)
        there = {name: value for name, value in values.items() if name in known}
        return {name: value for name, value in there.items() if value is not None or known[name].is_optional}

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        values = {name: getattr(self, name) for name in rows(type(self))}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def rows(choices: type[Choices]) -> Mapping[str, Option]:
    """The rows of a dataclass, by name, in the order of its fields."""
    return _rows(choices)  # type: ignore[arg-type]  # every class is hashable


@cache  # every JSON that is read asks for it
def _rows(choices: Any) -> Mapping[str, Option]:
    assert is_pydantic_dataclass(choices)
    defaults: dict[str, Any] = {}
    for name, info in choices.__pydantic_fields__.items():
        defaults[name] = info.get_default(call_default_factory=True, validated_data=defaults)
    return {name: _row(name, info, defaults[name]) for name, info in choices.__pydantic_fields__.items()}


def _row(name: str, info: FieldInfo, default: Any) -> Option:
    about: Any = info.json_schema_extra
    words, others = about["words"], {name: value for name, value in about.items() if name != "words"}
    held, is_optional = info.annotation, get_origin(info.annotation) is UnionType
    if is_optional:
        (held,) = (part for part in get_args(held) if part is not NoneType)
    type_ = _type(held)
    choices: tuple[str, ...] = ()
    if type_ == "choice":
        choices = get_args(held)
    elif type_ == "list":
        choices = get_args(get_args(held)[0])
    parts = get_args(held) if type_ == "numbers" else ()
    return Option(
        name=name,
        type=type_,
        default=default,
        is_optional=is_optional,
        limits=tuple(_limits(getattr(part, "__metadata__", ())) for part in parts) or (_limits(info.metadata),),
        choices={value: words.get(value, value.capitalize()) for value in choices},
        label=info.title or name,
        help=info.description or "",
        **others,
    )


def _type(annotation: Any) -> Type:
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) is tuple:
        return "list" if Ellipsis in get_args(annotation) else "numbers"
    types: dict[Any, Type] = {bool: "switch", int: "whole number", float: "number", str: "text"}
    return types[annotation]


def _limits(metadata: Sequence[Any]) -> Limits:
    of = [bound for one in metadata for bound in getattr(one, "metadata", [one])]
    least = [bound.ge for bound in of if hasattr(bound, "ge")]
    most = [getattr(bound, name) for bound in of for name in ("le", "max_length") if hasattr(bound, name)]
    return least[0] if least else None, most[0] if most else None


def _span(limits: Limits) -> str:
    """' from 1 to 5', or what there is of it."""
    each = zip((" from ", " to "), limits, strict=True)
    return "".join(word + _word(limit) for word, limit in each if limit is not None)


def _word(value: object) -> str:
    return shown(value) if isinstance(value, bool) else str(value).removesuffix(".0")


class _Shown(reprlib.Repr):
    """A value in a sentence, as JSON has it, and short, however long or deep it is."""

    def repr_NoneType(self, *_: Any) -> str:
        return "null"

    def repr_bool(self, value: bool, _: int) -> str:
        return "true" if value else "false"

    def repr_tuple(self, value: tuple[Any, ...], level: int) -> str:
        return self.repr_list(list(value), level)


def shown(value: object) -> str:
    """A value in a sentence."""
    return _SHOWN.repr(value)


_SHOWN = _Shown()
_SHOWN.maxlevel, _SHOWN.maxstring, _SHOWN.maxother = 2, 60, 60
