"""Errors that no stage foresaw, as sentences for people."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from core.errors import LifemaskError, StorageError


def sentence(error: BaseException, folder: Path) -> str:
    """Return the one sentence that a person reads of an error; `folder` is where was written when it came."""
    if isinstance(error, LifemaskError):
        return str(error)
    storage = storage_error(error, folder)
    if storage is not None:
        return str(storage)
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        return "There is not enough memory for this. Try a smaller photo or a smaller network."
    return f"Something unforeseen went wrong ({type(error).__name__}: {error}). The log has the details."


def storage_error(error: BaseException, folder: Path) -> StorageError | None:
    """Return the sentence for a full or read-only disk; None for any other error."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT) or "database or disk is full" in str(error):
        return StorageError(f"The disk of {folder} is full. Free some space and try again.")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageError(f"The folder {folder} cannot be written. Change its rights, or choose another one.")
    return None


@contextlib.contextmanager
def sentences(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into a sentence.

    Raises
    ------
    StorageError
        The disk is full, over its quota, or not to be written.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(error, folder) or error from error
