"""Whose doing it was that a worker ended: that of the run it had, or of somebody outside. See decisions/blame.md."""

import signal
from enum import IntEnum
from pathlib import Path

VMSTAT = Path("/proc/vmstat")  # of Linux; proc(5)
COUNTER = "oom_kill "  # processes that the kernel ended for want of memory, since it started
TOLD = {0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}


class Blame(IntEnum):
    """How much the end of a worker counts against a run that it had; a run has failed from `ENOUGH` on."""

    NONE = 0  # the worker was told to end
    UNKNOWN = 1  # it was killed, or is not heard of any more: by whom, nobody can say
    CAUSED = 3  # it crashed, or the kernel ended it for want of memory


ENOUGH = 2 * Blame.CAUSED  # one crash may be chance; and nothing goes on for ever


def of_end(exit_code: int | None, ran_out: int) -> Blame:
    """Return the blame for a process that ended by itself.

    exit_code : as `multiprocessing` has it, minus the signal. ran_out : processes that the kernel ended meanwhile for
    want of memory.
    """
    if exit_code in TOLD:
        return Blame.NONE
    if exit_code == -signal.SIGKILL and ran_out == 0:
        return Blame.UNKNOWN
    return Blame.CAUSED


def out_of_memory(vmstat: Path = VMSTAT) -> int:
    """Return how many processes the kernel has ended for want of memory; 0 where it does not tell."""
    try:
        lines = vmstat.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.removeprefix(COUNTER)) for line in lines if line.startswith(COUNTER)), 0)
