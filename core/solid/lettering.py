"""Text as outlines: the letters of Pillow's built-in font, set along a line of a height map."""

import unicodedata
from dataclasses import dataclass
from functools import cache

import contourpy
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.errors import OptionError
from core.solid.slab import STEP_PX

CAPITAL_PX = 140  # height of the capitals as they are drawn, at a size of 200
SIZE_PX, ASCENT_PX, BESIDE_PX = 200, 200, 40
DOTS = "\u0308"  # the built-in font has no umlauts: two of its full stops stand over the letter
DOTTED = "aeouyAEOUY"
DOT_GAP_PX, DOT_APART_PX = 26, 44
SMOOTH_PX = 2.0
STROKE = 1 / 8  # of the height of a capital: how wide a letter's lines are
CONTOUR_STEP = 2.5  # along a wall, in half its width, as of the wall round a head


@dataclass(frozen=True)
class Letters:
    """Walls of raised letters: points (n, 2) in map pixels along their upper and their lower edge."""

    upper: NDArray[np.float64]
    lower: NDArray[np.float64]


def lettered(
    text: str, line_px: NDArray[np.float64], capital_px: float, pixel_mm: float, stroke_px: float = 0.0
) -> Letters:
    """Letters on a line, in its middle.

    line_px : (n, 2) map pixels, y down, from left to right for who reads it. capital_px : height of the capitals.
    stroke_px : their lines become at least so wide.

    Raises
    ------
    OptionError
        A letter is not in the font, the text is longer than the line, or Pillow was built without FreeType.
    """
    bold_px = max(0.0, stroke_px - STROKE * capital_px) / 2
    drawn = [_drawn(letter) for letter in unicodedata.normalize("NFC", " ".join(text.split()))]
    scale = capital_px / CAPITAL_PX
    offset_px = min(STEP_PX, STROKE * capital_px / 4)  # on a coarse map a wall must not be wider than the letter
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line_px, axis=0), axis=1))]
    widths = np.array([advance for _, advance in drawn]) * scale
    if widths.sum() > along[-1]:
        raise OptionError(
            f"The text is {widths.sum() * pixel_mm:.0f} mm long, but there is room for {along[-1] * pixel_mm:.0f} mm. "
            "Make letter_mm smaller, the text shorter or the solid larger.",
            "letter_mm",
        )
    starts = (along[-1] - widths.sum()) / 2 + np.cumsum(widths) - widths
    edges: tuple[list[NDArray[np.float64]], ...] = ([], [])
    for (inside, _), start, width in zip(drawn, starts, widths, strict=True):
        middle = start + width / 2
        at, before, after = (
            np.array([np.interp(place, along, line_px[:, axis]) for axis in (0, 1)])
            for place in (middle, middle - width / 2, middle + width / 2)
        )
        onward = (after - before) / np.linalg.norm(after - before)
        for found, offset in zip(edges, (-offset_px, offset_px), strict=True):
            for contour in _contours(inside, (offset + bold_px) / scale, CONTOUR_STEP * offset_px / scale):
                x, y = ((contour - [BESIDE_PX, ASCENT_PX]) * scale).T
                x = x - width / 2
                found.append(at + x[:, None] * onward + y[:, None] * np.array([-onward[1], onward[0]]))
    upper, lower = (np.concatenate([np.empty((0, 2)), *found]) for found in edges)
    return Letters(upper, lower)


@cache
def _drawn(letter: str) -> tuple[NDArray[np.uint8], float]:
    """A letter (H, W), 255 within it, its baseline at row ASCENT_PX, and how far the next one stands from it."""
    try:
        font = ImageFont.load_default(SIZE_PX)
    except ImportError as error:
        raise OptionError(
            "This Pillow was built without FreeType, which draws letters. Leave the text empty."
        ) from error
    parts = unicodedata.normalize("NFD", letter)
    base, dotted = parts[0], len(parts) == 2 and parts[1] == DOTS and parts[0] in DOTTED
    unknown = bytes(font.getmask("\uffff"))
    if (len(parts) > 1 and not dotted) or bytes(font.getmask(base)) == unknown or not base.isprintable():
        raise OptionError(
            f"The letter {letter!r} cannot be raised. Write the text with the letters A to Z, umlauts, digits and "
            "common signs.",
            "text",
        )
    picture = Image.new("L", (round(font.getlength(base)) + 2 * BESIDE_PX, ASCENT_PX + SIZE_PX // 2))
    draw = ImageDraw.Draw(picture)
    draw.text((BESIDE_PX, ASCENT_PX), base, 255, font, anchor="ls")
    if dotted:
        top = int(np.flatnonzero(np.asarray(picture).any(1))[0]) - DOT_GAP_PX
        middle = BESIDE_PX + font.getlength(base) / 2
        for side in (-1, 1):
            draw.text((middle + side * DOT_APART_PX / 2, top), ".", 255, font, anchor="ms")
    return np.asarray(picture), float(font.getlength(base))


def _contours(inside: NDArray[np.uint8], offset_px: float, step_px: float) -> list[NDArray[np.float64]]:
    """Closed lines (n, 2) round a drawn letter, at even steps; `offset_px` > 0 lies outside it."""
    within = (inside > 127).astype(np.uint8)
    distance = cv2.distanceTransform(1 - within, cv2.DIST_L2, 5) - cv2.distanceTransform(within, cv2.DIST_L2, 5)
    lines = contourpy.contour_generator(z=cv2.GaussianBlur(distance, (0, 0), SMOOTH_PX)).lines(offset_px)
    found = []
    for line in (np.asarray(line, np.float64) for line in lines):
        length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
        at = np.linspace(0, length[-1], max(6, round(length[-1] / step_px)), endpoint=False)
        found.append(np.stack([np.interp(at, length, line[:, axis]) for axis in (0, 1)], axis=-1))
    return found
