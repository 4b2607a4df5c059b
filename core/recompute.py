"""A written face under other assumptions: all of its files follow, and no network runs."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core import files
from core.errors import OptionError
from core.files.facts import read_facts
from core.geometry.reconstruction import Reconstruction
from core.options import Options
from core.options.run import CHANGEABLE
from core.options.table import shown
from core.pipeline import recompute
from core.progress import Progress, ignore


def rewrite(folder: Path, photo_rgb: NDArray[np.uint8] | None, changes: object, progress: Progress = ignore) -> Options:
    """Compute a written face anew with `changes` to its options, and put all its files in the place of the old ones.

    photo_rgb : (H, W, 3) uint8, its photo upright; None will do where the crop has all of the photo's pixels.
    changes : of `CHANGEABLE`. The solid keeps its kind and size.
    Returns the options that now hold. Raises as `core.pipeline.recompute`, `core.files.write_face`, `changed` and
    FormatError; then nothing has changed.
    """
    progress("Reading the face", 0.0)
    written, facts = Reconstruction.load(folder), read_facts(folder)
    options = changed(facts.options, changes)
    progress("Computing depth", 0.1)
    anew = recompute(written, photo_rgb, options)
    asked = facts.solid.options if facts.solid else None
    printer = facts.solid.preflight.printer if facts.solid and facts.solid.preflight else None
    files.write_face(anew, folder, options, lambda stage, share: progress(stage, 0.2 + 0.8 * share), asked, printer)
    return options


def changed(options: Options, changes: object) -> Options:
    """The options of a face with some of `CHANGEABLE` changed; a field of view and a focal length replace each other.

    changes : names and values, as a request has them.

    Raises
    ------
    OptionError
        A change is to something that a network decides, or cannot be used.
    """
    if not isinstance(changes, Mapping):
        raise OptionError(f"The changes are {shown(changes)}, but must be an object of names and values.")
    wrong = [name for name in changes if name not in CHANGEABLE]
    if wrong:
        raise OptionError(
            f"{shown(wrong[0])} cannot be changed without the network. Choose from: {', '.join(CHANGEABLE)}."
        )
    kept = options.to_dict()
    for one, other in (("fov_deg", "focal_mm"), ("focal_mm", "fov_deg")):
        if changes.get(one) is not None and changes.get(other) is None:
            kept[other] = None
    return Options.from_dict({**kept, **changes})
