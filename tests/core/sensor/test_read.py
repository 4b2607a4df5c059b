"""Depth in photos' files: each form read back as it was written, its camera too; damaged ones named, the photo kept."""

import io
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import PhotoError
from core.photo import Limits, read_photo
from core.sensor import SensorDepth, read_map
from core.sensor.jpeg_parts import read_parts
from tests.phone_photos import FORMS, Form, as_measured, jpeg, photo_with_depth, with_xmp

PHONE = Path(__file__).parents[4] / "shared" / "phone"
K = np.array([[620.0, 0, 150.0], [0, 620.0, 101.0], [0, 0, 1]])
SIZE = (300, 200)


def scene() -> tuple[np.ndarray, np.ndarray]:
    """A picture and its depth in mm: a ball before a wall."""
    x, y = np.meshgrid(np.arange(SIZE[0]) - 150.0, np.arange(SIZE[1]) - 100.0)
    inside = 80**2 - x**2 - y**2
    depth = np.where(inside > 0, 600 - np.sqrt(np.maximum(inside, 0)), np.nan)
    rgb = np.stack([128 + x / 2, 128 + y / 2, np.full(x.shape, 90)], -1).clip(0, 255).astype(np.uint8)
    return rgb, as_measured(depth, blur_px=0, torn_px=0)


def sensor_of(data: bytes, name: str = "a.jpg") -> SensorDepth:
    photo = read_photo(data, name)
    assert photo.sensor is not None, photo.warnings
    return photo.sensor


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("linear", [False, True])
def test_depth_with_a_unit_comes_back_in_millimetres(form: Form, linear: bool) -> None:
    rgb, depth = scene()
    found = sensor_of(photo_with_depth(rgb, depth, form, K=K, linear=linear))
    assert found.is_absolute
    ball = depth < 700
    levels = 8  # of 255; the JPEG of the Apple form blurs the rim by some
    error = np.abs(found.nearness - 1 / depth)[ball]
    assert np.median(error) <= found.step
    assert np.percentile(error, 90) < levels * found.step
    assert found.said["accuracy"] == "absolute"


@pytest.mark.parametrize("form", FORMS)
def test_depth_without_a_unit_is_relative(form: Form) -> None:
    rgb, depth = scene()
    found = sensor_of(photo_with_depth(rgb, depth, form, absolute=False))
    assert not found.is_absolute
    there = np.isfinite(found.nearness)
    assert np.corrcoef(found.nearness[there], (1 / depth)[there])[0, 1] > 0.99
    assert "relative" in found.said["accuracy"]


@pytest.mark.parametrize("form", ["apple", "dynamic"])
def test_the_cameras_calibration_comes_with_it(form: Form) -> None:
    rgb, depth = scene()
    found = sensor_of(photo_with_depth(rgb, depth, form, K=K)).calibration
    assert found is not None
    assert (found.focal_px, found.cx_px, found.cy_px) == pytest.approx((620, 150, 101))
    assert found.size_px == SIZE
    assert sensor_of(photo_with_depth(rgb, depth, form)).calibration is None


def test_a_photo_of_16_bits_of_depth() -> None:
    rgb, depth = scene()
    eight, sixteen = (sensor_of(photo_with_depth(rgb, depth, "gdepth", bits=bits)) for bits in (8, 16))
    assert sixteen.step == pytest.approx(eight.step / 257)


def test_a_photo_without_depth_has_none_and_no_warning() -> None:
    rgb, _ = scene()
    photo = read_photo(jpeg(rgb), "a.jpg")
    assert photo.sensor is None
    assert photo.warnings == ()
    odd = with_xmp(jpeg(rgb), "<x:xmpmeta xmlns:x='adobe:ns:meta/'><a></x:xmpmeta>")
    assert read_photo(odd, "a.jpg").warnings == ()  # broken XMP of something else is nobody's concern


def test_a_map_of_too_many_pixels_is_not_read() -> None:
    rgb, depth = scene()
    photo = read_photo(photo_with_depth(rgb, depth, "gdepth"), "a.jpg", Limits(max_kept_pixels=150 * 100))
    assert photo.sensor is None
    assert photo.warnings == (
        "The depth that came with the photo is not used: it has 300 x 200 pixels, over the limit of 0 megapixels.",
    )


@pytest.mark.parametrize("name", ["heic_depth_data.heic", "jpeg_depth_data.jpg"])
def test_photos_of_iphones(name: str) -> None:
    path = PHONE / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the repository")
    photo = read_photo(path)
    assert photo.warnings == ()
    found = photo.sensor
    assert found is not None
    assert found.source == "an Apple camera"
    assert found.nearness.shape == (640, 480)
    assert found.said["accuracy"] == ("absolute" if found.is_absolute else "relative")
    assert set(found.mattes) == {"person", *(("skin", "hair", "teeth", "glasses") if name.endswith("heic") else ())}
    face = found.nearness[250:350, 200:280]
    assert np.nanmedian(face) > np.nanpercentile(found.nearness, 60)  # the person is nearer than most


# -- maps given by hand


def as_file(depth_mm: np.ndarray, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "npy":
        np.save(out, depth_mm.astype(np.float32))
    elif kind == "exr":
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        return exr(header, {"Z": depth_mm.astype(np.float32)})
    elif kind == "tif":
        Image.fromarray(depth_mm.astype(np.float32)).save(out, "TIFF")
    else:
        Image.fromarray(np.nan_to_num(depth_mm).round().astype(np.uint16)).save(out, "PNG")
    return out.getvalue()


def exr(header: dict, channels: dict) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.exr"
        with OpenEXR.File(header, channels) as file:
            file.write(str(path))
        return path.read_bytes()


@pytest.mark.parametrize("kind", ["png", "tif", "npy", "exr"])
def test_maps_in_each_format(kind: str) -> None:
    _, depth = scene()
    holes = depth.copy()
    holes[:20, :20] = 0 if kind == "png" else np.nan
    found = read_map(as_file(holes, kind), f"a.{kind}", "mm", 1.0, SIZE, 10**6)
    assert found.is_absolute
    assert np.isnan(found.nearness[:20, :20]).all()
    np.testing.assert_allclose(1 / found.nearness[30:], depth[30:], atol=0.51 if kind == "png" else 0.01)


@pytest.mark.parametrize(("unit", "per_mm"), [("mm", 1.0), ("cm", 0.1), ("m", 0.001)])
def test_units_and_scales(unit: str, per_mm: float) -> None:
    _, depth = scene()
    found = read_map(as_file(depth * per_mm * 4, "npy"), "a.npy", unit, 0.25, SIZE, 10**6)
    np.testing.assert_allclose(1 / found.nearness, depth, rtol=1e-5)
    inverse = read_map(as_file(1000 / depth, "npy"), "a.npy", "1/m", 1.0, SIZE, 10**6)
    np.testing.assert_allclose(1 / inverse.nearness, depth, rtol=1e-5)


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"", "a.png", "of no format that is read"),
        (as_file(np.ones((4, 4)), "png")[:40], "a.png", "is damaged"),
        (as_file(np.ones((20, 30)), "npy"), "a.npy", "it is empty"),
        (as_file(np.zeros((20, 30)), "png"), "a.png", "it is empty"),
        (as_file(scene()[1][:, :100], "npy"), "a.npy", "another shape"),
        (as_file(scene()[1], "npy")[:500], "a.npy", "is damaged"),
        (b"\x93NUMPY", "a.npy", "is damaged"),
        (b"EXR", "a.exr", "is damaged"),
    ],
)
def test_maps_that_cannot_be_used_are_named(data: bytes, name: str, why: str) -> None:
    with pytest.raises(PhotoError, match=f"{name}.*{why}"):
        read_map(data, name, "mm", 1.0, SIZE, 10**6)


def test_arrays_of_objects_and_of_three_dimensions_are_refused() -> None:
    for array in (np.zeros((3, 3, 3)), np.array([[None]]), np.zeros((2, 2), complex)):
        out = io.BytesIO()
        np.save(out, array, allow_pickle=True)
        with pytest.raises(PhotoError, match="a map is numbers in rows and columns"):
            read_map(out.getvalue(), "a.npy", "mm", 1.0, SIZE, 10**6)
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**6)})
    with pytest.raises(PhotoError, match="over the limit"):
        read_map(out.getvalue(), "a.npy", "mm", 1.0, SIZE, 10**6)


# -- damaged depth: named or read, and the photo is there


def mutated(data: bytes, begin: int, rng: np.random.Generator) -> bytes:
    """Behind `begin`, which is the photo's own picture: bytes changed, cut out, doubled, or the end cut off."""
    at = int(rng.integers(begin, len(data)))
    length = int(rng.integers(1, 200))
    noise = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
    return (
        data[:at],
        data[:at] + noise + data[at + length :],
        data[:at] + data[at + length :],
        data[:at] + data[at : at + length] + data[at:],
        data[:at] + bytes(length) + data[at + length :],
    )[int(rng.integers(5))]


WORDS = (b"Near", b"Far", b"FloatMinValue", b"FloatMaxValue", b"Format", b"Length", b"IntrinsicMatrix", b"Units")
VALUES = (b"nan", b"inf", b"-1", b"0", b"1e400", b"", b"9" * 40, b"x")


def changed_numbers(data: bytes, rng: np.random.Generator) -> bytes:
    """One of the values that the XMP states changed to another: of the same length, so that all else stays in place."""
    places = [at for word in WORDS for at in _all(data, word)]
    if not places:
        return data
    at = places[int(rng.integers(len(places)))]
    begin = min((p for p in (data.find(b'"', at), data.find(b">", at)) if p >= 0), default=at) + 1
    end = begin
    while end < len(data) and data[end] not in b'"<':
        end += 1
    value = VALUES[int(rng.integers(len(VALUES)))][: end - begin].ljust(
        end - begin, b"0" if rng.random() < 0.5 else b" "
    )
    return data[:begin] + value + data[end:]


def _all(data: bytes, word: bytes) -> list[int]:
    found, at = [], data.find(word)
    while at >= 0:
        found.append(at)
        at = data.find(word, at + 1)
    return found


@pytest.fixture(scope="module")
def whole() -> dict[str, tuple[bytes, int]]:
    """Each form, and where its depth begins."""
    rgb, depth = scene()
    found = {}
    for form in FORMS:
        data = photo_with_depth(rgb, depth, form, K=K)
        parts = read_parts(data)
        assert parts is not None
        found[form] = data, parts.end
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(70))
def test_damaged_depth_leaves_the_photo(whole: dict[str, tuple[bytes, int]], form: Form, seed: int) -> None:
    data, begin = whole[form]
    rng = np.random.default_rng(seed)
    if seed % 3 == 0:
        data = changed_numbers(data, rng)
    elif form == "gdepth":  # its depth lies before the picture: within the segments of the extended XMP
        end = data.rfind(b"http://ns.adobe.com/xmp/extension/") + 2000
        at = int(rng.integers(700, end))
        data = data[:at] + rng.integers(0, 256, 30, dtype=np.uint8).tobytes() + data[at + 30 :]
    else:
        data = mutated(data, begin, rng)
    photo = read_photo(data, "a.jpg")
    assert photo.rgb.shape == (200, 300, 3)
    if photo.sensor is None:
        assert all(one.startswith("The depth that came with the photo is not used: ") for one in photo.warnings)
        assert all(one.endswith(".") for one in photo.warnings)
    else:
        there = photo.sensor.nearness[np.isfinite(photo.sensor.nearness)]
        assert (there > 0).all()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["a.png", "a.tif", "a.npy", "a.exr"]))
def test_any_bytes_as_a_map(data: bytes, name: str) -> None:
    begin = {"a.png": b"\x89PNG\r\n\x1a\n", "a.tif": b"II*\0", "a.npy": b"\x93NUMPY\x01\0", "a.exr": b"v/1\x01"}[name]
    with pytest.raises(PhotoError):
        read_map(begin + data, name, "mm", 1.0, SIZE, 10**6)
