"""What lens, sensor, file and time do to a picture: blur, low resolution, tone, gray, grain, noise, JPEG."""

from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.depth.builtin.render import noise

Picture = NDArray[Any]  # (S, S, 3) float, sRGB 0..1
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601


def photograph(rng: Generator, picture: Picture, bank: Picture) -> tuple[NDArray[np.uint8], bool]:
    """Picture (S, S, 3) float32 sRGB 0..1 -> uint8 of the same size, and whether it was made dark."""
    chance, u = rng.random, rng.uniform
    side = picture.shape[0]
    if chance() < 0.55:
        picture = cv2.GaussianBlur(picture, (0, 0), u(0.3, 1.0) if chance() < 0.85 else u(1, 2.6))
    if chance() < 0.25:  # a small face, enlarged
        small = cv2.resize(picture, None, fx=(f := u(0.2, 0.75)), fy=f, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (side, side), interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))
    if chance() < 0.2:  # sharpened
        picture = picture + u(0.4, 2.0) * (picture - cv2.GaussianBlur(picture, (0, 0), u(0.8, 2)))
    if chance() < 0.06:  # moved
        kernel = np.zeros((9, 9), np.float32)
        away = rng.uniform(-4, 4, 2)
        cv2.line(kernel, (4, 4), (int(4 + away[0]), int(4 + away[1])), 1.0, 1)
        picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    dark = chance() < 0.05
    if dark:
        picture = picture * u(0.06, 0.35) + rng.normal(0, u(0.005, 0.04), picture.shape)
    picture = np.clip(picture, 1e-4, 1) ** np.exp(rng.normal(0, 0.22))
    mean = picture.mean()
    picture = (picture - mean) * np.exp(rng.normal(0, 0.2)) + mean * np.exp(rng.normal(0, 0.12))
    if chance() < 0.5:
        picture = picture * np.exp(rng.normal(0, 0.08, 3))
    gray = (picture @ LUMA)[..., None]
    tone = chance()
    if tone < 0.22:
        one = gray if chance() < 0.7 else picture[..., rng.integers(3)][..., None]
        picture = np.repeat(one, 3, 2)
        if chance() < 0.5:
            picture = _old(rng, picture, bank)
    elif tone < 0.6:
        picture = gray + (picture - gray) * u(0.4, 1.5)
    if chance() < 0.6:
        shape = picture.shape if chance() < 0.6 else (side, side, 1)
        picture = picture + rng.normal(0, 1, shape) * u(0.002, 0.03)
    pixels = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    if chance() < 0.5:
        coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])[1]
        pixels = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_BGR), np.uint8)
    return pixels, dark


def _old(rng: Generator, picture: Picture, bank: Picture) -> Picture:
    """Faded, perhaps brown, grainy, darker in the corners, scratched."""
    side = picture.shape[0]
    picture = np.clip(picture, 0, 1) ** rng.uniform(0.6, 1.8) * rng.uniform(0.7, 1) + rng.uniform(0, 0.18)
    if rng.random() < 0.4:
        picture = picture * np.array([1.06, 0.98, 0.8])
    if rng.random() < 0.5:
        at = rng.integers(0, noise.SIDE - side, 2)
        grain = bank[noise.GRAIN][at[0] : at[0] + side, at[1] : at[1] + side, None]
        picture = picture + grain * rng.uniform(0.01, 0.07)
    if rng.random() < 0.3:
        y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
        picture = picture * (1 - rng.uniform(0.1, 0.6) * (x**2 + y**2)[..., None] / 2)
    if rng.random() < 0.15:
        lines = np.zeros((side, side), np.float32)
        for _ in range(rng.integers(1, 8)):
            ends = rng.integers(0, side, (2, 2))
            cv2.line(lines, ends[0].tolist(), ends[1].tolist(), 1.0, 1, cv2.LINE_AA)
        picture = picture + lines[..., None] * rng.uniform(-0.4, 0.4)
    return picture
