"""What the library hands out: plain frozen records, and the errors of asking for what is not there."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from core.errors import LifemaskError
from core.face.doubt import is_doubtful
from core.scan.formats import is_scan

Kind = Literal["reconstruct", "surface", "solid", "head", "recompute", "compare", "heads", "download"]
COMPARING: tuple[Kind, ...] = ("compare", "heads")  # faces, by their depth, or their heads point by point
State = Literal["queued", "running", "done", "failed", "cancelled"]

RETRY_S = 2
ENDED: tuple[State, ...] = ("done", "failed", "cancelled")
NOT_DONE: tuple[State, ...] = ("queued", "running", "failed", "cancelled")


class NotInLibraryError(LifemaskError):
    """The id names nothing in this workspace (or something in another one, which is not told apart)."""


class NotYetError(LifemaskError):
    """It is being made; to be asked for again after `RETRY_S`."""


class BusyError(NotYetError):
    """Another process writes to the library; to be asked again after `RETRY_S`."""


class QueueFullError(LifemaskError):
    """So many runs wait already that no more are taken."""


class QuotaError(LifemaskError):
    """The files of a workspace take as much as they may."""


@dataclass(frozen=True)
class PhotoRecord:
    """A stored photo, or a scan in its place: upright, without metadata. `sha256` is of the file that was sent."""

    id: str
    workspace_id: str
    name: str
    sha256: str
    width: int
    height: int
    focal_35mm: float | None
    created: datetime

    @property
    def is_scan(self) -> bool:
        """Whether it is a scan, whose picture is drawn when it is worked on."""
        return is_scan(Path(self.name))


@dataclass(frozen=True)
class RunRecord:
    """One piece of work.

    Photo -> faces, face -> its surface, face -> solid, face -> the same face under other assumptions, faces ->
    comparison, faces -> comparison of their heads point by point, or a download.
    """

    id: str
    workspace_id: str
    kind: Kind
    photo_id: str | None
    face_id: str | None
    options: dict[str, Any]
    state: State
    stage: str
    progress: float  # 0 .. 1
    error: str | None
    error_kind: str | None  # the name of its class in `core.errors`, of a person's error
    asked: bool  # False of what followed from another run, and nobody waits for
    created: datetime
    started: datetime | None
    ended: datetime | None
    face_ids: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self.state in ENDED

    @property
    def seconds(self) -> float | None:
        """How long the work took, 0 where the clock was set back meanwhile; None while it runs."""
        return max(0.0, (self.ended - self.started).total_seconds()) if self.started and self.ended else None


@dataclass(frozen=True)
class FaceRecord:
    """One face of a photo; its files lie in `folder`. `index` counts from 1, left to right.

    `name` is the title that a person gave it, else `file_name`.
    kept : whether a person has said that it is a face, by showing it or by keeping it.
    """

    id: str
    workspace_id: str
    run_id: str
    photo_id: str
    index: int
    name: str
    file_name: str
    person: str | None
    tags: tuple[str, ...]
    score: float | None
    network: str
    created: datetime
    folder: Path
    kept: bool = False

    @property
    def is_doubtful(self) -> bool:
        """Whether it may be no face, and nobody has said that it is one."""
        return is_doubtful(self.score) and not self.kept


@dataclass(frozen=True)
class DeletionRecord:
    """A deletion that can still be undone, for `undo_s` from when it was made."""

    id: str
    faces: int
    undo_s: float


@dataclass(frozen=True)
class NewFace:
    """A face that a run has made and written to its folder, not yet in the library.

    then : work that follows on it, kinds with their options; it is queued when the face is in the library.
    """

    id: str
    index: int
    name: str
    score: float | None
    network: str
    kept: bool = False
    then: tuple[tuple[Kind, dict[str, Any]], ...] = ()
