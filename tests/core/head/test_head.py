"""A head from depth: fitted, with hair, on the photo's depth where it is seen, textured."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import trimesh

from core.errors import GeometryError
from core.geometry.alignment import apply, procrustes
from core.head import Region, fit_head, front_view, head_texture, level, make_head, refined, template
from core.head.blend import DepthView
from core.head.eyes import with_eyeballs
from core.head.fit import FLIP
from core.head.painting import looked_up, painted
from core.head.volume import with_hair
from tests.core.fitted import coefficients, moved, photographed
from tests.core.heads import GROUND_TRUTH, rendered

SIDE = 384
TRUE_DEPTH_MM = 0.3  # of the depth's errors, where it is known but for pixels
SHAPES = tuple(tuple(np.random.default_rng(seed).normal(size=100)) for seed in range(4))
YAWS = (0.0, 20.0, -15.0, 10.0)
HAIR_MM = 25.0


def true_points(face, identity, yaw):
    """(n, 3) where the vertices of the photographed head are, mesh frame of its reconstruction."""
    placed = apply(moved(yaw), template().shape(coefficients(identity)))
    return (placed * FLIP + [0.0, 20.0, 600.0] - face.origin_mm) * FLIP


def rms(points, truth, where):
    """RMS in mm of vertices after a rigid motion over the face."""
    front = template().within(Region.FITTED)
    laid = apply(procrustes(points[front], truth[front]), points)
    return float(np.sqrt(((laid - truth)[where] ** 2).sum(1).mean()))


def rendered_points(path, face):
    """(n, 3) true vertices of a rendered head, whose weights and landmarks its file holds; mesh frame."""
    model, data = template(), np.load(path)
    weights = json.loads(str(data["meta"]))["identity_weights"]
    points = model.shape(coefficients(weights))
    placed = apply(procrustes(points[model.landmarks], data["landmarks_3d"].astype(float), with_scale=True), points)
    return (placed - face.origin_mm) * FLIP


@pytest.fixture(scope="module")
def face():
    return photographed(SHAPES[0], side=SIDE)


@pytest.fixture(scope="module")
def head(face):
    return make_head(face)


@pytest.fixture(scope="module")
def with_wig():
    """The mean head under hair of 25 mm, photographed."""
    model = template()
    hair = model.mean + HAIR_MM * (model.scalp * (model.mean[:, 1] > 0))[:, None] * model.normals(model.mean)
    bald = photographed(side=SIDE)
    points = hair * FLIP + [0.0, 20.0, 600.0]
    at = bald.intrinsics.project(points)
    shown = painted(at, model.faces, (SIDE, SIDE), near=-points[:, 2])
    depth = np.full((SIDE, SIDE), np.nan, np.float32)
    depth[shown.rows, shown.columns] = shown.between(points[:, 2:], model.faces)[:, 0]
    return replace(bald, depth_mm=depth, inverse_depth=1 / depth), hair


def test_known_heads_are_recovered_to_a_millimetre() -> None:
    front = template().within(Region.FITTED)
    off, mean = [], []
    for identity, yaw in zip(SHAPES, YAWS, strict=True):
        face = photographed(identity, yaw=yaw, side=SIDE)
        truth = true_points(face, identity, yaw)
        off.append(rms(fit_head(face, error_mm=TRUE_DEPTH_MM).points, truth, front))
        mean.append(rms(apply(moved(yaw), template().mean), truth, front))
    assert np.mean(off) < 1.0, off
    assert np.mean(off) < np.mean(mean) / 2, mean


def test_a_fit_tells_how_well_it_lies(face) -> None:
    good = fit_head(face)
    assert not good.is_poor
    assert good.residual_mm < 1
    assert good.landmarks_mm < 4
    wrong = np.roll(face.landmarks_px, 5, axis=0)  # a face that is none
    assert fit_head(replace(face, landmarks_px=wrong)).is_poor


def test_a_photo_without_a_face_is_refused(face) -> None:
    whole = replace(face, landmarks_px=None, facts=replace(face.facts, face=None))
    with pytest.raises(GeometryError, match="face"):
        make_head(whole)


def test_where_it_is_seen_it_is_the_photos_depth(face, head) -> None:
    model, surely = template(), head.seen > 0.95
    assert surely.sum() > 2000
    off = np.linalg.norm(DepthView(face).meet(head.points) - head.points, axis=1)[surely]
    assert np.median(off) < 0.3
    assert np.percentile(off, 95) < 2
    assert trimesh.Trimesh(head.points, model.faces, process=False).is_volume


def test_what_the_camera_cannot_see_is_a_guess(head) -> None:
    model = template()
    behind = model.mean[:, 2] < -20
    assert head.seen[behind].max() == 0
    assert head.seen[model.within(Region.PUT)].max() < 0.05
    assert 0.1 < head.seen_share < 0.5


def test_hair_is_carried_round_to_the_back(with_wig) -> None:
    face, _ = with_wig
    model, fit = template(), fit_head(face)
    hair = with_hair(fit, face)
    stands_out = ((hair.points - fit.points) * model.normals(fit.points)).sum(1)
    top = model.mean[:, 1] > 120
    back = (model.mean[:, 2] < -80) & (model.mean[:, 1] > 40)
    for where in (top, back):
        assert 0.5 * HAIR_MM < np.median(stands_out[where]) < 1.5 * HAIR_MM
    assert np.abs(stands_out[model.within(Region.BARE)]).max() < 1
    assert stands_out[model.mean[:, 1] < -95].max() < 0.5 * HAIR_MM  # the neck is narrow again


def test_a_bald_head_gets_no_hair() -> None:
    face = photographed(side=SIDE)
    fit = fit_head(face)
    off = np.linalg.norm(with_hair(fit, face).points - fit.points, axis=1)
    assert np.median(off) < 2
    assert np.percentile(off, 99) < 8


def test_eyeballs_stay_behind_lids_that_close() -> None:
    model = template()
    names = {name: value for name, value in (("eyeBlink_L", 1.0), ("eyeBlink_R", 1.0)) if name in model.names}
    assert len(names) == 2, model.names
    shut = model.shape(coefficients(**names))
    put = model.within(Region.PUT) & (model.mean[:, 1] > 0)
    closed = with_eyeballs(shut, np.eye(4))
    open_ = with_eyeballs(model.mean, np.eye(4))
    assert np.abs(open_ - model.mean).max() < 1e-6
    assert closed[put, 2].max() < open_[put, 2].max() - 1


def test_fine_relief_is_on_the_finer_head_where_it_is_seen(face, head) -> None:
    relief = np.zeros((SIDE, SIDE), np.float32)
    cv2.circle(relief, tuple(np.round(face.landmarks_px[30]).astype(int)), 12, 1.0, -1)
    drawn = replace(face, fine_relief=cv2.GaussianBlur(relief, (0, 0), 3), facts=replace(face.facts, fine_relief=1.0))
    plain, carved = refined(head, face, 2), refined(head, drawn, 2)
    raised = np.linalg.norm(carved.points - plain.points, axis=1)
    nose = np.linalg.norm(level(2).weights @ template().mean - template().mean[template().landmarks[30]], axis=1) < 3
    assert np.median(raised[nose]) > 0.5
    assert raised[(level(2).weights @ template().mean)[:, 2] < 0].max() == 0


def test_a_head_that_lies_poorly_stays_smooth(face, head) -> None:
    poor = replace(head, fit=replace(head.fit, residual_mm=9.0))
    assert np.allclose(refined(poor, face, 1).points, level(1).weights @ head.points)


def test_its_texture_is_the_photo_and_its_mirror_image() -> None:
    model, yaw = template(), 30.0
    face = photographed(SHAPES[0], yaw=yaw, side=SIDE)
    head = make_head(face)
    texture = head_texture(head, face)
    height, width = texture.shape[:2]
    assert (height, width) == (1024, 1536)
    place = np.stack([model.uv[:, 0] * width - 0.5, (1 - model.uv[:, 1]) * height - 0.5], axis=1)
    colours = np.zeros((len(model.mean), 3))
    colours[model.of_vertex] = looked_up(texture.astype(np.float32), place)
    at = face.intrinsics.project(head.points * FLIP + face.origin_mm)
    photo = looked_up(face.texture.astype(np.float32), at)
    surely = head.seen > 0.98
    assert np.median(np.abs(colours - photo)[surely]) < 2
    # the photo's tones are those of the template's places; what is hidden is the other side's, brought to its light
    hidden = model.within(Region.BARE) & (head.seen < 0.02) & (head.seen[model.mirror] > 0.9)
    assert hidden.sum() > 50
    tone = np.clip(140 + model.mean, 0, 255)
    assert np.median(np.abs(colours - tone)[hidden][:, 1:]) < 6
    view = front_view(head, texture)
    assert view.shape == (960, 768, 3)
    middle = view[400:700, 300:468].reshape(-1, 3)
    assert (np.abs(middle - np.array([245.0, 241.0, 234.0])).sum(1) > 20).all()  # no paper shows through the face


def test_a_triangle_is_painted_with_its_weights() -> None:
    at = np.array([[1.0, 1.0], [9.0, 1.0], [1.0, 9.0]])
    found = painted(at, np.array([[0, 1, 2]]), (12, 12))
    values = found.between(at, np.array([[0, 1, 2]]))
    inside = (found.rows >= 1) & (found.columns >= 1) & (found.rows + found.columns <= 10)
    assert inside.sum() >= 40
    assert np.allclose(values[inside], np.stack([found.columns, found.rows], axis=1)[inside], atol=1e-4)


@pytest.mark.parametrize("path", sorted(GROUND_TRUTH.glob("*.npz")), ids=lambda path: path.stem)
def test_heads_that_another_program_rendered_are_nearer_than_the_mean_head(path) -> None:
    """By their true depth; `python -m tests.benchmarks.heads` has the figures by the built-in network."""
    model, face = template(), rendered(path.stem)
    truth = rendered_points(path, face)
    fit = fit_head(face, error_mm=1.0)
    assert not fit.is_poor
    mean = apply(fit.pose, model.mean)
    front = model.within(Region.FITTED)
    rest = ~front & ~model.within(Region.PUT) & (model.mean[:, 1] > -90)
    if "neutral" not in path.stem:  # that is the mean head
        assert rms(fit.points, truth, front) < rms(mean, truth, front)
        assert rms(fit.points, truth, rest) < 1.1 * rms(mean, truth, rest)
    assert rms(fit.points, truth, front) < 3
