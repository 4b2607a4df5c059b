"""Reconstruction and options -> solid of the kind that was asked for."""

from core.errors import OptionError
from core.reconstruction import Reconstruction
from core.solid.options import SolidOptions
from core.solid.relief import make_relief
from core.solid.shape import Solid


def make_solid(reconstruction: Reconstruction, options: SolidOptions) -> Solid:
    """A closed solid of the options' kind and size.

    Raises
    ------
    GeometryError
        There is too little depth, or no room for what was asked.
    """
    if options.kind != "relief":
        raise OptionError(f"A {options.kind} cannot be made yet. Choose relief.")
    return make_relief(reconstruction, options)
