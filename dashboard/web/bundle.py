"""Our scripts and their words, Dash's, the viewer's, and our styles, one file each: a first visit asks for few.

Each stands under an address that holds a hash of what is in it, so a browser keeps it for good.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from dashboard.web.assets import assets_folder
from dashboard.words.catalogue import catalogue
from dashboard.words.language import ENGLISH, LANGUAGES

SEPARATE = {"boot.js", "service-worker.js"}  # the first stands in the page itself, the second runs in its own thread
STYLES = ("vendor/bootstrap/bootstrap.min.css", "lifemask.css")  # ours after Bootstrap's, which it overrules
ICON = re.compile(r'url\("((?:icons/)?[\w-]+\.svg)"\)')
IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async function|function|class|const) (\w+))", re.MULTILINE)
SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
THREE = "../vendor/three/three.module.min.js"
THREE_ADDRESS = "../assets/vendor/three/three.module.min.js"
VIEWER = ("reading", "drawing", "turning", "viewing")  # of assets/viewer, each after those that it imports
KEPT_FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Bundle:
    """What is served, and its name, which changes with it."""

    name: str
    media_type: str
    text: str


def bundles() -> dict[str, Bundle]:
    """Return the bundles by their names, the scripts in each language; but for Dash's, which the app knows."""
    return {one.name: one for one in (styles(), viewer(), *map(scripts, LANGUAGES))}


@cache
def boot() -> str:
    """Return the script in the head of every page: it chooses the theme, so the first paint waits for it."""
    return (assets_folder() / "boot.js").read_text(encoding="utf-8")


@cache
def scripts(language: str) -> Bundle:
    """Return all scripts of the assets folder in the order of their names, with their words before them."""
    files = sorted(file for file in assets_folder().glob("*.js") if file.name not in SEPARATE)
    words = {} if language == ENGLISH else catalogue(language).of_scripts
    texts = [f"window.lifemask.words = {json.dumps(words)}", *(file.read_text(encoding="utf-8") for file in files)]
    text = ";\n".join(texts).replace("VIEWER_ADDRESS", f"./{viewer().name}")
    return _bundle("js", "text/javascript", text)


@cache
def viewer() -> Bundle:
    """Return the modules of assets/viewer as one, each in a function of its own that returns what it exports."""
    from_three: set[str] = set()
    parts = []
    for name in VIEWER:
        text = (assets_folder() / "viewer" / f"{name}.js").read_text(encoding="utf-8")
        taken = []
        for names, source in IMPORT.findall(text):
            if source == THREE:
                from_three |= {one.strip() for one in names.split(",") if one.strip()}
            else:
                taken.append(f"const {{{names}}} = of_{Path(source).stem};\n")
        given = ", ".join(found for _, found in EXPORT.findall(text))
        inside = EXPORT.sub(r"\1", IMPORT.sub("", text))
        parts.append(f"const of_{name} = (() => {{\n{''.join(taken)}{inside}\nreturn {{ {given} }};\n}})();\n")
    three = f'import {{ {", ".join(sorted(from_three))} }} from "{THREE_ADDRESS}";\n'
    return _bundle("js", "text/javascript", three + "".join(parts) + f"export const {{ {given} }} = of_{VIEWER[-1]};\n")


@cache
def joined(files: tuple[tuple[str, Path], ...]) -> Bundle:
    """Return scripts of others as one; each finds itself at the address that it had, from where it fetches its parts.

    files : the address of each, and where it lies.
    """
    parts = []
    for address, file in files:
        seen = f'{{ tagName: "SCRIPT", src: location.origin + "{address}" }}'
        here = f'Object.defineProperty(document, "currentScript", {{ configurable: true, value: {seen} }});\n'
        parts.append(
            here + SOURCE_MAP.sub("", file.read_text(encoding="utf-8")) + "\n;delete document.currentScript;\n"
        )
    return _bundle("js", "text/javascript", "".join(parts), "dash-renderer")  # Dash looks for this name in the page


@cache
def styles() -> Bundle:
    """Return the style sheets, with the icons that they name inside."""
    text = "\n".join((assets_folder() / name).read_text(encoding="utf-8") for name in STYLES)
    return _bundle("css", "text/css", ICON.sub(_inside, text))


def _inside(found: re.Match[str]) -> str:
    drawing = (assets_folder() / found[1]).read_text(encoding="utf-8")
    return f'url("data:image/svg+xml,{quote(drawing.strip(), safe=" =:/")}")'


def _bundle(ending: str, media_type: str, text: str, stem: str = "lifemask") -> Bundle:
    stamp = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Bundle(f"{stem}-{stamp}.{ending}", media_type, text)
