"""The depth map that lies beside a photo, as `anna.depth-mm.png` beside `anna.jpg`: taken without being named."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import core
from core.names import readable
from core.sensor.map_name import maps_of, source_of_map, stem_of_map


def read_with_map(path: Path, limits: "core.photo.Limits") -> "tuple[core.photo.Photo, Path | None]":
    """Read a photo, with the depth map beside it, which is returned, too, if it is used.

    Of several none is; the photo's warnings say so, as they do of one that cannot be used.

    Raises
    ------
    PhotoError
        The photo cannot be read, or the map cannot be opened.
    """
    try:
        found = maps_of(path, path.parent.iterdir())
    except OSError:  # reading the photo says what is wrong
        found = []
    if len(found) < 2:
        its_map = found[0] if found else None
        photo = core.read_photo(path, limits=limits, depth_map=its_map)
        source = its_map and source_of_map(readable(its_map.name))
        return photo, its_map if photo.sensor is not None and photo.sensor.source == source else None
    names = ", ".join(readable(one.name) for one in found)
    said = f"No depth map is used: {len(found)} lie beside the photo ({names}), and it takes one. Move the others away."
    photo = core.read_photo(path, limits=limits)
    return replace(photo, warnings=(*photo.warnings, said)), None


def is_map_of(path: Path, photos: Sequence[Path]) -> bool:
    """Whether a file is named as the depth map of one of the photos beside it."""
    stem = stem_of_map(path.name)
    return stem is not None and any(photo.stem == stem and photo.parent == path.parent for photo in photos)
