"""What the commands share: how far they are, and lines above that."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from core.progress import Progress


@contextmanager
def bar() -> Iterator[Progress]:
    """Show on a terminal, and nowhere else, how far the work is: the stage, and the share of the whole that is done."""
    with tqdm(total=1.0, disable=not sys.stderr.isatty(), bar_format="{percentage:3.0f}% |{bar}| {desc}") as shown:

        def progress(stage: str, done: float) -> None:
            shown.set_description_str(stage, refresh=False)
            shown.update(done - shown.n)

        yield progress


def say(text: str) -> None:
    """Print a line of a result above the bar."""
    tqdm.write(text)


def say_wrong(text: str) -> None:
    """Print a line about what went wrong above the bar."""
    tqdm.write(f"lifemask: {text}", file=sys.stderr)
