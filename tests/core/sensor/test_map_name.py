"""What the name of a depth map says."""

from pathlib import Path

import pytest

from core.errors import PhotoError
from core.sensor.map_name import MapName, maps_of, parse_map_name, stem_of_map


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anna.depth-mm.png", MapName("anna", "mm")),
        ("anna.depth-0.1mm.png", MapName("anna", "mm", 0.1)),
        ("anna.depth-.5CM.TIFF", MapName("anna", "cm", 0.5)),
        ("anna b.1.depth-2m.tif", MapName("anna b.1", "m", 2.0)),
        ("anna.depth-per-m.exr", MapName("anna", "1/m")),
        ("anna.depth-0.01per-m.npy", MapName("anna", "1/m", 0.01)),
        ("anna.depth-relative.npy", MapName("anna", "relative")),
        ("a.depth-mm.depth-cm.png", MapName("a.depth-mm", "cm")),
    ],
)
def test_a_name_says_photo_unit_and_factor(name: str, said: MapName) -> None:
    assert parse_map_name(name) == said
    assert stem_of_map(name) == said.stem


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("anna.depth.png", "anna.depth-mm.png"),
        ("anna.depth-.npy", "anna.depth-mm.npy"),
        ("anna.depth-inch.png", "anna.depth-mm.png"),
        ("anna.depth-0mm.png", "anna.depth-mm.png"),
        ("anna.depth--1mm.png", "anna.depth-mm.png"),
        ("anna.depth-2relative.exr", "anna.depth-mm.exr"),
        ("map.png", "map.depth-mm.png"),
        ("map.doc", "map.depth-mm.png"),
    ],
)
def test_a_name_without_a_unit_is_told_how_to_be(name: str, better: str) -> None:
    with pytest.raises(PhotoError, match="its name does not say what its values are") as said:
        parse_map_name(name)
    assert f"Name it as {better}:" in str(said.value)
    parse_map_name(better)


@pytest.mark.parametrize("name", ["anna.jpg", "depth.png", ".depth-mm.png", "anna.depth-mm.jpg", "anna-depth-mm.png"])
def test_other_files_are_no_maps(name: str) -> None:
    assert stem_of_map(name) is None


def test_maps_of_a_photo_are_those_of_its_name() -> None:
    files = [Path(name) for name in ("b.depth.png", "a.depth-mm.png", "a.jpg", "a.depth.npy", "a.b.depth-mm.png")]
    assert [file.name for file in maps_of(Path("a.jpg"), files)] == ["a.depth-mm.png", "a.depth.npy"]
