"""What is asked of the tables in more than one place: rows of a workspace, work that is equal or supersedes other."""

import secrets
from typing import Any

from sqlalchemy import Delete, Select, delete, exists, select, update
from sqlalchemy.orm import Session, aliased

from dashboard.library import schema
from dashboard.library.records import Kind

WAITING = ("queued", "running")


def forget_equality(session: Session, run_id: str) -> None:
    """See to it that a run is not returned for equal work any more: its result is not what it was."""
    session.execute(update(schema.Run).where(schema.Run.id == run_id).values(equal_key=secrets.token_hex(16)))


def is_whole(run: schema.Run) -> bool:
    """Whether none of its faces was deleted a moment ago."""
    return all(face.workspace_id == run.workspace_id for face in run.faces)


def lasting(session: Session, workspace: str, key: str) -> schema.Run | None:
    """Return the run of this key that waits, works or is done, if there is one."""
    return session.scalar(select(schema.Run).filter_by(workspace_id=workspace, equal_key=key).where(schema.LASTING))


def larger(pixels: int) -> Select[Any]:
    """Ids of the photos of more pixels."""
    return select(schema.Photo.id).where(schema.Photo.width * schema.Photo.height > pixels)


def superseded(workspace: str, kind: Kind, face_id: str | None, options: dict[str, Any]) -> Delete:
    """Delete the earlier work of a kind on the same face, or on the same weights."""
    query = delete(schema.Run).where(schema.Run.workspace_id == workspace, schema.Run.kind == kind)
    if face_id is not None:
        return query.where(schema.Run.face_id == face_id)
    return query.where(schema.Run.options["name"].as_string() == options["name"])


def unfinished(workspace: str, kind: Kind, face_id: str | None) -> Any:
    """Runs of a kind on a face that wait or work, unless the face is to be computed anew after them."""
    run, other = schema.Run, aliased(schema.Run)
    anew = exists().where(
        other.face_id == face_id, other.kind == "recompute", other.state.in_(WAITING), other.created > run.created
    )
    return (
        select(run).filter_by(workspace_id=workspace, kind=kind, face_id=face_id).where(run.state.in_(WAITING), ~anew)
    )


def newest(table: Any, workspace: str) -> Any:
    """Rows of a workspace, newest first."""
    return select(table).filter_by(workspace_id=workspace).order_by(table.created.desc(), table.id)


def own(session: Session, table: Any, workspace: str, row_id: str) -> Any:
    """Return the row of that id, or None where it is not the workspace's."""
    return session.scalar(select(table).filter_by(id=row_id, workspace_id=workspace))
