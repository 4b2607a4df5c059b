"""The mean of heads: known answers, on heads made from the template itself."""

import numpy as np
import pytest

from core.comparison import mean_head, mean_texture
from core.errors import GeometryError
from core.geometry.alignment import apply, procrustes, scale_of
from core.head import Region, template
from tests.core.fitted import coefficients, fitted, moved

ONE, OTHER = (1.2, -0.8, 0.6), (-0.4, 1.0, 0.2)
FACE = template().within(Region.FITTED)


def test_the_mean_of_one_head_is_that_head_set_upright() -> None:
    head = fitted(coefficients(ONE), moved(20, (10, 20, 30)))
    found = mean_head([head])
    assert found.points == pytest.approx(apply(found.transforms[0], head.points), abs=2e-3)
    assert found.from_mean_mm == pytest.approx((0,), abs=2e-3)
    assert procrustes(found.points[FACE], template().mean[FACE]) == pytest.approx(np.eye(4), abs=0.02)


def test_the_mean_of_two_shapes_lies_midway() -> None:
    heads = [fitted(coefficients(ONE), moved(20)), fitted(coefficients(OTHER), moved(-10, (3, 4, 5)))]
    found = mean_head(heads)
    between = template().shape(coefficients(tuple(np.mean([ONE, OTHER], axis=0))))
    laid = apply(procrustes(between[FACE], found.points[FACE]), between)
    assert np.linalg.norm(laid - found.points, axis=1)[FACE].max() < 0.15
    assert found.from_mean_mm[0] == pytest.approx(found.from_mean_mm[1], rel=0.03)
    assert all(scale_of(transform) == pytest.approx(1) for transform in found.transforms)  # sizes are kept


def test_expression_is_taken_out_on_request() -> None:
    heads = [fitted(coefficients(ONE)), fitted(coefficients(ONE, jawOpen=0.8))]
    assert max(mean_head(heads).from_mean_mm) > 0.5
    assert mean_head(heads, neutral=True).from_mean_mm == pytest.approx((0, 0), abs=2e-3)


def test_distances_are_of_what_each_photo_shows() -> None:
    half = (template().mean[:, 0] > 0).astype(float)
    found = mean_head([fitted(), fitted(seen=half)])
    assert np.isnan(found.distance_mm[1][half == 0]).all()
    assert np.isfinite(found.distance_mm[1][half == 1]).all()
    assert found.seen[half == 1].max() == 1
    with pytest.raises(GeometryError, match="too little"):
        mean_head([fitted(), fitted(seen=np.zeros(len(half)))])


def test_textures_are_averaged_at_the_largest_size() -> None:
    small, large = np.full((4, 6, 3), 100, np.uint8), np.full((8, 12, 3), 200, np.uint8)
    found = mean_texture([small, large])
    assert found.shape == (8, 12, 3)
    assert (found == 150).all()
