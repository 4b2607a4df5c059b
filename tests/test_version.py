"""The version is said in one place, and all who ask read that."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from core.version import __version__, versions
from dashboard.cli.doctor import examine
from dashboard.cli.main import main
from dashboard.settings import Settings

ROOT = Path(__file__).parents[1]


def test_the_wheel_takes_its_version_from_here() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" not in build["project"]
    place = ROOT / build["tool"]["hatch"]["version"]["path"]
    assert re.findall(r'^__version__ = "(.*)"$', place.read_text("utf-8"), re.MULTILINE) == [__version__]


def test_a_version_is_a_release_or_on_the_way_to_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev0)?", __version__)


def test_it_is_that_of_this_code_even_where_another_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    installed = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.1" if name == "lifemask" else installed(name))
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"lifemask {__version__}\n")
    assert versions()["lifemask"] == __version__
    assert next(examine(Settings(data=str(tmp_path))))[2].startswith(f"lifemask {__version__}, Python 3.")
