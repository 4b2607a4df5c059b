import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay, cKDTree

from core.mesh.dense_grid import decimated, dense_grid
from core.mesh.taubin import taubin
from core.mesh.triangulation import Triangulation, _cosine, _worst, grid, sample, triangulate


def bumps(height: int, width: int, seed: int = 0) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(0, 3, width), np.linspace(0, 3, height))
    ways = np.random.default_rng(seed).uniform(0.5, 2, (6, 2))
    return sum(5 * np.sin(a * x * 2 + b * y * 3) for a, b in ways)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_worst_pixel_of_each_triangle_is_that_of_a_look_at_every_pixel(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    wanted = numbers.normal(size=(17, 23))
    wanted[numbers.random(wanted.shape) < 0.2] = np.nan
    points = np.round(numbers.uniform(-2, [24, 18], (20, 2)) * 4) / 4  # many pixels lie on edges, some points outside
    faces = Delaunay(points).simplices
    heights = numbers.normal(size=len(points))
    wrong, pixels = _worst(points[faces], heights[faces], wanted)
    rows, columns = np.nonzero(np.isfinite(wanted))
    for corners, z, found, pixel in zip(points[faces], heights[faces], wrong, pixels, strict=True):
        matrix = np.vstack([corners.T, np.ones(3)])
        weights = np.linalg.solve(matrix, np.stack([columns, rows, np.ones(len(rows))]))
        inside = (weights > -1e-9).all(0)
        error = np.abs(z @ weights - wanted[rows, columns])[inside]
        assert found == pytest.approx(error.max(initial=0), abs=1e-9)
        if found > 0:
            at = (columns[inside] == pixel[0]) & (rows[inside] == pixel[1])
            assert error[at] == pytest.approx(found, abs=1e-9)


def test_plane_needs_no_points_and_bumps_are_met_to_the_tolerance() -> None:
    everywhere = np.ones((60, 80), bool)
    corners = np.array([[0, 0], [79, 0], [0, 59], [79, 59]], float)
    x, y = np.meshgrid(np.arange(80.0), np.arange(60.0))
    plane = 2 * x - y
    mesh = triangulate(plane, everywhere, corners, sample(plane, corners), 1.0, 10_000, 1e-6)
    assert len(mesh.faces) == 2
    assert mesh.error == pytest.approx(0, abs=1e-9)
    wavy = bumps(60, 80)
    mesh = triangulate(wavy, everywhere, corners, sample(wavy, corners), 1.0, 100_000, 0.01)
    assert mesh.error <= 0.04  # what settles nothing is left, up to four tolerances
    assert len(mesh.faces) == 2 * len(mesh.points_px) - 2 - 4 - (rim_points(mesh.points_px, 79, 59) - 4)


def relief(side: int) -> np.ndarray:
    """A round face of about 200 mm on a side, in mm, with waves and grooves of 0.15 mm that grow finer downwards."""
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    grooves = np.exp(-((((x * 20) % 1 - 0.5) * 8) ** 2)) * (np.abs(y) < 0.3)
    return 60 * np.sqrt(np.maximum(1.4 - x**2 - y**2, 0)) + 0.15 * np.sin(x * 90 + 40 * y**2) + 0.15 * grooves


def left_over(mesh: Triangulation, heights: np.ndarray, pixel_size: float) -> np.ndarray:
    """Largest distance of the map from each triangle, at right angles to it."""
    corners, z = mesh.points_px[mesh.faces], mesh.heights[mesh.faces]
    return _worst(corners, z, heights)[0] * _cosine(corners, z, pixel_size)


@pytest.mark.parametrize("tolerance", [0.15, 0.05])
def test_error_stays_near_the_tolerance_where_the_budget_suffices(tolerance: float) -> None:
    heights, everywhere = relief(256), np.ones((256, 256), bool)
    seeds = np.array([[0, 0], [255, 0], [0, 255], [255, 255]], float)
    mesh = triangulate(heights, everywhere, seeds, sample(heights, seeds), 0.8, 10**6, tolerance)
    off = left_over(mesh, heights, 0.8)
    assert mesh.error == pytest.approx(off.max())
    assert mesh.error <= 4 * tolerance
    assert (off > tolerance).mean() < 0.02
    assert len(mesh.faces) < 0.8 * 2 * 255**2


@pytest.mark.parametrize("budget", [600, 5000, 40_000])
def test_budget_is_held_and_used(budget: int) -> None:
    heights, everywhere = relief(256), np.ones((256, 256), bool)
    seeds = grid(everywhere, 32.0)
    mesh = triangulate(heights, everywhere, seeds, sample(heights, seeds), 0.8, budget, 1e-4)
    assert 0.9 * budget < len(mesh.faces) <= budget


@pytest.mark.parametrize("budget", [5000, 40_000])
def test_large_triangulations_are_delaunays_and_the_same_each_time(budget: int) -> None:
    heights, everywhere = relief(256), np.ones((256, 256), bool)
    seeds = np.concatenate([[[0, 0], [255, 0], [0, 255], [255, 255]], grid(everywhere, 32.0)])
    first, second = (
        triangulate(heights, everywhere, seeds, sample(heights, seeds), 0.8, budget, 1e-4) for _ in range(2)
    )
    assert np.array_equal(first.points_px, second.points_px)
    assert np.array_equal(first.faces, second.faces)
    assert len(np.unique(first.points_px, axis=0)) == len(first.points_px)
    a, b, c = (first.points_px[first.faces[:, i]] for i in range(3))
    turn = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert (turn <= 0).all()
    assert -turn.sum() / 2 == 255**2  # all of the square, once
    centre, radius = circles(a, b, c)
    nearest, _ = cKDTree(first.points_px).query(centre)
    assert (nearest > radius * (1 - 1e-9) - 1e-9).all()  # no point within the circle through the corners


def circles(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres (m, 2) and radii (m,) of the circles through the corners of triangles."""
    b, c = b - a, c - a
    double = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    bb, cc = (b**2).sum(1), (c**2).sum(1)
    centre = np.stack([c[:, 1] * bb - b[:, 1] * cc, b[:, 0] * cc - c[:, 0] * bb], axis=-1) / double[:, None]
    return a + centre, np.linalg.norm(centre, axis=1)


def test_noise_below_the_tolerance_takes_few_points() -> None:
    everywhere = np.ones((256, 256), bool)
    noise = np.random.default_rng(0).uniform(-0.04, 0.04, everywhere.shape)
    seeds = grid(everywhere, 32.0)
    mesh = triangulate(noise, everywhere, seeds, sample(noise, seeds), 0.8, 40_000, 0.1)
    assert len(mesh.points_px) < 1.2 * len(seeds)


def test_points_on_one_circle_are_triangulated_whole() -> None:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    seeds = 128 + 100 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    flat = np.zeros((256, 256))
    mesh = triangulate(flat, flat > 0, seeds, np.zeros(400), 1.0, 1000, 0.1)
    assert len(mesh.points_px) == 400
    assert len(mesh.faces) == 398


def rim_points(points: np.ndarray, right: float, low: float) -> int:
    x, y = points.T
    return int(((x == 0) | (y == 0) | (x == right) | (y == low)).sum())


def test_budget_goes_where_it_is_needed() -> None:
    step = np.where(np.arange(64) < 32, 0.0, 10.0) * np.ones((64, 1))
    seeds = grid(np.ones((64, 64), bool), 16.0)
    mesh = triangulate(step, np.ones((64, 64), bool), seeds, sample(step, seeds), 1.0, 600, 0.05)
    added = mesh.points_px[16:]
    assert (np.abs(added[:, 0] - 31.5) < 8).mean() > 0.7


def test_dense_grid_is_every_square_of_the_mask() -> None:
    mask = np.ones((5, 7), bool)
    mask[2, 3] = False
    heights = np.arange(35.0).reshape(5, 7)
    pixels, faces = dense_grid(mask, heights)
    assert len(pixels) == 34
    assert len(faces) == 2 * (4 * 6 - 4)
    a, b, c = (pixels[faces[:, i]] * [1, -1] for i in range(3))
    turn = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert (turn == 1).all()  # counter-clockwise with y up, half a pixel each


def test_dense_grid_splits_along_the_flatter_diagonal() -> None:
    heights = np.array([[0.0, 0.0], [0.0, 9.0]])
    _, faces = dense_grid(np.ones((2, 2), bool), heights)
    assert all({1, 2} <= set(face) for face in faces.tolist())


def sphere() -> tuple[np.ndarray, np.ndarray]:
    ball = trimesh.creation.icosphere(4, 10.0)
    return np.asarray(ball.vertices), np.asarray(ball.faces, dtype=np.int32)


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def test_taubin_smooths_and_keeps_the_volume() -> None:
    vertices, faces = sphere()
    noisy = vertices * (1 + 0.02 * np.random.default_rng(0).normal(size=(len(vertices), 1)))
    smooth = taubin(noisy, faces, 20)
    roughness = [np.std(np.linalg.norm(v, axis=1)) for v in (noisy, smooth)]
    assert roughness[1] < 0.35 * roughness[0]
    assert volume(smooth, faces) == pytest.approx(volume(vertices, faces), rel=0.005)
    shrunk = noisy
    for _ in range(40):  # Laplace's smoothing, for comparison
        shrunk = one_laplace_step(shrunk, faces)
    assert volume(shrunk, faces) < 0.98 * volume(vertices, faces)


def one_laplace_step(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    total, count = np.zeros_like(vertices), np.zeros(len(vertices))
    for a, b in ((0, 1), (1, 2), (2, 0)):
        for start, end in ((a, b), (b, a)):
            np.add.at(total, faces[:, start], vertices[faces[:, end]])
            np.add.at(count, faces[:, start], 1)
    return vertices + 0.5 * (total / count[:, None] - vertices)


def test_taubin_leaves_an_open_rim_alone() -> None:
    pixels, faces = dense_grid(np.ones((9, 9), bool), np.zeros((9, 9)))
    heights = np.random.default_rng(1).normal(size=len(pixels))
    vertices = np.column_stack([pixels, heights]).astype(float)
    smooth = taubin(vertices, faces, 5)
    rim = (pixels % 8 == 0).any(1)
    assert np.array_equal(smooth[rim], vertices[rim])
    assert np.std(smooth[~rim, 2]) < 0.5 * np.std(vertices[~rim, 2])


def test_decimation_keeps_the_budget_and_the_shape() -> None:
    vertices, faces = sphere()
    few, left = decimated(vertices + np.array([1000.0, 0, 0]), faces, 1000)
    assert 900 <= len(left) <= 1000
    assert np.linalg.norm(few - [1000, 0, 0], axis=1) == pytest.approx(10, abs=0.1)
    assert volume(few - [1000, 0, 0], left) == pytest.approx(volume(vertices, faces), rel=0.005)
    assert decimated(vertices, faces, len(faces))[0] is vertices
