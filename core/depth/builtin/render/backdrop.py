"""What is behind a head, and pictures without one: gradients, clutter, lights, things that could pass for a face."""

from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.depth.builtin.render import noise
from core.depth.builtin.render.people import SKIN_TONES, any_colour
from core.depth.builtin.render.walls import wall

Picture = NDArray[Any]  # (S, S, 3) float32 sRGB 0..1, or (S, S)

WALL_SHARE = 0.35


def backdrop(rng: Generator, bank: Picture, side: int, things: float) -> Picture:
    """Return (side, side, 3) float32 sRGB 0..1; `things` is the chance of objects in it."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    built = rng.random() < WALL_SHARE
    picture = wall(rng, side) if built else _mixed(rng, bank, x, y, side)
    if rng.random() < (0.2 if built else 0.55):
        picture = _clutter(rng, picture, side)
    if rng.random() > (0.6 if built else 0.4):
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 12)))
    if rng.random() < things:
        for _ in range(rng.integers(1, 5)):
            picture = _thing(rng, bank, picture, x, y)
        kind = rng.random()
        if kind < 0.3:
            picture = _creature(rng, bank, picture, x, y)
        elif kind < 0.45:
            picture = _fist(rng, bank, picture, x, y)
        elif kind < 0.6:
            picture = _lamps(rng, picture, x, y)
    if rng.random() < 0.4:
        layer = int(rng.choice([noise.CLOUD, noise.FINE, noise.GRAIN]))
        picture = picture + _tile(rng, bank, layer, side)[..., None] * rng.uniform(0, 0.08)
    return np.clip(picture * rng.uniform(0.4, 1.15), 0, 1).astype(np.float32)


def _mixed(rng: Generator, bank: Picture, x: Picture, y: Picture, side: int) -> Picture:
    """Two colours, much or little different, that go over into each other."""
    share = _field(rng, bank, x, y, side)[..., None]
    one, two = any_colour(rng), any_colour(rng)
    if rng.random() < 0.3:  # a plain wall
        two = np.clip(one + rng.normal(0, 0.12, 3), 0, 1)
    return np.asarray(one * (1 - share) + two * share, np.float32)


def _tile(rng: Generator, bank: Picture, layer: int, side: int) -> Picture:
    shifted: Picture = np.roll(bank[layer], rng.integers(0, noise.SIDE, 2), (0, 1))[:side, :side]
    return shifted


def _field(rng: Generator, bank: Picture, x: Picture, y: Picture, side: int) -> Picture:
    """Return how two colours mix, 0..1."""
    kind = rng.random()
    if kind < 0.35:
        return np.clip(x * rng.normal() + y * rng.normal() + 0.5, 0, 1)
    if kind < 0.55:
        return np.clip(1 - np.hypot(x - rng.random(), y - rng.random()) * rng.uniform(0.6, 1.6), 0, 1)
    mixed = np.clip(0.5 + 0.3 * _tile(rng, bank, int(rng.choice([0, 0, 1])), side) * rng.uniform(0.3, 1.2), 0, 1)
    return (mixed > 0.5).astype(np.float32) if rng.random() < 0.2 else mixed


def _clutter(rng: Generator, picture: Picture, side: int) -> Picture:
    """Shelves and windows, lights out of focus, strokes like leaves or blinds, patches."""
    kind = rng.integers(4)
    picture = np.ascontiguousarray(picture)
    for _ in range(int(rng.integers(4, 60 if kind != 2 else 300))):
        colour = tuple(float(c) for c in any_colour(rng))
        at = rng.integers(-40, side, 2)
        if kind == 0:
            far = at + rng.integers(6, 220, 2)
            width = int(rng.choice([-1, -1, 1, 3, 6]))
            cv2.rectangle(picture, at.tolist(), far.tolist(), colour, width)
        elif kind == 1:
            layer = picture.copy()
            cv2.circle(layer, at.tolist(), int(rng.integers(2, 40)), colour, -1, cv2.LINE_AA)
            picture = cv2.addWeighted(picture, 0.5, layer, 0.5, 0)
        elif kind == 2:
            end = (at + rng.normal(0, 30, 2)).astype(int)
            cv2.line(picture, at.tolist(), end.tolist(), colour, int(rng.integers(1, 9)), cv2.LINE_AA)
        else:
            corners = (at + rng.normal(0, 70, (4, 2))).astype(np.int32)
            cv2.fillConvexPoly(picture, cv2.convexHull(corners), colour, cv2.LINE_AA)
    return picture


def _thing(rng: Generator, bank: Picture, picture: Picture, x: Picture, y: Picture) -> Picture:
    """Put a lit ball, box, plate or ring somewhere; skin-coloured in four of ten."""
    side = x.shape[0]
    at, size, turn = rng.uniform(0, 1, 2), rng.uniform(0.04, 0.4, 2), rng.uniform(0, np.pi)
    right = ((x - at[0]) * np.cos(turn) + (y - at[1]) * np.sin(turn)) / size[0]
    down = (-(x - at[0]) * np.sin(turn) + (y - at[1]) * np.cos(turn)) / size[1]
    power = rng.choice([2, 2, 3, 8])
    distance = np.abs(right) ** power + np.abs(down) ** power
    sharp = size[0] * side / 3
    cover = np.clip((1 - distance) * sharp, 0, 1)
    if rng.random() < 0.25:
        cover = cover * np.clip((distance - rng.uniform(0.3, 0.8)) * sharp, 0, 1)
    towards = rng.normal(size=3)
    towards[2] = abs(towards[2]) + 0.3
    towards /= np.linalg.norm(towards)
    bulge = np.sqrt(np.clip(1 - distance, 0, 1))
    lit = np.clip(rng.uniform(0.1, 0.5) + 0.8 * (right * towards[0] + down * towards[1] + bulge * towards[2]), 0, 1.3)
    if rng.random() < 0.3:
        lit = np.ones_like(lit)
    pattern = _tile(rng, bank, int(rng.choice([0, 1, 3, 5, 6])), side) * rng.uniform(0, 0.25)
    if rng.random() < 0.3:
        pattern = np.where(pattern > 0.1, -0.6, 0)
    colour = any_colour(rng) if rng.random() < 0.6 else SKIN_TONES[rng.integers(8)]
    thing = colour * lit[..., None] * (1 + pattern[..., None])
    if rng.random() < 0.4:
        thing = thing + rng.uniform(0.6, 2.7) * np.clip(lit - 0.9, 0, 1)[..., None]
    return (picture * (1 - cover[..., None]) + np.clip(thing, 0, 1) * cover[..., None]).astype(np.float32)


def _creature(rng: Generator, bank: Picture, picture: Picture, x: Picture, y: Picture) -> Picture:
    """Draw a furry head with ears, eyes and a nose: an animal or a toy, which is no human face."""
    side = x.shape[0]
    at, size = rng.uniform(0.25, 0.75, 2), rng.uniform(0.08, 0.3)
    fur = SKIN_TONES[rng.integers(8)] * rng.uniform(0.4, 1.1) if rng.random() < 0.6 else any_colour(rng)
    coat = 1 + 0.25 * _tile(rng, bank, int(rng.choice([3, 4, 5])), side) * rng.random()

    def blob(dx: float, dy: float, wide: float, tall: float, colour: NDArray[np.floating], hairy: bool) -> None:
        nonlocal picture
        right, down = (x - at[0] - dx * size) / (wide * size), (y - at[1] - dy * size) / (tall * size)
        picture = _blob(picture, right, down, size * side / 4, colour * (coat[..., None] if hairy else 1))

    ears, apart, eye = rng.uniform(0.2, 0.5), rng.uniform(0.3, 0.6), rng.uniform(0.08, 0.22)
    for sign in (-1, 1):
        blob(sign * rng.uniform(0.6, 0.9), -rng.uniform(0.6, 1.0), ears, ears * rng.uniform(1, 2), fur, True)
    blob(0, 0, 1, rng.uniform(0.7, 1.2), fur, True)
    blob(0, 0.4, rng.uniform(0.3, 0.55), rng.uniform(0.25, 0.45), np.clip(fur * 1.3, 0, 1), True)
    for sign in (-1, 1):
        blob(sign * apart, -0.15, eye, eye, np.array([0.7, 0.65, 0.3]) * rng.uniform(0.2, 1.2), False)
        blob(sign * apart, -0.15, eye * 0.5, eye * rng.uniform(0.5, 0.95), np.full(3, 0.03), False)
    blob(0, 0.25, rng.uniform(0.1, 0.2), rng.uniform(0.07, 0.14), np.array([0.25, 0.12, 0.12]), False)
    return picture


def _fist(rng: Generator, bank: Picture, picture: Picture, x: Picture, y: Picture) -> Picture:
    """Draw a hand with bent fingers, which has the colour of a face and about as many folds."""
    at, size, turn = rng.uniform(0.2, 0.8, 2), rng.uniform(0.08, 0.4), rng.uniform(0, 2 * np.pi)
    right = ((x - at[0]) * np.cos(turn) + (y - at[1]) * np.sin(turn)) / size
    down = (-(x - at[0]) * np.sin(turn) + (y - at[1]) * np.cos(turn)) / size
    sharp = size * x.shape[0] / 8
    skin = SKIN_TONES[rng.integers(8)] * np.exp(rng.normal(0, 0.05, 3))
    skin = skin * (1 + rng.uniform(0, 0.1) * _tile(rng, bank, noise.FINE, x.shape[0]))[..., None]
    picture = _blob(picture, right / 0.95, (down - 0.4) / 0.9, sharp, skin * 0.95)
    spread, long = rng.uniform(0.9, 1.1), rng.uniform(0.45, 0.8)
    for finger in range(4):
        along = (finger - 1.5) * 0.45 * spread
        picture = _blob(picture, (right - along) / 0.26, (down + 0.35 - 0.06 * finger) / long, sharp, skin * 0.7)
        picture = _blob(picture, (right - along) / 0.23, (down + 0.35 - 0.06 * finger) / long, sharp, skin)
    away = rng.uniform(0.1, 0.5)
    return _blob(
        picture, (right + away - 0.3 * down) / 0.75, (down - away) / 0.25, sharp, skin * rng.uniform(0.85, 1.05)
    )


def _lamps(rng: Generator, picture: Picture, x: Picture, y: Picture) -> Picture:
    """Draw one or two round lamps or dials in bright rings, perhaps with a grille below, as on cars and machines."""
    at, size, apart = rng.uniform(0.25, 0.75, 2), rng.uniform(0.04, 0.22), rng.uniform(1.1, 2.5)
    body, metal = any_colour(rng), np.repeat(rng.uniform(0.5, 1.0), 3)
    sharp = size * x.shape[0] / 4
    if rng.random() < 0.6:
        picture = _blob(picture, (x - at[0]) / (3.2 * size), (y - at[1]) / (2.2 * size), sharp, body)
    for sign in (-1, 1) if rng.random() < 0.7 else (0,):
        right, down = (x - at[0]) / size - sign * apart, (y - at[1]) / size
        ring = 1 / rng.uniform(0.6, 0.9)
        picture = _blob(picture, right, down, sharp, metal)
        picture = _blob(picture, right * ring, down * ring, sharp, any_colour(rng) * rng.uniform(0.3, 1.2))
        picture = _blob(picture, (right + 0.2) * 3, (down + 0.2) * 3, sharp, np.repeat(rng.uniform(0.4, 1.0), 3))
    for bar in range(int(rng.integers(0, 6))):
        down = (y - at[1]) / size - 1.2 - 0.3 * bar
        picture = _blob(picture, (x - at[0]) / (1.8 * size), down / 0.1, sharp, metal * rng.uniform(0.1, 1))
    return picture


def _blob(picture: Picture, right: Picture, down: Picture, sharp: float, colour: NDArray[np.floating]) -> Picture:
    """Paint a lit ball over a picture, where right and down are within 1; colour : (3,) or (S, S, 3)."""
    distance = right**2 + down**2
    cover = np.clip((1 - distance) * sharp, 0, 1)[..., None]
    lit = (0.75 + 0.3 * np.sqrt(np.clip(1 - distance, 0, 1)) - 0.15 * down)[..., None]
    return (picture * (1 - cover) + np.clip(colour * lit, 0, 1) * cover).astype(np.float32)
