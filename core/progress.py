"""How a long task says how far it is, and is told to stop."""

from collections.abc import Callable

Progress = Callable[[str, float], None]


def ignore(stage: str, share: float) -> None:
    """A progress callback that does nothing. Others may raise `core.errors.Cancelled`."""
