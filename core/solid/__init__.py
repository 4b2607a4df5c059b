"""Reconstruction -> printable solid, one module per idea."""

from core.solid.make import make_solid
from core.solid.shape import Solid

__all__ = ["Solid", "make_solid"]
