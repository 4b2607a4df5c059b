"""Rights of the data folder: photos, faces, database and key are their owner's alone, folders 0700 and files 0600."""

import contextlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger("lifemask.library")

FOLDER, FILE = 0o700, 0o600
OTHERS = 0o077  # what group and everybody may do


def make_private(place: Path) -> None:
    """Take a file, or a folder with all that is in it, from everybody but its owner; what is gone stays gone."""
    if place.is_symlink():
        return
    for folder, _, files in os.walk(place):
        _narrow(Path(folder), FOLDER)
        for name in files:
            _narrow(Path(folder) / name, FILE)
    if place.is_file():
        _narrow(place, FILE)


def narrow(root: Path, folders: Iterable[Path], ours: Iterable[Path]) -> None:
    """Take a data folder that others may look into, as earlier versions left it, from them.

    folders : those of it that may hold other things, too. ours : what is taken with all that is in it.
    The folder itself goes last, so that a start that was cut off is made up for by the next one.
    """
    if not root.stat().st_mode & OTHERS:
        return
    for place in ours:
        make_private(place)
    for folder in (*folders, root):
        _narrow(folder, FOLDER)
    if not root.stat().st_mode & OTHERS:
        log.warning("%s could be looked into by others; from now on it is its owner's alone", root)


def _narrow(path: Path, most: int) -> None:
    with contextlib.suppress(OSError):  # gone, another owner's, or on a disk that knows no rights
        mode = path.lstat().st_mode
        if mode & OTHERS and not path.is_symlink():
            path.chmod(mode & most)
