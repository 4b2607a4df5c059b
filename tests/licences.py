"""`python -m tests.licences`: the licences of all that Lifemask rests on, as the installed packages state them.

Writes assets/LICENCES.md. A test holds that it is as complete as what is installed, and that nothing in it is of a
kind that would bind Lifemask itself.
"""

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

FILE = Path(__file__).parents[1] / "assets" / "LICENCES.md"
PROJECT = Path(__file__).parents[1] / "pyproject.toml"
EXTRAS = ("scale",)  # what people install beside the rest; what tests and training need is not passed on
STRICT = re.compile(r"(?<![A-Z])A?GPL|(?<!Lesser )General Public|SSPL|BUSL|Commons Clause", re.IGNORECASE)
WITHIN = re.compile(r"(licen[cs]e|wheels):\s*A?GPL|GNU (AFFERO )?GENERAL PUBLIC LICENSE\s+Version", re.IGNORECASE)
UNSTATED = "not stated"
LONGEST = 80  # beyond that the field holds the text of the licence and not its name

REMARKS = {
    "cuda-toolkit": "NVIDIA's own licence; comes with PyTorch for CUDA alone",
    "nvidia": "NVIDIA's own licence, with those of parts in it; comes with PyTorch for CUDA alone",
    "numpy": "wheels hold OpenBLAS (BSD) and libgfortran (GPL-3.0 with the GCC runtime exception, which binds nobody)",
    "opencv-python-headless": "wheels hold FFmpeg (LGPL-2.1), a library of its own beside it",
    "openexr": "BSD-3-Clause, as its sources say",
    "pillow-heif": "wheels are GPL-2.0 as a whole, for the encoder x265 in them, which Lifemask never calls; built "
    "without it they are BSD and LGPL-3.0. Whoever passes Lifemask on with its wheels passes on GPL-2.0",
    "pillow": "wheels hold FreeType (its own licence or GPL-2.0, as one chooses) and FriBiDi (LGPL-2.1)",
    "psycopg": "LGPL-3.0, a library of its own beside Lifemask",
    "psycopg-binary": "LGPL-3.0, with PostgreSQL's client library (PostgreSQL licence)",
    "scipy": "wheels hold OpenBLAS (BSD) and libgfortran (GPL-3.0 with the GCC runtime exception, which binds nobody)",
}
"""What packages do not say in a word, as those who build them say it elsewhere: also of libraries in their wheels."""


def needed() -> dict[str, Distribution]:
    """All that is installed of what Lifemask needs, and what that needs in turn, by name."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in EXTRAS for line in project["optional-dependencies"][extra])]
    waiting, found = [Requirement(line) for line in lines], {}
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        try:
            package = distribution(requirement.name)
        except PackageNotFoundError:
            continue  # of another system, or optional
        name = _plain(requirement.name)
        found[name] = package
        for extra in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            waiting += _required(package, extra)
    return dict(sorted(found.items()))


def _required(package: Distribution, extra: str) -> list[Requirement]:
    requirements = map(Requirement, package.requires or ())
    return [one for one in requirements if one.marker is None or one.marker.evaluate({"extra": extra})]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def stated(package: Distribution) -> str:
    """The licence that a package states: its expression, else its classifiers, else its field."""
    about = package.metadata
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    classified = [
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License :: ")
    ]
    named = sorted({name for name in classified if name != "OSI Approved"})
    if named:
        return ", ".join(named)
    field = " ".join(str(about.get("License") or "").split())
    return field if 0 < len(field) <= LONGEST else _first_words(field)


def _first_words(text: str) -> str:
    for name in ("MIT License", "BSD 3-Clause", "Apache License", "Redistribution and use in source and binary forms"):
        if name.lower() in text.lower():
            return "BSD-3-Clause" if name.startswith("Redistribution") else name
    return UNSTATED


def inside(package: Distribution) -> bool:
    """Whether its own files of licences speak of one that is strict: of a library that its wheel holds."""
    texts = [file for file in package.files or () if re.search(r"licen[cs]e|copying|notice", file.name, re.IGNORECASE)]
    return any(WITHIN.search(_read(file.locate())) for file in texts if file.suffix in ("", ".txt", ".md", ".rst"))


def _read(file: Any) -> str:
    return Path(file).read_text("utf-8", errors="replace") if Path(file).is_file() else ""


def remark(name: str) -> str:
    """What is to be said of a package beside what it states."""
    return REMARKS.get(name) or REMARKS.get(name.partition("-")[0], "")


def unexplained(name: str, package: Distribution) -> bool:
    """Whether it would bind Lifemask, or may, and no remark says how that is."""
    licence = stated(package)
    return not remark(name) and (licence == UNSTATED or bool(STRICT.search(licence)) or inside(package))


def table() -> str:
    """The table of assets/LICENCES.md."""
    rows = [f"| {name} | {stated(package)} | {remark(name)} |" for name, package in needed().items()]
    return "\n".join(["| package | licence, as it states itself | remark |", "|---|---|---|", *rows])


ABOUT = """# Licences

Lifemask is MIT ([LICENSE](LICENSE)). What stands in this repository of others: the head template and what the built-in
network learned from, of ICT-FaceKit (MIT, [its licence](core/head/template.LICENSE)); Bootstrap, three.js and plotly.js
in `assets/vendor` (all MIT).

`pip` installs the following beside it, each under its own licence; none of it is in Lifemask's wheel. The nvidia
packages are NVIDIA's own (proprietary, free to use), and come with PyTorch for CUDA alone. `python -m tests.licences`
writes this list from what is installed, and a test fails where something is missing here, states no licence, or a
strict one (GPL and its like), by itself or for a library in its wheel, that no remark explains.

"""

if __name__ == "__main__":
    FILE.write_text(f"{ABOUT}{table()}\n", "utf-8")
    for name, package in needed().items():
        if unexplained(name, package):
            print(f"{name}: {stated(package)}; to be explained in tests/licences.py")
