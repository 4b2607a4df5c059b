"""Deletion of faces, photos and all, which can be undone for a while; then rows go first, and folders after them.

What is deleted is handed to a workspace of nobody at once, so that nobody reaches it: see `decisions/undo.md`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Select, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from dashboard.library import room, schema
from dashboard.library.library import Library
from dashboard.library.queries import WAITING, forget_equality
from dashboard.library.records import COMPARING, DeletionRecord, NotInLibraryError
from dashboard.library.room import in_room

STOPPED = "Stopped, as it was deleted"  # the stage of runs that go on when the deletion is undone


@in_room
def delete_faces(library: Library, workspace: str, face_ids: Sequence[str]) -> DeletionRecord:
    """Delete faces; with the last face of a photo the photo goes too, unless work on it waits.

    Raises
    ------
    NotInLibraryError
        One of them is not there; nothing is deleted then.
    """
    with library.session.begin() as session:
        nobody = _nobody(library, session)
        _hand_over(session, schema.Face, workspace, nobody, schema.Face.id.in_(face_ids))
        if session.scalar(_count(schema.Face, nobody)) != len(set(face_ids)):
            raise NotInLibraryError("This face is not in your library; it may have been deleted.")
        faces = select(schema.Face.photo_id).filter_by(workspace_id=nobody)
        # runs that failed or were cancelled keep no photo
        has_work = exists().where(schema.Run.photo_id == schema.Photo.id, schema.Run.state.in_(WAITING))
        has_faces = exists().where(schema.Face.photo_id == schema.Photo.id, schema.Face.workspace_id == workspace)
        _hand_over(session, schema.Photo, workspace, nobody, schema.Photo.id.in_(faces), ~has_work, ~has_faces)
        return _end(library, session, workspace, nobody)


@in_room
def delete_photo(library: Library, workspace: str, photo_id: str) -> DeletionRecord:
    """Delete a photo and all that was made from it.

    Raises
    ------
    NotInLibraryError
    """
    with library.session.begin() as session:
        nobody = _nobody(library, session)
        _hand_over(session, schema.Photo, workspace, nobody, schema.Photo.id == photo_id)
        if not session.scalar(_count(schema.Photo, nobody)):
            raise NotInLibraryError("This photo is not in your library; it may have been deleted.")
        _hand_over(session, schema.Face, workspace, nobody, schema.Face.photo_id == photo_id)
        return _end(library, session, workspace, nobody)


@in_room
def delete_all(library: Library, workspace: str) -> DeletionRecord | None:
    """Delete everything in the workspace, which itself stays, empty; None where it was empty before."""
    with library.session.begin() as session:
        if not any(session.scalar(_count(table, workspace)) for table in (schema.Photo, schema.Run)):
            return None
        nobody = _nobody(library, session)
        for table in (schema.Photo, schema.Face, schema.Run):
            _hand_over(session, table, workspace, nobody)
        return _end(library, session, workspace, nobody)


def _nobody(library: Library, session: Session) -> str:
    """Make a workspace that no browser has the cookie of."""
    row = schema.Workspace(id=library.new_workspace(), created=library.clock())
    session.add(row)
    session.flush()
    return row.id


def _end(library: Library, session: Session, workspace: str, nobody: str) -> DeletionRecord:
    """Hand over the runs of what was handed over, stop them, and note when all of it goes."""
    photos, faces = (select(table.id).filter_by(workspace_id=nobody) for table in (schema.Photo, schema.Face))
    compared = select(schema.Compared.run_id).where(schema.Compared.face_id.in_(faces))
    made = select(schema.Face.run_id).filter_by(workspace_id=nobody)
    has_faces = exists().where(schema.Face.run_id == schema.Run.id, schema.Face.workspace_id == workspace)
    of_photos, of_faces = schema.Run.photo_id.in_(photos), schema.Run.face_id.in_(faces)
    made_them = schema.Run.id.in_(made) & ~has_faces
    _hand_over(session, schema.Run, workspace, nobody, or_(of_photos, of_faces, made_them, schema.Run.id.in_(compared)))
    session.execute(
        update(schema.Run)
        .where(schema.Run.workspace_id == nobody, schema.Run.state.in_(WAITING))
        .values(state="cancelled", stage=STOPPED, ended=library.clock(), owner=None, lease_until=None)
    )
    session.add(schema.Deletion(id=nobody, workspace_id=workspace, due=library.clock() + library.undo_s))
    return DeletionRecord(nobody, session.scalar(_count(schema.Face, nobody)) or 0, library.undo_s)


def undo(library: Library, workspace: str, deletion_id: str) -> None:
    """Bring back what was deleted; work on it that was stopped waits again.

    Raises
    ------
    NotInLibraryError
        It is gone for good, or was brought back before.
    """
    gone: list[Path] = []
    with library.session.begin() as session:
        own, in_time = schema.Deletion.workspace_id == workspace, schema.Deletion.due > library.clock()
        if not _is_taken(session, deletion_id, own, in_time):
            raise NotInLibraryError(
                f"This cannot be undone any more: what is deleted is gone for good after {library.undo_s:g} s."
            )
        _hand_over(session, schema.Face, deletion_id, workspace)
        gone += map(library.folders.photo, _bring_back_photos(session, workspace, deletion_id))
        _bring_back_runs(session, workspace, deletion_id)
        session.execute(delete(schema.Workspace).filter_by(id=deletion_id))
        library.journal.doom(session, gone)
    library.journal.remove(gone)


def _bring_back_photos(session: Session, workspace: str, deletion_id: str) -> list[str]:
    """Bring back photos; return the ids of those whose place was taken by the same photo, which came again."""
    rows, joined = _missing(session, schema.Photo, schema.Face.photo_id, workspace, deletion_id), []
    photo = schema.Photo
    there = session.execute(select(photo.sha256, photo.name, photo.id).where(photo.workspace_id == workspace))
    twins = {(sha256, name): photo_id for sha256, name, photo_id in there}
    for row in rows:
        twin = twins.setdefault((row.sha256, row.name), row.id)
        if twin == row.id:
            row.workspace_id = workspace
            continue
        for table in (schema.Run, schema.Face):
            session.execute(update(table).where(table.photo_id == row.id).values(photo_id=twin))
        session.delete(row)
        joined.append(row.id)
    session.flush()
    return joined


def _bring_back_runs(session: Session, workspace: str, deletion_id: str) -> None:
    runs = _missing(session, schema.Run, schema.Face.run_id, workspace, deletion_id)
    its_own = select(schema.Run.equal_key).where(schema.Run.workspace_id == workspace)
    taken = set(session.scalars(its_own.where(schema.LASTING)))
    for run in runs:  # there may be thousands: what is asked of the database for each is asked of few
        still_deleted = _still_deleted(session, workspace, run) if run.kind in COMPARING else None
        if still_deleted is not None:  # it compares a face of another deletion, with which it comes back or goes
            run.workspace_id = still_deleted
            continue
        if run.equal_key in taken:  # the same was asked for meanwhile
            forget_equality(session, run.id)
        if run.stage == STOPPED:
            run.state, run.stage, run.progress, run.started, run.ended = "queued", "Waiting", 0.0, None, None
        run.workspace_id = workspace
        if run.state not in ("failed", "cancelled"):
            taken.add(run.equal_key)
    session.flush()


def _still_deleted(session: Session, workspace: str, comparison: schema.Run) -> str | None:
    """Return the deletion of a face that it compares, if there is one."""
    others = (
        select(schema.Face.workspace_id)
        .join(schema.Compared, schema.Compared.face_id == schema.Face.id)
        .where(schema.Compared.run_id == comparison.id, schema.Face.workspace_id != workspace)
    )
    return session.scalar(others.limit(1))


def _missing(session: Session, table: Any, column: Any, workspace: str, deletion_id: str) -> list[Any]:
    """Rows of a deletion, and those that faces of the workspace rest on, which may be in another deletion."""
    rested_on = select(column).where(schema.Face.workspace_id == workspace)
    of_it = or_(table.workspace_id == deletion_id, table.id.in_(rested_on))
    return list(session.scalars(select(table).where(table.workspace_id != workspace, of_it)))


def carry_out_due(library: Library) -> None:
    """Delete for good what can no longer be undone, also where the clock was set back."""
    now = library.clock()
    is_due = or_(schema.Deletion.due <= now, schema.Deletion.due > now + library.undo_s)
    with library.session() as session:
        due = list(session.scalars(select(schema.Deletion.id).where(is_due).order_by(schema.Deletion.due)))
    for deletion_id in due:
        carry_out(library, deletion_id)
    if due:
        room.keep(library.folders.root, library.folders.database)


@in_room
def carry_out(library: Library, deletion_id: str) -> None:
    """Delete for good; does nothing where that is done, or was undone."""
    with library.session.begin() as session:
        if not _is_taken(session, deletion_id):
            return
        photos = list(session.scalars(select(schema.Photo.id).filter_by(workspace_id=deletion_id)))
        faces = list(session.scalars(select(schema.Face).filter_by(workspace_id=deletion_id)))
        comparing = schema.Run.kind.in_(COMPARING)
        compared = list(session.scalars(select(schema.Run.id).where(schema.Run.workspace_id == deletion_id, comparing)))
        gone = [*_delete(library, session, photos, [face.id for face in faces])]
        gone += map(library.folders.comparison, compared)
        for run_id in {face.run_id for face in faces}:  # other faces of its photo may be left
            forget_equality(session, run_id)  # so that these are made again when their photo comes again
        session.execute(delete(schema.Workspace).filter_by(id=deletion_id))  # and what it owns with it
        library.journal.doom(session, gone)
    library.journal.remove(gone)


@in_room
def delete_photos(library: Library, query: Select[str]) -> None:
    """Delete the photos whose ids the query gives, of whatever workspace, and all made from them, for good."""
    with library.session.begin() as session:
        gone = _delete(library, session, list(session.scalars(query)), [])
        library.journal.doom(session, gone)
    library.journal.remove(gone)


def _delete(library: Library, session: Session, photos: Sequence[str], faces: Sequence[str]) -> list[Path]:
    """Delete rows of photos, of faces and of all made from them; return their folders."""
    of_photos = session.scalars(select(schema.Face.id).where(schema.Face.photo_id.in_(photos)))
    all_faces = {*faces, *of_photos}
    which = select(schema.Compared.run_id).where(schema.Compared.face_id.in_(all_faces)).distinct()
    compared = list(session.scalars(which))
    session.execute(delete(schema.Run).where(schema.Run.id.in_(compared)))
    session.execute(delete(schema.Face).where(schema.Face.id.in_(all_faces)))
    session.execute(delete(schema.Photo).where(schema.Photo.id.in_(photos)))  # its runs go with it
    folders = library.folders
    return [*map(folders.comparison, compared), *map(folders.face, all_faces), *map(folders.photo, photos)]


def _is_taken(session: Session, deletion_id: str, *which: Any) -> bool:
    """Take the note of a deletion away; False where there is none. Of two that try, one finds it."""
    note = delete(schema.Deletion).where(schema.Deletion.id == deletion_id, *which)
    return session.scalar(note.returning(schema.Deletion.id)) is not None


def _hand_over(session: Session, table: Any, giver: str, taker: str, *which: Any) -> None:
    session.execute(update(table).where(table.workspace_id == giver, *which).values(workspace_id=taker))


def _count(table: Any, workspace: str) -> Select[int]:
    return select(func.count()).select_from(table).where(table.workspace_id == workspace)
