"""Downloads against a server on the loopback that breaks in the ways that servers break."""

import random
import shutil
from collections import namedtuple
from itertools import pairwise

import pytest

from core.depth import download
from core.errors import Cancelled, StorageError, WeightsError
from tests.core.server import serving

CONTENT = random.Random(1).randbytes(3_000_000)


@pytest.fixture
def files(monkeypatch):
    monkeypatch.setattr(download, "PAUSE_S", 0.001)
    monkeypatch.setattr(download, "CHUNK_BYTES", 100_000)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as files:
        files.content["/a.pt"] = CONTENT
        yield files


@pytest.fixture
def part(tmp_path):
    return tmp_path / "a.pt.part"


def fetch(files, part, cancelled=lambda: False):
    seen = []
    download.fetch(files.address + "/a.pt", part, lambda done, total: seen.append((done, total)), cancelled)
    return seen


def test_a_broken_connection_is_resumed_where_it_broke(files, part):
    files.cuts = [1_000_000, 500_000, 0]
    seen = fetch(files, part)
    assert part.read_bytes() == CONTENT
    assert [wanted for _, wanted in files.asked] == [None, "bytes=1000000-", "bytes=1500000-", "bytes=1500000-"]
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert all(before[0] <= after[0] for before, after in pairwise(seen))


def test_a_cancelled_download_continues_later(files, part):
    answers = iter([False] * 10 + [True])
    with pytest.raises(Cancelled, match="continues where it stopped"):
        fetch(files, part, lambda: next(answers))
    have = part.stat().st_size
    assert 0 < have < len(CONTENT)
    assert part.read_bytes() == CONTENT[:have]
    fetch(files, part)
    assert files.asked[-1][1] == f"bytes={have}-"
    assert part.read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_begun_anew(files, part):
    files.cuts = [1_000_000] + [0] * download.ATTEMPTS_WITHOUT_PROGRESS
    with pytest.raises(WeightsError, match="broke off after 1 MB"):
        fetch(files, part)
    files.content["/a.pt"] = newer = CONTENT[::-1]
    fetch(files, part)
    assert part.read_bytes() == newer


def test_a_server_without_ranges_sends_it_all_again(files, part):
    files.ranges, files.cuts = False, [1_000_000]
    fetch(files, part)
    assert part.read_bytes() == CONTENT


def test_what_had_arrived_whole_is_not_sent_again(files, part):
    fetch(files, part)
    assert fetch(files, part) == []
    assert part.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_begun_anew(files, part):
    fetch(files, part)
    part.write_bytes(CONTENT + b"more")
    fetch(files, part)
    assert part.read_bytes() == CONTENT


def test_a_missing_file_is_said_at_once(files, part):
    with pytest.raises(WeightsError, match="answered 404 Not Found, so nothing was fetched"):
        download.fetch(files.address + "/b.pt", part, lambda done, total: None, lambda: False)
    assert len(files.asked) == 1
    assert not part.exists()


def test_no_server_at_all(files, part):
    with serving() as gone:
        pass
    with pytest.raises(WeightsError, match=r"broke off after 0 MB. Check the connection"):
        download.fetch(gone.address + "/a.pt", part, lambda done, total: None, lambda: False)


def test_a_disk_that_fills_up_is_said_and_the_part_removed(files, part):
    part.symlink_to("/dev/full")
    with pytest.raises(StorageError, match=r"cannot be written: the disk is full\."):
        fetch(files, part)
    assert not part.is_symlink()


def test_a_disk_without_room_is_found_before_anything_is_written(files, part, monkeypatch):
    usage = namedtuple("Usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(len(CONTENT)))
    with pytest.raises(StorageError, match=r"MB free and \d MB more are needed\. Free some space"):
        fetch(files, part)
    assert not part.exists()
