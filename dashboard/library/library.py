"""The library: workspaces, their photos, runs and faces. Every call names its workspace and sees no other."""

import hashlib
import io
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Literal, cast

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

import core
from core.depth.catalog import BUILTIN, MODELS
from core.depth.weights import default_model, installed
from core.errors import OptionError
from core.files.catalog import depth_file
from core.names import readable
from core.options import Options, Printer, SolidOptions
from core.options.table import rows
from core.scan.formats import FIRST_BYTES, check_beginning
from dashboard.library import faces, postgres, schema, tallies
from dashboard.library.database import PATIENCE_S, open_database
from dashboard.library.decoder import Decoder, decoder_for
from dashboard.library.equality import equal_key
from dashboard.library.faces import Place
from dashboard.library.folders import Folders
from dashboard.library.journal import Journal
from dashboard.library.photos import store, store_scan
from dashboard.library.queries import (
    WAITING,
    forget_equality,
    is_whole,
    larger,
    lasting,
    newest,
    own,
    superseded,
    unfinished,
)
from dashboard.library.records import (
    COMPARING,
    FaceRecord,
    Kind,
    NotInLibraryError,
    PhotoRecord,
    QueueFullError,
    QuotaError,
    RunRecord,
    State,
)
from dashboard.settings import MB, Settings

__all__ = ["FaceRecord", "Library", "NotInLibraryError", "PhotoRecord", "QueueFullError", "RunRecord"]

ALIKE: tuple[Kind, ...] = ("surface", "head")  # of one face they are the same work, whoever asks
MOST_COMPARED = 8
UNDO_S = 10.0  # so long a deletion can be undone; then nothing of it is left


class Library:
    """All that pages and routes ask of the library. Safe to use from several threads and processes.

    Parameters
    ----------
    settings : Settings
    clock : seconds since 1970
    undo_s : how long a deletion can be undone
    patience_s : how long is waited for another process that writes
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.time, undo_s: float = UNDO_S,
        patience_s: float = PATIENCE_S,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.clock = clock
        self.undo_s = undo_s
        self.folders = Folders(settings)
        if settings.database_url:
            self.folders.take_database_of_server()
            self.engine = postgres.open_database(settings.database_url, patience_s)
            self.session: sessionmaker[Session] = postgres.OneWriter(self.engine, expire_on_commit=False)
        else:
            self.engine = open_database(self.folders.database, patience_s)
            self.session = sessionmaker(self.engine, expire_on_commit=False)
        self.journal = Journal(self.session, self.folders, self.clock, settings.decode_s)
        self.announce: Callable[[], None] = _nobody_waits  # called when a run begins to wait

    @property
    def decoder(self) -> Decoder:
        """What decodes photos: one for all libraries of this process that allow it the same."""
        return decoder_for(self.settings.decode_s, self.settings.decode_mb * MB)

    def close(self) -> None:
        """Close the connections to the database."""
        self.engine.dispose()

    # -- workspaces

    @staticmethod
    def new_workspace() -> str:
        """Return the id of a new workspace: 128 random bits, all that is needed to reach what is in it.

        It has a row from the first thing on that is put into it; who only looks leaves nothing.
        """
        return secrets.token_hex(16)

    def keep_workspace(self, session: Session, workspace: str) -> None:
        """Give the workspace its row, in the transaction that puts something into it."""
        has_row = select(schema.Workspace).filter_by(id=workspace).exists()
        row = select(literal(workspace), literal(self.clock())).where(~has_row)
        session.execute(insert(schema.Workspace).from_select(["id", "created"], row))

    def version(self, workspace: str) -> str:
        """Return a text that differs once a run's state or a face of the workspace does, but not for progress alone.

        Pages ask it again and again: it reads what waits, and of all else indexes alone.
        """
        run, face = schema.Run, schema.Face
        its_runs, its_faces = run.workspace_id == workspace, face.workspace_id == workspace
        waiting = select(run.id, run.state).where(its_runs, run.state.in_(WAITING)).order_by(run.id)
        over = select(run.state, func.count(), func.max(run.ended)).where(its_runs).group_by(run.state)
        marks = select(func.count(), func.sum(face.mark)).where(its_faces)
        with self.session() as session:
            found = [
                [tuple(row) for row in session.execute(query)] for query in (waiting, over.order_by(run.state), marks)
            ]
        return hashlib.sha256(repr(found).encode()).hexdigest()[:16]

    # -- photos

    def add_photo(
        self,
        workspace: str,
        name: str,
        source: Path | bytes | IO[bytes],
        depth_map: "core.sensor.MapFile | None" = None,
    ) -> PhotoRecord:
        """Store a photo, upright and without metadata, and the depth that came with it.

        depth_map : one that was given by hand, as in `core.read_photo`. The same file under the same name, with the
        same map, is stored once; where an earlier version stored it without the depth in it, it has that from now on.

        Raises
        ------
        PhotoError
            The file is no picture, or over a limit, of the time and memory that it takes, too.
        BusyError
            Too many others come in.
        StorageError
            The disk is full.
        """
        self._check_space(workspace)
        return store(self, workspace, readable(name), source, depth_map)

    def add_scan(self, workspace: str, name: str, file: IO[bytes]) -> PhotoRecord:
        """Store a scan as it is; the worker reads it, and says then what is wrong with it.

        name : ends as that of a scan does. The same file under the same name is stored once.

        Raises
        ------
        PhotoError
            It is over the limit, or its first bytes show that it is no scan.
        StorageError
            The disk is full.
        """
        name = readable(name)
        self.settings.scan_limits.check_size(name, file.seek(0, io.SEEK_END))
        file.seek(0)
        check_beginning(file.read(FIRST_BYTES), name)
        self._check_space(workspace)
        return store_scan(self, workspace, name, file)

    def photo(self, workspace: str, photo_id: str) -> PhotoRecord | None:
        """Return the photo, or None where this workspace has none of that id."""
        with self.session() as session:
            row = own(session, schema.Photo, workspace, photo_id)
            return row.record() if row else None

    def photos(self, workspace: str) -> list[PhotoRecord]:
        """All photos, newest first."""
        with self.session() as session:
            return [row.record() for row in session.scalars(newest(schema.Photo, workspace))]

    def photo_path(self, workspace: str, photo_id: str) -> Path | None:
        """Path of the upright PNG."""
        return self.folders.photo(photo_id) / "photo.png" if self.photo(workspace, photo_id) else None

    def thumbnail_path(self, workspace: str, photo_id: str) -> Path | None:
        """Path of the small JPEG."""
        return self.folders.photo(photo_id) / "thumbnail.jpg" if self.photo(workspace, photo_id) else None

    # -- runs

    def start_run(self, workspace: str, photo_id: str, options: Options) -> RunRecord:
        """Queue a photo, or return the run that already has, or will have, the same result.

        Raises
        ------
        NotInLibraryError, QueueFullError, StorageError
        """
        photo = self.photo(workspace, photo_id)
        if photo is None:
            raise NotInLibraryError("This photo is not in your library; it may have been deleted.")
        wanted, weights = options.to_dict(), self.settings.weights_folder
        if wanted.get("model") == "auto":
            wanted["model"] = default_model(weights)  # settled now, so that new weights give a new result
        if not photo.is_scan and "unit" in wanted:
            wanted["unit"] = rows(Options)["unit"].default  # it says nothing of a photo, which is then the same work
        here = installed(weights).get(wanted["model"])
        made_of = here.record.sha256 if here and here.record else ""
        # a scan's depth lies beside it from its first run on, and is its own at the first, too
        has_depth = not photo.is_scan and self.folders.sensor_path(photo.id).is_file()
        came = ["with its depth"] if has_depth else []
        of = [photo.sha256, photo.name, made_of, *came]
        return self._queue(workspace, "reconstruct", wanted, photo_id=photo.id, of=of)

    def start_solid(
        self, workspace: str, face_id: str, options: SolidOptions, printer: Printer | None = None
    ) -> RunRecord:
        """Queue the making of a face's solid anew, checked for a printer; it replaces the one there is.

        Raises
        ------
        NotInLibraryError, QueueFullError, StorageError
        """
        face = self.face(workspace, face_id)
        if face is None:
            raise NotInLibraryError("This face is not in your library; it may have been deleted.")
        asked = {**options.to_dict(), "printer": printer.to_dict() if printer else None}
        return self._queue(workspace, "solid", asked, face_id=face.id, of=None)

    def start_head(self, workspace: str, face_id: str) -> RunRecord:
        """Queue the making of a face's whole head, or return the run that makes it now.

        Raises
        ------
        NotInLibraryError, QueueFullError, StorageError
        """
        run = self.hasten(workspace, face_id, "head")
        assert run is not None  # only of a solid there may be none
        return run

    def start_recompute(self, workspace: str, face_id: str, changes: Any) -> RunRecord:
        """Queue a face to be computed anew, in its place, with some of `core.options.run.CHANGEABLE` changed.

        Raises
        ------
        FormatError, NotInLibraryError, OptionError, QueueFullError, StorageError
        """
        face = self.face(workspace, face_id)
        if face is None:
            raise NotInLibraryError("This face is not in your library; it may have been deleted.")
        core.recompute.changed(core.files.read_facts(face.folder).options, changes)  # a wrong one is said at once
        run = self._queue(workspace, "recompute", changes, face_id=face.id, of=None)
        with self.session.begin() as session:
            forget_equality(session, face.run_id)  # its photo, asked for as before, is no longer this face
        return run

    def start_comparison(
        self, workspace: str, face_ids: Sequence[str], reference: str, *, with_scale: bool = False,
        heads: bool = False, neutral: bool = False,
    ) -> RunRecord:  # fmt: skip
        """Queue the comparison of two to eight faces, each registered to the reference, or return the equal one.

        heads : of their heads, point by point; neutral : with expression taken out, which only they can have.
        The same faces in another order are the same question; its files keep the order in which it was asked first.

        Raises
        ------
        NotInLibraryError, OptionError, QueueFullError, StorageError
        """
        if not 2 <= len(set(face_ids)) == len(face_ids) <= MOST_COMPARED:
            raise OptionError(f"{len(face_ids)} faces were named; name 2 to {MOST_COMPARED} different ones to compare.")
        if reference not in face_ids:
            raise OptionError("The reference is none of the faces that are compared; name one of them.")
        if neutral and not heads:
            raise OptionError("Expression is taken out of heads alone: ask for 'heads', too.")
        found = self.faces(workspace, face_ids)
        if len(found) < len(face_ids):
            raise NotInLibraryError("A face of this comparison is not in your library; it may have been deleted.")
        options = {"faces": list(face_ids), "reference": reference, "with_scale": with_scale}
        kind: Kind = "heads" if heads else "compare"
        if heads:
            options["neutral"] = neutral
        return self._queue(workspace, kind, options, of=sorted(map(_state, found)), compared=face_ids)

    def comparison(self, workspace: str, run_id: str) -> Path | None:
        """Folder of a comparison that is done; None where this workspace has none of that id."""
        done = [run for run in self.runs(workspace, [run_id]) if run.kind in COMPARING and run.state == "done"]
        return self.folders.comparison(run_id) if done else None

    def start_download(self, workspace: str, name: str) -> RunRecord:
        """Queue the download of a network's weights.

        Raises
        ------
        OptionError
            There is no such network, or nothing to fetch for it.
        QueueFullError, StorageError
        """
        if name not in MODELS or name == BUILTIN:
            names = ", ".join(one for one in MODELS if one != BUILTIN)
            raise OptionError(f"There are no weights to fetch of a network '{readable(name)}'. Choose from: {names}.")
        return self._queue(workspace, "download", {"name": name}, of=None)

    def _queue(
        self, workspace: str, kind: Kind, options: dict[str, Any], *, of: Sequence[str] | None,
        photo_id: str | None = None, face_id: str | None = None, compared: Sequence[str] = (),
    ) -> RunRecord:  # fmt: skip
        """Queue work, or return the equal run that waits, works or is done.

        of : what the result depends on beside the options. None for work that is never shared, because its result
        replaces what was there: earlier work of its kind on the same face (or weights) is stopped and forgotten.
        """
        self._check_space(workspace)
        in_any_order = {"faces": sorted(options["faces"])} if kind in COMPARING else {}
        key = secrets.token_hex(16) if of is None else equal_key(kind, of, {**options, **in_any_order})
        try:
            with self.session.begin() as session:
                self.keep_workspace(session, workspace)  # first of all: from here on no other request writes
                equal = lasting(session, workspace, key)
                if equal is not None and is_whole(equal):
                    return equal.record()
                if equal is not None:  # a face of it was deleted: it is made again
                    forget_equality(session, equal.id)
                if of is None:
                    same = session.scalar(unfinished(workspace, kind, face_id)) if kind in ALIKE else None
                    if same is not None:  # another request queued it a moment ago
                        same.asked = True
                        return same.record()
                    session.execute(superseded(workspace, kind, face_id, options))
                self._check_room(session, workspace)
                row = schema.Run(
                    id=secrets.token_hex(16), workspace_id=workspace, kind=kind, photo_id=photo_id, face_id=face_id,
                    options=options, equal_key=key, stage="Waiting", created=self.clock(), state="queued", progress=0.0,
                )  # fmt: skip
                session.add(row)
                session.flush()
                session.add_all(schema.Compared(run_id=row.id, face_id=compared_id) for compared_id in compared)
                queued = row.record()
        except IntegrityError:  # the same was asked for at the same moment, or what it is about was deleted
            with self.session() as session:
                equal = lasting(session, workspace, key)
                if equal is None:
                    raise NotInLibraryError("What this work is about was deleted just now.") from None
                return equal.record()
        self.announce()
        return queued

    def photos_wait(self, count: int, most_pixels: int | None = None) -> bool:
        """Whether at least so many photos wait, of whatever workspace; `most_pixels`: which have no more than these."""
        query = select(schema.Run.id).filter_by(state="queued", kind="reconstruct").limit(count)
        if most_pixels is not None:
            query = query.where(schema.Run.photo_id.not_in(larger(most_pixels)))
        with self.session() as session:
            return len(session.scalars(query).all()) >= count

    def hasten(self, workspace: str, face_id: str, kind: Literal["surface", "solid", "head"]) -> RunRecord | None:
        """Return the run that makes a face's surface, solid or head; somebody waits for it, so it goes before others.

        One that failed or was cancelled is returned as it is; a head is tried again. Where there is none it is queued,
        by the face's options; None where they say that there shall be no solid.

        Raises
        ------
        FormatError, NotInLibraryError, QueueFullError, StorageError
        """
        of_face = select(schema.Run).filter_by(workspace_id=workspace, face_id=face_id, kind=kind)
        with self.session.begin() as session:
            run = session.scalar(of_face.order_by(schema.Run.created.desc()).limit(1))
            if run is not None and run.state != "done" and kind != "head":
                run.asked = True
                return run.record()
        face = self.face(workspace, face_id)
        if face is None:
            raise NotInLibraryError("This face is not in your library; it may have been deleted.")
        if kind != "solid":
            return self._queue(workspace, kind, {}, face_id=face_id, of=None)
        asked = core.files.read_facts(face.folder).options.solid_options()
        return None if asked is None else self.start_solid(workspace, face_id, asked)

    def _check_space(self, workspace: str) -> None:
        """Refuse new work where the disk is nearly full, or the workspace's files take what they may."""
        self.folders.check_free()
        limit = self.settings.quota_mb
        if limit and self.size_bytes(workspace) >= limit * MB:
            raise QuotaError(f"Your files take {limit} MB, which is all that they may. Delete some, and go on.")

    def _check_room(self, session: Session, workspace: str) -> None:
        waiting = select(func.count()).select_from(schema.Run).where(schema.Run.state.in_(WAITING), schema.Run.asked)
        for count, limit in (
            (waiting.where(schema.Run.workspace_id == workspace), self.settings.max_queue),
            (waiting, self.settings.max_queue_total),
        ):
            if (session.scalar(count) or 0) >= limit:
                raise QueueFullError(f"{limit} runs wait already; no more are taken until some are done.")

    def runs(
        self, workspace: str, ids: Sequence[str] | None = None, *, kind: Kind | None = None,
        photo_id: str | None = None, states: Sequence[State] | None = None, most: int | None = None,
    ) -> list[RunRecord]:  # fmt: skip
        """Return the runs that fit all that is given, newest first; with `ids` those that exist, in their order.

        most : how many at the most.
        """
        query = newest(schema.Run, workspace).limit(most)
        if ids is not None:
            query = query.where(schema.Run.id.in_(ids))
        if states is not None:
            query = query.where(schema.Run.state.in_(states))
        if kind is not None:
            query = query.where(schema.Run.kind == kind)
        if photo_id is not None:
            query = query.where(schema.Run.photo_id == photo_id)
        with self.session() as session:
            found = [row.record() for row in session.scalars(query)]
        if ids is None:
            return found
        by_id = {run.id: run for run in found}
        return [by_id[run_id] for run_id in ids if run_id in by_id]

    def cancel(self, workspace: str, run_id: str) -> RunRecord:
        """Stop a run; one that is over stays as it is. The worker notices at its next report of progress.

        Raises
        ------
        NotInLibraryError
        """
        with self.session.begin() as session:
            kind = session.scalar(
                update(schema.Run)
                .where(schema.Run.id == run_id, schema.Run.workspace_id == workspace, schema.Run.state.in_(WAITING))
                .values(state="cancelled", stage="Cancelled", ended=self.clock(), owner=None, lease_until=None)
                .returning(schema.Run.kind)
            )
            if kind is not None:
                tallies.add(session, "ended", kind, "cancelled")
        return self._run(workspace, run_id)

    def retry(self, workspace: str, run_id: str) -> RunRecord:
        """Queue a run that failed or was cancelled once more, under its own id.

        Raises
        ------
        NotInLibraryError
        """
        values = {"progress": 0.0, "error": None, "error_kind": None, "attempts": 0, "started": None, "ended": None}
        try:
            with self.session.begin() as session:
                session.execute(
                    update(schema.Run)
                    .where(schema.Run.id == run_id, schema.Run.workspace_id == workspace)
                    .where(schema.Run.state.in_(("failed", "cancelled")))
                    .values(state="queued", stage="Waiting", **values)
                )
        except IntegrityError:  # the same was started anew meanwhile
            with self.session() as session:
                key = session.scalar(select(schema.Run.equal_key).filter_by(id=run_id))
                equal = lasting(session, workspace, key or "")
                if equal is not None:
                    return equal.record()
        self.announce()
        return self._run(workspace, run_id)

    def _run(self, workspace: str, run_id: str) -> RunRecord:
        found = self.runs(workspace, [run_id])
        if not found:
            raise NotInLibraryError("This run is not in your library; it may have been deleted.")
        return found[0]

    # -- faces

    def faces(
        self, workspace: str, ids: Sequence[str] | None = None, *, photos: Sequence[str] | None = None,
        person: str | None = None, most: int | None = None, after: Place | None = None,
    ) -> list[FaceRecord]:  # fmt: skip
        """Faces, newest first, those of one photo left to right; with `ids` those that exist, in their order.

        photos, person : that they are of. most : how many at the most. after : those that follow this place.
        """
        with self.session() as session:
            return faces.read(
                session, self.folders.faces, workspace,
                ids=ids, photos=photos, person=person, most=most, after=after,
            )  # fmt: skip

    def place_of_face(self, face_id: str) -> Place | None:
        """Return the place of a face in the order of `faces`, from which on these can be asked for."""
        with self.session() as session:
            return faces.place(session, face_id)

    def count_faces(self, workspace: str) -> int:
        """How many faces there are."""
        with self.session() as session:
            return faces.count(session, workspace)

    def persons(self, workspace: str) -> list[str]:
        """The persons that faces are named after."""
        with self.session() as session:
            return faces.persons(session, workspace)

    def tags(self, workspace: str) -> list[str]:
        """The tags that are on faces."""
        with self.session() as session:
            return faces.tags(session, workspace)

    def keep_face(self, workspace: str, face_id: str) -> FaceRecord:
        """Note that a person says of a doubtful find that it is a face.

        Raises
        ------
        NotInLibraryError
        """
        with self.session.begin() as session:
            row = own(session, schema.Face, workspace, face_id)
            if row is None:
                raise NotInLibraryError("This face is not in your library; it may have been deleted.")
            row.kept = True
            return cast(FaceRecord, row.record(self.folders.faces))

    def face(self, workspace: str, face_id: str) -> FaceRecord | None:
        """Return the face, or None where this workspace has none of that id."""
        with self.session() as session:
            row = own(session, schema.Face, workspace, face_id)
            return row.record(self.folders.faces) if row else None

    def size_bytes(self, workspace: str) -> int:
        """How much all files of the workspace take on the disk."""
        places = [
            *(self.folders.photo(photo.id) for photo in self.photos(workspace)),
            *(face.folder for face in self.faces(workspace)),
            *(self.folders.comparison(run.id) for kind in COMPARING for run in self.runs(workspace, kind=kind)),
        ]
        return sum(self.folders.size_bytes(place) for place in places)

    def label(
        self, workspace: str, face_id: str, *,
        name: str | None = None, person: str | None = None, tags: Sequence[str] | None = None,
    ) -> FaceRecord:  # fmt: skip
        """Change what a face is called: what is None stays. An empty name is its file's again; an empty person is none.

        Raises
        ------
        NotInLibraryError
        OptionError
            A name, person or tag that is too long or cannot be shown; nothing is changed then.
        """
        with self.session.begin() as session:
            faces.label(session, workspace, face_id, name, person, tags)
        found = self.face(workspace, face_id)
        if found is None:
            raise NotInLibraryError("This face is not in your library; it may have been deleted.")
        return found

    def label_all(
        self, workspace: str, face_ids: Sequence[str], *, person: str | None = None, more_tags: Sequence[str] = ()
    ) -> None:
        """Put a person, unless that is None, and more tags on those of the faces that are there.

        Raises
        ------
        OptionError
            As of `label`; nothing is changed then.
        """
        with self.session.begin() as session:
            faces.label_all(session, workspace, face_ids, person, more_tags)


def _nobody_waits() -> None:
    """Workers look for themselves."""


def _state(face: FaceRecord) -> str:
    """Return what changes when a face is computed anew in its place, or named anew: comparisons hold its name."""
    file = depth_file(face.folder)
    return f"{face.id} {file.stat().st_mtime_ns if file.exists() else 0} {face.name}"
