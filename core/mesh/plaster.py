"""The one look of plaster: key from the upper left, soft fill, hollows darker. Shades height maps and meshes alike.

The shade is worked out here and written as colour, so that a picture, a page and any viewer show the same: whoever
draws it adds no light. Frame as of meshes: x right, y up, z towards the viewer.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.mesh.triangulation import fill_outside, sample

PLASTER = (250, 244, 234)  # sRGB in full light
KEY_FROM, KEY = (-0.47, 0.52, 0.71), 0.79
FILL_FROM, FILL = (0.75, 0.10, 0.65), 0.16  # from the right, so that the side turned away keeps its form
AMBIENT = 0.05  # KEY + FILL + AMBIENT = 1: nothing can be brighter than PLASTER
SOFTNESS = 0.1  # the key reaches that far (sine) beyond a right angle: a lamp of some size
OCCLUSION = 1.8  # exponent on the open share of the sky; 0 is none
REACH = 1 / 8  # of the longer side: what is farther away takes no light
BACK = 0.4  # light from behind on what no picture shows: the back of a solid that is turned
TONE = 0.8  # exponent from light to colour: lifts what lies in shadow
DIRECTIONS, STEPS = 12, 6
OCCLUSION_SIDE_PX = 512  # a larger map is shrunk to this for it; its details show by their slopes
MESH_BLUR_PX = 2.0  # of the open share: at a step it changes faster than vertices follow
SEEN_WELL = 0.4  # of a normal's z: steeper sides are a few pixels of the map alone
AT_A_TIME, EDGE = 2_000_000, 1e-9  # pixels looked at together; a pixel on an edge belongs to both sides
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
    back = np.clip(-normals[..., 2], 0, 1)
    light = (AMBIENT + KEY * key + FILL * fill + BACK * back) * openness**OCCLUSION
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
            if abs(dy) >= rows or abs(dx) >= columns:
                continue
            here = np.s_[max(0, -dy) : rows - max(0, dy), max(0, -dx) : columns - max(0, dx)]
            there = np.s_[max(0, dy) : rows + min(0, dy), max(0, dx) : columns + min(0, dx)]
            over = heights[there] - filled[here] - down[here] * np.float32(dy) - right[here] * np.float32(dx)
            np.maximum(rise[here], over * np.float32(1 / np.hypot(dx, dy)), out=rise[here])
        closed += rise * rise / (1 + rise * rise)
    share = cv2.resize(1 - closed / DIRECTIONS, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(mask, share, 1).astype(np.float32)


def mesh_colours(
    vertices_mm: NDArray[np.floating], faces: NDArray[np.integer], normals: NDArray[np.floating] | None = None
) -> NDArray[np.uint8]:
    """(n, 3) uint8 sRGB: plaster at the vertices (n, 3) of a mesh, faces (m, 3).

    Hollows are those that are seen from the front; what faces away is open, and steep sides nearly so.
    normals : (n, 3), of any length; None takes the mean of the faces round each vertex.
    """
    if normals is None:
        normals = vertex_normals(vertices_mm, faces)
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    heights, places, pixel_mm = _front(np.asarray(vertices_mm, np.float64), faces)
    mask = np.isfinite(heights)
    openness = np.ones(len(vertices_mm), np.float32)
    if mask.any():
        share = fill_outside(ambient_occlusion(heights, pixel_mm, mask), mask)
        share = np.asarray(cv2.GaussianBlur(share, (0, 0), MESH_BLUR_PX), np.float32)
        weight = np.clip(normals[:, 2] / SEEN_WELL, 0, 1)
        openness = (1 - weight * (1 - sample(share, places))).astype(np.float32)
    return plaster_colours(normals, openness)


def vertex_normals(vertices_mm: NDArray[np.floating], faces: NDArray[np.integer]) -> NDArray[np.float64]:
    """(n, 3) unit: the mean normal of each vertex's faces, by their angles there; towards the viewer where it has none.

    Thürmer and Wüthrich, "Computing vertex normals from polygonal facets", Journal of Graphics Tools 3(1), 1998.
    """
    corners = np.asarray(vertices_mm, np.float64)[faces]
    onward, back = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    across = np.cross(onward, back)
    doubled = np.linalg.norm(across, axis=-1)  # twice the area, from each corner
    angles = np.arctan2(doubled, (onward * back).sum(-1))
    weighted = (across / np.maximum(doubled, 1e-300)[..., None] * angles[..., None]).reshape(-1, 3)
    total = [np.bincount(faces.ravel(), weighted[:, i], len(vertices_mm)) for i in range(3)]
    length = np.linalg.norm(total, axis=0)
    total[2] = np.where(length > 0, total[2], 1)
    return np.stack(total, axis=-1) / np.where(length > 0, length, 1)[:, None]


def _front(
    vertices: NDArray[np.float64], faces: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """A mesh from the front, seen along parallel lines: heights (H, W), places (n, 2) of its vertices, a pixel's size.

    The nearest of the triangles that face the front and lie over a pixel's centre counts; NaN where there is none.
    """
    low, high = vertices[:, :2].min(0), vertices[:, :2].max(0)
    pixel = max(float((high - low).max()), 1e-9) / (OCCLUSION_SIDE_PX - 3)
    places = np.stack([vertices[:, 0] - low[0], high[1] - vertices[:, 1]], axis=-1) / pixel + 1
    columns, rows = np.ceil((high - low) / pixel).astype(int) + 3
    heights = np.full(rows * columns, -np.inf)
    corners, z = places[faces], vertices[faces, 2]
    (bx, by), (cx, cy) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    area = bx * cy - by * cx  # negative where a triangle faces the front, since rows go down
    start = np.ceil(corners.min(1)).astype(np.int64)
    width, height = np.maximum(np.floor(corners.max(1)).astype(np.int64) - start + 1, 0).T
    count = np.where(area < 0, width * height, 0)
    ends = np.cumsum(count)
    for piece in np.split(np.arange(len(faces)), np.searchsorted(ends, np.arange(AT_A_TIME, ends[-1], AT_A_TIME))):
        face = np.repeat(piece, count[piece])
        place = np.arange(len(face)) - np.repeat(np.cumsum(count[piece]) - count[piece], count[piece])
        x, y = start[face, 0] + place % width[face], start[face, 1] + place // width[face]
        px, py = x - corners[face, 0, 0], y - corners[face, 0, 1]
        u = (px * cy[face] - py * cx[face]) / area[face]
        v = (bx[face] * py - by[face] * px) / area[face]
        over = (u > -EDGE) & (v > -EDGE) & (u + v < 1 + EDGE)
        u, v, face = u[over], v[over], face[over]
        level = z[face, 0] + u * (z[face, 1] - z[face, 0]) + v * (z[face, 2] - z[face, 0])
        np.maximum.at(heights, y[over] * columns + x[over], level)
    return np.where(np.isfinite(heights), heights, np.nan).reshape(rows, columns), places, pixel


def _unit(direction: tuple[float, float, float]) -> Floats:
    return np.asarray(np.array(direction) / np.linalg.norm(direction), np.float32)
