"""Where the face of a scan looks: found on pictures of it from all sides, then straightened by its landmarks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import NoFaceError
from core.face.detect import Face, find_faces
from core.face.landmarks import INNER, LEFT_EYE, MEAN_MM, PER_LIDS, RIGHT_EYE
from core.face.maps import FaceNetwork
from core.progress import Progress, ignore
from core.scan.drawing import Drawing, View, draw, picture
from core.scan.triangles import Triangles

SEARCH_PX, STRAIGHT_PX = 224, 512
CELLS = 220  # a finer mesh is searched by the middles of so many cells along its longer side
DENSE = 150_000  # triangles from which on it is
AWAY = 5.0  # radii of the scan, from its middle to the camera of the search
SURE = 0.95  # of a look: the others are left out
SURE_STRAIGHT = 0.9  # of a face that is seen straight: heads score 0.98 and more
MOST_TRIED = 3  # of what is found, the surest first
STEPS = 3  # at most, each straightened by the one before
STRAIGHT_DEG = 1.5
LEAST_INNER = 0.6  # of the landmarks within the face that must lie on the surface
AWAY_MM, FIELD_MM = 900.0, 480.0  # of the picture that is kept: a portrait's distance, with room for hair
WORST = 0.2  # of the landmarks that a straightening leaves out: on lashes, in mouths and nostrils

# The scan's axes that point forward, from the camera to the face, and up: as most files have them first
SIDES = (
    ((0, 0, -1), (0, 1, 0)), ((0, 1, 0), (0, 0, 1)), ((0, 0, 1), (0, 1, 0)), ((0, -1, 0), (0, 0, 1)),
    ((-1, 0, 0), (0, 1, 0)), ((1, 0, 0), (0, 1, 0)),
)  # fmt: skip
CORNERS = tuple(((i, j, k), (0, 1, 0)) for i in (-1, 1) for j in (-1, 1) for k in (-1, 1))


@dataclass(frozen=True)
class Front:
    """A scan's face, seen straight.

    rotation : (3, 3), the scan's axes -> camera frame. eyes : (3,) midway between them. ipd : between the pupils, by
    the surface, and mean_scale : what a millimetre of the mean head is; all in the scan's unit.
    coloured : whether its own colours show the face, else plaster does. score : of the finder.
    """

    rotation: NDArray[np.float64]
    eyes: NDArray[np.float64]
    ipd: float
    mean_scale: float
    coloured: bool
    score: float


def find_front(scan: Triangles, name: str, network: FaceNetwork, progress: Progress = ignore) -> Front:
    """The face of a scan, however it lies, whichever way its triangles are wound.

    Raises
    ------
    NoFaceError
        From no side a face is seen.
    """
    coarse = _coarse(scan)
    middle, radius = _extent(coarse)
    shown = (True, False) if scan.has_colours else (False,)
    rounds = [(coloured, [_turned(*side) for side in some]) for coloured in shown for some in (SIDES, CORNERS)]
    found: list[Front] = []
    for i, (coloured, rotations) in enumerate(rounds):
        tried: list[tuple[Drawing, Face]] = []
        for j, rotation in enumerate(rotations):
            progress("Finding the front of the scan", (i + j / len(rotations)) / len(rounds))
            view = View.at(rotation, middle, AWAY * radius, 2.1 * radius, SEARCH_PX)
            drawing = draw(coarse.points, coarse.faces, view)
            seen = find_faces(picture(coarse, drawing, coloured=coloured), network)
            tried += [(drawing, face) for face in seen]
            if any(face.score >= SURE for face in seen):
                break
        tried.sort(key=lambda one: -one[1].score)
        for drawing, face in tried[:MOST_TRIED]:
            front = _straightened(scan, drawing, face, network, coloured=coloured)
            if front is not None:
                found.append(front)
            if front is not None and front.score >= SURE_STRAIGHT:
                return front
    if found:
        return max(found, key=lambda front: front.score)
    raise NoFaceError(
        f"No face found in {name} from any of {len(SIDES) + len(CORNERS)} sides. A scan must show the front of one "
        "head; cut away what is round it, and export it with its colours if it has any."
    )


def _turned(forward: tuple[int, int, int], up: tuple[int, int, int]) -> NDArray[np.float64]:
    """(3, 3) the scan's axes -> of a camera that looks `forward`, with `up` as far up as it can be."""
    z = np.array(forward, np.float64) / np.linalg.norm(forward)
    y = -(np.array(up) - z * (z @ np.array(up)))
    y /= np.linalg.norm(y)
    return np.stack([np.cross(y, z), y, z])


def _coarse(scan: Triangles) -> Triangles:
    """A dense mesh by one point of each cell, which is many times faster to draw; its strays are left out."""
    if len(scan.faces) <= DENSE:
        return scan
    middle, radius = _extent(scan)
    cell = np.floor((scan.points - middle) * (CELLS / 2 / radius) + CELLS / 2)
    inside: NDArray[np.bool_] = np.all((cell >= 0) & (cell < CELLS), axis=1)
    x, y, z = np.where(inside[:, None], cell, 0).astype(np.int64).T
    number = np.where(inside, (x * CELLS + y) * CELLS + z, CELLS**3)
    standing_for = np.zeros(CELLS**3 + 1, np.int64)
    standing_for[number] = np.arange(len(number))
    corners = number[scan.faces]
    first, second, third = corners.T
    is_flat = (first == second) | (second == third) | (third == first)
    kept = np.logical_not(is_flat) & (corners < CELLS**3).all(1)
    chosen, faces = np.unique(standing_for[corners[kept]], return_inverse=True)
    return Triangles(
        scan.points[chosen],
        faces.reshape(-1, 3),
        None if scan.rgb is None else scan.rgb[chosen],
        None if scan.uv is None else scan.uv[chosen],
        None if scan.texture_of is None else scan.texture_of[kept],
        scan.textures,
    )


def _extent(scan: Triangles) -> tuple[NDArray[np.float64], float]:
    """Middle and radius of nearly all of a scan: a stray speck far away does not count."""
    corners = scan.points[scan.faces[:: max(1, len(scan.faces) // 100_000)].ravel()]
    strays = 0.2 if len(corners) > 3000 else 0.0
    low, high = np.percentile(corners, [strays, 100 - strays], axis=0)
    return (low + high) / 2, max(float(np.linalg.norm(high - low)) / 2, 1e-30)


def _straightened(
    scan: Triangles, drawing: Drawing, face: Face, network: FaceNetwork, *, coloured: bool
) -> Front | None:
    """Turn the camera until the face looks straight into it; None where it then is no face."""
    best: Front | None = None
    for _ in range(STEPS):
        placed = _placed(drawing, face)
        if placed is None:
            return best
        rotation, eyes, scale = placed
        view = View.at(rotation, eyes, AWAY_MM * scale, FIELD_MM * scale, STRAIGHT_PX)
        drawing = draw(scan.points, scan.faces, view)
        seen = find_faces(picture(scan, drawing, coloured=coloured), network, 0)
        if not seen:
            return best
        face = max(seen, key=lambda one: one.score)
        ipd = _ipd(drawing, face)
        if ipd is None:
            return best
        turn = rotation if best is None else rotation @ best.rotation.T
        best = Front(rotation, eyes, ipd, scale, coloured, face.score)
        if np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < STRAIGHT_DEG:
            break
    return best


def _placed(drawing: Drawing, face: Face) -> tuple[NDArray[np.float64], NDArray[np.float64], float] | None:
    """The view from straight before a face: rotation, the point between the eyes, and a millimetre of the mean head.

    The mean head is laid on the landmarks where they are on the surface. One that is seen from behind, hollow, fits
    better in the mirror: then the view is from the other side.
    """
    lifted = drawing.view.lifted(face.landmarks_px[INNER], drawing.nearness)
    there = np.isfinite(lifted).all(1)
    if there.mean() < LEAST_INNER:
        return None
    mean, there_at = MEAN_MM[INNER].astype(np.float64)[there], lifted[there]
    weight = np.clip(face.confidence[INNER][there], 1e-3, 1).astype(np.float64)
    for _ in range(2):
        turn, scale, shift = similarity(mean, there_at, weight)
        off = np.linalg.norm(mean @ turn.T * scale + shift - there_at, axis=1)
        weight = weight * np.less_equal(off, np.quantile(off, 1 - WORST))
    own = drawing.view.rotation
    eyes = shift @ own + drawing.view.centre
    if np.linalg.det(turn) < 0:  # hollow: its mirror image across the picture's plane is a head
        return np.diag([-1.0, 1.0, 1.0]) @ turn.T @ own, eyes, scale
    return turn.T @ own, eyes, scale


def similarity(
    one: NDArray[np.float64], other: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Rotation or reflection, scale and shift that lay `one` onto `other` (Umeyama 1991, without its proper sign)."""
    share = weight[:, None] / weight.sum()
    middles = (one * share).sum(0), (other * share).sum(0)
    a, b = one - middles[0], other - middles[1]
    u, values, vt = np.linalg.svd((b * share).T @ a)
    scale = float(values.sum() / (a**2 * share).sum())
    turn = u @ vt
    return turn, scale, middles[1] - scale * turn @ middles[0]


def _ipd(drawing: Drawing, face: Face) -> float | None:
    """Interpupillary distance by the middles of both eyes on the surface, in the scan's unit."""
    middles = []
    for eye in (RIGHT_EYE, LEFT_EYE):
        lifted = drawing.view.lifted(face.landmarks_px[eye], drawing.nearness)
        if not np.isfinite(lifted).all(1).any():
            return None
        middles.append(np.nanmean(lifted, axis=0))
    return PER_LIDS * float(np.linalg.norm(middles[1] - middles[0]))
