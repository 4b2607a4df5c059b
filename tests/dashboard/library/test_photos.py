"""The library keeps the depth that came with a photo."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import core
from core.errors import FormatError, PhotoError
from core.options import Options
from core.scan.formats import SIDE_PX
from core.sensor import MapFile
from dashboard.jobs.tasks import Tasks
from dashboard.library import deletion
from dashboard.library.library import Library
from dashboard.settings import Settings
from tests.core.stopped import killed_before_change
from tests.dashboard.library.test_library import Wanted, jpeg
from tests.measured import depth_mm, phone_photo
from tests.scans import cube

DATABASES = ("sqlite", "postgresql")


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


def test_a_scan_is_stored_as_it_came_with_a_placeholder_once(library: Library) -> None:
    workspace, data = library.new_workspace(), cube().file("stl")
    scan = library.add_scan(workspace, "box.STL", io.BytesIO(data))
    folder = library.folders.photo(scan.id)
    assert (scan.is_scan, scan.width, scan.height, scan.focal_35mm) == (True, SIDE_PX, SIDE_PX, None)
    assert scan.sha256 == hashlib.sha256(data).hexdigest()
    assert files(folder) == {*PLAIN, "scan.stl"}
    assert library.folders.scan_path(scan.id) == folder / "scan.stl"
    assert (folder / "scan.stl").read_bytes() == data
    for name in ("photo.png", "thumbnail.jpg"):
        with Image.open(folder / name) as picture:
            assert picture.convert("L").getextrema() == (128, 128)
    assert library.folders.reading(scan.id).unit is None
    assert library.folders.sensor(scan.id) is None
    assert library.add_scan(workspace, "box.STL", io.BytesIO(data)) == scan
    others = [
        library.add_scan(workspace, "other.stl", io.BytesIO(data)),
        library.add_scan(library.new_workspace(), "box.STL", io.BytesIO(data)),
    ]
    assert len({scan.id, *(one.id for one in others)}) == 3
    photo = library.add_photo(workspace, "me.jpg", jpeg())
    assert not photo.is_scan
    assert library.folders.scan_path(photo.id) is None


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.ply", b"", "a.ply is empty (0 bytes). Choose the file again."),
        ("a.ply", jpeg(), "a.ply is a picture, though it is named as a scan. Name it as a picture."),
        ("a.stl", jpeg(), "a.stl is a picture, though it is named as a scan. Name it as a picture."),
        ("a.ply", b"solid", "a.ply is damaged or no PLY file. Export the scan again."),
        ("a.glb", b"ply no", "a.glb is damaged or no GLB file. Export the scan again."),
        ("a.obj", b"x" * 1_600_000, "a.obj has 1.6 MB, over the limit of 1 MB for a scan. Reduce its triangles."),
    ],
)
def test_what_is_no_scan_is_a_sentence(settings: Settings, name: str, data: bytes, sentence: str) -> None:
    library = Library(replace(settings, max_scan_mb=1))
    with pytest.raises(PhotoError) as said:
        library.add_scan(library.new_workspace(), name, io.BytesIO(data))
    assert str(said.value) == sentence
    assert files(library.folders.photos) == set()
    library.close()


def test_a_scan_of_another_kind_than_its_name_is_taken_where_its_bytes_say_which(library: Library) -> None:
    for ending in ("ply", "glb"):
        scan = library.add_scan(library.new_workspace(), "box.stl", io.BytesIO(cube().file(ending)))
        assert library.folders.scan_path(scan.id) is not None


def test_the_picture_of_a_scan_comes_in_one_step_and_the_scan_stays(library: Library) -> None:
    workspace, data = library.new_workspace(), cube().file("stl")
    scan = library.add_scan(workspace, "box.stl", io.BytesIO(data))
    folder = library.folders.photo(scan.id)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    rgb = np.random.default_rng(0).integers(0, 255, (SIDE_PX, SIDE_PX, 3), np.uint8)
    nearness = np.ones((SIDE_PX, SIDE_PX), np.float32)
    sensor = core.sensor.SensorDepth(
        nearness, is_absolute=True, step=0, along="axis", source="", said={}, is_exact=True
    )
    drawn = core.photo.Photo("box.stl", rgb, None, scan.sha256, warnings=("Take care.",), sensor=sensor)
    for changes in (1, 4, 7):
        if not killed_before_change(changes, lambda: library.folders.store_drawn_scan(scan.id, drawn, "mm")):
            break
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    library.folders.store_drawn_scan(scan.id, drawn, "mm")
    assert files(folder) == {*PLAIN, "sensor.npz", "scan.stl"}
    assert (folder / "scan.stl").read_bytes() == data
    reading = library.folders.reading(scan.id)
    assert (reading.unit, reading.warnings) == ("mm", ("Take care.",))
    assert equal(library.folders.sensor(scan.id), sensor)
    with Image.open(folder / "photo.png") as picture:
        assert np.array_equal(np.asarray(picture), rgb)


def test_a_deleted_scan_leaves_nothing(settings: Settings) -> None:
    library = Library(settings, undo_s=0)
    workspace = library.new_workspace()
    scan = library.add_scan(workspace, "box.stl", io.BytesIO(cube().file("stl")))
    assert library.folders.photo(scan.id).is_dir()
    deletion.delete_photo(library, workspace, scan.id)
    deletion.carry_out_due(library)
    assert files(library.folders.photos) == set()
    assert list(library.folders.root.rglob("scan.*")) == []
    library.close()


def test_the_unit_counts_for_scans_alone(library: Library) -> None:
    workspace = library.new_workspace()
    scan = library.add_scan(workspace, "box.stl", io.BytesIO(cube().file("stl")))
    photo = library.add_photo(workspace, "me.jpg", jpeg())
    options = [Options(model="builtin", unit=unit) for unit in ("auto", "mm", "auto")]
    of_scan = [library.start_run(workspace, scan.id, one).id for one in options]
    library.folders.sensor_path(scan.id).write_bytes(b"")  # once it is drawn
    of_scan.append(library.start_run(workspace, scan.id, options[0]).id)
    assert [of_scan.index(one) for one in of_scan] == [0, 1, 0, 0]
    assert len({library.start_run(workspace, photo.id, one).id for one in options}) == 1
