"""What a preflight found, as `solid.json` holds it: each class an object of that file, each field a key of it."""

from dataclasses import dataclass
from typing import Literal

from core.options import Printer

State = Literal["good", "caution", "bad"]


@dataclass(frozen=True)
class Check:
    """One point: good, caution or bad; its value in words; what to do, empty where nothing needs to be done."""

    name: str
    state: State
    value: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class OrientationFacts:
    """A way to lie on the bed, in words and as turns in degrees about the file's x, then y, then z axis.

    overhang_share : of the surface, 0 to 1.
    """

    words: str
    turn_deg: tuple[float, float, float]
    overhang_share: float


@dataclass(frozen=True, kw_only=True)
class PreflightFacts:
    """All checks, the worst of which is the state, and the numbers behind them.

    size_mm : x, y, z. volume_cm3 : enclosed. shells : connected pieces. thinnest_wall_mm : None where there is no wall
    to measure. overhang_share : of the surface as it lies, 0 to 1. filament_cm3, mass_g, time_s : what a print of it
    takes; solid_mass_g : if it were solid throughout; time_basis : what that estimate rests on.
    printer : that it was checked for.
    """

    state: State
    checks: tuple[Check, ...]
    size_mm: tuple[float, float, float]
    volume_cm3: float
    triangles: int
    shells: int
    thinnest_wall_mm: float | None
    overhang_share: float
    best_orientation: OrientationFacts
    filament_cm3: float
    mass_g: float
    solid_mass_g: float
    time_s: int
    time_basis: str
    printer: Printer
