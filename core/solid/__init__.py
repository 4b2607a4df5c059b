"""Reconstruction -> printable solid, one module per idea."""

from core.solid.make import make_solid
from core.solid.options import FASTENINGS, KINDS, SolidOptions
from core.solid.shape import Solid

__all__ = ["FASTENINGS", "KINDS", "Solid", "SolidOptions", "make_solid"]
