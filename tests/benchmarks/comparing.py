"""`python -m tests.benchmarks.comparing [FOLDER]`: what measuring and comparing faces costs, and what it tells apart.

Without FOLDER: milliseconds (median of several) of the statistics by region, a whole difference, symmetry and profiles
for faces of 1024x1024 pixels in closed form, on one core; and the registration alone beside `trimesh.registration.icp`
(nearest vertices, least squares) from the same start: time, and the median distance of true pairs of points after it.
With FOLDER of rendered heads (`*.npz`, as `tests.benchmarks.accuracy`): RMS in mm of every two heads, rigid and with
scale, by their true depth and by the built-in network's, and whether one head turned differs less than two heads do;
the same point by point; and how far from its true place a landmark of one head lands on another, point by point and by
the nearest point.
"""

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import trimesh
from scipy.spatial import KDTree

from core.comparison import compare, compare_all, correspond_all
from core.comparison.prepared import PreparedFace
from core.comparison.registration import by_landmarks, register
from core.geometry.alignment import apply
from core.geometry.reconstruction import Reconstruction
from core.head import Head, make_head, template
from core.measure.profiles import named_profiles
from core.measure.statistics import statistics_by_region
from core.measure.symmetry import symmetry
from tests.core.heads import Bump, Placed, head, rendered, surface

SIDE = 1024
LIMIT_MS = 300
TIMES = 7
ICP_POINTS = 3000
FLIP = np.array([1.0, -1.0, -1.0])  # camera frame <-> mesh frame
MARKS = {
    "tip of the nose": [30], "corners of the eyes": [36, 39, 42, 45], "corners of the mouth": [48, 54], "chin": [8],
}  # fmt: skip
LEAST_MARGIN_MM, MOST_OFF_MM = 0.36, 2.5  # what is asked of comparing point by point


def milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """Median wall and processor time of a call."""
    wall, cpu = [], []
    for _ in range(TIMES):
        clocks = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - clocks[0])
        cpu.append(time.process_time() - clocks[1])
    return 1000 * float(np.median(wall)), 1000 * float(np.median(cpu))


def costs() -> None:
    """Print the time of each, and of two ways to register."""
    cv2.setNumThreads(1)
    placed = Placed(yaw=12, pitch=3, moved=(4, -3, 20))
    face = head(side=SIDE, focal=2.2)
    other = head(placed, Bump(30, 45), side=SIDE, focal=2.2, seed=1)
    print(f"faces of {SIDE}x{SIDE} pixels, {face.mask.mean():.0%} of them head; median of {TIMES}")
    print(f"{'':34}{'wall ms':>9}{'core ms':>9}")
    for name, work in {
        "statistics, whole and by region": lambda: statistics_by_region(face),
        "difference, with all its figures": lambda: compare(face, other),
        "  of it: registration": lambda: register(PreparedFace.of(face), PreparedFace.of(other)),
        "symmetry": lambda: symmetry(face),
        "profiles": lambda: named_profiles(face),
    }.items():
        wall, cpu = milliseconds(work)
        print(f"{name:34}{wall:9.0f}{cpu:9.0f}{'' if cpu < LIMIT_MS else f'  over {LIMIT_MS} ms':14}")
    print("\nregistration from the landmarks on, 12 degrees apart, with a 3 mm bump:")
    a, b = PreparedFace.of(face), PreparedFace.of(other)
    ours = register(a, b)
    start = by_landmarks(a, b, False)[0]
    there = a.surface.points(_every(a.inner, ICP_POINTS * 10)).astype(float)
    source = b.samples[:: max(1, len(b.samples) // ICP_POINTS)]
    nearest = lambda: trimesh.registration.icp(source, there, start, max_iterations=30, scale=False, reflection=False)  # noqa: E731
    for name, work, transform in (
        ("ours, through the cameras", lambda: register(a, b), ours.transform),
        ("trimesh.registration.icp", nearest, nearest()[0]),
    ):
        print(f"  {name:28}{milliseconds(work)[1]:7.0f} ms   off by {_off(face, other, placed, transform):.3f} mm")


def _every(mask: np.ndarray, count: int) -> np.ndarray:
    step = max(1, int(np.sqrt(mask.sum() / count)))
    sparse = np.zeros_like(mask)
    sparse[::step, ::step] = mask[::step, ::step]
    return sparse


def _off(face: Reconstruction, other: Reconstruction, placed: Placed, transform: np.ndarray) -> float:
    """Median distance in mm between where points of the head are and where the transform puts them."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-40, 40, 20), np.linspace(-20, 80, 25)))
    points = np.stack([x, y, surface(x, y)], -1)
    true = np.linalg.inv(placed.matrix)
    seen = points @ placed.matrix[:3, :3].T + placed.matrix[:3, 3]
    back = apply(Placed().matrix @ true, seen)
    return float(np.median(np.linalg.norm(apply(transform, seen) - back, axis=1)))


def pairs(folder: Path) -> None:
    """Print RMS of every two heads, by true depth and by the built-in network."""
    from core.depth.estimator import Networks
    from core.options import Options
    from core.photo import Photo
    from core.pipeline import reconstruct

    networks = Networks()
    names = [path.stem for path in sorted(folder.glob("*.npz"))]
    truths = [rendered(name, folder) for name in names]
    made = []
    for name, truth in zip(names, truths, strict=True):
        fov = float(np.degrees(2 * np.arctan(len(truth.crop_rgb) / np.sqrt(2) / truth.intrinsics.focal_px)))
        photo = Photo(name, np.ascontiguousarray(truth.crop_rgb), None, name)
        made.append(reconstruct(photo, Options(model="builtin", fov_deg=fov), networks)[0])
    columns = {
        (kind, "with scale" if scaled else "rigid"): compare_all(faces, names, with_scale=scaled).rms_mm
        for kind, faces in (("true depth", truths), ("builtin", made))
        for scaled in (False, True)
    }
    heads = {kind: [make_head(face) for face in faces] for kind, faces in (("true depth", truths), ("builtin", made))}
    by_point = correspond_all(heads["builtin"], neutral=True)  # none of these heads has an expression
    columns |= {("builtin", "point by point"): by_point.rms_mm, ("builtin", "shapes apart"): by_point.shape_mm}
    print(f"\nRMS in mm over the inner face\n{'':42}" + "".join(f"{' '.join(name):>23}" for name in columns))
    order = sorted(
        itertools.combinations(range(len(names)), 2),
        key=lambda p: (not _same(names, p), columns["builtin", "rigid"][p]),
    )
    for pair in order:
        kind = "one head " if _same(names, pair) else "two heads"
        print(
            f"{kind} {names[pair[0]][4:]:15} {names[pair[1]][4:]:15} "
            + "".join(f"{table[pair]:23.3f}" for table in columns.values())
        )
    for name, table in columns.items():
        same, different = ([table[p] for p in order if _same(names, p) == one] for one in (True, False))
        verdict = "holds" if max(same) < min(different) else "DOES NOT HOLD"
        print(
            f"{' '.join(name):24} one head at most {max(same):.3f}, two heads at least {min(different):.3f}: {verdict}"
        )
    nearest, shapes = (_margin(columns["builtin", name], names) for name in ("rigid", "shapes apart"))
    enough = "" if shapes >= LEAST_MARGIN_MM else f", LESS THAN {LEAST_MARGIN_MM:g}"
    print(f"margin {shapes:.2f} mm of shapes apart, {nearest:.2f} mm of nearest points{enough}")
    landings(names, folder, truths, heads["true depth"])


def _margin(table: np.ndarray, names: list[str]) -> float:
    """How much less one head differs at most than two heads do at least."""
    every = list(itertools.combinations(range(len(names)), 2))
    return min(table[p] for p in every if not _same(names, p)) - max(table[p] for p in every if _same(names, p))


def landings(names: list[str], folder: Path, faces: list[Reconstruction], heads: list[Head]) -> None:
    """Print how far from its true place a landmark of one head lands on another, of every two different heads."""
    marks = [mark for group in MARKS.values() for mark in group]
    true = [
        (np.load(folder / f"{name}.npz")["landmarks_3d"].astype(float)[marks] - face.origin_mm) * FLIP
        for name, face in zip(names, faces, strict=True)
    ]
    clouds = [PreparedFace.of(face).points.astype(float) for face in faces]
    by_point, by_nearest = [], []
    for i, j in itertools.permutations(range(len(names)), 2):
        if _same(names, (i, j)):
            continue
        by_point.append(np.linalg.norm(carried(true[i], heads[i], heads[j]) - true[j], axis=1))
        laid = apply(compare(faces[j], faces[i]).transform, true[i]) * FLIP + faces[j].origin_mm
        nearest = clouds[j][KDTree(clouds[j]).query(laid)[1]]
        by_nearest.append(np.linalg.norm((nearest - faces[j].origin_mm) * FLIP - true[j], axis=1))
    off = {"point by point": np.array(by_point), "nearest point": np.array(by_nearest)}
    print(f"\nmm from its true place, median over {len(by_point)} pairs{'':8}" + "".join(f"{name:>18}" for name in off))
    at = 0
    for name, group in MARKS.items():
        columns = slice(at, at := at + len(group))
        print(f"{name:48}" + "".join(f"{np.median(values[:, columns]):18.2f}" for values in off.values()))
    print(f"{'all':48}" + "".join(f"{np.median(values):18.2f}" for values in off.values()))
    print("holds" if np.median(off["point by point"]) <= MOST_OFF_MM else f"IS MORE THAN {MOST_OFF_MM} mm")


def carried(places: np.ndarray, one: Head, other: Head) -> np.ndarray:
    """Places (k, 3) of one head, mesh frame, where they are on the other: in the same triangle, at the same share."""
    faces = template().faces
    body = trimesh.Trimesh(one.points, faces, process=False)
    nearest, _, which = trimesh.proximity.closest_point(body, places)
    share = trimesh.triangles.points_to_barycentric(one.points[faces[which]], nearest)
    return np.einsum("ij,ijk->ik", share, other.points[faces[which]])


def _same(names: list[str], pair: tuple[int, int]) -> bool:
    return names[pair[0]].split("_yaw")[0] == names[pair[1]].split("_yaw")[0]


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    folder = parser.parse_args().folder
    costs()
    if folder is not None:
        pairs(folder)


if __name__ == "__main__":
    main()
