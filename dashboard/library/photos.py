"""How a photo comes into the library: its row, and its files beside each other, once for the same file."""

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dashboard.library import schema
from dashboard.library.records import PhotoRecord

if TYPE_CHECKING:
    import core
    from dashboard.library.library import Library


def store(library: "Library", workspace: str, photo: "core.photo.Photo") -> PhotoRecord:
    """Store a photo that was read, or return the same one that is there.

    Raises
    ------
    StorageError
        The disk is full.
    """
    same = _same(library, workspace, photo)
    if same is not None:
        return same
    height, width = photo.rgb.shape[:2]
    row = schema.Photo(
        id=secrets.token_hex(16), workspace_id=workspace, name=photo.name, sha256=photo.sha256,
        width=width, height=height, focal_35mm=photo.focal_35mm, created=library.clock(),
    )  # fmt: skip
    place = library.folders.photo(row.id)
    library.journal.begin([place])
    try:
        library.folders.store_photo(row.id, photo)
        with library.session.begin() as session:
            library.keep_workspace(session, workspace)
            session.add(row)
            library.journal.settle(session, [place])
    except BaseException as error:
        library.journal.remove([place])
        same = _same(library, workspace, photo) if isinstance(error, IntegrityError) else None
        if same is None:
            raise
        return same  # it was sent twice at a time
    return row.record()


def _same(library: "Library", workspace: str, photo: "core.photo.Photo") -> PhotoRecord | None:
    """The photo that is there of the same file and name. One that an earlier version stored gets its depth now."""
    with library.session() as session:
        row = session.scalar(
            select(schema.Photo).filter_by(workspace_id=workspace, sha256=photo.sha256, name=photo.name)
        )
    if row is None:
        return None
    if photo.sensor is not None and not library.folders.sensor_path(row.id).is_file():
        library.folders.store_sensor(row.id, photo)
    return row.record()
