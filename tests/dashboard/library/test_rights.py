"""What is in the data folder is its owner's alone."""

from pathlib import Path
from typing import Any

from dashboard.jobs.queue import Queue
from dashboard.library.library import Library
from dashboard.library.records import NewFace
from dashboard.settings import Settings
from tests.dashboard.library.test_library import Wanted, jpeg


def of_all(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): oct(path.lstat().st_mode & 0o777) for path in (root, *root.rglob("*"))}


def filled(library: Library) -> None:
    """Put a photo, a face and its comparison into it, and all else that there is."""
    workspace = library.new_workspace()
    photo = library.add_photo(workspace, "a.jpg", jpeg())
    run, queue = library.start_run(workspace, photo.id, Wanted()), Queue(library)
    assert queue.claim(["reconstruct"]) is not None
    folder = library.folders.face("f" * 32)
    library.journal.begin([folder])
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures" / "crop.png").write_bytes(b"face")
    queue.finish(run.id, [NewFace(folder.name, 1, "a.jpg", 0.9, "builtin")])
    library.folders.secret()


def test_folders_are_0700_and_files_0600(library: Library) -> None:
    filled(library)
    found = of_all(library.folders.root)
    assert {"library.sqlite", "library.sqlite-wal", "secret", f"faces/{'f' * 32}/pictures/crop.png"} <= set(found)
    assert any(name.startswith("photos/") and name.endswith("photo.png") for name in found)
    is_folder = {name: (library.folders.root / name).is_dir() for name in found}
    assert found == {name: "0o700" if is_folder[name] else "0o600" for name in found}


def test_a_library_that_others_could_look_into_is_closed_at_the_next_start_and_nothing_else_is(
    library: Library, settings: Settings, caplog: Any
) -> None:
    filled(library)
    root = library.folders.root
    holiday = root / "photos" / "holiday"
    holiday.mkdir()
    (holiday / "beach.jpg").write_bytes(b"mine")
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    Library(settings).close()
    found = of_all(root)
    assert {name for name, mode in found.items() if mode not in ("0o700", "0o600")} == {
        "photos/holiday", "photos/holiday/beach.jpg",
    }  # fmt: skip
    assert [record.message for record in caplog.records] == [
        f"{root} could be looked into by others; from now on it is its owner's alone"
    ]
    caplog.clear()
    Library(settings).close()
    assert not caplog.records
