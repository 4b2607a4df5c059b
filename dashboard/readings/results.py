"""What a face's folder says, read for the pages; kept in memory while the files do not change."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import core
from dashboard.charts.figures import Histogram, Profile
from dashboard.library.records import FaceRecord

if TYPE_CHECKING:
    from core.files.facts import WrittenFacts
    from dashboard.readings.measured import Measured


@dataclass(frozen=True)
class Result:
    """A face and what was written of it.

    facts : reconstruction.json. measured : its depth, and what is measured on it.
    """

    face: FaceRecord
    facts: "WrittenFacts"
    measured: "Measured"

    @property
    def behind_mm(self) -> NDArray[np.float32]:
        """(S, S), mm behind the nose tip on the grid of the crop, NaN outside the head."""
        return self.measured.behind_mm

    def histogram(self, bins: int) -> Histogram:
        """Return the histogram of the head."""
        return self.histogram_over(shared_edges([self], bins))

    def histogram_over(self, edges: NDArray[Any]) -> Histogram:
        """Return counts between given edges, in mm behind the nose tip."""
        from core.measure.statistics import histogram  # noqa: PLC0415 - the first page need not wait for it

        counts = histogram(self.behind_mm, edges)
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
    from dashboard.readings.measured import measured  # noqa: PLC0415 - the first page need not wait for it

    facts = _read(face.folder, (face.folder / "reconstruction.json").stat().st_mtime_ns)
    return Result(face, facts, measured(face.folder))


def shared_edges(results: Sequence[Result], bins: int) -> NDArray[np.float64]:
    """Return the edges (bins + 1,) in mm that cover all faces, so that their histograms compare."""
    from core.measure.statistics import shared_edges as edges_of  # noqa: PLC0415 - the first page need not wait for it

    return edges_of([result.behind_mm for result in results], bins)


@lru_cache(maxsize=32)
def _read(folder: Path, _changed: int) -> "WrittenFacts":
    return core.files.read_facts(folder)


@lru_cache(maxsize=4)
def points(folder: Path, _changed: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Read cloud.ply: (n, 3) float32 mm in the mesh frame, (n, 3) uint8 RGB."""
    import trimesh  # noqa: PLC0415 - half a second that only the 3D tabs need

    cloud: Any = trimesh.load(folder / "cloud.ply")
    return np.asarray(cloud.vertices, np.float32), np.asarray(cloud.colors, np.uint8)[:, :3]


@lru_cache(maxsize=4)
def surface(folder: Path, _changed: int) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.uint8]]:
    """Read mesh.ply: vertices (n, 3) float32 mm in the mesh frame, triangles (m, 3) int32, colours (n, 3) uint8 RGB."""
    import trimesh  # noqa: PLC0415 - half a second that only the 3D tabs need

    mesh: Any = trimesh.load(folder / "mesh.ply", process=False)
    colours = np.asarray(mesh.visual.vertex_colors, np.uint8)[:, :3]
    return np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.int32), colours
