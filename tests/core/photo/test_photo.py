import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from core.errors import PhotoError
from core.photo import UNLIMITED, Limits, read_photo
from core.photo.read import NEUTRAL

FOCAL_35MM = 0xA405


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def gradient(mode: str = "RGB") -> Image.Image:
    y, x = np.mgrid[0:40, 0:60].astype(np.uint8)
    return Image.fromarray(np.stack([4 * x, 6 * y, 255 - 4 * x], -1)).convert(mode)


@pytest.mark.parametrize(
    ("kind", "mode", "tolerance"),
    [
        ("PNG", "RGB", 0),
        ("PNG", "P", 60),
        ("PNG", "L", 0),
        ("JPEG", "RGB", 12),
        ("JPEG", "L", 6),
        ("JPEG", "CMYK", 16),
        ("WEBP", "RGB", 25),
    ],
)
def test_reads_every_kind_and_mode(kind: str, mode: str, tolerance: int) -> None:
    image = gradient(mode)
    photo = read_photo(encoded(image, kind), "a")
    assert photo.rgb.dtype == np.uint8
    assert photo.rgb.shape == (40, 60, 3)
    assert np.abs(photo.rgb.astype(int) - np.asarray(image.convert("RGB")).astype(int)).max() <= tolerance


def test_reads_heic() -> None:
    data = io.BytesIO()
    pillow_heif.from_pillow(gradient().resize((120, 80))).save(data, quality=95)
    photo = read_photo(data.getvalue(), "a.heic")
    assert np.abs(photo.rgb.astype(int) - np.asarray(gradient().resize((120, 80))).astype(int)).mean() < 4


def test_sixteen_bits_keep_their_range() -> None:
    levels = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    photo = read_photo(encoded(Image.fromarray(levels), "PNG"), "a")
    assert photo.rgb[0, 0, 0] == 0
    assert photo.rgb[-1, -1, 0] == 255
    assert np.abs(photo.rgb[..., 0] - levels / 257).max() <= 0.5


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_shows_the_neutral_colour(mode: str) -> None:
    image = Image.new("RGBA", (40, 40), (255, 255, 255, 0)).convert(mode)
    assert (read_photo(encoded(image, "PNG"), "a").rgb == NEUTRAL).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(orientation: int) -> None:
    upright = np.zeros((40, 64, 3), np.uint8)
    upright[:20, :32] = (255, 0, 0)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[::-1],
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: upright.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = read_photo(encoded(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif), "a")
    assert np.array_equal(photo.rgb, upright)


@pytest.mark.parametrize(("written", "read"), [(26, 26.0), (0, None), (65000, None)])
def test_exif_focal_length(written: int, read: float | None) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[FOCAL_35MM] = written
    assert read_photo(encoded(gradient(), "JPEG", exif=exif), "a").focal_35mm == read


def bomb(side: int = 20_000) -> bytes:
    """A gray PNG that says it has so many pixels on a side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"Dear diary", "not a picture"),
        (encoded(gradient().resize((400, 300)), "JPEG")[:2000], "damaged"),
        (bomb(), "20000 x 20000 pixels, over the limit of 100 megapixels"),
        (encoded(gradient().resize((20, 20)), "PNG"), "20 x 20 pixels; each side needs"),
    ],
)
def test_what_cannot_be_read_gets_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(PhotoError, match=words) as error:
        read_photo(data, "holiday.jpg")
    assert str(error.value).startswith("holiday.jpg ")
    assert "\n" not in str(error.value)


def test_limits() -> None:
    frames = [gradient() for _ in range(3)]
    moving = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert read_photo(moving, "a", Limits(max_frames=3)).rgb.shape == (40, 60, 3)
    with pytest.raises(PhotoError, match="3 pictures"):
        read_photo(moving, "a", Limits(max_frames=2))
    with pytest.raises(PhotoError, match="over the limit of 0 MB"):
        read_photo(encoded(gradient(), "PNG"), "a", Limits(max_bytes=10))


def test_a_megabyte_is_a_million_bytes() -> None:
    with pytest.raises(PhotoError, match=r"a has 2\.5 MB, over the limit of 2 MB"):
        read_photo(bytes(2_500_000), "a", Limits(max_bytes=2_000_000))


def test_pillows_own_guard_stays_for_the_rest_of_the_process() -> None:
    code = "import PIL.Image; before = PIL.Image.MAX_IMAGE_PIXELS; import core.photo.read; "
    code += "assert before and PIL.Image.MAX_IMAGE_PIXELS == before"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


@pytest.mark.parametrize("side", [10_000, 15_000])  # Pillow warns from 89 megapixels on, fails from 179 on
def test_our_limit_holds_in_place_of_pillows(side: int) -> None:
    data = bomb(side)
    with pytest.raises(PhotoError, match="over the limit of 80 megapixels"):
        read_photo(data, "a", Limits(max_pixels=80 * 10**6))
    with pytest.raises(PhotoError, match="is damaged"):  # it got as far as the pixels, of which there are few
        read_photo(data, "a", Limits(max_pixels=side**2))


def test_a_webp_that_pillow_refuses_is_a_sentence() -> None:
    size = (16_000 - 1).to_bytes(3, "little")
    chunk = b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + size + size
    data = b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk
    with pytest.raises(PhotoError, match="more pixels than can be read of a WebP file, 100 megapixels"):
        read_photo(data, "a")
    with pytest.raises(PhotoError, match="more pixels than can be read of a WebP file, 179 megapixels"):
        read_photo(data, "a", UNLIMITED)
