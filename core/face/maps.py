"""What a face network says of a picture window, and what every such network offers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FaceMaps:
    """The answer of a face network for N square windows of S x S pixels.

    relief : (N, S, S) float32, relative inverse depth, larger is nearer. One unit is about `mm_per_unit` of relief.
    head : (N, S, S) float32 in 0..1, probability of head (skin, hair, ears, headgear; not background, not clothes).
    landmarks : (N, 68, 2) float32, x and y in window pixels (pixel centres at integers), Multi-PIE order.
    confidence : (N, 68) float32 in 0..1.
    """

    relief: NDArray[np.float32]
    head: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    confidence: NDArray[np.float32]


@dataclass(frozen=True)
class Proposals:
    """Where a picture may show faces: middles (N, 2) between the nose's landmarks and IPDs (N,), in pixels.

    score : (N,) float32 in 0..1.
    """

    middle_px: NDArray[np.float32]
    ipd_px: NDArray[np.float32]
    score: NDArray[np.float32]


class FaceNetwork(Protocol):
    """Reads windows of `side_px` x `side_px` pixels, and proposes where in a picture to look."""

    side_px: int
    proposed_px: tuple[float, float]
    mm_per_unit: float

    def analyse(self, windows: NDArray[np.uint8]) -> FaceMaps:
        """Windows : (N, S, S, 3) uint8 RGB -> maps of the same side."""
        ...

    def propose(self, picture: NDArray[np.uint8], min_score: float) -> Proposals:
        """Picture (H, W, 3) uint8 RGB of any size -> faces with an IPD of `proposed_px` in it, best first."""
        ...
