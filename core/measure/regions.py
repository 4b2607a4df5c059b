"""The parts of a face, as masks on the crop, from its 68 landmarks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.face.landmarks import INNER, LEFT_EYE, RIGHT_EYE
from core.geometry.reconstruction import Reconstruction

REGIONS = ("forehead", "right eye", "left eye", "nose", "right cheek", "left cheek", "mouth", "chin")
MIRRORED_REGIONS = {
    "right eye": "left eye", "left eye": "right eye", "right cheek": "left cheek", "left cheek": "right cheek",
}  # fmt: skip
SUBNASALE, NASION, LIPS = 33, 27, slice(48, 60)
FOREHEAD_SHARE = 0.75  # of the height from brows to the nose's lower end, which a whole forehead has on most faces
FRACTION_BITS = 4  # outlines are drawn to a sixteenth of a pixel
EYE_MARGIN, NOSE_MARGIN, MOUTH_MARGIN = 0.10, 0.05, 0.08  # IPD round the landmarks


def regions(reconstruction: Reconstruction) -> dict[str, NDArray[np.bool_]]:
    """(S, S) bool by name: forehead, right eye, left eye, nose, right cheek, left cheek, mouth, chin.

    'Right' is the person's right, at the left of the picture. The masks do not overlap and lie within the head; the
    forehead ends where hair begins on most faces, at three quarters of a third of the face. Empty for a whole photo.

    Examples
    --------
    >>> import core
    >>> parts = core.measure.regions(core.load_face("results/ada"))
    >>> parts["chin"].shape, parts["chin"].dtype
    ((512, 512), dtype('bool'))
    """
    landmarks = reconstruction.landmarks_px
    return {} if landmarks is None else regions_between(landmarks, reconstruction.head)


def regions_between(landmarks: NDArray[np.float64], inside: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """(S, S) bool by name as `regions`, of landmarks (68, 2) in px, within `inside` (S, S)."""
    free = inside.copy()
    found = {}
    for name, shape, margin in _shapes(landmarks):
        part = _filled(shape, margin, free.shape[0]) & free
        free &= ~part
        found[name] = part
    return {name: found[name] for name in REGIONS}


def face_area(reconstruction: Reconstruction) -> NDArray[np.bool_]:
    """(S, S) bool: all regions together, so the face without hair, ears and neck; a whole photo's all depth."""
    parts = regions(reconstruction)
    return np.logical_or.reduce(list(parts.values())) if parts else reconstruction.head


def inner_face(reconstruction: Reconstruction) -> NDArray[np.bool_]:
    """(S, S) bool: the hull of brows, eyes, nose and mouth, which hair and beard change least."""
    if reconstruction.landmarks_px is None:
        return reconstruction.head
    outline = _hull(reconstruction.landmarks_px[INNER])
    return _filled(outline, 0.0, len(reconstruction.depth_mm)) & reconstruction.head


def _shapes(p: NDArray[np.float64]) -> list[tuple[str, NDArray[np.float64], float]]:
    """Name, outline (n, 2) and margin in px of each region; what stands first keeps what two would share."""
    ipd = float(np.linalg.norm(p[LEFT_EYE].mean(0) - p[RIGHT_EYE].mean(0)))
    brows = p[17:27]
    up = p[NASION] - p[SUBNASALE]
    up = up / max(float(np.linalg.norm(up)), 1e-9)
    third = float(((brows.mean(0) - p[SUBNASALE]) * up).sum())
    top = brows + up * FOREHEAD_SHARE * third
    ala_right, ala_left = p[31] + NOSE_MARGIN * (p[31] - p[35]), p[35] + NOSE_MARGIN * (p[35] - p[31])
    right_eye = np.concatenate([p[17:22], p[[27, 39, 40, 41, 36]]])
    left_eye = np.concatenate([p[26:21:-1], p[[27, 42, 47, 46, 45]]])
    return [
        ("nose", _hull(np.stack([*p[27:36], ala_right, ala_left, *(p[[39, 42]] + p[NASION]) / 2])), NOSE_MARGIN * ipd),
        ("right eye", right_eye, EYE_MARGIN * ipd),
        ("left eye", left_eye, EYE_MARGIN * ipd),
        ("mouth", _hull(np.concatenate([p[LIPS], p[31:36]])), MOUTH_MARGIN * ipd),
        ("forehead", np.concatenate([p[[0]], p[17:27], p[[16]], top[::-1]]), 0.0),
        ("right cheek", np.concatenate([p[0:6], p[[48, SUBNASALE, NASION, 39, 36]]]), 0.0),
        ("left cheek", np.concatenate([p[16:10:-1], p[[54, SUBNASALE, NASION, 42, 45]]]), 0.0),
        ("chin", np.concatenate([p[5:12], p[[54, 55, 56, 57, 58, 59, 48]]]), 0.0),
    ]


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], np.float64)


def _filled(outline_px: NDArray[np.float64], margin_px: float, side: int) -> NDArray[np.bool_]:
    canvas = np.zeros((side, side), np.uint8)
    corners = np.round(outline_px * 2**FRACTION_BITS).astype(np.int32)
    cv2.fillPoly(canvas, [corners], 1, shift=FRACTION_BITS)
    if margin_px >= 0.5:
        cv2.polylines(canvas, [corners], True, 1, thickness=round(2 * margin_px), shift=FRACTION_BITS)
    return canvas > 0
