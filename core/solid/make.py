"""Reconstruction and options -> solid of the kind that was asked for."""

from core.reconstruction import Reconstruction
from core.solid.bust import make_bust
from core.solid.lithophane import make_lithophane
from core.solid.mask import make_mask
from core.solid.options import SolidOptions
from core.solid.relief import make_relief
from core.solid.shape import Solid

MAKERS = {"relief": make_relief, "mask": make_mask, "bust": make_bust, "lithophane": make_lithophane}


def make_solid(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """A closed solid of the options' kind and size.

    Raises
    ------
    GeometryError
        There is too little depth, or no room for what was asked.
    """
    return MAKERS[options.kind](reconstruction, options)
