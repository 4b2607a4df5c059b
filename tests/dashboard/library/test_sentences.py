import errno
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from core.errors import PhotoError, StorageError
from core.storage import storage_error
from dashboard.library.folders import Folders
from dashboard.library.sentences import of_storage, sentence
from dashboard.settings import Settings

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("error", "same_as"),
    [
        (FULL, FULL),
        (OperationalError("INSERT", (), Exception("database or disk is full")), FULL),
        (
            OperationalError("INSERT", (), Exception("attempt to write a readonly database")),
            PermissionError(errno.EACCES, "Permission denied"),
        ),
    ],
)
def test_a_disk_speaks_as_in_core_through_sqlite_too(error: Exception, same_as: OSError) -> None:
    said = sentence(error, Path("/data"))
    assert said == str(storage_error(same_as, Path("/data"))) == str(of_storage(error, Path("/data")))
    assert said.startswith("/data cannot be written: ")


def test_a_library_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise FULL

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(StorageError) as said:
        Folders(Settings(data=str(tmp_path)))
    assert str(said.value) == sentence(FULL, tmp_path)


def test_other_errors() -> None:
    place = Path("/data")
    assert sentence(PhotoError("It is empty."), place) == "It is empty."
    assert sentence(MemoryError(), place).startswith("There is not enough memory")
    assert sentence(TimeoutError("slow"), place).startswith("Something unforeseen went wrong (TimeoutError: slow)")
    assert of_storage(ZeroDivisionError(), place) is None
