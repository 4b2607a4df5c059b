"""Our scripts as one file and our styles as one, icons inside: a first visit asks for two files and keeps both.

Each stands under an address that holds a hash of what is in it, so a browser may keep it for good.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

from dashboard.web.assets import assets_folder

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
    """Return the two bundles by their names."""
    return {one.name: one for one in (scripts(), styles())}


@cache
def scripts() -> Bundle:
    """Return all scripts of the assets folder in the order of their names."""
    files = sorted(file for file in assets_folder().glob("*.js") if file.name not in SEPARATE)
    return _bundle("js", "text/javascript", ";\n".join(file.read_text(encoding="utf-8") for file in files))


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
