"""Room that is kept on the disk for deleting: SQLite writes when rows go, and a full disk would stay full."""

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from sqlalchemy.exc import OperationalError

from core.atomic import replacing_file
from dashboard.library.rights import FILE
from dashboard.library.sentences import FULL

if TYPE_CHECKING:
    from dashboard.library.library import Library

LEAST_BYTES = 1 << 20
P = ParamSpec("P")
T = TypeVar("T")


def keep(root: Path, database: Path) -> None:
    """Reserve room beside the database, for a transaction that changes all of it twice over; not on a full disk.

    There is nothing to do for the database of a server, which is not in this folder.
    """
    if not database.exists():
        return
    file, wanted = _file(root), LEAST_BYTES + 2 * database.stat().st_size
    if file.exists() and file.stat().st_size >= wanted:
        return
    with contextlib.suppress(OSError), replacing_file(file) as part, part.open("wb") as out:
        part.chmod(FILE)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(out.fileno(), 0, wanted)
        else:
            out.write(bytes(wanted))


def give(root: Path) -> bool:
    """Give the room away; False where there is none."""
    try:
        _file(root).unlink()
    except OSError:
        return False
    return True


def in_room(work: Callable[Concatenate["Library", P], T]) -> Callable[Concatenate["Library", P], T]:
    """Let work that makes room be done on a full disk: once more, in the room that was kept for it."""

    @functools.wraps(work)
    def done(library: "Library", /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(library, *args, **kwargs)
        except OperationalError as error:
            if FULL not in str(error) or not give(library.folders.root):
                raise
        return work(library, *args, **kwargs)

    return done


def _file(root: Path) -> Path:
    return root / ".room"
