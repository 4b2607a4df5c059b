"""Photos are decoded in a process of its own, whose time and memory are bounded. See decisions/decoding-apart.md."""

import atexit
import contextlib
import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from PIL import Image

import core
from core.errors import LifemaskError, PhotoError
from dashboard.library.folders import write_photo
from dashboard.library.memory import bound_memory
from dashboard.library.records import BusyError

log = logging.getLogger("lifemask.library")

WAITING = 10  # photos that wait for their turn; more are told to come again
WAITED_S = 60.0  # so long each of them waits
BUSY = "So many photos are being read that this one could not be. Send it again in a moment."


@dataclass(frozen=True)
class Job:
    """A photo to decode. map_name : of the depth map that came with it, `map_file` where it lies.

    folder : where photo.png, thumbnail.jpg, and what else is kept of it, are written.
    """

    file: Path
    name: str
    limits: "core.photo.Limits"
    folder: Path
    map_name: str | None = None
    map_file: Path | None = None


@dataclass(frozen=True)
class Turn:
    """A stored picture that is to be turned. how : as Pillow counts; to : where it is written, as PNG."""

    file: Path
    name: str
    how: Image.Transpose
    to: Path


@dataclass(frozen=True)
class Decoded:
    """What the library's row holds of a photo. has_depth : whether depth came with it."""

    name: str
    sha256: str
    width: int
    height: int
    focal_35mm: float | None
    has_depth: bool


class Decoder:
    """A process that decodes one photo after the other; it begins with the first, and ends with this one.

    Parameters
    ----------
    longest_s : a photo that takes longer is given up.
    memory_bytes : more a photo may not take, where the system can be told so.
    decode : what is done for a job; an importable function.
    """

    def __init__(self, longest_s: float, memory_bytes: int, decode: "Callable[[Job], Decoded] | None" = None) -> None:
        self.longest_s, self.memory_bytes = longest_s, memory_bytes
        self._decode = decode or decoded
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(WAITING + 1)
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def run(self, job: Job) -> Decoded:
        """Decode a photo and write what is kept of it.

        Raises
        ------
        PhotoError
            It cannot be read, is over a limit, or takes too long or too much memory.
        BusyError
            Too many others wait.
        """
        answer = self._wait(job)
        assert isinstance(answer, Decoded)
        return answer

    def turn(self, turn: Turn) -> None:
        """Write a picture turned; raises as `run`."""
        self._wait(turn)

    def _wait(self, job: Job | Turn) -> Any:
        if not self._places.acquire(blocking=False):
            raise BusyError(BUSY)
        try:
            if not self._turn.acquire(timeout=WAITED_S):
                raise BusyError(BUSY)
            try:
                return self._ask(job)
            finally:
                self._turn.release()
        finally:
            self._places.release()

    def start(self) -> None:
        """Begin the process before the first photo comes."""
        with self._turn:
            self._begin()

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _ask(self, job: Job | Turn) -> Any:
        pipe = self._begin()
        try:
            pipe.send(job)
            if not pipe.poll(self.longest_s):
                self._end()
                raise PhotoError(
                    f"{job.name} takes longer than {self.longest_s:.0f} s to read. Save it anew as a plain JPEG or PNG."
                )
            answer = pipe.recv()
        except (EOFError, OSError):  # it was ended from outside, as for want of memory
            self._end()
            raise PhotoError(
                f"{job.name} could not be read: what read it was ended, maybe for want of memory. Make it smaller."
            ) from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _begin(self) -> Connection:
        if self._process is not None and self._process.is_alive() and self._pipe is not None:
            return self._pipe
        self._end()
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_main, args=(theirs, self._decode, self.memory_bytes), name="lifemask-decoder", daemon=True
        )
        self._process.start()
        theirs.close()
        self._pipe = ours
        return ours

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


@cache
def decoder_for(longest_s: float, memory_bytes: int) -> Decoder:
    """Return the decoder of this process with these bounds."""
    found = Decoder(longest_s, memory_bytes)
    atexit.register(found.close)
    return found


def decoded(job: Job) -> Decoded:
    """Read the photo of a job, and write what is kept of it."""
    with contextlib.ExitStack() as stack:
        given = None
        if job.map_file is not None and job.map_name is not None:
            given = core.sensor.MapFile(job.map_name, stack.enter_context(job.map_file.open("rb")))
        photo = core.read_photo(job.file, job.name, limits=job.limits, depth_map=given)
    write_photo(photo, job.folder)
    height, width = photo.rgb.shape[:2]
    return Decoded(photo.name, photo.sha256, width, height, photo.focal_35mm, photo.sensor is not None)


def turned(turn: Turn) -> None:
    """Write a picture turned."""
    with Image.open(turn.file) as image:
        image.transpose(turn.how).save(turn.to, "PNG", compress_level=1)


def _main(pipe: Connection, decode: Callable[[Job], Decoded], memory_bytes: int) -> None:
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the whole group
        log.debug("Loaded: %s", [core.read_photo, core.sensor])
        bound_memory(memory_bytes)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        while True:
            try:
                job = pipe.recv()
            except (EOFError, OSError):  # the server has ended
                return
            pipe.send(_answer(decode, job))


def _end_with_parent() -> None:
    """End in the middle of a photo, too, when the server was killed: nobody waits for it any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _answer(decode: Callable[[Job], Decoded], job: Job | Turn) -> Any:
    began = time.monotonic()
    try:
        return turned(job) if isinstance(job, Turn) else decode(job)
    except MemoryError:
        return PhotoError(f"{job.name} takes more memory to read than it may. Make it smaller, or save it anew.")
    except (LifemaskError, OSError) as error:
        return error
    except Exception as error:
        log.exception("A photo could not be decoded, after %.1f s", time.monotonic() - began)
        return error
