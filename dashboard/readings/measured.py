"""A face's numbers for the Statistics page and its files: by part of the face, in mm or in interpupillary distances."""

from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import csv_text
from core.errors import GeometryError, OptionError
from core.files.catalog import depth_file
from core.files.facts import read_facts
from core.geometry.reconstruction import Reconstruction
from core.measure.ansur import REFERENCES, SOURCE, cautions
from core.measure.context import Depths, Differences
from core.measure.face import FaceMeasures, face_measures, withheld
from core.measure.profiles import Profile, named_profiles
from core.measure.regions import REGIONS, regions
from core.measure.statistics import density, histogram, relative_depth, unit_mm
from core.measure.symmetry import Symmetry, symmetry
from core.measure.table import DEPTHS, MEASURES, MM, SYMMETRY_RMS, Place, chosen, numbers
from core.options import Options
from core.pipeline import recompute
from core.recompute import changed
from dashboard.words import word

PARTS: dict[str, tuple[str, ...]] = {
    word("head"): (),
    word("face"): REGIONS,
    word("forehead"): ("forehead",),
    word("eyes"): ("right eye", "left eye"),
    word("nose"): ("nose",),
    word("cheeks"): ("right cheek", "left cheek"),
    word("mouth"): ("mouth",),
    word("chin"): ("chin",),
}
MIN_BINS, MAX_BINS = 8, 256


@dataclass(frozen=True)
class Measured:
    """A reconstruction and what is measured on it, each once and when it is asked for.

    options : that it was made with; None where they are not known.
    """

    reconstruction: Reconstruction
    options: Options | None = None

    @cached_property
    def behind_mm(self) -> NDArray[np.float32]:
        """(S, S), mm behind the nose tip, NaN outside the head."""
        return relative_depth(self.reconstruction)

    @property
    def with_background_mm(self) -> NDArray[np.float32]:
        """(S, S), mm behind the nose tip, NaN outside the head and what was kept round it."""
        return (self.reconstruction.depth_mm - np.float32(self.reconstruction.reference_mm)).astype(np.float32)

    @cached_property
    def regions(self) -> dict[str, NDArray[np.bool_]]:
        """(S, S) masks by name; empty for a whole photo."""
        return regions(self.reconstruction)

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """Midline, eye line, mouth line; empty for a whole photo."""
        return named_profiles(self.reconstruction)

    @cached_property
    def measures(self) -> FaceMeasures | None:
        """The face's main lengths; None where the landmarks do not give them."""
        return face_measures(self.reconstruction)

    @property
    def withheld(self) -> str | None:
        """Why some lengths are not measured; None where they are."""
        return withheld(self.reconstruction)

    @cached_property
    def symmetry(self) -> Symmetry | None:
        """Left against right; None for a whole photo, and for a head turned so far that there is nothing to mirror."""
        try:
            return symmetry(self.reconstruction)
        except GeometryError:
            return None

    @cached_property
    def unsmoothed_mm(self) -> NDArray[np.float32] | None:
        """(S, S), mm behind the same nose tip as `behind_mm`, unsmoothed; None where there is no such."""
        if not self.reconstruction.facts.smooth or self.options is None:
            return None
        try:
            options = changed(self.options, {"smooth": 0.0, "fine_relief": 0.0})
            plain = recompute(self.reconstruction, self.reconstruction.crop_rgb, options)  # the texture is not needed
        except GeometryError:
            return None
        return (plain.head_depth_mm - np.float32(self.reconstruction.reference_mm)).astype(np.float32)

    @property
    def parts(self) -> list[str]:
        """The parts of which there are pixels, the whole head first."""
        return [part for part in PARTS if self.mask(part).any()]

    @cached_property
    def numbered(self) -> NDArray[np.uint8]:
        """(S, S), 1 + the place of each pixel's region in `REGIONS`, 0 for none."""
        found = np.zeros(self.behind_mm.shape, np.uint8)
        for number, name in enumerate(REGIONS, start=1):
            if name in self.regions:
                found[self.regions[name]] = number
        return found

    def mask(self, part: str) -> NDArray[np.bool_]:
        """(S, S), where a part has depth.

        Raises
        ------
        OptionError
            There is no such part.
        """
        if part not in PARTS:
            raise OptionError(f"There is no part called {part!r}. Choose one of: {', '.join(PARTS)}.")
        if part == "head":
            return self.reconstruction.head
        masks = [self.regions[name] for name in PARTS[part] if name in self.regions]
        return np.logical_or.reduce(masks) if masks else np.zeros(self.behind_mm.shape, bool)

    def values(self, part: str, unit: str) -> NDArray[np.float32]:
        """(n,) depths behind the nose tip of a part, in 'mm' or 'ipd'.

        Raises
        ------
        OptionError
            There is no such part or unit, or nothing of the part is seen.
        """
        values = self.behind_mm[self.mask(part)]
        values = values[np.isfinite(values)]
        if not values.size:
            raise OptionError(f"Nothing of the {part} is seen here. Choose another part.")
        return (values / np.float32(unit_mm(self.reconstruction, unit))).astype(np.float32)

    def depths(self, part: str, unit: str) -> Depths:
        """Return what statistics of a part's depth are computed of; unit and errors as `values`."""
        return Depths.of(self.values(part, unit))

    def symmetry_mm(self, part: str) -> float | None:
        """RMS of left against right over a part, in mm; None where it is not known."""
        if self.symmetry is None:
            return None
        return SYMMETRY_RMS.measure(Differences(self.symmetry.difference_mm[self.mask(part)]))


def measured(folder: Path) -> Measured:
    """Read a face's folder, or what is kept of it while its depth does not change."""
    return _measured(folder, depth_file(folder).stat().st_mtime_ns)


@lru_cache(maxsize=12)
def _measured(folder: Path, _changed: int) -> Measured:
    return Measured(Reconstruction.load(folder), read_facts(folder).options)


def summary(found: Measured, part: str, unit: str, bins: int) -> dict[str, Any]:
    """All that the Statistics page says, for JSON: of every part, with the histogram of one.

    Raises
    ------
    OptionError
        There is no such part or unit, or a number of bins out of range.
    """
    values, facts = found.values(part, unit), found.reconstruction.facts
    edges = bin_edges(values, bins)
    return {
        "unit": unit,
        "meaning": f"depth {facts.behind}",
        "assumed_ipd_mm": facts.ipd_mm,
        "measured_ipd_mm": facts.sensor.ipd_mm if facts.sensor else None,
        "measured": facts.is_measured,
        "parts": {name: numbers(chosen(DEPTHS, Place.FILES), found.depths(name, unit)) for name in found.parts},
        "histogram": {
            "part": part,
            "edges": edges.tolist(),
            "counts": histogram(values, edges).tolist(),
            "density": density(values, edges).tolist(),
        },
        SYMMETRY_RMS.key: {name: found.symmetry_mm(name) for name in found.parts} if found.symmetry else None,
        "measures_mm": asdict(found.measures) if found.measures else None,
        "withheld": found.withheld,
        "survey": {
            "source": SOURCE,
            "caution": " ".join(cautions(measured=[facts.is_measured])),
            "lengths": {name: asdict(reference) for name, reference in REFERENCES.items()},
        },
    }


def as_csv(values: dict[str, Any]) -> str:
    """Return a summary as rows of part, name, value, unit."""
    table: list[list[Any]] = [["part", "name", "value", "unit"]]
    for part, found in values["parts"].items():
        columns = [(one, values["unit"] if one.unit == MM else one.unit) for one in chosen(DEPTHS, Place.FILES)]
        table += [[part, one.key, found[one.key], unit] for one, unit in columns]
    for part, value in (values[SYMMETRY_RMS.key] or {}).items():
        table.append([part, "left against right, RMS", value, SYMMETRY_RMS.unit])
    if values["measures_mm"] is not None:
        found = values["measures_mm"]
        table += [["face", length.key.removesuffix("_mm"), found[length.key], length.unit] for length in MEASURES]
    return csv_text.as_csv(table)


def bin_edges(values: NDArray[np.floating], bins: int) -> NDArray[np.float64]:
    """(bins + 1,) edges over the values.

    Raises
    ------
    OptionError
        The number of bins is out of range.
    """
    if not MIN_BINS <= bins <= MAX_BINS:
        raise OptionError(f"{bins} bins cannot be drawn; choose {MIN_BINS} to {MAX_BINS}.")
    low, high = float(values.min()), float(values.max())
    return np.linspace(low, high if high > low else low + 1, bins + 1)
