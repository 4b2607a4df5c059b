"""The README's Python and the examples in docstrings are run, beside a photo and two faces of earlier runs."""

import doctest
import inspect
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
SHOWN = sorted(set(re.findall(r"\bcore\.((?:\w+\.)*[a-z_]+)\(", "".join(BLOCKS))))


def named(path: str) -> Any:
    found: Any = core
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the examples run. What the README's first block writes is what its second one reads."""
    place = tmp_path_factory.mktemp("examples")
    shutil.copyfile(ROOT / "assets" / "samples" / "eileen-collins.jpg", place / "photo.jpg")
    with pytest.MonkeyPatch.context() as here:
        here.chdir(place)
        exec(BLOCKS[0], {})
    shutil.copytree(place / "results" / "face-0", place / "results" / "ada")
    with tarfile.open(ROOT / "tests" / "data" / "version_0_1.tar.xz") as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        archive.extractall(place, [one for one in archive if one.name.startswith("faces/hopper/")])
    shutil.copytree(place / "faces" / "hopper", place / "results" / "grace")
    return place


def test_what_the_readme_writes_is_a_face(place: Path) -> None:
    face = core.load_face(place / "results" / "face-0")
    assert face.facts.ipd_mm == 61
    assert np.isfinite(face.depth_mm).any()
    assert (place / "results" / "face-0" / "mesh.glb").is_file()


def test_the_readmes_block_of_a_head_runs(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    exec(BLOCKS[1], {})
    shape, share, residual, is_poor = capsys.readouterr().out.rsplit(maxsplit=3)
    assert shape == "(11156, 3)"
    assert 0.1 < float(share) < 0.6
    assert 0 < float(residual) < 1.6
    assert is_poor == "False"
    assert (place / "results" / "ada" / "head.glb").is_file()


def test_the_readmes_block_of_a_comparison_runs(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    exec(BLOCKS[2], {})
    rms, nose, symmetry, median, chin, *_ = capsys.readouterr().out.split()
    assert 0 < float(nose) < 10
    assert 0 < float(rms) < 10
    assert 0 < float(symmetry) < 10
    assert 0 < float(median) < 40
    assert int(chin) > 100


def test_the_readme_shows_the_main_functions() -> None:
    assert len(BLOCKS) == 3
    assert {"read_photo", "reconstruct", "write_face", "load_face", "compare"} <= set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_functions_that_the_readme_shows_have_an_example_that_holds(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    function = named(name)
    assert inspect.isfunction(function)
    (example,) = doctest.DocTestFinder(recurse=False).find(function, name, globs={})
    assert example.examples
    said: list[str] = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert not said, "".join(said)
