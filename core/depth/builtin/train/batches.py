"""Pools -> batches: crops like those of inference, mirror images, tone curves."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.depth.builtin.render.pool import Pool, Sample
from core.depth.builtin.render.walls import wall
from core.depth.builtin.train.losses import Targets
from core.face.landmarks import MIRRORED

WIDE_IPD = 45 / 256  # eye distance as a share of the window, in the crop that sees the whole head
BROW_TO_LIP = 0.83  # of the distance from the bridge of the nose to the chin
TIGHT_IPD = 62 / 256  # in the crop that measures the face
MAX_ENLARGEMENT = 1.7
GRAY_BELOW = 4  # mean distance of a picture's channels
MEAN, DEVIATION = 0.5, 0.25
WALL_SHARE, RELIT_SHARE, GRAIN_SHARE, EDGE_SHARE = 0.2, 0.2, 0.2, 0.2  # of the pictures
OVERTURNED_SHARE = 0.07


@dataclass(frozen=True)
class Window:
    """A square part of a sample, in shares of its side: centre, side and the roll that is taken out."""

    x: float
    y: float
    side: float
    roll_deg: float = 0.0


WHOLE = Window(0.5, 0.5, 1.0)


def has_face(landmarks: NDArray[np.floating]) -> bool:
    """Tell whether a sample shows a face: all its landmarks are -1 where it does not."""
    return bool((landmarks != -1).any())


def face_window(landmarks: NDArray[np.floating], ipd_share: float) -> Window:
    """Return the levelled window in which the eye distance (from the side: 0.62 of brow to lip) is that share."""
    right, left = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    ipd = float(np.hypot(*(left - right)))
    up = landmarks[27] - landmarks[8]
    roll = float(np.degrees(np.arctan2(up[0], -up[1])))
    height = float(np.hypot(*up)) * BROW_TO_LIP
    centre = landmarks[27:36].mean(0)
    return Window(float(centre[0]), float(centre[1]), max(ipd, 0.62 * height) / ipd_share, roll)


def cut(sample: Sample, window: Window, side: int) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    """Return the window as image (side, side, 3), relief (side, side) and masks (side, side, 2).

    Relief is interpolated within the subject only: no value between subject and background is made up.
    """
    image = _warp(sample.image, window, side, cv2.BORDER_REPLICATE)
    masks = _warp(sample.masks, window, side, cv2.BORDER_CONSTANT)
    there = (sample.masks[..., 1] > 127).astype(np.float32)
    share = _warp(there, window, side, cv2.BORDER_CONSTANT)
    relief = _warp(sample.relief.astype(np.float32) * there, window, side, cv2.BORDER_CONSTANT)
    masks[..., 1] = np.where(share > 0.5, np.maximum(masks[..., 1], 128), np.minimum(masks[..., 1], 127))
    return image, relief / np.maximum(share, 1e-3), masks


def _warp(picture: NDArray[Any], window: Window, side: int, border: int) -> NDArray[Any]:
    old = picture.shape[0]
    if window == WHOLE and old == side:
        return np.array(picture)
    scale = side / (old * window.side)
    if scale < 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
    c, s = np.cos(np.radians(window.roll_deg)) * scale, np.sin(np.radians(window.roll_deg)) * scale
    x, y = window.x * old - 0.5, window.y * old - 0.5
    matrix = np.array([[c, s, (side - 1) / 2 - c * x - s * y], [-s, c, (side - 1) / 2 + s * x - c * y]])
    return np.asarray(cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border))


def move(landmarks: NDArray[np.floating], window: Window) -> NDArray[np.float32]:
    """Landmarks in shares of the sample's side -> shares of the window's side."""
    c, s = np.cos(np.radians(window.roll_deg)), np.sin(np.radians(window.roll_deg))
    p = (landmarks - [window.x, window.y]) / window.side
    return np.stack([c * p[:, 0] + s * p[:, 1], -s * p[:, 0] + c * p[:, 1]], -1).astype(np.float32) + np.float32(0.5)


def before_wall(rng: np.random.Generator, image: NDArray[np.uint8], subject: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put another backdrop behind the subject, coverage (S, S) uint8: built things, gray where the picture is gray."""
    behind = wall(rng, image.shape[0]) * 255
    if np.ptp(image.reshape(-1, 3)[:: image.shape[0] + 1].astype(int), axis=1).mean() < GRAY_BELOW:
        behind = behind.mean(2, keepdims=True).repeat(3, 2)
    if rng.random() < 0.5:
        behind = cv2.GaussianBlur(behind, (0, 0), rng.uniform(0.4, 3))
    share = subject[..., None].astype(np.float32) / 255
    return np.clip(image * share + behind * (1 - share), 0, 255).astype(np.uint8)


def at_edge(rng: np.random.Generator, sample: Sample) -> Sample:
    """Let the photo end close to the face on one or two sides: its border goes on, as in crops, and is no head."""
    side = sample.image.shape[0]
    low, high = np.clip(sample.landmarks * side, 0, side).min(0), np.clip(sample.landmarks * side, 0, side).max(0)
    image, masks = np.array(sample.image), np.array(sample.masks)
    for edge in rng.choice(4, int(rng.integers(1, 3)), replace=False):
        axis, far = divmod(int(edge), 2)  # axis 0: rows
        face = (high if far else low)[1 - axis]
        room = side - face if far else face
        width = int(room * rng.uniform(0.1, 0.95))
        if width < 1:
            continue
        beyond = slice(side - width, side) if far else slice(0, width)
        last = slice(side - width - 1, side - width) if far else slice(width, width + 1)
        across = (slice(None),) * axis
        image[(*across, beyond)] = image[(*across, last)]
        masks[(*across, beyond)] = 0
    return replace(sample, image=image, masks=masks)


def relit(rng: np.random.Generator, image: NDArray[np.uint8], subject: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make what is behind the subject, coverage (S, S) uint8, about as bright as it, which hides outlines."""
    share = subject.astype(np.float32) / 255
    gray = image.mean(2)
    own, behind = (gray * share).sum() / (share.sum() + 1), (gray * (1 - share)).sum() / ((1 - share).sum() + 1)
    factor = np.clip(own / max(float(behind), 1.0) * np.exp(rng.normal(0, 0.25)), 0.25, 6)
    return np.clip(image * (share + (1 - share) * factor)[..., None], 0, 255).astype(np.uint8)


def grainy(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Add the grain of film and paper, some pixels wide as in an enlarged picture; perhaps sharpened after that."""
    side = image.shape[0]
    cells = round(side / rng.uniform(1, 3))
    grain = cv2.resize(rng.normal(0, 1, (cells, cells)), (side, side), interpolation=cv2.INTER_CUBIC)
    noisy = image + (grain * rng.uniform(2, 16) / grain.std())[..., None]
    if rng.random() < 0.4:
        noisy = noisy + rng.uniform(0.3, 1.5) * (noisy - cv2.GaussianBlur(noisy, (0, 0), rng.uniform(0.8, 2.5)))
    return np.clip(noisy, 0, 255).astype(np.uint8)


class Batches:
    """An endless stream of batches from pools that may still grow; the last `held_out` samples of each are left out."""

    def __init__(self, pools: list[Path], seed: int, held_out: int = 0, shares: list[float] | None = None) -> None:
        self.pools = [Pool(folder) for folder in pools]
        self.held_out, self.shares = held_out, shares
        self.rng = np.random.default_rng(seed)

    def counts(self) -> list[int]:
        """Return how many samples of each pool may be trained on now."""
        return [min(len(pool), len(pool.arrays["image"]) - self.held_out) for pool in self.pools]

    def draw(self, size: int, side: int) -> tuple[Tensor, Targets]:
        """Return pictures (size, 3, side, side) float32, normalised, and their targets."""
        counts = np.array(self.counts(), float)
        weights = counts * (np.array(self.shares) if self.shares else 1.0)
        picked = self.rng.choice(len(self.pools), size, p=weights / weights.sum())
        samples = [self.pools[k][int(self.rng.integers(counts[k]))] for k in picked]
        return batch([self._vary(sample, side) for sample in samples], self.rng)

    def _vary(self, sample: Sample, side: int) -> "Item":
        rng = self.rng
        window = WHOLE
        face_seen = has_face(sample.landmarks)
        if face_seen and rng.random() < EDGE_SHARE:
            sample = at_edge(rng, sample)
        if face_seen and rng.random() < 0.8:
            tight = rng.random() < 0.6
            face = face_window(sample.landmarks, TIGHT_IPD if tight else WIDE_IPD)
            guessed = not tight and rng.random() < 0.5  # the first look at a face: its size and roll are not known yet
            length = face.side * float(np.exp(rng.normal(0, 0.25 if guessed else 0.11)))
            x, y = np.array([face.x, face.y]) + rng.normal(0, 0.05 if guessed else 0.035, 2) * length
            roll = face.roll_deg + (rng.uniform(-45, 45) if guessed else rng.normal(0, 6))
            window = Window(x, y, max(length, 1 / MAX_ENLARGEMENT), roll)
        elif rng.random() < 0.5:
            length = rng.uniform(0.72, 1.15)
            spare = abs(1 - length) / 2
            x, y = 0.5 + rng.uniform(-spare, spare, 2)
            window = Window(x, y, length, rng.normal(0, 8) if rng.random() < 0.5 else 0.0)
        image, relief, masks = cut(sample, window, side)
        if face_seen and rng.random() < WALL_SHARE:
            image = before_wall(rng, image, masks[..., 1])
        if face_seen and rng.random() < RELIT_SHARE:
            image = relit(rng, image, masks[..., 1])
        if rng.random() < GRAIN_SHARE:
            image = grainy(rng, image)
        landmarks = move(sample.landmarks, window) if face_seen else sample.landmarks
        if rng.random() < 0.5:
            image, relief, masks = image[:, ::-1], relief[:, ::-1], masks[:, ::-1]
            if face_seen:
                landmarks = landmarks[MIRRORED] * np.array([-1, 1], np.float32) + np.array([1, 0], np.float32)
        if face_seen and rng.random() < OVERTURNED_SHARE:  # faces that are not upright are to be read when they are
            quarters = int(rng.integers(1, 4))
            image, relief, masks = np.rot90(image, quarters), np.rot90(relief, quarters), np.rot90(masks, quarters)
            landmarks = np.full_like(landmarks, -1)
        return Item(image, relief, masks, landmarks, sharp=len(sample.relief) >= side)


@dataclass(frozen=True)
class Item:
    """One picture of a batch with its answers; see `Sample`. `sharp` : the relief is no smaller than the picture."""

    image: NDArray[np.uint8]
    relief: NDArray[np.float32]
    masks: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    sharp: bool = False


def batch(items: list[Item], rng: np.random.Generator | None = None) -> tuple[Tensor, Targets]:
    """Stack items; with a generator, each picture gets a random tone curve and tint."""
    pictures = torch.from_numpy(np.stack([item.image for item in items])).permute(0, 3, 1, 2).float().div_(255)
    if rng is not None:
        gamma = np.exp(rng.normal(0, 0.12, (len(items), 1, 1, 1)) + rng.normal(0, 0.025, (len(items), 3, 1, 1)))
        pictures = pictures.clamp_(1e-3, 1).pow(torch.from_numpy(gamma.astype(np.float32)))
    pictures = pictures.sub(MEAN).div(DEVIATION).contiguous(memory_format=torch.channels_last)
    masks = torch.from_numpy(np.stack([item.masks for item in items])).permute(0, 3, 1, 2).float().div_(255)
    side = masks.shape[-1] // 2
    return pictures, Targets(
        relief=torch.from_numpy(np.stack([item.relief for item in items]).astype(np.float32))[:, None],
        masks=masks.contiguous(),
        face=torch.from_numpy(np.stack([_hull(item.landmarks, side) for item in items]))[:, None],
        landmarks=torch.from_numpy(np.stack([item.landmarks for item in items]).astype(np.float32)),
        sharp=torch.tensor([float(item.sharp) for item in items])[:, None, None, None],
    )


def _hull(landmarks: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    mask = np.zeros((side, side), np.float32)
    if has_face(landmarks):
        points = np.round(landmarks * side - 0.5).astype(np.int32)
        cv2.fillConvexPoly(mask, cv2.convexHull(points), 1.0)
    return mask
