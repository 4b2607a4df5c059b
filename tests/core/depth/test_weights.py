"""Weights fetched, checked, added and deleted, with a real checkpoint from a server on the loopback."""

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.depth import catalog, store, weights
from core.depth.midas import checkpoint
from core.errors import Cancelled, StorageError, WeightsError
from tests.core import published
from tests.core.server import serving

NAME = "midas_v21_small_256"
PATH = f"/v2_1/{NAME}.pt"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("copied") / f"{NAME}.pt"
    torch.save(published.checkpoint(NAME), path)
    return path


@pytest.fixture(scope="module")
def sha256(file):
    return store.sha256(file)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LIFEMASK_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.delenv("LIFEMASK_OFFLINE", raising=False)
    return tmp_path / "weights"


@pytest.fixture
def files(file, monkeypatch, folder):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as files:
        monkeypatch.setenv("LIFEMASK_WEIGHTS_MIRROR", files.address)
        files.content[PATH] = file.read_bytes()
        yield files


def know(monkeypatch, sha256):
    """Let the catalogue know this hash of the checkpoint; None: not yet."""
    monkeypatch.setitem(catalog.MODELS, NAME, replace(catalog.MODELS[NAME], sha256=sha256))
    monkeypatch.setattr(catalog, "MIDAS_MODELS", tuple(m for m in catalog.MODELS.values() if m.address))


@pytest.fixture
def quick(monkeypatch):
    """Leave out the conversion where it is not what the test is about."""
    monkeypatch.setattr(checkpoint, "convert", lambda name, source, target: target.write_bytes(source.read_bytes()))


def left(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_download_is_checked_converted_and_done_once(files, folder, file, sha256, monkeypatch):
    know(monkeypatch, sha256)
    files.cuts = [10_000_000]
    seen = []
    found = weights.download(NAME, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (file.stat().st_size,) * 2
    assert left(folder) == [f"{NAME}.json", f"{NAME}.safetensors"]
    assert weights.installed() == {NAME: found}
    assert (found.record.sha256, found.record.source) == (sha256, files.address + PATH)
    stored = load_file(found.path)
    assert all(torch.equal(stored[key], value) for key, value in published.checkpoint(NAME).items())
    asked = len(files.asked)
    assert weights.download(NAME) == found
    assert weights.ready(NAME) == found.path
    assert len(files.asked) == asked == 2
    assert weights.default_model() == NAME
    assert oct(found.path.stat().st_mode)[-3:] == "644"


def test_a_wrong_hash_is_refused_and_nothing_stays(files, folder):
    files.content[PATH] += b"!"
    with pytest.raises(
        WeightsError, match=r"is not the file of .* that was published: its SHA-256 is \w{64}, expected 70d6"
    ):
        weights.download(NAME)
    assert left(folder) == []
    assert weights.installed() == {}


def test_an_unknown_hash_is_recorded_at_first_sight_and_checked_ever_after(files, folder, sha256, monkeypatch, quick):
    know(monkeypatch, None)
    assert weights.download(NAME).record.sha256 == sha256
    weights.delete(NAME)
    assert left(folder) == [f"{NAME}.json"]
    files.content[PATH] += b"!"
    with pytest.raises(WeightsError, match=r"first seen here on 20\d\d-\d\d-\d\d"):
        weights.download(NAME)
    assert weights.installed() == {}


def test_a_file_that_is_no_checkpoint_is_not_kept(files, folder, monkeypatch):
    know(monkeypatch, None)
    files.content[PATH] = b"<html>moved</html>"
    with pytest.raises(WeightsError, match="is damaged or not a checkpoint"):
        weights.download(NAME)
    assert left(folder) == []


def test_offline_asks_nobody(files, folder, monkeypatch):
    monkeypatch.setenv("LIFEMASK_OFFLINE", "1")
    with pytest.raises(WeightsError, match=f"LIFEMASK_OFFLINE forbids .* lifemask models add {NAME}.pt"):
        weights.download(NAME)
    assert files.asked == []


def test_cancel_keeps_what_arrived(files, folder, sha256, monkeypatch, quick):
    know(monkeypatch, sha256)
    answers = iter([False, False, True])
    with pytest.raises(Cancelled):
        weights.download(NAME, cancelled=lambda: next(answers))
    have = (folder / f"{NAME}.pt.part").stat().st_size
    assert weights.installed() == {}
    weights.download(NAME)
    assert files.asked[-1][1] == f"bytes={have}-"


def test_two_processes_at_once_fetch_once(files, folder, sha256):
    program = f"""
import sys
from dataclasses import replace
from types import SimpleNamespace
from core.depth import catalog, weights
checkpoint = SimpleNamespace(convert=lambda name, source, target: target.write_bytes(source.read_bytes()))
weights.midas = SimpleNamespace(checkpoint=checkpoint)  # in place of torch
catalog.MODELS[{NAME!r}] = replace(catalog.MODELS[{NAME!r}], sha256={sha256!r})
print("ready", flush=True)
sys.stdin.readline()
print(weights.download({NAME!r}).path)
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen([sys.executable, "-c", program], **pipes) for _ in range(2)]
    assert [process.stdout.readline() for process in both] == ["ready\n"] * 2
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].strip() for process in both]
    assert answers == [str(folder / f"{NAME}.safetensors")] * 2
    assert files.asked == [(PATH, None)]


def test_waiting_for_another_download_can_be_cancelled(files, folder):
    with store.Place(folder, NAME).locked(), pytest.raises(Cancelled, match="while another process fetched"):
        weights.download(NAME, cancelled=lambda: True)


def test_a_file_copied_by_hand_is_added_by_its_hash_or_name(folder, file, sha256, tmp_path, monkeypatch, quick):
    know(monkeypatch, sha256)
    other = tmp_path / "model(1).pt"
    os.link(file, other)
    found = weights.add(other)
    assert (found.name, found.record.source) == (NAME, "added by hand")
    assert other.exists()
    know(monkeypatch, None)
    with pytest.raises(WeightsError, match=r"model\(1\).pt is not a checkpoint that is known"):
        weights.add(other)
    assert weights.add(file).name == NAME
    with pytest.raises(WeightsError, match="There is no file"):
        weights.add(tmp_path / "nowhere.pt")


def test_a_checkpoint_put_into_the_folder_is_used_and_stays(folder, file, sha256, monkeypatch):
    know(monkeypatch, sha256)
    folder.mkdir()
    os.link(file, folder / file.name)
    assert weights.installed()[NAME].path == folder / file.name
    assert weights.ready(NAME) == folder / f"{NAME}.safetensors"
    assert left(folder) == [f"{NAME}.json", f"{NAME}.pt", f"{NAME}.safetensors"]


def test_converted_weights_that_change_later_are_refused(folder, file, sha256, monkeypatch, quick):
    know(monkeypatch, sha256)
    path = weights.add(file).path
    os.utime(path)
    assert weights.ready(NAME) == path  # another time, the same content
    with path.open("r+b") as stored:
        stored.seek(1000)
        stored.write(b"changed")
    with pytest.raises(WeightsError, match="has changed since it was checked"):
        weights.ready(NAME)


def test_checked_weights_are_ready_while_another_process_holds_the_lock(folder, file, sha256, monkeypatch, quick):
    know(monkeypatch, sha256)
    path = weights.add(file).path
    with store.Place(folder, NAME).locked():
        assert weights.ready(NAME) == path


def test_a_full_disk_is_said_and_leaves_no_half_file(folder, file, sha256, monkeypatch):
    know(monkeypatch, sha256)

    def fill(name, source, target):
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "convert", fill)
    with pytest.raises(StorageError, match=r"The disk of .* is full"):
        weights.add(file)
    assert left(folder) == []


def test_a_folder_that_cannot_be_written(file, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(StorageError, match="cannot be written"):
        weights.delete(NAME, tmp_path / "taken" / "weights") or weights.add(file, NAME, tmp_path / "taken" / "weights")


def test_the_default_is_the_chosen_or_the_best_on_disk(folder):
    folder.mkdir()
    assert weights.default_model() == "builtin"
    for name in ("midas_v21_small_256", "dpt_hybrid_384"):
        (folder / f"{name}.safetensors").touch()
    assert weights.default_model() == "dpt_hybrid_384"
    weights.set_default("midas_v21_small_256")
    assert weights.default_model() == "midas_v21_small_256"
    weights.delete("midas_v21_small_256")
    assert weights.default_model() == "dpt_hybrid_384"
    weights.set_default("builtin")
    assert weights.default_model() == "builtin"
    weights.set_default("auto")
    assert weights.default_model() == "dpt_hybrid_384"
    with pytest.raises(WeightsError, match="The weights of dpt_large_384 are not on this machine"):
        weights.set_default("dpt_large_384")
    with pytest.raises(WeightsError, match="There is no network called 'nonsense'"):
        weights.set_default("nonsense")


@pytest.mark.parametrize("name", ["builtin", "../../etc/passwd", ""])
def test_only_networks_of_the_catalogue_have_weights(folder, name):
    for action in (weights.download, weights.delete, weights.ready):
        with pytest.raises(WeightsError):
            action(name)
    assert not folder.exists()


def test_the_catalogue_and_the_weights_import_no_torch():
    program = "import sys, core.depth.catalog, core.depth.weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3], check=False).returncode == 0
