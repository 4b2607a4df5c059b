"""What the viewer of the pages draws beside a face's own files: all its points, and how open its sky is.

Both are on the crop's grid, small enough to be sent with a page, and kept in memory while the face does not change.
"""

import gzip
import io
import json
import struct
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import core
from core.geometry.reconstruction import Reconstruction
from dashboard.readings.measured import measured

LEVELS = 65_534  # of depth in 16 bits; 0 is no point
JPEG_QUALITY = 92


@lru_cache(maxsize=8)
def points(folder: Path, _changed: int) -> bytes:
    """All points of cloud.ply with their colours, as assets/viewer/reading.js reads them; gzip.

    A uint32 with the length of the JSON that follows it: `side` S, `near_mm` and `step_mm` of the depth's levels,
    `rays` (3, 3), `perspective`, `origin_mm` (3,). Then (S, S) levels as their differences along rows, uint16 modulo
    65,536, all low bytes before all high bytes. Then a JPEG (S, S) of the colours. A pixel (column, row) of level
    n > 0 is z = near + (n - 1) * step deep; with h = rays @ (column, row, 1) it lies at (h_x, h_y) * z / h_z, where
    the camera is not perspective at (h_x, h_y). Less the origin, with y and z turned, that is the mesh frame.
    """
    face = measured(folder).reconstruction
    mask, camera = face.mask, face.intrinsics
    near, far = float(face.depth_mm[mask].min()), float(face.depth_mm[mask].max())
    step = max(far - near, 1e-3) / LEVELS
    perspective = camera.mm_per_px is None
    to_rays = np.linalg.inv(camera.K)
    about = {
        "side": len(mask), "near_mm": near, "step_mm": step, "perspective": perspective,
        "rays": (camera.turn @ to_rays if perspective else to_rays).tolist(), "origin_mm": face.origin_mm.tolist(),
    }  # fmt: skip
    header = json.dumps(about).encode()
    parts = [struct.pack("<I", len(header)), header, _packed(_levels(face, near, step)), _colours(face)]
    return gzip.compress(b"".join(parts), 6)


def _levels(face: Reconstruction, near_mm: float, step_mm: float) -> NDArray[np.uint16]:
    above = np.where(face.mask, face.depth_mm, np.float32(near_mm)).astype(np.float64) - near_mm
    return np.where(face.mask, 1 + np.round(above / step_mm), 0).astype(np.uint16)


def _packed(levels: NDArray[np.uint16]) -> bytes:
    """Neighbours differ by little, so differences by halves are a third of the size once they are compressed."""
    change = np.diff(levels, axis=1, prepend=np.uint16(0)).astype("<u2").ravel().view(np.uint8).reshape(-1, 2)
    return change.T.tobytes()


def _colours(face: Reconstruction) -> bytes:
    picture = io.BytesIO()
    Image.fromarray(core.mesh.without_background(face.crop_rgb, face.mask)).save(picture, "JPEG", quality=JPEG_QUALITY)
    return picture.getvalue()


@lru_cache(maxsize=16)
def openness(folder: Path, _changed: int) -> bytes:
    """The share of each pixel's sky that is open, as in the pictures of plaster: a gray JPEG (S, S), 255 is all."""
    face = measured(folder).reconstruction
    carved = face.depth_mm - face.drawn_mm(len(face.mask))
    pixel_mm = float(face.intrinsics.pixel_mm(float(np.nanmedian(face.depth_mm))))
    share = core.mesh.ambient_occlusion(-carved, pixel_mm, face.mask)
    picture = io.BytesIO()
    Image.fromarray(np.round(255 * share).astype(np.uint8)).save(picture, "JPEG", quality=JPEG_QUALITY)
    return picture.getvalue()
