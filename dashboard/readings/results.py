"""What a face's folder says, read for the pages; kept in memory while the files do not change."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.files.facts import WrittenFacts, read_facts
from core.measure import statistics
from dashboard.charts.figures import Histogram, Profile, depth_range
from dashboard.library.records import FaceRecord
from dashboard.readings.measured import Measured, measured

RELIABLE_SCORE, MOST_TURNED_DEG = 0.85, 40.0


@dataclass(frozen=True)
class Doubt:
    """A reason why the numbers of a face mean less. word : for a badge. reason : a sentence."""

    word: str
    reason: str


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


def doubt(facts: WrittenFacts) -> list[Doubt]:
    """Return what speaks against a face: that it may be none, that it is turned too far; empty where nothing does."""
    face = facts.face
    if face is None:
        return []
    found = []
    if face.score < RELIABLE_SCORE:
        reason = f"It was found with a score of {face.score:.2f}, under {RELIABLE_SCORE}: look whether it is a face."
        found.append(Doubt(f"Doubtful, {face.score:.2f}", reason))
    turned = round(abs(face.yaw_deg))
    if abs(face.yaw_deg) > MOST_TURNED_DEG:
        reason = f"The head is turned by {turned} degrees: its far side is not seen, and its scale is less sure."
        found.append(Doubt(f"Turned {turned}\u00b0", reason))
    return found


def is_reliable(facts: WrittenFacts) -> bool:
    """Whether a face may set the scale on which others are shown."""
    return facts.face is not None and not doubt(facts)


def shared_range(results: Sequence[Result]) -> tuple[float, float]:
    """Return the ends in mm of one depth scale for all faces: that of the reliable ones, of all where none is."""
    reliable = [result for result in results if is_reliable(result.facts)]
    return depth_range([result.behind_mm for result in reliable or results])


@lru_cache(maxsize=32)
def _read(folder: Path, _changed: int) -> WrittenFacts:
    return read_facts(folder)
