"""A mask of a head that is turned away looks straight ahead and has both cheeks."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from core.geometry.reconstruction import Reconstruction
from core.options import SolidOptions
from core.solid import make_solid
from core.solid.straight import straight
from tests.core.fitted import photographed


def mask_of(face: Reconstruction) -> trimesh.Trimesh:
    made = make_solid(face, SolidOptions(kind="mask", life_size=True, max_triangles=8000))
    return trimesh.Trimesh(made.vertices_mm, made.faces, process=False)


def unlike_mirrored(mesh: trimesh.Trimesh) -> float:
    """Median distance in mm of the mask from its mirror image."""
    other = mesh.vertices * [-1, 1, 1]
    other += (mesh.bounds.mean(0) - (other.min(0) + other.max(0)) / 2) * [1, 0, 0]
    return float(np.median(trimesh.proximity.closest_point(mesh, other[::20])[1]))


def test_it_is_whole_and_that_of_the_same_head_seen_from_the_front() -> None:
    before, turned = mask_of(photographed()), mask_of(photographed(yaw=25))
    assert turned.is_volume
    assert turned.euler_number == 2
    assert turned.extents[:2] == pytest.approx(before.extents[:2], rel=0.06)
    assert unlike_mirrored(turned) < 1.5


def test_the_photos_own_view_is_kept_where_no_head_fits_or_none_is_turned() -> None:
    face = photographed(yaw=25)
    assert straight(photographed()) is None
    assert straight(replace(face, landmarks_px=None)) is None
    for rows in (slice(None), slice(60, 200)):  # no depth at all, and none at the landmarks
        depth = face.depth_mm.copy()
        depth[rows] = np.nan
        assert straight(replace(face, depth_mm=depth)) is None
    seen = straight(face)
    assert seen is not None
    assert seen.picture.shape[:2] == seen.view.mask.shape
    assert np.array_equal(seen.view.photo_px[3, 5], [5, 3])
    jaw = seen.landmarks_px[[0, 16]]
    nose = seen.landmarks_px[30]
    assert nose[0] == pytest.approx(jaw[:, 0].mean(), abs=4 / seen.view.pitch_mm)
