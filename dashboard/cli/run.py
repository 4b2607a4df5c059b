"""`lifemask run`: photos -> folders of files, one photo after the other; one that fails leaves the others unharmed."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

import core
from core.errors import FormatError
from core.progress import Progress, part_of
from dashboard import jobs
from dashboard.library.sentences import sentence
from dashboard.settings import Settings

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
    options: "core.Options",
    networks: "core.Networks",
    progress: Callable[[Path, str, float], None],
    limits: "core.photo.Limits",
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
            folders = _one(photo, out, options, networks, taken=taken, progress=partial(progress, photo), limits=limits)
        except Exception as error:
            log.debug("%s failed", photo, exc_info=True)
            yield Outcome(photo, time.monotonic() - began, error=sentence(error, out))
        else:
            taken.update(folders)
            yield Outcome(photo, time.monotonic() - began, folders)


def _one(
    path: Path, out: Path, options: "core.Options", networks: "core.Networks", *, taken: set[Path],
    progress: Progress, limits: "core.photo.Limits",
) -> list[Path]:  # fmt: skip
    progress("Reading the photo", 0.0)
    photo = core.read_photo(path, limits=limits)
    found = core.reconstruct(photo, options, networks, part_of(progress, 0.0, jobs.tasks.COMPUTED))
    folders = free_folders(out, path.stem, len(found), photo.sha256, taken)
    core.files.write_faces(found, folders, options, part_of(progress, jobs.tasks.COMPUTED, 1.0 - jobs.tasks.COMPUTED))
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
        "distance_mm": facts.distance_mm,
        "warnings": facts.warnings,
        "solid": solid,
    }


def command(args: argparse.Namespace) -> int:
    """Take the photos, say what became of each; the exit code is 0 only if all succeeded."""
    settings = Settings.from_env()
    options = core.Options.from_dict(
        {
            "model": core.depth.weights.default_model(settings.weights_folder) if args.model == "auto" else args.model,
            "formats": tuple(part.strip() for part in args.formats.split(",") if part.strip()),
            "surface": args.surface,
            "tolerance_mm": args.tolerance_mm,
            "taubin": args.taubin,
            "max_triangles": args.max_triangles,
            "solid": args.solid,
            "width_mm": args.width_mm,
            "height_mm": args.height_mm,
            "life_size": args.life_size,
            "base_mm": args.base_mm,
            "wall_mm": args.wall_mm,
            "nozzle_mm": args.nozzle_mm,
            "box": args.box,
            "whole_photo": args.whole_photo,
            "background": args.background,
            "fov_deg": args.fov_deg,
            "focal_mm": args.focal_mm,
            "projection": args.projection,
            "smooth": args.smooth,
            "refine": args.refine,
            "ipd_mm": args.ipd_mm,
        }
    )
    networks = core.Networks(settings.device, settings.precision, settings.weights_folder)
    failed = 0
    with tqdm(
        total=float(len(args.photos)), disable=not sys.stderr.isatty(), bar_format="{percentage:3.0f}% |{bar}| {desc}"
    ) as bar:

        def progress(photo: Path, stage: str, share: float) -> None:
            bar.set_description_str(f"{photo.name}: {stage}", refresh=False)
            bar.update(done + share - bar.n)

        done = 0
        for outcome in run(args.photos, args.out, options, networks, progress, settings.photo_limits):
            done += 1
            if outcome.error is not None:
                failed += 1
                tqdm.write(f"lifemask: {outcome.photo}: {outcome.error}", file=sys.stderr)
            if args.json:
                tqdm.write(json.dumps(outcome.as_dict()))
            else:
                for folder in outcome.folders:
                    tqdm.write(f"{outcome.photo} -> {folder} ({options.model}, {outcome.seconds:.1f} s)")
        bar.update(done - bar.n)
    return 1 if failed else 0
