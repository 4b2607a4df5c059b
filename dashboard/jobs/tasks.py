"""What the worker does for each kind of run, by the functions of `core` that the command line calls too."""

import logging
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import core
from core import environment
from core.errors import Cancelled
from core.files.catalog import FILES, coming, is_compact
from core.options import Options, Printer, SolidOptions
from core.options.run import ScanUnit
from core.progress import Progress, ignore, part_of
from dashboard import readings
from dashboard.jobs.worker import Work
from dashboard.library.library import Library
from dashboard.library.records import Kind, NewFace, PhotoRecord, RunRecord
from dashboard.settings import MB

log = logging.getLogger("lifemask.worker")

SURFACE_NAMES = frozenset(file.name for file in FILES.values() if file.subject == "surface")

COMPUTED = 0.7  # share of the time that goes into the reconstruction; the rest writes all files
READ_SCAN = 0.4  # share of the time that a scan takes to be read, where it is
COMPUTED_DEPTH = 0.85  # the same where depth alone is written


def make_works(library: Library) -> Mapping[Kind, Work]:
    """Return the work of each kind; called in the worker process."""
    tasks = Tasks(library)
    tasks.warm()
    return {
        "reconstruct": tasks.reconstruct,
        "surface": tasks.surface,
        "solid": tasks.solid,
        "head": tasks.head,
        "recompute": tasks.recompute,
        "compare": tasks.compare,
        "heads": tasks.compare,
        "download": tasks.download,
    }


class Tasks:
    """The work of a worker process; the networks are loaded at the first photo and stay."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.settings = library.settings

    @cached_property
    def networks(self) -> "core.Networks":
        """The networks that this process holds."""
        return core.Networks(self.settings.device, self.settings.precision, self.settings.weights_folder)

    def warm(self) -> None:
        """Load what the first photo needs before it comes."""
        try:
            log.debug("Loaded: %s", [core.reconstruct, core.files.write_faces, self.networks.face()])
        except Exception:  # the first run says it to the person who waits for it
            log.exception("The networks cannot be loaded")

    def reconstruct(self, run: RunRecord, progress: Progress) -> Sequence[NewFace]:
        """Photo -> faces and their folders, with their depth; surface and solid are to follow."""
        assert run.photo_id is not None
        record = self.library.photo(run.workspace_id, run.photo_id)
        if record is None:
            raise Cancelled("The photo was deleted.")  # and the run with it
        options = Options.from_stored(run.options)
        core.depth.use_threads(self._threads())  # before the front of a scan is found
        read = READ_SCAN if record.is_scan else 0.0
        photo = self._stored(record, options.unit, part_of(progress, 0.0, read))
        found = core.reconstruct(photo, options, self.networks, part_of(progress, read, COMPUTED_DEPTH - read))
        asked = options.solid_options()
        solid: list[tuple[Kind, dict[str, Any]]] = [] if asked is None else [("solid", asked.to_dict())]
        then: tuple[tuple[Kind, dict[str, Any]], ...] = (("surface", {}), *solid)
        faces = []
        for index, reconstruction in enumerate(found, start=1):
            name = record.name if len(found) == 1 else f"{record.name} #{index}"
            facts = reconstruction.facts
            score, marked = (facts.face.score, facts.face.marked) if facts.face else (None, False)
            faces.append(NewFace(secrets.token_hex(16), index, name, score, facts.network.name, marked, then))
        folders = [self.library.folders.face(face.id) for face in faces]
        self.library.journal.begin(folders)
        try:
            rest = part_of(progress, COMPUTED_DEPTH, 1.0 - COMPUTED_DEPTH)
            core.files.write_depths(found, folders, options, rest)
        except BaseException:
            self.library.journal.remove(folders)
            raise
        return faces

    def _stored(self, record: PhotoRecord, unit: ScanUnit = "auto", progress: Progress = ignore) -> "core.photo.Photo":
        """Read a photo of the library, or a scan in this unit; what was drawn of a scan is kept for the next time."""
        folders = self.library.folders
        scan = folders.scan_path(record.id)
        if scan is None:
            progress("Reading the photo", 0.0)
            return self._kept(record)
        progress("Reading the scan", 0.0)
        if folders.reading(record.id).unit == unit:
            kept = self._kept(record)
            if folders.reading(record.id).unit == unit:  # no other run has drawn it in another unit meanwhile
                return kept
        # by its bytes: what an OBJ names must not be found among our own files beside it
        checked = core.scan.ScanLimits(max_bytes=sys.maxsize)  # when it came
        photo = core.scan.read_scan(
            scan.read_bytes(), self.networks.face(), record.name, unit=unit, limits=checked, progress=progress
        )
        place = folders.photo(record.id)
        self.library.journal.begin([place])
        folders.store_drawn_scan(record.id, photo, unit)
        self.library.journal.end(place)
        return photo

    def _kept(self, record: PhotoRecord) -> "core.photo.Photo":
        """Read the stored picture. It was checked when it came: its PNG may be larger than a file may be sent."""
        place = self.library.folders.photo(record.id) / "photo.png"
        stored = core.read_photo(place, record.name, core.photo.UNLIMITED)
        # the stored PNG carries no metadata: what the file said of itself, and its depth, is in the library
        folders = self.library.folders
        reading, sensor = folders.reading(record.id), folders.sensor(record.id)
        return replace(
            stored, focal_35mm=record.focal_35mm, sha256=record.sha256, sensor=sensor,
            focal_from=reading.focal_from, warnings=reading.warnings,
        )  # fmt: skip

    def _threads(self) -> int:
        """How many threads a network takes: all, unless other photos wait, which then have a core each."""
        workers, cores = self.settings.worker_count, environment.cores()
        return max(1, cores // workers) if workers > 1 and self.library.photos_wait(1) else cores

    def surface(self, run: RunRecord, progress: Progress) -> Sequence[NewFace]:
        """Face -> its surface."""
        assert run.face_id is not None
        folder = self.library.folders.face(run.face_id)
        if not is_compact(folder) or SURFACE_NAMES.isdisjoint(coming(folder)):
            return []  # it was made meanwhile, with all of the face
        self.library.journal.begin([folder])
        core.files.write_surface(folder, progress)
        self.library.journal.end(folder)
        return []

    def solid(self, run: RunRecord, progress: Progress) -> Sequence[NewFace]:
        """Face -> its solid made anew, in the place of the one there was."""
        assert run.face_id is not None
        folder, wanted = self.library.folders.face(run.face_id), run.options.get("printer")
        if not run.asked and core.files.read_facts(folder).solid is not None:
            return []  # it was made meanwhile, with all of the face
        printer = Printer.from_stored(wanted) if wanted else None
        self.library.journal.begin([folder])
        core.files.write_solid(folder, SolidOptions.from_stored(run.options), printer, progress)
        self.library.journal.end(folder)
        return []

    def head(self, run: RunRecord, progress: Progress) -> Sequence[NewFace]:
        """Face -> its whole head."""
        assert run.face_id is not None
        folder = self.library.folders.face(run.face_id)
        self.library.journal.begin([folder])
        core.files.write_head(folder, progress)
        self.library.journal.end(folder)
        return []

    def recompute(self, run: RunRecord, progress: Progress) -> Sequence[NewFace]:
        """Face -> the same face under other assumptions, in its place; no network takes part."""
        face = self.library.face(run.workspace_id, run.face_id or "")
        record = self.library.photo(run.workspace_id, face.photo_id) if face else None
        if face is None or record is None:
            raise Cancelled("The face was deleted.")  # and the run with it
        read = 0.0
        if record.is_scan:
            read = READ_SCAN
            core.depth.use_threads(self._threads())
        photo = self._stored(record, core.files.read_facts(face.folder).options.unit, part_of(progress, 0.0, read))
        self.library.journal.begin([face.folder])
        core.recompute.rewrite(face.folder, photo.rgb, run.options, part_of(progress, read, 1.0 - read))
        self.library.journal.end(face.folder)
        return []

    def compare(self, run: RunRecord, progress: Progress) -> Sequence[NewFace]:
        """Faces -> the folder of their comparison, or of that of their heads."""
        options, folders = run.options, self.library.folders
        found = [self.library.face(run.workspace_id, face_id) for face_id in options["faces"]]
        there = [face for face in found if face is not None]
        if len(there) < len(found):
            raise Cancelled("A face was deleted.")  # and the run with it
        faces = [
            readings.comparison_folder.Named(face.id, face.name, face.folder)
            for face in readings.comparison_folder.told_apart(there)
        ]
        reference = options["faces"].index(options["reference"])
        place = folders.comparison(run.id)
        self.library.journal.remove([place])  # of a worker that ended after it had written
        self.library.journal.begin([place])
        with folders.written_beside(place) as folder:
            if run.kind == "heads":
                readings.heads_folder.write(
                    faces, reference, folder,
                    neutral=options["neutral"], with_scale=options["with_scale"], compact=True, progress=progress,
                )  # fmt: skip
            else:
                readings.comparison_folder.write(
                    faces, reference, folder, with_scale=options["with_scale"], progress=progress
                )
        return []

    def download(self, run: RunRecord, progress: Progress) -> Sequence[NewFace]:
        """Fetch the weights of a network, check and convert them."""
        name, settings = str(run.options["name"]), self.settings
        latest: dict[str, Any] = {"stage": f"Fetching {name}", "share": 0.0}

        def advance(done: int, total: int | None) -> None:
            nonlocal latest
            there, whole = done / MB, (total or 0) / MB
            if total:
                latest = {"stage": f"Fetching {name}: {there:.0f} of {whole:.0f} MB", "share": 0.95 * done / total}
            else:
                latest = {"stage": f"Fetching {name}: {there:.0f} MB", "share": 0.0}

        def cancelled() -> bool:
            try:
                progress(latest["stage"], latest["share"])
            except Cancelled:
                return True
            return False

        core.depth.weights.download(
            name, advance, cancelled, settings.weights_folder, settings.weights_mirror, offline=settings.offline
        )
        return []
