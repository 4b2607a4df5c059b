"""On a disk without a free byte what is there can be deleted: a real disk, of a few MB, where one can be made."""

import io
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from dashboard.library import deletion
from dashboard.library.library import Library
from dashboard.library.room import LEAST_BYTES, give, keep
from dashboard.settings import Settings
from tests.dashboard.library.test_library import jpeg


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> None:
    """Take the last byte that is free."""
    with (disk / "filler").open("wb", buffering=0) as file:
        for block in (bytes(1 << 16), bytes(512), bytes(1)):
            with pytest.raises(OSError, match="No space left"):
                all(iter(partial(file.write, block), 0))
    assert os.statvfs(disk).f_bavail == 0


def test_all_can_be_deleted_at_0_bytes_free(small_disk: Path, settings: Settings) -> None:
    library = Library(replace(settings, data=str(small_disk / "data"), min_free_mb=0), undo_s=0.0)
    workspace = library.new_workspace()
    for number in range(20):
        library.add_photo(workspace, f"{number}.jpg", jpeg())
    keep(library.folders.root, library.folders.database)
    fill(small_disk)
    with pytest.raises(OperationalError, match="disk is full"):
        library.add_photo(workspace, "one-more.jpg", jpeg())
    assert deletion.delete_all(library, workspace) is not None
    assert library.photos(workspace) == []
    deletion.carry_out_due(library)
    assert list(library.folders.photos.iterdir()) == []
    (small_disk / "filler").unlink()
    keep(library.folders.root, library.folders.database)  # as every minute, for the next time
    assert (small_disk / "data" / ".room").exists()
    library.close()


def test_all_can_be_deleted_at_0_bytes_free_by_rest(small_disk: Path, make_app: Any) -> None:
    app = make_app(data=str(small_disk / "data"), min_free_mb=0)
    library, client = app.server.config["LIBRARY"], app.server.test_client()
    sent = client.post("/api/photos", data={"photos": (io.BytesIO(jpeg()), "a.jpg")})
    assert sent.status_code == 200
    keep(library.folders.root, library.folders.database)
    fill(small_disk)
    refused = client.post("/api/photos", data={"photos": (io.BytesIO(jpeg()), "b.jpg")})
    assert refused.status_code == 507
    assert "the disk is full. Free some space" in refused.json["errors"][0]["error"]
    answer = client.delete("/api/workspace")
    assert (answer.status_code, answer.json["deleted"]) == (200, "all")
    (small_disk / "filler").unlink()


def test_the_room_is_real_and_given_once(library: Library) -> None:
    assert not give(library.folders.root)
    keep(library.folders.root, library.folders.database)
    room = library.folders.root / ".room"
    assert room.stat().st_size == LEAST_BYTES + 2 * library.folders.database.stat().st_size
    assert room.stat().st_blocks * 512 >= room.stat().st_size  # no hole
    assert give(library.folders.root)
    assert not give(library.folders.root)
