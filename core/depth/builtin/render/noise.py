"""Tiled noise: the textures of skin, hair and cloth."""

import numpy as np
from numpy.typing import NDArray

SIDE = 512
CLOUD, FINE, GRAIN, STRANDS, CURLS, SPOTS, FRECKLES, CREASES = range(8)


def texture_bank(seed: int = 1) -> NDArray[np.float32]:
    """Return (8, 512, 512) float32 tiles of mean 0 and deviation 1, in the order of the names above.

    Each is white noise with a spectrum: power laws for cloud and fine skin, rings for spots, narrow bands for what runs
    along v (strands, curls) or along u (creases of a forehead).
    """
    rng = np.random.default_rng(seed)
    along_u = np.fft.fftfreq(SIDE)[None, :] * SIDE
    along_v = np.fft.fftfreq(SIDE)[:, None] * SIDE
    radius = np.hypot(along_u, along_v) + 1e-3

    def band(f: NDArray[np.floating], low: float, high: float) -> NDArray[np.floating]:
        high_pass = 1 - np.exp(-((f / low) ** 2)) if low else 1.0
        filtered: NDArray[np.floating] = high_pass * np.exp(-((f / high) ** 2))
        return filtered

    spectra = [
        (radius > 1) * radius**-1.8,
        (radius > 3) * radius**-1.1,
        band(radius, 0, 110),
        band(along_u, 12, 150) * band(along_v, 0, 5),
        band(along_u, 6, 60) * band(along_v, 0, 8),
        np.exp(-(((radius - 26) / 11) ** 2)),
        np.exp(-(((radius - 60) / 25) ** 2)),
        band(along_v, 6, 40) * band(along_u, 0, 7),
    ]
    tiles = []
    for spectrum in spectra:
        tile = np.fft.ifft2(np.fft.fft2(rng.normal(size=(SIDE, SIDE))) * spectrum).real
        tiles.append((tile - tile.mean()) / tile.std())
    return np.stack(tiles).astype(np.float32)
