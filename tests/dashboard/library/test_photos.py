"""The library keeps the depth that came with a photo."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core.errors import FormatError
from core.sensor import MapFile
from dashboard.jobs.tasks import Tasks
from dashboard.library.library import Library
from tests.dashboard.library.test_library import Wanted, jpeg
from tests.measured import depth_mm, phone_photo


def equal(a: Any, b: Any) -> bool:
    return (
        np.array_equal(a.nearness.view(np.uint32), b.nearness.view(np.uint32))
        and replace(a, nearness=b.nearness, mattes=b.mattes) == b
        and a.mattes.keys() == b.mattes.keys()
    )


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


PLAIN = {"photo.png", "thumbnail.jpg", "reading.json"}


def test_depth_lies_beside_the_photo_and_only_where_there_is_any(library: Library, grace_hopper: Path) -> None:
    workspace = library.new_workspace()
    data = phone_photo(grace_hopper)
    photo = library.add_photo(workspace, "me.jpg", data)
    assert files(library.folders.photo(photo.id)) == {*PLAIN, "sensor.npz"}
    assert equal(library.folders.sensor(photo.id), core.read_photo(data).sensor)
    assert library.add_photo(workspace, "me.jpg", data) == photo
    plain = library.add_photo(workspace, "plain.jpg", jpeg())
    assert files(library.folders.photo(plain.id)) == PLAIN
    assert library.folders.sensor(plain.id) is None


def test_a_photo_of_an_earlier_version_has_its_depth_once_it_is_sent_again(
    library: Library, grace_hopper: Path
) -> None:
    workspace, data = library.new_workspace(), phone_photo(grace_hopper)
    photo = library.add_photo(workspace, "me.jpg", data)
    folder = library.folders.photo(photo.id)
    first = library.start_run(workspace, photo.id, Wanted())
    for name in ("sensor.npz", "reading.json"):
        (folder / name).unlink()
    without = library.start_run(workspace, photo.id, Wanted())
    assert Tasks(library)._stored(photo).sensor is None
    assert library.add_photo(workspace, "me.jpg", data) == photo
    assert files(folder) == {*PLAIN, "sensor.npz"}
    assert equal(Tasks(library)._stored(photo).sensor, core.read_photo(data).sensor)
    assert without.id != first.id  # with depth it is other work
    assert library.start_run(workspace, photo.id, Wanted()).id == first.id


def test_a_photo_with_a_map_is_another_photo(library: Library, grace_hopper: Path, tmp_path: Path) -> None:
    workspace, data = library.new_workspace(), grace_hopper.read_bytes()
    np.save(tmp_path / "me.npy", depth_mm(grace_hopper))

    def add(name: str | None = None) -> Any:
        if name is None:
            return library.add_photo(workspace, "me.jpg", data)
        with (tmp_path / "me.npy").open("rb") as file:
            return library.add_photo(workspace, "me.jpg", data, MapFile(name, file))

    photos = [add(), add("me.depth-mm.npy"), add("me.depth-cm.npy"), add("me.depth.npy")]
    assert len({photo.id for photo in photos}) == 4
    assert [library.folders.sensor(photo.id) is not None for photo in photos] == [False, True, True, False]
    assert [add(), add("me.depth-mm.npy"), add("me.depth-cm.npy"), add("me.depth.npy")] == photos
    assert "its name does not say what its values are" in library.folders.reading(photos[3].id).warnings[0]


def test_damaged_depth_is_a_sentence(library: Library, grace_hopper: Path) -> None:
    photo = library.add_photo(library.new_workspace(), "me.jpg", phone_photo(grace_hopper))
    library.folders.sensor_path(photo.id).write_bytes(b"PK, but no zip")
    with pytest.raises(FormatError, match=r"sensor\.npz is damaged or was not written by Lifemask"):
        Tasks(library)._stored(photo)
