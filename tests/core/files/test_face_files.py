import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from core.files.catalog import SURFACE_HEADER
from core.files.mesh_files import SHADE_STEPS, Mesh, jpeg, pictures_in_glb, write_3mf, write_obj, write_ply, write_stl
from core.geometry.camera import Intrinsics
from core.geometry.reconstruction import Reconstruction
from core.mesh.plaster import mesh_colours
from core.mesh.surface import Surface, make_surface
from core.options import SolidOptions
from core.solid import Solid, make_solid
from tests.core.formats import write_solid_files, write_surface
from tests.facts import facts_of

ABOUT = {"photo": "été <&>\n.jpg", "scaled to": "an assumed interpupillary distance of 63 mm"}
ALL = ("stl", "3mf", "obj", "ply", "glb")
Head = Callable[..., Reconstruction]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Solid, Surface, Reconstruction]:
    """A folder with every format of a solid and of a surface, and what they were written from."""
    axis = np.linspace(-1, 1, 96)
    x, y = np.meshgrid(axis, axis)
    inside = 1 - (x / 0.7) ** 2 - (y / 0.9) ** 2
    depth = np.where(inside > 0, 600 - 70 * np.sqrt(np.maximum(inside, 0)), np.nan).astype(np.float32)
    rgb = np.stack([np.full_like(x, 180), 127 * (x + 1), 127 * (y + 1)], -1).astype(np.uint8)
    camera = Intrinsics(190, 47.5, 47.5)
    face = Reconstruction(rgb, rgb, 1 / depth, depth, camera, None, facts_of(camera))
    folder = tmp_path_factory.mktemp("made")
    picture = folder / "picture.png"
    Image.fromarray(rgb).save(picture)
    solid, surface = make_solid(face, SolidOptions(max_triangles=6000)), make_surface(face, 3000)
    write_solid_files(solid, folder, "relief", ABOUT, picture)
    write_surface(surface, rgb, folder, ALL, ABOUT)
    return folder, solid, surface, face


def unzipped(path: Path, to: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(to)
    return to / f"ete-{path.stem}.obj"


def as_sets(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Triangles by the coordinates of their corners, in an order of their own; to 0.1 um."""
    corners = np.round(vertices[faces], 4)
    first = np.lexsort(np.moveaxis(corners, 2, 0)[::-1], axis=-1)[:, 0]
    corners = np.stack([np.roll(tri, -k, axis=0) for tri, k in zip(corners, first, strict=True)]).reshape(-1, 9)
    return corners[np.lexsort(corners.T[::-1])]


@pytest.mark.parametrize("name", ["solid.stl", "solid.ply", "solid.zip"])
def test_a_solid_read_back_is_the_object(
    made: tuple[Path, Solid, Surface, Reconstruction], name: str, tmp_path: Path
) -> None:
    folder, solid, _, _ = made
    path = unzipped(folder / name, tmp_path) if name.endswith(".zip") else folder / name
    mesh = trimesh.load_mesh(path, process=False)
    found, wanted = as_sets(mesh.vertices, mesh.faces), as_sets(solid.vertices_mm, solid.faces)
    assert len(found) == len(wanted)
    assert found == pytest.approx(wanted, abs=3e-4)
    merged = trimesh.Trimesh(*_merged(mesh))
    assert merged.is_volume
    if name in ("solid.ply", "solid.zip"):
        order = np.lexsort(np.round(mesh.vertices, 4).T)
        other = np.lexsort(np.round(solid.vertices_mm, 4).T)
        assert np.array_equal(mesh.visual.vertex_colors[order, :3], solid.colours[other])


def test_the_plaster_of_a_solid_is_the_object_and_holds_its_light(
    made: tuple[Path, Solid, Surface, Reconstruction],
) -> None:
    folder, solid, _, _ = made
    (mesh,) = trimesh.load_scene(folder / "solid.glb", process=False).geometry.values()
    merged = trimesh.Trimesh(*_merged(mesh))
    assert merged.is_volume
    whole = trimesh.Trimesh(solid.vertices_mm, solid.faces)
    assert merged.volume * 1e9 == pytest.approx(whole.volume, rel=1e-5)
    assert merged.bounds * 1000 == pytest.approx(whole.bounds, abs=3e-4)
    assert merged.edges_unique_length.max() <= merged.extents.max() / SHADE_STEPS + 1e-6
    file = (folder / "solid.glb").read_bytes()
    about = json.loads(file[20 : 20 + int.from_bytes(file[12:16], "little")])
    assert about["extensionsUsed"] == ["KHR_materials_unlit"]
    (material,) = about["materials"]
    assert material["name"] == "lit plaster"
    assert "KHR_materials_unlit" in material["extensions"]
    linear = np.asarray(mesh.visual.vertex_attributes["color"])[:, :3] / 255
    srgb = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    own = mesh_colours(mesh.vertices, mesh.faces).astype(int)
    assert np.median(np.abs(srgb - own)) <= 2
    assert srgb.max() <= 253


def _merged(mesh: trimesh.Trimesh) -> tuple[np.ndarray, np.ndarray]:
    points, number = np.unique(mesh.vertices, axis=0, return_inverse=True)
    return points, number.reshape(-1)[mesh.faces]


@pytest.mark.parametrize("name", ["mesh.stl", "mesh.ply", "mesh.zip", "mesh.glb"])
def test_a_surface_read_back_is_the_object(
    made: tuple[Path, Solid, Surface, Reconstruction], name: str, tmp_path: Path
) -> None:
    folder, _, surface, face = made
    path = unzipped(folder / name, tmp_path) if name.endswith(".zip") else folder / name
    mesh = trimesh.load_mesh(path, process=False)
    scale = 1000 if name.endswith(".glb") else 1
    assert as_sets(mesh.vertices * scale, mesh.faces) == pytest.approx(
        as_sets(surface.vertices_mm, surface.faces), abs=3e-4
    )
    if name == "mesh.ply":
        assert np.array_equal(mesh.visual.vertex_colors[:, :3], surface.colours)
    elif name != "mesh.stl":
        material = mesh.visual.material
        picture = material.image if name.endswith(".zip") else material.baseColorTexture
        assert np.abs(np.asarray(picture.convert("RGB"), int) - face.texture).mean() < 3
        corner = mesh.visual.uv[np.argmin(np.abs(mesh.vertices * scale - surface.vertices_mm[5]).sum(1))]
        assert corner == pytest.approx(surface.uv[5], abs=1e-5)


def test_every_file_says_what_its_millimetres_rest_on(made: tuple[Path, Solid, Surface, Reconstruction]) -> None:
    folder, _, _, _ = made
    text = b"an assumed interpupillary distance of 63 mm"
    for name in ("mesh.stl", "solid.stl", "mesh.ply", "solid.ply", "mesh.glb", "solid.glb"):
        assert text in (folder / name).read_bytes()
    inner = {"mesh.zip": "ete-mesh.obj", "solid.zip": "ete-solid.obj", "solid.3mf": "3D/3dmodel.model"}
    for name, part in inner.items():
        assert text in zipfile.ZipFile(folder / name).read(part)
    for name in ("mesh.stl", "solid.stl"):
        assert not (folder / name).read_bytes().startswith(b"solid")  # would be taken for ASCII


def test_the_stl_of_a_surface_faces_the_viewer_and_has_sound_normals(
    made: tuple[Path, Solid, Surface, Reconstruction],
) -> None:
    folder, _, surface, _ = made
    data = (folder / "mesh.stl").read_bytes()
    assert len(data) == 84 + 50 * len(surface.faces)  # binary
    assert data.startswith(SURFACE_HEADER)
    body = np.frombuffer(data[84:], np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")]))
    ab, ac = (body["corners"][:, k] - body["corners"][:, 0] for k in (1, 2))
    across = np.cross(ab.astype(float), ac.astype(float))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    assert (body["normal"] * across).sum(1) == pytest.approx(1, abs=1e-3)
    assert (across[:, 2] > 0).all()  # z is towards the viewer, and this head hides nothing of itself
    mesh = trimesh.load_mesh(folder / "mesh.stl")
    assert mesh.is_winding_consistent
    assert not mesh.is_watertight


@pytest.mark.parametrize(("name", "normals"), [("mesh.glb", "gltf"), ("mesh.zip", "obj"), ("mesh.ply", "ply")])
def test_a_textured_surface_has_smooth_normals(
    made: tuple[Path, Solid, Surface, Reconstruction], name: str, normals: str
) -> None:
    folder, _, surface, _ = made
    written, vertices = {"gltf": gltf_normals, "obj": obj_normals, "ply": ply_normals}[normals](folder / name)
    order, other = (np.lexsort(np.round(points, 3).T) for points in (vertices, surface.vertices_mm))
    smooth = np.zeros(surface.vertices_mm.shape)  # means of the triangles' normals, by angle (Thürmer and Wüthrich)
    for k in range(3):
        at, b, c = (surface.vertices_mm[surface.faces[:, (k + i) % 3]] for i in range(3))
        across = np.cross(b - at, c - at)
        angle = np.arctan2(np.linalg.norm(across, axis=1), ((b - at) * (c - at)).sum(1))
        np.add.at(smooth, surface.faces[:, k], across / np.linalg.norm(across, axis=1)[:, None] * angle[:, None])
    smooth /= np.linalg.norm(smooth, axis=1)[:, None]
    assert np.abs(written[order] - smooth[other]).max() < 1e-4


def gltf_normals(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Normals and vertices in mm, as the file holds them."""
    data = path.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    described = json.loads(data[20 : 20 + length])
    binary = data[28 + length :]
    found = []
    for kind in ("NORMAL", "POSITION"):
        accessor = described["accessors"][described["meshes"][0]["primitives"][0]["attributes"][kind]]
        assert (accessor["componentType"], accessor["type"]) == (5126, "VEC3")  # float32
        start = described["bufferViews"][accessor["bufferView"]].get("byteOffset", 0)
        found.append(np.frombuffer(binary, np.float32, 3 * accessor["count"], start).reshape(-1, 3).astype(float))
    return found[0], found[1] * 1000


def ply_normals(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Normals and vertices in mm, as the file holds them."""
    head, _, body = path.read_bytes().partition(b"end_header\n")
    told = [line.split() for line in head.decode().splitlines()]
    names = [
        words[2]
        for words in told[: told.index(["property", "list", "uchar", "int", "vertex_indices"])]
        if words[0] == "property"
    ]
    assert names == ["x", "y", "z", "nx", "ny", "nz", "red", "green", "blue", "alpha"]
    count = next(int(words[2]) for words in told if words[:2] == ["element", "vertex"])
    rows = np.frombuffer(body, [("numbers", "<f4", 6), ("colour", "u1", 4)], count)["numbers"].astype(float)
    return rows[:, 3:], rows[:, :3]


def obj_normals(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Normals and vertices in mm, as the file holds them, which has one normal for each vertex."""
    with zipfile.ZipFile(path) as archive:
        lines = [line.split() for line in archive.read("ete-mesh.obj").decode().splitlines() if line]
    corners = [corner.split("/") for line in lines if line[0] == "f" for corner in line[1:]]
    assert all(len(corner) == 3 and corner[0] == corner[2] for corner in corners)
    normals, vertices = (np.array([line[1:4] for line in lines if line[0] == kind], float) for kind in ("vn", "v"))
    return normals, vertices


def test_obj_zip_holds_obj_mtl_and_jpeg(made: tuple[Path, Solid, Surface, Reconstruction]) -> None:
    with zipfile.ZipFile(made[0] / "mesh.zip") as archive:
        assert sorted(archive.namelist()) == ["ete-mesh.jpeg", "ete-mesh.mtl", "ete-mesh.obj"]
        assert b"map_Kd ete-mesh.jpeg" in archive.read("ete-mesh.mtl")
        assert archive.read("ete-mesh.jpeg") == jpeg(made[3].texture) == pictures_in_glb(made[0] / "mesh.glb")[0]


@pytest.mark.skipif(shutil.which("assimp") is None, reason="assimp (Debian: assimp-utils) is not installed")
def test_assimp_opens_the_obj_with_its_texture(
    made: tuple[Path, Solid, Surface, Reconstruction], tmp_path: Path
) -> None:
    path = unzipped(made[0] / "mesh.zip", tmp_path)
    assimp = shutil.which("assimp") or ""
    said = subprocess.run([assimp, "info", str(path)], capture_output=True, text=True, check=True).stdout
    assert f"Faces:              {len(made[2].faces)}" in said
    assert "ete-mesh.jpeg" in said
    glb = tmp_path / "again.glb"
    subprocess.run([assimp, "export", str(path), str(glb)], capture_output=True, check=True)
    mesh = trimesh.load_mesh(glb, process=False)
    assert mesh.extents == pytest.approx(np.ptp(made[2].vertices_mm, axis=0), rel=1e-4)
    assert mesh.visual.uv is not None


def test_3mf_is_read_by_the_reference_library(made: tuple[Path, Solid, Surface, Reconstruction]) -> None:
    lib3mf = pytest.importorskip("lib3mf")
    folder, solid, _, _ = made
    wrapper = lib3mf.get_wrapper()
    model = wrapper.CreateModel()
    reader = model.QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(str(folder / "solid.3mf"))
    assert [reader.GetWarning(i) for i in range(reader.GetWarningCount())] == []
    assert model.GetUnit() == lib3mf.ModelUnit.MilliMeter
    objects = model.GetMeshObjects()
    assert objects.MoveNext()
    body = objects.GetCurrentMeshObject()
    assert body.IsValid()
    assert body.IsManifoldAndOriented()
    vertices = np.array([tuple(vertex.Coordinates) for vertex in body.GetVertices()])
    faces = np.array([tuple(triangle.Indices) for triangle in body.GetTriangleIndices()])
    assert vertices == pytest.approx(solid.vertices_mm, abs=1e-5)
    assert np.array_equal(faces, solid.faces)
    colours = body.GetTriangleProperties(7)
    group = model.GetColorGroupByID(colours.ResourceID)
    corner = group.GetColor(colours.PropertyIDs[1])
    assert [corner.Red, corner.Green, corner.Blue] == solid.colours[solid.faces[7, 1]].tolist()
    told = model.GetMetaDataGroup()
    named = {told.GetMetaData(i).GetName(): told.GetMetaData(i).GetValue() for i in range(told.GetMetaDataCount())}
    assert named["Title"] == "Relief of été <&> .jpg"
    assert named["scaled_to"] == ABOUT["scaled to"]
    assert model.HasPackageThumbnailAttachment()


@pytest.mark.skipif(shutil.which("prusa-slicer") is None, reason="PrusaSlicer is not installed")
def test_3mf_opens_in_a_slicer_at_its_size(made: tuple[Path, Solid, Surface, Reconstruction]) -> None:
    folder, solid, _, _ = made
    slicer = [shutil.which("prusa-slicer") or "", "--info", str(folder / "solid.3mf")]
    said = subprocess.run(slicer, capture_output=True, text=True, check=True).stdout
    found = [float(said.split(f"size_{axis} =")[1].split()[0]) for axis in "xyz"]
    assert found == pytest.approx(np.ptp(solid.vertices_mm, axis=0), abs=1e-3)
    assert found[0] == pytest.approx(80, abs=1e-3)
    assert "manifold = yes" in said


def test_a_mesh_beside_the_origin_keeps_its_place_in_the_build(tmp_path: Path) -> None:
    box = trimesh.creation.box((20, 30, 40))
    mesh = Mesh(box.vertices, box.faces.astype(np.int32), np.full((8, 3), 9, np.uint8))
    for write, name in ((write_stl, "a.stl"), (write_ply, "a.ply"), (write_obj, "a.zip"), (write_3mf, "a.3mf")):
        write(mesh, tmp_path / name)
    text = zipfile.ZipFile(tmp_path / "a.3mf").read("3D/3dmodel.model").decode()
    assert 'transform="1 0 0 0 1 0 0 0 1 10.000000 15.000000 20.000000"' in text
    assert text.count("<m:color ") == 1


def test_formats_that_were_not_asked_for_are_not_written(head: Head, tmp_path: Path) -> None:
    write_solid_files(make_solid(head(64), SolidOptions(max_triangles=2000)), tmp_path, formats=("ply",))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["solid.glb", "solid.ply", "solid.stl"]


def test_parts_of_two_faces_have_names_of_their_own(
    made: tuple[Path, Solid, Surface, Reconstruction], tmp_path: Path
) -> None:
    _, solid, surface, face = made
    of_two = {"photo": "Ada & Grace.jpg", "network": "builtin"}
    abouts = [{**of_two, "face": f"{i} of 2, from the left"} for i in (1, 2)] + [{**of_two, "network": "dpt_large_384"}]
    members: list[str] = []
    scene: list[str] = []
    for i, about in enumerate(abouts):
        folder = tmp_path / str(i)
        folder.mkdir()
        write_surface(surface, face.texture, folder, ("glb", "obj"), about)
        write_solid_files(solid, folder, "relief", about, formats=("obj",))
        for name in ("mesh.zip", "solid.zip"):
            with zipfile.ZipFile(folder / name) as archive:
                members += archive.namelist()
        for name in ("mesh.glb", "solid.glb"):
            data = (folder / name).read_bytes()
            tree = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
            scene += [one["name"] for one in [*tree["meshes"], *tree["nodes"]] if one["name"] != "world"]
    kinds = ("mesh.jpeg", "mesh.mtl", "mesh.obj", "solid.obj")
    assert sorted(members[:4]) == [f"Ada-Grace-1-{kind}" for kind in kinds]
    assert members[-1] == "Ada-Grace-dpt_large_384-solid.obj"
    assert len(set(members)) == len(members) == 12
    assert scene[:4] == ["Ada-Grace-1-mesh", "Ada-Grace-1-mesh", "Ada-Grace-1-solid", "Ada-Grace-1-solid"]
    assert len(set(scene)) == 6
