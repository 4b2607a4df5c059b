"""The networks, loaded once; a synthetic head whose depth is known in closed form."""

from collections.abc import Callable

import numpy as np
import pytest

from core.depth.estimator import Networks
from core.geometry.camera import Intrinsics
from core.geometry.reconstruction import Reconstruction
from tests.facts import facts_of


@pytest.fixture(scope="session")
def networks() -> Networks:
    return Networks()


@pytest.fixture
def head() -> Callable[..., Reconstruction]:
    """Make an ellipsoid with a bump for a nose, 600 mm away, seen by a camera of 1000 px focal length."""

    def make(side: int = 128, **holes: slice) -> Reconstruction:
        axis = np.arange(side, dtype=np.float64)
        x, y = np.meshgrid((axis - (side - 1) / 2) / side, (axis - (side - 1) / 2) / side)
        inside = 1 - (x / 0.32) ** 2 - (y / 0.42) ** 2
        depth = 600 - 70 * np.sqrt(np.maximum(inside, 0)) - 20 * np.exp(-(x**2 + y**2) / 0.004)
        depth[inside <= 0] = np.nan
        if holes:
            depth[holes["rows"], holes["columns"]] = np.nan
        rgb = np.stack([np.full((side, side), 180), 255 * (x + 0.5), 255 * (y + 0.5)], -1).astype(np.uint8)
        camera = Intrinsics(1000 * side / 512, (side - 1) / 2, (side - 1) / 2)
        return Reconstruction(
            rgb, rgb, (1 / depth).astype(np.float32), depth.astype(np.float32), camera, None, facts_of(camera)
        )

    return make
