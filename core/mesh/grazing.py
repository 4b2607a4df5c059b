"""Where the line of sight grazes a head: depth bent forward, so that no pixel of the photo becomes a streak."""

import cv2
import numpy as np
from numpy.typing import NDArray

STEEPEST = 4.0  # depth per distance across (76 degrees): a pixel is then drawn out to 4.1 times its size
FAR = np.float32(1e3)  # logarithm of a depth that nothing has
SETTLED = np.float32(1e-6)  # of the depth
BLUR_SHARE = 2 / 512  # of the map's side: standard deviation of the blur of slopes and of their edges (1 mm on a face)
_CROSS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.uint8)
_DIAGONAL = np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1]], np.uint8)
_KNIGHT = np.array([[0, 1, 0, 1, 0], [1, 0, 0, 0, 1], [0, 0, 0, 0, 0], [1, 0, 0, 0, 1], [0, 1, 0, 1, 0]], np.uint8)
STEPS = ((_CROSS, 1.0), (_DIAGONAL, 2**0.5), (_KNIGHT, 5**0.5))  # neighbours of a pixel, and how far they are


def bent(depth_mm: NDArray[np.float32], head: NDArray[np.bool_], pixel: float) -> NDArray[np.float32]:
    """`limited`, blurred where it moved anything and along the edges of that: else a map's pixels make stairs there."""
    slope = limited(depth_mm, head, pixel)
    moved = slope < depth_mm
    if not moved.any():
        return depth_mm
    sigma = max(depth_mm.shape) * BLUR_SHARE
    coverage = np.maximum(cv2.GaussianBlur(head.astype(np.float32), (0, 0), sigma), 1e-6)
    mean = cv2.GaussianBlur(np.where(head, slope, 0), (0, 0), sigma) / coverage
    share = cv2.GaussianBlur(cv2.dilate(moved.astype(np.float32), np.ones((3, 3))), (0, 0), sigma)
    return np.where(head & (share > 0), slope + share * (mean - slope), depth_mm).astype(np.float32)


def limited(depth_mm: NDArray[np.float32], head: NDArray[np.bool_], pixel: float) -> NDArray[np.float32]:
    """Depth that nowhere falls off more steeply than `STEEPEST`: what lies farther behind comes forward.

    What is in front of a step stays to the last bit, so nose, jaw and cheek keep their outlines; what is behind becomes
    the lower envelope of cones that stand on all points of the head: the distance transform of a sampled function
    (Felzenszwalb and Huttenlocher 2012, there with parabolas), by steps in 16 directions (Borgefors 1986), which are at
    most 2.8 % longer than straight lines. The cones are those of the logarithm of depth, since a camera sees lengths
    relative to their depth.

    depth_mm : (H, W), finite within the head. head : (H, W); all else stays as it is. pixel : its size at depth 1.
    """
    own = np.where(head, np.log(np.where(head, depth_mm, 1)), FAR).astype(np.float32)
    nearest, reached = own, _one_step(own, head, pixel)
    while (nearest - reached).max() > SETTLED:
        nearest, reached = reached, _one_step(reached, head, pixel)
    moved = own - nearest > SETTLED
    return np.where(moved, np.exp(np.where(moved, nearest, 0)), depth_mm).astype(np.float32)


def _one_step(values: NDArray[np.float32], head: NDArray[np.bool_], pixel: float) -> NDArray[np.float32]:
    """Each value, or what a neighbour and the steepest slope from there allow; `FAR` outside the head."""
    least = values
    for neighbours, length in STEPS:
        beside = cv2.erode(values, neighbours, borderType=cv2.BORDER_CONSTANT, borderValue=float(FAR))
        least = np.minimum(least, beside + np.float32(STEEPEST * pixel * length))
    return np.where(head, least, FAR)
