"""A head in the round on its foot: as the photo shows it, and behind as the head model completes it."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from core.errors import GeometryError, OptionError
from core.geometry.reconstruction import Reconstruction
from core.head import Head, make_head, refined, upright, vertex_colours
from core.mesh.dense_grid import decimated_closed
from core.options import SolidOptions
from core.solid.cavity import cavity
from core.solid.parallel_heights import MIN_PIXELS
from core.solid.pocket import subtracted
from core.solid.scaling import fit
from core.solid.shape import BARE, Solid
from core.solid.trunk import LEVEL, Standing, standing

FLOOR_MM = 1e-3  # decimation rounds to single precision: what is so near the bed lies on it


def make_round_bust(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """Head, neck and foot, full or hollow, standing on z = 0.

    Raises
    ------
    GeometryError
        There is no face that a head could be fitted to, or no room for a hollow and its drain hole.
    OptionError
        The foot is as high as the bust.
    """
    if reconstruction.landmarks_px is None:
        raise GeometryError("A bust in the round needs a face, and none was found in this photo. Choose the flat back.")
    if reconstruction.head.sum() < MIN_PIXELS:
        raise GeometryError("There is too little depth to make a solid from. Use another photo or network.")
    head = make_head(reconstruction)
    points = upright(head.fit, refined(head, reconstruction, LEVEL).points)
    scale = _scale(points, options)
    body = standing(points, options.base_mm / scale)
    full = body.points * scale
    points, faces = decimated_closed(full, body.faces, options.max_triangles)
    colours = _colours(head, reconstruction, body)[cKDTree(full).query(points)[1]]
    solid = Solid(_stood(points), faces, colours, scale)
    if not options.hollow:
        return solid
    return subtracted(solid, cavity(solid, _stood(full), body.faces, options), "The hollow")


def _scale(points: NDArray[np.float64], options: SolidOptions) -> float:
    """Print millimetres per millimetre of life: the foot's thickness is given on the print, all else in life."""
    width, height, _ = np.ptp(standing(points, 0.0).points, axis=0)
    if options.life_size or options.height_mm is None:
        return fit(options, float(width), float(height))
    if options.base_mm >= 0.5 * options.height_mm:
        raise OptionError(
            f"A foot of {options.base_mm:g} mm leaves no room in a bust {options.height_mm:g} mm high. "
            "Take a thinner one.",
            "base_mm",
        )
    return (options.height_mm - options.base_mm) / float(height)


def _stood(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 3), y up from the floor, z to the viewer -> z up from the bed, y away from the viewer."""
    x, y, z = points.T
    return np.stack([x, -z, np.where(y < FLOOR_MM, 0.0, y)], axis=-1)


def _colours(head: Head, reconstruction: Reconstruction, body: Standing) -> NDArray[np.uint8]:
    """(n, 3): of the head, which the foot's gray gradually takes the place of along the neck."""
    own = vertex_colours(head, reconstruction, LEVEL)[body.like].astype(np.float64)
    return np.round(own + body.plain[:, None] * (BARE - own)).astype(np.uint8)
