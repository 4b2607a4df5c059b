"""What became of runs, counted as it happens: who watches a server must see it of runs that are deleted since, too.

No name and no id is in a tally: neither of a workspace nor of a photo.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dashboard.library.schema import Tally

What = Literal["ended", "failed", "stage"]
"""A run that ended (label: its state then), failed (the kind of error), or a stage of its work (its name)."""
UNFORESEEN, LOST = "Unforeseen", "WorkerLost"  # kinds of error beside the classes of `core.errors`


@dataclass(frozen=True)
class Tallied:
    """How often, and how long it took in all."""

    what: str
    kind: str
    label: str
    count: int
    seconds: float


def add(session: Session, what: What, kind: str, label: str, seconds: float = 0.0) -> None:
    """Count it once more, in a transaction that writes alone, as all of ours do."""
    row = update(Tally).where(Tally.what == what, Tally.kind == kind, Tally.label == label)
    more = row.values(count=Tally.count + 1, seconds=Tally.seconds + seconds).returning(Tally.count)
    if session.execute(more).first() is None:
        session.add(Tally(what=what, kind=kind, label=label, count=1, seconds=seconds))
        session.flush()


def read(session: Session) -> list[Tallied]:
    """Return all of them, in order."""
    rows = session.scalars(select(Tally).order_by(Tally.what, Tally.kind, Tally.label))
    return [Tallied(row.what, row.kind, row.label, row.count, row.seconds) for row in rows]
