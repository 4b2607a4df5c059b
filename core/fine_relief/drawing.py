"""Fine relief of a head from the light and dark of its photo: drawn, not measured."""

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from core.fine_relief.bands import bands
from core.fine_relief.eyes import carved_eyes
from core.fine_relief.shading import BLACK, linear, luminance, normals, shading
from core.fine_relief.zones import zones

# depth per contrast and size of a band, by `python -m tests.benchmarks.likeness`
GAINS = {0.5: 1.35, 1.0: 2.25, 2.0: 2.7, 4.0: 2.25}
FEATURE_GAIN = 1.5  # eyes, brows, lips and nostrils are carved so much deeper
MOUTH_MM = 3.0  # nothing at the mouth is deeper or stands out farther: dark corners of a smile would be pits
MOST = 0.65  # contrasts beyond it (logarithm of light) go no deeper
HIGHLIGHT = 0.12  # brighter than the surface shows by more than this is a highlight, and stands no higher
SMOOTH_MM = 1.5  # the broad surface is blurred so much before its normals are taken
RIM_MM = (0.8, 3.3)  # from the outline: nothing is drawn nearer, all from the second on
GRAZED = (0.15, 0.45)  # cosine of the line of sight: nothing is drawn below, all above the second


def draw(
    texture: NDArray[np.uint8],
    depth_mm: NDArray[np.floating],
    head: NDArray[np.bool_],
    landmarks_px: NDArray[np.floating],
    pixel_mm: float,
) -> NDArray[np.float32]:
    """(T, T) float32 mm towards the viewer, to be added to the depth at strength 1; 0 outside the head.

    texture : (T, T, 3) uint8, the photo. depth_mm : (S, S) of the same square, S <= T, finite within the head.
    head : (S, S) bool. landmarks_px : (68, 2), and pixel_mm, what a pixel is across: of depth and head.
    The values are those that half precision holds, so that they are the same when they are read back.

    Dark is deep: mesoscopic augmentation, after Beeler, Bickel, Beardsley, Sumner and Gross, "High-quality single-shot
    capture of facial geometry", SIGGRAPH 2010, and Glencross, Ward, Melendez, Jay, Liu and Hubbold, "A perceptually
    validated model for surface depth hallucination", SIGGRAPH 2008.
    """
    if not head.any():
        return np.zeros(texture.shape[:2], np.float32)
    depth_mm, head, landmarks_px, pixel_mm = _on_texture(texture.shape[0], depth_mm, head, landmarks_px, pixel_mm)
    of = zones(landmarks_px, head, pixel_mm)
    light, redness = _light_and_redness(texture)
    broad = np.asarray(cv2.GaussianBlur(depth_mm, (0, 0), SMOOTH_MM / pixel_mm), np.float32)
    normal = normals(broad, pixel_mm)
    ratio = np.log(light + BLACK) - np.log(shading(light, normal, of.face if of.face.any() else head) + BLACK)
    ratio = np.where(ratio > 0, HIGHLIGHT * np.tanh(ratio / HIGHLIGHT), ratio).astype(np.float32)
    inwards = cv2.distanceTransform(head.astype(np.uint8), cv2.DIST_L2, 5) * pixel_mm
    seen = _from_to(inwards, RIM_MM) * _from_to(normal[..., 2], GRAZED)
    del depth_mm, light, broad, normal, inwards  # 450 MB of a large photo, and the bands take as much
    ratio = carved_eyes(ratio, of.eyes, landmarks_px, pixel_mm)
    relief = np.zeros(head.shape, np.float32)
    for band in bands(ratio, redness, head.astype(np.float32), of, pixel_mm):
        relief += GAINS[band.size_mm] * band.size_mm * MOST * np.tanh(band.contrast / MOST)
    relief *= 1 + (FEATURE_GAIN - 1) * of.features
    relief += of.lips * (MOUTH_MM * np.tanh(relief / MOUTH_MM) - relief)
    relief *= seen
    return relief.astype(np.float16).astype(np.float32)


def _light_and_redness(texture: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(T, T, 3) -> (T, T) luminance, and (T, T) logarithm of red over green."""
    colours = linear(texture)
    return luminance(colours), np.log(colours[..., 0] + BLACK) - np.log(colours[..., 1] + BLACK)


def _on_texture(
    side_px: int,
    depth_mm: NDArray[np.floating],
    head: NDArray[np.bool_],
    landmarks_px: NDArray[np.floating],
    pixel_mm: float,
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64], float]:
    """Depth without gaps, head, landmarks and pixel of a map as the texture's pixels see them."""
    nearest = scipy.ndimage.distance_transform_edt(~head, return_distances=False, return_indices=True)
    depth = depth_mm[tuple(nearest)].astype(np.float32)
    finer = side_px / head.shape[0]
    if side_px != head.shape[0]:
        size = (side_px, side_px)
        depth = np.asarray(cv2.resize(depth, size, interpolation=cv2.INTER_CUBIC), np.float32)
        head = cv2.resize(head.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    return depth, head, (landmarks_px + 0.5) * finer - 0.5, pixel_mm / finer


def _from_to(values: NDArray[np.floating], ends: tuple[float, float]) -> NDArray[np.float32]:
    return np.clip((values - ends[0]) / (ends[1] - ends[0]), 0, 1).astype(np.float32)
