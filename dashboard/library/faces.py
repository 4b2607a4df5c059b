"""The faces of a workspace, read and named many at a time: plain rows, because a library may hold thousands."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.orm import Session

from dashboard.library.labels import LONGEST_NAME, line_of, tags_of
from dashboard.library.queries import own
from dashboard.library.records import FaceRecord, NotInLibraryError
from dashboard.library.schema import Face, Tag, new_mark, time_of

MOST_NAMED = 500  # ids in one question; beyond that all faces are read

Place = tuple[float, str, int]
"""When a face was made, its run, and its number there: its place in the order in which faces are listed."""
COLUMNS = (
    Face.id, Face.workspace_id, Face.run_id, Face.photo_id, Face.index.label("place"), Face.title, Face.name,
    Face.person, Face.score, Face.network, Face.created, Face.kept,
)  # fmt: skip


def read(
    session: Session, folder: Path, workspace: str, *,
    ids: Sequence[str] | None = None, photos: Sequence[str] | None = None, person: str | None = None,
    most: int | None = None, after: Place | None = None,
) -> list[FaceRecord]:  # fmt: skip
    """Return the faces that fit all that is given, newest first, those of one photo left to right.

    folder : of all faces. ids : then those that exist are returned in this order. after : those that follow this place.
    """
    query = select(*COLUMNS).where(Face.workspace_id == workspace)
    if ids is None and photos is None:
        query = query.limit(most)
    if ids is not None and len(ids) <= MOST_NAMED:
        query = query.where(Face.id.in_(ids))
    if photos is not None and len(photos) <= MOST_NAMED:
        query = query.where(Face.photo_id.in_(photos))
    if person is not None:
        query = query.where(Face.person == person)
    if after is not None:
        created, run, index = after
        beside = and_(Face.run_id == run, Face.index > index)
        query = query.where(or_(Face.created < created, and_(Face.created == created, or_(Face.run_id > run, beside))))
    rows = session.execute(query.order_by(Face.created.desc(), Face.run_id, Face.index)).all()
    tags = _tags(session, workspace, [row.id for row in rows])
    found = [
        FaceRecord(
            id=row.id, workspace_id=row.workspace_id, run_id=row.run_id, photo_id=row.photo_id, index=row.place,
            name=row.title or row.name, file_name=row.name, person=row.person, tags=tags.get(row.id, ()),
            score=row.score, network=row.network, created=time_of(row.created), folder=folder / row.id, kept=row.kept,
        )
        for row in rows
    ]  # fmt: skip
    if photos is not None:
        wanted = set(photos)
        found = [face for face in found if face.photo_id in wanted]
    if ids is not None:
        by_id = {face.id: face for face in found}
        found = [by_id[face_id] for face_id in ids if face_id in by_id]
    return found[:most]


def place(session: Session, face_id: str) -> Place | None:
    """Return the place of a face; its time to the last bit, which that of a `FaceRecord` is not."""
    row = session.execute(
        select(Face.created, Face.run_id, Face.index.label("number")).where(Face.id == face_id)
    ).first()
    return None if row is None else (row.created, row.run_id, row.number)


def _tags(session: Session, workspace: str, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the tags of faces by their ids, in order."""
    query: Any = select(Tag.face_id, Tag.tag).order_by(Tag.face_id, Tag.tag)
    if len(ids) <= MOST_NAMED:
        query = query.where(Tag.face_id.in_(ids))
    else:
        query = query.join(Face, Face.id == Tag.face_id).where(Face.workspace_id == workspace)
    rows = session.execute(query).all()
    return {face_id: tuple(tag for _, tag in of_face) for face_id, of_face in groupby(rows, key=itemgetter(0))}


def count(session: Session, workspace: str) -> int:
    """Return how many there are."""
    return session.scalar(select(func.count()).select_from(Face).where(Face.workspace_id == workspace)) or 0


def persons(session: Session, workspace: str) -> list[str]:
    """Return the persons that are named, by name."""
    query = select(Face.person).where(Face.workspace_id == workspace, Face.person.is_not(None)).distinct()
    return sorted(person for person in session.scalars(query) if person)


def tags(session: Session, workspace: str) -> list[str]:
    """Return the tags that are on faces, by name."""
    query = select(Tag.tag).join(Face, Face.id == Tag.face_id).where(Face.workspace_id == workspace).distinct()
    return sorted(session.scalars(query))


def label(
    session: Session, workspace: str, face_id: str, name: str | None, person: str | None, tags: Sequence[str] | None
) -> None:
    """Change what a face is called; what is None stays.

    Raises
    ------
    NotInLibraryError, OptionError
    """
    row = own(session, Face, workspace, face_id)
    if row is None:
        raise NotInLibraryError("This face is not in your library; it may have been deleted.")
    if name is not None:
        row.title = line_of(name, "name", LONGEST_NAME)
    if person is not None:
        row.person = line_of(person, "name of a person", LONGEST_NAME)
    if tags is not None:
        wanted = tags_of(tags)
        row.mark = new_mark()
        session.execute(delete(Tag).filter_by(face_id=face_id))
        session.add_all(Tag(face_id=face_id, tag=tag) for tag in wanted)


def label_all(
    session: Session, workspace: str, ids: Sequence[str], person: str | None, more_tags: Sequence[str]
) -> None:
    """Put a person and more tags on those of the faces that are there; an error in it leaves all as they were.

    person : None leaves each its own.

    Raises
    ------
    OptionError
    """
    named = None if person is None else line_of(person, "name of a person", LONGEST_NAME)
    wanted = set(ids)
    rows = [row for row in session.scalars(select(Face).filter_by(workspace_id=workspace)) if row.id in wanted]
    for row in rows:
        if person is not None:
            row.person = named
        before = {tag.tag for tag in row.tags}
        added = [tag for tag in tags_of([*sorted(before), *more_tags]) if tag not in before]
        if added:
            row.mark = new_mark()
            session.add_all(Tag(face_id=row.id, tag=tag) for tag in added)
