"""The tables of the library (SQLAlchemy 2), and the engine they are reached by."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import JSON, Engine, ForeignKey, Index, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from core.errors import StorageError
from dashboard.library.records import FaceRecord, Kind, PhotoRecord, RunRecord, State

DAMAGED = (
    "The database {file} is damaged ({why}). Nothing was changed: put a backup of it in its place, or move it away to "
    "begin with an empty library. The files of photos and faces stay where they are."
)


class Base(DeclarativeBase):
    """Base of the tables. Times are seconds since 1970 (UTC)."""


class Workspace(Base):
    """What one browser owns."""

    __tablename__ = "workspaces"
    id: Mapped[str] = mapped_column(primary_key=True)
    created: Mapped[float]


class Photo(Base):
    """A photo; its files lie in photos/<id>/."""

    __tablename__ = "photos"
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    sha256: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    focal_35mm: Mapped[float | None]
    created: Mapped[float]

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
            created=_time(self.created),
        )


class Run(Base):
    """A run. `owner` is the worker that has it, which must be heard of before `lease_until`."""

    __tablename__ = "runs"
    __table_args__ = (Index("runs_queue", "state", "created"), Index("runs_equal", "workspace_id", "equal_key"))
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    photo_id: Mapped[str | None] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"))
    face_id: Mapped[str | None] = mapped_column(ForeignKey("faces.id", ondelete="CASCADE"))
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    equal_key: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued")
    stage: Mapped[str] = mapped_column(default="")
    progress: Mapped[float] = mapped_column(default=0.0)
    error: Mapped[str | None]
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
            created=_time(self.created),
            started=None if self.started is None else _time(self.started),
            ended=None if self.ended is None else _time(self.ended),
            face_ids=[face.id for face in self.faces],
        )


class Face(Base):
    """A face of a run; its files lie in faces/<id>/."""

    __tablename__ = "faces"
    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), index=True)
    index: Mapped[int]
    name: Mapped[str]
    score: Mapped[float | None]
    network: Mapped[str]
    created: Mapped[float]

    def record(self, faces: Path) -> FaceRecord:
        """Return it as the library hands it out; `faces` is the folder of all faces."""
        return FaceRecord(
            id=self.id,
            workspace_id=self.workspace_id,
            run_id=self.run_id,
            photo_id=self.photo_id,
            index=self.index,
            name=self.name,
            score=self.score,
            network=self.network,
            created=_time(self.created),
            folder=faces / self.id,
        )


class Compared(Base):
    """That a run compares a face: a comparison goes with the first of its faces that is deleted."""

    __tablename__ = "compared"
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    face_id: Mapped[str] = mapped_column(ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True, index=True)


class UnsettledFolder(Base):
    """A folder that is being written, or, if `doomed`, removed. `name` is relative to the data folder."""

    __tablename__ = "unsettled_folders"
    name: Mapped[str] = mapped_column(primary_key=True)
    doomed: Mapped[bool]
    begun: Mapped[float]


def open_database(file: Path) -> Engine:
    """Open the SQLite database, making file and tables where there are none.

    Raises
    ------
    StorageError
        The file is damaged, of another program, or cannot be used now; it is left as it is.
    """
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 15.0})
    event.listen(engine, "connect", _prepare)
    try:
        tables = set(inspect(engine).get_table_names())
        if tables and not tables & set(Base.metadata.tables):
            raise StorageError(
                f"{file} is the database of another program. Choose a new or an empty folder for the library."
            )
        with engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise StorageError(DAMAGED.format(file=file, why=str(found).split("\n")[-1]))
        Base.metadata.create_all(engine)
    except DatabaseError as error:
        engine.dispose()
        if isinstance(error, OperationalError) and "malformed" not in str(error.orig):  # locked, read-only, full
            raise StorageError(f"{file} cannot be used now: {error.orig}. Mend that and start again.") from error
        raise StorageError(DAMAGED.format(file=file, why=error.orig)) from error
    except StorageError:
        engine.dispose()
        raise
    return engine


def _prepare(connection: Any, _: Any) -> None:
    # WAL lets pages read while the worker writes; NORMAL is safe with it and saves a disk flush per progress report.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
