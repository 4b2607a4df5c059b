import json
from pathlib import Path

import pytest

from core.photo.formats import ACCEPT, ENDINGS, FORMATS, NAMES, is_picture
from core.photo.read import PLUGINS

README = Path(__file__).parents[3] / "README.md"
MANIFEST = README.parent / "assets" / "manifest.webmanifest"


def test_each_format_has_its_plugin_and_all_texts_name_them_alike() -> None:
    plugins = ["HEIC" if kind == "HEIF" else kind.upper() for kind, _ in PLUGINS]
    assert [one.name.upper() for one in FORMATS] == plugins
    assert f"\n{NAMES}, of up to 200 megapixels" in README.read_text("utf-8")
    assert ACCEPT.split(",") == ["image/*", *ENDINGS]
    (shared,) = json.loads(MANIFEST.read_text("utf-8"))["share_target"]["params"]["files"]
    assert shared["accept"] == ACCEPT.split(",")


@pytest.mark.parametrize("name", ["a.jpg", "A.JPEG", "b.HEIC", "c.tif", "d.x.avif", "=1.gif"])
def test_a_picture_by_its_name(name: str) -> None:
    assert is_picture(Path("folder") / name)


@pytest.mark.parametrize("name", ["notes.txt", "._a.jpg", ".jpg", "jpg", "a.jpg.part", "Thumbs.db", "raw.cr2"])
def test_no_picture_by_its_name(name: str) -> None:
    assert not is_picture(Path("folder") / name)
