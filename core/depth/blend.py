"""Detail from the network, shape and rim from the prior, as far as the network's own are worse."""

import cv2
import numpy as np
from numpy.typing import NDArray

SPLIT_SHARE = 1 / 24  # of the map's side: standard deviation of the blur that parts shape from detail (10 mm on a face)
RIM_SHARE = 12 / 512  # of the map's side: so far in from the head's rim a network's map is mixed with what is behind
PRIOR_ERROR_MM = 3.2  # RMS of the built-in network on held-out portraits, its scale and shift fitted (model card)


def prior_weight(relief_mm: NDArray[np.floating], prior_mm: NDArray[np.floating], face: NDArray[np.bool_]) -> float:
    """How much of the broad shape comes from the prior, 0 to 1.

    Network and prior are two measurements of one shape. The prior's error is known; what the two differ by beyond it
    is the network's. Each then has the weight of its inverse variance: a network that agrees with the prior as well as
    the prior agrees with true faces keeps its own shape; one that is bent or flat gets the prior's.

    relief_mm, prior_mm, face : (H, W), relief in mm.
    """
    difference = _low(np.asarray(relief_mm, np.float64) - prior_mm, face)[face]
    kept = np.sort(np.abs(difference - np.median(difference)))[: int(0.9 * len(difference))]  # hair, glasses
    square = float((kept**2).mean()) if len(kept) else 0.0
    own = max(square - PRIOR_ERROR_MM**2, 0.0)
    return own / (own + PRIOR_ERROR_MM**2)


def with_shape_of(
    relief_mm: NDArray[np.floating], prior_mm: NDArray[np.floating], mask: NDArray[np.bool_], weight: float
) -> NDArray[np.float64]:
    """Relief whose low frequencies are a weighted mean of its own and the prior's; its high frequencies stay.

    relief_mm, prior_mm, mask : (H, W), relief in mm. weight : of the prior, 0 to 1. Outside the mask: as it was.
    """
    relief = np.asarray(relief_mm, dtype=np.float64)
    if weight <= 0:
        return relief
    return np.where(mask, relief + weight * _low(prior_mm - relief, mask), relief)


def with_rim_of(
    relief_mm: NDArray[np.floating], prior_mm: NDArray[np.floating], mask: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Relief that gives way softly, towards the rim of the head, to the prior's, shifted to meet it.

    A network that knows nothing of heads blurs them into what is behind: its map falls off to the background before
    the mask ends, and a mesh cut there would wear a skirt. The prior was taught heads alone, to their rims.

    relief_mm, prior_mm, mask : (H, W), relief in mm. Outside the mask: as it was.
    """
    relief = np.asarray(relief_mm, dtype=np.float64)
    width = max(relief.shape) * RIM_SHARE
    inwards = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1] / width
    share = np.clip(inwards, 0, 1)
    own = share * share * (3 - 2 * share)
    deep = mask & (inwards >= 1)
    if not deep.any():
        return relief
    met = prior_mm + _low(relief - prior_mm, deep)
    return np.where(mask, own * relief + (1 - own) * met, relief)


def _low(difference: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(H, W) blur within the mask; nothing outside it has any influence."""
    sigma = max(difference.shape) * SPLIT_SHARE
    weight = mask.astype(np.float64)
    coverage = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6)
    return np.asarray(cv2.GaussianBlur(np.where(mask, difference, 0.0), (0, 0), sigma) / coverage, dtype=np.float64)
