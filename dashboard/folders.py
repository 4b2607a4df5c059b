"""The files of the library: where they lie, how they are written (beside their place, then renamed) and removed."""

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import StorageError
from dashboard.sentences import sentences
from dashboard.settings import Settings

THUMBNAIL_PX = 480
ORPHAN_AGE_S = 3600.0


class Folders:
    """The data folder of one installation."""

    def __init__(self, settings: Settings) -> None:
        self.root = settings.data_folder.absolute()
        self.min_free_bytes = settings.min_free_mb * 10**6
        self._secret = settings.secret
        self.photos = self.root / "photos"
        self.faces = self.root / "faces"
        self.comparisons = self.root / "comparisons"
        with sentences(self.root):
            for folder in (self.photos, self.faces, self.comparisons):
                folder.mkdir(parents=True, exist_ok=True)

    def photo(self, photo_id: str) -> Path:
        """Folder of a photo's files."""
        return self.photos / photo_id

    def face(self, face_id: str) -> Path:
        """Folder of a face's files."""
        return self.faces / face_id

    def comparison(self, run_id: str) -> Path:
        """Folder of a comparison's files."""
        return self.comparisons / run_id

    def secret(self) -> str:
        """Return the key that signs cookies; made at the first call and readable by its owner alone."""
        if self._secret:
            return self._secret
        file = self.root / "secret"
        if not file.exists():
            beside = file.with_name(f"secret.{secrets.token_hex(4)}")
            with sentences(self.root), open(os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):  # link, unlike rename, never replaces another process's key
                os.link(beside, file)
            beside.unlink()
        return file.read_text()

    def check_free(self) -> None:
        """Refuse new work while the disk is nearly full.

        Raises
        ------
        StorageError
            Less than the setting `min_free_mb` is free.
        """
        free = shutil.disk_usage(self.root).free
        if free < self.min_free_bytes:
            raise StorageError(
                f"Only {free / 1e6:.0f} MB are free on the disk of {self.root}; {self.min_free_bytes / 1e6:.0f} MB are "
                "needed. Free some space, or delete faces from the library."
            )

    def store_photo(self, photo_id: str, rgb: NDArray[np.uint8]) -> None:
        """Write photo.png and thumbnail.jpg, both without any metadata: all files or none.

        Parameters
        ----------
        rgb : (H, W, 3) uint8, upright
        """
        picture = Image.fromarray(rgb)
        with self.written_beside(self.photo(photo_id)) as folder:
            picture.save(folder / "photo.png", compress_level=1)  # level 6 takes five times as long for a tenth less
            picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS, reducing_gap=2.0)
            picture.save(folder / "thumbnail.jpg", quality=85)

    @contextlib.contextmanager
    def written_beside(self, place: Path) -> Iterator[Path]:
        """Give a folder beside `place`, renamed to it when the block ends well and removed when it does not."""
        beside = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")
        try:
            with sentences(self.root):
                beside.mkdir(parents=True)
                yield beside
                beside.rename(place)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    def remove(self, folder: Path) -> None:
        """Remove a folder of files; what is in use by a reader goes when it is closed."""
        shutil.rmtree(folder, ignore_errors=True)

    def remove_orphans(self, known_photos: set[str], known_faces: set[str], known_runs: set[str]) -> None:
        """Remove what a process that was killed left behind: folders that the database does not know."""
        for place, known in (
            (self.photos, known_photos),
            (self.faces, known_faces),
            (self.comparisons, known_runs),
        ):
            for folder in place.iterdir():
                # a folder appears before its row does, so only an old one is an orphan
                if folder.name not in known and time.time() - folder.stat().st_mtime > ORPHAN_AGE_S:
                    self.remove(folder)
