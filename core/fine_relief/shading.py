"""A photo's light, without what the broad surface itself shows under it."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

FIT_SIDE_PX = 256  # the fit looks at about so many pixels a side
ROUNDS = 8
RIDGE = 1e-4  # of the number of pixels, on all coefficients but the even light
DARKEST = 0.15  # of the face's median: the fitted light is nowhere less, since no skin is
SMALL_SIGMA_PX = 4.0  # a blur that is twice as broad is done on a smaller picture
BLACK = 0.01  # of full light: what a photo's darkest pixels may be off by

Floats = NDArray[np.float32]


def linear(rgb: NDArray[np.uint8]) -> Floats:
    """(..., 3) uint8 sRGB -> (..., 3) float32 of light, 0..1 (IEC 61966-2-1)."""
    level = np.arange(256) / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)[rgb]


def luminance(light: Floats) -> Floats:
    """(..., 3) light -> (...) luminance (ITU-R BT.709)."""
    return np.asarray(light @ np.array([0.2126, 0.7152, 0.0722], np.float32))


def normals(depth_mm: NDArray[np.floating], pixel_mm: float) -> Floats:
    """(H, W, 3) float32 unit normals of a depth map, x right, y up, z towards the viewer."""
    down, right = np.gradient(depth_mm.astype(np.float32) / np.float32(pixel_mm))
    normal = np.stack([right, -down, np.ones_like(down)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return normal


def shading(light: Floats, normal: Floats, face: NDArray[np.bool_]) -> Floats:
    """(H, W) float32: how bright skin of one colour would be everywhere, under the light that fits the face best.

    Spherical harmonics to the second order (Ramamoorthi and Hanrahan, "An efficient representation for irradiance
    environment maps", SIGGRAPH 2001), fitted to the luminance `light` (H, W) over the face by weights that fall with
    the error, so that eyes, beards and shadows do not bend it.
    """
    step = max(1, face.shape[0] // FIT_SIDE_PX)
    rows, columns = np.nonzero(face[::step, ::step])
    basis = np.stack(list(_harmonics(normal[rows * step, columns * step])), axis=-1)
    seen = light[rows * step, columns * step].astype(np.float64)
    middle = max(float(np.median(seen)), BLACK)
    weight = np.ones(len(seen))
    even = np.zeros(9)
    ridge = RIDGE * len(seen) * np.diag([0, 0, 0, 1, 1, 1, 1, 1, 1.0])
    for _ in range(ROUNDS):
        weighted = basis * weight[:, None]
        even = np.linalg.solve(weighted.T @ basis + ridge, weighted.T @ seen)
        fitted = np.maximum(basis @ even, middle / 20)
        error = np.log((seen + BLACK) / (fitted + BLACK))
        spread = 1.4826 * float(np.median(np.abs(error))) + 1e-3
        weight = 1 / (1 + (error / (2 * spread)) ** 2) / np.maximum(fitted, 2 * BLACK) ** 2
    found = np.zeros_like(light)
    for share, of_basis in zip(even.astype(np.float32), _harmonics(normal), strict=True):
        found += share * of_basis
    return np.maximum(found, np.float32(DARKEST * middle))


def _harmonics(normal: Floats) -> Iterator[Floats]:
    """Give the nine of the basis, one after the other, but for factors that the coefficients take up."""
    x, y, z = (normal[..., i] for i in range(3))
    yield np.ones_like(x)
    yield from (x, y, z)
    yield from (x * y, x * z, y * z)
    yield x * x - y * y
    yield 3 * z * z - 1


def blurred(values: Floats, weight: Floats, sigma_px: float) -> Floats:
    """Gaussian means (H, W) over what has weight; what has none has no influence.

    Broad blurs are those of a smaller picture: a tenth of the time, and the same within a hundredth of the contrast.
    """
    size, smaller = values.shape[::-1], max(1, int(sigma_px / SMALL_SIGMA_PX))
    both = cv2.merge([values * weight, weight])
    if smaller > 1:
        low = (-(-size[0] // smaller), -(-size[1] // smaller))
        both = cv2.resize(both, low, interpolation=cv2.INTER_AREA)
    both = cv2.GaussianBlur(both, (0, 0), sigma_px / smaller, borderType=cv2.BORDER_REPLICATE)
    if smaller > 1:
        both = cv2.resize(both, size, interpolation=cv2.INTER_LINEAR)
    np.maximum(both[..., 1], np.float32(1e-3), out=both[..., 1])
    return np.asarray(both[..., 0] / both[..., 1], np.float32)
