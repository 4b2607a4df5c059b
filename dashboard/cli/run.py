"""`lifemask run`: photos -> folders of files, as many at once as there are cores; one that fails harms no other."""

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import core
from core import environment
from core.errors import FormatError, OptionError
from core.face.doubt import DOUBTFUL
from core.names import cut, readable
from core.options import Options, Printer
from core.photo.formats import NAMES, is_picture
from core.progress import Progress, part_of
from core.scan.formats import NAMES as SCANS
from core.scan.formats import is_scan
from core.sensor.map_name import stem_of_map
from core.storage import refusal
from dashboard import jobs
from dashboard.cli import pool
from dashboard.cli.beside import is_map_of, read_with_map
from dashboard.cli.flags import given, preset_values, with_network
from dashboard.cli.terminal import bar, say, say_wrong
from dashboard.library.sentences import sentence
from dashboard.settings import Settings

log = logging.getLogger("lifemask.run")

READ = 0.1  # of the work on a photo; its depth is there at `jobs.tasks.COMPUTED`


@dataclass(frozen=True)
class Outcome:
    """What became of one photo: its folders, left to right, or the sentence that says why there are none.

    doubtful : those of the folders that hold what may be no face, with the score of each. depth_map : the file beside
    the photo that was given to it as its depth map.
    """

    photo: Path
    seconds: float
    folders: list[Path] = field(default_factory=list)
    error: str | None = None
    doubtful: dict[Path, float] = field(default_factory=dict)
    depth_map: Path | None = None

    @property
    def ok(self) -> bool:
        """Whether there is nothing to look at again."""
        return self.error is None and not self.doubtful

    def as_dict(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        head: dict[str, Any] = {"photo": readable(str(self.photo)), "ok": self.ok, "seconds": round(self.seconds, 3)}
        if self.error is not None:
            return {**head, "error": self.error}
        if self.depth_map is not None:
            head["depth_map"] = readable(self.depth_map.name)
        return {**head, "faces": [_face(folder) for folder in self.folders]}


def run(
    photos: Sequence[Path],
    out: Path,
    options: Options,
    networks: "core.Networks",
    progress: Callable[[Path, str, float], None],
    settings: Settings,
    printer: Printer | None = None,
) -> Iterator[Outcome]:
    """Write DIR/STEM, or DIR/STEM-1, DIR/STEM-2 … where a photo has several faces.

    A folder that holds the result of another photo is never written over: the stem then gets _2, _3 …; that of the
    same photo (by its SHA-256, from an earlier call) is replaced once the new one is whole, and what a person put
    beside the files in it stays. printer : what solids are checked for, as in `core.files.face_folder.write_solid`.
    """
    names = Names(out)
    for photo in photos:
        yield _outcome(photo, out, options, networks, printer, names, partial(progress, photo), settings)


def run_at_once(
    photos: Sequence[Path],
    out: Path,
    options: Options,
    settings: Settings,
    progress: Callable[[Path, str, float], None],
    printer: Printer | None = None,
    *,
    processes: int,
) -> Iterator[Outcome]:
    """Do what `run` does by several processes: folders have the same names, outcomes come in the same order."""
    names = Names(out)
    threads = max(1, environment.cores() // processes)
    made = pool.Pool[Path, _Found, Outcome](processes, _make_work, (out, options, settings, printer, threads))
    try:
        told = made.results(
            photos,
            lambda index, stage, share: progress(photos[index], stage, share),
            lambda index, found: names(photos[index], *found),
        )
        for photo, outcome in zip(photos, told, strict=True):
            yield Outcome(photo, outcome.seconds, error=pool.LOST) if isinstance(outcome, pool.Lost) else outcome
    finally:
        made.close()


_Found = tuple[int, str]  # how many faces of a photo of which SHA-256


def _make_work(
    out: Path, options: Options, settings: Settings, printer: Printer | None, threads: int
) -> Callable[[Path, Progress, Callable[[_Found], Any]], Outcome]:
    """Make what works on a photo in a process of its own."""
    core.depth.use_threads(threads)
    networks = core.Networks(settings.device, settings.precision, settings.weights_folder)

    def work(photo: Path, progress: Progress, ask: Callable[[_Found], Any]) -> Outcome:
        def name(_photo: Path, count: int, sha256: str) -> list[Path]:
            return list(ask((count, sha256)))

        return _outcome(photo, out, options, networks, printer, name, progress, settings)

    return work


Name = Callable[[Path, int, str], list[Path]]
"""Gives the folders of a photo's faces; it has so many faces, and this SHA-256."""


class Names:
    """The folders of photos that come one after the other; none is given twice."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._taken: set[Path] = set()

    def __call__(self, photo: Path, count: int, sha256: str) -> list[Path]:
        """Return the folders of a photo's faces."""
        folders = free_folders(self._out, cut(readable(photo.stem)), count, sha256, self._taken)
        self._taken.update(folders)
        return folders


def _outcome(
    photo: Path, out: Path, options: Options, networks: "core.Networks", printer: Printer | None, name: Name,
    progress: Progress, settings: Settings,
) -> Outcome:  # fmt: skip
    began = time.monotonic()
    try:
        folders, doubtful, its_map = _one(photo, options, networks, printer, name, progress=progress, settings=settings)
    except Exception as error:
        log.debug("%s failed", photo, exc_info=True)
        return Outcome(photo, time.monotonic() - began, error=sentence(error, out))
    return Outcome(photo, time.monotonic() - began, folders, doubtful=doubtful, depth_map=its_map)


def _one(
    path: Path, options: Options, networks: "core.Networks", printer: Printer | None, name: Name, *,
    progress: Progress, settings: Settings,
) -> tuple[list[Path], dict[Path, float], Path | None]:  # fmt: skip
    photo, depth_map = read(path, options, networks, settings, part_of(progress, 0.0, READ))
    found = core.reconstruct(photo, options, networks, part_of(progress, READ, jobs.tasks.COMPUTED - READ))
    folders = name(path, len(found), photo.sha256)
    computed = jobs.tasks.COMPUTED
    core.files.write_faces(found, folders, options, part_of(progress, computed, 1.0 - computed), printer)
    faces = [(folder, one.facts.face) for folder, one in zip(folders, found, strict=True)]
    return folders, {folder: face.score for folder, face in faces if face and face.is_doubtful}, depth_map


def read(
    path: Path, options: Options, networks: "core.Networks", settings: Settings, progress: Progress
) -> tuple["core.photo.Photo", Path | None]:
    """Return a photo and the depth map beside it that it has; or a scan as the photo of its front."""
    if is_scan(path):
        face, limits = networks.face(), settings.scan_limits
        return core.scan.read_scan(path, face, unit=options.unit, limits=limits, progress=progress), None
    progress("Reading the photo", 0.0)
    return read_with_map(path, settings.photo_limits)


def free_folders(out: Path, stem: str, count: int, sha256: str, taken: set[Path]) -> list[Path]:
    """Return the folders for the faces of a photo: the first names that no other photo has."""
    number = 1
    while True:
        base = stem if number == 1 else f"{stem}_{number}"
        folders = [out / base] if count == 1 else [out / f"{base}-{index}" for index in range(1, count + 1)]
        if all(folder not in taken and _is_free(folder, sha256) for folder in folders):
            return folders
        number += 1


def _is_free(folder: Path, sha256: str) -> bool:
    if not folder.exists():
        return True
    try:
        return bool(core.files.read_facts(folder).photo.sha256 == sha256)
    except (OSError, FormatError):  # somebody else's, or of a newer version
        return False


def _warnings(folder: Path) -> list[str]:
    """Return what speaks against a face's numbers, but that it may be no face, which is said by itself."""
    facts = core.files.read_facts(folder)
    said = {doubt.sentence for doubt in facts.doubts if doubt.word == DOUBTFUL}
    return [warning for warning in facts.warnings if warning not in said]


def _face(folder: Path) -> dict[str, Any]:
    facts = core.files.read_facts(folder)
    solid = facts.solid and {
        "kind": facts.solid.options.kind,
        "size_mm": facts.solid.size_mm,
        "state": facts.solid.preflight and facts.solid.preflight.state,
    }
    return {
        "folder": str(folder),
        "files": sorted(file.name for file in folder.iterdir()),
        "network": facts.network.name,
        "score": facts.face and facts.face.score,
        "doubtful": facts.face is not None and facts.face.is_doubtful,
        "distance_mm": facts.distance_mm,
        "sensor": facts.sensor and asdict(facts.sensor),
        "warnings": facts.warnings,
        "solid": solid,
    }


def _measured(folder: Path) -> Iterator[str]:
    """Say what depth came with a photo and what it was used for; nothing where none did."""
    told = core.files.read_facts(folder).sensor
    if told is None:
        return
    about = core.geometry.reconstruction.assumptions(core.files.read_facts(folder))
    yield f"depth {about['depth that came with the photo']}"
    ipd = about.get("interpupillary distance")
    yield f"used of it: {about['used of that depth']}" + (f"; interpupillary distance {ipd}" if ipd else "")


def pictures(photos: Sequence[Path]) -> Iterator[tuple[Path, list[Path], int]]:
    """Each of what a person named, with the pictures and scans that it stands for, and how many other files it holds.

    A folder stands for those in it, by name, not for those in its folders, nor for depth maps of its pictures.

    Raises
    ------
    OptionError
        A folder cannot be read, or holds no picture and no scan.
    """
    for named in photos:
        if not named.is_dir():
            yield named, [named], 0
            continue
        try:
            files = sorted(file for file in named.iterdir() if file.is_file())
        except OSError as error:
            raise OptionError(f"{readable(str(named))} cannot be read: {refusal(error) or error}") from error
        maps = {file for file in files if stem_of_map(file.name) is not None}
        found = [file for file in files if (is_picture(file) or is_scan(file)) and file not in maps]
        if not found:
            raise OptionError(
                f"{readable(str(named))} holds no picture. Name a folder with {NAMES} files, or with scans ({SCANS})."
            )
        yield named, found, len(files) - len(found) - sum(is_map_of(file, found) for file in maps)


def _run(
    photos: Sequence[Path], out: Path, options: Options, settings: Settings,
    progress: Callable[[Path, str, float], None], printer: Printer,
) -> Iterator[Outcome]:  # fmt: skip
    processes = pool.processes_for(len(photos))
    if processes > 1:
        return run_at_once(photos, out, options, settings, progress, printer, processes=processes)
    networks = core.Networks(settings.device, settings.precision, settings.weights_folder)
    return run(photos, out, options, networks, progress, settings, printer)


def command(args: argparse.Namespace) -> int:
    """Take the photos, say what became of each; the exit code is 0 only if all succeeded and no find is doubtful."""
    settings = Settings.from_env()
    wanted = {"solid" if name == "kind" else name: value for name, value in preset_values(args).items()}
    options = Options.from_dict(with_network({**wanted, **given(args, Options)}, settings))
    printer = Printer.from_dict(given(args, Printer))
    failed = 0
    photos: list[Path] = []
    for named, found, others in pictures(args.photos):
        photos += [photo for photo in found if not is_map_of(photo, args.photos)]
        if others:
            files = "1 file that is no picture was" if others == 1 else f"{others} files that are no pictures were"
            say_wrong(f"{readable(str(named))}: {files} skipped.")
    with bar() as progress:
        shares: dict[Path, float] = {}

        def of_photo(photo: Path, stage: str, share: float) -> None:
            shares[photo] = share
            progress(f"{readable(photo.name)}: {stage}", sum(shares.values()) / len(photos))

        for outcome in _run(photos, args.out, options, settings, of_photo, printer):
            shares[outcome.photo] = 1.0
            photo = readable(str(outcome.photo))
            failed += not outcome.ok
            if outcome.error is not None:
                say_wrong(f"{photo}: {outcome.error}")
            for folder, score in outcome.doubtful.items():
                say_wrong(
                    f"{photo}: {folder} is doubtful: is it a face? It scores {score:.2f}. "
                    "If it is, show where by --box; if not, delete the folder."
                )
            if args.json:
                say(json.dumps(outcome.as_dict()))
            else:
                with_map = f" with {readable(outcome.depth_map.name)}" if outcome.depth_map else ""
                for folder in outcome.folders:
                    say(f"{photo}{with_map} -> {folder} ({options.model}, {outcome.seconds:.1f} s)")
                    for line in _measured(folder):
                        say(f"{folder}: {line}")
                    for warning in _warnings(folder):
                        say_wrong(f"{folder}: {warning}")
    return 1 if failed else 0
