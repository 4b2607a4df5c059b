"""A plate whose thickness is the photo's brightness: held against a light, it shows the photo."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.geometry.reconstruction import Reconstruction
from core.mesh.triangulation import grid, sample
from core.options import SolidOptions
from core.solid.parallel_heights import pixel_mm
from core.solid.plaque import print_pitch, rounded_rectangle
from core.solid.scaling import PRINT_TOLERANCE_MM
from core.solid.shape import Solid, photo_colours
from core.solid.slab import STEP_PX, Side, slab

THINNEST_NOZZLES = 2.0  # the brightest part: two lines side by side let the most light through and still hold
BLACK_PERCENT, WHITE_PERCENT = 1.0, 99.0  # of the photo's brightness, drawn to the thickest and the thinnest
MM_PER_PX_NOZZLES = 0.5  # the map is as fine as half a nozzle, no finer: finer would cost triangles for nothing


def make_lithophane(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """The levelled photo as a flat plate, the thicker the darker, in a frame.

    Thickness falls in a straight line with the photo's sRGB values: these go nearly with the logarithm of the light
    (IEC 61966-2-1), and what plastic lets through falls with the exponent of its thickness (Beer and Lambert).

    Raises
    ------
    OptionError
        The corners do not fit.
    """
    side = reconstruction.crop_rgb.shape[0]
    life = pixel_mm(reconstruction) if reconstruction.head.any() else 1.0
    picture_mm = print_pitch(options, (side - 1.0, side - 1.0), life) * (side - 1)
    count = int(np.clip(round(picture_mm / (MM_PER_PX_NOZZLES * options.nozzle_mm)) + 1, 64, side))
    pitch = picture_mm / (count - 1)
    thickness = _thickness(reconstruction.crop_rgb, count, options)
    border = int(np.ceil(options.border_mm / pitch))
    beside = (
        border * pitch - options.border_mm
    )  # the border is no whole number of pixels: the outline lies a bit inside
    shape = np.array([count + 2 * border] * 2)
    picture = np.zeros(shape, bool)
    picture[border : border + count, border : border + count] = True
    framed = np.where(picture, np.pad(thickness, border, mode="edge"), options.wall_mm + options.base_mm)
    low = np.full(2, beside / pitch)
    rim = rounded_rectangle(low, shape - 1 - low, options.corner_mm / pitch)
    last = border + count - 1.0
    inner = _square(border, last, 4.0)
    outer = _square(border - 2 * STEP_PX, last + 2 * STEP_PX, 4.0)
    points = grid(picture, 6.0)
    top = Side(
        heights=framed,
        refine=ndimage.binary_erosion(picture, iterations=1),
        seeds=np.concatenate([inner, outer, points]),
        seed_heights=np.r_[
            sample(np.pad(thickness, border, mode="edge"), inner),
            np.full(len(outer), options.wall_mm + options.base_mm),
            sample(framed, points),
        ],
        tolerance=PRINT_TOLERANCE_MM / 2,
        triangles=options.max_triangles - 3 * len(rim),
    )
    body = slab(top, 0.0, rim, pitch)
    corner = np.array([rim[:, 0].min(), rim[:, 1].max(), 0])
    vertices = (body.points - corner) * [pitch, -pitch, 1]
    seen = (body.points[: body.top_count, :2] - border) * ((side - 1) / (count - 1))
    scale = pitch / (life * (side - 1) / (count - 1))
    return Solid(vertices, body.faces, photo_colours(reconstruction.crop_rgb, seen, len(vertices)), scale)


def _thickness(rgb: NDArray[np.uint8], count: int, options: SolidOptions) -> NDArray[np.float64]:
    """(count, count) mm."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gray = cv2.resize(gray, (count, count), interpolation=cv2.INTER_AREA).astype(np.float64)
    black, white = np.percentile(gray, (BLACK_PERCENT, WHITE_PERCENT))
    bright = np.clip((gray - black) / max(white - black, 1), 0, 1)
    thin = THINNEST_NOZZLES * options.nozzle_mm
    return np.asarray(options.wall_mm - bright * (options.wall_mm - thin))


def _square(low: float, high: float, step: float) -> NDArray[np.float64]:
    """Points (n, 2) along a square."""
    along = np.linspace(low, high, max(2, round((high - low) / step)))
    across = [np.c_[along, np.full_like(along, y)] for y in (low, high)]
    return np.concatenate([*across, *(line[:, ::-1] for line in across)])
