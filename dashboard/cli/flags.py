"""The flags of each command, and their help, from the table of options."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.depth.weights import default_model
from core.options import Options, Printer, SolidOptions
from core.options.presets import PRESETS, preset
from core.options.run import CHANGEABLE
from core.options.solid import AnySolid
from core.options.table import Choices, Option, rows
from dashboard.settings import Settings

_OPTIONS, _PRINTER = rows(Options), rows(Printer)
_SOLID = [row for name, row in rows(AnySolid).items() if name not in _PRINTER]

FLAGS: Mapping[str, Mapping[str, Sequence[Option]]] = {
    "run": {
        "the photo": [row for name, row in _OPTIONS.items() if name not in {*rows(AnySolid), "solid"}],
        "the solid": [_OPTIONS["solid"], *_SOLID],
        "the printer": [*_PRINTER.values()],
    },
    "solid": {
        "the solid": [rows(SolidOptions)["kind"], *_SOLID, _OPTIONS["formats"]],
        "the printer": [*_PRINTER.values()],
    },
    "head": {"its files": [_OPTIONS["formats"]]},
    "recompute": {"what is assumed": [_OPTIONS[name] for name in CHANGEABLE]},
    "compare": {"the photos": [_OPTIONS["model"]]},
}
"""Command -> heading of its help -> the options that have a flag there."""


def add(parser: argparse.ArgumentParser, command: str, *, defaults: bool = True) -> None:
    """Add the flags of a command to its parser; defaults : whether they hold where a flag is not given."""
    for heading, options in FLAGS[command].items():
        group = parser.add_argument_group(heading)
        for row in options:
            group.add_argument(row.flag, dest=row.name, default=argparse.SUPPRESS, **_about(row, defaults=defaults))


def add_preset(parser: argparse.ArgumentParser) -> None:
    """Add the flag that names choices which go together; flags beside it have the last word."""
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help=f"What it is for: one of {', '.join(PRESETS)}. Flags beside it count before it.",
    )


def preset_values(args: argparse.Namespace) -> dict[str, Any]:
    """Return the values of the preset that was named, none where none was.

    Raises
    ------
    OptionError
        There is no such preset.
    """
    return dict(preset(args.preset).values) if args.preset is not None else {}


def given(args: argparse.Namespace, names: type[Choices] | Iterable[str]) -> dict[str, Any]:
    """What was given of some options, as JSON would have it; the table checks it."""
    wanted = rows(names) if isinstance(names, type) else names
    return {name: value for name, value in vars(args).items() if name in wanted}


def with_network(values: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the options with the network that 'auto' stands for on this machine."""
    named = values.get("model", "auto")
    return {**values, "model": default_model(settings.weights_folder) if named == "auto" else named}


def _about(row: Option, *, defaults: bool) -> dict[str, Any]:
    """Return what argparse wants to know of a flag."""
    if row.type == "switch":
        return {"action": argparse.BooleanOptionalAction, "help": f"{row.label}. {row.help}"}
    default = f"; default {row.shown_default}" if defaults and row.shown_default else ""
    about: dict[str, Any] = {"help": f"{row.label}: {row.wanted}{default}. {row.help}".replace("%", "%%")}
    if row.type == "numbers":
        return about | {"nargs": len(row.parts), "metavar": tuple(part.upper() for part in row.parts), "type": _number}
    if row.type == "list":
        return about | {"metavar": "NAMES", "type": _names}
    if row.type == "choice":
        return about | {"metavar": "NAME"}
    if row.type == "text":
        return about | {"metavar": "TEXT"}
    return about | {"metavar": "NUMBER", "type": _number_or_none if row.is_optional else _number}


def _number(text: str) -> int | float | str:
    """A number where it is one; what else it is the table refuses, in its own words."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _number_or_none(text: str) -> int | float | str | None:
    return None if text == "none" else _number(text)


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
