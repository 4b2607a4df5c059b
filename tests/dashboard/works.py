"""Work without networks, for the tests of the queue: the photo's name says what happens. Importable by the worker."""

import json
import os
import secrets
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import NoFaceError
from core.progress import Progress
from dashboard.library.library import Library
from dashboard.library.records import NewFace, RunRecord

ENDS = {"die": 0, "killed": signal.SIGKILL, "ended": signal.SIGTERM}


def make_works(library: Library) -> Mapping[Any, Any]:
    """Return the work of each kind."""

    def reconstruct(run: RunRecord, progress: Progress) -> Sequence[NewFace]:
        photo = library.photo(run.workspace_id, run.photo_id or "")
        assert photo is not None
        what, _, count = photo.name.partition(".")[0].partition("-")
        progress("Working", 0.5)
        marker = library.folders.root / f"worker-{photo.name}"
        with marker.open("a") as out:
            out.write(f"{os.getpid()}\n")
        if what == "slow" or (what in ENDS and len(marker.read_text().split()) <= int(count)):
            for _ in range(1200):
                time.sleep(0.05)
                progress("Working", 0.5)
                if what == "die":
                    os._exit(3)
                elif what in ENDS:
                    os.kill(os.getpid(), ENDS[what])
        if what == "brief":
            for _ in range(20):
                time.sleep(0.05)
                progress("Working", 0.5)
        if what == "faceless" and not run.options.get("whole_photo"):
            raise NoFaceError(f"No face found in {photo.name}.")
        if what == "broken":
            raise ZeroDivisionError("unforeseen")
        if what == "full":
            raise OSError(28, "No space left on device")
        face = NewFace(secrets.token_hex(16), 1, photo.name, 0.5, "none")
        folder = library.folders.face(face.id)
        folder.mkdir()
        (folder / "solid.stl").write_bytes(b"solid")
        (folder / "reconstruction.json").write_text(json.dumps({"pid": os.getpid()}))
        return [face]

    return {
        "reconstruct": reconstruct,
        "surface": reconstruct,
        "solid": reconstruct,
        "recompute": reconstruct,
        "compare": reconstruct,
        "download": reconstruct,
    }
