"""Work that is stopped at each of its steps in turn: by Ctrl-C, or by a kill of the process that does it."""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from core import atomic

Step = Callable[[], Any]

CHANGES = {
    "os.rename",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.remove",
    "os.rmdir",
    "os.chmod",
    "os.utime",
    "ctypes.dlopen",
}
"""Audit events of Python that change the disk, or are about to: renameat2 is called by ctypes."""


def at_line(number: int, stop: Step, work: Step) -> bool:
    """Do the work, and call `stop` before its `number`-th line in `core.atomic`; False where it has not so many."""
    left = number

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != atomic.__file__:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                sys.settrace(None)
                stop()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return left <= 0


def interrupted_at_each_line(prepare: Step, work: Step) -> Iterator[int]:
    """Prepare and do the work again and again; each time Ctrl-C comes a line later. Gives the number of the line."""
    number = 1
    while True:
        prepare()
        try:
            if not at_line(number, lambda: signal.raise_signal(signal.SIGINT), work):
                return
        except KeyboardInterrupt:
            yield number
        number += 1


def killed_at_each_change(prepare: Step, work: Step) -> Iterator[int]:
    """Prepare here and do the work in a process that is killed, each time before the next change of the disk."""
    number = 1
    while True:
        prepare()
        if not killed_before_change(number, work):
            return
        yield number
        number += 1


def killed_before_change(number: int, work: Step) -> bool:
    """Do the work in a process that is killed before its `number`-th change of the disk; False if it has fewer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, of which the child uses none
        child = os.fork()
    if child == 0:
        _kill_at_change(number)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def _kill_at_change(number: int) -> None:
    left = number

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in CHANGES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
