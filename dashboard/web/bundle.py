"""Our scripts, with their words, as one file and our styles, with icons, as one: a first visit asks for two files.

Each stands under an address that holds a hash of what is in it, so a browser keeps it for good.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

from dashboard.web.assets import assets_folder
from dashboard.words.catalogue import catalogue
from dashboard.words.language import ENGLISH, LANGUAGES

SEPARATE = {"boot.js", "service-worker.js"}  # the first runs before the page is painted, the second in its own thread
STYLES = ("vendor/bootstrap/bootstrap.min.css", "lifemask.css")  # ours after Bootstrap's, which it overrules
ICON = re.compile(r'url\("(icons/[\w-]+\.svg)"\)')
KEPT_FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Bundle:
    """What is served, and its name, which changes with it."""

    name: str
    media_type: str
    text: str


def bundles() -> dict[str, Bundle]:
    """Return all bundles by their names: the styles, and the scripts in each language."""
    return {one.name: one for one in (styles(), *map(scripts, LANGUAGES))}


@cache
def scripts(language: str) -> Bundle:
    """Return all scripts of the assets folder in the order of their names, with their words before them."""
    files = sorted(file for file in assets_folder().glob("*.js") if file.name not in SEPARATE)
    words = {} if language == ENGLISH else catalogue(language).of_scripts
    texts = [f"window.lifemask.words = {json.dumps(words)}", *(file.read_text(encoding="utf-8") for file in files)]
    return _bundle("js", "text/javascript", ";\n".join(texts))


@cache
def styles() -> Bundle:
    """Return the style sheets, with the icons that they name inside."""
    text = "\n".join((assets_folder() / name).read_text(encoding="utf-8") for name in STYLES)
    return _bundle("css", "text/css", ICON.sub(_inside, text))


def _inside(found: re.Match[str]) -> str:
    drawing = (assets_folder() / found[1]).read_text(encoding="utf-8")
    return f'url("data:image/svg+xml,{quote(drawing.strip(), safe=" =:/")}")'


def _bundle(ending: str, media_type: str, text: str) -> Bundle:
    stamp = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Bundle(f"lifemask-{stamp}.{ending}", media_type, text)
