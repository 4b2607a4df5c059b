"""`lifemask head`: the whole heads of written faces; one that fails leaves the others unharmed."""

import argparse
import json
import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import core
from core.options import Options
from core.progress import Progress, part_of
from dashboard.cli.flags import given
from dashboard.cli.terminal import bar, say, say_wrong
from dashboard.library.sentences import sentence

log = logging.getLogger("lifemask.head")


def command(args: argparse.Namespace) -> int:
    """Make the heads, say what became of each; the exit code is 0 only if all succeeded."""
    formats = Options.from_dict(given(args, ["formats"])).formats
    failed, share = 0, 1 / len(args.faces)
    with bar() as progress:
        for index, folder in enumerate(args.faces):
            made = _make(folder, formats, part_of(progress, index * share, share))
            if not made["ok"]:
                failed += 1
                say_wrong(f"{folder}: {made['error']}")
            elif made["head"]["is_poor"]:
                say_wrong(f"{folder}: the head lies poorly on this face; take its shape for a sketch")
            if args.json:
                say(json.dumps(made))
            elif made["ok"]:
                say(f"{folder}: head, {made['head']['seen_share']:.0%} of it seen in the photo")
    return 1 if failed else 0


def _make(folder: Path, formats: tuple[str, ...], progress: Progress) -> dict[str, Any]:
    """Return what `--json` prints of a face."""
    began = time.monotonic()
    try:
        facts = core.files.write_head(folder, progress, formats)
    except Exception as error:
        log.debug("%s failed", folder, exc_info=True)
        return {"folder": str(folder), "ok": False, "error": sentence(error, folder)}
    return {"folder": str(folder), "ok": True, "seconds": round(time.monotonic() - began, 3), "head": asdict(facts)}
