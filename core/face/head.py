"""Levelled crop -> relief, head mask and landmarks by the face network, merged from a wide and a tight window."""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from core.face.landmarks import MIRRORED
from core.face.maps import FaceMaps, FaceNetwork
from core.face.window import disc

T = TypeVar("T", np.uint8, np.float32)
RELIEF_STEP = np.float32(2**-13)  # 3 um on a face: a thousandth of what a network knows, and half the bytes on a disk
MATTE_SHARE = 1 / 24  # of the crop's side: farther from the network's outline than that a matte's is of something else
TIGHT_SHARE = 0.78  # of the crop's side; on renders 0.67 to 0.8 were as good, of these it orders the known heads best


@dataclass(frozen=True)
class HeadMaps:
    """The face network's answer for a square crop.

    relief : (S, S) float32, relative inverse depth in the network's units, in steps of `RELIEF_STEP`; larger is nearer.
    head : (S, S) float32 in 0..1, probability of head.
    landmarks_px : (68, 2) float64, crop pixels.
    """

    relief: NDArray[np.float32]
    head: NDArray[np.float32]
    landmarks_px: NDArray[np.float64]


def head_maps(rgb: NDArray[np.uint8], network: FaceNetwork) -> HeadMaps:
    """Rgb : (S, S, 3) uint8, a levelled crop as `core.face.level.level` makes it."""
    side, seen = rgb.shape[0], network.side_px
    margin = round(side * (1 - TIGHT_SHARE) / 2)
    tight_side = side - 2 * margin
    inner = slice(margin, margin + tight_side)
    windows = np.stack([_resize(rgb, seen), _resize(rgb[inner, inner], seen)])
    maps = _flip_averaged(windows, network)
    wide_relief, wide_head = _resize(maps.relief[0], side), np.clip(_resize(maps.head[0], side), 0, 1)
    tight_relief, tight_head = _resize(maps.relief[1], tight_side), np.clip(_resize(maps.head[1], tight_side), 0, 1)
    weight = _tight_weight(tight_side)
    both = (wide_head[inner, inner] > 0.5) & (tight_head > 0.5)
    relief = _matched(wide_relief, wide_relief[inner, inner], tight_relief, both & (weight > 0.5))
    relief[inner, inner] += weight * (tight_relief - relief[inner, inner])
    head = wide_head
    head[inner, inner] += weight * (tight_head - head[inner, inner])
    landmarks = (maps.landmarks[1].astype(np.float64) + 0.5) * (tight_side / seen) - 0.5 + margin
    return HeadMaps(np.round(relief / RELIEF_STEP) * RELIEF_STEP, head, landmarks)


def head_mask(head: NDArray[np.float32], landmarks_px: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(S, S) bool: the one connected head under the face, without holes and without ragged bits.

    Within the landmarks' hull and close to it the outline is as sharp as the network sees it, for the sake of profiles.
    Elsewhere it is smooth: at an IPD of 63 mm no notch is narrower than 9 mm, and nothing that stands out than 18 mm.
    Where the network sees no head at all, in a box that a person has drawn, it is the landmarks' hull.

    head : (S, S) probability. landmarks_px : (68, 2) crop pixels.
    """
    side = head.shape[0]
    sharp = _passed(cv2.GaussianBlur(head, (0, 0), side / 256) > 0.5, cv2.MORPH_OPEN, side // 128)
    whole = _passed(cv2.GaussianBlur(head, (0, 0), side / 85) > 0.5, cv2.MORPH_CLOSE, side // 85)
    broad = _passed(scipy.ndimage.binary_fill_holes(whole), cv2.MORPH_OPEN, side // 43)
    face = np.zeros_like(sharp)
    cv2.fillConvexPoly(face, cv2.convexHull(np.round(landmarks_px).astype(np.int32)), 1)
    near_face = cv2.dilate(face, disc(side // 50)) > 0
    seamless = cv2.GaussianBlur(np.where(near_face, sharp, broad).astype(np.float32), (0, 0), side / 200) > 0.5
    labels, count = scipy.ndimage.label(seamless)
    if count == 0:
        return np.asarray(face > 0)
    columns, rows = np.clip(np.round(landmarks_px), 0, side - 1).astype(int).T
    votes = np.bincount(labels[rows, columns], minlength=count + 1)
    votes[0] = 0
    best = votes.argmax() if votes.any() else np.bincount(labels[labels > 0]).argmax()
    return np.asarray(scipy.ndimage.binary_fill_holes(labels == best))


def sharpened(head: NDArray[np.float32], matte: NDArray[np.floating]) -> NDArray[np.float32]:
    """(S, S) probability of head, its outline that of a camera's matte where the two run close to each other.

    A matte knows nothing of where a head ends: at the neck, and where something else is skin or hair, the network's
    outline stays.

    head : (S, S) in 0..1, the network's. matte : (S, S) in 0..1, of skin, hair and what is worn on them.
    """
    reach = disc(round(head.shape[0] * MATTE_SHARE))
    near = [
        (cv2.dilate(one, reach) > 0) & (cv2.erode(one, reach) == 0)
        for one in ((head > 0.5).astype(np.uint8), (matte > 0.5).astype(np.uint8))
    ]
    return np.where(near[0] & near[1], matte, head).astype(np.float32)


def _passed(mask: NDArray[np.generic], operation: int, radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), operation, disc(radius)), np.uint8)


def _flip_averaged(windows: NDArray[np.uint8], network: FaceNetwork) -> FaceMaps:
    """Mean over the picture and its mirror image, which halves the network's left-right bias."""
    count = len(windows)
    maps = network.analyse(np.concatenate([windows, windows[:, :, ::-1]]))
    mirrored = maps.landmarks[count:][:, MIRRORED] * [-1, 1] + [network.side_px - 1, 0]
    return FaceMaps(
        _mean(maps.relief[:count], maps.relief[count:, :, ::-1]),
        _mean(maps.head[:count], maps.head[count:, :, ::-1]),
        _mean(maps.landmarks[:count], mirrored),
        _mean(maps.confidence[:count], maps.confidence[count:][:, MIRRORED]),
    )


def _mean(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float32]:
    return ((a + b) / 2).astype(np.float32)


def _resize(picture: NDArray[T], side: int) -> NDArray[T]:
    method = cv2.INTER_AREA if side < picture.shape[0] else cv2.INTER_CUBIC
    resized: NDArray[T] = cv2.resize(picture, (side, side), interpolation=method)  # type: ignore[assignment]
    return resized


def _tight_weight(side: int) -> NDArray[np.float32]:
    """(side, side) float32: 1 in the middle, falling smoothly to 0 at the rim of the tight window."""
    axis = np.abs(np.linspace(-1, 1, side, dtype=np.float32))
    radius = np.maximum(axis[None], axis[:, None])
    t = np.clip((0.95 - radius) / 0.3, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def _matched(
    whole: NDArray[np.float32], source: NDArray[np.float32], target: NDArray[np.float32], where: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """`whole` under the scale and shift that bring `source` to `target` where both see the head."""
    if where.sum() < 100:
        return whole.copy()
    x, y = source[where].astype(np.float64), target[where].astype(np.float64)
    scale = max(float(np.cov(x, y)[0, 1] / max(x.var(ddof=1), 1e-12)), 0.1)
    return (scale * whole + (y.mean() - scale * x.mean())).astype(np.float32)
