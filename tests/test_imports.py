"""What is imported when: rooms are loaded at first use, and no import hides in a function."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for top in ("core", "dashboard") for path in (ROOT / top).rglob("*.py"))
STUBS = sorted(path for top in ("core", "dashboard") for path in (ROOT / top).rglob("__init__.pyi"))
OPTIONAL = re.compile(r"#.* optional: (\w+)")


def imports_in_functions(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each import within a function, but for those whose comment names the optional library."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for found in ast.walk(function):
                if isinstance(found, (ast.Import, ast.ImportFrom)):
                    line = lines[found.lineno - 1]
                    optional = OPTIONAL.search(line)
                    if optional is None or f"import {optional[1]}" not in line:
                        yield found.lineno, line.strip()


def packaged(path: Path) -> str:
    """The dotted name of the package whose `__init__` this is."""
    return ".".join(path.parent.relative_to(ROOT).parts)


def exported(stub: Path) -> Iterator[tuple[str, str | None]]:
    """Each name of a room with the module that it comes from; None for a module of the room itself."""
    for line in ast.parse(stub.read_text("utf-8")).body:
        if isinstance(line, ast.ImportFrom):
            assert line.level == 1
            yield from ((name.name, line.module) for name in line.names)


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        check=True, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    return set(done.stdout.split())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_import_stands_in_a_function(path: Path) -> None:
    assert not list(imports_in_functions(path))


def test_such_an_import_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "made.py"
    file.write_text(
        "import json\nif True:\n    import csv\ndef f():\n    def g():\n        from core import photo\n"
        "    import rtree  # optional: rtree\n    import numba  # quick\n    import torch  # optional: numba\n"
    )
    found = {text for _, text in imports_in_functions(file)}
    assert found == {"from core import photo", "import numba  # quick", "import torch  # optional: numba"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_imported_by_a_string(path: Path) -> None:
    """Import-linter sees the imports that are written as such."""
    used = {node.id for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
    assert not used & {"import_module", "__import__", "load_module", "find_spec"}


@pytest.mark.parametrize("stub", STUBS, ids=packaged)
def test_a_room_holds_what_its_stub_names(stub: Path) -> None:
    """Also where a function is called as its module, and after all modules of the room have been imported."""
    name = packaged(stub)
    room = importlib.import_module(name)
    names = dict(exported(stub))
    for module in stub.parent.glob("*.py"):
        if module.stem in {*names, *names.values()}:
            importlib.import_module(f"{name}.{module.stem}")
    assert names
    assert set(room.__all__) == set(names)
    for found, module in names.items():
        source: Any = importlib.import_module(f"{name}.{module or found}")
        assert getattr(room, found) is (getattr(source, found) if module else source)


@pytest.mark.parametrize("stub", STUBS, ids=packaged)
def test_within_a_room_modules_import_each_other_directly(stub: Path) -> None:
    """Else import-linter would not see which of them rests on which."""
    parent, _, own = packaged(stub).rpartition(".")
    for path in stub.parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and parent and node.module == parent:
                assert own not in {name.name for name in node.names}, path


def test_core_is_loaded_by_need() -> None:
    assert not loaded_by("import core") & {"numpy", "PIL", "core.photo"}
    assert not loaded_by("import core; core.read_photo") & {"cv2", "scipy", "trimesh", "torch", "requests"}
    assert not loaded_by("import core; core.Options()") & {"scipy.stats", "trimesh", "torch", "requests", "PIL"}
    assert not loaded_by("import core; core.compare, core.reconstruct, core.write_face") & {"torch", "requests"}


def test_the_built_in_network_needs_no_timm() -> None:
    assert not loaded_by("import core; core.Networks().face()") & {"timm", "torchvision"}


def test_threads_that_ask_at_once_get_the_same() -> None:
    """As those of the server do; nobody finds a room half loaded or waits for ever."""
    code = """
import threading
import core
names = ("compare", "write_face", "load_face", "reconstruct", "read_photo", "Options", "recompute", "report")
found, start = [], threading.Barrier(8)
def ask(first):
    start.wait()
    found.append({name: getattr(core, name) for name in (*names[first:], *names[:first])})
threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join(60)
assert len(found) == 8
assert all(one[name] is found[0][name] for one in found for name in names)
"""
    assert "core.files.face_folder" in loaded_by(code)
