"""Where a sculptor would carve: weights round the landmarks, and what of a head is skin."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.face.landmarks import LEFT_EYE, RIGHT_EYE

RIGHT_BROW, LEFT_BROW = slice(17, 22), slice(22, 27)
NOSE_RIDGE, NOSTRILS, OUTER_LIPS = slice(27, 31), slice(31, 36), slice(48, 60)
BROW_MM, NOSTRILS_MM, NOSE_MM = 7.0, 5.0, 8.0  # how broad a line along the landmarks is
FEATURE_MM = 4.0  # what is so near to eyes, brows, lips or nostrils belongs to them
LIPS_MM = 6.0
ROUND_MM = {"eyes": 21.0, "brows": 14.0, "lips": 19.0, "nose": 15.0}  # folds and bags lie so near to these
SOFT = 0.6  # of those: over so much a weight falls from 1 to 0
PLAIN = 0.1  # skin with less of a feature than this is plain
FACE_RIM_MM = 2.0

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Zones:
    """Parts of a head's picture, each (T, T).

    face : bool, within the outline of the landmarks. eyes, brows : bool. features : float32, 0..1, eyes, brows, lips
    and nostrils. lips : float32, 0..1, lips and the corners of the mouth. carved : float32, 0..1, features with the
    folds round them, and what lies outside the face: hair, ears, hats. skin : bool, the face without its features.
    """

    face: Mask
    eyes: tuple[Mask, Mask]
    brows: Mask
    features: Floats
    lips: Floats
    carved: Floats
    skin: Mask


def zones(landmarks_px: NDArray[np.floating], head: Mask, pixel_mm: float) -> Zones:
    """Zones of a head (T, T) from its 68 landmarks; pixel_mm : what a pixel is across."""
    outline = np.asarray(cv2.convexHull(landmarks_px.astype(np.float32))[:, 0], np.float32)
    face = _filled(head.shape, outline) & head
    right, left = (_filled(head.shape, landmarks_px[eye]) for eye in (RIGHT_EYE, LEFT_EYE))
    brows = _drawn(head.shape, [landmarks_px[RIGHT_BROW], landmarks_px[LEFT_BROW]], BROW_MM / pixel_mm)
    nostrils = _drawn(head.shape, [landmarks_px[NOSTRILS]], NOSTRILS_MM / pixel_mm)
    nose = nostrils | _drawn(head.shape, [landmarks_px[NOSE_RIDGE]], NOSE_MM / pixel_mm)
    lips = _filled(head.shape, landmarks_px[OUTER_LIPS])
    parts = {"eyes": right | left, "brows": brows, "lips": lips, "nose": nose}
    features = _near(right | left | brows | lips | nostrils, FEATURE_MM, pixel_mm)
    carved = np.maximum(features, 1 - _near(face, FACE_RIM_MM, pixel_mm))
    for name, part in parts.items():  # the folds round it
        np.maximum(carved, _near(part, ROUND_MM[name], pixel_mm), out=carved)
    return Zones(
        face=face,
        eyes=(right, left),
        brows=brows,
        features=features,
        lips=_near(lips, LIPS_MM, pixel_mm),
        carved=carved,
        skin=face & (features < PLAIN),
    )


def _filled(shape: tuple[int, ...], outline: NDArray[np.floating]) -> Mask:
    drawn = np.zeros(shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(outline * 16).astype(np.int32)], 1, shift=4)
    return drawn > 0


def _drawn(shape: tuple[int, ...], lines: list[NDArray[np.floating]], width_px: float) -> Mask:
    drawn = np.zeros(shape, np.uint8)
    cv2.polylines(drawn, [np.round(line * 16).astype(np.int32) for line in lines], False, 1, max(1, round(width_px)),
                  shift=4)  # fmt: skip
    return drawn > 0


def _near(part: Mask, reach_mm: float, pixel_mm: float) -> Floats:
    """1 in a part and close to it, falling smoothly to 0 at `reach_mm` from it."""
    away = cv2.distanceTransform((~part).astype(np.uint8), cv2.DIST_L2, 5) * pixel_mm
    share = np.clip((reach_mm - away) / (SOFT * reach_mm), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
