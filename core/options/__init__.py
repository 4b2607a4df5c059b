"""What a person can choose: for a photo and for a solid."""

from core.options.run import Options
from core.options.solid import SolidOptions

__all__ = ["Options", "SolidOptions"]
