"""A bound on the memory of a process, and what it needs no more given back, where the system has either."""

import contextlib
import ctypes
import sys
from pathlib import Path

if sys.platform != "win32":
    import resource

STATUS = Path("/proc/self/status")  # of Linux; proc(5)


def bound_memory(more_bytes: int) -> None:
    """Refuse this process more than so much memory beyond what it has; the refusal is a MemoryError."""
    has = _has_bytes()
    if has is None or sys.platform == "win32":
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = has + more_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _has_bytes() -> int | None:
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:")), None)


def give_back() -> None:
    """Give memory that is free to the system, where the C library (glibc) keeps it for later."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
