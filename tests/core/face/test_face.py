from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.depth.estimator import Networks
from core.face.detect import Face, find_faces
from core.face.head import head_maps, head_mask
from core.face.landmarks import LEFT_EYE, MEAN_MM, MIRRORED, NOSE_TIP, RIGHT_EYE, eye_line_deg, fit_pose
from core.face.level import inside_photo, level, whole
from core.face.window import cut, inverse, similarity, transform
from core.photo import read_photo

SHARED = Path(__file__).parents[4] / "shared" / "faces"


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> np.ndarray:
    (cy, cp, cr), (sy, sp, sr) = (f(np.radians([yaw_deg, pitch_deg, roll_deg])) for f in (np.cos, np.sin))
    yaw = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]]) @ pitch @ yaw


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (30, 0, 0), (0, -15, 0), (0, 0, 25), (-50, 10, -30)])
def test_pose_is_read_back(yaw: float, pitch: float, roll: float) -> None:
    turned = MEAN_MM @ rotation(yaw, 0, 0).T @ rotation(0, pitch, 0).T @ rotation(0, 0, roll).T
    pose = fit_pose(2.5 * turned[:, :2] + [300, 200], np.ones(68))
    assert pose.px_per_mm == pytest.approx(2.5)
    assert pose.eyes_px == pytest.approx([300, 200])
    assert pose.residual_ipd < 1e-6
    assert np.abs(pose.rotation - rotation(0, 0, roll) @ rotation(0, pitch, 0) @ rotation(yaw, 0, 0)).max() < 1e-6
    if pitch == roll == 0:
        assert pose.yaw_deg == pytest.approx(yaw)


def test_mean_landmarks_are_symmetric_and_in_front() -> None:
    assert np.abs(MEAN_MM[MIRRORED] * [-1, 1, 1] - MEAN_MM).max() < 1e-4
    assert np.argmin(MEAN_MM[:, 2]) == NOSE_TIP


def test_cut_shows_what_its_matrix_says() -> None:
    y, x = np.mgrid[0:400, 0:500]
    picture = np.stack([x / 2, y / 2, np.zeros_like(x)], -1).astype(np.uint8)
    for side_px, roll in ((60, 0), (200, 20), (900, -35)):
        matrix = similarity(np.array([250.0, 200.0]), side_px, roll, 64)
        window = cut(picture, matrix, 64)
        at = transform(matrix, np.array([[32.0, 32.0], [25.0, 40.0]]))
        seen = window[[32, 40], [32, 25], :2].astype(float) * 2
        assert np.abs(seen - at).max() < 2.6
        assert np.abs(transform(inverse(matrix), at) - [[32, 32], [25, 40]]).max() < 1e-9


def test_portraits_are_found_and_levelled(networks: Networks, astronaut: Path, grace_hopper: Path) -> None:
    left, right = read_photo(astronaut).rgb, read_photo(grace_hopper).rgb
    both = np.zeros((600, 1024, 3), np.uint8)
    both[44:556, :512], both[:, 512:] = left, right
    faces = find_faces(both, networks.face())
    assert [float(face.landmarks_px[NOSE_TIP, 0]) for face in faces] == pytest.approx([225, 780], abs=8)
    assert all(face.score > 0.9 for face in faces)
    for face in faces:
        crop = level(both, face)
        maps = head_maps(crop.rgb, networks.face())
        eyes = maps.landmarks_px[[*range(36, 48)]]
        assert abs(eye_line_deg(maps.landmarks_px)) < 3
        assert np.abs(crop.to_crop(crop.to_photo(eyes)) - eyes).max() < 1e-9
        mask = head_mask(maps.head, maps.landmarks_px)
        columns, rows = np.round(maps.landmarks_px[17:]).astype(int).T
        assert mask[rows, columns].mean() > 0.95
        assert cv2.connectedComponents(mask.astype(np.uint8))[0] == 2
        assert 0.1 < mask.mean() < 0.6
        nose, ears = maps.relief[mask].max(), np.median(maps.relief[mask])
        assert maps.relief[tuple(np.round(maps.landmarks_px[NOSE_TIP])[::-1].astype(int))] > (nose + ears) / 2


@pytest.mark.parametrize("roll", [-30, 20])
def test_a_rolled_head_is_levelled(networks: Networks, grace_hopper: Path, roll: int) -> None:
    rgb = read_photo(grace_hopper).rgb
    (upright,) = find_faces(rgb, networks.face())
    turn = cv2.getRotationMatrix2D((256, 300), -roll, 1.0)
    (face,) = find_faces(cv2.warpAffine(rgb, turn, (512, 600), borderMode=cv2.BORDER_REPLICATE), networks.face())
    assert face.roll_deg - upright.roll_deg == pytest.approx(roll, abs=4)
    eyes = [upright.landmarks_px[part].mean(0) for part in (RIGHT_EYE, LEFT_EYE)]
    ipd = np.linalg.norm(eyes[1] - eyes[0])
    assert np.abs(transform(turn, upright.landmarks_px) - face.landmarks_px).mean() < 0.1 * ipd


@pytest.fixture(scope="module")
def upright_faces(networks: Networks, grace_hopper: Path, astronaut: Path) -> list[tuple[np.ndarray, Face]]:
    """Both portraits with their faces, as they stand."""
    photos = [read_photo(portrait).rgb for portrait in (grace_hopper, astronaut)]
    return [(rgb, *find_faces(rgb, networks.face())) for rgb in photos]


@pytest.mark.parametrize("turn_deg", [90, 180, 270])
def test_a_photo_that_does_not_stand_upright_is_read_in_the_photo_as_it_is(
    networks: Networks, upright_faces: list[tuple[np.ndarray, Face]], turn_deg: int
) -> None:
    for rgb, upright in upright_faces:
        stored = np.ascontiguousarray(np.rot90(rgb, turn_deg // 90))  # clockwise by turn_deg it is upright
        (face,) = find_faces(stored, networks.face())
        moved = turned_back(upright.landmarks_px, rgb.shape[1], rgb.shape[0], turn_deg)
        assert np.abs(face.landmarks_px - moved).mean() < 0.02 * upright.pose.ipd_px
        assert face.score == pytest.approx(upright.score, abs=0.01)
        assert (face.roll_deg + turn_deg - upright.roll_deg + 180) % 360 - 180 == pytest.approx(0, abs=1.5)
        assert face.pose.yaw_deg == pytest.approx(upright.pose.yaw_deg, abs=2)
        assert face.pose.pitch_deg == pytest.approx(upright.pose.pitch_deg, abs=2)
        crop = level(stored, face)
        assert np.abs(crop.rgb.astype(float) - level(rgb, upright).rgb).mean() < 4
        (given,) = find_faces(stored, networks.face(), turn_deg)
        assert np.abs(given.landmarks_px - moved).mean() < 0.02 * upright.pose.ipd_px


def turned_back(points: np.ndarray, width: int, height: int, turn_deg: int) -> np.ndarray:
    """Points of an upright picture -> of the picture that turned clockwise by turn_deg is it."""
    x, y = points.T
    for _ in range(turn_deg // 90):
        x, y, width, height = y, width - 1 - x, height, width
    return np.stack([x, y], 1)


def test_people_who_lie_beside_others_are_found_each_once(
    networks: Networks, astronaut: Path, grace_hopper: Path
) -> None:
    stands, lies = read_photo(astronaut).rgb, read_photo(grace_hopper).rgb
    both = np.full((600, 1624, 3), 90, np.uint8)
    both[44:556, :512], both[:512, 512:1112] = stands, np.rot90(lies)
    both[:, 1112:] = lies[::-1, ::-1]
    faces = find_faces(both, networks.face())
    assert [face.pose.quarter_deg % 360 for face in faces] == [0, 270, 180]
    assert all(face.score > 0.95 for face in faces)
    (upright,) = find_faces(both[:, :512], networks.face(), 0)
    assert upright.landmarks_px == pytest.approx(faces[0].landmarks_px, abs=1)
    assert len(find_faces(both, networks.face(), 0)) == 1


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (30, 0, 20), (0, -15, -40), (-80, 10, 5), (20, 20, 0)])
def test_yaw_and_pitch_do_not_depend_on_how_the_photo_is_turned(yaw: float, pitch: float, roll: float) -> None:
    poses = [
        fit_pose((MEAN_MM @ (rotation(0, 0, turn) @ rotation(yaw, pitch, roll)).T)[:, :2] + 300, np.ones(68))
        for turn in (0, 90, 180, 270)
    ]
    assert [pose.quarter_deg % 360 for pose in poses] == [0, 90, 180, 270]
    for turn, pose in zip((0, 90, 180, 270), poses, strict=True):
        assert pose.yaw_deg == pytest.approx(poses[0].yaw_deg, abs=1e-6)
        assert pose.pitch_deg == pytest.approx(poses[0].pitch_deg, abs=1e-6)
        assert (pose.roll_deg - turn - poses[0].roll_deg + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ["coffee.png", "rocket.jpg", "chelsea.png"])
def test_no_face_where_there_is_none(networks: Networks, name: str) -> None:
    with (files("skimage") / "data" / name).open("rb") as file:
        assert find_faces(read_photo(file.read(), name).rgb, networks.face()) == []


def test_border_of_a_crop_is_known() -> None:
    crop = whole(np.zeros((100, 200, 3), np.uint8), side_px=64)
    inside = inside_photo(crop, (100, 200))
    assert inside.mean() == pytest.approx(0.5, abs=0.04)
    assert inside[32].all()
    assert not inside[2].any()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of test faces is not here")
@pytest.mark.parametrize("path", sorted((SHARED / "photos").glob("*")), ids=lambda p: p.name)
def test_shared_photos(networks: Networks, path: Path) -> None:
    faces = find_faces(read_photo(path).rgb, networks.face())
    number = int(path.name[:2])
    assert len(faces) == {8: 2, 9: 2, 10: 0, 11: 0, 12: 0}.get(number, 1)
    if number == 8:  # the man: small, bearded, in strict profile before a wall as bright as his skin
        assert faces[1].landmarks_px[NOSE_TIP] == pytest.approx([322, 116], abs=5)
        assert faces[1].pose.yaw_deg < -75


def test_the_outline_is_smooth_but_a_profile_stays_sharp() -> None:
    probability = np.zeros((512, 512), np.float32)
    cv2.ellipse(probability, (256, 220), (95, 130), 0, 0, 360, 1.0, -1)
    head = probability > 0.5
    cv2.line(probability, (340, 130), (440, 60), 1.0, 13)  # a wisp of hair
    cv2.line(probability, (270, 340), (290, 420), 1.0, 11)  # a tip of the collar
    cv2.circle(probability, (300, 150), 6, 0.0, -1)  # a hole
    cv2.line(probability, (256, 80), (256, 112), 0.0, 7)  # a badge on a cap
    cv2.circle(probability, (256, 112), 9, 0.0, -1)
    cv2.line(probability, (180, 240), (146, 240), 1.0, 19)  # a nose
    landmarks = np.array([[137, 240], [180, 160], [175, 300], [250, 330], [290, 250]], float)
    mask = head_mask(cv2.GaussianBlur(probability, (0, 0), 1.5), landmarks)
    assert not mask[60:100, 390:].any()
    assert not mask[375:, :].any()
    assert mask[108:125, 245:267].all()
    assert mask[head].mean() > 0.99
    assert mask[240, 140]
    assert mask.sum() < 1.03 * (head.sum() + 600)


def test_where_the_network_sees_no_head_it_is_the_hull_of_the_landmarks() -> None:
    landmarks = np.array([[137, 240], [180, 160], [175, 300], [250, 330], [290, 250]], float)
    mask = head_mask(np.full((512, 512), 0.2, np.float32), landmarks)
    assert mask[240, 200]
    assert not mask[100, 100]
    assert 0.03 < mask.mean() < 0.1
