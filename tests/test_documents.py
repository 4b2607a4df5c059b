"""What the documents link to is there, decisions are found, and the changelog agrees with the version."""

import re
from pathlib import Path

import pytest

from core.version import __version__

ROOT = Path(__file__).parents[1]
DECISIONS = sorted(path for top in ("core", "dashboard") for path in (ROOT / top).glob("**/decisions/*.md"))
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
MODEL_CARD = ROOT / "core/depth/builtin/MODEL_CARD.md"
TEXTS = {path: path.read_text("utf-8") for path in [*DOCUMENTS, MODEL_CARD, *DECISIONS]}
INDEX = dict(
    reversed(found) for found in re.findall(r"^- \[(.+)\]\((.+/decisions/.+)\)$", TEXTS[ROOT / "CONTRIBUTING.md"], re.M)
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def headings(text: str) -> set[str]:
    """The anchors that a viewer of Markdown gives to headings: 'Terms and frames' -> 'terms-and-frames'."""
    return {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ")).lower().replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXTS[path]):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        assert not anchor or anchor in headings(there.read_text("utf-8")), target


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_files_that_are_named_are_there(path: Path) -> None:
    for told in re.findall(r"`((?:core|dashboard|assets|tests)/[\w./-]+)`", TEXTS[path]):
        assert (ROOT / told).exists(), told


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_tests_and_commands_that_are_named_are_there(path: Path) -> None:
    tests = "\n".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    for told in re.findall(r"`(test_\w+)`", TEXTS[path]):
        assert f"def {told}(" in tests, told
    for module in re.findall(r"python -m ((?:tests|core)\.[\w.]+\w)", TEXTS[path]):
        place = ROOT / module.replace(".", "/")
        assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), module


def test_every_decision_is_listed_under_its_own_title() -> None:
    titles = {name(path): TEXTS[path].splitlines()[0].removeprefix("# ") for path in DECISIONS}
    assert titles == INDEX


@pytest.mark.parametrize("path", DECISIONS, ids=name)
def test_a_decision_is_short_and_says_how_to_check_it(path: Path) -> None:
    assert len(TEXTS[path].splitlines()) <= 60
    assert "**Check.** " in TEXTS[path]


def test_the_changelog_agrees_with_the_version() -> None:
    titles = re.findall(r"^## (.+)$", TEXTS[ROOT / "CHANGELOG.md"], re.M)
    is_open, releases = titles[0] == "Unreleased", [title for title in titles if title != "Unreleased"]
    versions = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) - \d{4}-\d\d-\d\d", title) for title in releases]
    assert all(versions)
    numbers = [tuple(map(int, version.groups())) for version in versions if version]
    assert numbers == sorted(set(numbers), reverse=True)
    now = tuple(map(int, __version__.removesuffix(".dev0").split(".")))
    assert is_open == __version__.endswith(".dev0")
    assert numbers[0] < now if is_open else numbers[0] == now
