"""The network that proposes faces: what it is taught, and that its answers are read as they were taught."""

import cv2
import numpy as np
import pytest
import torch

from core.depth.builtin.network import read_proposals
from core.depth.estimator import Networks
from core.face.detect import MIN_SCORE, SURE_SCORE, _attended, _Place, face_in_box, find_faces
from core.face.landmarks import NOSE
from core.face.window import similarity
from core.photo import read_photo

pytest.importorskip("numba", reason="training reads what the renderer writes")

from core.depth.builtin.render.pool import FACTS, PoolWriter, Sample
from core.depth.builtin.train.finder import CANVAS_PX, Canvases, Spot, loss, targets, train


def perfect(spots: list[Spot]) -> torch.Tensor:
    target = torch.from_numpy(targets(spots))
    logit = torch.where(target[0] > 0.999, 8.0, -8.0)
    return torch.cat([logit[None], target[2:5]])


def test_what_is_taught_is_read_back() -> None:
    spots = [Spot(30.3, 40.8, 6.0), Spot(90.0, 70.2, 12.0)]
    found = read_proposals(perfect(spots), 0.5)
    order = np.argsort(found.middle_px[:, 0])
    assert found.middle_px[order] == pytest.approx(np.array([[s.x, s.y] for s in spots]), abs=1e-3)
    assert found.ipd_px[order] == pytest.approx([6.0, 12.0], rel=1e-5)


def test_the_loss_is_small_at_the_truth_alone_and_asks_nothing_of_odd_sizes() -> None:
    spots = [Spot(64.0, 64.0, 8.0)]
    target = torch.from_numpy(targets(spots))[None]
    truth = perfect(spots)[None]
    assert sum(float(part) for part in loss(truth, target)) < 1e-2
    missed = truth.clone()
    missed[:, 0] = -8.0
    assert float(loss(missed, target)[0]) > 5
    borderline = torch.from_numpy(targets([Spot(64.0, 64.0, 15.0)]))[None]
    assert float(loss(truth, borderline)[0]) < 1e-2  # neither right nor wrong
    large = torch.from_numpy(targets([Spot(64.0, 64.0, 40.0)]))[None]
    assert float(loss(truth, large)[0]) > 5  # eyes and mouths of a large face are no faces


def test_canvases_know_where_faces_are_and_training_writes_weights(tmp_path) -> None:
    writer = PoolWriter(tmp_path / "pool", 4, seed=0)
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    for _ in range(4):
        marks = 0.5 + 0.1 * np.stack([np.cos(angle), np.sin(angle)], 1)
        marks[NOSE] = [0.6, 0.4]
        image = np.zeros((256, 256, 3), np.uint8)
        image[round(0.4 * 256) - 24 : round(0.4 * 256) + 24, round(0.6 * 256) - 24 : round(0.6 * 256) + 24] = 255
        nothing = np.zeros((256, 256), np.float16), np.zeros((256, 256, 2), np.uint8)
        writer.add(Sample(image, *nothing, marks.astype(np.float32), np.zeros(len(FACTS), np.float32)))
    writer.flush()
    canvases = Canvases([tmp_path / "pool"], seed=1)
    bright = []
    for _ in range(40):
        picture, spots = canvases.draw()
        inside = [s for s in spots if 2 < s.x < CANVAS_PX - 3 and 2 < s.y < CANVAS_PX - 3]
        bright += [float(picture[round(s.y), round(s.x)].mean()) - float(np.median(picture)) for s in inside[-1:]]
    assert np.mean(np.array(bright) > 20) > 0.8
    train(canvases, tmp_path, seconds=0.01)
    assert (tmp_path / "finder.safetensors").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("ipd_px", [24, 60, 250])
def test_small_faces_are_found_in_a_large_photo(networks: Networks, grace_hopper, ipd_px: int) -> None:
    portrait, scale = read_photo(grace_hopper).rgb, ipd_px / 77
    small = cv2.resize(
        portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    photo = np.full((3000, 4000, 3), 90, np.uint8)
    photo[500 : 500 + small.shape[0], 2000 : 2000 + small.shape[1]] = small
    (face,) = find_faces(photo, networks.face())
    assert face.score > 0.9
    assert face.pose.ipd_px == pytest.approx(ipd_px, rel=0.1)


def test_a_box_drawn_by_hand_is_read(networks: Networks, grace_hopper) -> None:
    rgb = read_photo(grace_hopper).rgb
    (face,) = find_faces(rgb, networks.face())
    x, y = face.landmarks_px[NOSE].mean(0)
    drawn = face_in_box(rgb, (x + 12, y - 10, 240.0), networks.face())
    assert np.abs(drawn.landmarks_px - face.landmarks_px).mean() < 3
    nothing = face_in_box(rgb, (60.0, 60.0, 90.0), networks.face())
    assert nothing.score < MIN_SCORE


@pytest.mark.parametrize(("score", "blurred"), [(0.5, True), (SURE_SCORE, False)])
def test_a_doubtful_face_is_looked_at_again_with_the_background_blurred(score: float, blurred: bool) -> None:
    window = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    head = np.zeros((256, 256), np.float32)
    head[100:180, 80:140] = 1
    first, second = (similarity(np.array([300.0 + x, 200.0]), 200.0, 0.0, 256) for x in (0, 25))
    place = _Place(np.array([300.0, 200.0]), 30.0, score, 0.0, None, (head, first))
    seen = _attended(window, second, place).astype(float)
    # 25 pixels of the picture are 32 of the window: the head is seen there to the left of where it was.
    np.testing.assert_array_equal(seen[104:176, 52:104], window[104:176, 52:104])
    assert (seen[:80].std() < 0.2 * window[:80].std()) == blurred
    assert (seen[100:180, 140:].std() < 0.2 * window[100:180, 140:].std()) == blurred
