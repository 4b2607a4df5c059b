"""What the viewer draws beside a face's files: all points exactly where cloud.ply has them, the shade of hollows."""

import gzip
import io
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import core
from core.geometry.reconstruction import Reconstruction
from dashboard.readings import shapes
from tests.dashboard.faces import DISTANCE_MM, face


def unpacked(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) mm and colours (n, 3), as the docstring of `shapes.points` says."""
    raw = gzip.decompress(data)
    (length,) = struct.unpack("<I", raw[:4])
    about, at = json.loads(raw[4 : 4 + length]), 4 + length
    pixels = about["side"] ** 2
    low, high = (np.frombuffer(raw, np.uint8, pixels, at + i * pixels).astype(np.uint16) for i in range(2))
    level = np.cumsum((low + 256 * high).reshape(about["side"], -1), axis=1, dtype=np.uint16)
    row, column = np.nonzero(level)
    z = about["near_mm"] + (level[row, column].astype(float) - 1) * about["step_mm"]
    h = np.stack([column, row, np.ones_like(row)], -1) @ np.array(about["rays"]).T
    share = z / h[:, 2] if about["perspective"] else np.ones_like(z)
    places = (np.stack([h[:, 0] * share, h[:, 1] * share, z], -1) - about["origin_mm"]) * [1, -1, -1]
    picture = np.array(Image.open(io.BytesIO(raw[at + 2 * pixels :])))
    return places, picture[row, column]


def in_perspective(plain: Reconstruction) -> Reconstruction:
    return plain


def looking_aside(plain: Reconstruction) -> Reconstruction:
    return replace(plain, intrinsics=plain.intrinsics.facing(np.array([300.0, 40.0])))


def along_parallel_lines(plain: Reconstruction) -> Reconstruction:
    return replace(plain, intrinsics=plain.intrinsics.orthographic(DISTANCE_MM))


@pytest.mark.parametrize("seen", [in_perspective, looking_aside, along_parallel_lines])
def test_points_are_all_those_of_the_cloud(
    seen: Callable[[Reconstruction], Reconstruction], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = seen(face())
    monkeypatch.setattr(shapes, "measured", lambda _: SimpleNamespace(reconstruction=shown))
    places, colours = unpacked(shapes.points(tmp_path, 0))
    cloud = core.mesh.point_cloud(shown)
    np.testing.assert_allclose(places, cloud.points_mm, atol=0.002)
    assert np.abs(colours.astype(int) - cloud.colours).mean() < 4  # JPEG


def test_hollows_are_those_of_the_plaster_pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = face()
    rows, columns = np.mgrid[: len(shown.mask), : len(shown.mask)]
    dent = 25 * np.exp(-(((columns - 110) / 6) ** 2 + ((rows - 150) / 6) ** 2))
    shown = replace(shown, depth_mm=(shown.depth_mm + dent).astype(np.float32))
    monkeypatch.setattr(shapes, "measured", lambda _: SimpleNamespace(reconstruction=shown))
    share = np.array(Image.open(io.BytesIO(shapes.openness(tmp_path, 0)))).astype(float) / 255
    pixel_mm = float(shown.intrinsics.pixel_mm(float(np.nanmedian(shown.depth_mm))))
    expected = core.mesh.ambient_occlusion(-shown.depth_mm, pixel_mm, shown.mask)
    assert np.abs(share - expected)[shown.mask].mean() < 0.01
    assert share[150, 110] < share[shown.mask].mean() - 0.1
