"""How large a solid becomes on the print."""

from core.options import SolidOptions

PRINT_TOLERANCE_MM = 0.04  # on the print; less than half of a fine layer


def fit(options: SolidOptions, width_mm: float, height_mm: float) -> float:
    """Print millimetres per millimetre of life, for a solid that is so wide and high in life."""
    if options.life_size:
        return 1.0
    if options.height_mm is not None:
        return options.height_mm / height_mm
    return options.width_mm / width_mm
