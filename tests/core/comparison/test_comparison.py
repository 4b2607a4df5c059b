"""Faces laid onto each other: known answers, on a head in closed form and on rendered heads."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from core.comparison import agreement, compare, compare_all
from core.errors import GeometryError
from core.geometry.alignment import apply, procrustes, scale_of
from core.geometry.facts import NetworkFacts
from core.options import Options
from core.photo import Photo
from core.pipeline import reconstruct
from tests.core.heads import GROUND_TRUTH, Bump, Placed, head, normal, rendered, to_camera

BUMP = Bump(30, 45)


def test_a_face_does_not_differ_from_itself() -> None:
    found = compare(head(), head())
    assert np.nanmax(np.abs(found.difference_mm)) < 1e-3
    assert (found.rms_mm, found.median_mm, found.p95_mm) == pytest.approx((0, 0, 0), abs=1e-4)
    assert found.hausdorff95_mm < 1e-3
    assert found.coverage == 1
    assert found.correlation == pytest.approx(1)
    assert found.transform == pytest.approx(np.eye(4), abs=1e-4)
    seen = np.isfinite(found.seen.depth_mm)
    assert np.array_equal(found.warped_rgb[seen], head().crop_rgb[seen])


def test_moved_turned_and_scaled_it_is_found_again() -> None:
    placed = Placed(yaw=15, pitch=4, scale=1.1, moved=(10, -6, 60))
    a, b = head(), head(placed, focal=1.9, seed=1)
    found = compare(a, b, with_scale=True)
    assert found.median_mm < 0.05
    assert found.p95_mm < 0.2
    assert found.scale == pytest.approx(1 / 1.1, rel=1e-3)
    assert found.coverage > 0.98
    points = np.array([[0, 36, -15], [-30, 0, 10], [25, 70, 5.0]])
    moved = apply(found.transform, b.to_mesh_frame(to_camera(placed, points)))
    assert moved == pytest.approx(a.to_mesh_frame(to_camera(Placed(), points)), abs=0.1)
    rigid = compare(a, b)
    assert rigid.scale == pytest.approx(1)
    assert rigid.median_mm > 3 * found.median_mm
    assert not any("degrees apart" in note for note in rigid.notes)
    assert any("16 degrees apart" in note for note in compare(a, head(Placed(yaw=16))).notes)
    assert any(note.startswith("Expression counts") for note in rigid.notes)


@pytest.mark.parametrize("height", [3.0, -3.0])
def test_a_bump_is_found_in_place_and_height(height: float) -> None:
    a = head()
    bumped = head(bump=replace(BUMP, height_mm=height), seed=2)
    found = compare(a, bumped)
    size = np.where(a.mask, np.sign(height) * np.nan_to_num(found.difference_mm), 0)
    row, column = np.unravel_index(size.argmax(), size.shape)
    assert size[row, column] == pytest.approx(3, abs=0.3)
    place = a.intrinsics.unproject(np.array([column, row]), a.depth_mm[row, column])
    top = np.array([BUMP.x, BUMP.y]) - height * normal(BUMP.x, BUMP.y)[:2]  # the point below it, along the normal
    assert np.linalg.norm(place[:2] - top) < 2
    assert found.median_mm < 0.05
    assert found.hausdorff95_mm >= found.p95_mm
    assert found.hausdorff95_mm == pytest.approx(compare(bumped, a).hausdorff95_mm, abs=0.05)
    assert max(found.by_region, key=lambda name: found.by_region[name]) == "left cheek"
    assert set(found.by_region) >= {"face", "forehead", "nose", "chin"}


def test_the_other_is_seen_with_the_references_camera() -> None:
    a, b = head(), head(Placed(yaw=15), seed=1)
    seen = compare(a, b).seen
    both = seen.mask & a.mask
    assert both.sum() > 0.8 * a.mask.sum()
    assert np.median(np.abs(seen.depth_mm - a.depth_mm)[both]) < 0.05
    off = np.abs(seen.crop_rgb.astype(int) - a.crop_rgb)[both]
    assert np.median(off) <= 1
    assert (seen.crop_rgb[~both] == (235, 229, 218)).all()


def test_a_background_that_was_kept_is_not_compared() -> None:
    a, b = head(), head(bump=BUMP, seed=2)
    cut = compare(a, b)
    kept = []
    for face in (a, b):
        depth = np.where(face.mask, face.depth_mm, np.float32(900))
        kept.append(replace(face, depth_mm=depth, coverage=np.where(face.mask, 255, 0).astype(np.uint8)))
    found = compare(*kept)
    assert np.array_equal(np.isfinite(found.difference_mm), np.isfinite(cut.difference_mm))
    assert found.numbers() == cut.numbers()


def test_orthographic_faces_compare() -> None:
    camera = head().intrinsics.orthographic(600.0)
    a, b = (replace(face, intrinsics=camera) for face in (head(), head(bump=BUMP, seed=2)))
    found = compare(a, b)
    assert found.median_mm < 0.05
    assert np.nanmax(found.difference_mm) == pytest.approx(3, abs=0.3)
    both = found.seen.mask & a.mask
    assert np.median(np.abs(found.seen.depth_mm - a.depth_mm)[both]) < 0.05
    # the camera of another kind sees another shape, by what perspective does to a head
    assert compare(head(), a).rms_mm > 10 * found.median_mm


def test_pairs_are_ordered_by_likeness() -> None:
    # two of one head, two with a bump, one twice as bumpy: likeness is known
    bumps = [None, replace(BUMP, height_mm=6), None, replace(BUMP, height_mm=6.5)]
    faces = [head(bump=bump, seed=seed) for seed, bump in enumerate(bumps)]
    table = compare_all(faces, ["a", "b", "a2", "b2"])
    assert table.names == ("a", "b", "a2", "b2")
    assert np.array_equal(table.rms_mm, table.rms_mm.T)
    assert (np.diag(table.rms_mm) == 0).all()
    assert table.rms_mm[0, 2] < table.rms_mm[1, 3] < table.rms_mm[0, 1]
    order = [table.names[i] for i in table.order]
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({"a", "a2"}), frozenset({"b", "b2"})}
    assert table.linkage.shape == (3, 4)


def test_agreement_of_networks_is_their_spread() -> None:
    face = head()
    other = replace(
        face,
        depth_mm=face.depth_mm + 40,
        facts=replace(face.facts, network=NetworkFacts(name="farther", face_network="builtin")),
    )
    same = agreement([face, other])
    assert same.names == ("test", "farther")
    assert np.nanmax(same.spread_mm) < 1e-3
    bumped = head(bump=BUMP)
    found = agreement([face, bumped])
    row, column = np.unravel_index(np.nanargmax(found.spread_mm), found.spread_mm.shape)
    assert found.spread_mm[row, column] == pytest.approx(
        np.nanmax(np.abs(bumped.depth_mm - face.depth_mm)) / 2, abs=0.05
    )
    assert max(found.by_region, key=lambda name: found.by_region[name]) == "left cheek"
    assert found.rms_mm[0, 1] == found.rms_mm[1, 0] > 0
    elsewhere = replace(face, facts=replace(face.facts, photo=replace(face.facts.photo, sha256="1")))
    for faces in ([face], [face, elsewhere]):
        with pytest.raises(GeometryError):
            agreement(faces)


def test_what_cannot_be_compared_is_a_sentence() -> None:
    whole = replace(head(), landmarks_px=None)
    with pytest.raises(GeometryError, match="taken whole"):
        compare(head(), whole)
    empty = replace(head(), depth_mm=np.full_like(head().depth_mm, np.nan))
    with pytest.raises(GeometryError, match="landmarks have depth"):
        compare(head(), empty)


def test_procrustes_finds_a_similarity_among_outliers() -> None:
    points = np.random.default_rng(0).normal(0, 40, (30, 3))
    true = Placed(yaw=50, pitch=-20, scale=1.3, moved=(5, 6, 7)).matrix
    moved = apply(true, points)
    assert procrustes(points, moved, with_scale=True) == pytest.approx(true, abs=1e-6)
    assert scale_of(procrustes(points, moved)) == pytest.approx(1)
    moved[:2] += 60
    assert np.abs(apply(procrustes(points, moved, with_scale=True), points[2:]) - moved[2:]).max() < 6


@pytest.mark.parametrize(("a", "b"), [("ict_id1_yaw+00", "ict_id1_yaw+20"), ("ict_id2_yaw+00", "ict_id2_yaw-20")])
def test_true_depths_of_one_head_register(a: str, b: str) -> None:
    for reference, other in ((a, b), (b, a)):
        found = compare(rendered(reference), rendered(other))
        assert found.median_mm < 0.1
        assert found.p95_mm < 0.5
        assert found.coverage > 0.9


def test_one_head_turned_differs_less_than_two_heads(networks) -> None:
    """By the built-in network's depth; `python -m tests.benchmarks.comparing FOLDER` prints the table of all heads."""
    names = ("ict_id1_yaw+00", "ict_id1_yaw+20", "ict_id2_yaw+00", "ict_neutral_yaw+00")
    faces = []
    for name in names:
        truth = rendered(name)
        side = len(truth.crop_rgb)
        fov = float(np.degrees(2 * np.arctan(side / np.sqrt(2) / truth.intrinsics.focal_px)))
        faces += reconstruct(Photo(name, truth.crop_rgb, None, name), Options(model="builtin", fov_deg=fov), networks)
    assert len(faces) == len(names)
    table = compare_all(faces, names).rms_mm
    pairs = list(itertools.combinations(range(len(names)), 2))
    same = [table[i, j] for i, j in pairs if names[i][:7] == names[j][:7]]
    different = [table[i, j] for i, j in pairs if names[i][:7] != names[j][:7]]
    assert len(same) == 1
    assert max(same) < min(different)


def test_rendered_heads_are_where_the_tests_look() -> None:
    if not GROUND_TRUTH.exists():
        pytest.skip(f"{GROUND_TRUTH} is not beside the repository")
    assert len(list(GROUND_TRUTH.glob("*.npz"))) == 7
