"""The outline of a head by the photo's own colours: hair and hats of which the face network is in doubt."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from core.face.head import head_mask

SIDE_PX = 256  # at which colours are counted, the face network's own
STEPS = (8, 6, 6)  # of lightness and of the two colours of CIELAB, 0 to 255 each, that count as one colour
SPREAD_STEPS = 1.0
RARE = 2e-5  # share of all pixels from which a colour says something
STRENGTH, MOST = 1.0, 3.0  # of a colour beside the network, in log odds: what is sure stays so
SURE = 0.01
ROUNDS = 3
LEAST_KEPT = 0.7  # of the network's head: what loses more of it has not the colours of a head and its ground
SMOOTHED_PX = 1.0
RADIUS, EDGE = 1 / 64, 1e-3  # of the side; variance of colour (0 to 1) from which on an edge of the photo is kept


def outlined(
    rgb: NDArray[np.uint8], head: NDArray[np.float32], landmarks_px: NDArray[np.float64], inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """(S, S) float32 in 0..1: as `by_colour`, unless that takes away much of the head; landmarks_px : (68, 2)."""
    found = by_colour(rgb, head, inside)
    before, after = (np.count_nonzero(head_mask(each, landmarks_px) & inside) for each in (head, found))
    return found if after >= LEAST_KEPT * before else head


def by_colour(rgb: NDArray[np.uint8], head: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(S, S) float32 in 0..1: the probability of head, where it is in doubt by which side has more of a pixel's colour.

    The network's probability and the shares of the pixel's colour in the head and round it are joined as independent
    evidence (log odds add up), and the shares counted anew, a few times. The result follows the photo's edges (a guided
    filter; He, Sun and Tang, 'Guided Image Filtering', TPAMI 2013).

    rgb : (S, S, 3) uint8, a levelled crop. head : (S, S) float32 in 0..1, by the face network. inside : (S, S) bool,
    where the crop shows the photo; beyond it nothing is counted.
    """
    side = rgb.shape[0]
    small = np.asarray(cv2.resize(rgb, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)
    counted = cv2.resize(inside.astype(np.uint8), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_NEAREST) > 0
    network = np.asarray(cv2.resize(head, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.float32)
    odds = _log_odds(network)
    colours = cv2.cvtColor(small, cv2.COLOR_RGB2LAB) // np.array(STEPS, np.uint8)
    colour = np.moveaxis(colours.astype(np.intp), -1, 0)
    share = network
    for _ in range(ROUNDS):
        of_head, of_rest = (_shares(colour, weight * counted) for weight in (share, 1 - share))
        evidence = np.log((of_head + RARE) / (of_rest + RARE)).clip(-MOST, MOST)
        share = np.asarray(cv2.GaussianBlur(_chance(odds + STRENGTH * evidence), (0, 0), SMOOTHED_PX), np.float32)
    return guided(rgb, np.asarray(cv2.resize(share, (side, side), interpolation=cv2.INTER_LINEAR), np.float32))


def guided(rgb: NDArray[np.uint8], share: NDArray[np.float32]) -> NDArray[np.float32]:
    """(S, S) float32 in 0..1: `share`, smoothed where the picture (S, S, 3) is even and as sharp as it at its edges."""
    reach = max(1, round(rgb.shape[0] * RADIUS))
    window = (2 * reach + 1, 2 * reach + 1)
    guide = rgb.astype(np.float32) / 255

    def mean(values: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, window), np.float32)

    middle, level = mean(guide), mean(share)
    slopes = mean(guide * share[..., None]) - middle * level[..., None]
    spread = np.empty((*share.shape, 3, 3), np.float32)
    for i in range(3):
        for j in range(i, 3):
            spread[..., i, j] = spread[..., j, i] = (
                mean(guide[..., i] * guide[..., j]) - middle[..., i] * middle[..., j]
            )
    slopes = np.linalg.solve(spread + EDGE * np.eye(3, dtype=np.float32), slopes[..., None])[..., 0]
    rest = level - (slopes * middle).sum(-1)
    return np.clip((mean(slopes) * guide).sum(-1) + mean(rest), 0, 1)


def _shares(colour: NDArray[np.intp], weight: NDArray[np.floating]) -> NDArray[np.float32]:
    """How much of the weight (S, S) is of each pixel's colour, of colours (3, S, S) and those like them: (S, S)."""
    counts = np.zeros([256 // step + 1 for step in STEPS], np.float32)
    np.add.at(counts, tuple(colour), weight)
    counts = gaussian_filter(counts, SPREAD_STEPS)
    return np.asarray(counts[tuple(colour)] / max(float(counts.sum()), 1e-6), np.float32)


def _log_odds(chance: NDArray[np.floating]) -> NDArray[np.floating]:
    sure = np.clip(chance, SURE, 1 - SURE)
    return np.log(sure / (1 - sure))


def _chance(log_odds: NDArray[np.floating]) -> NDArray[np.floating]:
    return 1 / (1 + np.exp(-log_odds))
