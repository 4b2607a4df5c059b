"""The queue of runs as workers see it. A run is a worker's own while its lease lasts."""

import math
import secrets
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select, update
from sqlalchemy.orm import aliased

from core.errors import Cancelled
from dashboard.jobs.blame import ENOUGH, Blame
from dashboard.jobs.lanes import LANES, Lane
from dashboard.library import schema, tallies
from dashboard.library.library import Library
from dashboard.library.queries import larger
from dashboard.library.records import ENDED, Kind, NewFace, RunRecord

HELPED_PIXELS = 30 * 10**6  # larger photos are worked on one at a time: each takes a GB more
LEASE_S = 30.0
WOKEN_S = 5.0  # who has not looked for so long may have slept, and others with it: they say first that they live
LOST = (
    "The worker ended without a word each time that it worked on this. It may have run out of memory: "
    "try a smaller photo or a smaller network."
)


def waits_for_worker(now: float) -> ColumnElement[bool]:
    """Whether a run waits for a worker: to be taken, or to be given back, as its own is not heard of any more."""
    lease = schema.Run.lease_until
    is_left = or_(lease < now, lease > now + LEASE_S)  # the second after a clock was set back
    return or_(schema.Run.state == "queued", and_(schema.Run.state == "running", is_left))


class Queue:
    """The runs that wait and those that this worker has taken.

    Parameters
    ----------
    library : the library whose runs these are.
    owner : name of this worker; a new one each time a worker starts.
    most_pixels : of photos that it takes.
    lanes : that it takes.
    """

    def __init__(
        self, library: Library, owner: str | None = None, most_pixels: int | None = None,
        lanes: Collection[Lane] = tuple(LANES.values()),
    ) -> None:  # fmt: skip
        self.library = library
        self.owner = owner or secrets.token_hex(8)
        self.clock = library.clock
        self._most_pixels = most_pixels
        self._lanes = lanes
        self._is_closed = False
        self._at_work: set[str] = set()
        self._looked: float | None = None
        self._trusts_until = -math.inf

    def claim(self, kinds: Sequence[Kind], follow_ups: Sequence[Kind] = ()) -> RunRecord | None:
        """Take the next run; None where none waits, or after `close`.

        kinds : of runs that somebody asked for, follow_ups : of those that followed from others. Those that are asked
        for go first, then surfaces, then solids. Among equals the workspace goes first that was served longest ago, and
        of its runs the one that has waited longest. Of runs on one face there is never more than one at work.
        A run under whose work a worker ended goes before all others, and this worker does nothing else beside it.
        """
        if self._is_closed:
            return None
        self._take_back()
        run, workspace, other = schema.Run, schema.Workspace, aliased(schema.Run)
        is_free = and_(~exists().where(other.state == "running", other.face_id == run.face_id), self._is_alone())
        is_ours = _is_of(run, kinds, follow_ups)
        if self._most_pixels is not None:
            is_ours = and_(is_ours, or_(run.photo_id.is_(None), run.photo_id.not_in(larger(self._most_pixels))))
        rank = case((run.attempts > 0, -1), (run.asked, 0), (run.kind == "surface", 1), else_=2)
        following = (
            select(run.id)
            .join(workspace, workspace.id == run.workspace_id)
            .where(run.state == "queued", is_ours, is_free)
            .order_by(rank, workspace.served, run.created, run.id)
            .limit(1)
        )
        with self.library.session.begin() as session:
            run_id = session.scalar(following)
            if run_id is None:
                return None
            # one statement that names the old state: of two workers that chose the same run, one changes no row
            taken = session.execute(
                update(schema.Run)
                .where(schema.Run.id == run_id, schema.Run.state == "queued", is_free)
                .values(
                    state="running",
                    stage="Starting",
                    progress=0.0,
                    owner=self.owner,
                    lease_until=self.clock() + LEASE_S,
                    attempts=schema.Run.attempts + Blame.UNKNOWN,  # should this worker end without a word
                    started=self.clock(),
                )
                .returning(schema.Run.workspace_id)
            ).scalar()
            session.execute(update(workspace).where(workspace.id == taken).values(served=self.clock()))
            if taken is not None:
                self._at_work.add(run_id)
        return self.library.runs(taken, [run_id])[0] if taken else None

    def report(self, run_id: str, stage: str, progress: float) -> None:
        """Write how far the run is.

        Raises
        ------
        Cancelled
            The run is this worker's no more: the person cancelled or deleted it, or another worker has it.
        """
        self._change(run_id, stage=stage, progress=min(max(progress, 0.0), 1.0))

    def finish(self, run_id: str, faces: Sequence[NewFace]) -> None:
        """Mark the run done, with its faces and what follows on them, in one transaction.

        Raises
        ------
        Cancelled
            As `report`; nothing is written then.
        """
        rows = [
            schema.Face(
                id=face.id,
                run_id=run_id,
                index=face.index,
                name=face.name,
                score=face.score,
                network=face.network,
                kept=face.kept,
                created=self.clock(),
            )
            for face in faces
        ]
        follow_ups = [
            schema.Run(
                id=secrets.token_hex(16), kind=kind, face_id=face.id, options=options, equal_key=secrets.token_hex(16),
                state="queued", stage="Waiting", asked=False, created=self.clock(),
            )
            for face in faces
            for kind, options in face.then
        ]  # fmt: skip
        over = {"state": "done", "stage": "Done", "progress": 1.0, "ended": self.clock(), "lease_until": None}
        self._change(run_id, rows, follow_ups, **over)

    def fail(self, run_id: str, sentence: str, kind: str | None = None) -> None:
        """Mark the run failed, with the sentence that the person reads and the kind of error it is.

        Raises
        ------
        Cancelled
            As `report`.
        """
        self._change(
            run_id,
            state="failed",
            stage="Failed",
            error=sentence,
            error_kind=kind,
            ended=self.clock(),
            lease_until=None,
        )

    def leave(self, run_id: str) -> None:
        """Note that no work is done on the run any more, whether what came of it could be written or not."""
        self._at_work.discard(run_id)

    def renew(self) -> None:
        """Say that this worker lives: the leases of what it is at work on last `LEASE_S` from now."""
        at_work = list(self._at_work)
        if not at_work:
            return
        which = and_(self._mine(), schema.Run.id.in_(at_work))
        with self.library.session.begin() as session:
            session.execute(update(schema.Run).where(which).values(lease_until=self.clock() + LEASE_S))

    def release(self, blame: Blame) -> None:
        """Give back the runs of this worker, which ended; its end counts so much against each of them."""
        self._give_back(self._mine(), blame)

    def close(self) -> None:
        """Give back the runs of this worker, which ends because it was told to, and take no more."""
        self._is_closed = True
        self.release(Blame.NONE)

    def _take_back(self) -> None:
        """Give back the runs of workers that are not heard of any more."""
        now = self.clock()
        of_others = or_(schema.Run.owner != self.owner, schema.Run.id.not_in(list(self._at_work)))
        if self._looked is not None and now - self._looked > WOKEN_S:
            self._trusts_until = now + WOKEN_S
        too_long = and_(schema.Run.state == "running", of_others, schema.Run.lease_until > now + LEASE_S)
        if self._is_any(too_long):  # the clock was set back
            with self.library.session.begin() as session:
                session.execute(update(schema.Run).where(too_long).values(lease_until=now + LEASE_S))
        if now >= self._trusts_until:
            self._give_back(and_(of_others, schema.Run.lease_until < now), Blame.UNKNOWN)
        self._looked = now  # not where the database was away, and with it for all others

    def _give_back(self, which: ColumnElement[bool], blame: Blame) -> None:
        lost = and_(schema.Run.state == "running", which)
        if not self._is_any(lost):
            return
        counted = schema.Run.attempts - Blame.UNKNOWN + blame
        given_back: list[str] = []
        with self.library.session.begin() as session:
            for_good = {"state": "failed", "stage": "Failed", "error": LOST, "ended": self.clock(), "lease_until": None}
            if blame:
                failed = update(schema.Run).where(lost, counted >= ENOUGH).values(attempts=counted, **for_good)
                for run_id, kind in session.execute(failed.returning(schema.Run.id, schema.Run.kind)).all():
                    tallies.add(session, "ended", kind, "failed")
                    tallies.add(session, "failed", kind, tallies.LOST)
                    given_back.append(run_id)
            again = update(schema.Run).where(lost).values(attempts=counted, **_WAITING).returning(schema.Run.id)
            given_back += session.scalars(again).all()
            left = self.library.journal.give_up(session, given_back)
        self.library.announce()
        self.library.journal.remove(left)

    def _is_any(self, which: ColumnElement[bool]) -> bool:
        with self.library.session() as session:
            return session.scalar(select(schema.Run.id).where(which).limit(1)) is not None

    def _is_alone(self) -> ColumnElement[bool]:
        """Whether a run may be begun beside those of this worker: a suspect with none, others beside no suspect."""
        mine, suspect, waiting = aliased(schema.Run), aliased(schema.Run), aliased(schema.Run)
        has_any = exists().where(mine.state == "running", mine.owner == self.owner)
        is_at_work = and_(suspect.state == "running", suspect.owner == self.owner, suspect.attempts > Blame.UNKNOWN)
        is_taken = or_(*(_is_of(waiting, lane.kinds, lane.follow_ups) for lane in self._lanes))
        waits = and_(waiting.state == "queued", waiting.attempts > 0, is_taken)
        others = and_(~exists().where(is_at_work), ~exists().where(waits))
        return case((schema.Run.attempts > 0, ~has_any), else_=others)

    def _mine(self) -> ColumnElement[bool]:
        return and_(schema.Run.state == "running", schema.Run.owner == self.owner)

    def _change(
        self, run_id: str, faces: Sequence[schema.Face] = (), follow_ups: Sequence[schema.Run] = (), **values: Any
    ) -> None:
        with self.library.session.begin() as session:
            changed = session.execute(
                update(schema.Run)
                .where(schema.Run.id == run_id, self._mine())
                .values(**values)
                .returning(schema.Run.workspace_id, schema.Run.photo_id, schema.Run.kind, schema.Run.started)
            ).first()
            if changed is None:
                raise Cancelled("The run was cancelled.")
            for face in faces:
                face.workspace_id, face.photo_id = str(changed.workspace_id), str(changed.photo_id)
            session.add_all(faces)
            session.flush()
            for run in follow_ups:
                run.workspace_id = str(changed.workspace_id)
            session.add_all(follow_ups)
            if values.get("state") in ENDED:
                seconds = max(0.0, values["ended"] - changed.started)
                tallies.add(session, "ended", changed.kind, values["state"], seconds)
            if values.get("state") == "failed":
                tallies.add(session, "failed", changed.kind, values["error_kind"] or tallies.UNFORESEEN)
            if values.get("state") == "done":
                self.library.journal.settle(session, self.library.folders.made_by(run_id, [face.id for face in faces]))
        if follow_ups:
            self.library.announce()


def _is_of(run: Any, kinds: Sequence[Kind], follow_ups: Sequence[Kind]) -> ColumnElement[bool]:
    """Whether a run is of `kinds`, where somebody asked for it, or of `follow_ups`, where nobody did."""
    return or_(run.asked & run.kind.in_(kinds), ~run.asked & run.kind.in_(follow_ups))


_WAITING: dict[str, Any] = {"state": "queued", "stage": "Waiting", "progress": 0.0, "owner": None, "lease_until": None}
