"""Errors that no stage foresaw, as sentences for people."""

import errno
from pathlib import Path

from core.errors import LifemaskError, StorageError
from core.storage import storage_error

# what SQLite says (sqlite.org/rescode.html: SQLITE_FULL, SQLITE_READONLY) -> the file system's number for the same
SQLITE = {"database or disk is full": errno.ENOSPC, "attempt to write a readonly database": errno.EACCES}


def sentence(error: BaseException, folder: Path) -> str:
    """Return the one sentence that a person reads of an error; `folder` is where was written when it came."""
    if isinstance(error, LifemaskError):
        return str(error)
    storage = of_storage(error, folder)
    if storage is not None:
        return str(storage)
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        return "There is not enough memory for this. Try a smaller photo or a smaller network."
    return f"Something unforeseen went wrong ({type(error).__name__}: {error}). The log has the details."


def of_storage(error: BaseException, folder: Path) -> StorageError | None:
    """Return the sentence for what the file system refused, to us or to SQLite; None for any other error."""
    if not isinstance(error, OSError):
        error = next((OSError(number, said) for said, number in SQLITE.items() if said in str(error)), error)
    return storage_error(error, folder) if isinstance(error, OSError) else None
