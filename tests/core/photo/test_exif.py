"""How a photo is turned and what its lens saw; and that no EXIF of any form raises."""

import io
import struct
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from PIL import Image

from core.photo import read_photo
from core.photo.exif import read_tags
from core.photo.lens import BY_FOCAL_PLANE, EXIF, OF_A_CROP, read_lens

WIDTH, HEIGHT, FOCAL, FOCAL_35MM, ZOOM = 0xA002, 0xA003, 0x920A, 0xA405, 0xA404
PLANE_X, PLANE_Y, PLANE_UNIT = 0xA20E, 0xA20F, 0xA210
ORIENTATION = 0x0112

Entry = tuple[int, int, int, bytes]  # tag, type, count, the four bytes of its value


def block(first: list[Entry], second: list[Entry], beyond: bytes = b"", order: str = "<") -> bytes:
    """An EXIF block: its first directory, the one of EXIF behind it, and what they point to."""
    at = 8
    first = [*first, (0x8769, 4, 1, struct.pack(f"{order}L", at + 2 + 12 * (len(first) + 1) + 4))]
    data = b"II*\0" if order == "<" else b"MM\0*"
    data += struct.pack(f"{order}L", at)
    for directory in (first, second):
        data += struct.pack(f"{order}H", len(directory))
        for tag, kind, count, value in directory:
            data += struct.pack(f"{order}HHL", tag, kind, count) + value
        data += bytes(4)
    return b"Exif\0\0" + data + beyond


def rational(first: list[Entry], second: list[Entry], tag: int, kind: int, above: int, below: int) -> bytes:
    """A block with one more tag in its first directory: a rational, which lies behind both."""
    at = 8 + 2 * 6 + 12 * (len(first) + 2 + len(second))
    entry = (tag, kind, 1, struct.pack("<L", at))
    return block([*first, entry], second, struct.pack("<ll", above, below))


def short(tag: int, value: int) -> Entry:
    return tag, 3, 1, struct.pack("<HH", value, 0)


def picture() -> Image.Image:
    left = np.zeros((40, 64, 3), np.uint8)
    left[:20, :32] = (255, 0, 0)
    return Image.fromarray(left)


def encoded(kind: str, exif: bytes) -> bytes:
    data = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(picture().resize((128, 80))).save(data, exif=exif)
    elif kind == "TIFF":  # the file is itself what an EXIF block is: its directory gets the tags behind it
        return tiff(exif)
    elif kind == "AVIF":  # Pillow would write it anew: it gets one of the same length, which is then replaced
        blank = (block([], []) + bytes(len(exif)))[: max(len(exif), 40)]
        picture().save(data, "AVIF", exif=blank, quality=100)
        assert data.getvalue().count(blank[6:]) == 1
        return data.getvalue().replace(blank[6:], exif[6:].ljust(len(blank) - 6, b"\0"))
    else:
        picture().save(data, kind, exif=exif)
    return data.getvalue()


def tiff(exif: bytes) -> bytes:
    """A TIFF with the tags of an EXIF block in its own directory, as they are; what they point to is wrong."""
    data = io.BytesIO()
    picture().save(data, "TIFF")
    plain = data.getvalue()
    (at,) = struct.unpack_from("<L", plain, 4)
    (count,) = struct.unpack_from("<H", plain, at)
    inside = exif[6:]
    (more,) = struct.unpack_from("<H", inside, 8)
    entries = plain[at + 2 : at + 2 + 12 * count] + inside[10 : 10 + 12 * more]
    header = plain[:4] + struct.pack("<L", len(plain)) + plain[8:]
    return header + struct.pack("<H", count + more) + entries + bytes(4)


KINDS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tag", [282, 0x829A, 37386, 0x8825, 0x9C9B, 0xC4A5])
@pytest.mark.parametrize(
    ("form", "above", "below"), [(10, -1, 0), (5, 0, 0), (10, -(2**31), -1), (2, 0, 0), (99, 1, 1)]
)
def test_a_broken_tag_keeps_no_photo_from_being_read(kind: str, tag: int, form: int, above: int, below: int) -> None:
    exif = rational([short(ORIENTATION, 6)], [short(FOCAL_35MM, 26)], tag, form, above, below)
    photo = read_photo(encoded(kind, exif))
    if kind in ("JPEG", "PNG", "WEBP"):
        assert (photo.rgb.shape, photo.focal_35mm) == ((64, 40, 3), 26)


ENTRIES = some.lists(
    some.tuples(
        some.sampled_from(
            [ORIENTATION, 282, 0x8769, 0x8825, FOCAL, FOCAL_35MM, WIDTH, HEIGHT, PLANE_X, PLANE_UNIT, ZOOM]
        )
        | some.integers(0, 65535),
        some.integers(0, 20),
        some.integers(0, 2**32 - 1) | some.integers(0, 3),
        some.binary(min_size=4, max_size=4),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=ENTRIES, second=ENTRIES, beyond=some.binary(max_size=60), cut=some.integers(0, 300))
@pytest.mark.parametrize("kind", KINDS)
def test_no_exif_of_any_form_raises(kind: str, first: Any, second: Any, beyond: bytes, cut: int) -> None:
    exif = block(first, second, beyond)
    exif = exif if kind == "TIFF" else exif[: max(len(exif) - cut, 6)]
    if kind == "TIFF":  # there the same tags say how the pixels lie
        exif = block([entry for entry in first if entry[0] > 0x0200], second)
    photo = read_photo(encoded(kind, exif))
    assert photo.rgb.size in (40 * 64 * 3, 128 * 80 * 3)
    assert photo.focal_35mm is None or 5 <= photo.focal_35mm <= 2000


@settings(max_examples=400, deadline=None)
@given(data=some.binary(max_size=200), head=some.sampled_from([b"II*\0", b"MM\0*", b"Exif\0\0II*\0\x08\0\0\0", b""]))
def test_tags_of_any_bytes_are_numbers(data: bytes, head: bytes) -> None:
    tags = read_tags(head + data)
    assert np.isfinite(list(tags.values())).all()
    read_lens(tags, 600, 400)


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_of_all_types_in_both_orders(order: str) -> None:
    at = 8 + 6 + 12 * 5 + 6
    inside = [(1, 3, 1, struct.pack(f"{order}HH", 300, 0)), (2, 4, 1, struct.pack(f"{order}L", 70_000))]
    inside += [(3, 6, 1, b"\xff\0\0\0"), (4, 5, 1, struct.pack(f"{order}L", at))]
    tags = read_tags(block(inside, [], struct.pack(f"{order}LL", 7, 2), order))
    assert {tag: tags[tag] for tag in (1, 2, 3, 4)} == {1: 300, 2: 70_000, 3: -1, 4: 3.5}


def test_turned_by_xmp_where_exif_says_nothing() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    data = io.BytesIO()
    picture().save(data, "JPEG", xmp=xmp)
    assert read_photo(data.getvalue()).rgb.shape == (64, 40, 3)


@pytest.mark.parametrize("kind", ["TIFF", "AVIF"])
def test_tiff_and_avif_are_turned_once(kind: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = io.BytesIO()
    picture().save(data, kind, exif=exif)
    photo = read_photo(data.getvalue())
    assert photo.rgb.shape == (64, 40, 3)
    assert photo.rgb[10, 30, 0] > 200 > photo.rgb[10, 10, 0]  # the red quarter is now at the upper right


CANON_700D = {FOCAL: 85, PLANE_X: 5728.177, PLANE_Y: 5808.403, PLANE_UNIT: 2, WIDTH: 3456, HEIGHT: 4050}


def test_focal_length_by_the_size_of_the_sensor() -> None:
    """Exiftool says 157.0 mm of these tags."""
    lens = read_lens(CANON_700D, 3456, 4050)
    assert (lens.focal_35mm, lens.source, lens.warning) == (pytest.approx(157.0, abs=0.05), BY_FOCAL_PLANE, None)
    assert read_lens({**CANON_700D, ZOOM: 2}, 3456, 4050).focal_35mm == pytest.approx(314.1, abs=0.1)
    assert read_lens(CANON_700D, 864, 1012).focal_35mm == pytest.approx(157.0, abs=0.05)  # a smaller copy
    full_frame = {FOCAL: 50, PLANE_X: 6000 / 36, PLANE_UNIT: 4, WIDTH: 6000, HEIGHT: 4000}
    assert read_lens(full_frame, 6000, 4000).focal_35mm == pytest.approx(50, abs=0.01)
    assert read_lens({**full_frame, PLANE_X: 60000 / 36, PLANE_UNIT: 3}, 6000, 4000).focal_35mm is not None
    for wrong in ({PLANE_X: 0}, {PLANE_X: 3e6}, {PLANE_UNIT: 9}, {FOCAL: 0}, {FOCAL: -5}):
        assert read_lens({**full_frame, **wrong}, 6000, 4000).focal_35mm is None


def test_the_35mm_equivalent_goes_before_and_has_the_zoom_in_it() -> None:
    assert read_lens({**CANON_700D, FOCAL_35MM: 136, ZOOM: 2}, 3456, 4050).focal_35mm == 136
    assert read_lens({**CANON_700D, FOCAL_35MM: 0}, 3456, 4050).source == BY_FOCAL_PLANE


PHONE = {FOCAL_35MM: 26, WIDTH: 4032, HEIGHT: 3024}


@pytest.mark.parametrize("size", [(4032, 3024), (3024, 4032), (1024, 768), (768, 1024), (333, 250), (4000, 3000)])
def test_a_smaller_copy_keeps_its_focal_length(size: tuple[int, int]) -> None:
    lens = read_lens(PHONE, *size)
    assert (lens.focal_35mm, lens.source, lens.warning) == (26, EXIF, None)


@pytest.mark.parametrize("size", [(512, 600), (2000, 2000), (4032, 4032), (1920, 1080)])
def test_a_photo_cropped_since_has_no_focal_length_and_says_so(size: tuple[int, int]) -> None:
    lens = read_lens(PHONE, *size)
    assert lens.focal_35mm is None
    assert lens.warning is not None
    assert f"4032 x 3024 pixels, and it has {size[0]} x {size[1]}" in lens.warning


@pytest.mark.parametrize("size", [(3024, 3024), (4032, 2268), (2000, 3024)])
def test_a_part_with_all_of_one_side_keeps_its_focal_length_in_pixels(size: tuple[int, int]) -> None:
    lens = read_lens(PHONE, *size)
    assert lens.focal_35mm is not None
    in_pixels = 26 / 43.267 * np.hypot(4032, 3024)
    assert lens.focal_35mm / 43.267 * np.hypot(*size) == pytest.approx(in_pixels)
    assert lens.source == OF_A_CROP
    assert lens.warning is not None


def test_without_its_own_size_a_photo_counts_as_whole() -> None:
    assert read_lens({FOCAL_35MM: 26}, 512, 600).focal_35mm == 26
    assert read_lens({FOCAL_35MM: 26, WIDTH: 0, HEIGHT: 3024}, 512, 600).focal_35mm == 26
