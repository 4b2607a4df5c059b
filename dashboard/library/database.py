"""The file of the library's database: opened, checked, and brought from an earlier version's tables to the present."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, delete, event, false, insert, inspect, select
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from core.atomic import replacing_file
from core.errors import StorageError
from core.storage import writing
from dashboard.library import migrations
from dashboard.library.rights import FILE
from dashboard.library.schema import Base, Step, Workspace
from dashboard.library.sentences import LOCKED, of_storage

log = logging.getLogger("lifemask.library")

VERSIONS = Path(__file__).parent / "migrations" / "versions"
STEPS = tuple(sorted(path.stem[1:5] for path in VERSIONS.glob("s[0-9]*.py")))
FIRST, LATEST = STEPS[0], STEPS[-1]
PATIENCE_S = 5.0  # others write for some milliseconds; a page waits no longer, and 8 of them hold up all pages
OPENING_S = 60.0  # another process may be bringing the database up to date

DAMAGED = (
    "The database {file} is damaged ({why}). Nothing was changed: put a backup of it in its place, or move it away to "
    "begin with an empty library. The files of photos and faces stay where they are."
)


def open_database(file: Path, patience_s: float = PATIENCE_S) -> Engine:
    """Open the SQLite database; a new one is made where there is none, an earlier version's is brought up to date.

    Of an earlier version's a copy stays beside it.

    patience_s : how long is waited for another process that writes.

    Raises
    ------
    StorageError
        The file is damaged, of a later version, of another program, or cannot be used now; it is left as it is.
    """
    engine = create_engine(URL.create("sqlite", database=str(file)), connect_args={"timeout": patience_s})
    event.listen(engine, "connect", _prepare)
    try:
        with _alone(file), _sentences(file), writing(file):
            if not file.exists():
                file.touch(FILE)  # SQLite gives what it writes beside the file the same rights
            if not file.stat().st_size:
                _say_what_is_unknown(file)
            _make_or_upgrade(engine, file)
            with _all_or_nothing(engine) as connection:  # whether it can be written is said now, not at the first photo
                connection.execute(delete(Step).where(false()))
    except BaseException:
        engine.dispose()
        raise
    return engine


def _make_or_upgrade(engine: Engine, file: Path) -> None:
    step = step_of(engine, str(file))
    if step is None:
        with _all_or_nothing(engine) as connection:
            make_tables(connection)
        return
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise StorageError(DAMAGED.format(file=file, why=str(found).split("\n")[-1]))
    if step == LATEST:
        return
    backup = _back_up(file)
    with _all_or_nothing(engine) as connection:
        migrations.upgrade.run(connection, step)
    log.warning("The library was brought from step %s to %s; as it was, it is kept in %s", step, LATEST, backup)


def _say_what_is_unknown(file: Path) -> None:
    """Write to the log where a library begins that is empty, beside photos of an earlier one, which nothing removes."""
    photos = file.with_name("photos")
    count = sum(1 for _ in photos.iterdir()) if photos.is_dir() else 0
    if count:
        log.warning(
            "%s is empty or new, and %s holds %d photos that it does not know. They stay where they are: to have them "
            "again, end the server and put a backup of the database in its place",
            file, photos, count,
        )  # fmt: skip


def step_of(bind: Engine | Connection, where: str) -> str | None:
    """Return the step that a library's tables are at; None where there are no tables. where : names the database.

    Raises
    ------
    StorageError
        The tables are another program's, or a later version's.
    """
    tables = set(inspect(bind).get_table_names())
    if not tables:
        return None
    if Workspace.__tablename__ not in tables:
        raise StorageError(
            f"{where} is the database of another program. Choose a new or an empty folder for the library."
        )
    with Session(bind) as session:
        step = session.scalar(select(Step.version_num)) if Step.__tablename__ in tables else FIRST
    if step not in STEPS:
        raise StorageError(
            f"{where} was written by a later version of Lifemask (its tables are at step {step}, this version knows "
            f"{LATEST}). Install that version again, or choose another folder for the library."
        )
    return step


def make_tables(connection: Connection) -> None:
    """Make the present tables where there are none."""
    tables = MetaData()  # a copy: SQLAlchemy leaves out of SQLite's tables what it once added to PostgreSQL's by ALTER
    for table in Base.metadata.tables.values():
        table.to_metadata(tables)
    tables.create_all(connection)
    connection.execute(insert(Step).values(version_num=LATEST))


@contextmanager
def _all_or_nothing(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose changes, of tables too, are one transaction."""
    # by itself the driver of Python commits before each change of a table; so BEGIN and COMMIT are said here
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # as SQLite asks for when tables are altered
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        finally:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _back_up(file: Path) -> Path:
    """Copy the database, with what is still in its log, beside it."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    backup = file.with_name(f"{file.stem}-before-{LATEST}-{now}.sqlite")
    with (
        replacing_file(backup) as part,
        closing(sqlite3.connect(file)) as source,
        closing(sqlite3.connect(part)) as target,
    ):
        source.backup(target)
        part.chmod(FILE)
    return backup


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Let one process at a time make or upgrade the tables."""
    try:
        with writing(file), FileLock(file.with_name(".library.lock"), timeout=OPENING_S, mode=FILE):
            yield
    except Timeout as error:
        raise StorageError(
            f"Another process has been opening {file} for {OPENING_S:.0f} s. End it, or wait, and start again."
        ) from error


@contextmanager
def _sentences(file: Path) -> Iterator[None]:
    """Turn what SQLite says of a file that it cannot use into a StorageError."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        reason = error.orig if isinstance(error, DatabaseError) else error
        is_operational = isinstance(error, (OperationalError, sqlite3.OperationalError))
        storage = of_storage(error, file)
        if storage is not None:
            raise storage from error
        if is_operational and LOCKED in str(reason):
            raise StorageError(f"Another program writes to {file}. Wait for its end, and start again.") from error
        if is_operational and "malformed" not in str(reason):
            raise StorageError(f"{file} cannot be used now: {reason}. Mend that and start again.") from error
        raise StorageError(DAMAGED.format(file=file, why=reason)) from error


def _prepare(connection: Any, _: Any) -> None:
    # WAL lets pages read while the worker writes; NORMAL is safe with it and saves a disk flush per progress report.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
