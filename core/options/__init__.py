"""What a person can choose: for a photo, for a solid, and the printer it is for."""

from core.options.printer import Printer
from core.options.run import Options
from core.options.solid import SolidOptions

__all__ = ["Options", "Printer", "SolidOptions"]
