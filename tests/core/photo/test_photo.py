import io
import os
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
        ("AVIF", "RGB", 25),
        ("TIFF", "RGB", 0),
        ("TIFF", "RGBA", 0),
        ("TIFF", "CMYK", 0),
        ("TIFF", "1", 0),
        ("BMP", "RGB", 0),
        ("BMP", "P", 60),
        ("GIF", "P", 60),
        ("GIF", "L", 0),
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
        (bomb(), "20000 x 20000 pixels, over the limit of 200 megapixels"),
        (encoded(gradient().resize((20, 20)), "PNG"), "20 x 20 pixels; each side needs"),
    ],
)
def test_what_cannot_be_read_gets_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(PhotoError, match=words) as error:
        read_photo(data, "holiday.jpg")
    assert str(error.value).startswith("holiday.jpg ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "TIFF", "AVIF"])
def test_of_several_pictures_the_first_is_taken(kind: str) -> None:
    others = [Image.new("RGB", (60, 40), (i, 0, 0)) for i in range(90)]
    data = encoded(gradient(), kind, save_all=True, append_images=others)
    first = np.asarray(gradient().quantize().convert("RGB") if kind == "GIF" else gradient()).astype(int)
    assert np.abs(read_photo(data, "a").rgb - first).mean() < 6


def test_limits() -> None:
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
        read_photo(data, "a", Limits(max_pixels=100 * 10**6))
    with pytest.raises(PhotoError, match="more pixels than can be read of a WebP file, 179 megapixels"):
        read_photo(data, "a", UNLIMITED)


def jpeg(image: Image.Image, **options: object) -> bytes:
    return encoded(image, "JPEG", quality=92, **options)


def portrait(mode: str = "RGB", side: int = 400) -> Image.Image:
    """Light and dark all over, gray nowhere in a whole row."""
    rng = np.random.default_rng(1)
    coarse = Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8))
    return coarse.resize((side, side), Image.Resampling.BICUBIC).convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_last_bytes_is_read_and_says_so(mode: str, progressive: bool) -> None:
    data = jpeg(portrait(mode), progressive=progressive)
    whole = read_photo(data, "a")
    assert whole.warnings == ()
    for cut in (2, 1) if mode == "CMYK" else (2, 1, 8):  # the last pass of CMYK is shorter
        photo = read_photo(data[:-cut], "a")
        assert np.abs(photo.rgb[:360].astype(int) - whole.rgb[:360]).max() <= (0 if not progressive else 40)
        assert np.abs(photo.rgb.astype(int) - whole.rgb).mean() < 1
        assert len(photo.warnings) == 1
        assert "cut off at its end" in photo.warnings[0]


@pytest.mark.parametrize(("kept", "is_read"), [(0.97, True), (0.5, False), (0.9, False), (0.1, False)])
def test_of_a_jpeg_nearly_all_rows_must_be_there(kept: float, is_read: bool) -> None:
    data = jpeg(portrait(side=800))
    head = data.index(b"\xff\xda")
    part = data[: head + int(kept * (len(data) - head))]
    if is_read:
        assert "% of its rows are gray" in read_photo(part, "a.jpg").warnings[0]
        return
    with pytest.raises(PhotoError, match=r"a\.jpg is damaged: .*Use an intact copy"):
        read_photo(part, "a.jpg")


@pytest.mark.parametrize("kept", [0.1, 0.3])
def test_a_progressive_jpeg_needs_all_its_passes(kept: float) -> None:
    data = jpeg(portrait(), progressive=True)
    with pytest.raises(PhotoError, match="is damaged"):
        read_photo(data[: int(kept * len(data))], "a.jpg")


def test_a_raw_photo_is_not_taken_for_its_preview() -> None:
    with pytest.raises(PhotoError, match="is a camera's raw photo"):
        read_photo(encoded(gradient(), "TIFF", tiffinfo={0xFE: 1}), "a.dng")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_photo_of_more_pixels_than_are_kept_is_read_smaller(kind: str) -> None:
    image = portrait("RGB", 416)
    photo = read_photo(
        encoded(image, kind, **({"quality": 95} if kind == "JPEG" else {})), "a", Limits(max_kept_pixels=20_000)
    )
    assert photo.rgb.shape == (104, 104, 3)
    assert np.abs(photo.rgb.astype(int) - np.asarray(image.reduce(4))).mean() < (12 if kind == "GIF" else 4)
    assert Limits().reduction(12_000, 9_000) == 2
    assert Limits().reduction(10_000, 10_000) == 1
    assert Limits(max_pixels=10**9).reduction(30_000, 20_000) == 4
    assert UNLIMITED.reduction(100_000, 100_000) == 1


def test_a_16_bit_gray_of_more_pixels_than_are_kept_is_read_smaller() -> None:
    levels = np.linspace(0, 65535, 256 * 256).reshape(256, 256).astype(np.uint16)
    photo = read_photo(encoded(Image.fromarray(levels), "PNG"), "a", Limits(max_kept_pixels=20_000))
    assert photo.rgb.shape == (128, 128, 3)
    assert np.abs(photo.rgb[..., 0] - (levels[::2, ::2] / 257)).max() < 2


def test_a_name_that_is_no_utf_8_is_read_as_windows_wrote_it(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xe4dchen mit H\xf6rrohr.png"))
    path.write_bytes(encoded(gradient(), "PNG"))
    assert read_photo(path).name == "Mädchen mit Hörrohr.png"
    path.write_bytes(b"")
    with pytest.raises(PhotoError, match=r"^Mädchen mit Hörrohr\.png is empty"):
        read_photo(path)
