"""What is drawn of light and dark, on faces that are painted for it; and that nothing else changes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy import ndimage

from core.fine_relief import draw
from core.fine_relief.eyes import IRIS_MM, carved_eyes
from core.fine_relief.shading import linear, normals, shading
from core.fine_relief.zones import zones
from tests.core.heads import Placed, head

PIXEL_MM = 0.6


def seen(face):
    """Skin of one colour under light from one side, as (S, S, 3) uint8; and what a pixel is across."""
    depth = np.where(face.mask, face.depth_mm, np.nanmax(face.depth_mm)).astype(np.float32)
    pixel_mm = float(face.intrinsics.pixel_mm(float(np.nanmedian(face.depth_mm))))
    light = np.clip(normals(cv2.GaussianBlur(depth, (0, 0), 1), pixel_mm) @ [-0.4, 0.3, 0.86], 0.1, 1) * 0.6
    return srgb(light[..., None] * np.array([1.0, 0.75, 0.6])), pixel_mm


def srgb(light):
    return np.round(255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def drawn(face, rgb, pixel_mm, depth=None):
    return draw(rgb, face.depth_mm if depth is None else depth, face.head, face.landmarks_px, pixel_mm)


def darker(rgb, where, factor):
    """A picture with some places darker in linear light."""
    return srgb((rgb / 255.0) ** 2.2 * np.where(where, factor, 1.0)[..., None])


def on_cheek(face, pixel_mm):
    """A mask of a vertical line, 1 mm wide and 24 mm long, on plain skin of the cheek; and the skin beside it."""
    of = zones(face.landmarks_px, face.head, pixel_mm)
    plain = ndimage.distance_transform_edt(of.face & (of.carved < 0.05))
    y, x = np.unravel_index(plain.argmax(), plain.shape)
    line = np.zeros(face.mask.shape, np.uint8)
    cv2.line(line, (x, y - round(6 / pixel_mm)), (x, y + round(6 / pixel_mm)), 1, max(1, round(1 / pixel_mm)))
    return line > 0, ndimage.binary_dilation(line > 0, iterations=8) & ~ndimage.binary_dilation(line > 0, iterations=5)


def test_even_skin_in_side_light_gets_no_relief_where_it_is_plain():
    face = head()
    rgb, pixel_mm = seen(face)
    of = zones(face.landmarks_px, face.head, pixel_mm)
    plain = of.face & (of.carved < 0.05)
    assert plain.sum() > 500
    assert np.sqrt((drawn(face, rgb, pixel_mm)[plain] ** 2).mean()) < 0.02


def test_a_wrinkle_is_a_groove_and_the_edge_of_a_shadow_is_none():
    face = head()
    rgb, pixel_mm = seen(face)
    line, beside = on_cheek(face, pixel_mm)
    groove = drawn(face, darker(rgb, line, 0.6), pixel_mm)
    assert groove[line].mean() < -0.1
    assert abs(groove[beside].mean()) < 0.02
    shadow = ndimage.binary_fill_holes(np.arange(rgb.shape[1])[None] > np.nonzero(line)[1].mean()) & face.mask
    step = drawn(face, darker(rgb, shadow, 0.6), pixel_mm)
    assert np.abs(step[line]).mean() < 0.4 * np.abs(groove[line]).mean()


@pytest.mark.parametrize("spoil", ["noise", "blur", "jpeg"])
def test_grain_blur_and_blocks_make_no_bumps_on_plain_skin(spoil):
    face = head()
    rgb, pixel_mm = seen(face)
    if spoil == "noise":
        rgb = np.clip(rgb + np.random.default_rng(0).normal(0, 0.05 * 255, rgb.shape), 0, 255).astype(np.uint8)
    elif spoil == "blur":
        rgb = cv2.GaussianBlur(rgb, (0, 0), 3)
    else:
        packed = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 20])[1]
        rgb = np.ascontiguousarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1])
    of = zones(face.landmarks_px, face.head, pixel_mm)
    plain = of.face & (of.carved < 0.05)
    assert np.sqrt((drawn(face, rgb, pixel_mm)[plain] ** 2).mean()) < 0.05


def test_rouge_is_shallower_than_a_crease_as_dark():
    face = head()
    rgb, pixel_mm = seen(face)
    line, _ = on_cheek(face, pixel_mm)
    crease = drawn(face, darker(rgb, line, 0.7), pixel_mm)
    rouge = (rgb / 255.0) ** 2.2 * np.where(line[..., None], [1.0, 0.62, 0.5], 1.0)  # as dark, and redder
    painted = drawn(face, srgb(rouge), pixel_mm)
    assert -painted[line].mean() < -0.95 * crease[line].mean()


def test_it_is_finite_zero_beyond_the_head_and_what_half_precision_holds():
    face = head(Placed(yaw=25))
    rgb, pixel_mm = seen(face)
    rng = np.random.default_rng(1)
    fine = drawn(face, np.clip(rgb + rng.integers(-60, 60, rgb.shape), 0, 255).astype(np.uint8), pixel_mm)
    assert np.isfinite(fine).all()
    assert (fine[~face.head] == 0).all()
    np.testing.assert_array_equal(fine, fine.astype(np.float16))


def test_a_finer_texture_shows_the_same_relief():
    face = head()
    rgb, pixel_mm = seen(face)
    line, _ = on_cheek(face, pixel_mm)
    painted = darker(rgb, line, 0.6)
    once = drawn(face, painted, pixel_mm)
    twice = drawn(face, cv2.resize(painted, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), pixel_mm)
    assert twice.shape == (2 * once.shape[0],) * 2
    assert twice[np.kron(line, np.ones((2, 2), bool))].mean() == pytest.approx(once[line].mean(), rel=0.3)


def test_black_pictures_and_no_head_do_no_harm():
    face = head()
    black = np.zeros((*face.mask.shape, 3), np.uint8)
    assert np.isfinite(drawn(face, black, PIXEL_MM)).all()
    nothing = draw(black, face.depth_mm, np.zeros_like(face.mask), face.landmarks_px, PIXEL_MM)
    assert (nothing == 0).all()


def test_irises_are_dark_all_over_and_shut_eyes_stay_as_they_are():
    outline = np.zeros((68, 2))
    angle = np.array([np.pi, -2.1, -1.0, 0, 1.0, 2.1])
    for eye, middle in ((36, 60), (42, 140)):
        outline[eye : eye + 6] = np.c_[middle + 24 * np.cos(angle), 50 + 11 * np.sin(angle)]
    opening = np.zeros((100, 200), bool)
    y, x = np.indices(opening.shape)
    opening[((x - 60) / 24) ** 2 + ((y - 50) / 10) ** 2 < 1] = True
    radius = IRIS_MM / 2 / PIXEL_MM
    away = np.hypot(x - 63, y - 50)
    ratio = np.where(away < radius, -1.0, 0.0).astype(np.float32)
    ratio[45:47, 58:60] = 0.5  # a catchlight
    found = carved_eyes(ratio, (opening, np.zeros_like(opening)), outline, PIXEL_MM)
    assert found[opening & (away < 0.6 * radius)].max() < -0.95
    assert found[50, 63] < -1.2  # the pupil
    assert (found[away > 1.2 * radius] == ratio[away > 1.2 * radius]).all()
    shut = outline.copy()
    shut[36:42, 1] = 50 + (outline[36:42, 1] - 50) * 0.2
    np.testing.assert_array_equal(carved_eyes(ratio, (opening, np.zeros_like(opening)), shut, PIXEL_MM), ratio)


def test_the_fitted_light_is_the_light():
    face = head()
    rgb, pixel_mm = seen(face)
    depth = np.where(face.mask, face.depth_mm, np.nanmax(face.depth_mm)).astype(np.float32)
    normal = normals(cv2.GaussianBlur(depth, (0, 0), 1), pixel_mm)
    light = linear(rgb)[..., 0]
    of = zones(face.landmarks_px, face.head, pixel_mm).face
    fitted = shading(light, normal, of)
    assert np.median(np.abs(np.log(fitted[of] / light[of]))) < 0.03


def test_strength_scales_what_is_carried_and_none_is_nothing():
    face = head()
    fine = np.random.default_rng(0).normal(size=(512, 512)).astype(np.float32)
    half = replace(face, fine_relief=fine, facts=replace(face.facts, fine_relief=0.5))
    np.testing.assert_array_equal(half.drawn_mm(512), 0.5 * fine)
    assert half.drawn_mm(256).shape == (256, 256)
    assert (face.drawn_mm(256) == 0).all()
