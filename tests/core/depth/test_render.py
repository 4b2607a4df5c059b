"""The renderer: a z-buffer that agrees with geometry, and samples whose answers agree with each other."""

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="the renderer needs the 'train' extra")

from core.depth.builtin.render import answers, noise, raster, walls, wardrobe
from core.depth.builtin.render.assembly import draw_framing
from core.depth.builtin.render.facekit import load_facekit
from core.depth.builtin.render.hair import BODY_ACROSS, BODY_DEEP, BODY_Y, BODY_Z, STYLES, draped, hair
from core.depth.builtin.render.people import people
from core.depth.builtin.render.pool import FACTS, UNIT_IPD, Pool, PoolWriter, Sample
from core.depth.builtin.render.raster import Camera, Fragments, Strands
from core.depth.builtin.render.scene import Renderer

FACEKIT = Path(os.environ.get("LIFEMASK_FACEKIT", Path(__file__).parents[4] / "shared/prototype/facekit.npz"))


@pytest.fixture(scope="module")
def kit():
    if not FACEKIT.exists():
        pytest.skip(f"the head model is not at {FACEKIT}; LIFEMASK_FACEKIT tells where it is")
    return load_facekit(FACEKIT)


@pytest.fixture(scope="module")
def samples(kit):
    first, again = Renderer(kit, seed=4), Renderer(kit, seed=4)
    return [first.sample() for _ in range(30)], [again.sample() for _ in range(2)]


def test_a_slanted_square_has_the_depth_of_its_plane():
    corners = np.array([[-8, -8, 40], [8, -8, 60], [8, 8, 60], [-8, 8, 40]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    material, nothing = np.full(2, raster.CLOTH, np.uint8), np.zeros((4, raster.ATTRIBUTES), np.float32)
    camera, bank = Camera(100.0, 15.5, 15.5, 32), np.zeros((8, 4, 4), np.float32)
    drawn = Fragments.empty(32)
    strands = Strands(noise.STRANDS, 1.0, 1.0, 0.0, 0.5, 1.0)
    raster.rasterise(corners, triangles, material, nothing, camera, bank, strands, 0, drawn)
    # z = 50 + 1.25 x on the plane, and x = (u - cx) z / f: 1 / z = (1 - 1.25 (u - cx) / f) / 50
    expected = (1 - 1.25 * (np.arange(32) - 15.5) / 100) / 50
    there = drawn.triangle >= 0
    assert there[2:30, 5:28].all()
    np.testing.assert_allclose(drawn.inverse_depth[there], np.broadcast_to(expected, (32, 32))[there], rtol=1e-5)


def test_the_nearest_of_two_squares_is_seen():
    square = np.array([[-9, -9, 0], [9, -9, 0], [9, 9, 0], [-9, 9, 0]], np.float32)
    points = np.concatenate([square + np.array([0, 0, 60]), square * 0.3 + np.array([0, 0, 30])]).astype(np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32)
    attributes = np.zeros((8, raster.ATTRIBUTES), np.float32)
    drawn = Fragments.empty(32)
    strands = Strands(noise.STRANDS, 1.0, 1.0, 0.0, 0.5, 1.0)
    bank = np.zeros((8, 4, 4), np.float32)
    material = np.full(4, raster.CLOTH, np.uint8)
    raster.rasterise(points, triangles, material, attributes, Camera(100.0, 15.5, 15.5, 32), bank, strands, 0, drawn)
    assert drawn.inverse_depth[15, 15] == pytest.approx(1 / 30)
    assert drawn.inverse_depth[15, 3] == pytest.approx(1 / 60)


AHEAD = np.array([0.0, 0.0, 80.0])  # cm
CENTRED = Camera(1000.0, 255.5, 255.5, 512)


def test_relief_is_zero_at_the_eyes_and_one_per_unit_towards_the_camera():
    eyes_cm, ipd_cm, nearer_cm = 80.0, 6.0, 2.4
    inverse = np.zeros((512, 512), np.float32)
    inverse[:255], inverse[255:] = 1 / eyes_cm, 1 / (eyes_cm - nearer_cm)
    relief = answers.relief(inverse, CENTRED, AHEAD, AHEAD, ipd_cm).astype(float)
    # (z_e / z - 1) z_e is 2.4 * 80 / 77.6 cm; a unit is 0.4 * 6 cm
    nearer = nearer_cm * eyes_cm / (eyes_cm - nearer_cm) / (UNIT_IPD * ipd_cm)
    np.testing.assert_allclose(relief[:127], 0, atol=1e-3)
    np.testing.assert_allclose(relief[127:], nearer, atol=1e-3)  # a pixel at the edge shows what is nearer


def test_a_slope_is_not_an_edge():
    depth_cm = 80 + np.linspace(0, 5, 512, dtype=np.float32)[None].repeat(512, 0)
    relief = answers.relief(1 / depth_cm, CENTRED, AHEAD, AHEAD, 6.3).astype(float)
    steps = np.diff(relief[0])
    assert steps.max() < 0
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.2)


def test_relief_does_not_depend_on_where_the_axis_of_the_camera_is():
    """A plane that faces the camera's place is flat, also for a camera that looks past it."""
    middle = np.array([20.0, -10.0, 80.0])
    line = middle / np.linalg.norm(middle)
    camera = Camera(2000.0, 255.5 - 2000 * 20 / 80, 255.5 + 2000 * 10 / 80, 512)
    x, y = ((np.arange(512) - c) / camera.focal_px for c in (camera.cx, camera.cy))
    along = line[0] * x[None] + line[1] * y[:, None] + line[2]
    depth_cm = (middle @ line) / along
    relief = answers.relief((1 / depth_cm).astype(np.float32), camera, middle, middle, 6.3)
    np.testing.assert_allclose(relief.astype(float), 0, atol=2e-3)


def test_equal_seeds_give_equal_samples(samples):
    for one, other in zip(samples[0], samples[1], strict=False):
        for field in fields(Sample):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def test_answers_agree_with_each_other(samples):
    faces = [sample for sample in samples[0] if sample.landmarks[0, 0] != -1]
    assert len(faces) >= 3
    looked_at = 0
    for sample in faces:
        there, head = sample.masks[..., 1] > 127, sample.masks[..., 0] > 127
        assert np.isfinite(sample.relief).all()
        assert (sample.relief[~there] == 0).all()
        assert (there | ~head).all(), "a head pixel without subject"
        facts = dict(zip(FACTS, sample.facts, strict=True))
        assert 4.5 < facts["ipd_cm"] < 8
        bare = STYLES[int(facts["hair"])] in ("bald", "shaven", "short") and not facts["headgear"]
        if bare and abs(facts["yaw_deg"]) < 30 and abs(facts["pitch_deg"]) < 20:
            looked_at += 1
            columns, rows = np.clip(sample.landmarks[[30, 36, 45]] * 256, 0, 255).astype(int).T
            tip, right, left = sample.relief[rows, columns]
            assert tip > max(right, left), "the nose is not before the eyes"
    assert looked_at > 0


@pytest.mark.parametrize("seed", range(8))
def test_the_parts_of_a_wall_cover_it_without_overlap(seed):
    rng = np.random.default_rng(seed)
    for parts in (walls._courses(rng, 200), walls._split(rng, (0, 0, 200, 200), 5)):
        times = np.zeros((200, 200), int)
        for left, top, right, bottom in parts:
            times[top:bottom, left:right] += 1
        assert (times == 1).all()


def test_a_wall_has_edges_and_stays_within_the_range_of_colours():
    drawn = [walls.wall(np.random.default_rng(seed), 64) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    for picture in drawn:
        assert picture.shape == (64, 64, 3)
        assert picture.dtype == np.float32
        assert picture.min() >= 0
        assert picture.max() <= 1
    assert max(np.abs(np.diff(picture, axis=1)).max() for picture in drawn) > 0.05


def test_only_turned_heads_when_asked():
    rng = np.random.default_rng(2)
    yaws = [draw_framing(rng, (60.0, 95.0)).yaw_deg for _ in range(50)]
    assert min(np.abs(yaws)) >= 60
    assert min(yaws) < 0 < max(yaws)


def test_only_men_with_full_beards_when_asked(kit):
    drawn = people(np.random.default_rng(3), kit, 12, bearded=True)
    assert all(person.beard >= 0.5 and person.beard_shape == 0 and not person.child for person in drawn)


def test_a_picture_without_a_face_has_no_answers(kit):
    sample = Renderer(kit, seed=9)._without_face()
    assert sample.image.std() > 0
    assert not sample.masks.any()
    assert (sample.landmarks == -1).all()


def test_a_pool_gives_back_what_was_written_and_only_that(tmp_path):
    rng = np.random.default_rng(0)
    written = [
        Sample(
            rng.integers(0, 255, (256, 256, 3)).astype(np.uint8),
            rng.normal(size=(256, 256)).astype(np.float16),
            rng.integers(0, 255, (256, 256, 2)).astype(np.uint8),
            rng.random((68, 2)).astype(np.float32),
            rng.random(len(FACTS)).astype(np.float32),
        )
        for _ in range(2)
    ]
    writer = PoolWriter(tmp_path, 5, seed=3)
    writer.add(written[0])
    writer.flush()
    writer.add(written[1])
    pool = Pool(tmp_path)
    assert len(pool) == 1
    writer.flush()
    assert len(pool) == 2
    for field in fields(Sample):
        np.testing.assert_array_equal(getattr(pool[1], field.name), getattr(written[1], field.name))
    assert pool.fact("ipd_cm")[1] == written[1].facts[FACTS.index("ipd_cm")]


@pytest.mark.parametrize("seed", range(6))
def test_hanging_hair_lies_on_the_shoulders_and_not_in_them(seed):
    rng = np.random.default_rng(seed)
    turn = np.radians(np.linspace(-180, 180, 72, endpoint=False))
    fall = np.linspace(0, -40, 16)
    hanging = np.stack(
        [
            np.broadcast_to(8.5 * np.sin(turn)[:, None], (72, 16)),
            np.broadcast_to(fall, (72, 16)),
            np.broadcast_to(8 * np.cos(turn)[:, None], (72, 16)),
        ],
        -1,
    )
    root, tip = draped(rng, hanging, hanging)
    above = fall >= BODY_Y[-1]
    np.testing.assert_array_equal(root[:, above], hanging[:, above])
    np.testing.assert_array_equal(root[..., :2], hanging[..., :2])
    for laid, least in ((root, 1.0), (tip, 1.02)):
        x, y, z = np.moveaxis(laid[:, ~above], -1, 0)
        across, deep = np.interp(y, BODY_Y, BODY_ACROSS), np.interp(y, BODY_Y, BODY_DEEP)
        outside = (x / across) ** 2 + ((z - BODY_Z) / deep) ** 2
        assert outside.min() >= least - 1e-6


def test_every_kind_of_headgear_and_hair_is_drawn_on_the_head(kit):
    person = people(np.random.default_rng(3), kit, 1)[0]
    scalp, bank = kit.scalp(person.points), noise.texture_bank()
    drawn = set()
    for seed in range(60):
        kind, garments = wardrobe.headgear(np.random.default_rng(seed), scalp, bank)
        drawn.add(kind)
        for garment in garments:
            assert np.isfinite(garment.points).all()
            assert garment.triangles.max() < len(garment.points)
            assert np.abs(garment.points[:, 0]).max() < 30
        assert max(garment.points[:, 1].max() for garment in garments) > 10  # some of it is over the crown
    assert drawn == set(wardrobe.HATS)
    for style in set(STYLES) - {"bald", "shaven"}:
        shell = hair(np.random.default_rng(1), scalp, style, bank)
        assert np.isfinite(shell.layers).all()
        assert shell.attributes[:, raster.OPEN].min() > 0
