"""Heads point by point: known answers, on heads made from the template itself."""

import numpy as np
import pytest

from core.comparison import correspond, correspond_all
from core.comparison.correspondence import parts_of_face
from core.errors import GeometryError
from core.geometry.alignment import apply
from core.head import Region, make_head, template
from tests.core.fitted import coefficients, fitted, moved, photographed

IDENTITY = (1.2, -0.8, 0.6)
SMILE = {"mouthSmile_L": 0.8, "mouthSmile_R": 0.8, "jawOpen": 0.5}
FACE = template().within(Region.FITTED)


def test_a_head_that_only_moved_does_not_differ() -> None:
    pose = moved(25, (30, -10, 50))
    found = correspond(fitted(coefficients(IDENTITY)), fitted(coefficients(IDENTITY), pose))
    assert found.transform == pytest.approx(np.linalg.inv(pose), abs=1e-6)
    assert found.rms_mm == pytest.approx(0, abs=1e-4)
    assert found.shape_mm == pytest.approx(0, abs=1e-9)
    assert np.nanmax(np.abs(found.signed_mm)) < 1e-3
    assert found.scale == pytest.approx(1)
    assert 0.7 < found.coverage < 1
    assert set(found.by_region) == set(parts_of_face())


def test_sizes_are_fitted_on_request() -> None:
    large = fitted(coefficients(IDENTITY), moved(scale=1.05))
    assert correspond(fitted(coefficients(IDENTITY)), large).rms_mm > 1
    found = correspond(fitted(coefficients(IDENTITY)), large, with_scale=True)
    assert found.scale == pytest.approx(1 / 1.05)
    assert found.rms_mm == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("height", [3.0, -3.0])
def test_a_bump_is_found_at_its_vertices_and_as_high_as_it_is(height: float) -> None:
    plain = fitted(coefficients(IDENTITY))
    cheek = parts_of_face()["left cheek"] & (plain.seen > 0)
    bumped = fitted(coefficients(IDENTITY), moved(10))
    bumped.points[cheek] += height * (template().normals(plain.points) @ moved(10)[:3, :3].T)[cheek]
    found = correspond(plain, bumped)
    assert found.signed_mm[cheek] == pytest.approx(height, abs=0.05)
    assert found.distance_mm[cheek] == pytest.approx(3, abs=0.05)
    assert np.nanmax(found.distance_mm[~cheek]) < 0.05
    assert found.by_region["left cheek"] == pytest.approx(3, abs=0.05)
    assert found.by_region["nose"] < 0.05
    assert found.shape_mm == pytest.approx(0, abs=1e-9)  # the fit does not know it


def test_expression_is_taken_out_on_request() -> None:
    still, smiling = fitted(coefficients(IDENTITY)), fitted(coefficients(IDENTITY, **SMILE), moved(15, (5, 5, 5)))
    with_it, without = correspond(still, smiling), correspond(still, smiling, neutral=True)
    assert with_it.by_region["mouth"] > 2
    assert without.rms_mm == pytest.approx(0, abs=1e-3)
    assert with_it.shape_mm == without.shape_mm == pytest.approx(0, abs=1e-6)
    assert any("Expression" in note for note in without.notes)
    assert not any("Expression" in note for note in with_it.notes)


def test_what_is_guessed_enters_no_number() -> None:
    half = (template().mean[:, 0] > 3).astype(float)
    plain, other = fitted(), fitted(seen=half)
    other.points[half == 0] += 40.0
    found = correspond(plain, other)
    assert np.isnan(found.distance_mm[half == 0]).all()
    assert found.rms_mm == pytest.approx(0, abs=1e-6)
    assert 0.35 < found.coverage < 0.6
    assert "right cheek" not in found.by_region
    assert any("guessed" in note for note in found.notes)
    with pytest.raises(GeometryError, match="same side"):
        correspond(fitted(seen=1 - half), other)


def test_pairs_are_symmetric() -> None:
    heads = [fitted(coefficients(identity)) for identity in ((), IDENTITY, (-1.0, 0.5))]
    found = correspond_all(heads)
    for table in (found.rms_mm, found.shape_mm):
        assert np.array_equal(table, table.T)
        assert (np.diag(table) == 0).all()
        assert (table[~np.eye(3, dtype=bool)] > 0.2).all()


def test_one_head_photographed_twice_differs_less_than_two() -> None:
    one, turned, other = (
        make_head(photographed(identity, yaw)) for identity, yaw in ((IDENTITY, 0), (IDENTITY, 15), ((-1.0, 1.5), 0))
    )
    same, different = correspond(one, turned, neutral=True), correspond(one, other, neutral=True)
    assert same.shape_mm < 0.5 * different.shape_mm
    tip = template().landmarks[30]
    assert apply(same.transform, turned.points[tip]) == pytest.approx(one.points[tip], abs=2.5)
