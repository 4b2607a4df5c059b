"""How a photo or a scan comes into the library: its row, and its files beside each other, once for the same file."""

import hashlib
import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.scan.formats import SIDE_PX
from dashboard.library import schema
from dashboard.library.decoder import Job
from dashboard.library.folders import SCAN, write_scan
from dashboard.library.records import PhotoRecord

if TYPE_CHECKING:
    import core
    from dashboard.library.library import Library

BLOCK_BYTES = 1 << 20  # of a scan that is in memory at a time


def store(
    library: "Library", workspace: str, name: str, source: Path | bytes | IO[bytes],
    depth_map: "core.sensor.MapFile | None" = None,
) -> PhotoRecord:  # fmt: skip
    """Decode a photo and store it, or return the same one that is there.

    Raises
    ------
    PhotoError, BusyError
        As `Decoder.run`.
    StorageError
        The disk is full.
    """
    place = library.folders.photo(secrets.token_hex(16))

    def write(folder: Path) -> schema.Photo:
        file, map_file = folder / "sent", folder / "map"
        job = Job(_written(source, file), name, library.settings.photo_limits, folder)
        if depth_map is not None:
            job = replace(job, map_name=depth_map.name, map_file=_written(depth_map.file, map_file))
        try:
            found = library.decoder.run(job)
        finally:
            file.unlink(missing_ok=True)
            map_file.unlink(missing_ok=True)
        same = _found(library, workspace, found.sha256, found.name)
        if same is not None:
            if found.has_depth and not library.folders.sensor_path(same.id).is_file():  # an earlier version stored it
                library.folders.store_sensor(same.id, folder)
            raise _IsThereError(same)
        return schema.Photo(
            id=place.name, workspace_id=workspace, name=found.name, sha256=found.sha256,
            width=found.width, height=found.height, focal_35mm=found.focal_35mm, created=library.clock(),
        )  # fmt: skip

    return _once(library, workspace, place, write)


class _IsThereError(Exception):
    """The same photo is stored already."""

    def __init__(self, photo: PhotoRecord) -> None:
        super().__init__(photo.id)
        self.photo = photo


def _written(source: Path | bytes | IO[bytes], file: Path) -> Path:
    """Return where the bytes of a source lie in a file: where it is, or in a new one."""
    if isinstance(source, Path):
        return source
    with file.open("wb") as out:
        if isinstance(source, bytes):
            out.write(source)
        else:
            source.seek(0)
            shutil.copyfileobj(source, out, BLOCK_BYTES)
    return file


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
    sha256 = digest.hexdigest()
    same = _found(library, workspace, sha256, name)
    if same is not None:
        return same
    place = library.folders.photo(secrets.token_hex(16))

    def write(folder: Path) -> schema.Photo:
        write_scan(_written(file, folder / f"{SCAN}{Path(name).suffix.lower()}").parent)
        return schema.Photo(
            id=place.name, workspace_id=workspace, name=name, sha256=sha256,
            width=SIDE_PX, height=SIDE_PX, focal_35mm=None, created=library.clock(),
        )  # fmt: skip

    return _once(library, workspace, place, write)


def _once(library: "Library", workspace: str, place: Path, write: Callable[[Path], schema.Photo]) -> PhotoRecord:
    """Keep a new folder and its row, which `write` gives; or return the same photo that is there."""
    row = None
    library.journal.begin([place])
    try:
        with library.folders.written_beside(place) as folder:
            row = write(folder)
        with library.session.begin() as session:
            library.keep_workspace(session, workspace)
            session.add(row)
            library.journal.settle(session, [place])
    except BaseException as error:
        library.journal.remove([place])
        same = error.photo if isinstance(error, _IsThereError) else None
        if isinstance(error, IntegrityError) and row is not None:  # it was sent twice at a time
            same = _found(library, workspace, row.sha256, row.name)
        if same is None:
            raise
        return same
    return row.record()


def _found(library: "Library", workspace: str, sha256: str, name: str) -> PhotoRecord | None:
    with library.session() as session:
        row = session.scalar(select(schema.Photo).filter_by(workspace_id=workspace, sha256=sha256, name=name))
    return row.record() if row else None
