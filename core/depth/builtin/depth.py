"""The built-in network behind the interface that all depth networks share."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core.face.maps import FaceNetwork


class BuiltinDepth:
    """Inverse depth of whole pictures. For a found face `core.face.head.head_maps` sees more, with two windows."""

    name = "builtin"

    def __init__(self, network: FaceNetwork) -> None:
        self._network = network

    def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Pictures (H, W, 3) uint8 RGB -> (H, W) float32 each, larger is nearer; each is seen in one square window."""
        side = self._network.side_px
        windows = [cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) for picture in pictures]
        relief = self._network.analyse(np.stack(windows)).relief
        return [
            np.asarray(cv2.resize(r, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)
            for r, picture in zip(relief, pictures, strict=True)
        ]
