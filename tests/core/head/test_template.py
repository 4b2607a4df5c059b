"""The template: closed, in regions, the same left and right, with a layout of texture; small."""

import numpy as np
import pytest
import trimesh

from core.head import Region, detail, level, template
from core.head.operators import operators
from core.head.template import FILE

MEGABYTES = 4.0
NOSE_TIP, CHIN, LEFT_EYE, RIGHT_EYE = 30, 8, 45, 36  # landmarks


@pytest.fixture(scope="module")
def head():
    return template()


def test_it_is_small_and_says_its_licence(head) -> None:
    assert FILE.stat().st_size < MEGABYTES * 1e6
    assert "MIT" in FILE.with_name("template.LICENSE").read_text("utf-8")
    assert 10_000 < len(head.mean) < 25_000
    assert head.identities >= 60
    assert len(head.names) == head.expressions > 40


@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_every_head_of_it_is_closed(head, spread: float) -> None:
    values = np.zeros(head.modes.shape[2])
    values[: head.identities] = spread * np.random.default_rng(1).normal(size=head.identities)
    body = trimesh.Trimesh(head.shape(values), head.faces, process=False)
    assert body.is_volume
    assert body.body_count == 1
    assert 2.5e6 < body.volume < 6.5e6  # mm^3: a head and half a neck are about 4 litres


def test_landmarks_lie_where_their_names_say(head) -> None:
    at = head.mean[head.landmarks]
    assert at[NOSE_TIP, 2] > np.delete(at[:, 2], [NOSE_TIP, 33]).max()
    assert at[CHIN, 1] == at[:, 1].min()
    assert at[LEFT_EYE, 0] > 30 > -30 > at[RIGHT_EYE, 0]


def test_it_is_its_own_mirror_image(head) -> None:
    assert (head.mirror[head.mirror] == np.arange(len(head.mean))).mean() > 0.99
    off = np.linalg.norm(head.mean[head.mirror] * [-1, 1, 1] - head.mean, axis=1)
    assert np.median(off) < 0.5
    assert off.max() < 4
    assert (head.within(Region.LEFT_EAR)[head.mirror] == head.within(Region.RIGHT_EAR)).mean() > 0.99


def test_regions_lie_where_they_should(head) -> None:
    x, y, z = head.mean.T
    left, fitted, bare = (head.within(region) for region in (Region.LEFT_EAR, Region.FITTED, Region.BARE))
    assert x[left].min() > 60
    assert abs(np.median(z[left])) < 25  # half-way from front to back
    assert z[fitted].min() > 20
    assert (fitted & left).mean() < 0.005
    put = y[head.within(Region.PUT)]  # eyeballs, the fold of the lips, the cap of the neck
    assert [((put > low) & (put < high)).any() for low, high in ((15, 45), (-60, -30), (-115, -88))] == [True] * 3
    assert head.scalp[bare].max() < 0.05
    assert head.scalp[np.argmax(y)] == 1


def test_its_texture_has_a_place_for_every_triangle(head) -> None:
    assert head.uv.min() >= 0
    assert head.uv.max() <= 1
    assert (head.of_vertex[head.uv_faces] == head.faces).all()
    a, b, c = (head.uv[head.uv_faces[:, k]].astype(float) for k in range(3))
    (across, down), (right, up) = (b - a).T, (c - a).T
    area = 0.5 * np.abs(across * up - down * right)
    assert 0.3 < area.sum() < 1.0  # of the picture: little is wasted, and nothing lies over another thing
    face = head.within(Region.FITTED)[head.faces].all(1)
    assert area[face].sum() > 0.35 * area.sum()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_finer_levels_are_closed_and_keep_their_vertices(head, number: int) -> None:
    finer = level(number)
    points = finer.weights @ head.mean
    body = trimesh.Trimesh(points, finer.faces, process=False)
    assert body.is_volume
    assert len(finer.faces) == 4**number * len(head.faces)
    assert np.allclose(finer.weights.sum(1), 1)
    assert np.linalg.norm(points[: len(head.mean)] - head.mean, axis=1).max() < 5  # smoothed, still themselves
    assert (finer.of_vertex[finer.uv_faces] == finer.faces).all()
    neck = points[np.unique(finer.faces[finer.cap])] @ detail.NECK_NORMAL
    assert np.ptp(neck) < detail.NECK_MM  # still flat, with a sharp rim


def test_what_is_filled_in_is_smooth_and_leaves_the_rest(head) -> None:
    where = head.within(Region.LEFT_EAR)
    values = np.where(where, 1e6, 3.0)
    assert np.allclose(operators().stretched(values, Region.LEFT_EAR), 3.0)
    hair = operators().carried_over(head.mean[:, 1].copy())
    bare = head.within(Region.BARE)
    assert np.array_equal(hair[bare], head.mean[bare, 1])
