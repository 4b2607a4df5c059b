"""Photo -> the faces in it: places proposed at every scale, each read by the face network, centred and scored."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.face.landmarks import INNER, NOSE, Pose, eye_line_deg, fit_pose
from core.face.maps import FaceMaps, FaceNetwork
from core.face.window import cut, disc, inverse, similarity, transform

FOUND_IPD_PX = 24.0  # faces of at least this size are looked for in a photo of any size
LEAST_IPD_PX = 16.0  # smaller ones are no use for depth
MARGIN = 1.2  # over the smallest face that the small network sees
LOOKED_AT_PX = 512  # longer side: a picture that small is looked at as it is
SMALLEST_PX = 24  # longer side at which a face that fills the picture is looked for
PROPOSAL_SCORE = 0.3
MOST_PROPOSALS = 100
NEARLY = 0.75  # of the least size: worth a look, since sizes are guessed at first
MIN_SCORE = 0.62  # portraits score 0.98 and more, heads in profile 0.65 to 0.9, most things that pass for faces less
SURE_SCORE = 0.9  # beside a face that is found so surely, one of less than a fifth of its size must be as sure
IPD_SHARE = 45 / 256  # of the window's side, at which the network sees a face best
BOX_IPD_SHARE = 0.4  # of the side of a box that a person draws round a face
MAX_RESIDUAL_IPD = 0.3
LOOKS = 3  # at most, each levelled and centred by the one before; where the second leaves no doubt there is no third
ATTENDED_RIM_PX, BLUR_PX = 5, 41  # of the window
QUARTERS = (90, 180, 270)  # degrees clockwise that may make a photo upright, beside 0
CERTAIN_SCORE = 0.95  # a face read on its head can score 0.92, so no other way up is tried only from here on
UPRIGHT_BONUS = 0.01  # over the same face read another way up: most photos stand upright
TURNED_SCORE = 0.85  # of a turned face beside others
TURNED_ALONE_SCORE = 0.73  # of a turned face in a photo without another
LEAST_SHARE = 1 / 3  # of the largest certain face's size: a turned one beside it is looked for from there on
HEAD_IPD = 2.0  # nearer to a face there is no other one that stands another way up: it is a chin taken for a forehead
LEAST_SCORE = 0.2  # below, a second look is a waste


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
class _Place:
    """Where to look for a face: its middle (2,) and IPD in photo pixels, how sure it is, and what was read there.

    roll_deg : how it stands in the picture. window : the last one that was read there, if any: the head in it (S, S)
    float32 in 0..1, and its matrix (2, 3).
    """

    middle: NDArray[np.floating]
    ipd: float
    score: float
    roll_deg: float
    face: Face | None = None
    window: tuple[NDArray[np.float32], NDArray[np.float64]] | None = None

    def is_turned(self, turn_deg: int = 0) -> bool:
        """Whether it is not upright in the picture turned clockwise by `turn_deg`."""
        return abs((self.roll_deg + turn_deg + 180) % 360 - 180) > 45


def find_faces(rgb: NDArray[np.uint8], network: FaceNetwork, turn_deg: int | None = None) -> list[Face]:
    """All faces of a picture (H, W, 3) whose IPD is 24 px or more, from left to right, however each is turned.

    turn_deg : 0, 90, 180 or 270, how far the picture is to be turned clockwise until it is upright; None: that is
    found out, for each face by itself. Faces are given in the picture as it is.
    """
    halves, upright = _halves(rgb), turn_deg or 0
    places = _looked_at(halves, upright, [], network)
    if turn_deg is None:
        certain = [place for place in places if place.score >= CERTAIN_SCORE and not place.is_turned()]
        places += [place for turn in QUARTERS for place in _looked_at(halves, turn, certain, network)]
    found = [place for place in _distinct(places, upright) if place.score >= MIN_SCORE and place.ipd >= LEAST_IPD_PX]
    chosen = [place for place in found if place.score >= TURNED_SCORE or not place.is_turned(upright)]
    if not chosen:
        chosen = [place for place in found[:1] if place.score >= TURNED_ALONE_SCORE]
    largest = max((place.ipd for place in chosen if place.score >= SURE_SCORE), default=0.0)
    faces = [place.face for place in chosen if place.face and (place.score >= SURE_SCORE or place.ipd >= largest / 5)]
    return sorted(faces, key=lambda face: face.landmarks_px[NOSE, 0].mean())


def too_small(rgb: NDArray[np.uint8], network: FaceNetwork) -> float | None:
    """IPD in px of the largest face of a picture (H, W, 3) in which `find_faces` finds none; None: there is none.

    Only a small picture is looked at, at twice its size.
    """
    if max(rgb.shape[:2]) > LOOKED_AT_PX:
        return None
    large = np.asarray(cv2.resize(rgb, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
    found = [face.pose.ipd_px / 2 for face in find_faces(large, network)]
    return max((ipd for ipd in found if ipd < LEAST_IPD_PX), default=None)


def face_in_box(
    rgb: NDArray[np.uint8], box: tuple[float, float, float], network: FaceNetwork, turn_deg: int | None = None
) -> Face:
    """The face in a square that a person has drawn round it, however low its score.

    box : x and y of its middle, and its side, in picture pixels. turn_deg : as of `find_faces`.
    """
    first = _in_box(rgb, box, turn_deg or 0, network)
    if turn_deg is None and first.score < CERTAIN_SCORE:
        others = [_in_box(rgb, box, turn, network) for turn in QUARTERS]
        first = max((first, *others), key=lambda place: place.score - UPRIGHT_BONUS * place.is_turned())
    assert first.face is not None
    return first.face


def _in_box(rgb: NDArray[np.uint8], box: tuple[float, float, float], turn_deg: int, network: FaceNetwork) -> _Place:
    x, y, side = box
    place = drawn = _Place(np.array([x, y]), side * BOX_IPD_SHARE, 0.0, -turn_deg)
    for _ in range(LOOKS):
        (seen,) = _read([rgb], [place], network)
        near = np.abs(seen.middle - drawn.middle).max() < side / 2 and 0.4 < seen.ipd / drawn.ipd < 2.5
        if place.face is None or (near and seen.score > place.score):
            place = seen
        if not near:
            break
    return place


def _halves(rgb: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The picture, its half, its quarter and so on, down to about `LOOKED_AT_PX`: windows are cut from what is near."""
    pictures = [rgb]
    while max(pictures[-1].shape[:2]) >= 2 * LOOKED_AT_PX and min(pictures[-1].shape[:2]) >= 2:
        even = pictures[-1][: pictures[-1].shape[0] // 2 * 2, : pictures[-1].shape[1] // 2 * 2]
        pictures.append(_scaled(even, 0.5))
    return pictures


def _looked_at(
    halves: list[NDArray[np.uint8]], turn_deg: int, taken: list[_Place], network: FaceNetwork
) -> list[_Place]:
    """What is read where the picture, turned clockwise by `turn_deg`, may show faces, but for places that are taken."""
    proposed = _proposed(halves, turn_deg, max((LEAST_SHARE * place.ipd for place in taken), default=0.0), network)
    doubtful = [place for place in proposed if all(_apart(place, other) > HEAD_IPD * other.ipd for other in taken)]
    settled: list[_Place] = []
    for look in range(LOOKS):
        seen = [place for place in _read(halves, doubtful, network) if _plausible(place, halves[0])]
        doubtful = [place for place in seen if look == 0 or place.score < SURE_SCORE]
        settled += [place for place in seen if look > 0 and place.score >= SURE_SCORE]
    return settled + doubtful


def _proposed(halves: list[NDArray[np.uint8]], turn_deg: int, least_ipd: float, network: FaceNetwork) -> list[_Place]:
    """Places worth a closer look: the picture at scales half of each other, turned, through the small network.

    least_ipd : in px; where it is given, the picture is looked at no larger than such a face needs.
    """
    rgb = halves[0]
    longer = max(rgb.shape[:2])
    needed = MARGIN * network.proposed_px[0] / max(FOUND_IPD_PX, least_ipd)
    scale = min(1.0, needed if least_ipd else max(needed, LOOKED_AT_PX / longer))
    nearest = next(half for half in reversed(halves) if max(half.shape[:2]) >= round(scale * longer))
    picture = _scaled(nearest, min(1.0, scale * longer / max(nearest.shape[:2])))
    places: list[_Place] = []
    while max(picture.shape[:2]) >= SMALLEST_PX:
        back = np.array([rgb.shape[1] / picture.shape[1], rgb.shape[0] / picture.shape[0]])
        found = network.propose(np.rot90(picture, -turn_deg // 90), PROPOSAL_SCORE)
        middles = _turned_back(found.middle_px, picture.shape, turn_deg)
        for middle, ipd, score in zip(middles, found.ipd_px, found.score, strict=True):
            places.append(_Place((middle + 0.5) * back - 0.5, float(ipd * back.mean()), float(score), -turn_deg))
        picture = _scaled(picture, 0.5)
    return [place for place in _distinct(places) if place.ipd >= NEARLY * LEAST_IPD_PX][:MOST_PROPOSALS]


def _turned_back(points_px: NDArray[np.floating], shape: tuple[int, ...], turn_deg: int) -> NDArray[np.floating]:
    """Points (N, 2) of a picture turned clockwise by `turn_deg` -> of the picture of `shape` as it was."""
    (x, y), (height, width) = points_px.T, shape[:2]
    back = {0: (x, y), 90: (y, height - 1 - x), 180: (width - 1 - x, height - 1 - y), 270: (width - 1 - y, x)}
    return np.stack(back[turn_deg], axis=1)


def _plausible(place: _Place, rgb: NDArray[np.uint8]) -> bool:
    return place.score >= LEAST_SCORE and NEARLY * LEAST_IPD_PX <= place.ipd <= max(rgb.shape[:2])


def _scaled(rgb: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8) if scale < 1 else rgb


def _read(halves: list[NDArray[np.uint8]], places: list[_Place], network: FaceNetwork) -> list[_Place]:
    """Read a window round each place, levelled by what is known of it, at the size the network sees best."""
    side = network.side_px
    matrices = [similarity(place.middle, place.ipd / IPD_SHARE, place.roll_deg, side) for place in places]
    if not matrices:
        return []
    windows = [_attended(_cut(halves, m, side), m, place) for m, place in zip(matrices, places, strict=True)]
    maps = network.analyse(np.stack(windows))
    return [_found(maps, i, matrix) for i, matrix in enumerate(matrices)]


def _attended(window: NDArray[np.uint8], window_to_picture: NDArray[np.float64], place: _Place) -> NDArray[np.uint8]:
    """In a doubtful place, blur what the last look took for background: joints and frames distract from a profile."""
    if place.window is None or place.score >= SURE_SCORE:
        return window
    (head, before), back = place.window, inverse(window_to_picture)
    moved = np.c_[back[:, :2] @ before[:, :2], transform(back, before[:, 2])]
    head = np.asarray(cv2.warpAffine(head, moved, window.shape[:2]), np.float32)
    grown = cv2.dilate(head, disc(ATTENDED_RIM_PX))
    share = cv2.GaussianBlur(np.clip(1.5 * grown, 0, 1), (0, 0), ATTENDED_RIM_PX / 2)[..., None]
    behind = cv2.stackBlur(window, (BLUR_PX, BLUR_PX))
    return np.asarray(window * share + behind * (1 - share) + 0.5, np.uint8)


def _cut(halves: list[NDArray[np.uint8]], window_to_picture: NDArray[np.float64], side: int) -> NDArray[np.uint8]:
    """Cut a window out of the smallest half that is no coarser than the window."""
    reduction = float(np.hypot(window_to_picture[0, 0], window_to_picture[1, 0]))
    level = int(np.clip(np.log2(max(reduction, 1.0)), 0, len(halves) - 1))
    to_half = window_to_picture / 2**level
    to_half[:, 2] += 0.5 / 2**level - 0.5
    return cut(halves[level], to_half, side)


def _found(maps: FaceMaps, index: int, window_to_picture: NDArray[np.float64]) -> _Place:
    inside, confidence = maps.landmarks[index].astype(np.float64), maps.confidence[index]
    pose = fit_pose(inside, confidence)
    columns, rows = np.clip(np.round(inside[INNER]), 0, maps.head.shape[1] - 1).astype(int).T
    score = float(confidence.mean() * maps.head[index][rows, columns].mean())
    if pose.residual_ipd > MAX_RESIDUAL_IPD:
        score *= 0.5
    landmarks = transform(window_to_picture, inside)
    scale = float(np.hypot(window_to_picture[0, 0], window_to_picture[1, 0]))
    face = Face(landmarks, confidence, score)
    middle = landmarks[NOSE].mean(0)
    return _Place(middle, pose.ipd_px * scale, score, face.roll_deg, face, (maps.head[index], window_to_picture))


def _apart(one: _Place, other: _Place) -> float:
    return float(np.linalg.norm(one.middle - other.middle))


def _distinct(places: list[_Place], turn_deg: int = 0) -> list[_Place]:
    """Non-maximum suppression: of places within an IPD of each other, the surest; `turn_deg` makes faces upright.

    Places that stand different ways up must be farther apart.
    """
    kept: list[_Place] = []
    for place in sorted(places, key=lambda p: UPRIGHT_BONUS * p.is_turned(turn_deg) - p.score):
        if all(_apart(place, other) > _reach(place, other) for other in kept):
            kept.append(place)
    return kept


def _reach(place: _Place, surer: _Place) -> float:
    reach = max(place.ipd, surer.ipd)
    return max(reach, HEAD_IPD * surer.ipd) if place.is_turned(-round(surer.roll_deg)) else reach
