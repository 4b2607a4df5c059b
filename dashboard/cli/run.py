"""`lifemask run`: photos -> folders of files, one photo after the other; one that fails leaves the others unharmed."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.files.face_folder import read_facts
from core.progress import part_of
from dashboard.jobs.tasks import COMPUTED
from dashboard.library.sentences import sentence

if TYPE_CHECKING:
    from core.depth.estimator import Networks
    from core.options import Options

# `core` is imported by the functions that use it, so that `lifemask --help` answers at once.
# ruff: noqa: PLC0415

log = logging.getLogger("lifemask.run")


@dataclass(frozen=True)
class Outcome:
    """What became of one photo: its folders, left to right, or the sentence that says why there are none."""

    photo: Path
    seconds: float
    folders: list[Path] = field(default_factory=list)
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        head = {"photo": str(self.photo), "ok": self.error is None, "seconds": round(self.seconds, 3)}
        if self.error is not None:
            return {**head, "error": self.error}
        return {**head, "faces": [_face(folder) for folder in self.folders]}


def run(
    photos: Sequence[Path],
    out: Path,
    options: "Options",
    networks: "Networks",
    progress: Callable[[Path, str, float], None],
) -> Iterator[Outcome]:
    """Write DIR/STEM, or DIR/STEM-1, DIR/STEM-2 … where a photo has several faces.

    A folder that holds the result of another photo is never written over: the stem then gets _2, _3 …; that of the
    same photo (by its SHA-256, from an earlier call) is replaced once the new one is whole, and what a person put
    beside the files in it stays.
    """
    taken: set[Path] = set()
    for photo in photos:
        began = time.monotonic()
        try:
            folders = _one(photo, out, options, networks, taken=taken, progress=partial(progress, photo))
        except Exception as error:
            log.debug("%s failed", photo, exc_info=True)
            yield Outcome(photo, time.monotonic() - began, error=sentence(error, out))
        else:
            taken.update(folders)
            yield Outcome(photo, time.monotonic() - began, folders)


def _one(
    path: Path, out: Path, options: "Options", networks: "Networks", *, taken: set[Path],
    progress: Callable[[str, float], None],
) -> list[Path]:  # fmt: skip
    from core.files.face_folder import write_all
    from core.photo import read_photo
    from core.pipeline import reconstruct

    progress("Reading the photo", 0.0)
    photo = read_photo(path)
    found = reconstruct(photo, options, networks, part_of(progress, 0.0, COMPUTED))
    folders = free_folders(out, path.stem, len(found), photo.sha256, taken)
    write_all(found, folders, options, part_of(progress, COMPUTED, 1.0 - COMPUTED))
    return folders


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
        return bool(read_facts(folder)["photo"]["sha256"] == sha256)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _face(folder: Path) -> dict[str, Any]:
    about = read_facts(folder)
    solid = about["solid"] and {
        "kind": about["solid"]["options"]["kind"],
        "size_mm": about["solid"]["size_mm"],
        "state": about["solid"]["preflight"]["state"],
    }
    return {
        "folder": str(folder),
        "files": sorted(file.name for file in folder.iterdir()),
        "network": about["network"]["name"],
        "distance_mm": about["distance_mm"],
        "warnings": about["warnings"],
        "solid": solid,
    }
