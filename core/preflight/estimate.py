"""What a print takes of filament and time, estimated from area, volume and height."""

from dataclasses import dataclass

import numpy as np

from core.options import Printer
from core.options.printer import DENSITIES
from core.preflight.walls import Floats, normals_and_areas

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
