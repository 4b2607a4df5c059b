"""What a person can choose for a solid. Lengths in mm on the print."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field
from pydantic.dataclasses import dataclass

from core.errors import OptionError
from core.options.printer import Nozzle
from core.options.table import Option, option, rows

Kind = Literal["relief", "coin", "mask", "bust", "lithophane", "lamp"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Outline = Literal["rectangle", "round", "oval"]
Fastening = Literal["none", "keyhole", "magnet"]
Back = Literal["round", "flat"]
KINDS_ARE = (
    "A relief is a plaque, a coin a round one with a raised rim, a mask the face as a shell, a bust a head that "
    "stands, a lithophane a plate that shows the photo against a light, a lamp such a plate closed to a tube."
)
LONGEST_TEXT = 60
LEAST_LETTER_NOZZLES = 8.0  # a stroke of the letters is about an eighth of their height
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
        2.0, "Base", "Thickness of a plaque's or a coin's plate or a bust's foot; how far the frame of a lithophane or "
        "a lamp stands out.",
        unit="mm", low=0.4, high=50, step=0.1, only=("relief", "coin", "bust", "lithophane", "lamp"),
    )  # fmt: skip
    wall_mm: float = option(
        2.4, "Wall", "Thickness of a mask, of a hollow bust, of a lithophane or a lamp where it is darkest.",
        unit="mm", low=0.4, high=20, step=0.1, only=("mask", "hollow bust", "lithophane", "lamp"),
    )  # fmt: skip
    outline: Outline = option("rectangle", "Outline", "Of a plaque.", only=("relief",))
    border_mm: float = option(
        4.0, "Border", "Flat margin of a plaque, rim of a coin, frame of a lithophane or a lamp.",
        unit="mm", low=0.5, high=100, step=0.5, only=("relief", "coin", "lithophane", "lamp"),
    )  # fmt: skip
    corner_mm: float = option(
        3.0, "Corner radius", "Of a rectangular plaque or a lithophane.",
        unit="mm", low=0, high=100, step=0.5, only=("rectangle", "lithophane"),
    )  # fmt: skip
    bend_deg: float = option(
        0.0, "Bend", "How far round a lithophane is bent; a bent one stands on its edge. 0: flat.",
        unit="degrees", low=0, high=270, step=5, only=("lithophane",),
    )  # fmt: skip
    relief_share: float = option(
        0.5, "Relief", "What it keeps of the true depth; plaques and coins take less than all.",
        unit="share", low=0.05, high=2, step=0.05, only=("relief", "coin"),
    )  # fmt: skip
    detail: float = option(
        0.5, "Fine detail", "How far broad forms of a relief give way to fine ones.",
        unit="share", low=0, high=1, step=0.05, only=("relief", "coin"),
    )  # fmt: skip
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = option(
        "", "Text", "Raised letters: below the face, of what is round or oval along its edge.", only=("relief", "coin")
    )
    letter_mm: float = option(
        6.0, "Letters", "Height of the capitals.", unit="mm", low=1, high=50, step=0.5, only=("text",)
    )
    loop: bool = option(False, "Loop for a key ring", "On top, with a hole of 5 mm.", only=("relief", "coin"))
    fastening: Fastening = option(
        "none", "Fastening behind", "A keyhole hangs on a screw; a magnet lies in a pocket.",
        only=("relief", "coin", "mask", "flat bust"),
    )  # fmt: skip
    magnet_mm: float = option(
        10.0, "Magnet's width", "Its diameter; add 0.2 mm of play.",
        unit="mm", low=2, high=50, step=0.1, only=("magnet",),
    )  # fmt: skip
    magnet_depth_mm: float = option(2.0, "Magnet's thickness", unit="mm", low=0.5, high=20, step=0.1, only=("magnet",))
    back: Back = option(
        "round", "Back of a bust", "Round: the whole head, which the photo shows in front alone and a model of heads "
        "completes. Flat: cut behind the ears.",
        only=("bust",),
    )  # fmt: skip
    hollow: bool = option(False, "Hollow, with a drain hole", "A bust alone.", only=("bust",))
    max_triangles: int = option(
        MAX_TRIANGLES, "Most triangles",
        "Of the surface and of the solid; a hollow bust in the round has those of its inside beside them.",
        unit="triangles", low=500, high=2_000_000, step=500,
    )  # fmt: skip

    @classmethod
    def kept(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """As of `Choices`; until the back of a bust was a choice, it was flat."""
        there = super().kept(values)
        return {"back": "flat", **there} if "bust" in (there.get("kind"), there.get("solid")) else there


@dataclass(frozen=True, kw_only=True)
class SolidOptions(AnySolid):
    """How a solid is made."""

    WHAT: ClassVar[str] = "solid option"

    kind: Kind = option("relief", "Solid", KINDS_ARE)

    @property
    def stands(self) -> bool:
        """Whether it stands as it is looked at, z up the picture; all others lie on their backs, y up the picture."""
        return self.kind in ("bust", "lamp") or (self.kind == "lithophane" and self.bend_deg > 0)

    @property
    def is_round_bust(self) -> bool:
        """Whether it is a head in the round: most of it the photo does not show."""
        return self.kind == "bust" and self.back == "round"

    @property
    def shape(self) -> Outline:
        """The outline of a plaque or a coin."""
        return "round" if self.kind == "coin" else self.outline

    def has_effect(self, name: str) -> bool:
        """Whether an option changes this solid."""
        return has_effect(
            rows(SolidOptions)[name], self.kind, self.fastening, self.outline, self.back, hollow=self.hollow,
            text=self.text,
        )  # fmt: skip

    def __post_init__(self) -> None:
        """Raise OptionError for values that do not go together."""
        if self.has_effect("border_mm") and not self.life_size:
            name = "width" if self.height_mm is None else "height"
            size = self.width_mm if self.height_mm is None else self.height_mm
            if 2 * self.border_mm >= 0.9 * size:
                raise OptionError(
                    f"A border of {self.border_mm:g} mm leaves no room in a {name} of {size:g} mm. "
                    "Take a narrower one.",
                    "border_mm",
                )
        if self.has_effect("wall_mm") and self.wall_mm < 2 * self.nozzle_mm:
            raise OptionError(
                f"A wall of {self.wall_mm:g} mm is too thin for a nozzle of {self.nozzle_mm:g} mm. "
                f"Take at least {2 * self.nozzle_mm:g} mm.",
                "wall_mm",
            )
        if self.has_effect("letter_mm") and self.letter_mm < LEAST_LETTER_NOZZLES * self.nozzle_mm:
            raise OptionError(
                f"Letters of {self.letter_mm:g} mm are too small for a nozzle of {self.nozzle_mm:g} mm. "
                f"Take at least {LEAST_LETTER_NOZZLES * self.nozzle_mm:g} mm.",
                "letter_mm",
            )
        if self.fastening != "none" and not self.has_effect("fastening"):
            if self.is_round_bust:
                raise OptionError(
                    "A bust in the round has no back to put a fastening into. Choose none, or the flat back.",
                    "fastening",
                )
            raise OptionError(f"A {self.kind} has no back to put a fastening into. Choose none.", "fastening")
        for name, words in (("hollow", "be hollow; a bust can"), ("loop", "have a loop; a relief or a coin can"),
                            ("text", "carry a text; a relief or a coin can")):  # fmt: skip
            if getattr(self, name) and not self.has_effect(name):
                raise OptionError(f"A {self.kind} cannot {words}.", name)


def has_effect(
    option: Option, kind: str, fastening: str = "none", outline: str = "rectangle", back: str = "round", *,
    hollow: bool = False, text: str = "",
) -> bool:  # fmt: skip
    """Whether an option changes a solid of this kind, so fastened, outlined, backed and inscribed where it can be."""
    is_like = {kind, f"{back} {kind}"}
    if hollow:
        is_like.add(f"hollow {kind}")
    if kind in ("relief", "coin", "mask") or (kind == "bust" and back == "flat"):
        is_like.add(fastening)
    if kind == "relief":
        is_like.add(outline)
    if text and kind in ("relief", "coin"):
        is_like.add("text")
    return not option.only or not is_like.isdisjoint(option.only)
