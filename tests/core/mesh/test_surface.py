from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
import scipy
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from core.errors import GeometryError
from core.geometry.reconstruction import Reconstruction
from core.mesh.cloud import point_cloud
from core.mesh.surface import MIN_PIECE, make_surface
from core.mesh.triangulation import grid, outlines, sample, triangulate

Head = Callable[..., Reconstruction]


def test_cloud_is_the_depth_map_in_the_mesh_frame(head: Head) -> None:
    face = head()
    cloud = point_cloud(face)
    assert len(cloud.points_mm) == face.mask.sum()
    rows, columns = np.nonzero(face.mask)
    in_camera = cloud.points_mm * [1, -1, -1] + face.origin_mm
    assert np.abs(in_camera[:, 2] - face.depth_mm[rows, columns]).max() < 1e-3
    assert np.abs(face.intrinsics.project(in_camera) - np.stack([columns, rows], -1)).max() < 1e-3
    inner = scipy.ndimage.binary_erosion(face.mask, iterations=3)[rows, columns]  # the rim has colours from further in
    assert np.array_equal(cloud.colours[inner], face.crop_rgb[rows, columns][inner])
    nose, rim = cloud.points_mm[:, 2].max(), cloud.points_mm[:, 2].min()
    assert nose - rim == pytest.approx(88, abs=2)  # towards the viewer
    assert len(point_cloud(face, 1000).points_mm) == 1000


@pytest.mark.parametrize("finer", [1, 2])
def test_fine_relief_stands_on_the_depth(head: Head, finer: int) -> None:
    face = head(256)
    x = (np.arange(256 * finer) + 0.5) / finer - 0.5
    ripples = np.tile(0.6 * np.sin(x / 3), (256 * finer, 1)).astype(np.float32)
    carved = replace(face, fine_relief=ripples, facts=replace(face.facts, fine_relief=0.5))
    surface = make_surface(carved, 200_000, tolerance_mm=0.03)
    in_camera = surface.vertices_mm * [1, -1, -1] + face.origin_mm
    pixels = face.intrinsics.project(in_camera)
    deep = ndimage.binary_erosion(face.mask, iterations=40)[tuple(np.round(pixels[:, ::-1]).astype(int).T)]
    depth = np.where(face.mask, face.depth_mm, np.nanmax(face.depth_mm))
    depth = cv2.resize(depth, None, fx=finer, fy=finer, interpolation=cv2.INTER_CUBIC)
    stands = sample(depth, (pixels[deep] + 0.5) * finer - 0.5) - in_camera[deep, 2]
    assert np.abs(stands - 0.3 * np.sin(pixels[deep, 0] / 3)).max() < 0.02
    assert np.ptp(stands) > 0.55
    assert np.abs(surface.uv * 256 - [0.5, 0.5] - np.stack([pixels[:, 0], 255 - pixels[:, 1]], -1)).max() < 1e-6


def test_surface_keeps_to_the_tolerance(head: Head) -> None:
    face = head(256)
    surface = make_surface(face, 100_000, tolerance_mm=0.1)
    coarse = make_surface(face, 100_000, tolerance_mm=1.0)
    assert surface.error_mm <= 0.2  # a few last triangles may be off by a little more
    assert 0.2 < coarse.error_mm <= 2.0
    assert len(coarse.faces) < 0.7 * len(surface.faces)
    in_camera = surface.vertices_mm * [1, -1, -1] + face.origin_mm
    pixels = face.intrinsics.project(in_camera)
    depth = np.nan_to_num(face.depth_mm, nan=1e9)
    seen = sample(depth, pixels)
    assert np.abs(in_camera[:, 2] - seen)[seen < 700].max() < 0.1  # points lie on the map
    assert surface.uv.min() >= 0
    assert surface.uv.max() <= 1
    assert np.abs(surface.uv * 256 - [0.5, 0.5] - np.stack([pixels[:, 0], 255 - pixels[:, 1]], -1)).max() < 1e-6


def test_surface_faces_the_viewer_and_is_one_piece(head: Head) -> None:
    surface = make_surface(head(), 20_000)
    mesh = trimesh.Trimesh(surface.vertices_mm, surface.faces, process=False)
    assert (mesh.face_normals[:, 2] > 0).mean() > 0.999
    assert mesh.body_count == 1
    assert mesh.is_winding_consistent
    assert mesh.euler_number == 1  # a disc


def test_budget_is_kept(head: Head) -> None:
    for budget in (3000, 8000):
        assert 0.8 * budget < len(make_surface(head(256), budget, tolerance_mm=1e-4).faces) <= budget


def test_depth_jump_is_cut(head: Head) -> None:
    face = head()
    face.depth_mm[:, :64] += 500  # half the head stands behind the other
    surface = make_surface(face, 20_000)
    mesh = trimesh.Trimesh(surface.vertices_mm, surface.faces, process=False)
    assert mesh.body_count == 2
    pieces = trimesh.graph.connected_components(mesh.face_adjacency)
    assert min(len(piece) for piece in pieces) > MIN_PIECE * len(mesh.faces)


def test_no_depth_is_a_sentence(head: Head) -> None:
    face = head()
    face.depth_mm[:] = np.nan
    with pytest.raises(GeometryError, match="no depth"):
        make_surface(face)


def test_error_chosen_points_beat_an_even_grid(head: Head) -> None:
    face = head(256)
    heights = np.nan_to_num(face.depth_mm, nan=600.0)
    mask, covered = face.mask, ndimage.distance_transform_edt(face.mask) > 8
    adaptive = triangulate(heights, covered, grid(mask, 16), sample(heights, grid(mask, 16)), 1.0, 4000, 0.0)
    even = grid(mask, np.sqrt(mask.sum() / (len(adaptive.points_px) * np.sqrt(0.75))))
    fixed = triangulate(heights, covered, even, sample(heights, even), 1.0, 0, 1e9)
    assert len(fixed.points_px) == pytest.approx(len(adaptive.points_px), rel=0.1)
    assert adaptive.error < 0.5 * fixed.error


@settings(max_examples=25, deadline=None)
@given(arrays(np.bool_, (24, 24)), st.floats(-2, 2))
def test_outlines_stay_near_the_rim(mask: np.ndarray, offset: float) -> None:
    for line in outlines(mask, offset):
        assert np.isfinite(line).all()
        assert line.min() >= -4
        assert line.max() <= 28


def test_dense_grid_is_decimated_to_the_budget(head: Head) -> None:
    face = head()
    every = make_surface(face, 1_000_000, kind="grid")
    assert len(every.vertices_mm) == pytest.approx(face.mask.sum(), rel=0.02)
    few = make_surface(face, 3000, kind="grid")
    assert 2700 <= len(few.faces) <= 3000
    in_camera = few.vertices_mm * [1, -1, -1] + face.origin_mm
    pixels = face.intrinsics.project(in_camera)
    off = np.abs(in_camera[:, 2] - sample(np.nan_to_num(face.depth_mm, nan=1e9), pixels))
    assert np.median(off) < 0.1
    assert np.abs(few.uv * 128 - [0.5, 0.5] - np.stack([pixels[:, 0], 127 - pixels[:, 1]], -1)).max() < 1e-6
    assert few.error_mm is None


def test_smoothing_takes_noise_and_leaves_the_form(head: Head) -> None:
    face, noisy = head(), head()
    noisy.depth_mm[:] += np.random.default_rng(0).normal(0, 0.5, face.mask.shape)
    true, rough, smooth = (
        make_surface(part, 10**6, kind="grid", smoothing=rounds).vertices_mm
        for part, rounds in ((face, 0), (noisy, 0), (noisy, 10))
    )
    middle = np.linalg.norm(true[:, :2], axis=1) < 40
    off = [np.std((part - true)[middle, 2]) for part in (rough, smooth)]
    assert off[0] == pytest.approx(0.5, rel=0.1)
    assert off[1] < 0.6 * off[0]
    assert np.mean((smooth - true)[middle, 2]) == pytest.approx(0, abs=0.2)


def test_slivers_of_a_gentle_surface_are_not_taken_for_jumps(head: Head) -> None:
    face = head(512)
    noise = np.random.default_rng(0).normal(0, 1.5, face.mask.shape)
    face.depth_mm[:] += scipy.ndimage.gaussian_filter(noise, 1.5)  # many points, and slivers between them
    surface = make_surface(face, 10**6)
    mesh = trimesh.Trimesh(surface.vertices_mm, surface.faces, process=False)
    assert mesh.euler_number == 1  # no hole
