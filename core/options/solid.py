"""What a person can choose for a solid. Lengths in mm on the print."""

from typing import ClassVar, Literal, get_args

from pydantic.dataclasses import dataclass

from core.errors import OptionError
from core.options.printer import Nozzle
from core.options.table import Option, option, rows

Kind = Literal["relief", "mask", "bust", "lithophane"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Fastening = Literal["none", "keyhole", "magnet"]
KINDS_ARE = (
    "A relief is a plaque, a mask the face as a shell, a bust a head that stands, a lithophane a plate that shows the "
    "photo against a light."
)
MAX_TRIANGLES = 60_000


@dataclass(frozen=True, kw_only=True)
class AnySolid(Nozzle):
    """All but the kind of a solid: what the options of a photo and those of a solid alone have in common."""

    width_mm: float = option(80.0, "Width", "Over all.", unit="mm", low=10, high=1000, step=0.5)
    height_mm: float | None = option(
        None, "Height", "Over all, in place of the width.", unit="mm", low=10, high=1000, step=0.5
    )
    life_size: bool = option(False, "Life size", "By the interpupillary distance, in place of width and height.")
    base_mm: float = option(
        2.0, "Base", "Thickness of a relief's plate or a bust's foot; how far a lithophane's frame stands out.",
        unit="mm", low=0.4, high=50, step=0.1, only=("relief", "bust", "lithophane"),
    )  # fmt: skip
    wall_mm: float = option(
        2.4, "Wall", "Thickness of a mask, of a hollow bust, of a lithophane where it is darkest.",
        unit="mm", low=0.4, high=20, step=0.1, only=("mask", "hollow bust", "lithophane"),
    )  # fmt: skip
    border_mm: float = option(
        4.0, "Border", "Flat margin of a relief or a lithophane.",
        unit="mm", low=0.5, high=100, step=0.5, only=("relief", "lithophane"),
    )  # fmt: skip
    corner_mm: float = option(
        3.0, "Corner radius", "Of a relief or a lithophane.",
        unit="mm", low=0, high=100, step=0.5, only=("relief", "lithophane"),
    )  # fmt: skip
    relief_share: float = option(
        0.5, "Relief", "What it keeps of the true depth; plaques and coins take less than all.",
        unit="share", low=0.05, high=2, step=0.05, only=("relief",),
    )  # fmt: skip
    detail: float = option(
        0.5, "Fine detail", "How far broad forms of a relief give way to fine ones.",
        unit="share", low=0, high=1, step=0.05, only=("relief",),
    )  # fmt: skip
    fastening: Fastening = option(
        "none", "Fastening behind", "A keyhole hangs on a screw; a magnet lies in a pocket. A lithophane has none.",
        only=("relief", "mask", "bust"),
    )  # fmt: skip
    magnet_mm: float = option(
        10.0, "Magnet's width", "Its diameter; add 0.2 mm of play.",
        unit="mm", low=2, high=50, step=0.1, only=("magnet",),
    )  # fmt: skip
    magnet_depth_mm: float = option(2.0, "Magnet's thickness", unit="mm", low=0.5, high=20, step=0.1, only=("magnet",))
    hollow: bool = option(False, "Hollow, with a drain hole", "A bust alone.", only=("bust",))
    max_triangles: int = option(
        MAX_TRIANGLES, "Most triangles", "Of the surface and of the solid.",
        unit="triangles", low=500, high=2_000_000, step=500,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SolidOptions(AnySolid):
    """How a solid is made."""

    WHAT: ClassVar[str] = "solid option"

    kind: Kind = option("relief", "Solid", KINDS_ARE)

    def __post_init__(self) -> None:
        """Raise OptionError for values that do not go together."""
        if self.kind in ("relief", "lithophane") and not self.life_size:
            name = "width" if self.height_mm is None else "height"
            size = self.width_mm if self.height_mm is None else self.height_mm
            if 2 * self.border_mm >= 0.9 * size:
                raise OptionError(
                    f"A border of {self.border_mm:g} mm leaves no room in a {name} of {size:g} mm. Take a narrower one."
                )
        has_wall = has_effect(rows(SolidOptions)["wall_mm"], self.kind, hollow=self.hollow)
        if has_wall and self.wall_mm < 2 * self.nozzle_mm:
            raise OptionError(
                f"A wall of {self.wall_mm:g} mm is too thin for a nozzle of {self.nozzle_mm:g} mm. "
                f"Take at least {2 * self.nozzle_mm:g} mm."
            )
        if self.fastening != "none" and self.kind == "lithophane":
            raise OptionError("A lithophane has no back to put a fastening into. Choose none.")
        if self.hollow and self.kind != "bust":
            raise OptionError(f"A {self.kind} cannot be hollow; a bust can.")


def has_effect(option: Option, kind: str, fastening: str = "none", *, hollow: bool = False) -> bool:
    """Whether an option changes a solid of this kind, with this fastening behind it if it can have one."""
    is_like = {kind}
    if hollow:
        is_like.add(f"hollow {kind}")
    if kind != "lithophane":
        is_like.add(fastening)
    return not option.only or not is_like.isdisjoint(option.only)
