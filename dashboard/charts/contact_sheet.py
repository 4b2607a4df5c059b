"""A comparison as one picture: photo, depth and difference of every face, with their scales."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.files.colours import DEPTH, DIVERGING, Stops, coloured
from core.geometry.facts import BEHIND_NOSE
from core.report.pictures import head_box

SIDE_PX, GAP_PX, LINE_PX = 320, 24, 26
PAPER, INK, SOFT = (245, 241, 234), (38, 34, 29), (101, 93, 82)
BAR_PX = (240, 12)


def sheet(
    names: Sequence[str],
    photos: Sequence[NDArray[np.uint8]],
    depths_mm: Sequence[NDArray[np.floating]],
    differences_mm: Sequence[NDArray[np.floating] | None],
    *,
    limit_mm: float,
    reference: int,
    below: Sequence[str],
    note: str,
    behind: str = BEHIND_NOSE,
) -> Image.Image:
    """Draw a column for each face, cut to its head.

    photos : (S, S, 3) uint8. depths_mm : (S, S), behind the nose tip, all on one scale. differences_mm : (S, S) on the
    crop of the face at `reference`, None for that itself; on a scale to `limit_mm` to both sides. below : a line of
    numbers under each face. note : a sentence at the foot. behind : what depths are counted from, in words.
    """
    finite = [depth[np.isfinite(depth)] for depth in depths_mm]
    low = float(np.floor(min(np.percentile(values, 1) for values in finite)))
    high = float(np.ceil(max(np.percentile(values, 99) for values in finite)))
    width = GAP_PX + (SIDE_PX + GAP_PX) * max(len(names), 2)
    height = 4 * GAP_PX + 3 * (SIDE_PX + GAP_PX) + 5 * LINE_PX
    page = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(page)
    for column, name in enumerate(names):
        x, y = GAP_PX + column * (SIDE_PX + GAP_PX), GAP_PX
        draw.text((x, y), _fitting(name), INK, _font(17))
        y += LINE_PX + 6
        difference, box = differences_mm[column], head_box(np.isfinite(depths_mm[column]))
        own = head_box(np.isfinite(depths_mm[reference]))
        rows = [
            Image.fromarray(photos[column]).crop(box),
            Image.fromarray(coloured(depths_mm[column], low, high, DEPTH)).crop(box),
            None
            if difference is None
            else Image.fromarray(coloured(difference, -limit_mm, limit_mm, DIVERGING)).crop(own),
        ]
        for picture in rows:
            if picture is not None:
                small = picture.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
                page.paste(small, (x, y), small if small.mode == "RGBA" else None)
            y += SIDE_PX + GAP_PX
        if difference is None:
            draw.text((x, y - GAP_PX - SIDE_PX // 2), "the reference", SOFT, _font(15))
        draw.text((x, y - GAP_PX + 6), below[column], INK, _font(15))
    y = height - 3 * LINE_PX - GAP_PX
    _bar(page, (GAP_PX, y), DEPTH, (f"{low:.0f} mm", f"{high:.0f} mm {behind}"))
    ends = (f"-{limit_mm:.0f} mm: farther in", f"+{limit_mm:.0f} mm: farther out")
    _bar(page, (GAP_PX + width // 2, y), DIVERGING, ends)
    draw.text((GAP_PX, height - LINE_PX - 8), note, SOFT, _font(13))
    return page


def _bar(page: Image.Image, place: tuple[int, int], stops: Stops, ends: tuple[str, str]) -> None:
    ramp = np.tile(np.linspace(0, 1, BAR_PX[0]), (BAR_PX[1], 1))
    page.paste(Image.fromarray(coloured(ramp, 0, 1, stops)[..., :3]), place)
    draw, below = ImageDraw.Draw(page), place[1] + BAR_PX[1] + 4
    draw.text((place[0], below), ends[0], SOFT, _font(13))
    draw.text((place[0] + BAR_PX[0], below), ends[1], SOFT, _font(13), anchor="ra" if len(ends[1]) < 12 else "la")


def _fitting(name: str) -> str:
    return name if len(name) <= 34 else f"{name[:32]}\u2026"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
