from .make import make_solid
from .shape import Solid

__all__ = ["Solid", "make_solid"]
