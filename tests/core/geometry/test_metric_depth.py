"""From inverse depth to millimetres: a MiDaS network's map against known heads, projections, smoothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.depth.blend import prior_weight, with_rim_of, with_shape_of
from core.depth.denoise import smooth, smooth_walls
from core.depth.estimator import Networks
from core.errors import GeometryError
from core.face.landmarks import MEAN_MM, NOSE
from core.face.level import Crop
from core.face.window import similarity
from core.geometry.camera import Intrinsics, depth_of
from core.geometry.depth_surface import DepthSurface
from core.geometry.metric_depth import Observation, Solution, fit_warnings, solve
from core.geometry.reconstruction import Reconstruction
from core.options import Options
from core.photo import Photo
from core.pipeline import recompute, reconstruct
from tests.truth import as_midas_would, read_truth

FILES = sorted((Path(__file__).parents[4] / "shared" / "faces" / "ground_truth").glob("*.npz"))
MM_PER_UNIT = 25.2


def face_relief_mm(x_mm: np.ndarray, y_mm: np.ndarray) -> np.ndarray:
    """An analytic head near the mean landmarks: mm nearer than the eyes, at mm right and down of their middle."""
    skull = 95 * np.sqrt(np.maximum(1 - (x_mm / 80) ** 2 - ((y_mm - 25) / 115) ** 2, 0)) - 78
    nose = 26 * np.exp(-((x_mm / 11) ** 2) - ((y_mm - 38) / 16) ** 2)
    return skull + nose


def to_the_side(off_deg: float) -> np.ndarray:
    c, s = np.cos(np.radians(off_deg)), np.sin(np.radians(off_deg))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def synthetic(
    distance_mm: float, focal_px: float = 1500.0, *, off_deg: float = 0.0, invert: bool = False
) -> tuple[Observation, Intrinsics]:
    """The head looking at the camera from a distance, as a perfect network sees it: MiDaS by its inverse depth.

    off_deg : how far to the right of the camera's axis it is.
    """
    side = 384
    camera = Intrinsics(focal_px, 499.5, 499.5)
    turn = to_the_side(off_deg)
    x, y, z = turn @ [0, 30, distance_mm]
    extent = 395 / distance_mm * focal_px
    to_photo = similarity(np.array([499.5 + x / z * focal_px, 499.5 + y / z * focal_px]), extent, 0.0, side)
    crop_camera = camera.cropped(to_photo)
    pixels = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).astype(float)
    rays = crop_camera.unproject(pixels, np.ones((side, side))) @ turn
    rays /= rays[..., 2:]
    ahead = np.full((side, side), distance_mm)
    for _ in range(30):  # each pixel's ray meets the head where its own depth says
        points = rays * ahead[..., None]
        ahead = distance_mm - face_relief_mm(points[..., 0], points[..., 1])
    points = rays * ahead[..., None]
    mask = (points[..., 0] / 78) ** 2 + ((points[..., 1] - 25) / 112) ** 2 < 1
    marks = MEAN_MM.astype(float).copy()
    marks[:, 2] = distance_mm - face_relief_mm(marks[:, 0], marks[:, 1])
    line = turn.T @ crop_camera.facing(crop_camera.project(marks @ turn.T)[NOSE].mean(0)).sight
    lids = (marks[36:48] @ line).mean()
    nearness = 1 / (points @ line)
    relief = (nearness * lids - 1) * lids / MM_PER_UNIT
    seen = Observation(
        crop=Crop(np.zeros((side, side, 3), np.uint8), to_photo, np.zeros((side, side, 3), np.uint8)),
        photo_shape=(1000, 1000),
        network="dpt_large_384",
        refine="none",
        inverse_depth=((-1 if invert else 1) * 3e5 * nearness + 700).astype(np.float32),
        relief=relief.astype(np.float32),
        mm_per_unit=MM_PER_UNIT,
        coverage=np.where(mask, 255, 0).astype(np.uint8),
        landmarks_px=crop_camera.project(marks @ turn.T),
        confidence=np.ones(68),
    )
    return seen, camera


def solved(seen: Observation, camera: Intrinsics, **changes: Any) -> Solution:
    given: dict[str, Any] = {"ipd_mm": 63.0, "projection": "perspective", "strength": 0.0, "background": False}
    return solve(seen, camera, **{**given, **changes})


def profile_mm(solution: Solution) -> np.ndarray:
    """Depth behind the nearest point along the middle of the face, at every 2 mm of height from -30 to 80 mm."""
    side = solution.depth_mm.shape[0]
    pixels = np.stack([np.full(side, solution.intrinsics.cx_px), np.arange(side)], -1)
    column = round(solution.intrinsics.cx_px)
    points = solution.intrinsics.unproject(pixels, solution.depth_mm[:, column]) @ solution.intrinsics.turn
    known = np.isfinite(points[:, 2])
    depth = np.interp(np.arange(-30, 80, 2), points[known, 1], points[known, 2])
    return depth - depth.min()


@pytest.mark.parametrize("distance_mm", [400.0, 700.0, 1500.0])
def test_a_head_is_the_same_from_near_and_far(distance_mm: float) -> None:
    seen, camera = synthetic(distance_mm)
    solution = solved(seen, camera)
    y = np.arange(-30, 80, 2)
    truth = face_relief_mm(np.zeros(len(y)), y.astype(float))
    behind = truth.max() - truth
    assert np.ptp(behind) > 35
    assert np.abs(profile_mm(solution) - behind).max() < 0.03 * np.ptp(behind)
    assert solution.distance_mm == pytest.approx(distance_mm, rel=0.03)
    assert solution.fit.inlier_share == 1
    assert solution.warnings == ()


@pytest.mark.parametrize("off_deg", [-20.0, 10.0])
@pytest.mark.parametrize("network", ["builtin", "dpt_large_384"])
def test_a_head_beside_the_axis_is_not_sheared(off_deg: float, network: str) -> None:
    seen, camera = synthetic(600, off_deg=off_deg)
    if network == "builtin":
        assert seen.relief is not None
        seen = replace(seen, network=network, inverse_depth=seen.relief)
    solution = solved(seen, camera)
    rows, columns = np.nonzero(np.isfinite(solution.depth_mm))
    points = solution.intrinsics.unproject(np.stack([columns, rows], -1), solution.depth_mm[rows, columns])
    points = points @ solution.intrinsics.turn @ to_the_side(off_deg)
    scale = 600 / solution.distance_mm  # landmarks of the mean head give the distance of this one within 3 %
    error = scale * points[:, 2] - 600 + face_relief_mm(scale * points[:, 0], scale * points[:, 1])
    inner = np.hypot(points[:, 0] / 45, (points[:, 1] - 30) / 60) < 1
    assert abs(scale - 1) < 0.03
    assert np.abs(error - np.median(error))[inner].max() < 1
    assert solution.intrinsics.sight[0] == pytest.approx(np.sin(np.radians(off_deg)), abs=0.01)
    # In the frame of the line of sight the head does not look to the side.
    middle = solution.intrinsics.unproject(seen.landmarks_px, np.ones(68)) * solution.distance_mm
    assert np.abs(middle[:17, 0] + middle[16::-1, 0]).max() < 4


def test_crop_scale_and_roll_change_no_millimetre() -> None:
    seen, camera = synthetic(600)
    whole = solved(seen, camera)
    turned = similarity(np.array([510.0, 560.0]), 1040.0, 17.0, 480)
    to_old = np.linalg.inv(np.vstack([seen.crop.crop_to_photo, [0, 0, 1]])) @ np.vstack([turned, [0, 0, 1]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP

    def moved(values: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(values, to_old[:2], (480, 480), flags=flags, borderMode=cv2.BORDER_REPLICATE)

    back = np.linalg.inv(to_old)
    other = replace(
        seen,
        crop=Crop(np.zeros((480, 480, 3), np.uint8), turned, np.zeros((480, 480, 3), np.uint8)),
        inverse_depth=moved(seen.inverse_depth),
        relief=moved(seen.relief),
        coverage=moved(seen.coverage),
        landmarks_px=seen.landmarks_px @ back[:2, :2].T + back[:2, 2],
    )
    again = solved(other, camera)
    assert again.distance_mm == pytest.approx(whole.distance_mm, rel=1e-3)
    at = np.argwhere(cv2.erode(np.isfinite(again.depth_mm).astype(np.uint8), np.ones((15, 15))) > 0)[::97, ::-1]
    there = at @ to_old[:2, :2].T + to_old[:2, 2]
    old = cv2.remap(np.nan_to_num(whole.depth_mm), *there.T.astype(np.float32)[:, None], cv2.INTER_LINEAR)[0]
    new = again.depth_mm[at[:, 1], at[:, 0]]
    points = [s.intrinsics.unproject(p.astype(float), z) for s, p, z in ((whole, there, old), (again, at, new))]
    for first, second in zip(points[0][:-1:7], points[1][:-1:7], strict=True):
        between = [np.linalg.norm(p - q, axis=1) for p, q in ((points[0], first), (points[1], second))]
        assert np.abs(between[0] - between[1]).max() < 0.3


def test_an_orthographic_face_has_no_field_of_view() -> None:
    """Its shape is the same for any focal length, and is what perspective comes to from very far."""
    shapes = []
    for focal_px in (700.0, 1500.0, 30_000.0):
        seen, _ = synthetic(600)
        solution = solved(seen, Intrinsics(focal_px, 499.5, 499.5), projection="orthographic")
        rows, columns = np.nonzero(np.isfinite(solution.depth_mm))
        depth = solution.depth_mm[rows, columns].astype(float)
        shapes.append(
            solution.intrinsics.unproject(np.stack([columns, rows], -1), depth - np.median(depth)),
        )
        assert solution.intrinsics.projection == "orthographic"
    assert np.abs(shapes[0] - shapes[1]).max() < 0.01
    assert np.abs(shapes[0] - shapes[2]).max() < 0.05
    seen, _ = synthetic(600)
    far = solved(seen, Intrinsics(300_000.0, 499.5, 499.5))
    rows, columns = np.nonzero(np.isfinite(far.depth_mm))
    depth = far.depth_mm[rows, columns].astype(float)
    points = far.intrinsics.unproject(np.stack([columns, rows], -1), depth)
    across = points[:, :2] - points[:, :2].mean(0), shapes[0][:, :2] - shapes[0][:, :2].mean(0)
    assert np.abs(across[0] - across[1]).max() < 0.2
    assert np.abs(depth - np.median(depth) - shapes[0][:, 2]).max() < 0.2


def test_orthographic_camera_goes_there_and_back() -> None:
    rng = np.random.default_rng(0)
    camera = Intrinsics(1200.0, 511.5, 383.5).orthographic(600)
    pixels, depth = rng.uniform(0, 1000, (200, 2)), rng.uniform(300, 2000, 200)
    points = camera.unproject(pixels, depth)
    assert np.abs(camera.project(points) - pixels).max() < 1e-9
    homogeneous = np.c_[points[:, :2], np.ones(200)] @ camera.K.T
    assert np.abs(homogeneous[:, :2] - pixels).max() < 1e-9
    crop_to_photo = similarity(np.array([700.0, 200.0]), 300.0, 0.0, 512)
    crop = camera.cropped(crop_to_photo)
    in_crop = (pixels - crop_to_photo[:, 2]) / crop_to_photo[0, 0]
    assert np.abs(crop.unproject(in_crop, depth) - points).max() < 1e-9
    assert depth_of(np.array([[1 / 600, 1 / 600 + 10 / 600**2]]), 1e4, "orthographic", 600).tolist() == [[600, 590]]


def test_an_orthographic_surface_is_compared_by_parallel_rays(head: Callable[..., Reconstruction]) -> None:
    face = head(side=96)
    camera = replace(face.intrinsics, mm_per_px=3.0)
    surface = DepthSurface(face.depth_mm, camera)
    where = np.zeros(face.mask.shape, bool)
    where[30:66:6, 36:60:6] = True
    points, normals = surface.points(where), surface.normals(where)
    outside, _ = surface.offsets(points + 0.5 * normals)
    assert np.nanmax(np.abs(outside - 0.5)) < 0.05
    along = surface.meet(points + 0.5 * normals, normals, 5.0)
    assert np.nanmax(np.abs(along + 0.5)) < 0.1


def test_a_surface_beside_the_axis_lies_where_its_points_are() -> None:
    seen, camera = synthetic(600, off_deg=18)
    solution = solved(seen, camera)
    surface = DepthSurface(solution.depth_mm, solution.intrinsics)
    where = np.zeros(solution.depth_mm.shape, bool)
    where[150:250:7, 150:230:7] = True
    rows, columns = np.nonzero(where)
    points, normals = surface.points(where), surface.normals(where)
    exact = solution.intrinsics.unproject(np.stack([columns, rows], -1), solution.depth_mm[rows, columns])
    assert np.abs(points - exact).max() < 1e-2
    assert np.abs(solution.intrinsics.project(exact) - np.stack([columns, rows], -1)).max() < 1e-9
    assert np.median(normals[:, 2]) < -0.7  # outwards is towards the viewer
    outside, there = surface.offsets(points + 0.5 * normals)
    assert np.nanmax(np.abs(outside - 0.5)) < 0.1
    assert np.nanmin((there * normals).sum(1)) > 0.99
    met = surface.meet(points + 0.5 * normals, normals, 5.0)
    assert np.nanmax(np.abs(met + 0.5)) < 0.1
    assert np.isfinite(outside).mean() > 0.95
    assert np.isfinite(met).mean() > 0.95


@pytest.mark.skipif(not FILES, reason="no ground-truth heads beside the repository")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_midas_map_of_a_known_head_comes_out_true(path: Path, networks: Networks) -> None:
    truth = read_truth(path)
    photo, given = Photo(truth.name, truth.rgb, None, ""), {"ipd_mm": truth.ipd_mm, "fov_deg": truth.fov_deg}
    own = max(reconstruct(photo, Options(model="builtin", **given), networks), key=lambda f: f.facts.face.score)
    to_photo, side = own.facts.crop.to_photo, own.depth_mm.shape[0]
    inverse = truth.inverse_in_crop(to_photo, own.intrinsics, side)
    hull = np.zeros((side, side), np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(own.landmarks_px).astype(np.int32)), 1)
    inner = (hull > 0) & own.mask & (1 / inverse < np.nanmax(truth.depth_mm) + 1)
    rng = np.random.default_rng(sum(path.stem.encode()))
    blur, noise = rng.uniform(0, 2), rng.uniform(0, 0.03)
    answer = as_midas_would(inverse, inner, int(rng.integers(1 << 30)), blur_px=blur, noise=noise)
    facts = replace(own.facts, network=replace(own.facts.network, name="dpt_large_384"))

    def with_map(inverse_depth: np.ndarray) -> Reconstruction:
        return recompute(replace(own, inverse_depth=inverse_depth, facts=facts), truth.rgb, Options(**given))

    found = with_map(answer)
    error = found.depth_mm[inner] - 1 / inverse[inner]
    assert np.median(np.abs(error - np.median(error))) < 1.1
    assert found.facts.scale_and_shift.inlier_share > 0.8
    assert found.facts.warnings == ()
    for wrong in (np.full_like(answer, 7), -answer):
        with pytest.raises(GeometryError, match="another network"):
            with_map(wrong)


def test_a_simulated_midas_map_of_an_analytic_head_comes_out_true() -> None:
    """The same where no ground truth is at hand; the prior is then a smooth and tilted one."""
    seen, camera = synthetic(600)
    exact = solved(seen, camera)
    mask, depth = np.isfinite(exact.depth_mm), np.nan_to_num(exact.depth_mm, nan=2500.0)
    y, x = np.mgrid[-1:1:384j, -1:1:384j]
    worse = cv2.GaussianBlur(seen.relief, (0, 0), 6) + 0.25 * x + 0.1 * y
    for seed in range(3):
        answer = as_midas_would(1 / depth, mask, seed, blur_px=1, noise=0.02)
        found = solved(replace(seen, inverse_depth=answer, relief=worse.astype(np.float32)), camera, strength=0.5)
        error = (found.depth_mm - exact.depth_mm)[mask]
        assert np.median(np.abs(error - np.median(error))) < 1
        assert found.prior_weight == 0


def test_a_map_that_fits_no_face_is_refused_or_warned_of() -> None:
    seen, camera = synthetic(600, invert=True)
    with pytest.raises(GeometryError, match="does not look like a face"):
        solved(seen, camera)
    with pytest.raises(GeometryError, match="flat"):
        solved(replace(seen, inverse_depth=np.full_like(seen.inverse_depth, 3)), camera)
    seen, camera = synthetic(600)
    bent = cv2.GaussianBlur(np.random.default_rng(5).normal(size=seen.relief.shape), (0, 0), 12)
    poor = seen.inverse_depth / seen.inverse_depth.std() + 2.5 * bent / bent.std()
    solution = solved(replace(seen, inverse_depth=poor.astype(np.float32)), camera)
    assert len(solution.warnings) == 1
    assert "fits a face poorly" in solution.warnings[0]
    assert f"{solution.fit.residual_mm:.1f} mm" in solution.warnings[0]
    assert solution.prior_weight > 0.5
    assert fit_warnings(replace(solution.fit, residual_mm=1.0, inlier_share=0.9)) == []


def test_a_bent_map_gets_the_priors_shape_and_keeps_its_detail() -> None:
    y, x = np.mgrid[-1:1:240j, -1:1:240j]
    mask = np.hypot(x, y) < 0.9
    prior = 30 * (1 - x**2 - y**2)
    detail = 0.8 * np.cos(60 * x) * mask
    bent = prior + detail + 25 * x**2 * np.sign(x)
    weight = prior_weight(bent, prior, mask)
    assert 0.5 < weight < 1
    result = with_shape_of(bent, prior, mask, 1.0)
    inner = np.hypot(x, y) < 0.6
    assert np.abs(result - prior - detail)[inner].max() < 1.5
    assert prior_weight(prior + detail + 2 * x, prior, mask) == 0
    assert np.array_equal(with_shape_of(bent, prior, mask, 0.0), bent)


def test_a_head_ends_at_its_rim_and_not_in_the_background() -> None:
    """A map blurred into a wall 1.5 m behind: where the mask ends, the head has no skirt."""
    y, x = np.mgrid[-1:1:384j, -1:1:384j]
    mask = np.hypot(x, y) < 0.5
    head = 80 * np.sqrt(np.maximum(1 - (x / 0.6) ** 2 - (y / 0.6) ** 2, 0))
    blurred = cv2.GaussianBlur(np.where(mask, head, -400.0), (0, 0), 2)
    prior = 0.9 * head + 7 + 3 * x
    rim = mask & (np.hypot(x, y) > 0.47)
    assert np.abs(blurred - head)[rim].max() > 100
    found = with_rim_of(blurred, prior, mask)
    assert np.abs(found - head)[rim].max() < 15
    inner = np.hypot(x, y) < 0.42
    assert np.abs(found - head)[inner].max() < 1
    assert np.array_equal(found[~mask], blurred[~mask])


def test_walls_lose_their_stairs_and_slopes_stay() -> None:
    y, x = np.mgrid[0:256, 0:256].astype(np.float64)
    along = 0.8 * x + 0.6 * y - 170
    coarse = np.kron(np.where(along[::4, ::4] > 0, 0.0, 60.0), np.ones((4, 4)))  # a wall in stairs of four pixels
    mask = np.ones_like(coarse, bool)
    steep = coarse + 3.0 * x  # 72 degrees everywhere, beside the wall
    found = smooth_walls(steep, mask, 1.0)
    far = np.abs(along) > 30
    assert np.array_equal(found[far], steep[far])
    stairs, left = (np.abs(0.8 * np.gradient(z, axis=0) - 0.6 * np.gradient(z, axis=1) + 1.8) for z in (steep, found))
    assert left[np.abs(along) < 12].max() < 0.6 * stairs[np.abs(along) < 12].max()
    gentle = 5.0 * x
    assert np.array_equal(smooth_walls(gentle, mask, 1.0), gentle)


def test_smoothing_takes_noise_and_leaves_edges() -> None:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:512, 0:512] / 512
    slope = 60 * x + 20 * y
    lip = 3.0 * (np.abs(y - 0.5) < 0.02)
    mask = np.hypot(x - 0.5, y - 0.5) < 0.45
    noisy = slope + lip + 0.25 * rng.normal(size=x.shape)
    noisy[~mask] = 1e6  # nothing outside has any influence
    found = smooth(noisy, mask, 0.5)
    calm = (np.abs(y - 0.5) > 0.06) & (np.hypot(x - 0.5, y - 0.5) < 0.4)
    assert (found - slope)[calm].std() < 0.5 * 0.25
    ridge = (np.abs(y - 0.5) < 0.01) & (np.abs(x - 0.5) < 0.3)
    beside = (np.abs(np.abs(y - 0.5) - 0.035) < 0.005) & (np.abs(x - 0.5) < 0.3)
    step = (found - slope)[ridge].mean() - (found - slope)[beside].mean()
    assert step == pytest.approx(3, abs=0.3)
    assert np.array_equal(smooth(noisy, mask, 0.0), noisy)
    assert np.array_equal(found[~mask], noisy[~mask])
