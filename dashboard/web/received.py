"""A photo or a scan of a request, stored; a photo with the depth map that came with it."""

import io
import re
from collections.abc import Sequence
from pathlib import Path, PurePath

from werkzeug.datastructures import FileStorage

import core
from core.scan.formats import is_scan
from dashboard.library.records import PhotoRecord
from dashboard.web.context import current_library, current_workspace


def received(part: FileStorage, depth_map: FileStorage | None = None) -> PhotoRecord:
    """Store a file of a form as a photo of the workspace, with its depth map; or as a scan, by the ending of its name.

    Raises
    ------
    PhotoError
        It is no picture and no scan, or over a limit.
    StorageError
        The disk is full.
    """
    library, name = current_library(), display_name(part.filename or "photo")
    if is_scan(Path(name)):
        return library.add_scan(current_workspace(), name, part.stream)
    library.settings.photo_limits.check_size(name, part.stream.seek(0, io.SEEK_END))
    given = None
    if depth_map is not None:
        given = core.sensor.MapFile(display_name(depth_map.filename or "map"), depth_map.stream)
    return library.add_photo(current_workspace(), name, part.stream, given)


def paired(
    photos: Sequence[FileStorage], maps: Sequence[FileStorage]
) -> tuple[list[tuple[FileStorage, FileStorage | None]], list[FileStorage]]:
    """Each photo with the depth map of its name, and the maps that are left.

    One photo and one map belong together, whatever the photo is called. A scan takes none: it has depth of its own.
    """
    names = [display_name(photo.filename or "photo") for photo in photos]
    if len(photos) == len(maps) == 1 and not is_scan(Path(names[0])):
        return [(photos[0], maps[0])], []
    left, pairs = list(maps), []
    for photo, name in zip(photos, names, strict=True):
        stem = None if is_scan(Path(name)) else PurePath(name).stem
        mine = next((one for one in left if stem is not None and _stem(one) == stem), None)
        if mine is not None:
            left.remove(mine)
        pairs.append((photo, mine))
    return pairs, left


def why_left(depth_map: FileStorage) -> str:
    """Return what to say of a depth map that came with no photo of its name, or after another one of it."""
    name, stem = display_name(depth_map.filename or "map"), _stem(depth_map)
    if stem is None:
        return f"{name} is not named as a depth map of a photo. Name it as photo.depth-mm.png."
    return f"{name} is not used: one photo called {stem} must come with it, and no other depth map of that photo."


def _stem(depth_map: FileStorage) -> str | None:
    return core.sensor.stem_of_map(display_name(depth_map.filename or "map"))


def display_name(filename: str) -> str:
    """Return the last part of a path from any system, without control characters, at most 120 long."""
    name = re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", filename)[-1]).strip()
    return name[-120:] or "photo"
