"""What a person can use stands in the README."""

import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import dash
import pytest

from core.files.catalog import FILES
from core.measure.table import GROUPS
from core.options import Options, Printer, SolidOptions
from core.options.run import CHANGEABLE
from core.options.table import rows
from dashboard.cli.flags import FLAGS, given
from dashboard.cli.main import parser
from dashboard.readings import comparison_files
from dashboard.settings import SETTINGS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_settings_table_is_true(setting: Any) -> None:
    assert f"| `{setting.env}` | {setting.shown_default} | {setting.unit} | {setting.help} |" in README


def test_statistics_table_is_true() -> None:
    lines = ["| of | number | unit | what it is |", "|---|---|---|---|"]
    for group, statistics in GROUPS.items():
        for (unit, meaning), several in itertools.groupby(statistics, lambda one: (one.unit, one.help)):
            lines.append(f"| {group} | {', '.join(one.name for one in several)} | {unit} | {meaning} |")
    table = "\n".join(lines)
    assert table in README, table


def test_pages_are_named(app: Any) -> None:
    pages = [
        page
        for page in dash.page_registry.values()
        if page["module"] != "not_found_404" and "404" not in page["module"]
    ]
    assert len(pages) == 8
    for page in pages:
        path = (page["path_template"] or page["path"]).replace("<face_id>", "<id>").replace("<photo_id>", "<id>")
        assert f"| {page['name']} `{path}" in README


def test_rest_paths_are_named(app: Any) -> None:
    for rule in app.server.url_map.iter_rules():
        if rule.rule.startswith(("/api/", "/files/", "/photos/", "/comparisons/")):
            pattern = re.sub(r"<[^>]+>", "<[^>]+>", re.escape(rule.rule).replace(r"\<", "<").replace(r"\>", ">"))
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                assert re.search(f"`{method} {pattern}[`?]", README), f"{method} {rule.rule}"


def test_tables_of_files_are_true() -> None:
    def lines(after: str) -> list[str]:
        return README.partition(after)[2].partition("|---|")[2].partition("\n\n")[0].splitlines()[1:]

    assert lines("`lifemask run` writes a folder") == [
        f"| `{file.name}` | {file.holds} | {file.written} |" for file in FILES.values()
    ]
    compared = [f"| `{file.name}` | {file.holds} |" for file in comparison_files.FILES]
    assert lines("`lifemask compare FACE… --out DIR` takes") == [
        *compared,
        "| `faces/` | the folders of the photos' faces |",
    ]


TABLES = {"run": Options, "solid": SolidOptions, "printer": Printer}


def options_table() -> str:
    """The README's table of options: `python -c 'from tests.test_readme import *; print(options_table())'`."""
    lines = ["| option | default | what it can be | what it is | of |", "|---|---|---|---|---|"]
    found = {row.name: row for groups in FLAGS.values() for options in groups.values() for row in options}
    for row in found.values():
        of = [name for name, table in TABLES.items() if row.name in rows(table)] + ["recompute"] * row.recompute
        about = f"{row.label}. {row.help}".strip()
        lines.append(f"| `{row.name}` | {row.shown_default} | {row.wanted} | {about} | {', '.join(of)} |")
    return "\n".join(lines)


def test_options_table_is_true() -> None:
    assert f"\n\n{options_table()}\n\n" in README
    for table in TABLES.values():
        assert all(f"\n| `{name}` |" in README for name in rows(table))


def test_what_can_be_recomputed_is_true() -> None:
    assert f"computes it again without a network: {', '.join(f'`{name}`' for name in CHANGEABLE)} |" in README


@pytest.mark.parametrize(
    "line", re.findall(r"^lifemask ((?:run|solid|recompute|compare) [^#\n]*)", README, re.MULTILINE)
)
def test_commands_that_are_shown_can_be_given(line: str) -> None:
    args = parser().parse_args(shlex.split(line))
    for table in TABLES.values():
        table.from_dict(given(args, table))


def test_commands_are_named() -> None:
    for command in ("run", "solid", "recompute", "compare", "serve", "models", "worker", "doctor"):
        assert f"\nlifemask {command}" in README


def test_ci_runs_the_readmes_test_command() -> None:
    install, *tests = (
        README.partition("## Run the tests\n\n```sh\n")[2].partition("\n")[0].split(" && .venv/bin/python -m ")
    )
    assert install == "python3 -m venv .venv && .venv/bin/pip install -e '.[test]'"
    assert [shlex.split(one)[-2:] for one in tests] == [["-m", "not browser"], ["-m", "browser"]]  # together: all
    assert all(one.startswith("pytest ") for one in tests)
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "README.md" in ci
    assert "install=${test_command%% && .venv/bin/python -m pytest*}" in ci
