"""Colours as the file means them, against formulas of their own."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from core.photo import read_photo
from core.photo.colour import BT709, PRIMARIES, Encoding, hlg_light, pq_light
from tests.core.photo.icc import profile

# light of Display P3 -> of sRGB: W3C, CSS Color Module Level 4, sample code
P3_TO_SRGB = np.array(
    [
        [1.2249401762, -0.2249401762, 0.0],
        [-0.0420569547, 1.0420569547, 0.0],
        [-0.0196375546, -0.0786360656, 1.0982736201],
    ]
)
# light of BT.2020 -> of BT.709: ITU-R BT.2087
BT2020_TO_SRGB = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])


def light(level: np.ndarray) -> np.ndarray:
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def shown(light: np.ndarray) -> np.ndarray:
    """Levels 0..255 in sRGB."""
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def colours() -> np.ndarray:
    """(40, 60, 3) uint8: of many kinds, none of them beyond sRGB by much."""
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([60 + 3 * x, 50 + 4 * y, 200 - x - y], -1).astype(np.uint8)


def png(image: Image.Image, *chunks: tuple[bytes, bytes], icc: bytes | None = None) -> bytes:
    """A PNG with chunks put in behind its header."""
    data = io.BytesIO()
    image.save(data, "PNG", icc_profile=icc)
    return with_chunks(data.getvalue(), *chunks)


def with_chunks(data: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    packed = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return data[:33] + b"".join(packed) + data[33:]


def png_16bit(rgb: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """(H, W, 3) uint16 -> PNG, which Pillow does not write."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rgb)
    body = [(b"IHDR", struct.pack(">IIBBBBB", rgb.shape[1], rgb.shape[0], 16, 2, 0, 0, 0))]
    data = with_chunks(b"\x89PNG\r\n\x1a\n" + bytes(25), *body)[:8] + with_chunks(bytes(33), *body)[33:]
    return data + with_chunks(bytes(33), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))[33:]


def iccp(icc: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"p3\0\0" + zlib.compress(icc)


def gama(gamma: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(gamma * 100_000))


def chrm(chromaticities: tuple[float, ...]) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in chromaticities))


P3 = profile("RGB ", 0)
P3_SHOWN = shown(light(colours() / 255) @ P3_TO_SRGB.T)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_display_p3_by_its_profile(mode: str) -> None:
    image = Image.fromarray(colours())
    image = image.quantize(256) if mode == "P" else image.convert(mode)
    meant = shown(light(np.asarray(image.convert("RGB")) / 255) @ P3_TO_SRGB.T)
    assert np.abs(meant - np.asarray(image.convert("RGB"))).max() > 12  # there is something to convert
    assert np.abs(read_photo(png(image, icc=P3)).rgb - meant).max() < 1.6


def test_display_p3_of_16_bits() -> None:
    wide = colours().astype(np.uint16) * 257
    assert np.abs(read_photo(png_16bit(wide, iccp(P3))).rgb - P3_SHOWN).max() < 1.6
    assert np.array_equal(read_photo(png_16bit(wide)).rgb, colours())


def test_what_is_clear_shows_the_neutral_colour_and_the_rest_the_profiles() -> None:
    clear = np.full((40, 60), 255, np.uint8)
    clear[:, :30] = 0
    rgb = read_photo(png(Image.fromarray(np.dstack([colours(), clear])), icc=P3)).rgb
    assert (rgb[:, :30] == 128).all()
    assert np.abs(rgb[:, 30:] - P3_SHOWN[:, 30:]).max() < 1.6


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
@pytest.mark.parametrize("gamma", [1.0, 1.8])
def test_gray_by_its_profile_and_by_gama(mode: str, gamma: float) -> None:
    gray = np.repeat(np.arange(16, 256)[None], 32, axis=0).astype(np.uint8)
    image = Image.fromarray(gray.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(gray).convert(mode)
    meant = shown((gray / 255) ** gamma)
    for data in (png(image, icc=profile("GRAY", gamma)), png(image, gama(1 / gamma))):
        rgb = read_photo(data).rgb
        assert np.abs(rgb - meant[..., None]).max() < 1.6
        assert np.ptp(rgb.astype(int), axis=2).max() == 0


def test_a_gray_jpeg_with_a_profile_of_colours_is_read_by_its_curve() -> None:
    gray = np.repeat(np.linspace(0, 255, 256)[None], 32, axis=0).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(gray).save(data, "JPEG", quality=100, icc_profile=profile("RGB ", 1.8))
    assert np.abs(read_photo(data.getvalue()).rgb - shown((gray / 255) ** 1.8)[..., None]).max() < 3


@pytest.mark.parametrize("icc", [profile("GRAY", 1.0), P3[:200], b"no profile", profile("RGB ", 0)[:60] + bytes(400)])
def test_a_profile_that_does_not_fit_is_ignored(icc: bytes) -> None:
    assert np.array_equal(read_photo(png(Image.fromarray(colours()), icc=icc)).rgb, colours())


def test_gama_and_chrm_of_a_png() -> None:
    linear = light(colours() / 255)
    sixteen = png_16bit(np.round(65535 * linear).astype(np.uint16), gama(1.0))
    assert np.abs(read_photo(sixteen).rgb.astype(int) - colours()).max() <= 3  # of which Pillow keeps 8 bits
    p3 = png(Image.fromarray(colours()), gama(0.45455), chrm(PRIMARIES[12]))
    assert np.abs(read_photo(p3).rgb - P3_SHOWN).max() < 1
    for usual in ([gama(0.45455)], [gama(0.45455), chrm(BT709)], [gama(1.0), (b"sRGB", b"\0")]):
        assert np.array_equal(read_photo(png(Image.fromarray(colours()), *usual)).rgb, colours())


@pytest.mark.parametrize("wrong", [[gama(0)], [chrm((0,) * 8)], [chrm((0.3,) * 8)], [gama(42_000)], [chrm((0.1,) * 8)]])
def test_chunks_that_make_no_sense_are_ignored(wrong: list[tuple[bytes, bytes]]) -> None:
    assert np.array_equal(read_photo(png(Image.fromarray(colours()), *wrong)).rgb, colours())


def test_cicp_of_a_png_goes_before_all_else() -> None:
    image = Image.fromarray(colours())
    p3 = png(image, (b"cICP", bytes([12, 13, 0, 1])), icc=profile("RGB ", 1.0))
    assert np.abs(read_photo(p3).rgb - P3_SHOWN).max() < 1
    wide = png(image, (b"cICP", bytes([9, 8, 0, 1])))
    assert np.abs(read_photo(wide).rgb - shown(colours() / 255 @ BT2020_TO_SRGB.T)).max() < 1
    assert np.array_equal(read_photo(png(image, (b"cICP", bytes([1, 13, 0, 1])))).rgb, colours())
    assert np.array_equal(read_photo(png(image, (b"cICP", bytes([2, 2, 0, 1])))).rgb, colours())


def test_hdr_curves_have_white_where_bt_2408_has_it() -> None:
    assert pq_light(np.array([0.0, 0.58])) == pytest.approx([0, 1], abs=0.01)  # 58 % is 203 cd/m2
    assert pq_light(np.array([1.0])) == pytest.approx([10_000 / 203])
    assert hlg_light(np.array([0.0, 0.5, 0.75])) == pytest.approx([0, 1 / 12 / 0.26496, 1], abs=1e-3)
    gray = Image.fromarray(np.full((32, 32, 3), round(0.58 * 255), np.uint8))
    assert read_photo(png(gray, (b"cICP", bytes([9, 16, 0, 1])))).rgb.min() >= 253


def test_the_grays_of_all_primaries_are_the_same() -> None:
    for code in PRIMARIES:
        matrix = Encoding.of_codes(code, 13).matrix
        assert matrix is not None
        assert matrix.sum(1) == pytest.approx(np.ones(3), abs=1e-9)
    assert np.abs(Encoding.of_codes(12, 13).matrix - P3_TO_SRGB).max() < 1e-3
    assert Encoding.of_codes(1, 13) == Encoding()


def flat(rgb: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (128, 128), rgb)


def test_heic_by_nclx_and_by_profile() -> None:
    skin = (200, 150, 120)
    meant = shown(light(np.array(skin) / 255) @ P3_TO_SRGB.T)
    by_codes, by_profile = io.BytesIO(), io.BytesIO()
    pillow_heif.from_pillow(flat(skin)).save(by_codes, quality=100, color_primaries=12, transfer_characteristics=13)
    image = flat(skin)
    image.info["icc_profile"] = P3
    pillow_heif.from_pillow(image).save(by_profile, quality=100)
    for data in (by_codes, by_profile):
        assert np.abs(read_photo(data.getvalue()).rgb[64, 64] - meant).max() < 4


def test_avif_by_nclx_and_by_profile() -> None:
    skin = (200, 150, 120)
    meant = shown(light(np.array(skin) / 255) @ P3_TO_SRGB.T)
    plain, by_profile = io.BytesIO(), io.BytesIO()
    flat(skin).save(plain, "AVIF", quality=100, subsampling="4:4:4")
    flat(skin).save(by_profile, "AVIF", quality=100, subsampling="4:4:4", icc_profile=P3)
    assert np.abs(read_photo(plain.getvalue()).rgb[64, 64].astype(int) - skin).max() < 4
    assert np.abs(read_photo(by_profile.getvalue()).rgb[64, 64] - meant).max() < 4
    box = plain.getvalue().index(b"colrnclx") + 8
    by_codes = plain.getvalue()[:box] + struct.pack(">HH", 12, 13) + plain.getvalue()[box + 4 :]
    assert np.abs(read_photo(by_codes).rgb[64, 64] - meant).max() < 4
