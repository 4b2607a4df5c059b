"""The weights of the MiDaS networks: fetched or added by hand, checked, converted once, deleted.

Nothing here loads torch but the conversion, when it runs. See `core.depth.store` for the folder.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from core.depth import catalog, midas, store
from core.depth.download import Received, discard, fetch
from core.depth.store import Place, Record
from core.errors import WeightsError

BY_HAND = "added by hand"
OFF = ("", "0", "false", "no", "off")


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


def free_bytes(folder: Path | None = None) -> int:
    """Return the free bytes of the disk that holds, or will hold, the weights."""
    return store.free_bytes(folder or weights_dir())


def installed(folder: Path | None = None) -> dict[str, Installed]:
    """Return the MiDaS networks whose weights are in `folder`, in the order of the catalogue."""
    found = {}
    for model in catalog.MIDAS_MODELS:
        place = Place(folder or weights_dir(), model.name)
        for path in (place.converted, place.published):
            if model.name not in found and path.is_file():
                found[model.name] = Installed(model.name, path, path.stat().st_size, place.read_record())
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
    """Choose the network to use when nobody names one; "auto" returns to the best that is on disk.

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
    with store.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    store.replace_text(_default_file(folder), name + "\n")


def download(
    name: str,
    progress: Received = lambda _done, _total: None,
    cancelled: Callable[[], bool] = lambda: False,
    folder: Path | None = None,
    mirror: str = "",
) -> Installed:
    """Fetch, check and convert the weights of the network called `name`; does nothing when they are there.

    Parameters
    ----------
    progress : called with the bytes that have arrived and the bytes in all (None where the server does not say).
    mirror : server with the published files under the same paths; empty: LIFEMASK_WEIGHTS_MIRROR, else the publisher.
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
    address = _address(name, mirror)
    place = Place(folder or weights_dir(), name)
    with place.locked(cancelled):
        if name not in installed(place.folder):
            if offline():
                raise WeightsError(
                    f"The weights of {name} are not on this machine and LIFEMASK_OFFLINE forbids to fetch them. "
                    f"Unset it, or copy the file here and run: lifemask models add {name}.pt"
                )
            with store.writing(place.folder):
                fetch(address, place.part, progress, cancelled)
            try:
                _convert(place, place.part, _check(place, place.part, address))
            except WeightsError:
                discard(place.part)
                raise
            discard(place.part)
        _ready(place)
    return installed(place.folder)[name]


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
    if not file.is_file():
        raise WeightsError(f"There is no file {file}.")
    name = name or _recognise(file)
    _address(name)
    place = Place(folder or weights_dir(), name)
    with place.locked():
        _convert(place, file, _check(place, file, BY_HAND))
    return installed(place.folder)[name]


def delete(name: str, folder: Path | None = None) -> None:
    """Remove the weights of the network called `name`, finished or not; the record of its hash stays.

    Raises
    ------
    WeightsError
        If there is no such network.
    """
    _address(name)
    place = Place(folder or weights_dir(), name)
    if not place.folder.is_dir():
        return
    with place.locked():
        discard(place.part)
        for path in (place.published, place.converted):
            path.unlink(missing_ok=True)


def ready(name: str, folder: Path | None = None) -> Path:
    """Return the converted weights of the network called `name`, checking and converting them if need be.

    Raises
    ------
    WeightsError
        If they are not on disk, are not the ones that are known or hold anything but the network's parameters.
    StorageError
        If the disk has no room to convert them.
    """
    _address(name)
    place = Place(folder or weights_dir(), name)
    here = installed(place.folder).get(name)
    if here is None:
        raise _missing(name)
    if here.path == place.converted and here.record and here.record.is_of(here.path):
        return here.path  # without the lock, so that a folder which others look after may be read-only
    with place.locked():
        return _ready(place)


def _ready(place: Place) -> Path:
    if place.converted.is_file():
        _check_unchanged(place)
        return place.converted
    _convert(place, place.published, _check(place, place.published, BY_HAND))
    return place.converted


def _check_unchanged(place: Place) -> None:
    """Hold the converted file against its record; it is hashed again only when its size or time differ."""
    path, record = place.converted, place.read_record()
    if record and record.is_of(path):
        return
    found = store.sha256(path)
    if record and record.converted_sha256 not in (None, found):
        raise WeightsError(
            f"{path} has changed since it was checked. Run 'lifemask models delete {place.name}' and fetch it again."
        )
    record = record or Record(sha256=found, source=BY_HAND, seen=_now())
    place.write_record(record.with_converted(path, found))


def _convert(place: Place, published: Path, record: Record) -> None:
    beside = place.converted.with_suffix(f".{os.getpid()}.tmp")
    with store.writing(place.folder):
        try:
            midas.checkpoint.convert(place.name, published, beside)
            record = record.with_converted(beside, store.sha256(beside))
            beside.replace(place.converted)
        finally:
            beside.unlink(missing_ok=True)
    place.write_record(record)


def _check(place: Place, file: Path, source: str) -> Record:
    """Compare the published file with the hash that is known, or that was recorded when one was first seen."""
    found, model, record = store.sha256(file), catalog.entry(place.name), place.read_record()
    if model.sha256 and found != model.sha256:
        raise WeightsError(
            f"{file.name} is not the file of {place.name} that was published: its SHA-256 is {found}, expected "
            f"{model.sha256}. It is damaged or was replaced; fetch it again."
        )
    if record and found != record.sha256:
        raise WeightsError(
            f"{file.name} is not the file of {place.name} that was first seen here on {record.seen[:10]}: its SHA-256 "
            f"is {found}, recorded is {record.sha256}. If you trust the new file, delete {place.record_file}."
        )
    return Record(sha256=found, source=source, seen=record.seen if record else _now())


def _recognise(file: Path) -> str:
    found = store.sha256(file)
    for model in catalog.MIDAS_MODELS:
        if model.sha256 == found:
            return model.name
    if file.stem in catalog.MODELS:
        return file.stem
    raise WeightsError(
        f"{file.name} is not a checkpoint that is known by its hash or its name. Give it the name of its network, "
        f"one of: {', '.join(model.file_name for model in catalog.MIDAS_MODELS)}."
    )


def _address(name: str, mirror: str = "") -> str:
    """Return where the checkpoint is fetched: as published, or at the same path under a mirror."""
    address = catalog.entry(name).address
    if address is None:
        raise WeightsError(f"The weights of '{name}' come with Lifemask: there is nothing to fetch, add or delete.")
    mirror = (mirror or os.environ.get("LIFEMASK_WEIGHTS_MIRROR", "")).strip()
    return mirror.rstrip("/") + "/" + address.removeprefix(catalog.MIDAS_RELEASES) if mirror else address


def _missing(name: str) -> WeightsError:
    return WeightsError(
        f"The weights of {name} are not on this machine. Fetch them on the Models page or with: "
        f"lifemask models download {name}"
    )


def _default_file(folder: Path) -> Path:
    return folder / "default.txt"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
