"""A surface with fine relief, written with a normal map: read back, its normals are those of the surface."""

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy
import trimesh
from PIL import Image, JpegImagePlugin

from core.files.face_folder import GLB_TRIANGLES, write_face
from core.files.facts import read_facts
from core.files.mesh_files import jpeg
from core.geometry.reconstruction import DRAWN, Reconstruction, assumptions
from core.mesh.normal_map import NormalMap, normal_map
from core.mesh.surface import Surface, make_surface
from core.options import Options
from tests.core.formats import write_surface

Head = Callable[..., Reconstruction]
STRENGTH = 0.5
SIDE, FINE = 128, 512
FROM_RIM_PX = 5  # of the crop: farther in, all is known round a place


def ripple_mm(x: Any, y: Any) -> Any:
    """Fine relief at pixels of the crop: 12 mm long, 1.5 mm high, along both axes."""
    return 1.5 * np.sin(2 * np.pi * x / 5) * np.sin(2 * np.pi * (y + 0.7 * x) / 5)


def base_mm(x: Any, y: Any) -> Any:
    """Depth of the head of the tests at pixels of the crop."""
    x, y = (x - (SIDE - 1) / 2) / SIDE, (y - (SIDE - 1) / 2) / SIDE
    inside = np.maximum(1 - (x / 0.32) ** 2 - (y / 0.42) ** 2, 0)
    return 600 - 70 * np.sqrt(inside) - 20 * np.exp(-(x**2 + y**2) / 0.004)


@pytest.fixture
def rippled(head: Head) -> Reconstruction:
    """The head with ripples, seen by a camera whose axis is far from it."""
    plain = head(SIDE)
    axis = (np.arange(FINE) + 0.5) * SIDE / FINE - 0.5
    fine = ripple_mm(*np.meshgrid(axis, axis)).astype(np.float32)
    camera = replace(plain.intrinsics, cx_px=100.0).facing(np.array([63.5, 63.5]))
    texture = np.kron(plain.crop_rgb, np.ones((FINE // SIDE, FINE // SIDE, 1), np.uint8))
    facts = replace(plain.facts, fine_relief=STRENGTH)
    return replace(plain, fine_relief=fine, texture=texture, facts=facts, intrinsics=camera)


@pytest.fixture
def made(rippled: Reconstruction, tmp_path: Path) -> tuple[Path, Surface, Surface, NormalMap]:
    """A folder with its GLB and OBJ, their surfaces and the normal map."""
    relief, surface, light = normal_map(rippled), make_surface(rippled, 40_000), make_surface(rippled, 15_000)
    assert relief is not None
    write_surface(surface, rippled.texture, tmp_path, ("glb", "obj"), assumptions(rippled.facts), relief, light)
    return tmp_path, surface, light, relief


def test_base_normals_and_normal_texture_are_the_normals_of_the_surface(
    rippled: Reconstruction, made: tuple[Path, Surface, Surface, NormalMap]
) -> None:
    tree, read, pictures = glb(made[0] / "mesh.glb")
    (part,) = (part for mesh in tree["meshes"] for part in mesh["primitives"])
    normals, tangents, uv = (read(part["attributes"][name]) for name in ("NORMAL", "TANGENT", "TEXCOORD_0"))
    faces = read(part["indices"]).reshape(-1, 3)
    assert len(faces) <= 15_000
    assert (tangents[:, 3] == 1).all()
    for one in (normals, tangents[:, :3]):
        assert np.linalg.norm(one, axis=1) == pytest.approx(1, abs=1e-5)
    assert (normals * tangents[:, :3]).sum(1) == pytest.approx(0, abs=1e-5)
    (material,) = tree["materials"]
    packed = pictures[tree["textures"][material["normalTexture"]["index"]]["source"]]
    picture = Image.open(io.BytesIO(packed))
    assert picture.format == "JPEG"
    assert JpegImagePlugin.get_sampling(picture) == 0  # 4:4:4
    # as a viewer does it, in the middle of each triangle
    n, t = (_unit(one[faces].mean(1)) for one in (normals, tangents[:, :3]))
    place = uv[faces].mean(1) * picture.width - 0.5
    told = 2 / 255 * np.stack([_sample(np.asarray(picture, float)[..., i], place) for i in range(3)], -1) - 1
    shown = _unit(told[:, :1] * t + told[:, 1:2] * np.cross(n, t) + told[:, 2:] * n)
    crop = (place + 0.5) * SIDE / picture.width - 0.5
    inner = _sample(scipy.ndimage.distance_transform_edt(rippled.mask), crop) > FROM_RIM_PX
    assert inner.sum() > 5000
    true = true_normals(rippled, crop, STRENGTH)
    off = _degrees(shown, true)[inner]
    print(
        off.mean(),
        _degrees(n, true_normals(rippled, crop, 0))[inner].mean(),
        _degrees(true_normals(rippled, crop, 0), true)[inner].mean(),
    )
    assert off.mean() < 2
    smooth = true_normals(rippled, crop, 0)
    assert _degrees(n, smooth)[inner].mean() < 2
    assert _degrees(smooth, true)[inner].mean() > 10  # of what there is to show


def test_where_no_head_is_a_normal_map_is_neutral(rippled: Reconstruction) -> None:
    relief = normal_map(rippled)
    assert relief is not None
    assert (relief.picture[~relief.known] == (128, 128, 255)).all()
    assert relief.known.mean() == pytest.approx(rippled.mask.mean(), rel=0.05)
    outside = replace(make_surface(rippled, 2000), uv=np.zeros((1, 2)), vertices_mm=np.zeros((1, 3)))
    normals, tangents = relief.of(replace(outside, faces=np.zeros((1, 3), np.int32)))
    assert normals.tolist() == [[0, 0, 1]]
    assert tangents.tolist() == [[1, 0, 0]]


def test_obj_has_the_normal_map_and_its_normals(made: tuple[Path, Surface, Surface, NormalMap]) -> None:
    folder, surface, _, relief = made
    with zipfile.ZipFile(folder / "mesh.zip") as archive:
        assert sorted(archive.namelist()) == [
            "head-test-mesh.jpeg",
            "head-test-mesh.mtl",
            "head-test-mesh.obj",
            "head-test-mesh_normal.jpeg",
        ]
        assert archive.read("head-test-mesh.mtl").decode().splitlines()[-1] == "norm head-test-mesh_normal.jpeg"
        picture = archive.read("head-test-mesh_normal.jpeg")
        lines = archive.read("head-test-mesh.obj").decode().splitlines()
    assert picture == jpeg(relief.picture, subsampling=0)
    written = np.array([line.split()[1:] for line in lines if line.startswith("vn ")], float)
    assert written == pytest.approx(relief.of(surface)[0], abs=1e-6)
    assert sum(line.startswith("f ") for line in lines) == len(surface.faces)


@pytest.mark.skipif(shutil.which("assimp") is None, reason="assimp (Debian: assimp-utils) is not installed")
def test_assimp_opens_both_with_the_normal_map(made: tuple[Path, Surface, Surface, NormalMap]) -> None:
    folder, surface, light, _ = made
    with zipfile.ZipFile(folder / "mesh.zip") as archive:
        archive.extractall(folder)
    for name, of in (("head-test-mesh.obj", surface), ("mesh.glb", light)):
        again = folder / f"again_{name}.gltf"
        assimp = shutil.which("assimp") or ""
        subprocess.run([assimp, "export", str(folder / name), str(again)], capture_output=True, check=True)
        tree = json.loads(again.read_text("utf-8"))
        assert any("normalTexture" in material for material in tree["materials"])
        corners = tree["accessors"][tree["meshes"][0]["primitives"][0]["indices"]]["count"]
        assert corners == 3 * len(of.faces)


def test_both_say_that_the_fine_relief_is_drawn(made: tuple[Path, Surface, Surface, NormalMap]) -> None:
    said = f"{DRAWN}, strength 0.5 of 1"
    tree, _, _ = glb(made[0] / "mesh.glb")
    assert said in [scene.get("extras", {}).get("fine relief") for scene in [*tree["scenes"], *tree["nodes"], tree]]
    with zipfile.ZipFile(made[0] / "mesh.zip") as archive:
        assert f"# fine relief: {said}" in archive.read("head-test-mesh.obj").decode()


def test_only_the_glb_has_fewer_triangles(rippled: Reconstruction, tmp_path: Path) -> None:
    options = Options(formats=("glb", "stl", "obj"), solid="none", tolerance_mm=0.02)
    write_face(rippled, tmp_path / "face", options)
    facts = read_facts(tmp_path / "face")
    assert facts.surface.triangles > GLB_TRIANGLES
    assert len(trimesh.load_mesh(tmp_path / "face" / "mesh.stl").faces) == facts.surface.triangles
    mesh: Any = trimesh.load_mesh(tmp_path / "face" / "mesh.glb", process=False)
    assert 0.8 * GLB_TRIANGLES < len(mesh.faces) <= GLB_TRIANGLES
    assert mesh.visual.material.normalTexture.size == (FINE, FINE)


def test_without_fine_relief_there_is_no_normal_map(rippled: Reconstruction, tmp_path: Path) -> None:
    plain = replace(rippled, fine_relief=None, facts=replace(rippled.facts, fine_relief=0.0))
    assert normal_map(plain) is None
    write_face(plain, tmp_path / "face", Options(formats=("glb", "obj"), solid="none", tolerance_mm=0.01))
    tree, _, _ = glb(tmp_path / "face" / "mesh.glb")
    assert "normalTexture" not in tree["materials"][0]
    (part,) = tree["meshes"][0]["primitives"]
    assert sorted(part["attributes"]) == ["NORMAL", "POSITION", "TEXCOORD_0"]
    assert tree["accessors"][part["indices"]]["count"] == 3 * read_facts(tmp_path / "face").surface.triangles
    with zipfile.ZipFile(tmp_path / "face" / "mesh.zip") as archive:
        assert sorted(archive.namelist()) == ["head-test-mesh.jpeg", "head-test-mesh.mtl", "head-test-mesh.obj"]
        assert b"norm " not in archive.read("head-test-mesh.mtl")


def true_normals(face: Reconstruction, points: np.ndarray, strength: float) -> np.ndarray:
    """(n, 3), mesh frame: of the surface that formulas give, at pixels (n, 2) of the crop."""

    def at(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return face.intrinsics.unproject(np.stack([x, y], -1), base_mm(x, y) - strength * ripple_mm(x, y))

    x, y, step = points[:, 0], points[:, 1], 1e-3
    right, down = at(x + step, y) - at(x - step, y), at(x, y + step) - at(x, y - step)
    return _unit(np.cross(down, right)) * [1, -1, -1]


def glb(path: Path) -> tuple[dict[str, Any], Callable[[int], np.ndarray], list[bytes]]:
    """The JSON of a GLB, what reads its accessors, and its pictures."""
    data = path.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    tree, binary = json.loads(data[20 : 20 + length]), data[28 + length :]

    def view(number: int) -> bytes:
        start, size = (tree["bufferViews"][number].get(name, 0) for name in ("byteOffset", "byteLength"))
        return binary[start : start + size]

    def read(number: int) -> np.ndarray:
        accessor = tree["accessors"][number]
        kind = {5126: np.float32, 5125: np.uint32}[accessor["componentType"]]
        found = np.frombuffer(view(accessor["bufferView"]), kind)
        return found.reshape(accessor["count"], -1)

    return tree, read, [view(image["bufferView"]) for image in tree["images"]]


def _sample(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    return scipy.ndimage.map_coordinates(values, points[:, ::-1].T, order=1, mode="nearest")


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _degrees(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip((some * others).sum(-1), -1, 1)))
