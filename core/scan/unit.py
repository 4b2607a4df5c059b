"""The unit of a scan: as it is given, as its format has it, or guessed from the distance between the eyes."""

from dataclasses import dataclass

from core.errors import PhotoError
from core.options.run import ScanUnit

MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4}
WORDS = {"mm": "millimetres", "cm": "centimetres", "m": "metres", "in": "inches"}
LEAST_IPD_MM, MOST_IPD_MM = 40.0, 80.0  # of people (Dodgson 2004): by no two units an IPD lies within
LEAST_GIVEN_MM, MOST_GIVEN_MM = 30.0, 90.0  # of newborns and of sculptures, whose unit a person gives


@dataclass(frozen=True)
class Known:
    """mm : a unit of the scan. how : how it is known, in words. warning : a sentence where it was guessed."""

    mm: float
    how: str
    warning: str | None = None


def unit_of(name: str, kind: str, ipd: float, given: ScanUnit) -> Known:
    """The unit of a scan whose eyes are `ipd` of it apart. kind : 'glb', which has metres by its standard, or another.

    Raises
    ------
    PhotoError
        By the given unit, or by any, the eyes are as far apart as nobody's.
    """
    guessed = next((unit for unit, mm in MM.items() if LEAST_IPD_MM <= ipd * mm <= MOST_IPD_MM), None)
    if given != "auto":
        apart = ipd * MM[given]
        if LEAST_GIVEN_MM <= apart <= MOST_GIVEN_MM:
            return Known(MM[given], f"{WORDS[given]}, as given")
        instead = (
            f"by {WORDS[guessed]} they would be {ipd * MM[guessed]:.0f} mm apart." if guessed else "check its size."
        )
        raise PhotoError(f"By {WORDS[given]} the eyes of {name} would be {apart:.3g} mm apart: {instead}")
    if guessed is None:
        raise PhotoError(
            f"The size of {name} is no head's: its eyes are {ipd:.3g} apart, and by no unit is that "
            f"{LEAST_IPD_MM:.0f} to {MOST_IPD_MM:.0f} mm. Give its unit, or scale it."
        )
    apart = ipd * MM[guessed]
    if kind == "glb":
        if guessed == "m":
            return Known(MM["m"], "metres, as every GLB")
        return Known(
            MM[guessed], f"{WORDS[guessed]}, by the distance between the eyes",
            f"A GLB's unit is the metre, but this scan is taken for {WORDS[guessed]}, by which the eyes are "
            f"about {apart:.0f} mm apart.",
        )  # fmt: skip
    return Known(
        MM[guessed], f"{WORDS[guessed]}, by the distance between the eyes",
        f"The scan's unit is not stated: taken for {WORDS[guessed]}, by which the eyes are about {apart:.0f} mm apart.",
    )  # fmt: skip
