"""Training: crops and mirror images keep picture and answers together; a run learns, stops and goes on."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip("numba", reason="training reads what the renderer writes")

from core.depth.builtin.render.pool import FACTS, PoolWriter, Sample
from core.depth.builtin.train.batches import (
    TIGHT_IPD,
    WHOLE,
    Batches,
    Window,
    at_edge,
    batch,
    before_wall,
    cut,
    face_window,
    grainy,
    move,
    relit,
)
from core.depth.builtin.train.batches import Item as BatchItem
from core.depth.builtin.train.loop import Plan, Run, train
from core.depth.builtin.train.losses import losses, total
from core.face.landmarks import MIRRORED


def dot_face(seed: int = 0) -> Sample:
    """A disc with a bump for relief and 68 landmarks, the 31st marked by a white dot."""
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[0:256, 0:256] + 0.5) / 256
    centre = 0.5 + rng.normal(0, 0.03, 2)
    away = np.hypot(x - centre[0], y - centre[1])
    image = np.clip(200 - 300 * away, 20, 255)[..., None].repeat(3, 2).astype(np.uint8)
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    marks = centre + 0.15 * np.stack([np.cos(turn), np.sin(turn)], 1)
    marks[36:42], marks[42:48] = centre - 0.05 - np.array([0.04, 0]), centre - 0.05 + np.array([0.14, 0])
    marks[8], marks[27], marks[30] = (centre + np.array(offset) for offset in ((0, 0.15), (0, -0.05), (0.02, 0.04)))
    image[np.hypot(x - marks[30, 0], y - marks[30, 1]) < 0.012] = 255
    masks = ((away < 0.3)[..., None] * np.uint8(255)).repeat(2, 2)
    relief = np.where(away < 0.3, 1 - 6 * away, 0).astype(np.float16)
    return Sample(image, relief, masks, marks.astype(np.float32), np.zeros(len(FACTS), np.float32))


@pytest.fixture
def pool(tmp_path):
    writer = PoolWriter(tmp_path / "pool", 8, seed=0)
    for seed in range(8):
        writer.add(dot_face(seed))
    writer.flush()
    return tmp_path / "pool"


@pytest.mark.parametrize(
    "window", [Window(0.55, 0.45, 0.7, 0.0), Window(0.5, 0.5, 1.2, 30.0), Window(0.5, 0.48, 0.6, -20.0)]
)
def test_a_landmark_moves_with_its_picture(window):
    sample = dot_face()
    image, relief, masks = cut(sample, window, 256)
    x, y = move(sample.landmarks, window)[30] * 256 - 0.5
    v, u = np.nonzero(image[..., 0] > 245)
    assert np.hypot(u.mean() - x, v.mean() - y) < 0.6
    assert relief[masks[..., 1] < 128].max(initial=0) <= 1  # nothing made up at the rim
    assert relief.max() == pytest.approx(float(sample.relief.max()), abs=0.1)


def test_the_face_window_levels_and_scales():
    sample = dot_face()
    rolled = move(sample.landmarks, Window(0.5, 0.5, 1.1, 25.0))
    level = move(rolled, face_window(rolled, TIGHT_IPD))
    right, left = level[36:42].mean(0), level[42:48].mean(0)
    assert left[0] - right[0] == pytest.approx(TIGHT_IPD, rel=0.02)
    assert left[1] - right[1] == pytest.approx(0, abs=0.01)


def test_relighting_makes_the_background_as_bright_and_leaves_the_subject():
    subject = np.zeros((64, 64), np.uint8)
    subject[16:48, 16:48] = 255
    image = np.where(subject[..., None] > 0, 160, 40).repeat(3, 2).astype(np.uint8)
    ratios = []
    for seed in range(200):
        lit = relit(np.random.default_rng(seed), image, subject)
        assert (lit[subject > 0] == 160).all()
        ratios.append(lit[subject == 0].mean() / 160)
    assert np.exp(np.mean(np.log(ratios))) == pytest.approx(1, abs=0.06)
    assert np.std(np.log(ratios)) > 0.1


def test_another_wall_behind_leaves_the_subject_and_a_gray_picture_gray():
    subject = np.zeros((64, 64), np.uint8)
    subject[16:48, 16:48] = 255
    colours = np.random.default_rng(5).integers(0, 256, (64, 64, 3), np.uint8)
    for image, gray in ((colours, False), (colours[..., :1].repeat(3, 2), True)):
        drawn = [before_wall(np.random.default_rng(seed), image, subject) for seed in range(12)]
        for picture in drawn:
            np.testing.assert_array_equal(picture[subject > 0], image[subject > 0])
            assert (picture[subject == 0] != image[subject == 0]).mean() > 0.5
        assert all(np.ptp(picture.astype(int), axis=2).max() <= 1 for picture in drawn) == gray


def test_grain_is_a_few_pixels_wide_and_keeps_the_mean():
    flat = np.full((128, 128, 3), 120, np.uint8)
    widths = []
    for seed in range(20):
        noisy = grainy(np.random.default_rng(seed), flat).astype(float)
        assert noisy.mean() == pytest.approx(120, abs=2)
        noise = noisy[..., 0] - noisy[..., 0].mean()
        assert 1 < noise.std() < 60
        widths.append((noise[:, 1:] * noise[:, :-1]).mean() / noise.var())  # correlation of neighbours
    assert min(widths) < 0.4 < max(widths)


def test_mirroring_twice_changes_nothing():
    np.testing.assert_array_equal(MIRRORED[MIRRORED], np.arange(68))


def test_the_loss_is_smallest_at_the_truth():
    sample = dot_face()
    _, targets = batch([BatchItem(*cut(sample, WHOLE, 256), sample.landmarks, sharp=True)])
    cells = torch.full((1, 68, 64, 64), -20.0)
    for k, (x, y) in enumerate(sample.landmarks * 64 - 0.5):
        cells[0, k, round(float(y)), round(float(x))] = 20.0
    masks = (torch.nn.functional.avg_pool2d(targets.masks, 2) - 0.5) * 40
    good = losses(targets.relief, masks, cells, targets)
    assert good["relief"] < 1e-6
    assert good["gradient"] < 1e-6
    assert good["detail"] == 0
    assert good["masks"] < 0.02
    assert good["landmarks"] < 0.02
    # Another scale and shift costs nothing after alignment, but does in the network's own units.
    stretched = losses(targets.relief * 2 + 1, masks, cells, targets)
    assert stretched["aligned"] < 0.02
    assert stretched["face"] < 0.02
    assert stretched["relief"] > 0.3


def test_fine_detail_is_asked_for_only_where_the_answer_has_it():
    sample = dot_face()
    chequered = torch.from_numpy(np.indices((256, 256)).sum(0) % 2 * 0.1).float()[None, None]
    chequered -= chequered.mean()
    for sharp in (True, False):
        _, targets = batch([BatchItem(*cut(sample, WHOLE, 256), sample.landmarks, sharp=sharp)])
        terms = losses(targets.relief + chequered, torch.zeros(1, 2, 128, 128), torch.zeros(1, 68, 64, 64), targets)
        assert terms["relief"] < 0.01  # the mean of four pixels does not see it
        assert (terms["detail"] > 0.05) == sharp


def test_steps_on_one_batch_lower_its_loss(pool, tmp_path):
    run = Run(Plan([pool], tmp_path, device="cpu"))
    samples = [dot_face(seed) for seed in range(4)]
    pictures, targets = batch([BatchItem(*cut(s, WHOLE, 128), s.landmarks) for s in samples])
    costs = [float(total(run.learn(pictures, targets, 2e-3))) for _ in range(5)]
    assert costs[-1] < 0.9 * costs[0]


@pytest.fixture
def process_as_before() -> Iterator[None]:
    """Undo what training sets for its whole process; without the smallest floats manifold3d crashes."""
    threads, cv2_threads = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)
    cv2.setNumThreads(cv2_threads)


@pytest.mark.usefixtures("process_as_before")
def test_a_run_stops_saves_and_goes_on(pool, tmp_path):
    ticks = iter(np.arange(0.0, 1000.0, 4.0))
    plan = Plan([pool], tmp_path / "out", minutes=0.5, batch=2, side=64, held_out=2, threads=1, device="cpu")
    plan.out.mkdir()
    first = train(plan, clock=lambda: float(next(ticks)))
    assert first.step > 0
    assert (plan.out / "weights.safetensors").stat().st_mode & 0o777 == 0o644
    again = Run(plan)
    again.restore(plan.out)
    assert (again.step, again.seen) == (first.step, first.seen)
    for one, other in zip(first.averaged.parameters(), again.averaged.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_photo_that_ends_close_to_the_face_goes_on_as_its_border_and_is_no_head() -> None:
    sample, ended = dot_face(), 0
    for seed in range(12):
        cut_off = at_edge(np.random.default_rng(seed), sample)
        columns, rows = (sample.landmarks * 256).astype(int).T
        assert (cut_off.masks[rows, columns] == sample.masks[rows, columns]).all(), "no landmark is cut off"
        gone = (sample.masks[..., 0] > 0) & (cut_off.masks[..., 0] == 0)
        ended += bool(gone.any())
        changed = (cut_off.image != sample.image).any(-1)
        assert (cut_off.masks[changed] == 0).all()
    assert ended > 6
    assert (sample.masks == dot_face().masks).all(), "the sample itself stays"


def test_a_face_that_is_not_upright_has_no_landmarks_to_be_found(pool, monkeypatch) -> None:
    monkeypatch.setattr("core.depth.builtin.train.batches.OVERTURNED_SHARE", 1.0)
    _, targets = Batches([pool], seed=1).draw(6, 64)
    assert (targets.landmarks == -1).all()
    assert (targets.face == 0).all()
    assert targets.masks[:, 0].mean() > 0.05, "it is a head all the same"


def test_a_relief_that_is_too_flat_costs_what_its_spread_is_off() -> None:
    item = batch([BatchItem(*_maps(dot_face()))])[1]
    true = item.relief
    heat = torch.zeros(1, 68, 64, 64)
    masks = torch.zeros(1, 2, 128, 128)
    off = {scale: float(losses(scale * true, masks, heat, item)["amplitude"]) for scale in (1.0, 0.8, 1.25)}
    assert off[1.0] == pytest.approx(0, abs=1e-4)
    assert off[0.8] == pytest.approx(np.log(1.25), abs=0.01)
    assert off[1.25] == pytest.approx(np.log(1.25), abs=0.01)


def _maps(sample: Sample) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return sample.image, sample.relief.astype(np.float32), sample.masks, sample.landmarks
