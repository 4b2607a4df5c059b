"""The files of the library: where they lie, how they are written (beside their place, then renamed) and removed."""

import contextlib
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from PIL import Image

import core
from core.atomic import replacing, replacing_file
from core.errors import OptionError, StorageError
from core.json_files import read_object, typed, write_json
from core.photo.lens import EXIF
from core.storage import writing
from dashboard.library import rights
from dashboard.library.sentences import KINDS
from dashboard.settings import Settings

THUMBNAIL_PX = 480
READING = "reading.json"
SCAN = "scan"  # its name, before its own ending
PLACEHOLDER, PLACEHOLDER_PX = (128, 128, 128), 64  # of a scan that is not drawn yet
SENSOR = "sensor.npz"  # the depth that came with a photo
OURS = ("secret", "quarantine", "weights", "lost+found")  # weights: their default place; lost+found: of a disk
BESIDE = ("secret.", "library.sqlite", "library-before-")  # how names begin of what stands beside the folders
HIDDEN = (".library.", ".secret.", ".room", ".worker")
OUR_NAME = re.compile(r"\.?[0-9a-f]{32}(\..*|-.*)?")  # of a photo, a face or a run, finished or not


@dataclass(frozen=True)
class Reading:
    """What reading a photo's file told, beside what the database has of it: as in `core.photo.Photo`.

    unit : by which a scan was drawn, as it was asked for; None of a photo, and of a scan that is not drawn yet.
    """

    focal_from: str = EXIF
    warnings: tuple[str, ...] = ()
    unit: str | None = None


class Folders:
    """The data folder of one installation."""

    def __init__(self, settings: Settings) -> None:
        self.root = settings.data_folder.absolute()
        self.min_free_bytes = settings.min_free_mb * 10**6
        self._secret = settings.secret
        self.photos = self.root / "photos"
        self.faces = self.root / "faces"
        self.comparisons = self.root / "comparisons"
        self.quarantine = self.root / "quarantine"
        self.database = self.root / "library.sqlite"
        self._served = self.root / ".library.server"  # stands for it where the database is on a server
        with writing(self.root):
            self._refuse_a_strange_folder()
            self.root.mkdir(rights.FOLDER, parents=True, exist_ok=True)
            for folder in (self.photos, self.faces, self.comparisons):
                folder.mkdir(rights.FOLDER, exist_ok=True)
            rights.narrow(self.root, (self.photos, self.faces, self.comparisons), self._ours())

    def _refuse_a_strange_folder(self) -> None:
        """Raise OptionError for a folder that holds other things than a library, and no library."""
        if self.database.exists() or self._served.exists() or not self.root.is_dir():
            return
        for path in sorted(self.root.iterdir()):
            if path.name in OURS or path.name.startswith((".", *BESIDE)):
                continue
            inside = sorted(path.iterdir()) if path.name in KINDS and path.is_dir() else [path]
            strange = [entry for entry in inside if not OUR_NAME.fullmatch(entry.name)]
            if strange:
                raise OptionError(
                    f"{self.root} holds {strange[0].relative_to(self.root)}, which is not of a Lifemask library. "
                    "Choose a new or an empty folder for the library."
                )

    def take_database_of_server(self) -> None:
        """Note that the library of this folder is on a server.

        Raises
        ------
        StorageError
            It is in a file of this folder.
        """
        if self.database.exists():
            raise StorageError(
                f"{self.database} holds a library that is not in the database of LIFEMASK_DATABASE_URL. Bring it there "
                "with 'lifemask move-library', or move the file away."
            )
        with writing(self.root):
            self._served.touch(rights.FILE)

    def _ours(self) -> Iterator[Path]:
        """What of the data folder we have written, whether the database knows it or not."""
        for path in self.root.iterdir():
            if path.name in ("secret", self.quarantine.name) or path.name.startswith((*BESIDE, *HIDDEN)):
                yield path
            elif path.name in KINDS:
                yield from (entry for entry in path.iterdir() if OUR_NAME.fullmatch(entry.name))

    def photo(self, photo_id: str) -> Path:
        """Folder of a photo's files."""
        return self.photos / photo_id

    def face(self, face_id: str) -> Path:
        """Folder of a face's files."""
        return self.faces / face_id

    def comparison(self, run_id: str) -> Path:
        """Folder of a comparison's files."""
        return self.comparisons / run_id

    def made_by(self, run_id: str, face_ids: Sequence[str]) -> list[Path]:
        """Folders that a run may have written: those of its new faces, and that of its comparison."""
        return [*map(self.face, face_ids), self.comparison(run_id)]

    def secret(self) -> str:
        """Return the key that signs cookies; made at the first call and readable by its owner alone.

        One that is empty, as a full disk may leave it, is no key: with it everybody could sign.
        """
        if self._secret:
            return self._secret
        file = self.root / "secret"
        with writing(self.root):
            if not _text(file):
                with FileLock(self.root / ".secret.lock", mode=rights.FILE):  # of several starts at once one makes it
                    if not _text(file):
                        with replacing_file(file) as part:
                            part.touch(rights.FILE)
                            part.write_text(secrets.token_hex(32))
            return _text(file)

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

    def store_drawn_scan(self, photo_id: str, photo: "core.photo.Photo", unit: str) -> None:
        """Put a scan's picture, its depth and what reading it told in the place of those that were there.

        unit : by which it was drawn, as it was asked for.
        """
        place = self.photo(photo_id)
        with writing(self.root), replacing([place], is_ours=lambda _name: True, stays=_is_scan) as (folder,):
            write_photo(photo, folder, unit)

    def scan_path(self, photo_id: str) -> Path | None:
        """Return the file of a scan, as it came; None of a photo."""
        return next(filter(Path.is_file, self.photo(photo_id).glob(f"{SCAN}.*")), None)

    def store_sensor(self, photo_id: str, written: Path) -> None:
        """Take over the depth of a photo that is stored without it, and what reading it told.

        written : the folder that `write_photo` wrote.

        Raises
        ------
        StorageError
            The disk is full, or the photo is not there any more.
        """
        with writing(self.root):
            for name in (READING, SENSOR):
                with replacing_file(self.photo(photo_id) / name) as part:
                    shutil.copyfile(written / name, part)
        rights.make_private(self.photo(photo_id))

    def sensor_path(self, photo_id: str) -> Path:
        """The file of the depth that came with a photo, whether any did or not."""
        return self.photo(photo_id) / SENSOR

    def sensor(self, photo_id: str) -> "core.sensor.SensorDepth | None":
        """Return the depth that came with a photo; None where none did, or where an earlier version stored it.

        Raises
        ------
        FormatError
            Its file is damaged.
        """
        return core.sensor.kept.load(self.sensor_path(photo_id))

    def reading(self, photo_id: str) -> "Reading":
        """Return what was found when the photo was read; nothing of one that an earlier version stored."""
        path = self.photo(photo_id) / READING
        return typed(Reading, read_object(path), path) if path.is_file() else Reading()

    @contextlib.contextmanager
    def written_beside(self, place: Path) -> Iterator[Path]:
        """Give a folder beside `place`, which it replaces when the block ends well; it is removed when it does not."""
        with writing(self.root), replacing([place], is_ours=lambda _name: True) as (part,):
            yield part

    @staticmethod
    def size_bytes(folder: Path) -> int:
        """How much the files of a folder take; one that is gone takes nothing."""
        return sum(file.stat().st_size for file in folder.glob("**/*") if file.is_file())

    def remove(self, folder: Path) -> None:
        """Remove a folder of files; what is in use by a reader goes when it is closed."""
        shutil.rmtree(folder, ignore_errors=True)


def _text(file: Path) -> str:
    """Return what is in a file, of whatever bytes; '' where there is none or nothing but blanks."""
    return file.read_text("utf-8", "backslashreplace").strip() if file.exists() else ""


def _is_scan(name: str) -> bool:
    return name.startswith(f"{SCAN}.")


def write_photo(photo: "core.photo.Photo", folder: Path, unit: str | None = None) -> None:
    """Write all that is kept of a photo, or of a scan that was drawn by `unit`: pictures without any metadata.

    A run then sees the same pixels and the same depth as the command line does, and says the same of them.
    """
    write_json(Reading(photo.focal_from, photo.warnings, unit), folder / READING)
    _write_pictures(Image.fromarray(photo.rgb), folder)
    if photo.sensor is not None:
        core.sensor.kept.save(photo.sensor, folder / SENSOR)


def write_scan(folder: Path) -> None:
    """Write what stands for a scan until it is drawn: a gray square as photo.png and thumbnail.jpg."""
    _write_pictures(Image.new("RGB", (PLACEHOLDER_PX, PLACEHOLDER_PX), PLACEHOLDER), folder)
    write_json(Reading(), folder / READING)


def _write_pictures(picture: Image.Image, folder: Path) -> None:
    picture.save(folder / "photo.png", compress_level=1)  # level 6 takes five times as long for a tenth less
    picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS, reducing_gap=2.0)
    picture.save(folder / "thumbnail.jpg", quality=85)
