"""Errors that no stage foresaw, as sentences for people."""

import errno
from pathlib import Path

from core.errors import LifemaskError, MissingFileError, StorageError
from core.storage import storage_error
from dashboard.library.records import BusyError, NotInLibraryError

# what SQLite says (sqlite.org/rescode.html: SQLITE_FULL, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_BUSY)
FULL, READ_ONLY, CLOSED = "database or disk is full", "attempt to write a readonly database", "unable to open database"
LOCKED = "database is locked"
SQLITE = {FULL: errno.ENOSPC, READ_ONLY: errno.EACCES, CLOSED: errno.EACCES}  # the file system's number for the same
KINDS = ("photos", "faces", "comparisons")
BROKEN = ("malformed", "file is not a database")  # what SQLite says of a file that was damaged under its hands
DAMAGED_NOW = (
    "The database of the library is damaged. End the server, put a backup of it in its place and start again; the "
    "files of photos and faces stay where they are."
)
SERVER_LOCKED, SERVER_FULL = "55P03", "53100"  # what PostgreSQL says (its manual, appendix A)
SERVER_AWAY = ("08", "53", "57")  # classes of the same: connections, resources, an operator's intervention
AWAY = "The database does not answer. Nothing was changed; try again in a moment."
BUSY = "The library is busy: another process is writing to it. Nothing was changed; try again in a moment."


def sentence(error: BaseException, folder: Path) -> str:
    """Return the one sentence that a person reads of an error; `folder` is where was written when it came."""
    said = known(error, folder)
    if said is not None:
        return str(said)
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        return "There is not enough memory for this. Try a smaller photo or a smaller network."
    return f"Something unforeseen went wrong ({type(error).__name__}: {error}). The log has the details."


def known(error: BaseException, folder: Path) -> LifemaskError | None:
    """Return an error that a person can do something about; None for one that only the log can explain."""
    if isinstance(error, MissingFileError) and _is_kept(error.file, folder):
        return _missing(Path(error.file).name)
    if isinstance(error, LifemaskError):
        return error
    if type(error).__name__ == "OperationalError" and LOCKED in str(error):  # of sqlite3, or of SQLAlchemy
        return BusyError(BUSY)
    of_database = _of_database(error)
    if of_database is not None:
        return of_database
    if isinstance(error, FileNotFoundError) and isinstance(error.filename, str) and _is_kept(error.filename, folder):
        return _missing(Path(error.filename).name)
    return of_storage(error, folder)


def _of_database(error: BaseException) -> LifemaskError | None:
    """Return the sentence for a damaged database, or what that of a server refused or did not answer; else None."""
    if type(error).__name__ in ("DatabaseError", "OperationalError") and any(said in str(error) for said in BROKEN):
        return StorageError(DAMAGED_NOW)
    original = getattr(error, "orig", None)  # of SQLAlchemy
    if type(error).__name__ not in ("OperationalError", "InterfaceError", "InternalError"):
        return None
    if not type(original).__module__.startswith("psycopg"):
        return None
    state = getattr(original, "sqlstate", None)  # none where no server answered
    if state == SERVER_LOCKED:
        return BusyError(BUSY)
    if state == SERVER_FULL:
        return StorageError("The disk of the database is full. Nothing was changed; free some space on its server.")
    return BusyError(AWAY) if state is None or state[:2] in SERVER_AWAY else None


def of_storage(error: BaseException, folder: Path) -> StorageError | None:
    """Return the sentence for what the file system refused, to us or to SQLite; None for any other error."""
    if not isinstance(error, OSError):
        error = next((OSError(number, said) for said, number in SQLITE.items() if said in str(error)), error)
    return storage_error(error, folder) if isinstance(error, OSError) else None


def _missing(file: str) -> NotInLibraryError:
    return NotInLibraryError(f"The file {file} is missing in the library. Make it again from its photo.")


def _is_kept(file: str, folder: Path) -> bool:
    """Whether it is in the folder of a photo, a face or a comparison."""
    return any(Path(file).is_relative_to(folder / kind) for kind in KINDS)
