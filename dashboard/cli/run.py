"""`lifemask run`: photos -> folders of files, one photo after the other; one that fails leaves the others unharmed."""

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import core
from core.errors import FormatError, OptionError
from core.names import cut, readable
from core.options import Options, Printer
from core.photo.formats import NAMES, is_picture
from core.progress import Progress, part_of
from core.storage import refusal
from dashboard import jobs
from dashboard.cli.flags import given, preset_values, with_network
from dashboard.cli.terminal import bar, say, say_wrong
from dashboard.library.sentences import sentence
from dashboard.settings import Settings

log = logging.getLogger("lifemask.run")


@dataclass(frozen=True)
class Outcome:
    """What became of one photo: its folders, left to right, or the sentence that says why there are none.

    doubtful : those of the folders that hold what may be no face, with the score of each.
    """

    photo: Path
    seconds: float
    folders: list[Path] = field(default_factory=list)
    error: str | None = None
    doubtful: dict[Path, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether there is nothing to look at again."""
        return self.error is None and not self.doubtful

    def as_dict(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        head = {"photo": readable(str(self.photo)), "ok": self.ok, "seconds": round(self.seconds, 3)}
        if self.error is not None:
            return {**head, "error": self.error}
        return {**head, "faces": [_face(folder) for folder in self.folders]}


def run(
    photos: Sequence[Path],
    out: Path,
    options: Options,
    networks: "core.Networks",
    progress: Callable[[Path, str, float], None],
    limits: "core.photo.Limits",
    printer: Printer | None = None,
) -> Iterator[Outcome]:
    """Write DIR/STEM, or DIR/STEM-1, DIR/STEM-2 … where a photo has several faces.

    A folder that holds the result of another photo is never written over: the stem then gets _2, _3 …; that of the
    same photo (by its SHA-256, from an earlier call) is replaced once the new one is whole, and what a person put
    beside the files in it stays. printer : what solids are checked for, as in `core.files.face_folder.write_solid`.
    """
    taken: set[Path] = set()
    for photo in photos:
        began = time.monotonic()
        try:
            folders, doubtful = _one(
                photo, out, options, networks, printer,
                taken=taken, progress=partial(progress, photo), limits=limits,
            )  # fmt: skip
        except Exception as error:
            log.debug("%s failed", photo, exc_info=True)
            yield Outcome(photo, time.monotonic() - began, error=sentence(error, out))
        else:
            taken.update(folders)
            yield Outcome(photo, time.monotonic() - began, folders, doubtful=doubtful)


def _one(
    path: Path, out: Path, options: Options, networks: "core.Networks", printer: Printer | None, *, taken: set[Path],
    progress: Progress, limits: "core.photo.Limits",
) -> tuple[list[Path], dict[Path, float]]:  # fmt: skip
    progress("Reading the photo", 0.0)
    photo = core.read_photo(path, limits=limits)
    found = core.reconstruct(photo, options, networks, part_of(progress, 0.0, jobs.tasks.COMPUTED))
    folders = free_folders(out, cut(readable(path.stem)), len(found), photo.sha256, taken)
    computed = jobs.tasks.COMPUTED
    core.files.write_faces(found, folders, options, part_of(progress, computed, 1.0 - computed), printer)
    faces = [(folder, one.facts.face) for folder, one in zip(folders, found, strict=True)]
    return folders, {folder: face.score for folder, face in faces if face and face.is_doubtful}


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
        "warnings": facts.warnings,
        "solid": solid,
    }


def pictures(photos: Sequence[Path]) -> Iterator[tuple[Path, list[Path], int]]:
    """Each of what a person named, with the pictures that it stands for, and how many other files it holds.

    A folder stands for the pictures in it, by name, not for those in its folders.

    Raises
    ------
    OptionError
        A folder cannot be read, or holds no picture.
    """
    for named in photos:
        if not named.is_dir():
            yield named, [named], 0
            continue
        try:
            files = sorted(file for file in named.iterdir() if file.is_file())
        except OSError as error:
            raise OptionError(f"{readable(str(named))} cannot be read: {refusal(error) or error}") from error
        found = [file for file in files if is_picture(file)]
        if not found:
            raise OptionError(f"{readable(str(named))} holds no picture. Name a folder with {NAMES} files.")
        yield named, found, len(files) - len(found)


def command(args: argparse.Namespace) -> int:
    """Take the photos, say what became of each; the exit code is 0 only if all succeeded and no find is doubtful."""
    settings = Settings.from_env()
    wanted = {"solid" if name == "kind" else name: value for name, value in preset_values(args).items()}
    options = Options.from_dict(with_network({**wanted, **given(args, Options)}, settings))
    printer = Printer.from_dict(given(args, Printer))
    networks = core.Networks(settings.device, settings.precision, settings.weights_folder)
    failed, done = 0, 0
    photos: list[Path] = []
    for named, found, others in pictures(args.photos):
        photos += found
        if others:
            files = "1 file that is no picture was" if others == 1 else f"{others} files that are no pictures were"
            say_wrong(f"{readable(str(named))}: {files} skipped.")
    with bar() as progress:

        def of_photo(photo: Path, stage: str, share: float) -> None:
            progress(f"{readable(photo.name)}: {stage}", (done + share) / len(photos))

        for outcome in run(photos, args.out, options, networks, of_photo, settings.photo_limits, printer):
            done += 1
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
                for folder in outcome.folders:
                    say(f"{photo} -> {folder} ({options.model}, {outcome.seconds:.1f} s)")
    return 1 if failed else 0
