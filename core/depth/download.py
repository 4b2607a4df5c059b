"""One file over HTTP: resumed where it broke off, with progress, cancel and an eye on the disk."""

import errno
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import requests

from core.errors import Cancelled, StorageError, WeightsError

Received = Callable[[int, int | None], None]  # bytes so far, bytes in all or None where the server does not say

CHUNK_BYTES = 1 << 20
ATTEMPTS_WITHOUT_PROGRESS = 4
PAUSE_S = 0.5
TIMEOUT_S = (10.0, 30.0)  # to connect, between two chunks
SPARE_BYTES = 64 << 20  # what a download leaves free on the disk
REACHED_END = 416  # the range that was asked for starts past the end of the file


class _InterruptedError(Exception):
    """The connection broke; what has arrived is kept."""


def fetch(address: str, part: Path, progress: Received, cancelled: Callable[[], bool]) -> None:
    """Fetch `address` into `part`, continuing what an earlier call left there; see `discard`.

    The server's entity tag stands beside the part, so that a file which changed meanwhile is begun anew.

    Raises
    ------
    WeightsError
        If the server refuses or cannot be reached. What has arrived stays for the next call.
    StorageError
        If the disk has no room.
    Cancelled
        If `cancelled()` says so. What has arrived stays for the next call.
    """
    failures = 0
    while True:
        before = part.stat().st_size if part.is_file() else 0
        try:
            _attempt(address, part, progress, cancelled)
        except (_InterruptedError, requests.ConnectionError, requests.Timeout) as problem:
            arrived = part.stat().st_size if part.is_file() else 0
            failures = 0 if arrived > before else failures + 1
            if failures >= ATTEMPTS_WITHOUT_PROGRESS:
                raise WeightsError(
                    f"The download of {address} broke off after {arrived / 1e6:.0f} MB. "
                    "Check the connection and start it again: it continues where it stopped."
                ) from problem
            _pause(PAUSE_S * 2**failures, cancelled)
        except requests.RequestException as problem:
            raise WeightsError(f"{address} cannot be fetched: {problem}.") from problem
        else:
            return


def discard(part: Path) -> None:
    """Remove what `fetch` left, finished or not."""
    for path in (part, _tag_file(part)):
        path.unlink(missing_ok=True)


def _attempt(address: str, part: Path, progress: Received, cancelled: Callable[[], bool]) -> None:
    """One connection: ask for what is missing, append what comes."""
    have = part.stat().st_size if part.is_file() else 0
    tag = _read_tag(part)
    headers = {"Accept-Encoding": "identity"}
    if have and tag:
        headers |= {"Range": f"bytes={have}-", "If-Range": tag}
    with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
        came = response.headers.get("Content-Range", "")
        if response.status_code == REACHED_END and came == f"bytes */{have}":
            return  # all of it had arrived
        resumed = response.status_code == requests.codes.partial_content
        if response.status_code == REACHED_END or (resumed and not came.startswith(f"bytes {have}-")):
            discard(part)
            raise _InterruptedError
        if response.status_code >= 500:
            raise _InterruptedError
        if not response.ok:
            raise WeightsError(f"{address} answered {response.status_code} {response.reason}, so nothing was fetched.")
        if not resumed:
            have = 0
            _write_tag(part, response.headers.get("ETag") or response.headers.get("Last-Modified"))
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        _require_room(part.parent, (total or have) - have)
        _append(response, part, have=have, total=total, progress=progress, cancelled=cancelled)


def _append(
    response: requests.Response,
    part: Path,
    *,
    have: int,
    total: int | None,
    progress: Received,
    cancelled: Callable[[], bool],
) -> None:
    try:
        with part.open("ab" if have else "wb") as file:
            progress(have, total)
            for chunk in response.iter_content(CHUNK_BYTES):
                if cancelled():
                    raise Cancelled("The download was stopped; started again, it continues where it stopped.")
                file.write(chunk)
                have += len(chunk)
                progress(have, total)
    except requests.RequestException as broken:
        raise _InterruptedError from broken
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            part.unlink(missing_ok=True)
            raise _full(part.parent, (total or have) - have) from problem
        raise
    if total is not None and have < total:
        raise _InterruptedError


def _require_room(folder: Path, need_bytes: int) -> None:
    if shutil.disk_usage(folder).free < need_bytes + SPARE_BYTES:
        raise _full(folder, need_bytes)


def _full(folder: Path, need_bytes: int) -> StorageError:
    free = shutil.disk_usage(folder).free
    return StorageError(
        f"The disk of {folder} has {free / 1e6:.0f} MB free and {need_bytes / 1e6:.0f} MB more are needed. "
        "Free some room, or choose another folder with LIFEMASK_WEIGHTS."
    )


def _pause(seconds: float, cancelled: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if cancelled():
            raise Cancelled("The download was stopped; started again, it continues where it stopped.")
        time.sleep(min(left, 0.1))


def _tag_file(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_tag(part: Path) -> str | None:
    try:
        tag = json.loads(_tag_file(part).read_text())["tag"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return tag if isinstance(tag, str) else None


def _write_tag(part: Path, tag: str | None) -> None:
    _tag_file(part).write_text(json.dumps({"tag": tag}))
