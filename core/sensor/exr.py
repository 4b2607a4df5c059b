"""OpenEXR files: a module of its own, since their library takes long to load and hardly anybody has such a map."""

import io

import numpy as np
import OpenEXR
from numpy.typing import NDArray


def size_px(data: bytes) -> tuple[int, int]:
    """Width and height, by the header alone."""
    with OpenEXR.File(io.BytesIO(data), separate_channels=True, header_only=True) as header:
        low, high = header.header()["dataWindow"]
    return int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1


def depth_channel(data: bytes) -> NDArray[np.float64]:
    """Channel Z, or Y, or the first there is."""
    with OpenEXR.File(io.BytesIO(data), separate_channels=True) as file:
        channels = file.channels()
        name = next((name for name in ("Z", "Y") if name in channels), next(iter(channels)))
        return np.array(channels[name].pixels, dtype=np.float64)
