"""Regions, profiles, symmetry, lengths and their spreads, on a head in closed form."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import GeometryError, OptionError
from core.face.landmarks import NOSE_TIP
from core.measure.ansur import REFERENCES
from core.measure.face import face_axes, face_measures, landmarks_mm, withheld
from core.measure.profiles import contours, distance, line_profile, named_profiles
from core.measure.regions import MIRRORED_REGIONS, REGIONS, face_area, inner_face, regions
from core.measure.statistics import density, histogram, relative_depth, relative_depth_in, statistics_by_region
from core.measure.symmetry import symmetry
from core.mesh.triangulation import sample
from tests.core.heads import Bump, Placed, head, rendered, surface

EXACT = {"jitter_px": 0.0}


def seen_at(x: float, y: float, face=None) -> np.ndarray:
    """Crop pixel of the frontal head's place x right, y down."""
    face = face or head(**EXACT)
    return face.intrinsics.project(np.array([x, y, 600 + surface(x, y)]))


def test_regions_hold_what_they_are_named_for() -> None:
    face = head(**EXACT)
    parts = regions(face)
    assert tuple(parts) == REGIONS
    assert sum(part.sum() for part in parts.values()) == face_area(face).sum()  # none overlaps another
    assert (face_area(face) <= face.mask).all()
    assert face_area(face).sum() > 0.6 * face.mask.sum()
    inside = {
        "forehead": (0, -45), "right eye": (-31, 0), "left eye": (31, 0), "nose": (0, 36), "right cheek": (-40, 45),
        "left cheek": (40, 45), "mouth": (0, 72), "chin": (0, 100),
    }  # fmt: skip
    for name, (x, y) in inside.items():
        column, row = np.round(seen_at(x, y)).astype(int)
        assert [other for other, part in parts.items() if part[row, column]] == [name]
    for name, other in MIRRORED_REGIONS.items():  # the head is symmetric, and so are its regions, but for rounding
        assert (parts[name] ^ parts[other][:, ::-1]).sum() < 0.05 * parts[name].sum()
    assert (inner_face(face) <= face.mask).all()
    assert regions(replace(face, landmarks_px=None)) == {}


def test_statistics_by_region_and_unit() -> None:
    face = head(**EXACT)
    found, in_ipd = statistics_by_region(face), statistics_by_region(face, "ipd")
    assert list(found) == ["head", "face", *REGIONS]
    assert found["nose"].median < found["forehead"].median < found["left cheek"].p95
    assert found["face"].count == sum(found[name].count for name in REGIONS)
    for name, values in found.items():
        assert in_ipd[name].p95 == pytest.approx(values.p95 / 63, abs=1e-6)
        assert in_ipd[name].skewness == pytest.approx(values.skewness, abs=1e-4)
    assert relative_depth_in(face, "ipd") * 63 == pytest.approx(relative_depth(face), abs=1e-4, nan_ok=True)
    with pytest.raises(OptionError, match="inch"):
        statistics_by_region(face, "inch")
    whole = replace(face, landmarks_px=None, facts=replace(face.facts, ipd_mm=None))
    assert list(statistics_by_region(whole)) == ["head"]
    with pytest.raises(OptionError, match="interpupillary"):
        statistics_by_region(whole, "ipd")


def test_density_adds_up_to_one() -> None:
    values = relative_depth(head(**EXACT))
    edges = np.array([*np.linspace(np.nanmin(values), 60, 20), 75, np.nanmax(values)])  # uneven on purpose
    assert (density(values, edges) * np.diff(edges)).sum() == pytest.approx(1)
    assert density(values, edges) * np.diff(edges) == pytest.approx(histogram(values, edges) / head(**EXACT).mask.sum())


def test_the_midline_is_the_heads_own_section() -> None:
    line = named_profiles(head(**EXACT))["midline"]
    known = np.isfinite(line.depth_mm)
    assert known.sum() > 100
    up, depth = line.along_mm[known], line.depth_mm[known]
    assert (np.diff(up) > 0).all()
    face, zero = head(**EXACT), np.abs(up).argmin()
    at_zero = face.intrinsics.unproject(line.points_px[known][zero], depth[zero] + face.reference_mm)
    expected = surface(0.0, at_zero[1] - up)
    assert np.median(np.abs((depth - depth[zero]) - (expected - expected[zero]))) < 0.2  # a pixel is 1.5 mm
    assert line.points_px[known][zero] == pytest.approx(face.landmarks_px[NOSE_TIP], abs=0.5)
    assert depth[zero] == pytest.approx(0, abs=1)
    assert line.surface_mm[-1] == pytest.approx(np.hypot(np.diff(up), np.diff(expected)).sum(), rel=0.02)


def test_lines_lengths_and_distances() -> None:
    face = head(**EXACT)
    ends = np.stack([seen_at(-31, 0), seen_at(31, 0)])
    found = distance(face, *ends)
    assert found.straight_mm == pytest.approx(62, abs=0.8)  # pixels are 1.5 mm apart
    assert found.depth_mm == pytest.approx(0, abs=0.2)
    x = np.linspace(-31, 31, 2000)
    arc = np.hypot(np.diff(x), np.diff(surface(x, 0.0))).sum()
    assert found.surface_mm == pytest.approx(arc, rel=0.02)
    assert found.surface_mm > found.straight_mm
    line = line_profile(face, *ends)
    assert line.along_mm[0] == 0
    assert line.along_mm[-1] == pytest.approx(62, abs=0.8)
    assert line.points_px[[0, -1]] == pytest.approx(ends)
    eyes = named_profiles(face)["eye line"]
    middle = np.nanargmin(np.abs(eyes.along_mm))
    assert eyes.points_px[middle] == pytest.approx(face.landmarks_px[36:48].mean(0), abs=0.5)
    outside = line_profile(face, np.array([-20.0, 5]), np.array([5.0, 5]))
    assert np.isnan(outside.depth_mm).all()
    with pytest.raises(GeometryError, match="pixel"):
        distance(face, np.array([2, 2]), ends[0])


def test_level_lines_lie_at_their_level() -> None:
    face = head(**EXACT)
    depth = relative_depth(face)
    lines = contours(face, 10)
    assert set(lines) >= {10.0, 20.0, 30.0, 40.0}
    for level, parts in lines.items():
        for part in parts:
            off = sample(depth, part) - level
            assert np.abs(off[np.isfinite(off)]).max(initial=0) < 0.01
    with pytest.raises(ValueError, match="step_mm"):
        contours(face, 0)


def test_a_mirrored_head_is_symmetric_to_rounding() -> None:
    found = symmetry(head())  # its landmarks are not: the surface alone decides
    assert np.nanmax(np.abs(found.difference_mm)) < 1e-3
    assert found.rms_mm < 1e-4
    assert found.coverage > 0.95
    assert found.plane[1] == pytest.approx([1, 0, 0], abs=1e-5)


def test_the_mirror_plane_turns_with_the_head() -> None:
    found = symmetry(head(Placed(yaw=12)))
    assert found.plane[1] == pytest.approx([np.cos(np.radians(12)), 0, np.sin(np.radians(12))], abs=1e-3)
    assert found.rms_mm < 0.05


def test_a_bump_on_one_side_is_left_right_asymmetry() -> None:
    face = head(bump=Bump(30, 45))
    found = symmetry(face)
    for place, sign in ((np.nanargmax(found.difference_mm), 1), (np.nanargmin(found.difference_mm), -1)):
        row, column = np.unravel_index(place, found.difference_mm.shape)
        assert found.difference_mm[row, column] == pytest.approx(3 * sign, abs=0.3)
        assert np.hypot(*(np.array([column, row]) - seen_at(sign * 30, 45))) < 3
    assert found.by_region["forehead"] < 1e-3
    assert min(found.by_region["left cheek"], found.by_region["right cheek"]) > 0.3
    with pytest.raises(GeometryError, match="taken whole"):
        symmetry(replace(face, landmarks_px=None))


def test_the_neutral_head_is_symmetric() -> None:
    found = symmetry(rendered("ict_neutral_yaw+00"))
    assert found.rms_mm < 0.05
    assert found.coverage > 0.95


def test_lengths_do_not_depend_on_the_heads_turn() -> None:
    straight, turned = face_measures(head(**EXACT)), face_measures(head(Placed(yaw=10, pitch=8), **EXACT))
    assert straight is not None
    assert turned is not None
    assert turned.nose_protrusion_mm == pytest.approx(straight.nose_protrusion_mm, abs=0.8)
    assert turned.height_mm == pytest.approx(straight.height_mm, abs=0.8)
    forward = face_axes(landmarks_mm(head(Placed(yaw=10), **EXACT)))[2]
    base = face_axes(landmarks_mm(head(**EXACT)))[2]
    turn = np.arctan2(-forward[0], -forward[2]) - np.arctan2(-base[0], -base[2])
    assert np.degrees(abs(turn)) == pytest.approx(10, abs=0.5)


def test_lengths_of_a_known_head() -> None:
    face = rendered("ict_neutral_yaw+00")
    points = landmarks_mm(face)
    found = face_measures(face)
    assert found is not None
    assert found.ipd_mm == pytest.approx(61.889, abs=0.001)
    assert found.height_mm == pytest.approx(np.linalg.norm(points[27] - points[8]), abs=0.01)
    assert found.nose_protrusion_mm == pytest.approx(42.9, abs=0.5)
    assert found.nose_to_ears_mm is not None
    assert 70 < found.nose_to_ears_mm < 110


def test_a_turned_head_is_as_wide_as_it_is() -> None:
    for straight, turned in (("ict_id1_yaw+00", "ict_id1_yaw+20"), ("ict_id2_yaw+00", "ict_id2_yaw-20")):
        a, b = face_measures(rendered(straight)), face_measures(rendered(turned))
        assert a is not None
        assert b is not None
        assert b.width_mm == pytest.approx(a.width_mm, abs=3)
        assert b.nose_protrusion_mm == pytest.approx(a.nose_protrusion_mm, abs=1)
        assert b.nose_to_ears_mm == pytest.approx(a.nose_to_ears_mm, abs=6)


def test_lengths_that_need_a_side_that_is_not_seen_are_withheld_with_the_reason() -> None:
    face = head(Placed(yaw=10), **EXACT)
    about = face.facts.face
    profile = replace(face, facts=replace(face.facts, face=replace(about, yaw_deg=-87.0)))
    seen, hidden = face_measures(face), face_measures(profile)
    assert withheld(face) is None
    assert withheld(profile) == "Not measured where it needs both sides: the head is turned by 87 degrees."
    assert hidden == replace(seen, width_mm=None, nose_protrusion_mm=None)
    assert hidden.height_mm > 90


def test_spreads_of_the_survey() -> None:
    width = REFERENCES["width_mm"]
    assert width.pooled.mean_mm == pytest.approx((142.62 + 133.77) / 2)
    assert width.pooled.std_mm > max(width.men.std_mm, width.women.std_mm)  # both sexes together are wider spread
    assert width.men.deviations(142.62 + 2 * 6.22) == pytest.approx(2)
    assert set(REFERENCES) == {"ipd_mm", "width_mm", "height_mm"}
