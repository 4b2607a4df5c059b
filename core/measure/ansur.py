"""How large faces are: means and spreads of a survey, to set a face's own lengths beside.

Source: C. C. Gordon et al., '2012 Anthropometric Survey of U.S. Army Personnel' (ANSUR II), Natick technical report
NATICK/TR-15/007, 2014; computed from its public tables of 4082 men and 1986 women. Soldiers of one country between 17
and 58 years of age: no norm for children, and none for everybody.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

SOURCE = "ANSUR II, Gordon et al. 2014, NATICK/TR-15/007: 4082 men and 1986 women of the U.S. Army"
CAUTION = (
    "A single photo cannot prove a length: every millimetre here is scaled to the assumed interpupillary distance. "
    "A value far from the mean says as much about that assumption, the lens and the network as about the face."
)
MEASURED_CAUTION = (
    "Depth was measured, so nothing is assumed about the size. The ends of a length are landmarks that the built-in "
    "network finds, off by a millimetre or two."
)


def cautions(*, measured: Iterable[bool]) -> list[str]:
    """What lengths beside the survey cannot prove, as sentences. measured : of each face, whether its depth was."""
    ways = set(measured)
    return [text for way, text in ((False, CAUTION), (True, MEASURED_CAUTION)) if way in ways]


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation in mm."""

    mean_mm: float
    std_mm: float

    def deviations(self, value_mm: float) -> float:
        """How many standard deviations a length lies above the mean."""
        return (value_mm - self.mean_mm) / self.std_mm


@dataclass(frozen=True)
class Reference:
    """A length of the survey: its name there, and its spread among men, among women and in an equal mix of both."""

    name: str
    men: Spread
    women: Spread

    @property
    def pooled(self) -> Spread:
        """Of as many men as women."""
        apart = (self.men.mean_mm - self.women.mean_mm) / 2
        variance = (self.men.std_mm**2 + self.women.std_mm**2) / 2 + apart**2
        return Spread((self.men.mean_mm + self.women.mean_mm) / 2, float(np.sqrt(variance)))


# by field of `core.measure.face.FaceMeasures`; nose protrusion and the ears' plane are not in the survey
REFERENCES = {
    "ipd_mm": Reference("interpupillary breadth", Spread(64.02, 3.42), Spread(61.71, 3.62)),
    "width_mm": Reference("bizygomatic breadth", Spread(142.62, 6.22), Spread(133.77, 5.56)),
    "height_mm": Reference("menton to sellion length", Spread(122.64, 6.67), Spread(113.09, 6.09)),
}
