"""A scan comes back as the photo of its front, in its true size, from files of every format, unit and turn."""

import contextlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh

import core
from core.errors import NoFaceError, PhotoError
from core.face.maps import FaceNetwork
from core.face.window import transform
from core.head.template import template
from core.scan.drawing import View, draw
from core.scan.formats import is_scan
from core.scan.limits import ScanLimits
from core.scan.read import PlacedScan, photo_of, placed
from core.scan.triangles import read_triangles
from core.scan.unit import unit_of
from tests.scans import ENDINGS, PER_UNIT, TURNS, Ending, Scan, cube, landmarks_off_mm, matrix

OFF_MM = 2.0


@pytest.fixture(scope="module")
def whole_head() -> Scan:
    """A closed head without colours, another one than the mean."""
    model = template()
    weights = np.random.default_rng(4).normal(0, 0.7, model.identities)
    points = model.mean + model.modes[..., : model.identities] @ weights
    return Scan(points, np.asarray(model.faces), None, points[model.landmarks])


def find(scan: Scan, ending: Ending, unit: str, network: FaceNetwork) -> PlacedScan:
    return placed(scan.file(ending, unit), network, f"anna.{ending}", "auto", ScanLimits())


# every format, unit and turn, each with some of the others: all of them are in `tests.benchmarks.scans`
@pytest.mark.parametrize(("ending", "unit", "turn"), [*matrix()[::5][:12], ("stl", "in", "front at -z")])
def test_a_scan_comes_back_in_its_size_and_pose(
    ending: Ending, unit: str, turn: str, whole_head: Scan, networks: core.Networks
) -> None:
    scan = whole_head.turned(TURNS[turn])
    found = find(scan, ending, unit, networks.face())
    assert found.unit.mm == PER_UNIT[unit]
    photo = photo_of(found, "anna")
    assert photo.sensor is not None
    true = found.to_camera_mm(scan.landmarks / PER_UNIT[unit])
    inner = true[17:]
    pixels = inner[:, :2] / inner[:, 2:] * found.view.focal_px + found.view.middle_px
    seen = found.view.lifted(pixels, photo.sensor.nearness.astype(float))
    assert np.median(np.linalg.norm(seen - inner, axis=1)) < 0.5
    (face,) = core.reconstruct(photo, core.Options(), networks)
    assert np.nanmedian(landmarks_off_mm(found, face, scan.landmarks / PER_UNIT[unit])) < OFF_MM
    assert face.facts.face is not None
    assert abs(face.facts.face.yaw_deg) < 5
    assert abs(face.facts.face.roll_deg) < 3


def test_every_format_unit_and_turn_is_among_them() -> None:
    tried = matrix()[::5][:12]
    assert [set(of) for of in zip(*tried, strict=True)] == [set(ENDINGS), {"m", "cm", "mm"}, set(TURNS)]


def test_a_scan_is_a_face_whose_numbers_are_its_own(whole_head: Scan, networks: core.Networks) -> None:
    found = find(whole_head, "ply", "m", networks.face())
    photo = photo_of(found, "anna.ply")
    (face,) = core.reconstruct(photo, core.Options(solid="none"), networks)
    facts = face.facts
    assert facts.is_measured
    assert facts.sensor is not None
    assert facts.sensor.is_exact
    assert facts.smooth == 0
    assert facts.fine_relief == 0
    assert facts.sensor.said["unit"] == "metres, by the distance between the eyes"
    assert any("not stated: taken for metres" in warning for warning in facts.warnings)
    # the surface, as it is written, lies on the scan
    rows, columns = np.nonzero(face.mask)
    some = np.random.default_rng(0).choice(len(rows), 400)
    px = np.stack([columns[some], rows[some]], 1).astype(float)
    in_crop = face.intrinsics.unproject(px, face.depth_mm[rows[some], columns[some]].astype(float))
    z = (in_crop @ face.intrinsics.turn)[:, 2:]  # along the axis; about it the crop is rolled
    in_mm = np.c_[(transform(facts.crop.to_photo, px) - found.view.middle_px) / found.view.focal_px * z, z]
    mesh = trimesh.Trimesh(found.to_camera_mm(whole_head.points / 1000), whole_head.faces, process=False)
    _, off, _ = trimesh.proximity.closest_point(mesh, in_mm)
    assert np.percentile(off, 95) < 0.05


def test_smoothing_of_a_scan_begins_above_the_default(whole_head: Scan, networks: core.Networks) -> None:
    photo = photo_of(find(whole_head, "stl", "mm", networks.face()), "a.stl")
    none, default, strong = (
        core.reconstruct(photo, core.Options(smooth=value, solid="none"), networks)[0] for value in (0, 0.5, 1)
    )
    np.testing.assert_array_equal(none.depth_mm, default.depth_mm)
    assert np.nanmax(np.abs(strong.depth_mm - default.depth_mm)) > 0.1
    assert strong.facts.smooth == 1


def test_triangles_wound_the_other_way_are_the_same(whole_head: Scan, networks: core.Networks) -> None:
    there, back = (
        find(Scan(whole_head.points, faces, None, whole_head.landmarks), "stl", "mm", networks.face())
        for faces in (whole_head.faces, whole_head.faces[:, ::-1])
    )
    np.testing.assert_allclose(there.front.rotation, back.front.rotation, atol=1e-6)


def test_what_is_no_face_is_said(networks: core.Networks) -> None:
    with pytest.raises(NoFaceError, match=r"No face found in anna\.stl from any of 14 sides"):
        find(cube(), "stl", "mm", networks.face())


@pytest.mark.parametrize(
    ("kind", "ipd", "given", "mm"),
    [
        ("stl", 63.0, "auto", 1), ("obj", 0.063, "auto", 1000), ("ply", 6.3, "auto", 10), ("stl", 2.5, "auto", 25.4),
        ("glb", 0.063, "auto", 1000), ("glb", 63.0, "auto", 1), ("stl", 35.0, "mm", 1), ("stl", 3.2, "in", 25.4),
    ],
)  # fmt: skip
def test_the_unit_follows_from_the_eyes(kind: str, ipd: float, given: core.options.run.ScanUnit, mm: float) -> None:
    known = unit_of("a", kind, ipd, given)
    assert known.mm == mm
    assert (known.warning is None) == (given != "auto" or (kind, mm) == ("glb", 1000))


@pytest.mark.parametrize(("ipd", "given"), [(630.0, "auto"), (20.0, "auto"), (0.5, "auto"), (63.0, "m"), (63.0, "in")])
def test_a_size_that_is_no_heads_is_said(ipd: float, given: core.options.run.ScanUnit) -> None:
    with pytest.raises(PhotoError, match="apart"):
        unit_of("a", "stl", ipd, given)


def read(data: bytes, name: str, limits: ScanLimits | None = None) -> core.scan.triangles.Triangles:
    return read_triangles(data, name, limits or ScanLimits())[0]


def glb(change: dict[str, object]) -> bytes:
    """A cube as GLB, with something of its JSON changed."""
    data = cube().file("glb")
    length = struct.unpack_from("<I", data, 12)[0]
    said = json.dumps(json.loads(data[20 : 20 + length]) | change).encode()
    said += b" " * (-len(said) % 4)
    rest = data[20 + length :]
    return b"glTF" + struct.pack("<III", 2, 20 + len(said) + len(rest), len(said)) + data[16:20] + said + rest


CLOUD = b"ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n"


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.ply", "empty"),
        (b"hello", "a.txt", "no scan that can be read"),
        (b"hello", "a.ply", "no PLY file"),
        (b"hello", "a.stl", "no STL file|no triangles"),
        (b"hello", "a.glb", "no GLB file"),
        (b"v 0 0 0\nv 1 0 0\n", "a.obj", "points without triangles"),
        (CLOUD + b"0 0 0\n1 1 1\n", "a.ply", "points without triangles"),
        (b"v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "a.obj", "damaged|no triangles"),
        (b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n", "a.obj", "damaged"),
        (glb({"extensionsRequired": ["KHR_draco_mesh_compression"]}), "a.glb", "without compression"),
        (glb({"buffers": [{"uri": "a.bin", "byteLength": 9}]}), "a.glb", "another file"),
        (CLOUD.replace(b"vertex 2", b"vertex 2000000000"), "a.ply", "before the scan is complete|damaged"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, name: str, said: str) -> None:
    with pytest.raises(PhotoError, match=said) as error:
        read(data, name)
    assert name in str(error.value)


def test_limits_hold() -> None:
    data = cube().file("stl")
    with pytest.raises(PhotoError, match="over the limit of 0 MB"):
        read(data, "a.stl", ScanLimits(max_bytes=100))
    with pytest.raises(PhotoError, match="triangles, over the limit"):
        read(data, "a.stl", ScanLimits(max_triangles=11))


def test_several_meshes_are_joined_where_the_file_places_them() -> None:
    scene = trimesh.Scene()
    scene.add_geometry(trimesh.creation.box((2, 2, 2)))
    scene.add_geometry(
        trimesh.creation.box((2, 2, 2)), transform=trimesh.transformations.translation_matrix((10, 0, 0))
    )
    found = read(scene.export(file_type="glb"), "a.glb")
    assert len(found.faces) == 24
    np.testing.assert_allclose(np.ptp(found.points, axis=0), (12, 2, 2))


TRIANGLE = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl skin\nf 1/1 2/2 3/3\n"


@pytest.mark.parametrize(
    ("mtl", "picture", "is_read"),
    [
        ("a.mtl", "a.png", True), ("{folder}/a.mtl", "a.png", False), ("../scan/a.mtl", "a.png", False),
        ("a.mtl", "../scan/a.png", False), ("a.mtl", "{folder}/a.png", False), ("none.mtl", "a.png", False),
    ],
)  # fmt: skip
def test_a_texture_is_read_beside_the_scan_alone(mtl: str, picture: str, is_read: bool, tmp_path: Path) -> None:
    from PIL import Image

    folder = tmp_path / "scan"
    folder.mkdir()
    Image.new("RGB", (4, 4), (10, 200, 30)).save(folder / "a.png")
    (folder / "a.mtl").write_text(f"newmtl skin\nmap_Kd {picture.format(folder=folder)}\n")
    (folder / "a.obj").write_text(f"mtllib {mtl.format(folder=folder)}\n{TRIANGLE}")
    found, _ = read_triangles(folder / "a.obj", "a.obj", ScanLimits())
    assert bool(found.textures) == is_read
    assert not read((folder / "a.obj").read_bytes(), "a.obj").textures


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_broken_file_is_read_or_said(ending: Ending) -> None:
    """200 files, each with bytes changed, cut out or cut off."""
    ball = trimesh.creation.icosphere(subdivisions=1)
    data = Scan(
        np.array(ball.vertices), np.array(ball.faces), np.full((len(ball.vertices), 3), 99, np.uint8), np.zeros(3)
    )
    rng, whole = np.random.default_rng(7), data.file(ending)
    for i in range(200):
        broken = bytearray(whole)
        if i % 4 == 0:
            del broken[int(rng.integers(len(broken))) :]
        elif i % 4 == 1:
            at = int(rng.integers(len(broken)))
            del broken[at : at + int(rng.integers(1, 100))]
        else:
            reach = len(broken) if i % 4 == 2 else min(400, len(broken))
            for at in rng.integers(reach, size=int(rng.integers(1, 8))):
                broken[at] = int(rng.integers(256))
        found = None
        with contextlib.suppress(PhotoError):
            found = read(bytes(broken), f"a.{ending}")
        assert found is None or np.isfinite(found.points).all()
        assert found is None or found.faces.max() < len(found.points)


def test_a_drawing_is_exact_and_the_nearer_surface_is_seen() -> None:
    """Two squares before the camera, the nearer one tilted: each pixel has the depth of its own line of sight."""
    far = np.array([[-70, -70, 200], [70, -70, 200], [70, 70, 200], [-70, 70, 200.0]])
    near = np.array([[-10, -10, 90], [10, -10, 110], [10, 10, 110], [-10, 10, 90.0]])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    view = View(np.eye(3), np.zeros(3), 100.0, 64)
    drawing = draw(np.r_[far, near], faces, view)
    slope = (np.arange(64) - view.middle_px) / view.focal_px
    depth = np.full((64, 64), 200.0)
    x, y = np.meshgrid(slope, slope)
    tilted = 100 / (1 - x)  # of the plane z = 100 + x
    inside = (np.abs(x * tilted) < 9.9) & (np.abs(y * tilted) < 9.9)
    depth[inside] = tilted[inside]
    rim = (np.abs(np.abs(x * tilted) - 10) < 0.7) | (np.abs(np.abs(y * tilted) - 10) < 0.7)
    seen = np.isfinite(drawing.nearness) & ~rim
    assert seen[4:-4, 4:-4].mean() > 0.85
    np.testing.assert_allclose(1 / drawing.nearness[seen], depth[seen], rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "is_one"), [("a.ply", True), ("a.GLB", True), ("._a.stl", False), ("a.jpg", False), ("obj", False)]
)
def test_scans_are_told_by_their_names(name: str, is_one: bool) -> None:
    assert is_scan(Path(name)) == is_one
