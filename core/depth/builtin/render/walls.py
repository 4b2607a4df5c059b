"""Backdrops that people have built: panels, masonry, window frames, blinds, shelves and door jambs, sharp or not."""

from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.depth.builtin.render.people import any_colour

Picture = NDArray[Any]  # (S, S, 3) float32 sRGB 0..1
Rectangle = tuple[int, int, int, int]  # left, top, right, bottom in pixels

MARGIN = 1.5  # side of the wall that is drawn, in sides of the picture: turned, it still fills it


def wall(rng: Generator, side: int) -> Picture:
    """Return a picture (side, side, 3) float32, sRGB 0..1, of a wall: its parts differ a little or much in colour."""
    large = round(side * MARGIN)
    parts = _courses(rng, large) if rng.random() < 0.4 else _split(rng, (0, 0, large, large), int(rng.integers(2, 6)))
    base = any_colour(rng)
    if rng.random() < 0.65:  # stone, plaster, wood
        base = base.mean() + (base - base.mean()) * rng.uniform(0, 0.3)
    differ = float(np.exp(rng.uniform(np.log(0.01), np.log(0.25))))
    picture = np.empty((large, large, 3), np.float32)
    for part in parts:
        colour = base + rng.normal(0, differ) + rng.normal(0, differ / 3, 3)
        picture[part[1] : part[3], part[0] : part[2]] = _shaded(rng, np.clip(colour, 0, 1), part, differ)
    _draw_joints(rng, picture, parts)
    for _ in range(int(rng.integers(0, 4))):
        _draw_post(rng, picture, base)
    return _seen(rng, picture, side)


def _split(rng: Generator, whole: Rectangle, times: int) -> list[Rectangle]:
    """Cut a rectangle across or along, then its parts."""
    left, top, right, bottom = whole
    if times == 0 or min(right - left, bottom - top) < 12 or rng.random() < 0.12:
        return [whole]
    share = rng.uniform(0.15, 0.85) if rng.random() < 0.6 else 0.5
    if rng.random() < (right - left) / (right - left + bottom - top):
        at = left + round((right - left) * share)
        halves = (left, top, at, bottom), (at, top, right, bottom)
    else:
        at = top + round((bottom - top) * share)
        halves = (left, top, right, at), (left, at, right, bottom)
    return [part for half in halves for part in _split(rng, half, times - 1)]


def _courses(rng: Generator, large: int) -> list[Rectangle]:
    """Rows of stones, bricks, boards or slats."""
    height = max(6, round(large * np.exp(rng.uniform(np.log(0.02), np.log(0.25)))))
    width = round(height * rng.uniform(1.2, 4)) if rng.random() < 0.7 else large
    shifted = rng.choice([0.0, 0.5, 0.33])
    parts, top = [], -int(rng.integers(0, height))
    for row in range(large // height + 2):
        left = -int(width * (row * shifted % 1))
        while left < large:
            part = max(left, 0), max(top, 0), min(left + width, large), min(top + height, large)
            if part[2] > part[0] and part[3] > part[1]:
                parts.append(part)
            left += width
        top += height
    return parts


def _shaded(rng: Generator, colour: NDArray[np.floating], part: Rectangle, differ: float) -> Picture:
    """A colour that gets lighter or darker across the part."""
    across = np.linspace(-0.5, 0.5, part[2] - part[0])[None] * rng.normal(0, differ)
    down = np.linspace(-0.5, 0.5, part[3] - part[1])[:, None] * rng.normal(0, differ)
    return np.asarray(colour[None, None] + (across + down)[..., None], np.float32)


def _draw_joints(rng: Generator, picture: Picture, parts: list[Rectangle]) -> None:
    """Lines between the parts, perhaps with a light edge beside the dark one."""
    width = int(rng.choice([0, 1, 2, 3, 5, 9], p=[0.15, 0.2, 0.25, 0.2, 0.12, 0.08]))
    if width == 0:
        return
    dark, light = rng.normal(-0.15, 0.15), rng.uniform(0, 0.2) * (rng.random() < 0.4)
    lines = np.zeros(picture.shape[:2], np.float32)
    for left, top, right, bottom in parts:
        for ends in (((left, top), (right, top)), ((left, top), (left, bottom))):
            if light:
                beside = [(x + width, y + width) for x, y in ends]
                cv2.line(lines, beside[0], beside[1], float(light), width)
            cv2.line(lines, ends[0], ends[1], float(dark), width)
    picture += lines[..., None]


def _draw_post(rng: Generator, picture: Picture, base: NDArray[np.floating]) -> None:
    """A pilaster, jamb, pipe, curtain or shelf from edge to edge: flat, round or fluted."""
    large = len(picture)
    width = max(3, round(large * np.exp(rng.uniform(np.log(0.01), np.log(0.25)))))
    at = int(rng.integers(0, large - width))
    place = np.linspace(-1, 1, width)
    kind = rng.integers(3)
    if kind == 0:
        light = np.ones(width)
    elif kind == 1:
        light = 0.35 + 0.65 * np.sqrt(np.clip(1 - (place - rng.uniform(-0.5, 0.5)) ** 2 / 2.3, 0, 1))
    else:
        light = 1 + rng.uniform(0.05, 0.3) * np.sin(place * rng.uniform(3, 40) + rng.uniform(0, 6))
    colour = base + rng.normal(0, 0.1) if rng.random() < 0.6 else any_colour(rng)
    band = (light[:, None] * colour[None]).astype(np.float32)
    if rng.random() < 0.7:
        picture[:, at : at + width] = band[None]
    else:
        picture[at : at + width] = band[:, None]


def _seen(rng: Generator, picture: Picture, side: int) -> Picture:
    """Turn the wall a little, as a camera sees it, and cut the picture out of it."""
    large = len(picture)
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    turn = np.radians(rng.normal(0, 3) if rng.random() < 0.8 else rng.uniform(-45, 45))
    c, s = np.cos(turn), np.sin(turn)
    about = (corners - side / 2) @ np.array([[c, s], [-s, c]]) * rng.uniform(0.6, 1.0)
    lean = np.clip(rng.normal(0, 0.03, (4, 2)), -0.08, 0.08) * side
    source = (about + large / 2 + lean).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners)
    seen = cv2.warpPerspective(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(np.clip(seen, 0, 1), np.float32)
