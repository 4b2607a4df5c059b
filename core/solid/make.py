"""Reconstruction and options -> solid of the kind that was asked for."""

import numpy as np

from core.geometry.reconstruction import Reconstruction
from core.options import SolidOptions
from core.solid.bust import make_bust
from core.solid.lithophane import make_lithophane
from core.solid.mask import make_mask
from core.solid.relief import make_relief
from core.solid.round_bust import make_round_bust
from core.solid.shape import Solid

MAKERS = {
    "relief": make_relief,
    "coin": make_relief,
    "mask": make_mask,
    "bust": make_bust,
    "lithophane": make_lithophane,
    "lamp": make_lithophane,
}


def make_solid(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """A closed solid of the options' kind and size, its corner at the origin.

    Raises
    ------
    GeometryError
        There is too little depth, or no room for what was asked.
    OptionError
        Sizes do not go together.
    """
    make = make_round_bust if options.is_round_bust else MAKERS[options.kind]
    made = make(reconstruction, options)
    vertices = made.vertices_mm - made.vertices_mm.min(0)
    if not options.life_size:  # outlines are rounded to 1/64 of a map pixel: the last microns to the size on the label
        up = 2 if options.stands else 1
        asked = options.width_mm if options.height_mm is None else options.height_mm
        vertices[:, [0, up]] *= asked / np.ptp(vertices[:, 0 if options.height_mm is None else up])
    return Solid(vertices, made.faces, made.colours, made.scale)
