"""A library with as many faces as one likes, in a moment: their rows, and links to the files of one small face."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from itsdangerous import URLSafeSerializer
from PIL import Image

from core.files import write_face
from core.options import Options
from dashboard.library import schema
from dashboard.library.library import Library
from tests.dashboard.faces import face


def write_one(folder: Path) -> None:
    """Write the folder of a face in closed form, with all that pages show of it."""
    write_face(face(), folder, Options(max_triangles=500, solid="none", formats=("glb",)))
    (folder / "solid.stl").write_bytes(b"solid")


def stock(library: Library, written: Path, names: Sequence[str]) -> tuple[str, list[str]]:
    """Put a face of each name into a new workspace, the first one the newest; return that workspace and their ids.

    written : a face's folder; the files of theirs are links to those in it.
    """
    workspace, now, ids = library.new_workspace(), library.clock(), []
    photos, runs, faces, followed = [], [], [], []
    for age, name in enumerate(names):
        photo, run, face_id = (secrets.token_hex(16) for _ in range(3))
        owned = {"workspace_id": workspace, "created": now - age}
        library.folders.photo(photo).mkdir()
        Image.new("RGB", (8, 8)).save(library.folders.photo(photo) / "photo.png")
        shutil.copytree(written, library.folders.face(face_id), copy_function=os.link)
        photos.append(schema.Photo(id=photo, name=name, sha256=photo, width=8, height=8, **owned))
        done = {"options": {}, "state": "done", "started": now - age, "ended": now - age}
        runs.append(schema.Run(id=run, kind="reconstruct", photo_id=photo, equal_key=run, **done, **owned))
        for kind in ("surface", "solid"):
            key = secrets.token_hex(16)
            followed.append(schema.Run(id=key, kind=kind, face_id=face_id, equal_key=key, asked=False, **done, **owned))
        score = 0.7 + min(age, 29) / 100
        faces.append(
            schema.Face(
                id=face_id, run_id=run, photo_id=photo, index=1, name=name, score=score, network="builtin", **owned
            )
        )
        ids.append(face_id)
    with library.session.begin() as session:
        for rows in ([schema.Workspace(id=workspace, created=now)], photos, runs, faces, followed):
            session.add_all(rows)
            session.flush()
    return workspace, ids


def browser_of(library: Library, workspace: str) -> dict[str, Any]:
    """Return what a browser keeps of a workspace, as Playwright takes it."""
    secret = library.folders.secret()
    cookie = {
        "name": f"lifemask_{hashlib.sha256(secret.encode()).hexdigest()[:8]}",
        "value": URLSafeSerializer(secret, salt="workspace").dumps(workspace),
        "domain": "127.0.0.1", "path": "/", "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax",
    }  # fmt: skip
    return {"cookies": [cookie], "origins": []}
