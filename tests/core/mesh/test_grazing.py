from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.geometry.reconstruction import Reconstruction
from core.mesh.grazing import STEEPEST, bent, limited
from core.mesh.surface import make_surface
from core.mesh.triangulation import sample

Head = Callable[..., Reconstruction]
PIXEL = 1 / 1000
DETOUR = 1.028  # steps in 16 directions are so much longer than a straight line


def envelope(depth: np.ndarray, detour: float = 1.0) -> np.ndarray:
    """Of every point, the nearest of the cones that stand on all points."""
    y, x = np.indices(depth.shape).reshape(2, -1)
    away = np.hypot(x[:, None] - x, y[:, None] - y) * detour
    return np.exp((np.log(depth.ravel()) + STEEPEST * PIXEL * away).min(1)).reshape(depth.shape)


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (14, 17), elements=st.floats(500, 700, width=32)))
def test_what_is_in_front_stays_and_what_is_behind_lies_on_the_cones(depth: np.ndarray) -> None:
    found = limited(depth, np.ones(depth.shape, bool), PIXEL)
    least, most = envelope(depth), np.minimum(envelope(depth, DETOUR), depth)
    assert np.array_equal(found[least == depth], depth[least == depth])
    assert (found >= least * (1 - 1e-5)).all()
    assert (found <= most * (1 + 1e-5)).all()


def test_a_step_becomes_a_slope_of_the_steepest_and_what_is_far_from_it_stays_to_the_last_bit() -> None:
    away = np.hypot(*(np.indices((200, 200)) - 99.5))
    step = np.where(away < 60, 550, 600).astype(np.float32)
    everywhere = np.ones(step.shape, bool)
    found = bent(step, everywhere, PIXEL)
    far = (away < 55) | (away > 60 + np.log(600 / 550) / (STEEPEST * PIXEL) + 8)
    assert np.array_equal(found[far], step[far])
    steepness = np.hypot(*np.gradient(np.log(found))) / PIXEL
    assert steepness.max() < 1.05 * STEEPEST
    assert np.abs(steepness[(away > 64) & (away < 76)] - STEEPEST).max() < 0.05 * STEEPEST


def test_a_gentle_head_stays_to_the_last_bit() -> None:
    across = np.abs(np.indices((100, 100))[1] - 49.5)
    gentle = (600 * np.exp(-0.99 * STEEPEST * PIXEL * across)).astype(np.float32)
    assert np.array_equal(bent(gentle, np.ones(gentle.shape, bool), PIXEL), gentle)


def test_what_is_not_head_neither_moves_nor_moves_the_head() -> None:
    depth = np.full((40, 40), 600, np.float32)
    depth[:, 20] = 500
    head = np.ones(depth.shape, bool)
    head[:, 20] = False
    assert np.array_equal(bent(depth, head, PIXEL), depth)


@pytest.mark.parametrize("kind", ["adaptive", "grid"])
def test_a_head_with_a_step_is_one_piece_that_no_pixel_is_drawn_out_on(head: Head, kind: str) -> None:
    face = replace(head(256), landmarks_px=np.full((68, 2), 150.0))
    face.depth_mm[:, :100] += 60  # as hair behind a cheek
    surface = make_surface(face, 10**6, kind=kind)
    mesh = trimesh.Trimesh(surface.vertices_mm, surface.faces, process=False)
    assert mesh.body_count == 1
    assert mesh.euler_number == 1  # a disc: neither torn nor pierced
    corners = surface.uv[surface.faces] * len(face.crop_rgb)
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    pixel_mm = float(face.intrinsics.pixel_mm(600))
    drawn_out = mesh.area_faces / (np.abs(ax * by - ay * bx) / 2 * pixel_mm**2)
    assert mesh.area_faces[drawn_out > 5].sum() < 0.01 * mesh.area
    seen = face.intrinsics.project(surface.vertices_mm * [1, -1, -1] + face.origin_mm)
    in_front = (np.abs(seen - 140) < 35).all(1)
    off = (surface.vertices_mm * [1, -1, -1] + face.origin_mm)[in_front, 2] - sample(face.depth_mm, seen[in_front])
    assert np.abs(off).max() < 0.01  # seeds are placed to 1/64 of a pixel
