"""Photos are decoded in a process of its own, which may be slow, greedy or killed without harm to any other."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from core.errors import OptionError, PhotoError
from core.photo import Limits
from dashboard.library import decoder
from dashboard.library.decoder import BUSY, Decoded, Decoder, Job, decoded
from dashboard.library.library import Library
from dashboard.library.records import BusyError
from dashboard.settings import Settings
from tests.dashboard.library.test_library import jpeg

ROOT = Path(__file__).parents[3]


def odd(job: Job) -> Decoded:
    """Do what the photo's name says."""
    what = job.name.partition(".")[0]
    if what == "slow":
        time.sleep(60.0)
    if what == "brief":
        time.sleep(1.0)
    if what == "greedy":
        np.ones(1 << 28)
    if what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "option":
        raise OptionError("wrong", "box")
    if what == "broken":
        raise ZeroDivisionError("unforeseen")
    return replace(decoded(job), name=str(os.getpid()))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "sent").write_bytes(jpeg())
    return Job(tmp_path / "sent", "a.jpg", Limits(), tmp_path)


@pytest.fixture
def odd_decoder(job: Job) -> Iterator[Decoder]:
    """One whose process has begun: that takes seconds on a busy machine."""
    made = Decoder(longest_s=60.0, memory_bytes=600 << 20, decode=odd)
    made.run(job)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("slow.jpg", PhotoError, r"^slow.jpg takes longer than 2 s to read."),
        ("greedy.jpg", PhotoError, r"^greedy.jpg takes more memory to read than it may."),
        ("killed.jpg", PhotoError, r"^killed.jpg could not be read: what read it was ended"),
        ("option.jpg", OptionError, r"^wrong$"),
        ("broken.jpg", ZeroDivisionError, r"^unforeseen$"),
    ],
)
def test_what_goes_wrong_is_said_and_the_next_photo_is_read(
    odd_decoder: Decoder, job: Job, name: str, error: type[Exception], said: str
) -> None:
    odd_decoder.longest_s = 2.0
    with pytest.raises(error, match=said):
        odd_decoder.run(replace(job, name=name))
    odd_decoder.longest_s = 60.0
    assert odd_decoder.run(job).width == 96
    assert (job.folder / "photo.png").is_file()


def test_one_process_reads_all_and_ends_with_the_server(odd_decoder: Decoder, job: Job) -> None:
    pids = {odd_decoder.run(job).name for _ in range(3)}
    (pid,) = pids
    assert int(pid) != os.getpid()
    odd_decoder.close()
    assert not psutil.pid_exists(int(pid))


SERVER = """
import sys
from pathlib import Path
from core.photo import Limits
from dashboard.library.decoder import Decoder, Job
from tests.dashboard.library.test_decoder import odd

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    decoder = Decoder(60.0, 600 << 20, decode=odd)
    print(decoder.run(Job(folder / "sent", "a.jpg", Limits(), folder)).name, flush=True)
    decoder.run(Job(folder / "sent", "slow.jpg", Limits(), folder))
"""


def test_it_ends_in_the_middle_of_a_photo_when_the_server_is_killed(job: Job, tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    command, environ = [sys.executable, str(script), str(tmp_path)], {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        time.sleep(1.0)  # it reads the slow one
        assert psutil.pid_exists(pid)
        server.kill()
        server.wait()
        end = time.monotonic() + 10.0
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_so_many_wait_and_no_more(odd_decoder: Decoder, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []

    def ask(name: str) -> None:
        try:
            found.append(odd_decoder.run(replace(job, name=name)))
        except BusyError as error:
            found.append(str(error))

    threads = [threading.Thread(target=ask, args=("brief.jpg",)) for _ in range(decoder.WAITING + 3)]
    monkeypatch.setattr(decoder, "WAITED_S", 3.0)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(BUSY) >= len(threads) - 5  # two had no place, others waited too long
    assert sum(isinstance(one, Decoded) for one in found) >= 2


def test_a_photo_of_100_megapixels_leaves_no_memory_behind(library: Library, tmp_path: Path) -> None:
    Image.new("RGB", (10_000, 10_000), (200, 120, 90)).save(tmp_path / "large.jpg")
    workspace, before = library.new_workspace(), psutil.Process().memory_info().rss
    library.add_photo(workspace, "large.jpg", tmp_path / "large.jpg")
    assert psutil.Process().memory_info().rss - before < 50 << 20


def test_a_photo_refused_leaves_nothing(settings: Settings) -> None:
    library = Library(replace(settings, max_megapixels=1))
    workspace = library.new_workspace()
    with pytest.raises(PhotoError, match="megapixels"):
        library.add_photo(workspace, "a.jpg", jpeg(size=(2000, 1000)))
    assert list(library.folders.photos.iterdir()) == []
    library.close()
