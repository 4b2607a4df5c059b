"""Deletion of faces, photos and all: rows first, so that nothing points at a file that is gone; then their folders."""

from collections.abc import Sequence

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from dashboard.library import schema
from dashboard.library.library import WAITING, Library, forget_equality
from dashboard.library.records import NotInLibraryError


def delete_face(library: Library, workspace: str, face_id: str) -> None:
    """Delete a face; with the last face of a photo the photo goes too, unless work on it waits.

    Raises
    ------
    NotInLibraryError
    """
    with library.session.begin() as session:
        row = session.scalar(select(schema.Face).filter_by(id=face_id, workspace_id=workspace))
        if row is None:
            raise NotInLibraryError("This face is not in your library; it may have been deleted.")
        photo_id, run_id = row.photo_id, row.run_id
        compared = _delete_comparisons(session, [face_id])
        session.delete(row)
        session.flush()
        if _any(session, select(schema.Face.id).filter_by(run_id=run_id)):
            forget_equality(session, run_id)  # so that the face is made again when its photo comes again
        else:
            session.execute(delete(schema.Run).filter_by(id=run_id))
        # runs that failed or were cancelled keep no photo
        photo_is_left = _any(session, select(schema.Face.id).filter_by(photo_id=photo_id)) or _any(
            session, select(schema.Run.id).filter_by(photo_id=photo_id).where(schema.Run.state.in_(WAITING))
        )
        if not photo_is_left:
            session.execute(delete(schema.Photo).filter_by(id=photo_id))  # and its runs with it
        gone = [library.folders.face(face_id), *map(library.folders.comparison, compared)]
        if not photo_is_left:
            gone.append(library.folders.photo(photo_id))
        library.journal.doom(session, gone)
    library.journal.remove(gone)


def delete_photo(library: Library, workspace: str, photo_id: str) -> None:
    """Delete a photo and all that was made from it.

    Raises
    ------
    NotInLibraryError
    """
    if library.photo(workspace, photo_id) is None:
        raise NotInLibraryError("This photo is not in your library; it may have been deleted.")
    delete_photos(library, select(schema.Photo.id).filter_by(id=photo_id))


def delete_all(library: Library, workspace: str) -> None:
    """Delete everything in the workspace; the workspace itself stays, empty."""
    delete_photos(library, select(schema.Photo.id).filter_by(workspace_id=workspace))
    with library.session.begin() as session:
        session.execute(delete(schema.Run).filter_by(workspace_id=workspace))


def delete_photos(library: Library, query: Select[str]) -> None:
    """Delete the photos whose ids the query gives, of whatever workspace, and all that was made from them."""
    with library.session.begin() as session:
        photos = list(session.scalars(query))
        faces = list(session.scalars(select(schema.Face.id).where(schema.Face.photo_id.in_(photos))))
        compared = _delete_comparisons(session, faces)
        session.execute(delete(schema.Photo).where(schema.Photo.id.in_(photos)))  # runs and faces go with it
        folders = library.folders
        gone = [*map(folders.comparison, compared), *map(folders.face, faces), *map(folders.photo, photos)]
        library.journal.doom(session, gone)
    library.journal.remove(gone)


def _any(session: Session, query: Select[str]) -> bool:
    return session.scalar(query.limit(1)) is not None


def _delete_comparisons(session: Session, face_ids: Sequence[str]) -> list[str]:
    """Delete the runs that compare any of the faces; return their ids."""
    which = select(schema.Compared.run_id).where(schema.Compared.face_id.in_(face_ids)).distinct()
    found = list(session.scalars(which))
    session.execute(delete(schema.Run).where(schema.Run.id.in_(found)))
    return found
