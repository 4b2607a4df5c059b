from .lithophane import light_path_mm
from .make import make_solid
from .shape import Solid

__all__ = ["Solid", "light_path_mm", "make_solid"]
