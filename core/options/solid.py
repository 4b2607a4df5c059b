"""What a person can choose for a solid."""

from dataclasses import asdict, dataclass
from typing import Any

from core.errors import OptionError
from core.options.choices import read_choices

KINDS = ("relief", "mask", "bust", "lithophane")
FASTENINGS = ("none", "keyhole", "magnet")


@dataclass(frozen=True)
class SolidOptions:
    """How the solid is made. Lengths in mm on the print.

    kind : "relief" (a plaque), "mask" (the face as a shell, open behind), "bust" (a head that stands) or "lithophane"
        (a plate whose thickness is the photo's brightness, to hold against a light).
    width_mm : over all. height_mm : over all, in place of the width. life_size : in place of both, by the IPD.
    base_mm : thickness of the plate of a relief or of the foot of a bust.
    border_mm : flat margin round the head or the picture. corner_mm : radius of a plaque's corners.
    relief_share : depth that a relief keeps, 1 for true proportions.
    detail : 0..1, how strongly a relief flattens broad steep forms to keep the fine ones; 0 scales all alike.
    wall_mm : of a mask, a hollow bust, and the darkest part of a lithophane. nozzle_mm : nothing is made thinner.
    fastening : "none", "keyhole" (hangs on a screw) or "magnet" (a round pocket), in the back.
    magnet_mm, magnet_depth_mm : diameter and depth of the magnet's pocket.
    hollow : of a bust, with a drain hole in its bottom. max_triangles : budget.
    """

    kind: str = "relief"
    width_mm: float = 80.0
    height_mm: float | None = None
    life_size: bool = False
    base_mm: float = 2.0
    border_mm: float = 4.0
    corner_mm: float = 3.0
    relief_share: float = 0.5
    detail: float = 0.5
    wall_mm: float = 2.4
    nozzle_mm: float = 0.4
    fastening: str = "none"
    magnet_mm: float = 10.0
    magnet_depth_mm: float = 2.0
    hollow: bool = False
    max_triangles: int = 60_000

    def __post_init__(self) -> None:
        """Raise OptionError for a value that cannot be used."""
        if self.kind not in KINDS:
            raise OptionError(f"There is no solid called {self.kind!r}. Choose one of: {', '.join(KINDS)}.")
        if self.fastening not in FASTENINGS:
            raise OptionError(f"There is no fastening called {self.fastening!r}. Choose: {', '.join(FASTENINGS)}.")
        for name, low, high in (
            ("width_mm", 10, 1000),
            ("height_mm", 10, 1000),
            ("base_mm", 0.4, 50),
            ("border_mm", 0.5, 100),
            ("corner_mm", 0, 100),
            ("relief_share", 0.05, 2),
            ("detail", 0, 1),
            ("wall_mm", 0.4, 20),
            ("nozzle_mm", 0.1, 2),
            ("magnet_mm", 2, 50),
            ("magnet_depth_mm", 0.5, 20),
            ("max_triangles", 500, 2_000_000),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise OptionError(f"{name} is {value:g}, but must lie between {low:g} and {high:g}.")
        if self.kind in ("relief", "lithophane") and not self.life_size:
            name = "width" if self.height_mm is None else "height"
            size = self.width_mm if self.height_mm is None else self.height_mm
            if 2 * self.border_mm >= 0.9 * size:
                raise OptionError(f"A border of {self.border_mm:g} mm leaves no room in a {name} of {size:g} mm.")
        if self.kind in ("mask", "bust", "lithophane") and self.wall_mm < 2 * self.nozzle_mm:
            raise OptionError(
                f"A wall of {self.wall_mm:g} mm is too thin for a nozzle of {self.nozzle_mm:g} mm. "
                f"Take at least {2 * self.nozzle_mm:g} mm."
            )
        if self.fastening != "none" and self.kind == "lithophane":
            raise OptionError("A lithophane has no back to put a fastening into. Choose none.")
        if self.hollow and self.kind != "bust":
            raise OptionError(f"A {self.kind} cannot be hollow; a bust can.")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "SolidOptions":
        """From JSON; OptionError for a name or value that does not fit."""
        return read_choices(cls, values, "solid option")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
