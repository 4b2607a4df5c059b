import sys
import threading
from pathlib import Path

import pytest

from core import storage
from core.errors import StorageError
from core.storage import replacing


def rewrite(folder: Path, text: str) -> None:
    with replacing(folder) as part:
        (part / "file").write_text(text)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_folder_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool) -> None:
    if not at_once:
        monkeypatch.setattr(storage, "_exchanged_at_once", lambda _new, _old: False)
    for text in ("first", "second"):
        rewrite(tmp_path / "face", text)
        assert (tmp_path / "face" / "file").read_text() == text
        assert [path.name for path in tmp_path.iterdir()] == ["face"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a folder is away for a moment")
def test_a_reader_always_finds_a_folder_that_is_replaced(tmp_path: Path) -> None:
    rewrite(tmp_path / "face", "0")
    over, missed = threading.Event(), []

    def read() -> None:
        while not over.is_set():
            if not (tmp_path / "face" / "file").is_file():
                missed.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(300):
        rewrite(tmp_path / "face", str(k))
    over.set()
    reader.join()
    assert not missed


def test_what_was_there_stays_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(tmp_path / "face", "kept")
    monkeypatch.setattr(storage, "_exchanged_at_once", lambda _new, _old: False)
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if self.name.startswith(".face") and target.name == "face" and not self.name.endswith("-old"):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(StorageError, match="face could not be written: Permission denied"):
        rewrite(tmp_path / "face", "new")
    assert (tmp_path / "face" / "file").read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["face"]
