"""What Lifemask rests on: licences that are listed, vulnerabilities that are known, versions that are tested."""

import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests import licences

ROOT = Path(__file__).parents[1]


def test_all_that_is_needed_has_a_licence_that_is_listed_and_binds_nobody() -> None:
    needed = licences.needed()
    assert len(needed) > 40
    assert {"flask", "torch", "pillow-heif", "redis"} <= needed.keys()
    assert [f"{name}: {licences.stated(one)}" for name, one in needed.items() if licences.unexplained(name, one)] == []
    listed = licences.FILE.read_text("utf-8")
    missing = [name for name in needed if f"\n| {name} | " not in listed]
    assert missing == [], "python -m tests.licences lists them"


class _Package:
    """As `importlib.metadata` gives one."""

    def __init__(self, folder: Path, text: str, **about: str) -> None:
        self.metadata = _About(about)
        (folder / "LICENSE").write_text(text)
        self.files = [_File(folder / "LICENSE")]


class _About(dict[str, str]):
    def get_all(self, name: str) -> list[str]:
        return [self[name]] if name in self else []


class _File:
    def __init__(self, path: Path) -> None:
        self.path, self.name, self.suffix = path, path.name, path.suffix

    def locate(self) -> Path:
        return self.path


@pytest.mark.parametrize(
    ("about", "text", "is_wrong"),
    [
        ({"License-Expression": "MIT"}, "MIT License", False),
        ({"License-Expression": "GPL-3.0-or-later"}, "", True),
        ({"License-Expression": "AGPL-3.0"}, "", True),
        ({"License-Expression": "LGPL-3.0"}, "", False),
        ({"Classifier": "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"}, "", True),
        ({"Classifier": "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)"}, "", False),
        ({"License": "MIT"}, "", False),
        ({}, "", True),
        ({"License": "x" * 500}, "", True),
        ({"License": "BSD"}, 'License for binary wheels: GPLv2, "x265"\nLicense: GPLv2', True),
        ({"License": "BSD"}, "GNU GENERAL PUBLIC LICENSE\n      Version 3, 29 June 2007", True),
        ({"License": "PSF"}, "All releases are GPL-compatible.", False),
    ],
)
def test_what_is_strict_or_unknown_is_found(about: dict[str, str], text: str, is_wrong: bool, tmp_path: Path) -> None:
    package: Any = _Package(tmp_path, text, **{key.replace("_", "-"): value for key, value in about.items()})
    assert licences.unexplained("some-package", package) == is_wrong


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    """`.ci/audit`, which is no module by its name."""
    spec = spec_from_loader("audit", SourceFileLoader("audit", str(ROOT / ".ci" / "audit")))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def package(name: str, *vulnerabilities: str) -> dict[str, Any]:
    known = [{"id": one, "fix_versions": ["9.9"]} for one in vulnerabilities]
    return {"name": name, "version": "1.0", "vulns": known}


UNREACHED = {"name": "flask", "skip_reason": "Dependency not found on PyPI and could not be audited: flask (3.1.3)"}


@pytest.mark.parametrize(
    ("packages", "ignored", "code", "said"),
    [
        ([package("flask")], {}, 0, "1 packages were audited"),
        ([package("flask", "GHSA-1")], {}, 1, "flask 1.0: GHSA-1, mended in ['9.9']"),
        ([package("flask", "GHSA-1")], {"GHSA-1": "not called"}, 0, "(explained: not called)"),
        ([package("flask", "GHSA-1", "GHSA-2")], {"GHSA-1": "not called"}, 1, "GHSA-2"),
        ([package("flask")], {"GHSA-1": "not called"}, 1, "GHSA-1 is not found any more"),
        ([package("flask"), {**UNREACHED, "name": "odd"}], {}, 0, "1 packages were audited, not odd"),
        ([UNREACHED], {"GHSA-1": "not called"}, 0, "NOT AUDITED"),
        ([], {}, 0, "NOT AUDITED"),
    ],
)
def test_the_audit_fails_on_findings_and_says_where_there_was_none(
    audit: ModuleType, packages: list[Any], ignored: dict[str, str], code: int, said: str
) -> None:
    found, lines = audit.judged({"dependencies": packages}, ignored)
    assert (found, said in "\n".join(lines)) == (code, True), lines


def test_an_audit_that_gave_no_report_is_said_to_be_none(audit: ModuleType) -> None:
    assert audit.judged(None, {}) == (0, [audit.NOT_AUDITED])


def test_the_oldest_versions_are_of_all_that_is_declared() -> None:
    script = (ROOT / ".ci" / "oldest").read_text("utf-8")
    assert "--resolution lowest-direct" in script
    paths = re.findall(r"tests/[\w/.]+", script)
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []
    declared = (ROOT / "pyproject.toml").read_text("utf-8").partition("[project.scripts]")[0]
    requirements = re.findall(r'^    "([a-z0-9-]+(?:\[[\w,]+\])?)([^"]*)"', declared, re.MULTILINE)
    assert len(requirements) > 40
    assert [name for name, bound in requirements if ">=" not in bound and not name.startswith("lifemask[")] == []
