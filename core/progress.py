"""How a long task says how far it is, and is told to stop."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called with what is done now, in words for a person, and the share of the whole that is done, 0 to 1.

It may raise `core.errors.Cancelled`, which then ends the work.
"""


def part_of(progress: Progress, start: float, share: float) -> Progress:
    """Return the progress of a part of the work, which takes `share` of the whole from `start` on."""
    return lambda stage, done: progress(stage, start + share * done)


def ignore(stage: str, share: float) -> None:
    """A progress that nobody follows."""
