"""A head that is turned away in its photo, as seen straight from the front: what the photo does not show is guessed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import GeometryError
from core.geometry.reconstruction import Reconstruction
from core.head import level, make_head, refined, template, upright, vertex_colours
from core.head.painting import painted
from core.solid.parallel_heights import MARGIN_PX, MIN_PIXELS, Frontal, blurred, even_sides, pixel_mm

LEVEL = 2
FROM_DEG = 10.0  # of yaw; a head that is turned less shows both cheeks
SMOOTH_PX = 0.8  # where triangles are painted, their edges are off by a part of a pixel


@dataclass(frozen=True)
class Straight:
    """view : heights, whose photo_px lead into `picture` and not into the crop. picture : (H, W, 3) uint8, its colours.

    landmarks_px : (68, 2) of the head without hair, on its grid.
    """

    view: Frontal
    picture: NDArray[np.uint8]
    landmarks_px: NDArray[np.float64]


def straight(reconstruction: Reconstruction) -> Straight | None:
    """Look at a turned head straight; None if it is not turned, or if the head model does not fit it."""
    face = reconstruction.facts.face
    if reconstruction.landmarks_px is None or face is None or abs(face.yaw_deg) < FROM_DEG:
        return None
    if reconstruction.head.sum() < MIN_PIXELS:
        return None
    try:
        head = make_head(reconstruction)
    except GeometryError:
        return None
    if head.fit.is_poor:
        return None
    away = np.array([1.0, -1.0, -1.0])  # x right, y down, z away from the viewer
    points = upright(head.fit, refined(head, reconstruction, LEVEL).points) * away
    marks = upright(head.fit, head.fit.points)[template().landmarks] * away
    pitch, faces = pixel_mm(reconstruction), level(LEVEL).faces
    low, high = points[:, :2].min(0) - MARGIN_PX * pitch, points[:, :2].max(0) + MARGIN_PX * pitch
    width, height = (np.ceil((high - low) / pitch).astype(int) + 1).tolist()
    shown = painted((points[:, :2] - low) / pitch, faces, (height, width), near=-points[:, 2])
    values = np.column_stack([points[:, 2], vertex_colours(head, reconstruction, LEVEL)])
    found = shown.between(values, faces)
    heights, picture = np.full((height, width), np.nan), np.zeros((height, width, 3), np.uint8)
    far = float(points[:, 2].max())
    heights[shown.rows, shown.columns] = far - found[:, 0]
    picture[shown.rows, shown.columns] = np.round(found[:, 1:])
    inside = np.isfinite(heights)
    heights = np.where(inside, blurred(heights, inside, SMOOTH_PX), np.nan)
    own_px = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    view = Frontal(even_sides(heights, pitch), pitch, low, far, own_px)
    return Straight(view, picture, view.to_grid(marks))
