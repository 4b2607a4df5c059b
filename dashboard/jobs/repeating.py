"""A thread that does something again and again beside a server or a worker."""

import threading
from abc import ABC, abstractmethod


class Repeating(ABC):
    """Does `once` at every `every_s` seconds, and at every `wake`, from `start` until `stop`. `once` raises nothing."""

    def __init__(self, name: str, every_s: float) -> None:
        self._every_s = every_s
        self._is_over = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def once(self) -> None:
        """Do it."""

    def start(self) -> None:
        """Do it from now on."""
        self._thread.start()

    def wake(self) -> None:
        """Do it now."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread."""
        self._is_over = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._wake.clear()
            if self._is_over:
                return
            self.once()
            self._wake.wait(self._every_s)
