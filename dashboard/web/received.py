"""A photo of a request, stored."""

import io
import re

from werkzeug.datastructures import FileStorage

from dashboard.library.records import PhotoRecord
from dashboard.web.context import current_library, current_workspace


def received(part: FileStorage) -> PhotoRecord:
    """Store a file of a form as a photo of the workspace.

    Raises
    ------
    PhotoError
        It is no picture, or over a limit.
    StorageError
        The disk is full.
    """
    library, name = current_library(), display_name(part.filename or "photo")
    library.settings.photo_limits.check_size(name, part.stream.seek(0, io.SEEK_END))  # before it is in memory
    part.stream.seek(0)
    return library.add_photo(current_workspace(), name, part.stream.read())


def display_name(filename: str) -> str:
    """Return the last part of a path from any system, without control characters, at most 120 long."""
    name = re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", filename)[-1]).strip()
    return name[-120:] or "photo"
