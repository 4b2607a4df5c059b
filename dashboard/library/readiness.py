"""Whether the library can take new work: for who watches a server."""

from sqlalchemy import func, select, update

from dashboard.library import schema
from dashboard.library.library import Library
from dashboard.library.queries import WAITING
from dashboard.library.records import QueueFullError
from dashboard.library.sentences import sentence

NOBODY = ""  # the id of no workspace


def examine(library: Library) -> dict[str, str | None]:
    """Return what is wrong with the database, the queue and the disk, as sentences; None where nothing is."""
    checks = {"database": _database, "queue": _queue, "disk": _disk}
    found: dict[str, str | None] = {}
    for name, check in checks.items():
        try:
            check(library)
            found[name] = None
        except Exception as error:
            found[name] = sentence(error, library.folders.root)
    return found


def _database(library: Library) -> None:
    with library.session.begin() as session:  # it writes, but no row
        session.execute(update(schema.Workspace).filter_by(id=NOBODY).values(id=NOBODY))


def _queue(library: Library) -> None:
    waiting = select(func.count()).select_from(schema.Run).where(schema.Run.state.in_(WAITING), schema.Run.asked)
    limit = library.settings.max_queue_total
    with library.session() as session:
        if (session.scalar(waiting) or 0) >= limit:
            raise QueueFullError(f"{limit} runs wait already; no more are taken until some are done.")


def _disk(library: Library) -> None:
    library.folders.check_free()
