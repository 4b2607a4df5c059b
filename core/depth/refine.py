"""More detail from the same network, for more time: both mirror images averaged; a close look merged into the whole."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core.depth.network import DepthNetwork
from core.errors import OptionError

CELLS = 12  # a side, of the coarse maps that two scales are matched on

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels; right and bottom are outside


class Mirrored:
    """A network that sees each picture and its mirror image and answers with the mean of both; twice the time."""

    def __init__(self, network: DepthNetwork) -> None:
        self.name = network.name
        self._network = network

    def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """(H, W, 3) uint8 RGB each -> (H, W) float32 inverse depth each.

        The mirror image's answer is brought to the picture's own mean and spread before they are averaged.
        """
        both = self._network.predict([*pictures, *(np.ascontiguousarray(picture[:, ::-1]) for picture in pictures)])
        answers = []
        for seen, mirrored in zip(both[: len(pictures)], both[len(pictures) :], strict=True):
            scale = seen.std() / max(mirrored.std(), np.finfo(np.float32).tiny)
            back = scale * (mirrored[:, ::-1] - mirrored.mean()) + seen.mean()
            answers.append(((seen + back) / 2).astype(np.float32))
        return answers


def two_scales(network: DepthNetwork, picture: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    """Return the inverse depth of a picture (H, W, 3), with what the network sees of `box` alone merged into it.

    Raises
    ------
    OptionError
        If the box is not within the picture or is under two pixels wide or high.
    """
    left, top, right, bottom = box
    if not (0 <= left < right - 1 < picture.shape[1] and 0 <= top < bottom - 1 < picture.shape[0]):
        raise OptionError(f"The box {box} is not within the picture of {picture.shape[1]} x {picture.shape[0]} pixels.")
    (whole,) = network.predict([picture])
    (close,) = network.predict([np.ascontiguousarray(picture[top:bottom, left:right])])
    return merge(whole, close, box)


def merge(
    whole: NDArray[np.float32], close: NDArray[np.float32], box: Box, margin: float = 0.125
) -> NDArray[np.float32]:
    """Lay a close look into the whole.

    Parameters
    ----------
    whole : (H, W) float32 inverse depth.
    close : (h, w) float32 inverse depth of the box alone, up to scale and shift.
    margin : width of the soft edge, as a share of the box's shorter side.

    Returns
    -------
    (H, W) float32: outside the box the whole; inside it the close look, brought to the whole's scale and shift.
    """
    left, top, right, bottom = box
    scale, shift = scale_and_shift(close, whole[top:bottom, left:right])
    height, width = close.shape
    edge = max(margin * min(height, width), 1)
    down, across = (np.minimum(np.arange(n) + 1, np.arange(n, 0, -1)) / edge for n in (height, width))
    weight = np.minimum(np.minimum.outer(down, across), 1)
    weight = (weight * weight * (3 - 2 * weight)).astype(np.float32)
    merged = whole.copy()
    merged[top:bottom, left:right] += weight * (scale * close + shift - whole[top:bottom, left:right])
    return merged


def scale_and_shift(values: NDArray[np.float32], target: NDArray[np.float32]) -> tuple[float, float]:
    """Return a and b of least squares for `a * values + b = target`, robust to the tenth that fits worst.

    Both are compared as coarse maps, because detail that only one of them holds would flatten the fit. A map without
    any relief, or one that runs against the target, is only shifted to the target's mean.
    """
    x, y = (_coarse(each).ravel().astype(np.float64) for each in (values, target))
    keep = np.ones(len(x), bool)
    for _ in range(3):
        centred = x[keep] - x[keep].mean()
        spread = float(centred @ centred)
        scale = float(centred @ y[keep]) / spread if spread > 0 else 0.0
        if scale <= 0:
            return 0.0, float(y.mean())
        shift = float(y[keep].mean() - scale * x[keep].mean())
        residual = np.abs(scale * x + shift - y)
        keep = residual <= np.quantile(residual, 0.9)
    return scale, shift


def _coarse(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average a map over cells, at most `CELLS` a side."""
    height, width = (min(side, CELLS) for side in values.shape)
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)
