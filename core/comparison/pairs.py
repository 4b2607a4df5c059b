"""Every pair of several faces compared, and the order in which like stands beside like."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from core.comparison.difference import difference_map
from core.comparison.prepared import PreparedFace
from core.comparison.registration import register
from core.geometry.reconstruction import Reconstruction
from core.measure.context import Differences
from core.measure.table import RMS
from core.progress import Progress, ignore


@dataclass(frozen=True)
class PairTable:
    """Differences of all pairs.

    names : of the faces, as given. rms_mm : (n, n), symmetric, 0 on the diagonal: root mean square of both differences
    (each face on the other) over the inner face. order : (n,) indices, so that like stands beside like. linkage :
    (n - 1, 4) of the dendrogram, average linkage, as `scipy.cluster.hierarchy` writes it.
    """

    names: tuple[str, ...]
    rms_mm: NDArray[np.float64]
    order: NDArray[np.int64]
    linkage: NDArray[np.float64]


def compare_all(
    faces: Sequence[Reconstruction],
    names: Sequence[str] | None = None,
    *,
    with_scale: bool = False,
    progress: Progress = ignore,
) -> PairTable:
    """Compare all pairs of at least two faces; without names they are called by number, from 1.

    Raises
    ------
    GeometryError
        As `compare`.
    Cancelled
        From `progress`.
    """
    count = len(faces)
    if count < 2:
        raise ValueError(f"compare_all needs at least two faces, not {count}")
    ready = [PreparedFace.of(face) for face in faces]
    table = np.zeros((count, count))
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    for done, (i, j) in enumerate(pairs):
        progress(f"Comparing pair {done + 1} of {len(pairs)}", done / len(pairs))
        transform = register(ready[i], ready[j], with_scale=with_scale).transform
        there = difference_map(ready[i], ready[j], transform)[ready[i].inner]
        back = difference_map(ready[j], ready[i], np.linalg.inv(transform))[ready[j].inner]
        table[i, j] = table[j, i] = RMS.of(Differences(np.concatenate([there, back])))
    progress("Pairs are compared", 1.0)
    tree = scipy.cluster.hierarchy.linkage(
        scipy.spatial.distance.squareform(table, checks=False), "average", optimal_ordering=True
    )
    names = tuple(names) if names is not None else tuple(str(i + 1) for i in range(count))
    return PairTable(names, table, scipy.cluster.hierarchy.leaves_list(tree).astype(np.int64), tree)
