"""Every option has a flag; what is written on the command line is what the table gets."""

import argparse
import json
from typing import Any

import pytest

from core.options import Options, Printer, SolidOptions
from core.options.run import CHANGEABLE
from core.options.table import Option, rows
from dashboard.cli import flags
from dashboard.cli.main import main

EACH = [(command, row) for command, groups in flags.FLAGS.items() for options in groups.values() for row in options]


def parsed(command: str, *words: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    flags.add(parser, command)
    return vars(parser.parse_args(words))


def test_every_option_has_a_flag() -> None:
    has = {command: {row.name for one, row in EACH if one == command} for command in flags.FLAGS}
    assert has["run"] == {*rows(Options), *rows(Printer)}
    assert has["solid"] == {*rows(SolidOptions), *rows(Printer), "formats"}
    assert has["recompute"] == {*CHANGEABLE}
    assert has["compare"] == {"model"}


@pytest.mark.parametrize(("command", "row"), EACH, ids=[f"{command} {row.flag}" for command, row in EACH])
def test_a_flag_gives_the_table_its_value(command: str, row: Option) -> None:
    assert parsed(command) == {}  # what is not given is left to the table
    if row.type == "switch":
        assert parsed(command, row.flag) == {row.name: True}
        assert parsed(command, f"--no-{row.flag[2:]}") == {row.name: False}
    elif row.type == "choice":
        assert [parsed(command, row.flag, name) for name in row.choices] == [{row.name: name} for name in row.choices]
    elif row.type == "list":
        assert parsed(command, row.flag, "stl, glb") == {row.name: ["stl", "glb"]}
    elif row.type == "text":
        assert parsed(command, row.flag, "7 Ada") == {row.name: "7 Ada"}
    elif row.type == "numbers":
        assert parsed(command, row.flag, *["40", "50.5", "-6"][: len(row.parts)]) == {row.name: [40, 50.5, -6]}
    else:
        for text in ("7", "0.25", "-3"):
            assert json.dumps(parsed(command, row.flag, text)[row.name]) == text
        assert parsed(command, row.flag, "wide") == {row.name: "wide"}
        assert parsed(command, row.flag, "none") == {row.name: None if row.is_optional else "none"}


@pytest.mark.parametrize("command", flags.FLAGS)
def test_help_tells_what_the_table_tells(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for _, row in (one for one in EACH if one[0] == command):
        assert row.flag in said
        default = f"; default {row.shown_default}" if row.shown_default and command != "recompute" else ""
        words = row.label if row.type == "switch" else f"{row.label}: {row.wanted}{default}"
        assert f"{words}. {row.help}".strip() in said
