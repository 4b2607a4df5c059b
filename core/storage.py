"""Folders written beside their place and put there in one step, and errors of the disk in one sentence."""

import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StorageError

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # Linux, fcntl.h and fs.h


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` that takes its place at the end; after an error nothing is left or changed.

    Raises
    ------
    StorageError
        The folder could not be written.
    """
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
        try:
            part.chmod(0o755)
            yield part
            if folder.exists():
                _exchange(part, folder)  # not deleted in its place: that takes longer than a reader may wait
            else:
                part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Say in one sentence why `folder` could not be written, as a StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageError(f"The disk is full: {folder.name} could not be written. Free some space.") from error
        raise StorageError(
            f"{folder.name} could not be written: {error.strerror or error}. Check the folder."
        ) from error


def _exchange(new: Path, old: Path) -> None:
    """Let two folders change places: on Linux in one step, so that no reader finds none and a kill loses none."""
    if _exchanged_at_once(new, old):
        return
    aside = new.with_name(f"{new.name}-old")
    old.rename(aside)
    try:
        new.rename(old)
    except BaseException:
        aside.rename(old)
        raise
    aside.rename(new)


def _exchanged_at_once(new: Path, old: Path) -> bool:
    """Whether the system could (renameat2(2): Linux 3.15, glibc 2.28, and a file system that knows it)."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(rename(AT_FDCWD, os.fsencode(new), AT_FDCWD, os.fsencode(old), RENAME_EXCHANGE) == 0)
