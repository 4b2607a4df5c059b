"""`lifemask recompute`: a written face under other assumptions, without a network."""

import argparse
import json
import time
from pathlib import Path

import core
from core.errors import PhotoError
from core.options.run import CHANGEABLE
from core.scan.formats import is_scan
from dashboard.cli.beside import read_with_map
from dashboard.cli.flags import given
from dashboard.cli.terminal import bar, say, say_wrong
from dashboard.settings import Settings


def command(args: argparse.Namespace) -> int:
    """Compute the face again in its place; after an error it is as it was."""
    began, folder = time.monotonic(), args.face
    photo = _photo(args.photo, folder, Settings.from_env()) if args.photo else None
    with bar() as progress:
        core.recompute.rewrite(folder, None if photo is None else photo.rgb, given(args, CHANGEABLE), progress)
    seconds, facts = time.monotonic() - began, core.files.read_facts(folder)
    if args.json:
        said = {"options": facts.options.to_dict(), "distance_mm": facts.distance_mm, "warnings": facts.warnings}
        say(json.dumps({"folder": str(folder), "seconds": round(seconds, 3), **said}))
    else:
        say(f"{folder}: {facts.distance_mm:.0f} mm away ({seconds:.1f} s)")
        for warning in facts.warnings:
            say_wrong(f"{folder}: {warning}")
    return 0


def _photo(path: Path, folder: Path, settings: Settings) -> "core.photo.Photo":
    """Return the photo that the face was made from; a scan is found and drawn again as it was.

    Raises
    ------
    PhotoError
        It is another one, or cannot be read.
    """
    facts = core.files.read_facts(folder)
    wanted, limits = facts.photo, settings.photo_limits
    if is_scan(path):
        networks = core.Networks(settings.device, settings.precision, settings.weights_folder)
        photo = core.scan.read_scan(path, networks.face(), unit=facts.options.unit)
    else:
        photo, _ = read_with_map(path, limits)  # a photo and its map have a hash of their own
        if photo.sha256 != wanted.sha256:  # the map came later
            photo = core.read_photo(path, limits=limits)
    if photo.sha256 != wanted.sha256:
        raise PhotoError(
            f"{path} is not the photo that {folder} was made from. Give {wanted.name}, as it was then, beside it the "
            "depth map that it had, if any."
        )
    return photo
