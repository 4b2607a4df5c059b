"""The weights on disk: fetched or added, checked, kept, converted once, deleted. Imports torch only to convert.

In the folder of weights, for a network NAME:

    NAME.pt             the published checkpoint, until it has been converted
    NAME.safetensors    the same numbers, for memory-mapped loads
    NAME.json           the record: hash of the published file (known or as first seen), where it came from
    NAME.pt.part        an unfinished download
    NAME.lock           held by the process that works on NAME
    default.txt         the network that the person chose
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import filelock
import platformdirs

from core.depth import catalog
from core.depth.download import Progress, fetch
from core.errors import Cancelled, StorageError, WeightsError

BY_HAND = "added by hand"
OFF = ("", "0", "false", "no", "off")


@dataclass(frozen=True)
class Record:
    """What is known of the published file that the weights came from, and of their converted form."""

    sha256: str
    source: str
    seen: str  # ISO 8601, UTC
    converted_sha256: str | None = None
    converted_bytes: int | None = None
    converted_mtime_ns: int | None = None


@dataclass(frozen=True)
class Installed:
    """Weights that are on disk. `record` is None until they have been checked once."""

    name: str
    path: Path
    size_bytes: int
    record: Record | None


def weights_dir() -> Path:
    """Return the folder of weights: LIFEMASK_WEIGHTS, else the platform's place for a program's data."""
    chosen = os.environ.get("LIFEMASK_WEIGHTS", "").strip()
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("lifemask", appauthor=False) / "weights"


def offline() -> bool:
    """Whether LIFEMASK_OFFLINE forbids every connection."""
    return os.environ.get("LIFEMASK_OFFLINE", "").strip().lower() not in OFF


def installed(folder: Path | None = None) -> dict[str, Installed]:
    """Return the MiDaS networks whose weights are in `folder`, in the order of the catalogue."""
    folder = folder or weights_dir()
    found = {}
    for model in catalog.MIDAS_MODELS:
        path = next(
            (path for path in (_converted(model.name, folder), _published(model.name, folder)) if path.is_file()), None
        )
        if path is not None:
            found[model.name] = Installed(model.name, path, path.stat().st_size, _read_record(model.name, folder))
    return found


def default_model(folder: Path | None = None) -> str:
    """Return the network to use when nobody names one: the chosen one if it is on disk, else the best that is."""
    folder = folder or weights_dir()
    here = installed(folder)
    chosen = _default_file(folder)
    if chosen.is_file():
        name = chosen.read_text().strip()
        if name == catalog.BUILTIN or name in here:
            return name
    return next(iter(here), catalog.BUILTIN)


def set_default(name: str, folder: Path | None = None) -> None:
    """Choose the network to use when nobody names one; `auto` returns to the best that is on disk.

    Raises
    ------
    WeightsError
        If there is no such network or its weights are not on disk.
    """
    folder = folder or weights_dir()
    if name == "auto":
        _default_file(folder).unlink(missing_ok=True)
        return
    if catalog.entry(name).name != catalog.BUILTIN and name not in installed(folder):
        raise _missing(name)
    with _writing(folder):
        _replace_text(_default_file(folder), name + "\n")


def free_bytes(folder: Path | None = None) -> int:
    """Return the free bytes of the disk that holds, or will hold, the folder of weights."""
    folder = (folder or weights_dir()).absolute()
    return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.is_dir())).free


def download(
    name: str,
    progress: Progress = lambda _done, _total: None,
    cancelled: Callable[[], bool] = lambda: False,
    folder: Path | None = None,
) -> Installed:
    """Fetch, check and convert the weights of the network called `name`; does nothing when they are there.

    Parameters
    ----------
    progress : called with the bytes that have arrived and the bytes in all (None where the server does not say).
    cancelled : asked between chunks; True stops, and the next call continues.

    Raises
    ------
    WeightsError
        If the name is unknown, the program is offline, the server refuses, or the file is not the one that is known.
    StorageError
        If the disk has no room or the folder cannot be written.
    Cancelled
        If `cancelled()` said so.
    """
    folder = folder or weights_dir()
    address = _address(name)
    with _lock(name, folder, cancelled):
        if name not in installed(folder):
            if offline():
                raise WeightsError(
                    f"The weights of {name} are not on this machine and LIFEMASK_OFFLINE forbids to fetch them. "
                    f"Unset it, or copy the file here and run: lifemask models add {name}.pt"
                )
            part = _published(name, folder).with_suffix(".pt.part")
            fetch(address, part, progress, cancelled)
            try:
                record = _check(name, part, address, folder)
            except WeightsError:
                part.unlink()
                raise
            _write_record(name, record, folder)
            part.replace(_published(name, folder))
        _ready(name, folder)
    return installed(folder)[name]


def add(file: Path, name: str | None = None, folder: Path | None = None) -> Installed:
    """Take in a checkpoint that a person copied by hand; the file itself is left where it is.

    Parameters
    ----------
    name : the network; None finds it by the file's hash, else by its name.

    Raises
    ------
    WeightsError
        If the file is not there, is of no known network, is not the one that is known, or holds anything but the
        parameters of that network.
    StorageError
        If the disk has no room or the folder cannot be written.
    """
    folder = folder or weights_dir()
    if not file.is_file():
        raise WeightsError(f"There is no file {file}.")
    name = catalog.entry(name or _recognise(file)).name
    _address(name)
    with _lock(name, folder, lambda: False):
        record = _check(name, file, BY_HAND, folder)
        _convert(name, file, record, folder)
    return installed(folder)[name]


def delete(name: str, folder: Path | None = None) -> None:
    """Remove the weights of the network called `name`, finished or not; its recorded hash stays.

    Raises
    ------
    WeightsError
        If there is no such network.
    """
    folder = folder or weights_dir()
    _address(name)
    if not folder.is_dir():
        return
    with _lock(name, folder, lambda: False):
        published = _published(name, folder)
        part = published.with_suffix(".pt.part")
        for path in (published, _converted(name, folder), part, part.with_suffix(".part.json")):
            path.unlink(missing_ok=True)


def ready(name: str, folder: Path | None = None) -> Path:
    """Return the converted weights of the network called `name`, converting and checking them if need be.

    Raises
    ------
    WeightsError
        If they are not on disk, are not the ones that are known or hold anything but the network's parameters.
    StorageError
        If the disk has no room to convert them.
    """
    folder = folder or weights_dir()
    _address(name)
    if name not in installed(folder):
        raise _missing(name)
    with _lock(name, folder, lambda: False):
        return _ready(name, folder)


def _ready(name: str, folder: Path) -> Path:
    converted, published = _converted(name, folder), _published(name, folder)
    if converted.is_file():
        return _unchanged(name, folder)
    record = _read_record(name, folder)
    fetched = record is not None and record.source != BY_HAND
    _convert(name, published, _check(name, published, record.source if record else BY_HAND, folder), folder)
    if fetched:
        published.unlink()
    return converted


def _unchanged(name: str, folder: Path) -> Path:
    """Check the converted file against its record; hashed again only when its size or time differ."""
    path, record = _converted(name, folder), _read_record(name, folder)
    state = path.stat()
    if record and (record.converted_bytes, record.converted_mtime_ns) == (state.st_size, state.st_mtime_ns):
        return path
    found = _sha256(path)
    if record and record.converted_sha256 not in (None, found):
        raise WeightsError(
            f"{path} has changed since it was checked. Run 'lifemask models delete {name}' and fetch it again."
        )
    record = record or Record(sha256=found, source=BY_HAND, seen=_now())
    _write_record(name, _with_converted(record, path, found), folder)
    return path


def _convert(name: str, published: Path, record: Record, folder: Path) -> None:
    from core.depth.midas import checkpoint  # noqa: PLC0415  torch is loaded only where it is needed

    converted = _converted(name, folder)
    beside = converted.with_suffix(f".{os.getpid()}.tmp")
    with _writing(folder):
        try:
            checkpoint.convert(name, published, beside)
            record = _with_converted(record, beside, _sha256(beside))
            beside.replace(converted)
        finally:
            beside.unlink(missing_ok=True)
        _write_record(name, record, folder)


def _check(name: str, file: Path, source: str, folder: Path) -> Record:
    """Compare the published file with the hash that is known or was recorded; record it when seen first."""
    found, model, record = _sha256(file), catalog.entry(name), _read_record(name, folder)
    known = model.sha256 or (record.sha256 if record else None)
    if known and found != known:
        what = "published" if model.sha256 else f"first seen here on {record.seen[:10] if record else ''}"
        raise WeightsError(
            f"{file.name} is not the file of {name} that was {what}: its SHA-256 is {found}, expected {known}. "
            "It may be damaged or replaced; fetch it again from its publisher."
        )
    return Record(sha256=found, source=source, seen=record.seen if record else _now())


def _recognise(file: Path) -> str:
    found = _sha256(file)
    for model in catalog.MIDAS_MODELS:
        if model.sha256 == found:
            return model.name
    if file.stem in catalog.MODELS:
        return file.stem
    raise WeightsError(
        f"{file.name} is not a checkpoint that is known by its hash or its name. Give it the name of its network, "
        f"one of: {', '.join(model.file_name for model in catalog.MIDAS_MODELS)}."
    )


def _address(name: str) -> str:
    """Return where the checkpoint is fetched: the published address, or the same path under LIFEMASK_WEIGHTS_MIRROR."""
    address = catalog.entry(name).address
    if address is None:
        raise WeightsError(f"The weights of '{name}' come with Lifemask: there is nothing to fetch, add or delete.")
    mirror = os.environ.get("LIFEMASK_WEIGHTS_MIRROR", "").strip()
    return mirror.rstrip("/") + "/" + address.removeprefix(catalog.MIDAS_RELEASES) if mirror else address


def _missing(name: str) -> WeightsError:
    return WeightsError(
        f"The weights of {name} are not on this machine. Fetch them on the Models page or with: "
        f"lifemask models download {name}"
    )


@contextmanager
def _lock(name: str, folder: Path, cancelled: Callable[[], bool]) -> Iterator[None]:
    """Hold NAME against every other thread and process; a person who waits can still cancel."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"{name}.lock")
        while True:
            try:
                lock.acquire(timeout=0.2)
                break
            except filelock.Timeout:
                if cancelled():
                    raise Cancelled(f"Stopped while another process fetched {name}.") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say in one sentence why the folder of weights cannot be written."""
    try:
        yield
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"The disk of {folder} is full ({free_bytes(folder) / 1e6:.0f} MB free). Free some room and try again."
            ) from problem
        if problem.errno in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR):
            raise StorageError(
                f"The folder {folder} cannot be written. Change its rights, or choose another with LIFEMASK_WEIGHTS."
            ) from problem
        raise


def _published(name: str, folder: Path) -> Path:
    return folder / f"{name}.pt"


def _converted(name: str, folder: Path) -> Path:
    return folder / f"{name}.safetensors"


def _default_file(folder: Path) -> Path:
    return folder / "default.txt"


def _read_record(name: str, folder: Path) -> Record | None:
    try:
        return Record(**json.loads((folder / f"{name}.json").read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as problem:
        raise WeightsError(
            f"The record {folder / name}.json cannot be read. Delete it and fetch {name} again."
        ) from problem


def _write_record(name: str, record: Record, folder: Path) -> None:
    with _writing(folder):
        _replace_text(folder / f"{name}.json", json.dumps(asdict(record), indent=2) + "\n")


def _with_converted(record: Record, path: Path, sha256: str) -> Record:
    state = path.stat()
    return replace(record, converted_sha256=sha256, converted_bytes=state.st_size, converted_mtime_ns=state.st_mtime_ns)


def _replace_text(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    beside.write_text(text)
    beside.replace(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
