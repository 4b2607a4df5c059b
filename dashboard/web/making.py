"""Files of a face that are made when they are asked for: at once from what is kept, or by the worker, which is awaited.

What is made is not stored, but the last of it stays in memory: a face takes no more of the disk for having been looked
at, and a file asked for by two at once, or twice, is made once or twice and is the same.
"""

import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore
from typing import Literal

import core
from core.errors import LifemaskError
from core.files import catalog
from core.files.catalog import FILES
from core.version import __version__
from dashboard.library.library import Library
from dashboard.library.records import FaceRecord, NotInLibraryError, NotYetError

KEPT = 24  # files in memory, about a MB each
AWAITED_S = 60.0  # a request waits so long at the most
AWAITING = 4  # requests that wait at a time: the server has many more threads
LOOK_S = 0.05
MADE_BY: dict[str, Literal["surface", "solid", "head"]] = {"surface": "surface", "head": "head"}  # runs, by subject

_places = BoundedSemaphore(AWAITING)


def mark(face: FaceRecord, name: str) -> str:
    """Return what changes when a file of a face does."""
    return f"{catalog.source(face.folder, name).stat().st_mtime_ns:x}-{name}-{__version__}"


def made(folder: Path, name: str) -> bytes:
    """Return a file of a compact folder, whose surface or solid is there."""
    return _made(folder, name, catalog.source(folder, name).stat().st_mtime_ns)


@lru_cache(maxsize=KEPT)
def _made(folder: Path, name: str, _changed_ns: int) -> bytes:
    return core.files.made(folder, name)


def awaited(library: Library, face: FaceRecord, name: str) -> Path:
    """Return what a file of a face is made from, or it itself, once the surface, solid or head that it is of is there.

    The worker makes that now, before what nobody waits for.

    Raises
    ------
    NotYetError
        It is not there after a while, or too many wait already.
    NotInLibraryError
        There is no such file, and will be none; its sentence is that of the run that failed.
    """
    found = catalog.present(face.folder).get(name)
    if found is not None:
        return found
    if name not in catalog.offered(face.folder):
        raise NotInLibraryError("This file is not in your library; it may have been deleted.")
    if not _places.acquire(blocking=False):
        raise NotYetError(f"{name} is being made. Ask for it again in a moment.")
    try:
        return wait_for(library, face, name, AWAITED_S)
    finally:
        _places.release()


def wait_for(library: Library, face: FaceRecord, name: str, patience_s: float) -> Path:
    """Wait for what a file is made from; raises as `awaited`."""
    end, kind = time.monotonic() + patience_s, MADE_BY.get(FILES[name].subject, "solid")
    run = library.hasten(face.workspace_id, face.id, kind)
    while time.monotonic() < end:
        found = catalog.present(face.folder).get(name)
        if found is not None:
            return found
        runs = library.runs(face.workspace_id, [run.id]) if run else []
        if run and not runs:  # another took its place
            run = library.hasten(face.workspace_id, face.id, kind)
            continue
        if not runs or runs[0].state in ("failed", "cancelled"):
            why = runs[0].error if runs and runs[0].error else "It is not made, as its making was cancelled."
            raise NotInLibraryError(f"There is no {name} of this face. {why}")
        time.sleep(LOOK_S)
    raise NotYetError(f"{name} is being made. Ask for it again in a moment.")


def later(library: Library, face: FaceRecord, name: str, patience_s: float) -> Callable[[], bytes | None]:
    """Return what gives a file's bytes when it is called, or None where there will be no such file."""

    def give() -> bytes | None:
        try:
            source = wait_for(library, face, name, patience_s)
            return source.read_bytes() if source.name == name else made(face.folder, name)
        except LifemaskError:
            return None

    return give
