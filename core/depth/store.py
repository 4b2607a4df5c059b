"""The folder of weights: who works in it, what stands where, and the record kept of each network's weights.

For a network NAME:

    NAME.pt             a published checkpoint that a person copied here; it stays
    NAME.safetensors    the same numbers, for memory-mapped loads
    NAME.json           the record: hash of the published file (known or as first seen), where it came from
    NAME.pt.part        an unfinished download
    NAME.lock           held by the process that works on NAME
    default.txt         the network that the person chose
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import filelock

from core.atomic import replacing_file
from core.errors import Cancelled, WeightsError
from core.storage import writing


@dataclass(frozen=True)
class Record:
    """What is known of the published file that the weights came from, and of their converted form."""

    sha256: str
    source: str
    seen: str  # ISO 8601, UTC
    converted_sha256: str | None = None
    converted_bytes: int | None = None
    converted_mtime_ns: int | None = None

    def with_converted(self, path: Path, sha256: str) -> "Record":
        """Return the record with the hash, size and time of the converted file at `path`."""
        state = path.stat()
        return replace(
            self, converted_sha256=sha256, converted_bytes=state.st_size, converted_mtime_ns=state.st_mtime_ns
        )

    def is_of(self, path: Path) -> bool:
        """Whether the converted file at `path` has the size and time that it was checked with."""
        state = path.stat()
        return (self.converted_bytes, self.converted_mtime_ns) == (state.st_size, state.st_mtime_ns)


@dataclass(frozen=True)
class Place:
    """Where the weights of one network stand in a folder."""

    folder: Path
    name: str

    @property
    def published(self) -> Path:
        """A checkpoint that a person copied here."""
        return self.folder / f"{self.name}.pt"

    @property
    def part(self) -> Path:
        """What has arrived of an unfinished download."""
        return self.folder / f"{self.name}.pt.part"

    @property
    def converted(self) -> Path:
        """The weights as they are loaded."""
        return self.folder / f"{self.name}.safetensors"

    @property
    def record_file(self) -> Path:
        """Where the record is kept."""
        return self.folder / f"{self.name}.json"

    def read_record(self) -> Record | None:
        """Return the record, or None before there is one."""
        try:
            return Record(**json.loads(self.record_file.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as problem:
            raise WeightsError(
                f"The record {self.record_file} cannot be read. Delete it, and fetch {self.name} again."
            ) from problem

    def write_record(self, record: Record) -> None:
        """Keep the record; it outlives the weights."""
        with writing(self.folder), replacing_file(self.record_file) as part:
            part.write_text(json.dumps(asdict(record), indent=2) + "\n")

    @contextmanager
    def locked(self, cancelled: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Hold the place against every other thread and process; a person who waits can still cancel."""
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.folder / f"{self.name}.lock")
            while not lock.is_locked:
                try:
                    lock.acquire(timeout=0.2)
                except filelock.Timeout:
                    if cancelled():
                        raise Cancelled(f"Stopped while another process fetched {self.name}.") from None
        try:
            yield
        finally:
            lock.release()


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk that holds, or will hold, the folder."""
    folder = folder.absolute()
    return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.is_dir())).free


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
