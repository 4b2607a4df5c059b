"""Whether a worker lives, wherever it was started: it touches a file of the data folder again and again."""

import contextlib
import time
from pathlib import Path

ALIVE_S = 10.0  # it does so every half second


def tell(root: Path) -> None:
    """Say that a worker lives now."""
    with contextlib.suppress(OSError):  # a disk that takes nothing now: it is told the next time
        _file(root).touch(0o600)


def end(root: Path) -> None:
    """Say that a worker has ended; another one says at once that it lives."""
    with contextlib.suppress(OSError):
        _file(root).unlink(missing_ok=True)


def is_any(root: Path) -> bool:
    """Whether a worker has said so lately; one before a clock that was set back counts as none."""
    try:
        age_s = time.time() - _file(root).stat().st_mtime
    except OSError:
        return False
    return abs(age_s) < ALIVE_S


def _file(root: Path) -> Path:
    return root / ".worker"
