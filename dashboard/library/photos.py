"""How a photo or a scan comes into the library: its row, and its files beside each other, once for the same file."""

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.scan.formats import SIDE_PX
from dashboard.library import schema
from dashboard.library.records import PhotoRecord

if TYPE_CHECKING:
    import core
    from dashboard.library.library import Library

BLOCK_BYTES = 1 << 20  # of a scan that is in memory at a time


def store(library: "Library", workspace: str, photo: "core.photo.Photo") -> PhotoRecord:
    """Store a photo that was read, or return the same one that is there.

    Raises
    ------
    StorageError
        The disk is full.
    """
    height, width = photo.rgb.shape[:2]
    row = schema.Photo(
        id=secrets.token_hex(16), workspace_id=workspace, name=photo.name, sha256=photo.sha256,
        width=width, height=height, focal_35mm=photo.focal_35mm, created=library.clock(),
    )  # fmt: skip
    return _once(
        library, row, lambda: _same(library, workspace, photo), lambda: library.folders.store_photo(row.id, photo)
    )


def store_scan(library: "Library", workspace: str, name: str, file: IO[bytes]) -> PhotoRecord:
    """Store a scan as it came, with a placeholder of its picture, or return the same one that is there.

    Only the worker, which has the networks, can draw it.

    Raises
    ------
    StorageError
        The disk is full.
    """
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
    row = schema.Photo(
        id=secrets.token_hex(16), workspace_id=workspace, name=name, sha256=digest.hexdigest(),
        width=SIDE_PX, height=SIDE_PX, focal_35mm=None, created=library.clock(),
    )  # fmt: skip
    file.seek(0)
    return _once(
        library,
        row,
        lambda: _found(library, workspace, row.sha256, name),
        lambda: library.folders.store_scan(row.id, file, Path(name).suffix.lower()),
    )


def _once(
    library: "Library", row: schema.Photo, same_one: Callable[[], PhotoRecord | None], write: Callable[[], None]
) -> PhotoRecord:
    """Keep a new row and its folder; or return the same one that is there."""
    same = same_one()
    if same is not None:
        return same
    place = library.folders.photo(row.id)
    library.journal.begin([place])
    try:
        write()
        with library.session.begin() as session:
            library.keep_workspace(session, row.workspace_id)
            session.add(row)
            library.journal.settle(session, [place])
    except BaseException as error:
        library.journal.remove([place])
        same = same_one() if isinstance(error, IntegrityError) else None
        if same is None:
            raise
        return same  # it was sent twice at a time
    return row.record()


def _same(library: "Library", workspace: str, photo: "core.photo.Photo") -> PhotoRecord | None:
    """The photo that is there of the same file and name. One that an earlier version stored gets its depth now."""
    same = _found(library, workspace, photo.sha256, photo.name)
    if same is not None and photo.sensor is not None and not library.folders.sensor_path(same.id).is_file():
        library.folders.store_sensor(same.id, photo)
    return same


def _found(library: "Library", workspace: str, sha256: str, name: str) -> PhotoRecord | None:
    with library.session() as session:
        row = session.scalar(select(schema.Photo).filter_by(workspace_id=workspace, sha256=sha256, name=name))
    return row.record() if row else None
