"""The printer that a file is checked for: its bed and nozzle, and the filament."""

from dataclasses import asdict, dataclass
from typing import Any

from core.errors import OptionError
from core.options.choices import read_choices

# g/cm3, of the generic filaments in the profiles of PrusaSlicer 2.5 (PrusaResearch.ini; ASA: Prusament ASA)
DENSITIES = {"PLA": 1.24, "PETG": 1.27, "ABS": 1.04, "ASA": 1.07, "TPU": 1.22}


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
