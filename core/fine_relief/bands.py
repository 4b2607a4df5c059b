"""Light and dark by size: what is a line or a hollow, and not grain, an edge of a shadow, or paint."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from core.fine_relief.shading import Floats, blurred
from core.fine_relief.zones import Zones

SIZES_MM = (0.5, 1.0, 2.0, 4.0)  # standard deviation of the finer of the two blurs of a band
FINEST_PX = 0.45  # a band whose blur is less than this is not in the picture
ON_SKIN_MM = 1.0  # on plain skin, what is broader is the shape that is measured already, or the light
GRAIN_PERCENTILE = 35.0  # of the bands' energy over skin: grain, blocks and the even grain of skin are everywhere
GRAIN = 6.0  # what is not so many times over it is no line on skin
GRAIN_CARVED = 0.4  # and what is not so many times over it no feature, fold or strand
NEAR = 3.0  # energy is taken over so many times the band's blur
EDGE = 0.3  # how much an edge weighs against a line or a hollow
PAINT = 0.25  # part of the light that blood or pigment takes together with the hue, per logarithm of red over green


@dataclass(frozen=True)
class Band:
    """size_mm : of the forms in it. contrast : (T, T) float32, logarithm of light over its surroundings."""

    size_mm: float
    contrast: Floats


def bands(ratio: Floats, redness: Floats, head: Floats, of: Zones, pixel_mm: float) -> Iterator[Band]:
    """Bands of a head's light from fine to coarse, without what is not shape.

    ratio : (T, T), logarithm of light over the broad surface's shading. redness : (T, T), logarithm of red over green;
    lips, moles and rouge change it, creases hardly. head : (T, T), weight of each pixel.

    Grain is what a fine band holds everywhere on skin; its energy is taken from all (Wiener's filter). On skin an edge,
    as of a cast shadow, is told from a line by its slope in the coarser blur. Features, folds and hair keep edges.
    """
    for size_mm in SIZES_MM:
        sigma = size_mm / pixel_mm
        if sigma < FINEST_PX:
            continue
        coarse = blurred(ratio, head, 2 * sigma)
        contrast = blurred(ratio, head, sigma) - coarse
        hue = blurred(redness, head, sigma) - blurred(redness, head, 2 * sigma)
        contrast = _without_paint(contrast, -PAINT * hue)
        if size_mm > ON_SKIN_MM:
            yield Band(size_mm, of.carved * contrast)
            continue
        energy = blurred(contrast * contrast, head, NEAR * sigma)
        grain = float(np.percentile(energy[of.skin], GRAIN_PERCENTILE)) if of.skin.any() else 0.0
        share = grain / np.maximum(energy, np.float32(1e-9))
        line = contrast * _evenness(contrast, coarse, sigma) * np.clip(1 - GRAIN * share, 0, 1)
        carved = contrast * np.clip(1 - GRAIN_CARVED * share, 0, 1)
        yield Band(size_mm, np.asarray(line + of.carved * (carved - line), np.float32))


def _without_paint(contrast: Floats, explained: Floats) -> Floats:
    """Less what the hue explains where both say the same; never turned round."""
    left = np.sign(contrast) * np.maximum(np.abs(contrast) - np.abs(explained), 0)
    return np.where(np.sign(contrast) == np.sign(explained), left, contrast).astype(np.float32)


def _evenness(contrast: Floats, coarse: Floats, sigma_px: float) -> Floats:
    """(T, T) 0..1: near 1 on lines and hollows, whose sides are alike, less on edges."""
    across, down = (cv2.Sobel(coarse, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=1 / 8) for dx in (1, 0))
    edge = EDGE * 2 * sigma_px * np.hypot(across, down)
    return np.asarray(contrast**2 / (contrast**2 + edge**2 + 1e-8), np.float32)
