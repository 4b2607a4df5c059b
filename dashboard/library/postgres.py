"""The library's database on a server: PostgreSQL, for several machines. See decisions/postgresql.md."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session, sessionmaker

from core.errors import LifemaskError, OptionError, StorageError
from dashboard.library import migrations
from dashboard.library.database import LATEST, PATIENCE_S, make_tables, step_of

log = logging.getLogger("lifemask.library")

DRIVER = "postgresql+psycopg"
OPENING, WRITING = 0x4C69666D61736B00, 0x4C69666D61736B01  # keys of locks ('Lifmask'): any that no other program takes
OPENING_S = 60.0  # another process may be bringing the tables up to date
FORGOTTEN_S = 60.0  # a transaction in which nothing happens for so long is a process that hangs, and holds all others
CONNECTIONS = 20  # of one process: a thread of it has one at a time
CONNECT_S = 5


def open_database(url: str, patience_s: float = PATIENCE_S) -> Engine:
    """Open the database of a server; tables are made where there are none, an earlier version's brought up to date.

    patience_s : how long is waited for another process that writes.

    Raises
    ------
    OptionError
        The address is no PostgreSQL database's, or its driver is not installed.
    StorageError
        It does not answer, does not let us in, or is of a later version or of another program.
    """
    try:
        place = make_url(url)
        if place.drivername != DRIVER:
            raise ArgumentError
        engine = create_engine(
            place,
            pool_pre_ping=True,  # a server that was started anew has closed what was open
            pool_size=CONNECTIONS,
            connect_args={"connect_timeout": CONNECT_S, "options": _waiting_at_most(patience_s)},
        )
    except (ArgumentError, NoSuchModuleError):
        raise OptionError(
            f"LIFEMASK_DATABASE_URL is no address of a PostgreSQL database. It is {DRIVER}://USER:PASSWORD@HOST/NAME."
        ) from None
    where = f"The database {place.database} on {place.host or 'this machine'}"
    try:
        with engine.begin() as connection:  # PostgreSQL makes and alters tables within the transaction
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{OPENING_S:.0f}s'")
            connection.execute(select(func.pg_advisory_xact_lock(OPENING)))
            _make_or_upgrade(connection, where)
    except LifemaskError:
        engine.dispose()
        raise
    except DBAPIError as error:
        engine.dispose()
        raise StorageError(f"{where} cannot be used: {_first_line(error)}. Mend that and start again.") from error
    return engine


class OneWriter(sessionmaker[Session]):
    """Sessions whose `begin` waits until nobody else writes, as it is with SQLite."""

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Give a session in a transaction, which writes alone from its first statement on."""
        with super().begin() as session:
            session.execute(select(func.pg_advisory_xact_lock(WRITING)))
            yield session


def _make_or_upgrade(connection: Connection, where: str) -> None:
    step = step_of(connection, where)
    if step is None:
        make_tables(connection)
    elif step != LATEST:
        migrations.upgrade.run(connection, step)
        log.warning("%s was brought from step %s to %s", where, step, LATEST)


def _waiting_at_most(patience_s: float) -> str:
    return (
        f"-c lock_timeout={patience_s * 1000:.0f} "
        f"-c idle_in_transaction_session_timeout={max(FORGOTTEN_S, 2 * patience_s) * 1000:.0f}"
    )


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().split("\n")[0].rstrip(".")
