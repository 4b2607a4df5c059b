import numpy as np
import pytest

from core.errors import GeometryError
from core.face.window import similarity, transform
from core.geometry.camera import Intrinsics, ScaleAndShift, fit_scale_and_shift, photo_intrinsics

CAMERA = Intrinsics(1200.0, 511.5, 383.5)


def test_unproject_and_project_are_inverse() -> None:
    rng = np.random.default_rng(0)
    pixels, depth = rng.uniform(0, 1000, (200, 2)), rng.uniform(300, 2000, 200)
    assert np.abs(CAMERA.project(CAMERA.unproject(pixels, depth)) - pixels).max() < 1e-9


def test_facing_a_pixel_turns_the_frame_and_moves_no_point() -> None:
    rng = np.random.default_rng(3)
    face_px = np.array([900.0, 80.0])
    facing = CAMERA.facing(face_px)
    straight = facing.unproject(face_px, np.array(600.0))
    assert np.abs(straight - [0, 0, 600]).max() < 1e-9
    assert np.abs(facing.turn @ facing.turn.T - np.eye(3)).max() < 1e-12
    pixels, axial = rng.uniform(0, 700, (300, 2)), rng.uniform(400, 800, 300)
    per_axial = facing.depth_per_axial((700, 700))
    columns, rows = np.round(pixels).astype(int).clip(0, 699).T
    at = np.stack([columns, rows], -1).astype(float)
    turned = facing.unproject(at, axial * per_axial[rows, columns])
    assert np.abs(turned @ facing.turn - CAMERA.unproject(at, axial)).max() < 1e-9
    assert np.abs(facing.project(turned) - at).max() < 1e-9


@pytest.mark.parametrize("camera", [CAMERA, CAMERA.facing(np.array([900.0, 80.0]))], ids=["axis", "facing"])
def test_a_crop_changes_no_geometry(camera: Intrinsics) -> None:
    """A point keeps its distance from any other when seen through a crop that is moved, scaled and rolled."""
    rng = np.random.default_rng(1)
    crop_to_photo = similarity(np.array([700.0, 200.0]), 300.0, 23.0, 512)
    in_crop, depth = rng.uniform(0, 511, (50, 2)), rng.uniform(400, 800, 50)
    by_crop = camera.cropped(crop_to_photo).unproject(in_crop, depth)
    by_photo = camera.unproject(transform(crop_to_photo, in_crop), depth)
    angle = np.radians(23.0)
    rolled = by_crop[:, :2] @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    assert np.abs(rolled - by_photo[:, :2]).max() < 1e-9
    assert np.abs(by_crop[:, 2] - by_photo[:, 2]).max() < 1e-9


def test_focal_length() -> None:
    exif, source = photo_intrinsics((3000, 4000), 43.267)
    assert (exif.focal_px, source) == (pytest.approx(5000), "EXIF")
    given, source = photo_intrinsics((3000, 4000), 43.267, fov_deg=90)
    assert (given.focal_px, source) == (pytest.approx(2500), "given field of view")
    portrait, source = photo_intrinsics((3000, 4000), 28.0, given_35mm=86.534)
    assert (portrait.focal_px, source) == (pytest.approx(10_000), "given focal length")
    assumed, source = photo_intrinsics((3000, 4000), None)
    assert (assumed.focal_px, source) == (pytest.approx(5000 / 43.267 * 50, rel=1e-3), "assumed field of view")
    assert (assumed.cx_px, assumed.cy_px) == (1999.5, 1499.5)


def face_depth() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[-1:1:80j, -1:1:80j]
    return 650 + 60 * (x**2 + y**2) - 25 * np.exp(-(x**2 + y**2) / 0.02), np.hypot(x, y) < 0.9


def test_scale_and_shift_are_found_in_spite_of_outliers() -> None:
    depth, face = face_depth()
    rng = np.random.default_rng(2)
    inverse_depth = (1 / depth - 0.0004) / 3e-6
    inverse_depth[rng.random(depth.shape) < 0.2] += 300  # a fifth is far off
    fit = fit_scale_and_shift(inverse_depth, depth, face, "truth")
    assert fit.a == pytest.approx(3e-6, rel=1e-3)
    assert fit.residual_mm == pytest.approx(0, abs=0.01)
    clean = fit.depth_mm((1 / depth - 0.0004) / 3e-6, 2000)
    assert np.abs(clean - depth).max() < 0.1


@pytest.mark.parametrize(("sign", "words"), [(0.0, "flat"), (-1.0, "does not look like a face")])
def test_a_map_that_cannot_work_is_refused(sign: float, words: str) -> None:
    depth, face = face_depth()
    with pytest.raises(GeometryError, match=words):
        fit_scale_and_shift(sign / depth, depth, face, "truth")


def test_depth_is_bounded_where_the_inverse_is_not_positive() -> None:
    depth = ScaleAndShift(1.0, 0.0, "", None).depth_mm(np.array([[-1.0, 0.0, 0.01]]), farthest_mm=900)
    assert depth.tolist() == [[900, 900, 100]]
