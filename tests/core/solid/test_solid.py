import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import GeometryError, LifemaskError, OptionError
from core.geometry.reconstruction import Reconstruction
from core.options import SolidOptions
from core.options.solid import KINDS
from core.solid import light_path_mm, make_solid
from core.solid.compress import STRONGEST, compressed
from core.solid.lettering import lettered
from tests.core.formats import write_solid_files
from tests.core.solid.printed import assert_a_slicer_takes, assert_admesh_mends_nothing, needs_admesh, needs_slicer

Head = Callable[..., Reconstruction]
SMALL = {"max_triangles": 6000, "back": "flat"}  # for a bust in the round see test_round_bust.py
EVERY = [
    *({"kind": kind} for kind in KINDS),
    {"kind": "relief", "fastening": "keyhole", "base_mm": 3},
    {"kind": "relief", "fastening": "magnet"},
    {"kind": "mask", "fastening": "keyhole"},
    {"kind": "mask", "fastening": "magnet"},
    {"kind": "bust", "back": "flat", "fastening": "keyhole"},
    {"kind": "bust", "hollow": True},
    {"kind": "bust", "back": "flat", "hollow": True, "fastening": "keyhole", "width_mm": 120},
    {"kind": "relief", "outline": "round", "text": "J\u00f6rg & Ada"},
    {"kind": "relief", "outline": "oval", "fastening": "magnet"},
    {"kind": "relief", "text": "Ada", "loop": True},
    {"kind": "relief", "border_mm": 0.5, "loop": True, "fastening": "magnet", "base_mm": 4},
    {"kind": "coin", "text": "ADA LOVELACE 1815", "letter_mm": 4, "loop": True},
    {"kind": "coin", "border_mm": 0.5, "width_mm": 40},
    {"kind": "lithophane", "bend_deg": 60},
    {"kind": "lithophane", "bend_deg": 270, "height_mm": 60},
    {"kind": "lithophane", "bend_deg": 5, "corner_mm": 0},
    {"kind": "lamp", "height_mm": 60},
]


def read_back(face: Reconstruction, options: SolidOptions) -> trimesh.Trimesh:
    solid = make_solid(face, options)
    assert solid.colours.shape == solid.vertices_mm.shape
    mesh = trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False)
    return trimesh.load_mesh(io.BytesIO(mesh.export(file_type="stl")), file_type="stl")


def assert_prints(mesh: trimesh.Trimesh, holes: int = 0) -> None:
    assert mesh.is_volume  # watertight, consistently wound, outward
    assert mesh.euler_number == 2 - 2 * holes  # one shell: a pocket or a drained hollow is a dent, and no hole
    assert mesh.body_count == 1
    assert mesh.bounds[0] == pytest.approx([0, 0, 0], abs=1e-4)
    lowest = mesh.triangles[(mesh.triangles[..., 2] < 1e-4).all(1)]
    assert trimesh.triangles.area(lowest).sum() > 20  # mm2 on the print bed


@pytest.mark.parametrize("values", EVERY, ids=lambda values: " ".join(map(str, values.values())))
def test_every_solid_is_one_closed_shell_on_the_bed(head: Head, values: dict[str, object]) -> None:
    holes = int(bool(values.get("loop")) or values["kind"] == "lamp")
    assert_prints(read_back(head(160), SolidOptions(**{**values, **SMALL})), holes)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_size_is_that_on_the_label(head: Head, kind: str) -> None:
    up = 2 if SolidOptions(kind=kind).stands else 1
    wide = read_back(head(), SolidOptions(kind=kind, width_mm=60, **SMALL))
    assert wide.extents[0] == pytest.approx(60, abs=1e-3)
    tall = read_back(head(), SolidOptions(kind=kind, height_mm=60, **SMALL))
    assert tall.extents[up] == pytest.approx(60, abs=1e-3)


def test_life_size_is_that_of_the_head(head: Head) -> None:
    face = head(160)
    seen = face.intrinsics.unproject(np.argwhere(face.mask)[:, ::-1].astype(float), face.depth_mm[face.mask])
    bust = make_solid(face, SolidOptions(kind="bust", back="flat", life_size=True))
    assert bust.scale == 1
    above = bust.vertices_mm[:, 2] > 0.5 * bust.vertices_mm[:, 2].max()
    assert np.ptp(bust.vertices_mm[above, 0]) == pytest.approx(np.ptp(seen[:, 0]), rel=0.04)
    nose_to_rim = np.ptp(seen[:, 2])
    assert nose_to_rim < np.ptp(bust.vertices_mm[:, 1]) < 1.6 * nose_to_rim


def test_relief_is_as_high_as_the_share_asks(head: Head) -> None:
    face = head(256)
    options = SolidOptions(width_mm=60, base_mm=3, border_mm=5, relief_share=0.5)
    head_width = np.ptp(np.flatnonzero(face.mask.any(0))) + 1
    depth = face.depth_mm[face.mask]
    life_width = head_width * np.median(depth) / face.intrinsics.focal_px
    relief = (np.percentile(depth, 98) - depth.min()) * 0.5 * (60 - 2 * 5) / life_width
    assert read_back(face, options).extents[2] - 3 == pytest.approx(relief, rel=0.06)
    shallow, deep = (make_solid(face, SolidOptions(relief_share=share)).vertices_mm for share in (0.25, 0.5))
    assert deep[:, 2].max() - 2 == pytest.approx(2 * (shallow[:, 2].max() - 2), rel=1e-3)
    assert deep[:, :2].max(0) == pytest.approx(shallow[:, :2].max(0))


@pytest.mark.parametrize("kind", ["relief", "mask", "bust"])
def test_fine_relief_is_carved_in_print_millimetres(head: Head, kind: str) -> None:
    face = head()
    bump = np.zeros(face.mask.shape, np.float32)
    y, x = np.indices(bump.shape)
    row, column = np.argwhere(face.mask).mean(0)
    bump += 1.5 * np.exp(-((x - column - 20) ** 2 + (y - row - 12) ** 2) / 60)
    options = SolidOptions(kind=kind, back="flat", detail=0.5, max_triangles=60_000)
    plain = make_solid(face, options)
    carved = make_solid(replace(face, fine_relief=bump, facts=replace(face.facts, fine_relief=1.0)), options)
    volumes = [trimesh.Trimesh(one.vertices_mm, one.faces, process=False).volume for one in (plain, carved)]
    life = 1.5 * np.pi * 60 * float(face.intrinsics.pixel_mm(float(np.nanmedian(face.depth_mm)))) ** 2
    added = (volumes[1] - volumes[0]) / plain.scale**3
    assert added == pytest.approx(0 if kind == "mask" else life, rel=0.3, abs=0.3 * life)  # a shell only bulges


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "relief", "outline": "round", "loop": True},
        {"kind": "relief", "outline": "oval", "text": "Ada"},
        {"kind": "relief", "text": "Ada", "loop": True},
        {"kind": "coin", "text": "Ada", "loop": True},
        {"kind": "lithophane", "bend_deg": 30},
        {"kind": "lithophane", "bend_deg": 200},
    ],
    ids=lambda values: " ".join(map(str, values.values())),
)
def test_size_over_all_includes_loop_letters_and_bend(head: Head, values: dict[str, object]) -> None:
    options = SolidOptions(**values, **SMALL)  # type: ignore[arg-type]
    up = 2 if options.stands else 1
    for name, axis in (("width_mm", 0), ("height_mm", up)):
        assert read_back(head(), replace(options, **{name: 70})).extents[axis] == pytest.approx(70, abs=1e-3)


def test_a_round_plaque_is_round_and_an_oval_one_has_the_heads_proportions(head: Head) -> None:
    face = head()
    rows, columns = (np.ptp(np.flatnonzero(face.mask.any(axis))) + 1 for axis in (1, 0))
    flat = {"border_mm": 0.5, "width_mm": 60, **SMALL}
    disc = read_back(face, SolidOptions(outline="round", **flat))  # type: ignore[arg-type]
    assert disc.extents[1] == pytest.approx(60, abs=0.05)
    edge = disc.vertices[disc.vertices[:, 2] < 1e-4][:, :2] - 30
    assert np.abs(np.hypot(*edge.T)[np.hypot(*edge.T) > 1] - 30).max() < 0.05
    oval = read_back(face, SolidOptions(outline="oval", **flat))  # type: ignore[arg-type]
    assert oval.extents[1] / oval.extents[0] == pytest.approx(rows / columns, rel=0.02)


def test_letters_and_a_coins_rim_stand_off_the_plate(head: Head) -> None:
    face, base = head(), {"kind": "coin", "base_mm": 2, "border_mm": 3, "width_mm": 80, **SMALL}
    mesh = read_back(face, SolidOptions(**base, text="I"))  # type: ignore[arg-type]
    inside = trimesh.ray.ray_triangle.RayMeshIntersector(mesh)

    def height(x: float, y: float) -> float:
        places, _, _ = inside.intersects_location([[x, y, 50]], [[0, 0, -1]], multiple_hits=False)
        return float(places[0, 2])

    assert [height(40, 1.5), height(1.5, 40)] == pytest.approx([2.8, 2.8], abs=1e-3)  # the rim, two nozzles high
    assert height(40, 76.5) == pytest.approx(2, abs=1e-3)  # between rim and letter
    assert height(40, 80 - 3 - 1 - 0.25 * 6 - 3) == pytest.approx(2.8, abs=1e-3)  # the middle of the I
    assert height(44, 80 - 3 - 1 - 0.25 * 6 - 3) == pytest.approx(2, abs=1e-3)


def test_a_loop_has_a_hole_of_five_millimetres(head: Head) -> None:
    mesh = read_back(head(), SolidOptions(outline="round", loop=True, base_mm=3, **SMALL))
    middle = [mesh.extents[0] / 2, mesh.extents[1] - 2.5 - 2.5]
    for way, free in ((2.4, True), (2.7, False), (4.9, False), (5.1, True)):
        for angle in (0, 45, 135, 180):
            at = [*(np.array(middle) + way * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])), 9]
            hit = mesh.ray.intersects_any([at], [[0, 0, -1]])[0]
            assert hit != free, (way, angle)


def test_what_cannot_be_lettered_is_a_sentence(head: Head) -> None:
    for text, said in (
        ("\u0416", "The letter '\u0416' cannot be raised"),
        ("stra\u00dfe", "The letter '\u00df' cannot be raised"),
        ("\u00e9", "cannot be raised"),
        ("A" * 60, "mm long, but there is room for"),
    ):
        for kind in ("relief", "coin"):
            with pytest.raises(OptionError, match=said):
                make_solid(head(), SolidOptions(kind=kind, text=text, letter_mm=4))
    with pytest.raises(OptionError, match="leaves no room for the face"):
        make_solid(head(), SolidOptions(kind="coin", width_mm=20, text="Ada"))


def test_an_umlaut_has_its_two_dots(head: Head) -> None:
    plain, dotted = (
        read_back(head(), SolidOptions(text=text, letter_mm=8, **SMALL)).volume
        for text in ("aouAOU", "\u00e4\u00f6\u00fc\u00c4\u00d6\u00dc")
    )
    dots = [lettered(text, np.array([[0, 0], [500, 0]]), 60, 1).lower for text in ("o", "\u00f6")]
    assert dotted > plain
    assert dots[1][:, 1].min() < dots[0][:, 1].min() - 8  # y is down: they stand over the letter
    assert np.array_equal(dots[1][: len(dots[0])], dots[0]) or len(dots[1]) > len(dots[0])


@pytest.mark.parametrize("values", [{"kind": "lithophane", "bend_deg": 90}, {"kind": "lamp"}])
def test_bending_keeps_the_thickness_along_the_normal(head: Head, values: dict[str, object]) -> None:
    """A photo of one gray half and one white half: two thicknesses and the frame's, measured from the axis."""
    face = head()
    halves = np.zeros_like(face.crop_rgb)
    halves[:, 64:] = 255
    options = SolidOptions(**values, wall_mm=3, base_mm=1, **SMALL)  # type: ignore[arg-type]
    solid = make_solid(replace(face, crop_rgb=halves), options)
    path = light_path_mm(solid.vertices_mm, options)
    near = [np.abs(path - level).min() for level in (0, 0.8, 3, 4)]
    assert max(near) < 0.01
    assert path.min() > -0.05
    assert path.max() < 4.05
    mesh = trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False)
    outer = mesh.submesh([(path[solid.faces] > 0.75).all(1)], append=True)  # without the walls along the edges
    points, _ = trimesh.sample.sample_surface(mesh, 3000, seed=1)
    behind = points[light_path_mm(points, options) < 0.02]
    _, thickness, _ = trimesh.proximity.closest_point(outer, behind[:300])
    assert thickness.min() > 0.75
    assert thickness.max() < 4.05


def test_over_the_picture_a_standing_frame_juts_out_slowly(head: Head) -> None:
    """So that it prints without supports: nothing but the picture's own steps hangs over."""
    white = np.full_like(head().crop_rgb, 200)
    mesh = read_back(replace(head(), crop_rgb=white), SolidOptions(kind="lamp", height_mm=60, **SMALL))
    down = mesh.face_normals[:, 2]
    hangs = (down < -np.sin(np.radians(45))) & (mesh.triangles[..., 2].max(1) > 0.2)
    assert mesh.area_faces[hangs].sum() < 0.002 * mesh.area


def test_detail_attenuates_slopes_as_stated() -> None:
    """A ripple of slope 0.1 beside a ramp of slope 2: each keeps log(1 + a s) / (a s) of its height."""
    slope = np.r_[np.tile([0.1] * 5 + [-0.1] * 5, 6), np.full(40, 2.0), np.zeros(20)]
    heights = np.r_[0, np.cumsum(slope)][None] * np.ones((30, 1)) * 0.5
    flat = compressed(heights, np.ones(heights.shape, bool), 0.5, 0.5)
    strength = 0.5 * STRONGEST
    kept = [np.log1p(strength * s) / (strength * s) for s in (0.1, 2.0)]
    assert np.ptp(flat[:, :60]) == pytest.approx(kept[0] * np.ptp(heights[:, :60]), rel=0.01)
    assert np.diff(flat[:, [60, 100]]) == pytest.approx(np.diff(heights[:, [60, 100]]) * kept[1], rel=0.01)
    assert np.ptp(flat, axis=0).max() < 1e-3
    assert np.array_equal(compressed(heights, heights > -1, 0.5, 0.0), heights)


def test_corners_are_round_and_the_outline_stands_off_the_plate(head: Head) -> None:
    points = make_solid(head(256), SolidOptions(corner_mm=6, base_mm=2)).vertices_mm
    high = points[:, :2].max(0)
    from_corner = np.linalg.norm(points[:, :2] - [6, 6], axis=1)[(points[:, :2] < 5.9).all(1)]
    assert from_corner.max() == pytest.approx(6, abs=0.05)
    assert np.linalg.norm(points[:, :2] - [0, high[1]], axis=1).min() > 2
    assert not ((points[:, 2] > 2.01) & (points[:, 2] < 2.5)).any()  # head or plate: the step is three half nozzles


@pytest.mark.parametrize("wall", [1.6, 3.0])
def test_wall_of_a_mask_is_as_thick_as_asked(head: Head, wall: float) -> None:
    """From points of the inner side to the outer one, measured in space, as an inscribed ball would."""
    solid = make_solid(head(256), SolidOptions(kind="mask", width_mm=120, wall_mm=wall))
    mesh = trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False)
    points, faces = trimesh.sample.sample_surface(mesh, 6000, seed=1)
    inner = (mesh.face_normals[faces][:, 2] < -0.2) & (points[:, 2] > 1)
    outer = mesh.submesh([mesh.face_normals[:, 2] > 0.01], append=True)
    _, thickness, _ = trimesh.proximity.closest_point(outer, points[inner][:400])
    assert inner.sum() > 400
    assert thickness.min() > 0.97 * wall
    pixel = 120 / 164  # of the map, on the print: walls are drawn up to one thicker, never thinner
    assert np.median(thickness) < wall + 1.1 * pixel
    assert np.ptp(np.percentile(thickness, [10, 90])) < 0.25


def test_bust_stands_and_is_cut_flat_behind(head: Head) -> None:
    mesh = read_back(head(256), SolidOptions(kind="bust", back="flat"))
    foot = mesh.vertices[mesh.vertices[:, 2] < 1e-4][:, :2]
    middle = mesh.center_mass[:2]
    low, high = foot.min(0), foot.max(0)
    room = np.minimum(middle - low, high - middle) / (high - low)
    assert room.min() > 0.15  # the middle of its weight is well within the foot
    back = mesh.facets_area[np.abs(mesh.facets_normal[:, 1]) > 0.999].max()
    assert back > 0.25 * mesh.extents[0] * mesh.extents[2]


def test_hollow_bust_takes_less_and_keeps_its_outside(head: Head) -> None:
    full, hollow = (
        read_back(head(160), SolidOptions(kind="bust", back="flat", hollow=empty)) for empty in (False, True)
    )
    assert hollow.volume < 0.6 * full.volume
    assert hollow.extents == pytest.approx(full.extents, abs=1e-3)
    assert hollow.area > 1.4 * full.area


def test_pocket_is_as_large_as_the_magnet(head: Head) -> None:
    plain = read_back(head(160), SolidOptions(base_mm=4))
    options = SolidOptions(base_mm=4, fastening="magnet", magnet_mm=12, magnet_depth_mm=3)
    pocket = plain.volume - read_back(head(160), options).volume
    assert pocket == pytest.approx(np.pi * 6.1**2 * 3.1, rel=0.01)


def test_lithophane_is_thick_where_the_photo_is_dark(head: Head) -> None:
    face = head()
    ramp = np.linspace(0, 255, 128)[None, :, None] * np.ones((128, 1, 3))
    face.crop_rgb[:] = ramp.astype(np.uint8)
    solid = make_solid(face, SolidOptions(kind="lithophane", wall_mm=3.2, base_mm=1, border_mm=4, width_mm=80))
    x, y, z = solid.vertices_mm.T
    inner = (z > 0) & (np.abs(x - 40) < 35.5) & (np.abs(y - 40) < 35.5)
    share = (x[inner] - 4) / 72
    assert np.abs(z[inner] - (3.2 - np.clip((share - 0.01) / 0.98, 0, 1) * (3.2 - 0.8))).max() < 0.08
    assert z.max() == pytest.approx(4.2)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    holes=arrays(np.bool_, (32, 32), elements=st.booleans()),
    spikes=arrays(np.float32, (32, 32), elements=st.floats(-300, 300, width=32)),
    kind=st.sampled_from(KINDS),
)
def test_any_depth_gives_a_valid_solid_or_a_clear_error(
    head: Head, holes: np.ndarray, spikes: np.ndarray, kind: str
) -> None:
    face = head(32)
    depth = face.depth_mm + spikes
    depth[holes] = np.nan
    assert_valid_or_clear(face, depth, kind)


def islands(face: Reconstruction) -> np.ndarray:
    depth = np.full_like(face.depth_mm, np.nan)
    depth[20:60, 20:60], depth[80:110, 70:120] = 550, 650
    return depth


def two_by_two(face: Reconstruction) -> np.ndarray:
    depth = np.full_like(face.depth_mm, np.nan)
    depth[60:62, 60:62] = 600
    return depth


ODD: dict[str, Callable[[Reconstruction], np.ndarray]] = {
    "islands": islands,
    "2x2": two_by_two,
    "flat": lambda face: np.full_like(face.depth_mm, 600),
    "flat head": lambda face: np.where(face.mask, np.float32(600), np.nan),
    "one spike": lambda face: np.where(np.indices(face.mask.shape).sum(0) == 128, 300, face.depth_mm),
    "frame of nothing": lambda face: np.pad(np.full((124, 124), 600, np.float32), 2, constant_values=np.nan),
    "a column": lambda face: np.where(np.arange(128) == 64, np.float32(600), np.nan) * np.ones((128, 1), np.float32),
    "a ring": lambda face: np.where(np.hypot(*(np.indices((128, 128)) - 63.5)) < 30, np.nan, face.depth_mm),
    "a comb": lambda face: np.where(np.arange(128) % 8 < 3, np.nan, face.depth_mm),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", ODD)
def test_odd_depth_gives_a_valid_solid_or_a_clear_error(head: Head, shape: str, kind: str) -> None:
    face = head()
    assert_valid_or_clear(face, ODD[shape](face).astype(np.float32), kind)


def assert_valid_or_clear(face: Reconstruction, depth: np.ndarray, kind: str) -> None:
    odd = Reconstruction(face.crop_rgb, face.texture, face.inverse_depth, depth, face.intrinsics, None, face.facts)
    try:
        mesh = read_back(odd, SolidOptions(kind=kind, back="flat", max_triangles=4000))
    except LifemaskError as error:
        assert str(error).endswith(".")  # noqa: PT017 -- either outcome is right, but this one must be a sentence
        return
    assert mesh.is_volume
    assert mesh.euler_number == (0 if kind == "lamp" else 2)
    assert mesh.body_count == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"fastening": "magnet", "magnet_depth_mm": 20}, "no place thick enough for a magnet, which takes 21.1 mm"),
        ({"kind": "mask", "wall_mm": 20, "width_mm": 30}, "would not be hollow"),
        ({"kind": "bust", "back": "flat", "hollow": True, "wall_mm": 20}, "no room for a hollow"),
        ({"corner_mm": 60}, "Make corner_mm smaller"),
    ],
)
def test_no_room_is_a_sentence(head: Head, values: dict[str, object], words: str) -> None:
    with pytest.raises((GeometryError, OptionError), match=words):
        make_solid(head(), SolidOptions(**values))  # type: ignore[arg-type]


@needs_slicer
@pytest.mark.parametrize("kind", KINDS)
def test_a_slicer_takes_it_as_it_is(head: Head, tmp_path: Path, kind: str) -> None:
    write_solid_files(make_solid(head(), SolidOptions(kind=kind, back="flat", width_mm=40, border_mm=2)), tmp_path)
    assert_a_slicer_takes(tmp_path / "solid.stl", 50_000)


@needs_admesh
@pytest.mark.parametrize(
    "values", [*EVERY[:4], EVERY[6], EVERY[-1]], ids=lambda values: " ".join(map(str, values.values()))
)
def test_admesh_has_nothing_to_mend(head: Head, tmp_path: Path, values: dict[str, object]) -> None:
    write_solid_files(make_solid(head(160), SolidOptions(**values, **SMALL)), tmp_path)  # type: ignore[arg-type]
    assert_admesh_mends_nothing(tmp_path / "solid.stl")
