"""The one look of plaster: key from the upper left, soft fill, hollows darker. Shades height maps and meshes alike.

The shade is worked out here and written as colour, so that a picture, a page and any viewer show the same: whoever
draws it adds no light. Frame as of meshes: x right, y up, z towards the viewer.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.mesh.triangulation import fill_outside

PLASTER = (250, 246, 238)  # sRGB in full light
KEY_FROM, KEY = (-0.50, 0.55, 0.67), 0.82
FILL_FROM, FILL = (0.75, 0.10, 0.65), 0.11  # from the right, so that the side turned away keeps its form
AMBIENT = 0.07  # KEY + FILL + AMBIENT = 1: nothing can be brighter than PLASTER
SOFTNESS = 0.1  # the key reaches that far (sine) beyond a right angle: a lamp of some size
OCCLUSION = 0.8  # exponent on the open share of the sky; 0 is none
REACH = 1 / 8  # of the longer side: what is farther away takes no light
TONE = 0.8  # exponent from light to colour: lifts what lies in shadow
DIRECTIONS, STEPS = 12, 6
OCCLUSION_SIDE_PX = 512  # a larger map is shrunk to this for it; its details show by their slopes
SHARP_PX = 0.5  # blur of heights before their slope is taken: evens out pixels, leaves wrinkles

Floats = NDArray[np.float32]


def plaster_picture(
    heights_mm: NDArray[np.floating], pixel_mm: float, mask: NDArray[np.bool_], blur_px: float = SHARP_PX
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB: a height map as a plaster cast.

    heights_mm : (H, W), larger is nearer, of any size; read where `mask` (H, W) holds. pixel_mm : what a pixel is
    across. blur_px : standard deviation of the blur before the slope is taken; 0 is none.
    """
    filled = fill_outside(heights_mm, mask).astype(np.float32) / np.float32(pixel_mm)
    down, right = np.gradient(cv2.GaussianBlur(filled, (0, 0), blur_px) if blur_px else filled)
    normals = np.stack([-right, down, np.ones_like(down)], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return plaster_colours(normals, ambient_occlusion(heights_mm, pixel_mm, mask))


def plaster_colours(normals: NDArray[np.floating], openness: NDArray[np.floating]) -> NDArray[np.uint8]:
    """(..., 3) uint8 sRGB: plaster of unit normals (..., 3), of whose sky the share `openness` (...) is open."""
    key = np.clip((normals @ _unit(KEY_FROM) + SOFTNESS) / (1 + SOFTNESS), 0, 1)
    fill = (1 + normals @ _unit(FILL_FROM)) / 2
    light = (AMBIENT + KEY * key + FILL * fill) * openness**OCCLUSION
    return np.round(light[..., None] ** TONE * np.array(PLASTER)).astype(np.uint8)


def ambient_occlusion(heights_mm: NDArray[np.floating], pixel_mm: float, mask: NDArray[np.bool_]) -> Floats:
    """(H, W) float32: the share of each pixel's sky that is open, 0..1; 1 outside the mask, which hides nothing.

    heights_mm, pixel_mm, mask : as in `plaster_picture`. In each of 12 directions the highest rise over the pixel's own
    tangent plane is found; an angle of h closes sin(h)^2 of that direction's light. Horizons: Max, "Horizon mapping",
    The Visual Computer 4(2), 1988; over the tangent plane: Bavoil, Sainz, "Screen space ambient occlusion", 2008.
    """
    filled: Any = fill_outside(heights_mm, mask).astype(np.float32) / np.float32(pixel_mm)
    shrunk = min(1.0, OCCLUSION_SIDE_PX / max(filled.shape))
    if shrunk < 1:
        filled = shrunk * cv2.resize(filled, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA)
    filled = np.asarray(cv2.GaussianBlur(filled, (0, 0), 1.0), np.float32)
    rows, columns = filled.shape
    down, right = np.gradient(filled)
    inside = cv2.resize(mask.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST) > 0
    within = np.where(inside, filled, filled.min())
    distances = np.unique(np.round(np.geomspace(2, max(3, REACH * max(rows, columns)), STEPS)).astype(int))
    # farther away a place is looked at more broadly, so that no small thing between two steps is missed
    broad = [cv2.GaussianBlur(within, (0, 0), 0.2 * d) if d > 4 else within for d in distances.tolist()]
    closed = np.zeros_like(filled)
    for angle in np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS):
        rise = np.zeros_like(filled)
        for distance, heights in zip(distances.tolist(), broad, strict=True):
            dx, dy = round(distance * np.cos(angle)), round(distance * np.sin(angle))
            here = np.s_[max(0, -dy) : rows - max(0, dy), max(0, -dx) : columns - max(0, dx)]
            there = np.s_[max(0, dy) : rows + min(0, dy), max(0, dx) : columns + min(0, dx)]
            over = heights[there] - filled[here] - down[here] * np.float32(dy) - right[here] * np.float32(dx)
            np.maximum(rise[here], over * np.float32(1 / np.hypot(dx, dy)), out=rise[here])
        closed += rise * rise / (1 + rise * rise)
    share = cv2.resize(1 - closed / DIRECTIONS, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(mask, share, 1).astype(np.float32)


def _unit(direction: tuple[float, float, float]) -> Floats:
    return np.asarray(np.array(direction) / np.linalg.norm(direction), np.float32)
