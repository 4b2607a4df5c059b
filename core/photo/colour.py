"""Colours of a decoded picture, however its file says what they mean -> 8-bit sRGB.

A file says it by an ICC profile; by code points of ITU-T H.273 (`cICP` of a PNG, `nclx` of HEIC and AVIF); or, in a
PNG, by `gAMA` and `cHRM`. What it says is ignored where it does not fit the picture.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Levels 0..1 -> light, 1 is white; more is clipped."""
Chromaticities = tuple[float, float, float, float, float, float, float, float]
"""x and y of white, red, green, blue (CIE 1931)."""

D65 = (0.3127, 0.3290)
BT709: Chromaticities = (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # of sRGB, too
# colour primaries by code point: ITU-T H.273, table 2
PRIMARIES: Mapping[int, Chromaticities] = {
    5: (*D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),  # television of 625 lines
    6: (*D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),  # of 525 lines
    7: (*D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    9: (*D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # BT.2020
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # DCI-P3
    12: (*D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # Display P3
}
# von Kries's adaptation to another white, in the cone space of Bradford (K. M. Lam, 1985)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
SAME_MATRIX = 2e-3  # the unit matrix but for so much: the same primaries, rounded
SAME_GAMMA = 0.05  # as libpng (PNG_GAMMA_THRESHOLD): 0.45455, which nearly all files say, stands for sRGB's own curve
WHITE_NITS = 203.0  # of a PQ picture, what white paper would be (ITU-R BT.2408); what is brighter is clipped
WHITE_OF_HLG = 0.75  # the level of the same white in an HLG picture
STRIP_PX = 2**20  # converted at a time: floats of a whole photo would take gigabytes


def srgb_light(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1."""
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def srgb_level(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light 0..1 -> levels 0..1: what `srgb_light` undoes."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def pq_light(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """SMPTE ST 2084, by the white of BT.2408."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = level ** (1 / m2)
    return (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) * 10_000 / WHITE_NITS


def hlg_light(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """ARIB STD-B67: light of the scene, by the white of BT.2408."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073

    def scene(level: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(level <= 0.5, level**2 / 3, (np.exp((np.maximum(level, 0.5) - c) / a) + b) / 12)

    return scene(level) / scene(np.array(WHITE_OF_HLG))


def gamma_light(gamma: float) -> Curve:
    """Light is the level to the power of `gamma`."""
    return lambda level: level**gamma


# transfer characteristics by code point: ITU-T H.273, table 3; the curve of television (1, 6, 14, 15), meant for a
# dim room, is shown as sRGB's, as browsers do
CURVES: Mapping[int, Curve] = {
    4: gamma_light(2.2),
    5: gamma_light(2.8),
    8: gamma_light(1.0),
    16: pq_light,
    18: hlg_light,
}


@dataclass(frozen=True)
class Encoding:
    """What the levels of a picture mean. curve, chromaticities : None where they are those of sRGB."""

    curve: Curve | None = None
    chromaticities: Chromaticities | None = None

    @classmethod
    def of_codes(cls, primaries: int, transfer: int) -> "Encoding":
        """By code points of ITU-T H.273; those that are not known count as sRGB's."""
        return cls(CURVES.get(transfer), PRIMARIES.get(primaries))

    @classmethod
    def of_png(cls, gamma: float | None, chromaticities: Chromaticities | None) -> "Encoding":
        """By what `gAMA` (of the file: 1 / 2.2 and the like) and `cHRM` say."""
        is_other = gamma is not None and 0.05 < gamma < 20 and abs(gamma * 2.2 - 1) > SAME_GAMMA
        return cls(gamma_light(1 / gamma) if gamma and is_other else None, chromaticities)

    @property
    def matrix(self) -> NDArray[np.floating] | None:
        """(3, 3) light of these primaries -> of sRGB's; None where they are the same, or make no sense."""
        if self.chromaticities is None:
            return None
        try:
            to_xyz = _adapted(self.chromaticities[:2]) @ _to_xyz(self.chromaticities)
            matrix = np.linalg.solve(_to_xyz(BT709), to_xyz)
        except (np.linalg.LinAlgError, ZeroDivisionError):
            return None
        is_sound = bool(np.isfinite(matrix).all()) and np.abs(matrix).max() < 10
        return matrix if is_sound and np.abs(matrix - np.eye(3)).max() > SAME_MATRIX else None

    @property
    def is_srgb(self) -> bool:
        """Whether nothing is to be converted."""
        return self.curve is None and self.matrix is None

    def levels(self, count: int) -> NDArray[np.uint8]:
        """(count,) uint8: level in sRGB of each of `count` levels of a gray."""
        level = np.linspace(0, 1, count)
        return level_8bit(self.curve(level)) if self.curve else np.round(255 * level).astype(np.uint8)

    def converted(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 of this encoding -> of sRGB."""
        matrix = self.matrix
        if matrix is None:
            return rgb if self.curve is None else self.levels(256)[rgb]
        light = (self.curve or srgb_light)(np.arange(256) / 255).astype(np.float32)
        of_light = level_8bit(np.linspace(0, 1, 65536))
        found, rows = np.empty_like(rgb), max(1, STRIP_PX // rgb.shape[1])
        for top in range(0, rgb.shape[0], rows):
            strip = light[rgb[top : top + rows]] @ matrix.T.astype(np.float32)
            found[top : top + rows] = of_light[np.round(np.clip(strip, 0, 1) * 65535).astype(np.uint16)]
        return found


def level_8bit(light: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Light -> (…) uint8 levels of sRGB."""
    return np.round(255 * srgb_level(np.clip(light, 0, 1))).astype(np.uint8)


def _to_xyz(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """(3, 3) light of primaries -> CIE XYZ, white at Y = 1 (SMPTE RP 177)."""
    white, *primaries = (_xyz(chromaticities[i : i + 2]) for i in (0, 2, 4, 6))
    matrix = np.stack(primaries, axis=1)
    return matrix * np.linalg.solve(matrix, white)


def _xyz(chromaticity: tuple[float, ...]) -> NDArray[np.float64]:
    x, y = chromaticity
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _adapted(white: tuple[float, ...]) -> NDArray[np.float64]:
    """(3, 3) XYZ under a white -> under D65."""
    return np.linalg.solve(BRADFORD, np.diag(BRADFORD @ _xyz(D65) / (BRADFORD @ _xyz(white))) @ BRADFORD)


def to_srgb(image: Image.Image, profile: bytes | None, encoding: Encoding | None) -> Image.Image:
    """A picture of 8 bits -> RGB, or RGBA where it is transparent. profile : ICC; it goes before the encoding."""
    if image.has_transparency_data:
        clear = image.convert("RGBA").getchannel("A")
        opaque = image.convert("L") if image.mode in ("L", "LA", "La") else image.convert("RGBA").convert("RGB")
        opaque.info.pop("transparency", None)
        coloured = to_srgb(opaque, profile, encoding)
        coloured.putalpha(clear)
        return coloured
    if image.mode == "LAB":
        return _by_profile(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    if profile:
        return _of_icc(image, profile).convert("RGB")
    if image.mode == "RGB" and (encoding is None or encoding.is_srgb):
        return image  # not `convert`, which would copy it
    if encoding is None or image.mode == "CMYK":
        return image.convert("RGB")
    return Image.fromarray(encoding.converted(np.asarray(image.convert("RGB"))))


def gray_levels(profile: bytes | None, encoding: Encoding | None) -> NDArray[np.uint8]:
    """(65536, 3) uint8: the colour in sRGB of each of the 65536 levels of a gray picture of 16 bits."""
    if profile:
        ramp = np.asarray(_of_icc(Image.fromarray(np.arange(256, dtype=np.uint8)[None]), profile).convert("RGB"))[0]
        level = np.linspace(0, 255, 65536)
        bands = [np.interp(level, np.arange(256), ramp[:, band]) for band in range(3)]
        return np.round(np.stack(bands, axis=1)).astype(np.uint8)
    return np.repeat((encoding or Encoding()).levels(65536)[:, None], 3, axis=1)


def _of_icc(image: Image.Image, profile: bytes) -> Image.Image:
    """The picture as it is where the profile is broken, or of another kind of colour. image : L, RGB or CMYK."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if space == "RGB" and image.mode == "L":
            image = image.convert("RGB")
        return _by_profile(image, source) if space == {"L": "GRAY"}.get(image.mode, image.mode) else image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _by_profile(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert converted is not None  # it is not asked to work in place
    return converted
