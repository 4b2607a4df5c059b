"""`python -m dashboard.words.collect`: bring the catalogues up to date with the source, and say what is to translate.

Collected is what stands in calls of `say`, `say_with`, `word` and `titled` (of `say` in scripts), and of `core`, which
knows no language: the words of its tables, its stages, and every sentence. So it is with what the dashboard raises or
stores.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from core.measure.regions import REGIONS
from core.measure.table import PERCENTILE, part_name
from core.options import Options, SolidOptions
from core.options.solid import KINDS
from core.options.table import rows
from core.photo.formats import NAMES
from core.scan.formats import NAMES as SCANS
from dashboard.words.catalogue import HERE, PLACE
from dashboard.words.language import ENGLISH, LANGUAGES

ROOT = HERE.parent.parent
SAYS = {"say": (0,), "say_with": (0,), "word": (0,), "titled": (0,)}
TABLES: Mapping[str, Sequence[int | str]] = {
    "option": (1, 2, "unit", "words"),
    "Statistic": (1, 2, 4),
    "FaceFile": (2, 3, "title", "holds", "only"),
    "Preset": (1,),
    "Check": (0, 2, 3),
    "Doubt": (0, 1),
    "Model": ("title", "family", "good_for"),
    "_midas": ("good_for",),
    "progress": (0,),
    "Known": (1, 2),
    "Lens": (1, "warning"),
    "ScaleAndShift": (2,),
    "_line": (1,),
    "_fitted": (3,),
}
"""What of the calls of `core` is words for people, by place or name."""
NAMED = (
    *("BASIS", "BEHIND_EITHER", "BEHIND_NEAREST", "BEHIND_NOSE", "BY_FOCAL_PLANE", "CALIBRATED", "DOUBTFUL", "DRAWN"),
    "EXIF",
    *("MEASURED", "OF_A_CROP", "PARTLY_MEASURED", "PART_NAMES", "SCALED", "SOURCE", "WORDS", "said", "source"),
    "stage",
)
"""What `core` calls words for people that are no sentences."""
SPEAKING = ("core/preflight/checks", "core/preflight/overhang")  # see `SEVERAL_WORDS`
SILENT = (
    *("core/report", "core/depth/builtin/render", "core/depth/builtin/train", "dashboard/cli"),
    *("dashboard/web/description", "dashboard/web/deployment", "dashboard/web/proxied"),
)  # speak elsewhere
SENTENCE = re.compile(r"[A-Za-z{'].* .*[.?]", re.DOTALL)
SEVERAL_WORDS = re.compile(r".* .*|[A-Z][a-z]+", re.DOTALL)  # or a name, as 'Manifold'
LETTERS = re.compile(r"[A-Za-z]{2}")
RAISING = (
    *("core/", "dashboard/library/", "dashboard/jobs/", "dashboard/web/", "dashboard/settings.py"),
    "dashboard/readings/",
)
"""Where English sentences and stages are made that are said elsewhere."""


def words_of(source: str, *, of_core: bool = False, speaking: bool = False) -> Iterator[str]:
    """Yield the texts and templates of a Python file in their order; speaking : see `SPEAKING`."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    docs |= {id(part) for node in ast.walk(tree) if _is_logged(node) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for argument in _arguments(node, of_core=of_core):
                yield from _texts(argument)
        elif of_core and isinstance(node, ast.Assign):
            if any(isinstance(name, ast.Name) and name.id in NAMED for name in _each(node.targets)):
                yield from (text for value in _each([node.value]) for text in _texts(value))
        elif of_core and isinstance(node, ast.Dict):
            stages = [value for key, value in zip(node.keys, node.values, strict=True) if _is_stage(key)]
            yield from (text for stage in stages for text in _texts(stage))
        elif of_core and isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in docs | within:
            kind = SEVERAL_WORDS if speaking else SENTENCE
            yield from (text for text in _texts(node) if kind.fullmatch(text))


def _each(parts: Sequence[ast.expr]) -> list[ast.expr]:
    """Return the parts, and of a tuple its own."""
    return [one for part in parts for one in (part.elts if isinstance(part, ast.Tuple) else [part])]


def _is_stage(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and key.value == "stage"


def _is_logged(node: ast.AST) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "log"


def _arguments(call: ast.Call, *, of_core: bool) -> Iterator[ast.expr]:
    of = call.func.value if isinstance(call.func, ast.Subscript) else call.func
    name = of.id if isinstance(of, ast.Name) else of.attr if isinstance(of, ast.Attribute) else ""
    places: Sequence[int | str] = SAYS.get(name, TABLES.get(name, ()) if of_core else ())
    if of_core and name.endswith("Error") and name not in ("ValueError", "TypeError"):
        places = (0,)
    yield from (call.args[place] for place in places if isinstance(place, int) and place < len(call.args))
    yield from (one.value for one in call.keywords if one.arg in places or (of_core and one.arg == "stage"))


def _texts(node: ast.expr) -> Iterator[str]:
    """Yield what an expression can be, as far as it is written out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        template = node.value
    elif isinstance(node, ast.JoinedStr):
        template = _template(node)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
        return
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _texts(value)
        return
    else:
        return
    if LETTERS.search(PLACE.sub("", template)):
        yield template


def _template(text: ast.JoinedStr) -> str:
    """Return an f-string with names in place of its values, each another one."""
    parts, used = [], set[str]()
    for part in text.values:
        if isinstance(part, ast.FormattedValue):
            name = base = _name(part.value)
            number = 2
            while name in used:
                name, number = f"{base}_{number}", number + 1
            used.add(name)
            parts.append(f"{{{name}}}")
        else:
            parts.append(str(part.value))  # type: ignore[attr-defined]  # a Constant
    return "".join(parts)


def _name(value: ast.expr) -> str:
    while isinstance(value, ast.Call | ast.Subscript):
        value = value.value if isinstance(value, ast.Subscript) else [*value.args, value.func][0]
    name = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else "value"
    return re.sub(r"\W", "", name.lower().strip("_")) or "value"


def made() -> Iterator[str]:
    """Yield the words that tables of `core` make of their keys, so that they stand nowhere in its source."""
    for choices in (Options, SolidOptions):
        for option in rows(choices).values():
            if option.type == "choice" and option.name != "model":  # networks have titles
                yield from (words for value, words in option.choices.items() if words == value.capitalize())
    yield from (part_name(part) for part in REGIONS)
    yield from (percentile.name for percentile in PERCENTILE.values())
    yield NAMES
    yield SCANS


def collected() -> Catalog:
    """Return all that there is to translate, each with the files that say it."""
    found = Catalog(project="Lifemask", charset="utf-8")
    for kind in KINDS:
        found.add(kind, locations=[("core", 0)])
    for file in sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("dashboard/**/*.py")]):
        place = file.relative_to(ROOT).as_posix()
        if not place.startswith(SILENT):
            source, raising, speaking = file.read_text("utf-8"), place.startswith(RAISING), place.startswith(SPEAKING)
            for text in words_of(source, of_core=raising, speaking=speaking):
                found.add(text, locations=[(place, 0)])
    for text in made():
        found.add(text, locations=[("core", 0)])
    for file in sorted([*ROOT.glob("assets/*.js"), *ROOT.glob("assets/viewer/*.js")]):
        with file.open("rb") as stream:
            for _, said, _, _ in extract("javascript", stream, keywords={"say": None}):
                found.add(said, locations=[(file.relative_to(ROOT).as_posix(), 0)])
    return found


def updated(file: Path, language: str) -> Catalog:
    """Return the catalogue of a file with all that is collected, and without what is said no more."""
    before = Catalog(locale=language)
    if file.exists():
        with file.open("rb") as stream:
            before = read_po(stream, locale=language)
    catalog = Catalog(language, project="Lifemask", creation_date=before.creation_date, fuzzy=False)
    for one in collected():
        if one.id:
            known = before.get(one.id)
            catalog.add(one.id, known.string if known else "", locations=one.locations)
    return catalog


def main() -> int:
    """Write the catalogues, print what they lack."""
    lacks = 0
    for language in LANGUAGES:
        if language != ENGLISH:
            file = HERE / f"{language}.po"
            catalog = updated(file, language)
            with file.open("wb") as stream:
                write_po(stream, catalog, width=0, include_lineno=False)
            for one in catalog:
                if one.id and not one.string:
                    sys.stdout.write(f"{file.name}: {one.id}\n")
                    lacks += 1
    return min(lacks, 1)


if __name__ == "__main__":
    sys.exit(main())
