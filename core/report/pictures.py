"""Arrays -> pictures inside a page, as data addresses."""

import base64
import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.comparison.difference import PAPER

Box = tuple[int, int, int, int]

MARGIN = 0.04  # of the side, round the head
SIDE_PX = 420
JPEG_QUALITY = 86
EDGE_PX = 1.5


def head_box(mask: NDArray[np.bool_]) -> Box:
    """Left, top, right, bottom of the square round a head's pixels, with a margin; within the picture."""
    side = mask.shape[0]
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) == 0:
        return 0, 0, side, side
    width = min(side, round(max(rows[-1] - rows[0], columns[-1] - columns[0]) + 2 * MARGIN * side))
    left = int(np.clip((columns[0] + columns[-1] - width) // 2, 0, side - width))
    top = int(np.clip((rows[0] + rows[-1] - width) // 2, 0, side - width))
    return left, top, left + width, top + width


def photo_address(rgb: NDArray[np.uint8], box: Box, seen: NDArray[np.bool_] | None = None) -> str:
    """(S, S, 3) -> the box of it as JPEG; beyond what is `seen` (S, S) plain paper, with a soft edge."""
    if seen is not None:
        share = _soft(seen)[..., None]
        rgb = np.round(rgb * share + np.array(PAPER) * (1 - share)).astype(np.uint8)
    return _address(_cut(rgb, box), "JPEG", quality=JPEG_QUALITY)


def map_address(rgba: NDArray[np.uint8], box: Box) -> str:
    """(S, S, 4) -> the box of it as PNG, with a soft edge."""
    alpha = np.round(255 * _soft(rgba[..., 3] > 0)).astype(np.uint8)
    return _address(_cut(np.dstack([rgba[..., :3], alpha]), box), "PNG")


def _soft(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(S, S) float32 in 0..1: the mask with its staircase smoothed, nowhere wider than it was."""
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), EDGE_PX)
    return np.asarray(np.clip(2 * blurred - 0.6, 0, 1) * mask, np.float32)


def _cut(pixels: NDArray[np.uint8], box: Box) -> Image.Image:
    picture = Image.fromarray(pixels).crop(box)
    return picture.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS) if picture.width > SIDE_PX else picture


def _address(picture: Image.Image, kind: str, **options: int | bool) -> str:
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"
