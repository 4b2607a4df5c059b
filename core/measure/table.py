"""The table of statistics: each number that is measured of a face or a comparison, once.

Pages, reports, files, the command line and the README take name, unit, digits and meaning from here, and choose by
`Place` what they show. A statistic's function takes a context (`core.measure.context`). To add one, write it here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Flag, auto
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.face.landmarks import NOSE_TIP
from core.measure.context import PERCENTILES, Assumed, Depths, Differences, FacePoints, LaidOn, PointsApart

MM, IPD_UNIT, PERCENT = "mm", "IPD", "%"
IPD_DIGITS = 3  # a thousandth of an IPD is about six hundredths of a mm
SELLION, MENTON = 27, 8  # nose bridge between the eyes; lowest point of the chin
OUTER_CORNERS = [36, 45]
PART_NAMES = {"head": "Whole head", "face": "Whole face", "eyes": "Eyes", "cheeks": "Cheeks"}

Context = TypeVar("Context", contravariant=True)  # noqa: PLC0105 - the plain word reads better than Context_contra


class Place(Flag):
    """Where a statistic appears."""

    FILES = auto()  # statistics.json, statistics.csv, comparison.json and the REST answers, by its key
    FACE = auto()  # the Face page
    PART = auto()  # the Statistics page: a part by itself, lengths, symmetry
    PARTS = auto()  # the Statistics page: part by part
    TABLE = auto()  # the Compare page's table, and comparison.csv
    PAIR = auto()  # the Compare page: a face beside the reference
    REPORT = auto()  # report.html
    COMMAND = auto()  # what `lifemask compare` prints


@dataclass(frozen=True)
class Statistic(Generic[Context]):
    """A number that is measured of a context.

    key : as in JSON and CSV files. unit : as it is shown; a '%' is kept as a share, 0 to 1, and shown times 100.
    digits : after the point. help : what it is, as the rest of a sentence. of : the number of a context, NaN where it
    is not known. places : where it appears.
    """

    key: str
    name: str
    unit: str
    digits: int
    help: str
    of: Callable[[Context], float]
    places: Place

    @property
    def heading(self) -> str:
        """Name with unit, for a column."""
        return f"{self.name}, {self.unit}" if self.unit else self.name

    def in_unit(self, unit: str) -> "Statistic[Context]":
        """The same as it is shown in 'mm' or 'ipd'; what is no length stays as it is."""
        if unit == "mm" or self.unit != MM:
            return self
        return replace(self, unit=IPD_UNIT, digits=IPD_DIGITS)

    def measure(self, context: Context) -> float | None:
        """The number of a context; None where it is not known."""
        value = self.of(context)
        return value if np.isfinite(value) else None

    def shown(self, value: float | None) -> float | None:
        """A value as it is shown: in percent where the unit says so."""
        return 100 * value if value is not None and self.unit == PERCENT else value

    def rounded(self, value: float | None) -> float | None:
        """A value as it is shown, to the digits that are shown."""
        shown = self.shown(value)
        return None if shown is None else round(shown, self.digits)

    def text(self, value: float | None) -> str:
        """A value as it is shown, without its unit; a dash for None."""
        shown = self.shown(value)
        return "\u2013" if shown is None else f"{shown:,.{self.digits}f}".replace("-", "\u2212")

    def with_unit(self, value: float | None) -> str:
        """A value as it is shown, with its unit."""
        return f"{self.text(value)} {self.unit}" if self.unit and value is not None else self.text(value)


def chosen(statistics: Sequence[Statistic[Context]], place: Place) -> list[Statistic[Context]]:
    """Those that appear in a place, in the table's order."""
    return [statistic for statistic in statistics if place in statistic.places]


def numbers(statistics: Sequence[Statistic[Context]], context: Context) -> dict[str, Any]:
    """Numbers of a context by their keys; None where one is not known."""
    return {statistic.key: statistic.measure(context) for statistic in statistics}


def by_region(
    statistic: Statistic[Differences], signed_mm: NDArray[np.floating], regions: Mapping[str, NDArray[np.bool_]]
) -> dict[str, float]:
    """A statistic of signed differences (S, S) in each region (S, S); what is not seen is left out."""
    found = {name: statistic.measure(Differences(signed_mm[region])) for name, region in regions.items()}
    return {name: value for name, value in found.items() if value is not None}


def part_name(part: str) -> str:
    """The name of 'head', 'face', a region or several of them, as it is shown."""
    return PART_NAMES.get(part, part.capitalize())


# -- the depth of a part

_OF_PART = Place.FILES | Place.PART
_MAIN_DEPTH = _OF_PART | Place.PARTS | Place.TABLE | Place.REPORT


def _skewness(depths: Depths) -> float:
    apart = depths.values - depths.values.mean()
    std = float(depths.values.std())
    return float((apart**3).mean() / std**3) if std > 0 else 0.0


def _percentile(percent: int) -> Statistic[Depths]:
    places = {5: _MAIN_DEPTH, 50: Place.FILES, 95: _MAIN_DEPTH}  # the 50th is shown as the median
    return Statistic(
        f"p{percent}", f"{'1st' if percent == 1 else f'{percent}th'} percentile", MM, 2,
        "so many percent of the pixels are nearer", lambda depths: depths.percentiles[percent],
        places.get(percent, _OF_PART | Place.REPORT),
    )  # fmt: skip


COUNT = Statistic[Depths](
    "count", "Pixels", "pixels", 0, "of the part that have depth", lambda depths: len(depths.values), _OF_PART
)
MEAN = Statistic[Depths](
    "mean", "Mean depth", MM, 2, "behind the tip of the nose, over all pixels of the part",
    lambda depths: float(depths.values.mean()), _OF_PART | Place.FACE | Place.REPORT,
)  # fmt: skip
MEDIAN = Statistic[Depths](
    "median", "Median depth", MM, 2, "half of the pixels are nearer",
    lambda depths: depths.percentiles[50], _MAIN_DEPTH | Place.FACE,
)  # fmt: skip
STD = Statistic[Depths](
    "std", "Standard deviation", MM, 2, "of the depth, over all pixels of the part",
    lambda depths: float(depths.values.std()), _MAIN_DEPTH | Place.FACE,
)  # fmt: skip
LEAST = Statistic[Depths](
    "min", "Least depth", MM, 2, "of the nearest pixel; below 0 if it is nearer than the tip of the nose",
    lambda depths: float(depths.values.min()), _OF_PART,
)  # fmt: skip
GREATEST = Statistic[Depths](
    "max", "Greatest depth", MM, 2, "of the farthest pixel", lambda depths: float(depths.values.max()), _OF_PART
)
RANGE = Statistic[Depths](
    "range", "Range", MM, 2, "greatest less least depth", lambda depths: float(np.ptp(depths.values)),
    _OF_PART | Place.REPORT,
)  # fmt: skip
IQR = Statistic[Depths](
    "iqr", "Interquartile range", MM, 2, "75th less 25th percentile",
    lambda depths: depths.percentiles[75] - depths.percentiles[25], _OF_PART | Place.REPORT,
)  # fmt: skip
NINE_TENTHS = Statistic[Depths](
    "p5_to_p95", "5th to 95th percentile", MM, 2, "how deep the middle nine tenths of the pixels are",
    lambda depths: depths.percentiles[95] - depths.percentiles[5], Place.FACE,
)  # fmt: skip
SKEWNESS = Statistic[Depths](
    "skewness", "Skewness", "", 2, "third standardised moment of the depth (Fisher); above 0 if the far tail is longer",
    _skewness, _OF_PART | Place.REPORT,
)  # fmt: skip
PERCENTILE = {percent: _percentile(percent) for percent in PERCENTILES}
DEPTHS: tuple[Statistic[Depths], ...] = (
    COUNT, MEAN, MEDIAN, STD, LEAST, GREATEST, RANGE, IQR, NINE_TENTHS, *PERCENTILE.values(), SKEWNESS,
)  # fmt: skip

# -- a face's lengths

_MAIN_LENGTH = Place.FILES | Place.PART | Place.FACE | Place.TABLE | Place.REPORT


def _protrusion(face: FacePoints) -> float:
    if not face.both_sides:
        return float("nan")
    return float(face.forward_mm[NOSE_TIP] - face.forward_mm[OUTER_CORNERS].mean())


def _width(face: FacePoints) -> float:
    if not face.both_sides:
        return float("nan")
    jaw = face.points_mm[face.jaw_ends]
    if len(jaw) == 1:
        return float(2 * np.abs((jaw[0] - face.points_mm[SELLION]) @ face.axes[0]))
    if np.isfinite(jaw).all():
        return float(np.linalg.norm(jaw[0] - jaw[1]))
    return face.flat_width_mm  # the jaw's ends lie at the silhouette, where depth may be cut


NOSE_PROTRUSION = Statistic[FacePoints](
    "nose_protrusion_mm", "Nose before the eyes", MM, 1,
    "tip of the nose before the outer corners of the eyes, along the face's own axis",
    _protrusion, _MAIN_LENGTH,
)  # fmt: skip
WIDTH = Statistic[FacePoints](
    "width_mm", "Face width", MM, 1,
    "between the jaw's upper ends, about bizygomatic breadth; of a turned head twice the half that is seen",
    _width, _MAIN_LENGTH,
)  # fmt: skip
HEIGHT = Statistic[FacePoints](
    "height_mm", "Face height", MM, 1, "chin to bridge of the nose (menton to sellion)",
    lambda face: float(np.linalg.norm(face.points_mm[SELLION] - face.points_mm[MENTON])), _MAIN_LENGTH,
)  # fmt: skip
NOSE_TO_EARS = Statistic[FacePoints](
    "nose_to_ears_mm", "Nose before the ears", MM, 1,
    "tip of the nose before the jaw's upper ends, which lie just before the ears, along the face's own axis",
    lambda face: float(face.forward_mm[NOSE_TIP] - face.forward_mm[face.jaw_ends].mean()),
    Place.FILES | Place.PART | Place.REPORT,
)  # fmt: skip
LENGTHS: tuple[Statistic[FacePoints], ...] = (NOSE_PROTRUSION, WIDTH, HEIGHT, NOSE_TO_EARS)

IPD = Statistic[Assumed](
    "ipd_mm", "IPD", MM, 1, "interpupillary distance: assumed, and every millimetre is scaled to it, or measured",
    lambda assumed: float("nan") if assumed.ipd_mm is None else assumed.ipd_mm,
    Place.FILES | Place.PART | Place.TABLE | Place.REPORT,
)  # fmt: skip
DISTANCE = Statistic[Assumed](
    "distance_mm", "Distance to camera", MM, 0,
    "of the eyes, as it was measured or follows from the assumed IPD and the focal length",
    lambda assumed: float("nan") if assumed.distance_mm is None else assumed.distance_mm, Place.FILES | Place.TABLE,
)  # fmt: skip
ASSUMED: tuple[Statistic[Assumed], ...] = (IPD, DISTANCE)
MEASURES: tuple[Statistic[Any], ...] = (IPD, *LENGTHS)  # what `core.measure.face.FaceMeasures` holds

# -- the difference of two faces, of a face and its mirror image, of several networks, of before and after smoothing

_MAIN_DIFFERENCE = Place.FILES | Place.TABLE | Place.PAIR | Place.REPORT | Place.COMMAND


def _rms(differences: Differences) -> float:
    size = differences.size_mm
    return float(np.sqrt(np.mean(size**2))) if len(size) else float("nan")


def _size_percentile(differences: Differences, percent: float) -> float:
    return float(np.percentile(differences.size_mm, percent)) if len(differences.size_mm) else float("nan")


def _median(differences: Differences) -> float:
    return _size_percentile(differences, 50)


def _p95(differences: Differences) -> float:
    return _size_percentile(differences, 95)


def _coverage(differences: Differences) -> float:
    return float(np.isfinite(differences.signed_mm).mean()) if len(differences.signed_mm) else float("nan")


RMS = Statistic[Differences](
    "rms_mm", "RMS from reference", MM, 2, "root mean square of the difference; by region, too", _rms, _MAIN_DIFFERENCE
)
MEDIAN_DIFFERENCE = Statistic[Differences](
    "median_mm", "Median difference", MM, 2, "half of the differences are smaller", _median, _MAIN_DIFFERENCE
)
P95_DIFFERENCE = Statistic[Differences](
    "p95_mm", "95 % of it below", MM, 2, "95 % of the differences are smaller", _p95, _MAIN_DIFFERENCE
)
COVERAGE = Statistic[Differences](
    "coverage", "Coverage", PERCENT, 1, "share of the inner face where the other face is seen, too",
    _coverage, _MAIN_DIFFERENCE,
)  # fmt: skip
CORRELATION = Statistic[LaidOn](
    "correlation", "Correlation", "", 3, "of both faces' depths where both are seen (Pearson)",
    lambda laid: float(np.corrcoef(laid.depths_mm)[0, 1]), Place.FILES | Place.TABLE | Place.PAIR | Place.REPORT,
)  # fmt: skip
SCALE = Statistic[LaidOn](
    "scale", "Size changed by", "times", 3, "to lay the face onto the reference; 1 unless sizes are fitted",
    lambda laid: laid.scale, Place.FILES | Place.TABLE | Place.PAIR | Place.REPORT,
)  # fmt: skip
LANDMARKS = Statistic[LaidOn](
    "landmarks_mm", "Landmarks apart", MM, 1, "median distance of the landmarks when they alone are laid on each other",
    lambda laid: laid.landmarks_mm, Place.FILES | Place.PAIR,
)  # fmt: skip
HAUSDORFF = Statistic[LaidOn](
    "hausdorff95_mm", "95 % of it below, both ways", MM, 2,
    "the same of each face on the other, the greater of both (Hausdorff distance of 95 %)",
    lambda laid: float(np.fmax(_p95(laid), _p95(laid.back))), Place.FILES | Place.REPORT,
)  # fmt: skip
DIFFERENCES: tuple[Statistic[LaidOn], ...] = (
    RMS, MEDIAN_DIFFERENCE, P95_DIFFERENCE, HAUSDORFF, COVERAGE, CORRELATION, SCALE, LANDMARKS,
)  # fmt: skip

_OF_POINTS = Place.FILES | Place.TABLE | Place.PAIR | Place.REPORT | Place.COMMAND

POINTS_RMS = Statistic[Differences](
    "rms_mm", "Point by point, RMS", MM, 2,
    "root mean square distance between the same places of both heads, over what both photos show of the inner face",
    _rms, _OF_POINTS,
)  # fmt: skip
POINTS_MEDIAN = Statistic[Differences](
    "median_mm", "Point by point, median", MM, 2, "half of the places are less far apart", _median, _OF_POINTS
)
POINTS_P95 = Statistic[Differences](
    "p95_mm", "95 % of it below", MM, 2, "95 % of the places are less far apart", _p95, Place.FILES | Place.PAIR
)
POINTS_COVERAGE = Statistic[Differences](
    "coverage", "Both seen", PERCENT, 1, "share of the inner face that both photos show", _coverage,
    Place.FILES | Place.TABLE | Place.PAIR,
)  # fmt: skip
SHAPES_APART = Statistic[PointsApart](
    "shape_mm", "Shapes apart", MM, 2,
    "median distance of the two fitted shapes, without expression and size, over what both photos show of the face: "
    "tells people apart, but leaves out all that the head model does not know",
    lambda apart: apart.shape_mm, _OF_POINTS,
)  # fmt: skip
POINTS_SCALE = Statistic[PointsApart](
    "scale", "Size changed by", "times", 3, "to lay the head onto the reference; 1 unless sizes are fitted",
    lambda apart: apart.scale, Place.FILES | Place.PAIR,
)  # fmt: skip
FROM_MEAN = Statistic[Differences](
    "from_mean_mm", "From the mean face, RMS", MM, 2,
    "root mean square distance from the mean of all, point by point, over what the photo shows of the inner face",
    _rms, _OF_POINTS,
)  # fmt: skip
POINTS: tuple[Statistic[PointsApart], ...] = (
    POINTS_RMS, POINTS_MEDIAN, POINTS_P95, POINTS_COVERAGE, SHAPES_APART, POINTS_SCALE,
)  # fmt: skip

SYMMETRY_RMS = Statistic[Differences](
    "symmetry_rms_mm", "Left against right, RMS", MM, 2,
    "root mean square of how far each place stands out beyond its counterpart on the other side", _rms,
    Place.FILES | Place.PART | Place.PARTS | Place.REPORT,
)  # fmt: skip
SYMMETRY_COVERAGE = Statistic[Differences](
    "coverage", "Coverage", PERCENT, 1, "share of the face whose counterpart is seen", _coverage,
    Place.PART | Place.REPORT,
)  # fmt: skip
SYMMETRY: tuple[Statistic[Differences], ...] = (SYMMETRY_RMS, SYMMETRY_COVERAGE)

SPREAD_MEDIAN = Statistic[Differences](
    "median_mm", "Median spread", MM, 2, "half of the face has a smaller standard deviation between the networks",
    _median, Place.FILES | Place.PAIR,
)  # fmt: skip
SPREAD_P95 = Statistic[Differences](
    "p95_mm", "95 % of it below", MM, 2, "95 % of the face has a smaller standard deviation between the networks",
    _p95, Place.FILES | Place.PAIR,
)  # fmt: skip
AGREEMENT: tuple[Statistic[Differences], ...] = (SPREAD_MEDIAN, SPREAD_P95)

SMOOTHED_RMS = Statistic[Differences](
    "smoothed_rms_mm", "Changed by, RMS", MM, 2, "root mean square of what the smoothing took off and filled", _rms,
    Place.PARTS,
)  # fmt: skip

GROUPS: dict[str, Sequence[Statistic[Any]]] = {
    "depth of a part": DEPTHS,
    "lengths": LENGTHS,
    "assumptions": ASSUMED,
    "difference from the reference": DIFFERENCES,
    "point by point": (*POINTS, FROM_MEAN),
    "left against right": SYMMETRY,
    "networks on one photo": AGREEMENT,
    "smoothing": (SMOOTHED_RMS,),
}
