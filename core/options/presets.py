"""What people come to print, and on what: choices that go together, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import OptionError
from core.options.printer import Printer
from core.options.solid import SolidOptions
from core.options.table import shown


@dataclass(frozen=True)
class Preset:
    """A purpose. label : what a person calls it. values : of `SolidOptions`, where they are not the defaults."""

    name: str
    label: str
    values: Mapping[str, Any]

    @property
    def options(self) -> SolidOptions:
        """The whole of its choices."""
        return SolidOptions(**self.values)


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("plaque", "Plaque 80 mm", {}),
        Preset(
            "fridge-magnet", "Fridge magnet",
            {"outline": "oval", "width_mm": 45.0, "base_mm": 3.5, "border_mm": 2.0, "fastening": "magnet"},
        ),
        Preset(
            "key-ring", "Key ring",
            {"outline": "oval", "height_mm": 60.0, "base_mm": 3.0, "border_mm": 1.5, "relief_share": 0.4, "loop": True},
        ),
        Preset("coin", "Coin", {"kind": "coin", "width_mm": 40.0, "border_mm": 1.5, "relief_share": 0.3}),
        Preset("life-mask", "Life mask", {"kind": "mask", "life_size": True}),
        Preset("bust", "Bust", {"kind": "bust", "height_mm": 120.0, "base_mm": 5.0}),
        Preset("lithophane", "Lithophane", {"kind": "lithophane", "width_mm": 100.0, "bend_deg": 60.0}),
        Preset("lithophane-lamp", "Lithophane lamp", {"kind": "lamp", "width_mm": 90.0}),
    )
}  # fmt: skip

# makers' own figures: width, depth, height that can be printed, in mm
PRINTERS: Mapping[str, tuple[float, float, float]] = {
    "Prusa MK4S": (250.0, 210.0, 220.0),
    "Prusa CORE One": (250.0, 220.0, 270.0),
    "Prusa MINI+": (180.0, 180.0, 180.0),
    "Prusa XL": (360.0, 360.0, 360.0),
    "Bambu Lab A1": (256.0, 256.0, 256.0),
    "Bambu Lab P1S": (256.0, 256.0, 256.0),
    "Bambu Lab X1 Carbon": (256.0, 256.0, 256.0),
    "Bambu Lab A1 mini": (180.0, 180.0, 180.0),
    "Creality Ender-3 V3": (220.0, 220.0, 250.0),
    "Creality K1": (220.0, 220.0, 250.0),
    "Creality K1 Max": (300.0, 300.0, 300.0),
    "Elegoo Neptune 4": (225.0, 225.0, 265.0),
}


def preset(name: str) -> Preset:
    """The preset of a name.

    Raises
    ------
    OptionError
        There is none.
    """
    if name not in PRESETS:
        raise OptionError(f"preset is {shown(name)}, but must be one of {', '.join(PRESETS)}.")
    return PRESETS[name]


def beds() -> Mapping[tuple[float, float, float], str]:
    """Each bed once, with the printers that have it; the smallest first."""
    sizes = sorted({*PRINTERS.values(), Printer().bed_mm})
    return {size: ", ".join(name for name, own in PRINTERS.items() if own == size) for size in sizes}
