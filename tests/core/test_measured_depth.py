"""Depth that came with a photo stays with its face: in its folder, and when the face is computed again."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import packing
from core.depth.estimator import Networks
from core.files.catalog import present
from core.files.face_folder import load_face, write_depths, write_face
from core.files.facts import read_facts
from core.files.made import made
from core.geometry.reconstruction import Reconstruction
from core.options import Options
from core.photo import Photo, read_photo
from core.pipeline import recompute, reconstruct
from core.recompute import rewrite
from core.sensor import MapFile
from tests.measured import depth_mm, phone_photo

OPTIONS = Options(model="builtin", solid="none", formats=(), max_triangles=3000, fine_relief=0)


def same(a: Reconstruction, b: Reconstruction) -> bool:
    return np.array_equal(a.depth_mm, b.depth_mm, equal_nan=True)


@pytest.fixture(scope="module", params=["apple", "gdepth", "dynamic", "relative"])
def measured(request: pytest.FixtureRequest, networks: Networks, grace_hopper: Path) -> tuple[Photo, Reconstruction]:
    relative = request.param == "relative"
    photo = read_photo(phone_photo(grace_hopper, "apple" if relative else request.param, absolute=not relative))
    (found,) = reconstruct(photo, OPTIONS, networks)
    assert found.facts.sensor is not None
    assert found.facts.sensor.used == ("shape" if relative else "millimetres")
    return photo, found


@pytest.fixture(params=["plain", "compact"])
def folder(request: pytest.FixtureRequest, measured: tuple[Photo, Reconstruction], tmp_path: Path) -> Path:
    """A face's folder as `lifemask run` writes it, and as the library keeps it."""
    place = tmp_path / "face"
    if request.param == "plain":
        write_face(measured[1], place, OPTIONS)
    else:
        write_depths([measured[1]], [place], OPTIONS)
    return place


def test_the_folder_has_what_the_camera_measured(folder: Path, measured: tuple[Photo, Reconstruction]) -> None:
    found = measured[1]
    assert found.sensor is not None
    assert "sensor.npy" in present(folder)
    nearness = np.load(io.BytesIO(made(folder, "sensor.npy")))
    assert nearness.dtype == np.float32
    assert np.array_equal(nearness.view(np.uint32), found.sensor.nearness.view(np.uint32))
    back = load_face(folder).sensor
    assert back is not None
    assert (back.is_absolute, back.step, back.along, back.pitch_px) == (
        found.sensor.is_absolute, found.sensor.step, found.sensor.along, found.sensor.pitch_px,
    )  # fmt: skip


def test_without_the_networks_depth_and_back_it_is_the_same_to_the_last_bit(
    folder: Path, measured: tuple[Photo, Reconstruction]
) -> None:
    photo, found = measured
    facts = read_facts(folder)
    rewrite(folder, photo.rgb, {"depth": "network"})
    without, said = load_face(folder), read_facts(folder)
    assert said.sensor is not None
    assert (said.sensor.used, said.is_measured, said.options.depth) == ("no", False, "network")
    assert not same(without, found)
    rewrite(folder, photo.rgb, {"depth": "sensor"})
    assert not same(load_face(folder), without)
    rewrite(folder, photo.rgb, {"depth": "auto"})
    assert same(load_face(folder), found)
    assert read_facts(folder).sensor == facts.sensor
    assert np.load(io.BytesIO(made(folder, "sensor.npy"))).tobytes() == found.sensor.nearness.tobytes()


def test_network_is_what_comes_of_the_photo_without_its_depth(
    measured: tuple[Photo, Reconstruction], networks: Networks, tmp_path: Path
) -> None:
    photo, found = measured
    (plain,) = reconstruct(
        Photo(photo.name, photo.rgb, photo.focal_35mm, photo.sha256, photo.focal_from), OPTIONS, networks
    )  # fmt: skip
    write_face(plain, tmp_path / "plain", OPTIONS)
    assert "sensor.npy" not in present(tmp_path / "plain")
    write_depths([plain], [tmp_path / "compact"], OPTIONS)
    assert "sensor.npy" not in present(tmp_path / "compact")
    assert "sensor" not in packing.names(tmp_path / "compact" / packing.MAPS)
    without = recompute(found, photo.rgb, Options(**{**OPTIONS.to_dict(), "formats": (), "depth": "network"}))
    assert same(without, plain)


def test_a_turned_photo_and_a_drawn_box_take_the_same_depth(networks: Networks, grace_hopper: Path) -> None:
    rgb, measured_mm = read_photo(grace_hopper).rgb, depth_mm(grace_hopper)
    (upright,) = reconstruct(_with_map(rgb, measured_mm), OPTIONS, networks)
    turned = _with_map(np.rot90(rgb).copy(), np.rot90(measured_mm).copy())  # a quarter turn to the left
    (by_turn,) = reconstruct(turned, Options(**{**OPTIONS.to_dict(), "formats": (), "turn_deg": 90}), networks)
    (middle, side) = upright.facts.crop.crop_to_photo, rgb.shape[1]
    assert np.shape(middle) == (2, 3)
    box = (rgb.shape[1] / 2, rgb.shape[0] / 2.4, side / 1.6)
    (by_box,) = reconstruct(
        _with_map(rgb, measured_mm), Options(**{**OPTIONS.to_dict(), "formats": (), "box": box}), networks
    )
    for found in (by_turn, by_box):
        assert found.facts.sensor is not None
        assert upright.facts.sensor is not None
        assert found.facts.sensor.used == "millimetres"
        assert found.facts.distance_mm == pytest.approx(upright.facts.distance_mm, rel=0.01)
        assert found.facts.sensor.ipd_mm == pytest.approx(upright.facts.sensor.ipd_mm, rel=0.02)


def _with_map(rgb: np.ndarray, measured_mm: np.ndarray) -> Photo:
    photo, depth_map = io.BytesIO(), io.BytesIO()
    Image.fromarray(rgb).save(photo, "PNG")
    np.save(depth_map, measured_mm)
    return read_photo(photo.getvalue(), "me.png", depth_map=MapFile("me.depth-mm.npy", depth_map))
