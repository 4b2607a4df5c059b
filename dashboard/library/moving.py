"""A library brought from SQLite to the database of a server. Its files stay where they are."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, insert, select, update

from core.errors import StorageError
from core.storage import writing
from dashboard.library import postgres, schema
from dashboard.library.database import open_database
from dashboard.library.folders import Folders
from dashboard.settings import Settings

ORDER = (
    schema.Workspace, schema.Photo, schema.Run, schema.Face, schema.Tag, schema.Compared, schema.Deletion,
    schema.UnsettledFolder, schema.Tally, schema.EndedSession, schema.Guess, schema.Code,
)  # fmt: skip  # each after what it refers to; a run may be of a face, which is of another run
BLOCK = 1000  # rows at a time


def move(settings: Settings) -> tuple[int, Path]:
    """Copy all rows into the empty database that the settings name; return how many, and where the file is kept.

    The file gets another name, so that no server goes on with it.

    Raises
    ------
    OptionError, StorageError
        There is nothing to move, or something where it would go; nothing is changed then.
    """
    file = Folders(settings).database
    if not file.is_file():
        raise StorageError(f"There is no {file}, so there is nothing to move.")
    source, target = open_database(file), postgres.open_database(settings.database_url)
    try:
        with source.connect() as from_, target.begin() as to:
            if to.scalar(select(func.count()).select_from(schema.Workspace)):
                raise StorageError("The database of LIFEMASK_DATABASE_URL is not empty. Nothing was moved.")
            from_.exec_driver_sql("BEGIN IMMEDIATE")  # nobody adds to it meanwhile
            moved = _copy(from_, to)
    finally:
        source.dispose()
        target.dispose()
    kept = file.with_name(f"library-before-postgresql-{datetime.now(UTC):%Y%m%dT%H%M%S}.sqlite")
    with writing(file):
        file.rename(kept)
    return moved, kept


def _copy(source: Connection, target: Connection) -> int:
    moved, of_faces = 0, []
    for one in ORDER:
        table = one.__table__
        rows = source.execute(select(table)).mappings()
        while block := [dict(row) for row in rows.fetchmany(BLOCK)]:
            if table is schema.Run.__table__:
                of_faces += [(row["id"], row["face_id"]) for row in block if row["face_id"] is not None]
                block = [row | {"face_id": None} for row in block]
            target.execute(insert(one), block)
            moved += len(block)
    for run_id, face_id in of_faces:
        target.execute(update(schema.Run).where(schema.Run.id == run_id).values(face_id=face_id))
    return moved
