"""A bust in the round: the mean head of the template before a camera, made to a solid and looked at as written."""

import io
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from core.errors import GeometryError, OptionError
from core.head import level, make_head, template
from core.mesh.dense_grid import decimated_closed, is_like_a_sphere
from core.options import Printer, SolidOptions
from core.preflight import preflight
from core.solid import Solid, make_solid
from core.solid.shape import BARE
from core.solid.trunk import _cut, standing
from tests.core.fitted import photographed
from tests.core.formats import write_solid_files
from tests.core.heads import head
from tests.core.solid.printed import assert_a_slicer_takes, assert_admesh_mends_nothing, needs_admesh, needs_slicer

TALL = {"kind": "bust", "height_mm": 80.0}


@cache
def bust(**values: object) -> Solid:
    return make_solid(photographed(), SolidOptions(**{**TALL, **values}))  # type: ignore[arg-type]


def mesh_of(solid: Solid) -> trimesh.Trimesh:
    """As its STL reads."""
    mesh = trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False)
    return trimesh.load_mesh(io.BytesIO(mesh.export(file_type="stl")), file_type="stl")


@pytest.mark.parametrize(
    "values",
    [{}, {"hollow": True}, {"life_size": True, "hollow": True}, {"max_triangles": 6000, "hollow": True}],
    ids=str,
)
def test_it_is_one_closed_body_that_stands(values: dict[str, object]) -> None:
    mesh = mesh_of(bust(**values))
    assert mesh.is_volume
    assert mesh.euler_number == 2  # a drained hollow is a dent
    assert mesh.body_count == 1
    assert mesh.bounds[0] == pytest.approx([0, 0, 0], abs=1e-4)
    foot = mesh.vertices[mesh.vertices[:, 2] < 1e-4][:, :2]
    low, high = foot.min(0), foot.max(0)
    off = (mesh.center_mass[:2] - (low + high) / 2) / ((high - low) / 2)
    assert np.linalg.norm(off) < 0.25  # the middle of its weight is well within the foot
    assert mesh.extents[2] < 2.5 * (high - low).min()


def test_sizes_are_those_on_the_label() -> None:
    assert mesh_of(bust()).extents[2] == pytest.approx(80, abs=1e-3)
    assert mesh_of(bust(height_mm=None, width_mm=60.0)).extents[0] == pytest.approx(60, abs=1e-3)
    life = bust(life_size=True)
    assert life.scale == 1
    fit = make_head(photographed()).fit
    assert np.ptp(life.vertices_mm[:, 0]) == pytest.approx(np.ptp(fit.points[:, 0]), rel=0.03)  # from ear to ear
    with pytest.raises(OptionError, match="A foot of 50 mm leaves no room in a bust 80 mm high"):
        bust(base_mm=50.0)


@pytest.mark.parametrize("base_mm", [0.0, 5.0, 20.0])
def test_the_foot_is_as_thick_as_asked_with_a_rounded_edge(base_mm: float) -> None:
    made = standing(level(2).weights @ template().mean, base_mm)
    body = trimesh.Trimesh(made.points, made.faces, process=False)
    assert body.volume > 0
    x, y, _ = made.points.T
    low = y < 2 * base_mm + 1e-6
    assert y[low & (x > x[low].max() - 1e-6)].max() == pytest.approx(0.6 * base_mm, abs=1e-6)
    assert np.ptp(y) - base_mm == pytest.approx(np.ptp(standing(level(2).weights @ template().mean, 0.0).points[:, 1]))
    if base_mm:
        assert body.is_volume
        assert body.euler_number == 2


def test_the_head_is_that_of_the_photo_in_front_and_whole_behind() -> None:
    """The photo is of the mean head, so the solid is one."""
    solid, (x, y, z) = bust(life_size=True, max_triangles=200_000), template().mean.T
    points, known = cKDTree(solid.vertices_mm), np.stack([x, -z, y], axis=1)
    above = known[known[:, 2] > -60]
    above += solid.vertices_mm.max(0) - above.max(0)
    for _ in range(10):
        above += (solid.vertices_mm[points.query(above)[1]] - above).mean(0)
    away = points.query(above)[0]
    assert np.median(away) < 1.5  # from vertices, which stand some mm apart
    assert np.percentile(away, 95) < 4


def test_no_crease_shows_where_the_neck_goes_over_into_the_foot() -> None:
    solid = bust(life_size=True, max_triangles=1_000_000)
    mesh = trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False)
    height = mesh.extents[2]
    angles = np.degrees(mesh.face_adjacency_angles)
    middle = mesh.vertices[mesh.face_adjacency_edges].mean(1)[:, 2]
    neck = (middle > 2 + 0.02 * height) & (middle < 0.28 * height)
    big = (mesh.area_faces[mesh.face_adjacency].min(1) > 0.1) & neck
    assert big.sum() > 3000
    assert angles[big].max() < 25
    down = mesh.face_normals[:, 2] < -np.sin(np.radians(45))
    low = mesh.triangles_center[:, 2] < 0.2 * height
    assert mesh.area_faces[down & low & (mesh.triangles_center[:, 2] > 1e-3)].sum() < 1  # nothing to support there


@pytest.mark.parametrize(("wall", "values"), [(1.6, {}), (2.4, {}), (2.4, {"life_size": True})])
def test_the_wall_of_a_hollow_one_is_as_thick_as_asked(wall: float, values: dict[str, object]) -> None:
    """From points of the hollow to the outside, in space, as an inscribed ball would."""
    full, hollow = (bust(wall_mm=wall, hollow=empty, **values) for empty in (False, True))
    outside = trimesh.Trimesh(full.vertices_mm, full.faces, process=False)
    assert np.ptp(hollow.vertices_mm, axis=0) == pytest.approx(outside.extents, abs=1e-3)
    mesh = trimesh.Trimesh(hollow.vertices_mm, hollow.faces, process=False)
    assert mesh.volume < 0.6 * outside.volume
    inner = cKDTree(full.vertices_mm).query(mesh.triangles_center)[0] > 0.5 * wall
    inner &= mesh.triangles_center[:, 2] > 1.5 * wall  # without the hole through the floor
    points = mesh.triangles_center[inner]
    chosen = points[np.random.default_rng(0).permutation(len(points))[:300]]
    _, thickness, _ = trimesh.proximity.closest_point(outside, chosen)
    thickness = thickness[thickness > 0.01]  # the others are of the outside itself
    assert len(thickness) > 200
    assert thickness.min() > 0.97 * wall
    assert np.median(thickness) < 1.3 * wall + 0.1


def test_a_wall_that_leaves_no_room_is_a_sentence() -> None:
    with pytest.raises(GeometryError, match="With walls of 20 mm there is no room for a hollow"):
        bust(hollow=True, wall_mm=20.0)


def test_its_colours_are_the_photos_and_those_of_the_foot_plain() -> None:
    solid = bust()
    low, high = solid.vertices_mm[:, 2] < 2, solid.vertices_mm[:, 2] > 60
    assert (solid.colours[low] == BARE).all()
    assert np.ptp(solid.colours[high].astype(float).mean(0)) > 20  # those of the photo are not gray
    hollow = bust(hollow=True)
    assert (hollow.colours == BARE).all(1).mean() > (solid.colours == BARE).all(1).mean()


@pytest.mark.parametrize("rows", [slice(None), slice(60, 200)], ids=["nowhere", "not in the face"])
def test_too_little_depth_is_a_sentence(rows: slice) -> None:
    face = photographed()
    depth = face.depth_mm.copy()
    depth[rows] = np.nan
    with pytest.raises(GeometryError, match="too little depth"):
        make_solid(replace(face, depth_mm=depth), SolidOptions(**TALL))  # type: ignore[arg-type]


def test_without_a_face_it_is_a_sentence_that_names_the_flat_one() -> None:
    whole = replace(photographed(), landmarks_px=None)
    with pytest.raises(GeometryError, match="Choose the flat back"):
        make_solid(whole, SolidOptions(**TALL))  # type: ignore[arg-type]
    make_solid(whole, SolidOptions(**TALL, back="flat"))  # type: ignore[arg-type]


@pytest.mark.parametrize("face", [photographed(yaw=30), head()], ids=["turned", "another"])
def test_it_looks_straight_ahead_however_the_head_is_turned(face) -> None:  # type: ignore[no-untyped-def]
    mesh = mesh_of(make_solid(face, SolidOptions(kind="bust", height_mm=80)))
    assert mesh.is_volume
    nose = mesh.vertices[mesh.vertices[:, 1].argmin()]
    assert nose[0] == pytest.approx(mesh.center_mass[0], abs=4)


def test_however_few_triangles_it_stays_closed() -> None:
    full = trimesh.creation.icosphere(5)
    for most in (80, 500, 3000):
        points, faces = decimated_closed(full.vertices, full.faces.astype(np.int32), most)
        assert len(faces) <= most
        assert is_like_a_sphere(len(points), faces)
    assert not is_like_a_sphere(3, np.array([[0, 1, 2]], np.int32))
    assert trimesh.Trimesh(bust(max_triangles=500).vertices_mm, bust(max_triangles=500).faces, process=False).is_volume


def test_the_cut_through_the_neck_is_one_loop_round_it() -> None:
    cut = _cut()
    turn = np.diff(np.unwrap(np.r_[cut.angle, cut.angle[0]]))
    assert abs(turn.sum()) == pytest.approx(2 * np.pi)
    assert (np.sign(turn) == np.sign(turn.sum())).all()
    assert ((cut.share > 0) & (cut.share < 1)).all()


@pytest.mark.parametrize("hollow", [False, True])
def test_its_checks_before_printing_are_passed(tmp_path: Path, hollow: bool) -> None:
    write_solid_files(bust(hollow=hollow), tmp_path)
    found = preflight(tmp_path / "solid.stl", Printer(), (None, None, 80.0), stands=True)
    assert found.state != "bad"
    assert {check.name for check in found.checks if check.state == "caution"} <= {"Overhang over 45°"}


@needs_slicer
@pytest.mark.parametrize("hollow", [False, True])
def test_a_slicer_takes_it_as_it_is(tmp_path: Path, hollow: bool) -> None:
    write_solid_files(bust(hollow=hollow), tmp_path)
    assert_a_slicer_takes(tmp_path / "solid.stl", 500_000)


@needs_admesh
def test_admesh_has_nothing_to_mend(tmp_path: Path) -> None:
    write_solid_files(bust(hollow=True), tmp_path)
    assert_admesh_mends_nothing(tmp_path / "solid.stl")
