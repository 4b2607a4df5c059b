"""Photos of a real face with the depth of it that a phone would have measured: for tests."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import core
from tests.phone_photos import Form, as_measured, photo_with_depth

LARGER = 1.06  # than by the assumed interpupillary distance


@cache
def depth_mm(path: Path) -> NDArray[np.float64]:
    """(H, W) of a photo with one face: the network's depth, larger and dented, and a wall behind."""
    photo = core.read_photo(path)
    (face,) = core.reconstruct(photo, core.Options(model="builtin", fine_relief=0), core.Networks())
    to_photo = np.array(face.facts.crop.crop_to_photo)
    height, width = photo.rgb.shape[:2]
    side = face.depth_mm.shape[0]
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    dent = 4 * np.sin(2 * np.pi * x / side) * np.sin(2 * np.pi * y / side)
    found = cv2.warpAffine(
        (LARGER * face.depth_mm + dent).astype(np.float32), to_photo, (width, height), borderValue=float("nan")
    )
    return as_measured(found)


@cache
def phone_photo(path: Path, form: Form = "apple", *, absolute: bool = True) -> bytes:
    """The bytes of that photo with its depth in it."""
    return photo_with_depth(core.read_photo(path).rgb, depth_mm(path), form, absolute=absolute)
