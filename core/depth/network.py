"""What every depth network offers."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class DepthNetwork(Protocol):
    """A network that gives the inverse depth of pictures, such as `core.depth.estimator.Networks.depth` returns."""

    name: str

    def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """(H, W, 3) uint8 RGB each -> (H, W) float32 inverse depth each, larger is nearer."""
        ...
