"""The printer that a file is checked for: its bed and nozzle, the filament, and what a print takes of it."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.errors import OptionError
from core.options.choices import read_choices
from core.preflight.walls import Floats, normals_and_areas

# g/cm3, of the generic filaments in the profiles of PrusaSlicer 2.5 (PrusaResearch.ini; ASA: Prusament ASA)
DENSITIES = {"PLA": 1.24, "PETG": 1.27, "ABS": 1.04, "ASA": 1.07, "TPU": 1.22}
LINE_SHARE = 1.125  # of the nozzle: the width of a line, 0.45 mm for 0.4
OUTLINES = 2
SOLID_LAYERS = 3  # on top and at the bottom
INFILL = 0.15
# mm/s of the nozzle in the mean, starts and turns included: of outlines, of solid layers, of infill. With 2 s a layer
# they come within a quarter of what PrusaSlicer 2.5 tells for a cube, a ball, a plate and each kind of solid when it
# draws outlines at 35 to 45 mm/s, the top at 40 and all else at 80.
OUTLINE_MM_S, SOLID_MM_S, INFILL_MM_S = 27.0, 42.0, 75.0
LAYER_CHANGE_S = 2.0
BASIS = (
    "2 outlines at 27 mm/s, 3 solid layers on top and at the bottom at 42 mm/s, 15 % infill at 75 mm/s "
    "(in the mean, with starts and turns), 2 s a layer, no supports"
)


@dataclass(frozen=True)
class Printer:
    """bed_mm : width, depth, height. nozzle_mm, layer_mm : of a line. filament : a name of `DENSITIES`."""

    bed_mm: tuple[float, float, float] = (220.0, 220.0, 250.0)
    nozzle_mm: float = 0.4
    layer_mm: float = 0.2
    filament: str = "PLA"

    def __post_init__(self) -> None:
        """Raise OptionError for a value that cannot be used."""
        if self.filament not in DENSITIES:
            raise OptionError(f"There is no filament called {self.filament!r}. Choose one of: {', '.join(DENSITIES)}.")
        if len(self.bed_mm) != 3 or not all(20 <= side <= 2000 for side in self.bed_mm):
            raise OptionError(f"A bed of {self.bed_mm} cannot be: give width, depth and height of 20 to 2000 mm.")
        if not 0.1 <= self.nozzle_mm <= 2:
            raise OptionError(f"nozzle_mm is {self.nozzle_mm:g}, but must lie between 0.1 and 2.")
        if not 0.02 <= self.layer_mm <= self.nozzle_mm:
            raise OptionError(f"A layer of {self.layer_mm:g} mm cannot be: take 0.02 mm to the nozzle's width.")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Printer":
        """From JSON; OptionError for a name or value that does not fit."""
        return read_choices(cls, values, "printer setting", lists=("bed_mm",))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "bed_mm": list(self.bed_mm)}


@dataclass(frozen=True)
class Use:
    """What a print takes: extruded_cm3 of filament, its mass_g, its time_s. solid_g : if it were solid throughout."""

    extruded_cm3: float
    mass_g: float
    solid_g: float
    time_s: float


def use(triangles_mm: Floats, volume_mm3: float, printer: Printer) -> Use:
    """Estimate for a closed body of triangles (m, 3, 3), printed as it lies; see `BASIS`.

    The skin is as thick as the outlines where the surface is upright and as the solid layers where it is level, in
    between by the share of each; where that fills the body, all is skin.
    """
    normals, areas = normals_and_areas(triangles_mm)
    level = np.abs(normals[:, 2])
    line_mm = LINE_SHARE * printer.nozzle_mm
    upright = OUTLINES * line_mm * float((areas * np.sqrt(np.maximum(1 - level**2, 0))).sum())
    flat = SOLID_LAYERS * printer.layer_mm * float((areas * level).sum())
    fills = min(1.0, volume_mm3 / max(upright + flat, 1e-12))
    upright, flat = fills * upright, fills * flat
    infill = INFILL * (volume_mm3 - upright - flat)
    extruded = upright + flat + infill
    layers = float(np.ptp(triangles_mm[..., 2])) / printer.layer_mm
    drawn_s = upright / OUTLINE_MM_S + flat / SOLID_MM_S + infill / INFILL_MM_S
    density = DENSITIES[printer.filament] / 1000
    return Use(
        extruded_cm3=extruded / 1000,
        mass_g=extruded * density,
        solid_g=volume_mm3 * density,
        time_s=drawn_s / (line_mm * printer.layer_mm) + layers * LAYER_CHANGE_S,
    )
