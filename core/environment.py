"""How environment variables and paths that a person gave are read: in one way, by core and by the app."""

import os
from collections.abc import Mapping
from pathlib import Path

from core.errors import OptionError

SWITCH = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def text(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the variable without blanks round it; empty where it is not set."""
    return environ.get(name, "").strip()


def switch(name: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a variable is on: 1, true, yes or on; off, as where it is not set: 0, false, no or off.

    Raises
    ------
    OptionError
        It is something else.
    """
    given = text(name, environ)
    found = SWITCH.get(given.lower(), None if given else False)
    if found is None:
        raise OptionError(f"{name} is '{given}'; it must be 0 or 1.")
    return found


def cores() -> int:
    """Return how many processors this process may use: fewer than the machine has, where it is held to some of them."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def path(given: str) -> Path:
    """Return a path that a person gave; `~` at its start is their home folder.

    Raises
    ------
    OptionError
        There is no such user, as in `~nobody/x`.
    """
    try:
        return Path(given).expanduser()
    except RuntimeError as error:
        raise OptionError(f"There is no home folder of '{Path(given).parts[0]}'. Write {given} in full.") from error
