"""Guesses of a secret are counted in the database: several web processes and new starts share the count."""

from dataclasses import dataclass

from sqlalchemy import case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import LifemaskError
from dashboard.library.library import Library
from dashboard.library.schema import Guess

WINDOW_S = 900.0
ALL = "all"


class TooManyGuessesError(LifemaskError):
    """So many wrong guesses were made that no further one is looked at for a while."""


@dataclass(frozen=True)
class Limit:
    """So many guesses are looked at in `WINDOW_S`: of one client, and of all."""

    of_one: int
    of_all: int


def count(library: Library, secret: str, client: str, limit: Limit) -> None:
    """Count a guess before it is looked at, so that many at once count as many.

    secret : what is guessed, by name. client : who guesses.

    Raises
    ------
    TooManyGuessesError
    """
    for who, most in ((client, limit.of_one), (ALL, limit.of_all)):
        seconds = _counted(library, f"{secret} {who}", most)
        if seconds is not None:
            minutes = max(1, round(seconds / 60))
            raise TooManyGuessesError(f"That was tried too often. Try again in {minutes} min.")


def forget(library: Library, secret: str, client: str) -> None:
    """Take back what a right guess counted: it was none, and the client starts anew."""
    with library.session.begin() as session:
        session.execute(delete(Guess).filter_by(who=f"{secret} {client}"))
        session.execute(update(Guess).filter_by(who=f"{secret} {ALL}").values(count=Guess.count - 1))


def _counted(library: Library, who: str, most: int) -> float | None:
    """Count one; return the seconds until the next is looked at where there were too many."""
    now = library.clock()
    is_over = Guess.until <= now
    its = select(Guess.count, Guess.until).filter_by(who=who)
    with library.session() as session:  # who goes on guessing costs a look, and no other writer waits for it
        guessed, until = session.execute(its).one_or_none() or (0, now)
    if guessed > most and until > now:
        return until - now
    counted = (
        update(Guess)
        .filter_by(who=who)
        .values(
            count=case((is_over, 1), else_=Guess.count + 1), until=case((is_over, now + WINDOW_S), else_=Guess.until)
        )
    )
    try:
        with library.session.begin() as session:
            if not session.execute(counted).rowcount:  # type: ignore[attr-defined]  # of a CursorResult
                session.execute(delete(Guess).where(is_over))
                session.execute(insert(Guess).values(who=who, count=1, until=now + WINDOW_S))
            guessed, until = session.execute(its).one()
    except IntegrityError:  # another process counted its first at the same moment
        return _counted(library, who, most)
    return until - now if guessed > most else None
