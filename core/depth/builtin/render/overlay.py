"""What is in front of a face: glasses, hands, cups, microphones, masks. The answers stay those of the head behind."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.depth.builtin.render import noise
from core.depth.builtin.render.people import any_colour
from core.depth.builtin.render.raster import Camera

Picture = NDArray[Any]  # (S, S, 3) float32 sRGB 0..1, or (S, S)
SHIFT = 4  # cv2 draws in sixteenths of a pixel


@dataclass(frozen=True)
class Pose:
    """Landmarks (68, 3) in the camera frame, cm; unit vectors of the head: to its left, up, out of the face."""

    landmarks: NDArray[np.float64]
    right: NDArray[np.float64]
    up: NDArray[np.float64]
    out: NDArray[np.float64]
    camera: Camera

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (n, 3), camera frame -> (n, 2) pixels."""
        plane = self.camera.focal_px * points[:, :2] / points[:, 2:]
        placed: NDArray[np.float64] = plane + np.array([self.camera.cx, self.camera.cy])
        return placed

    @property
    def px_per_cm(self) -> float:
        """Scale at the face."""
        return float(self.camera.focal_px / self.landmarks[:, 2].mean())


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    return np.round(points * 2**SHIFT).astype(np.int32)


def _floats(colour: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(float(c) for c in np.clip(colour, 0, 1))


def glasses(rng: Generator, picture: Picture, pose: Pose) -> Picture:
    """Draw frames, sometimes tinted or mirroring lenses, and the temple that shows."""
    eyes = [pose.landmarks[36:42].mean(0), pose.landmarks[42:48].mean(0)]
    ipd = float(np.linalg.norm(eyes[1] - eyes[0]))
    wide = rng.uniform(0.34, 0.48) * ipd
    tall = wide * rng.uniform(0.55, 1.05)
    power = 2 / rng.choice([2, 2.5, 4, 6])
    turn = np.linspace(0, 2 * np.pi, 40)
    x = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power * wide
    y = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power * tall
    y = np.where(y < 0, y * rng.uniform(0.95, 1.2), y)
    before, drop = rng.uniform(1.0, 1.9), rng.uniform(-0.1, 0.5)
    colour = any_colour(rng) if rng.random() < 0.6 else np.array([0.08, 0.06, 0.05])
    colour = np.array([0.75, 0.65, 0.4]) if rng.random() < 0.25 else colour * rng.uniform(0.5, 1)
    thick = max(1, round(rng.uniform(0.08, 0.55) * pose.px_per_cm))
    rims, centres = [], []
    for sign, middle in zip((-1, 1), eyes, strict=True):
        centre = middle + pose.out * before - pose.up * drop
        bent = (x * sign > 0) * x**2 * 0.04
        ring = centre + pose.right * x[:, None] + pose.up * y[:, None] - pose.out * bent[:, None]
        rims.append(_fixed(pose.project(ring)))
        centres.append(centre)
    picture = _lenses(rng, picture, rims, pose)
    for sign, centre in zip((-1, 1), centres, strict=True):
        hinge = centre + pose.right * sign * wide + pose.up * tall * 0.35
        ear = pose.landmarks[0 if sign < 0 else 16] + pose.up * 0.8 + pose.right * sign * 0.3
        if pose.right[2] * sign < 0.12:  # the far temple hides behind the head
            line = _fixed(pose.project(np.stack([hinge, ear])))
            cv2.polylines(picture, [line], False, _floats(colour), max(1, thick - 1), cv2.LINE_AA, SHIFT)
    if rng.random() < 0.9:
        cv2.polylines(picture, rims, True, _floats(colour), thick, cv2.LINE_AA, SHIFT)
        if rng.random() < 0.4:
            shine = [rim - np.array([4, 6], np.int32) for rim in rims]
            cv2.polylines(picture, shine, True, _floats(colour * 1.8 + 0.1), max(1, thick // 3), cv2.LINE_AA, SHIFT)
    ends = [c + pose.right * s * wide + pose.up * tall * 0.3 for s, c in zip((1, -1), centres, strict=True)]
    bridge = np.stack([ends[0], (ends[0] + ends[1]) / 2 + pose.out * 0.3 + pose.up * 0.25, ends[1]])
    cv2.polylines(picture, [_fixed(pose.project(bridge))], False, _floats(colour), thick, cv2.LINE_AA, SHIFT)
    return picture


def _lenses(rng: Generator, picture: Picture, rims: list[NDArray[np.int32]], pose: Pose) -> Picture:
    cover: Picture = np.zeros(picture.shape[:2], np.float32)
    cv2.fillPoly(cover, rims, 1.0, cv2.LINE_AA, SHIFT)
    if rng.random() < 0.22:
        dark = rng.uniform(0.3, 0.95) * cover[..., None]
        picture = picture * (1 - dark) + (any_colour(rng) * 0.35).astype(np.float32) * dark
    if rng.random() < 0.4:
        y, x = np.mgrid[0 : cover.shape[0], 0 : cover.shape[1]]
        bands = np.sin((x + y * rng.uniform(-1, 1)) / pose.px_per_cm * rng.uniform(0.3, 1.2) + rng.uniform(0, 6))
        picture = picture + (cover * np.clip(bands - 0.4, 0, 1) * rng.uniform(0.1, 0.6))[..., None]
    return np.ascontiguousarray(picture, np.float32)


def occluder(rng: Generator, picture: Picture, pose: Pose, skin: NDArray[np.floating], bank: Picture) -> Picture:
    """Draw one thing in front: a hand, a microphone or cup, a face mask, or a blurred shape at the edge."""
    kind = rng.choice(["hand", "object", "mask", "edge"], p=[0.35, 0.25, 0.25, 0.15])
    cover: Picture = np.zeros(picture.shape[:2], np.float32)
    marks, scale = pose.project(pose.landmarks), pose.px_per_cm
    colour = any_colour(rng)
    if kind == "hand":
        colour = np.asarray(skin * rng.uniform(0.75, 1.1), np.float64)
        at, turn = marks[rng.integers(0, 17)] + rng.normal(0, 2, 2) * scale, rng.uniform(0, 2 * np.pi)
        along = np.array([np.cos(turn), np.sin(turn)])
        beside = np.array([-along[1], along[0]])
        for finger in range(rng.integers(1, 5)):
            start = at + beside * finger * 1.9 * scale
            tip = start + (along + beside * rng.normal(0, 0.12)) * rng.uniform(4, 8) * scale
            line = _fixed(np.stack([start, tip]))
            cv2.polylines(cover, [line], False, 1.0, max(2, round(1.7 * scale)), cv2.LINE_AA, SHIFT)
    elif kind == "mask":
        outline = np.concatenate([marks[2:15], marks[28:29] + (marks[29:30] - marks[28:29]) * rng.uniform(-0.5, 1.2)])
        cv2.fillPoly(cover, [_fixed(outline)], 1.0, cv2.LINE_AA, SHIFT)
    else:
        at = marks[rng.integers(48, 68)] + rng.normal(0, 3, 2) * scale
        if kind == "edge":
            at = rng.uniform(0, picture.shape[0], 2)
        size = rng.uniform(1.5, 6, 2) * scale
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(cover, at.astype(int).tolist(), size.astype(int).tolist(), angle, 0, 360, 1.0, -1, cv2.LINE_AA)
        if kind == "object":  # with a handle or an arm
            end = at + np.array([rng.normal(0, 8) * scale, picture.shape[0]])
            cv2.polylines(cover, [_fixed(np.stack([at, end]))], False, 1.0, max(2, round(scale)), cv2.LINE_AA, SHIFT)
    # Round off towards the rim and vary the surface, so that it reads as a thing and not as a cut-out.
    depth = cv2.GaussianBlur(cover, (0, 0), max(1.0, 0.8 * scale))
    side = picture.shape[0]
    lit = (0.55 + 0.45 * depth)[..., None] * (1 + 0.06 * bank[noise.FINE][:side, :side, None])
    if kind == "edge":
        cover = cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(1, 8)))
    level = np.clip(np.median(picture) / 0.45, 0.3, 1.3)
    cover = cover[..., None]
    return (picture * (1 - cover) + np.clip(colour * lit * level, 0, 1) * cover).astype(np.float32)
