"""Waiting until something is so, for tests of what other threads and processes do."""

import time
from collections.abc import Callable


def until(true: Callable[[], bool], seconds: float = 90.0) -> None:
    """Wait until the function says yes; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not so within {seconds:g} s"
        time.sleep(0.05)
