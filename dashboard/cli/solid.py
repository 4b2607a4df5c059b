"""`lifemask solid`: the solids of written faces made again; one that fails leaves the others unharmed."""

import argparse
import json
import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import core
from core.options import Options, Printer, SolidOptions
from core.progress import Progress, part_of
from dashboard.cli.flags import given, preset_values
from dashboard.cli.terminal import bar, say, say_wrong
from dashboard.library.sentences import sentence

log = logging.getLogger("lifemask.solid")


def command(args: argparse.Namespace) -> int:
    """Make the solids, say what became of each; the exit code is 0 only if all succeeded."""
    options, printer = (
        SolidOptions.from_dict({**preset_values(args), **given(args, SolidOptions)}),
        Printer.from_dict(given(args, Printer)),
    )
    formats = Options.from_dict(given(args, ["formats"])).formats
    failed, share = 0, 1 / len(args.faces)
    with bar() as progress:
        for index, folder in enumerate(args.faces):
            made = _make(folder, options, printer, formats, part_of(progress, index * share, share))
            if not made["ok"]:
                failed += 1
                say_wrong(f"{folder}: {made['error']}")
            if args.json:
                say(json.dumps(made))
            elif made["ok"]:
                size = " x ".join(f"{side:.1f}" for side in made["solid"]["size_mm"])
                say(f"{folder}: {options.kind}, {size} mm, {made['solid']['preflight']['state']}")
    return 1 if failed else 0


def _make(
    folder: Path, options: SolidOptions, printer: Printer, formats: tuple[str, ...], progress: Progress
) -> dict[str, Any]:
    """Return what `--json` prints of a face."""
    began = time.monotonic()
    try:
        solid = core.files.write_solid(folder, options, printer, progress, formats)
    except Exception as error:
        log.debug("%s failed", folder, exc_info=True)
        return {"folder": str(folder), "ok": False, "error": sentence(error, folder)}
    return {"folder": str(folder), "ok": True, "seconds": round(time.monotonic() - began, 3), "solid": asdict(solid)}
