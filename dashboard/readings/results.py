"""What a face's folder says, read for the pages; kept in memory while the files do not change."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import FormatError
from core.face.doubt import DOUBTFUL, Doubt, hidden_side
from core.files.facts import WrittenFacts, read_facts
from core.measure import statistics
from dashboard.charts.figures import Histogram, Profile, depth_range
from dashboard.library.records import FaceRecord
from dashboard.readings.measured import Measured, measured


@dataclass(frozen=True)
class Result:
    """A face and what was written of it.

    facts : reconstruction.json. measured : its depth, and what is measured on it.
    """

    face: FaceRecord
    facts: WrittenFacts
    measured: Measured

    @property
    def behind_mm(self) -> NDArray[np.float32]:
        """(S, S), mm behind the nose tip on the grid of the crop, NaN outside the head."""
        return self.measured.behind_mm

    def histogram(self, bins: int) -> Histogram:
        """Return the histogram of the head."""
        return self.histogram_over(shared_edges([self], bins))

    def histogram_over(self, edges: NDArray[Any]) -> Histogram:
        """Return counts between given edges, in mm behind the nose tip."""
        counts = statistics.histogram(self.behind_mm, edges)
        return Histogram(self.face.name, np.asarray(edges, np.float32), counts.astype(np.int32))

    def profile(self, name: str) -> Profile | None:
        """Return the 'midline', 'eye line' or 'mouth line'; None for a photo without a face."""
        line = self.measured.profiles.get(name)
        return Profile(self.face.name, line.along_mm, line.depth_mm) if line else None


def load(face: FaceRecord) -> Result:
    """Read the face's folder.

    Raises
    ------
    FileNotFoundError
        The folder is gone or not whole.
    FormatError
        Its reconstruction.json is damaged, foreign or of a newer version.
    """
    facts = _read(face.folder, (face.folder / "reconstruction.json").stat().st_mtime_ns)
    return Result(face, facts, measured(face.folder))


def shared_edges(results: Sequence[Result], bins: int) -> NDArray[np.float64]:
    """Return the edges (bins + 1,) in mm that cover all faces, so that their histograms compare."""
    return statistics.shared_edges([result.behind_mm for result in results], bins)


def doubts(face: FaceRecord) -> list[Doubt]:
    """Return what makes a face less sure than others; that a person has kept it settles whether it is one."""
    path = face.folder / "reconstruction.json"
    try:
        found = _doubts(face.folder, path.stat().st_mtime_ns)
    except (OSError, FormatError):  # gone, or not to be read: the page of the face says so
        return []
    return [doubt for doubt in found if not (face.kept and doubt.word == DOUBTFUL)]


@lru_cache(maxsize=4096)
def _doubts(folder: Path, _changed: int) -> tuple[Doubt, ...]:
    return tuple(read_facts(folder).doubts)


def is_reliable(result: Result) -> bool:
    """Whether a face may set the scale on which others are shown: it is one, and not turned too far."""
    face = result.facts.face
    return face is not None and not result.face.is_doubtful and hidden_side(face.yaw_deg) is None


def shared_range(found: Sequence[Result]) -> tuple[float, float]:
    """Return the ends in mm of one depth scale for all faces: that of the reliable ones, of all where none is."""
    reliable = [result for result in found if is_reliable(result)]
    return depth_range([result.behind_mm for result in reliable or found])


@lru_cache(maxsize=32)
def _read(folder: Path, _changed: int) -> WrittenFacts:
    return read_facts(folder)
