"""The tables of the library (SQLAlchemy 2). Each change of them is a step in `migrations`."""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, cast

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, String, false, text, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from dashboard.library.records import FaceRecord, Kind, PhotoRecord, RunRecord, State

LASTING = text("state IN ('queued', 'running', 'done')")  # what a run that is started anew may be equal to


class Base(DeclarativeBase):
    """Base of the tables. Times are seconds since 1970 (UTC)."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {float: Double()}  # whatever SQLAlchemy takes by itself


class Workspace(Base):
    """What one browser owns, or, for a while, nobody: see `Deletion`. served : when a worker last took a run of it."""

    __tablename__ = "workspaces"
    id: Mapped[str] = mapped_column(primary_key=True)
    created: Mapped[float]
    served: Mapped[float] = mapped_column(default=0.0, server_default="0")


class Photo(Base):
    """A photo; its files lie in photos/<id>/."""

    __tablename__ = "photos"
    __table_args__ = (Index("photos_equal", "workspace_id", "sha256", "name", unique=True),)
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    sha256: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    focal_35mm: Mapped[float | None]
    created: Mapped[float] = mapped_column(index=True)

    def record(self) -> PhotoRecord:
        """Return it as the library hands it out."""
        return PhotoRecord(
            id=self.id,
            workspace_id=self.workspace_id,
            name=self.name,
            sha256=self.sha256,
            width=self.width,
            height=self.height,
            focal_35mm=self.focal_35mm,
            created=time_of(self.created),
        )


class Run(Base):
    """A run. `owner` is the worker that has it, which must be heard of before `lease_until`.

    `equal_key` is a hash of all that its result depends on; of equal runs that wait, work or are done there is one.
    asked : whether somebody waits for it; a run that only followed from another gives way to all that are asked for.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index("runs_queue", "state", "created"),
        Index("runs_of", "workspace_id", "state", "ended"),
        Index("runs_equal", "workspace_id", "equal_key", unique=True, sqlite_where=LASTING, postgresql_where=LASTING),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    photo_id: Mapped[str | None] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), index=True)
    face_id: Mapped[str | None] = mapped_column(ForeignKey("faces.id", ondelete="CASCADE"), index=True)
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    equal_key: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued")
    stage: Mapped[str] = mapped_column(default="")
    progress: Mapped[float] = mapped_column(default=0.0)
    error: Mapped[str | None]
    error_kind: Mapped[str | None]
    asked: Mapped[bool] = mapped_column(default=True, server_default=true())
    attempts: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None]
    lease_until: Mapped[float | None]
    created: Mapped[float]
    started: Mapped[float | None]
    ended: Mapped[float | None]
    faces: Mapped[list["Face"]] = relationship(
        order_by="Face.index", foreign_keys="Face.run_id", lazy="selectin", viewonly=True
    )

    def record(self) -> RunRecord:
        """Return it as the library hands it out."""
        return RunRecord(
            id=self.id,
            workspace_id=self.workspace_id,
            kind=cast(Kind, self.kind),
            photo_id=self.photo_id,
            face_id=self.face_id,
            options=self.options,
            state=cast(State, self.state),
            stage=self.stage,
            progress=self.progress,
            error=self.error,
            error_kind=self.error_kind,
            asked=self.asked,
            created=time_of(self.created),
            started=None if self.started is None else time_of(self.started),
            ended=None if self.ended is None else time_of(self.ended),
            face_ids=[face.id for face in self.faces if face.workspace_id == self.workspace_id],  # not those deleted
        )


def new_mark() -> int:
    """Return a mark; those of a million faces can be added."""
    return secrets.randbits(40)


class Face(Base):
    """A face of a run; its files lie in faces/<id>/. `name` is of its file, `title` what a person calls it.

    mark : another number whenever the row or its tags change, so that one sum tells whether any face has changed.
    """

    __tablename__ = "faces"
    __table_args__ = (
        Index("faces_newest", "workspace_id", "created"),
        Index("faces_marks", "workspace_id", "mark"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), index=True)
    index: Mapped[int]
    name: Mapped[str]
    score: Mapped[float | None]
    network: Mapped[str]
    created: Mapped[float]
    title: Mapped[str | None]
    person: Mapped[str | None]
    tags: Mapped[list["Tag"]] = relationship(order_by="Tag.tag", lazy="selectin", viewonly=True)
    kept: Mapped[bool] = mapped_column(default=False, server_default=false())
    mark: Mapped[int] = mapped_column(BigInteger(), default=new_mark, onupdate=new_mark, server_default="0")

    def record(self, faces: Path) -> FaceRecord:
        """Return it as the library hands it out; `faces` is the folder of all faces."""
        return FaceRecord(
            id=self.id,
            workspace_id=self.workspace_id,
            run_id=self.run_id,
            photo_id=self.photo_id,
            index=self.index,
            name=self.title or self.name,
            file_name=self.name,
            person=self.person,
            tags=tuple(row.tag for row in self.tags),
            score=self.score,
            network=self.network,
            created=time_of(self.created),
            folder=faces / self.id,
            kept=self.kept,
        )


class Tag(Base):
    """A word that a person put on a face."""

    __tablename__ = "tags"
    face_id: Mapped[str] = mapped_column(ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)


class Compared(Base):
    """That a run compares a face: a comparison goes with the first of its faces that is deleted."""

    __tablename__ = "compared"
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    face_id: Mapped[str] = mapped_column(ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True, index=True)


class Deletion(Base):
    """What was deleted a moment ago: rows that `id`, a workspace of nobody, owns until they go at `due`.

    `workspace_id` is whose they were, and are again when the deletion is undone.
    """

    __tablename__ = "deletions"
    id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    due: Mapped[float]


class Guess(Base):
    """How many guesses of a password or a code `who` made; they are forgotten at `until`. See `access`."""

    __tablename__ = "guesses"
    who: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    until: Mapped[float]


class EndedSession(Base):
    """A session that was signed out: its cookie, wherever it is, opens nothing. At `due` it is too old anyway."""

    __tablename__ = "ended_sessions"
    id: Mapped[str] = mapped_column(primary_key=True)
    due: Mapped[float]


class Code(Base):
    """Opens a workspace on another device, once and until `due`. `hash` : of the code, which is kept nowhere."""

    __tablename__ = "codes"
    hash: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(index=True)  # it may have no row yet: nothing was put into it
    due: Mapped[float]


class UnsettledFolder(Base):
    """A folder that is being written, or, if `doomed`, removed. `name` is relative to the data folder.

    run_id : of the run that it is written for, where it is for one.
    """

    __tablename__ = "unsettled_folders"
    name: Mapped[str] = mapped_column(primary_key=True)
    doomed: Mapped[bool]
    begun: Mapped[float]
    run_id: Mapped[str | None] = mapped_column(index=True)


class Process(Base):
    """A process that serves or works, wherever it was started: see `jobs.alive`. began, seen : when it said so."""

    __tablename__ = "processes"
    id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    began: Mapped[float]
    seen: Mapped[float]
    memory_bytes: Mapped[int] = mapped_column(BigInteger())


class Tally(Base):
    """How often something came of runs of a kind, and how long that took: it only grows. See `library.tallies`."""

    __tablename__ = "tallies"
    what: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger())
    seconds: Mapped[float]


class Step(Base):
    """The number of the last step in `migrations` that these tables have seen; Alembic's own table."""

    __tablename__ = "alembic_version"
    version_num: Mapped[str] = mapped_column(String(32), primary_key=True)


def time_of(seconds: float) -> datetime:
    """Return the time that so many seconds since 1970 are."""
    return datetime.fromtimestamp(seconds, UTC)
