"""A background that was kept is in the depth map, and in no number, line or free-standing solid of the face."""

from dataclasses import asdict

import numpy as np
import pytest
from scipy import ndimage

from core.comparison import agreement, compare
from core.files.face_files import statistics
from core.geometry.depth_surface import DepthSurface
from core.measure.face import face_measures, landmarks_mm
from core.measure.profiles import contours, distance, named_profiles
from core.measure.statistics import relative_depth, shared_edges, statistics_by_region
from core.measure.symmetry import symmetry
from core.mesh.cloud import point_cloud
from core.options import SolidOptions
from core.solid import make_solid
from core.solid.parallel_heights import frontal, pixel_mm
from tests.core.heads import Bump, head, with_background

CUT, BUMPED = head(), head(bump=Bump(30, 45), seed=1)
KEPT = with_background(CUT)


def test_the_depth_map_and_the_cloud_hold_it() -> None:
    assert KEPT.mask.all()
    assert np.array_equal(KEPT.head, CUT.mask)
    assert len(point_cloud(KEPT).points_mm) == KEPT.mask.size
    assert np.array_equal(KEPT.head_depth_mm, CUT.depth_mm, equal_nan=True)


def test_the_numbers_of_its_files_are_those_of_the_head() -> None:
    assert statistics(KEPT) == statistics(CUT)
    assert statistics(KEPT)["max"] < 200
    assert statistics_by_region(KEPT) == statistics_by_region(CUT)
    assert np.array_equal(relative_depth(KEPT), relative_depth(CUT), equal_nan=True)
    assert np.array_equal(shared_edges([relative_depth(KEPT)]), shared_edges([relative_depth(CUT)]))


def test_lengths_and_landmarks_at_the_rim_are_on_the_head() -> None:
    rim = np.argwhere(CUT.mask & ~ndimage.binary_erosion(CUT.mask))[:, ::-1].astype(float)
    assert np.array_equal(KEPT.depth_at(rim), CUT.depth_at(rim))
    assert np.array_equal(landmarks_mm(KEPT), landmarks_mm(CUT), equal_nan=True)
    kept, cut = face_measures(KEPT), face_measures(CUT)
    assert kept is not None
    assert cut is not None
    assert asdict(kept) == asdict(cut)
    assert np.array_equal(KEPT.origin_mm, CUT.origin_mm)
    assert symmetry(KEPT).rms_mm == symmetry(CUT).rms_mm


def test_lines_end_where_the_head_ends() -> None:
    for name, line in named_profiles(CUT).items():
        assert np.array_equal(named_profiles(KEPT)[name].depth_mm, line.depth_mm, equal_nan=True)
    assert contours(KEPT, 10).keys() == contours(CUT, 10).keys()
    with pytest.raises(Exception, match="Choose points on the head"):
        distance(KEPT, np.array([2, 2]), KEPT.landmarks_px[30])


def test_it_is_not_compared() -> None:
    for kept, cut in ((compare(KEPT, BUMPED), compare(CUT, BUMPED)), (compare(BUMPED, KEPT), compare(BUMPED, CUT))):
        assert kept.numbers() == cut.numbers()
        assert np.array_equal(kept.seen.depth_mm, cut.seen.depth_mm, equal_nan=True)
    kept, cut = agreement([KEPT, with_background(BUMPED)]), agreement([CUT, BUMPED])
    assert np.array_equal(kept.spread_mm, cut.spread_mm, equal_nan=True)
    assert (kept.median_mm, kept.by_region) == (cut.median_mm, cut.by_region)
    assert np.array_equal(DepthSurface.of(KEPT).depth_mm, CUT.depth_mm, equal_nan=True)


@pytest.mark.parametrize("kind", ["mask", "bust"])
def test_what_stands_free_is_the_head_at_its_size(kind: str) -> None:
    assert pixel_mm(KEPT) == pixel_mm(CUT)
    assert np.array_equal(frontal(KEPT).heights_mm, frontal(CUT).heights_mm, equal_nan=True)
    options = SolidOptions(kind=kind, life_size=True, max_triangles=3000)
    kept, cut = make_solid(KEPT, options), make_solid(CUT, options)
    assert np.array_equal(kept.vertices_mm, cut.vertices_mm)
    assert kept.scale == cut.scale == 1
