from .printer import Printer
from .run import Options
from .solid import SolidOptions

__all__ = ["Options", "Printer", "SolidOptions"]
