"""A depth map that is given with a photo."""

import io
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from core.errors import PhotoError
from core.photo import Limits, read_photo
from core.sensor import MapFile
from tests.core.photo.test_photo import encoded

WIDTH, HEIGHT = 64, 48
PHOTO = encoded(Image.fromarray(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)), "PNG")
DEPTH_MM = np.round(np.linspace(400, 900, 24 * 32).reshape(24, 32))
DEPTH_MM[0] = 0  # nothing was measured


def picture(levels: np.ndarray, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(levels).save(out, kind)
    return out.getvalue()


def npy(values: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, values)
    return out.getvalue()


def exr(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, {"Z": values.astype(np.float32)}) as made:
        made.write(file)
    return file.getvalue()


INVERSE = np.divide(1000, DEPTH_MM, where=DEPTH_MM > 0, out=np.zeros_like(DEPTH_MM))
MAPS = {
    "anna.depth-mm.png": picture(DEPTH_MM.astype(np.uint16)),
    "anna.depth-0.1mm.png": picture((10 * DEPTH_MM).astype(np.uint16)),
    "anna.depth-cm.tif": picture((DEPTH_MM / 10).astype(np.float32), "TIFF"),
    "anna.depth-m.npy": npy(DEPTH_MM / 1000),
    "anna.depth-per-m.npy": npy(INVERSE.astype(np.float32)),
    "anna.depth-m.exr": exr(DEPTH_MM / 1000),
}


@pytest.mark.parametrize("name", MAPS)
def test_a_map_is_read_by_its_name(name: str) -> None:
    plain, photo = read_photo(PHOTO, "anna.png"), read_photo(
        PHOTO, "anna.png", depth_map=MapFile(name, io.BytesIO(MAPS[name]))
    )  # fmt: skip
    assert photo.warnings == plain.warnings == ()
    assert photo.sensor is not None
    assert photo.sensor.is_absolute
    assert photo.sensor.source == f"the depth map {name}"
    assert np.isnan(photo.sensor.nearness[0]).all()
    assert photo.sensor.nearness[1:] == pytest.approx(1 / DEPTH_MM[1:], rel=1e-5)


def test_a_relative_map_is_nearness_up_to_scale_and_shift() -> None:
    values = INVERSE - 1.5  # some below 0
    photo = read_photo(PHOTO, depth_map=MapFile("photo.depth-relative.npy", io.BytesIO(npy(values))))
    assert photo.sensor is not None
    assert not photo.sensor.is_absolute
    slope, shift = np.polyfit(values[1:].ravel(), photo.sensor.nearness[1:].ravel(), 1)
    assert photo.sensor.nearness[1:] == pytest.approx(slope * values[1:] + shift, abs=1e-5 * abs(slope))
    assert slope > 0


def test_a_map_is_given_by_its_path(tmp_path: Path) -> None:
    photo, depth_map = tmp_path / "anna.png", tmp_path / "anna.depth-mm.png"
    photo.write_bytes(PHOTO)
    depth_map.write_bytes(MAPS[depth_map.name])
    assert read_photo(photo).sensor is None  # it is not looked for
    assert read_photo(photo, depth_map=str(depth_map)).sensor is not None
    with pytest.raises(PhotoError, match=r"anna\.depth-cm\.png cannot be opened"):
        read_photo(photo, depth_map=tmp_path / "anna.depth-cm.png")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("anna.depth.png", MAPS["anna.depth-mm.png"], "its name does not say what its values are"),
        ("anna.depth-mm.png", b"", "it is empty (0 bytes)"),
        ("anna.depth-mm.png", MAPS["anna.depth-mm.png"][:99], "anna.depth-mm.png is damaged"),
        ("anna.depth-mm.png", b"text", "its picture is of no format that is read"),
        ("anna.depth-mm.npy", b"text", "anna.depth-mm.npy is damaged"),
        ("anna.depth-mm.exr", b"text", "anna.depth-mm.exr is damaged"),
        ("anna.depth-mm.npy", npy(np.zeros((24, 32))), "it is empty"),
        ("anna.depth-mm.npy", npy(np.full((24, 32), np.nan)), "it is empty"),
        ("anna.depth-mm.npy", npy(DEPTH_MM.T), "it has 24 x 32 pixels, which is another shape than the photo's"),
        ("anna.depth-mm.npy", npy(np.zeros((24, 32, 3))), "and a map is numbers in rows and columns"),
        ("anna.depth-mm.npy", npy(np.zeros((480, 640))), "over the limit of 0 megapixels"),
        ("anna.depth-mm.npy", npy(np.zeros(400_000)), "it has 3.2 MB, over the limit of 3 MB"),
    ],
)
def test_a_map_that_cannot_be_used_is_named_and_the_photo_is_used_without_it(name: str, data: bytes, said: str) -> None:
    limits = Limits(max_bytes=3_000_000, max_kept_pixels=100_000)
    photo = read_photo(PHOTO, "anna.png", limits, MapFile(name, io.BytesIO(data)))
    (warning,) = photo.warnings
    assert said in warning
    assert warning.startswith(name)
    assert photo.sensor is None
    assert np.array_equal(photo.rgb, read_photo(PHOTO).rgb)
    assert photo.sha256 != read_photo(PHOTO).sha256


def test_a_photo_is_another_one_with_a_map_with_another_map_and_in_another_unit() -> None:
    depth = MAPS["anna.depth-mm.png"]
    photos = [
        read_photo(PHOTO),
        *(
            read_photo(PHOTO, depth_map=MapFile(name, io.BytesIO(data)))
            for name, data in (
                ("anna.depth-mm.png", depth),
                ("anna.depth-cm.png", depth),
                ("anna.depth-2mm.png", depth),
                ("anna.depth.png", depth),
                ("anna.depth-0.1mm.png", MAPS["anna.depth-0.1mm.png"]),
            )
        ),
    ]
    assert len({photo.sha256 for photo in photos}) == len(photos)
    again = read_photo(PHOTO, depth_map=MapFile("eva.depth-1.0mm.png", io.BytesIO(depth)))
    assert again.sha256 == photos[1].sha256
