"""Which folders are being written or removed: noted in the database before it happens.

So what a killed process leaves behind is known for what it is, and nothing else in the data folder is ever swept: not
what a person put there, nor a photo or face that a new, restored or damaged database does not know.
"""

import logging
import math
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from core.atomic import bring_back
from dashboard.library import schema
from dashboard.library.folders import Folders
from dashboard.library.rights import make_private

log = logging.getLogger("lifemask.library")

ABANDONED_S = 180.0  # what was begun so long ago, and before all that is at work, is nobody's
QUARANTINE_DAYS = 7
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_run_at_work: ContextVar[str | None] = ContextVar("run_at_work", default=None)


class Journal:
    """The notes of one library.

    Parameters
    ----------
    session : of the library's database.
    clock : seconds since 1970.
    longest_s : that a photo may take to come in, beside its waiting.
    """

    def __init__(
        self, session: sessionmaker[Session], folders: Folders, clock: Callable[[], float], longest_s: float
    ) -> None:
        self._session = session
        self._folders = folders
        self._clock = clock
        self._abandoned_s = ABANDONED_S + longest_s

    def begin(self, places: Iterable[Path]) -> None:
        """Note that folders are about to be written. They are nobody's until `settle`."""
        with self._session.begin() as session:
            self._note(session, places, doomed=False)

    @staticmethod
    @contextmanager
    def of_run(run_id: str) -> Iterator[None]:
        """Note of what this thread begins in the block that it is for a run: see `give_up`."""
        token = _run_at_work.set(run_id)
        try:
            yield
        finally:
            _run_at_work.reset(token)

    def settle(self, session: Session, places: Iterable[Path]) -> None:
        """Take the notes away, in the transaction that makes the folders known; they are their owner's alone then."""
        for place in places:
            make_private(place)
            session.execute(delete(schema.UnsettledFolder).filter_by(name=self._name(place)))

    def end(self, place: Path) -> None:
        """Take the note of a folder away; the folder goes too where its row was deleted while it was written.

        The note stays while something lies beside the folder that a killed process left: `sweep` sees to it.
        """
        with self._session.begin() as session:
            known = self._is_known(session, place)
            if known and not self._parts(place):
                self.settle(session, [place])
        if not known:
            self.remove([place])

    def doom(self, session: Session, places: Iterable[Path]) -> None:
        """Note, in the transaction that deletes their rows, the folders that `remove` is to remove next."""
        self._note(session, places, doomed=True)

    def give_up(self, session: Session, runs: Sequence[str]) -> list[Path]:
        """Note, in the transaction that gives runs back, that `remove` is to remove next what their worker left.

        It is made again with the run: nothing of it is kept in quarantine.
        """
        left: list[Path] = []
        notes = select(schema.UnsettledFolder).where(schema.UnsettledFolder.run_id.in_(runs))
        for note in session.scalars(notes).all():
            place = self._folders.root / note.name
            if self._is_known(session, place):
                bring_back(place)
                left += self._parts(place)
                session.delete(note)
            else:
                left += [place, *self._parts(place)]
        self.doom(session, left)
        return left

    def remove(self, places: Iterable[Path]) -> None:
        """Remove folders that nothing knows, and then their notes; what stays on the disk stays noted.

        One that is known stays: the answer to the transaction that made it so may have been lost, or cut short.
        """
        for place in places:
            with self._session() as session:
                if self._is_known(session, place):
                    continue
            for folder in (place, *self._parts(place)):
                self._folders.remove(folder)
            if place.parent.is_dir() and not place.exists():  # a shared disk that is away comes back with all on it
                with self._session.begin() as session:
                    self.settle(session, [place])

    def sweep(self) -> None:
        """Complete removals that were cut off; bring what a killed process left into quarantine for a week."""
        with self._session() as session:
            notes = list(session.scalars(select(schema.UnsettledFolder)))
            oldest = session.scalar(select(func.min(schema.Run.started)).where(schema.Run.state == "running"))
        latest = min(self._clock() - self._abandoned_s, math.inf if oldest is None else oldest)
        self.remove(self._folders.root / note.name for note in notes if note.doomed)
        for note in notes:
            if not note.doomed and note.begun < latest:
                self._clear_up(self._folders.root / note.name)
        self._empty_quarantine()

    def _clear_up(self, place: Path) -> None:
        with self._session.begin() as session:
            is_known = self._is_known(session, place)
            if is_known:
                bring_back(place)
            for folder in self._parts(place) if is_known else (place, *self._parts(place)):
                if folder.exists():
                    self._quarantine(folder)
            self.settle(session, [place])

    def _quarantine(self, folder: Path) -> None:
        today = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        target = self._folders.quarantine / today / folder.parent.name / folder.name
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
        make_private(self._folders.quarantine)
        log.warning("%s was left by a process that ended; it is in %s for %s days", folder, target, QUARANTINE_DAYS)

    def _empty_quarantine(self) -> None:
        if not self._folders.quarantine.is_dir():
            return
        last = datetime.fromtimestamp(self._clock() - QUARANTINE_DAYS * 86400.0, UTC).date().isoformat()
        for day in self._folders.quarantine.iterdir():
            if DAY.fullmatch(day.name) and day.name < last:
                shutil.rmtree(day, ignore_errors=True)

    def _is_known(self, session: Session, place: Path) -> bool:
        kind, row_id = place.parent, place.name
        if kind == self._folders.photos:
            return session.get(schema.Photo, row_id) is not None
        if kind == self._folders.faces:
            return session.get(schema.Face, row_id) is not None
        run = session.get(schema.Run, row_id)
        return run is not None and run.state == "done"

    @staticmethod
    def _parts(place: Path) -> list[Path]:
        """Folders beside `place` in which it was being written: see `core.atomic`; version 0.1 had two shapes."""
        return [*place.parent.glob(f"{place.name}.*.part"), *place.parent.glob(f".{place.name}-*")]

    def _note(self, session: Session, places: Iterable[Path], *, doomed: bool) -> None:
        for place in places:
            session.merge(
                schema.UnsettledFolder(
                    name=self._name(place), doomed=doomed, begun=self._clock(), run_id=_run_at_work.get()
                )
            )

    def _name(self, place: Path) -> str:
        return place.relative_to(self._folders.root).as_posix()
