"""Fields for options, from the table: label, limits, step, unit and help are the option's own."""

from dataclasses import replace
from typing import Any

import dash_bootstrap_components as dbc

from core.errors import OptionError
from core.options.table import Option
from dashboard.components.page import Child, field, number_field
from dashboard.words import say, word

WANTED = (
    word("a number from {low} to {high} ({unit})"),
    word("a number from {low} to {high}"),
    word("a whole number from {low} to {high} ({unit})"),
)
"""What `Option.wanted` says of the numbers of pages."""
PER_CENT = 100  # of what has the unit 'share', pages show percent


def control(prefix: str, option: Option, value: Any) -> Child:
    """Return the field of an option, with the id PREFIX-NAME, filled in with a value that the option can have."""
    key, label, hint = f"{prefix}-{option.name}", say(option.label), say(option.help)
    if option.type == "switch":
        return dbc.Checkbox(id=key, label=label, value=value)
    if option.type == "choice":
        choices = [{"label": say(words), "value": name} for name, words in option.choices.items()]
        return field(label, dbc.Select(id=key, options=choices, value=value), hint)
    if option.type == "text":
        ((_, most),) = option.limits
        return field(label, dbc.Input(id=key, type="text", value=value, maxLength=most, debounce=0.8), hint)
    shown = _shown(option)
    ((low, high),) = shown.limits
    return number_field(
        key, label, filled(option, value), unit=say(shown.unit), low=low, high=high,
        step=shown.step or "any", hint=hint, placeholder=say("auto") if option.is_optional else None,
    )  # fmt: skip


def filled(option: Option, value: float | None) -> float | None:
    """Return what stands in the field of a number for a value of the option."""
    return value if value is None else round(_times(option) * value, 6)


def filled_in(option: Option, value: Any) -> Any:
    """Return the value of the option that a field means.

    Raises
    ------
    OptionError
        It is empty, which is also what a browser makes of a number out of its limits. The sentence is in the reader's
        language.
    """
    if value is None:
        shown = _shown(option)
        label, wanted = say(option.label), say(replace(shown, unit=say(shown.unit)).wanted)
        raise OptionError(say(f"{label} must be {wanted}."))
    return value / _times(option) if _times(option) != 1 else value


def _times(option: Option) -> int:
    return PER_CENT if option.unit == "share" else 1


def _shown(option: Option) -> Option:
    """Return the option in the unit of pages."""
    if option.unit != "share":
        return option
    limits = tuple(
        (None if low is None else PER_CENT * low, None if high is None else PER_CENT * high)
        for low, high in option.limits
    )
    return replace(option, unit="%", limits=limits, step=option.step and PER_CENT * option.step)
