"""Photo -> the faces in it: windows coarse to fine through the face network, then each find centred and scored."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.face.landmarks import INNER, NOSE, Pose, eye_line_deg, fit_pose
from core.face.maps import FaceMaps, FaceNetwork
from core.face.window import cut, similarity, transform

SEARCH_PX = 1024  # longer side of the picture that is searched
FIRST_SIDE = 1.1  # of the longer side: a face may fill the picture
LEVELS = 4  # each halves the window: the network reads faces whose IPD is 1/16 to 1/4 of it
STEP = 0.5  # of the window's side
HEAD_HINT = 0.2  # finer windows are opened only where a coarser one saw this probability of head
CANDIDATE_SCORE = 0.35
MIN_SCORE = 0.75  # portraits score 0.95 and more, a face in profile 0.79, things and animals up to 0.71
SURE_SCORE = 0.9  # no finer windows are opened on a head found with this score
COVERED_IPD = 2.6  # how far such a head reaches, with its hair
IPD_SHARE = 45 / 256  # of the window's side, at which the network sees a face best
MAX_RESIDUAL_IPD = 0.3
RECENTRINGS = 2


@dataclass(frozen=True)
class Face:
    """A face in a photo.

    landmarks_px : (68, 2) float64, photo pixels. confidence : (68,) in 0..1. score : 0..1.
    """

    landmarks_px: NDArray[np.float64]
    confidence: NDArray[np.float32]
    score: float

    @property
    def pose(self) -> Pose:
        """See `fit_pose`."""
        return fit_pose(self.landmarks_px, self.confidence)

    @property
    def roll_deg(self) -> float:
        """Roll by the eye line where both eyes are seen, else by the whole pose."""
        pose = self.pose
        return eye_line_deg(self.landmarks_px) if abs(pose.yaw_deg) < 40 else pose.roll_deg


@dataclass(frozen=True)
class _Find:
    landmarks: NDArray[np.float64]
    confidence: NDArray[np.float32]
    score: float
    ipd: float
    centre: NDArray[np.float64]


def find_faces(rgb: NDArray[np.uint8], network: FaceNetwork) -> list[Face]:
    """All faces of a picture (H, W, 3), from left to right."""
    shrink = min(1.0, SEARCH_PX / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * shrink)), max(1, round(rgb.shape[0] * shrink)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8) if shrink < 1 else rgb
    back = np.array([rgb.shape[1] / size[0], rgb.shape[0] / size[1]])
    finds = []
    for candidate in _distinct(_search(small, network)):
        centre, ipd = (candidate.centre + 0.5) * back - 0.5, candidate.ipd * back.mean()
        found = _centred(rgb, centre, ipd, network)
        if found is not None and found.score >= MIN_SCORE:
            finds.append(found)
    faces = [Face(find.landmarks, find.confidence, find.score) for find in _distinct(finds)]
    return sorted(faces, key=lambda face: face.landmarks_px[NOSE, 0].mean())


def _search(rgb: NDArray[np.uint8], network: FaceNetwork) -> list[_Find]:
    """Candidates of all levels; a level is searched where the one before saw something of a head."""
    height, width = rgb.shape[:2]
    hint = np.ones((height, width), np.float32)
    finds: list[_Find] = []
    side = FIRST_SIDE * max(height, width)
    for level in range(LEVELS):
        if side < network.side_px / 2 and level > 0:
            break  # nothing more to see in so few pixels
        centres = [
            np.array([x, y])
            for y in _steps(height, side)
            for x in _steps(width, side)
            if level < 2 or _seen(hint, x, y, side) > HEAD_HINT
        ]
        if not centres:
            break
        matrices = [similarity(centre, side, 0, network.side_px) for centre in centres]
        maps = network.analyse(np.stack([cut(rgb, matrix, network.side_px) for matrix in matrices]))
        finds += [_find(maps, i, matrix) for i, matrix in enumerate(matrices)]
        hint = _hint(maps, matrices, (height, width))
        for find in finds:
            if find.score >= SURE_SCORE:
                cv2.circle(
                    hint, tuple(np.round(find.centre).astype(int).tolist()), round(COVERED_IPD * find.ipd), 0.0, -1
                )
        side /= 2
    return [find for find in finds if find.score >= CANDIDATE_SCORE]


def _steps(length: int, side: float) -> NDArray[np.float64]:
    count = max(1, int(np.ceil((length - side) / (side * STEP))) + 1)
    first = min(side / 2, length / 2)
    return np.linspace(first, max(length - side / 2, first), count) - 0.5


def _seen(hint: NDArray[np.float32], x: float, y: float, side: float) -> float:
    """Greatest head probability within the inner half of a window."""
    reach = side / 4
    rows = slice(max(0, int(y - reach)), max(1, int(y + reach)))
    columns = slice(max(0, int(x - reach)), max(1, int(x + reach)))
    return float(hint[rows, columns].max(initial=0))


def _hint(maps: FaceMaps, matrices: list[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.float32]:
    hint = np.zeros(shape, np.float32)
    for head, matrix in zip(maps.head, matrices, strict=True):
        flags = cv2.INTER_LINEAR
        np.maximum(hint, cv2.warpAffine(head, matrix, (shape[1], shape[0]), flags=flags), out=hint)
    return hint


def _find(maps: FaceMaps, index: int, window_to_picture: NDArray[np.float64]) -> _Find:
    inside, confidence = maps.landmarks[index].astype(np.float64), maps.confidence[index]
    pose = fit_pose(inside, confidence)
    last = maps.head.shape[1] - 1
    columns, rows = np.clip(np.round(inside[INNER]), 0, last).astype(int).T
    score = float(confidence.mean() * maps.head[index][rows, columns].mean())
    if pose.residual_ipd > MAX_RESIDUAL_IPD:
        score *= 0.5
    landmarks = transform(window_to_picture, inside)
    scale = float(np.hypot(window_to_picture[0, 0], window_to_picture[1, 0]))
    return _Find(landmarks, confidence, score, pose.ipd_px * scale, landmarks[NOSE].mean(0))


def _centred(rgb: NDArray[np.uint8], centre: NDArray[np.float64], ipd: float, network: FaceNetwork) -> _Find | None:
    """Look again at the size and place at which the network sees best."""
    found = None
    roll = 0.0
    for _ in range(RECENTRINGS):
        if not 4 <= ipd <= 2 * max(rgb.shape[:2]):
            return None
        matrix = similarity(centre, ipd / IPD_SHARE, roll, network.side_px)
        found = _find(network.analyse(cut(rgb, matrix, network.side_px)[None]), 0, matrix)
        centre, ipd = found.centre, found.ipd
        roll = Face(found.landmarks, found.confidence, found.score).roll_deg
    return found


def _distinct(finds: list[_Find]) -> list[_Find]:
    """Non-maximum suppression: of finds whose centres lie within an IPD, the best."""
    kept: list[_Find] = []
    for find in sorted(finds, key=lambda f: -f.score):
        if all(np.linalg.norm(find.centre - other.centre) > max(find.ipd, other.ipd) for other in kept):
            kept.append(find)
    return kept
