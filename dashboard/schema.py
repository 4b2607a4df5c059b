"""The tables of the library (SQLAlchemy 2), and the engine they are reached by."""

from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Engine, ForeignKey, Index, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


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


def open_database(file: Path) -> Engine:
    """Open the SQLite database, making file and tables where there are none."""
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 15.0})
    event.listen(engine, "connect", _prepare)
    Base.metadata.create_all(engine)
    return engine


def _prepare(connection: Any, _: Any) -> None:
    # WAL lets pages read while the worker writes; NORMAL is safe with it and saves a disk flush per progress report.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
