"""The printer that a file is checked for: its bed and nozzle, and the filament."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from core.errors import OptionError
from core.options.table import LISTED, Choices, option

Filament = Literal["PLA", "PETG", "ABS", "ASA", "TPU"]
# g/cm3, of the generic filaments in the profiles of PrusaSlicer 2.5 (PrusaResearch.ini; ASA: Prusament ASA)
DENSITIES: Mapping[Filament, float] = {"PLA": 1.24, "PETG": 1.27, "ABS": 1.04, "ASA": 1.07, "TPU": 1.22}

Side = Annotated[float, Field(ge=20, le=2000)]


def _layer_mm(given: dict[str, Any]) -> float:
    return float(min(0.2, given["nozzle_mm"] / 2))


@dataclass(frozen=True, kw_only=True)
class Nozzle(Choices):
    """What both a solid and its printer need to know."""

    nozzle_mm: float = option(
        0.4, "Nozzle", "Its width. Nothing is made thinner.", unit="mm", low=0.1, high=2, step=0.05
    )


@dataclass(frozen=True, kw_only=True)
class Printer(Nozzle):
    """The printer that a solid is checked for."""

    WHAT: ClassVar[str] = "printer setting"

    layer_mm: float = option(
        _layer_mm, "Layer", "Its height. Of a nozzle finer than 0.4 mm the default is half its width.",
        unit="mm", low=0.02, high=2, step=0.01,
    )  # fmt: skip
    bed_mm: Annotated[tuple[Side, Side, Side], LISTED] = option(
        (220.0, 220.0, 250.0), "Bed and height", parts=("width", "depth", "height"), unit="mm"
    )
    filament: Filament = option("PLA", "Filament", words={name: name for name in DENSITIES})

    def __post_init__(self) -> None:
        """Raise OptionError for a layer that the nozzle cannot draw."""
        if self.layer_mm > self.nozzle_mm:
            raise OptionError(
                f"A layer of {self.layer_mm:g} mm is higher than the nozzle of {self.nozzle_mm:g} mm is wide. "
                f"Take a layer_mm of 0.02 to {self.nozzle_mm:g}.",
                "layer_mm",
            )
