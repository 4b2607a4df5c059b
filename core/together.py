"""Steps that need nothing of each other, at once: NumPy, OpenCV and zlib leave the other cores to other threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def together(*steps: Callable[[], Any]) -> list[Any]:
    """Take the steps in threads of their own; return what each returned, in their order.

    All have ended when it returns or raises. Raises what the first of them raised.
    """
    with ThreadPoolExecutor(len(steps)) as threads:
        begun = [threads.submit(step) for step in steps]
    return [one.result() for one in begun]
