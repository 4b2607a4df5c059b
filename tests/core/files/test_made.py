"""A compact folder: each file that is made of it is the one that the command line writes, to the last byte."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from core import packing
from core.depth.estimator import Networks
from core.files import face_folder
from core.files.catalog import FILES, KEPT, MADE_FROM, coming, is_compact, offered, on_request, present
from core.files.face_folder import load_face, write_depths, write_face, write_solid, write_surface
from core.files.facts import read_facts
from core.files.head_files import MAKERS as HEAD_MAKERS
from core.files.head_files import write_head
from core.files.made import made
from core.files.parts import MAKERS, KeptMesh
from core.geometry.reconstruction import Reconstruction
from core.options import Options, SolidOptions
from core.photo import read_photo
from core.pipeline import reconstruct
from core.preflight import preflight

OPTIONS = Options(model="builtin")
MOST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def hopper(networks: Networks, grace_hopper: Path) -> Reconstruction:
    (found,) = reconstruct(read_photo(grace_hopper), OPTIONS, networks)
    return found


@pytest.fixture(scope="module")
def written(hopper: Reconstruction, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `lifemask run` writes."""
    folder = tmp_path_factory.mktemp("plain") / "hopper"
    write_face(hopper, folder, OPTIONS)
    write_head(folder)
    return folder


@pytest.fixture(scope="module")
def compact(hopper: Reconstruction, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the library keeps, written in four stages."""
    folder = tmp_path_factory.mktemp("compact") / "hopper"
    write_depths([hopper], [folder], OPTIONS)
    write_surface(folder)
    write_solid(folder, OPTIONS.solid_options() or SolidOptions())
    write_head(folder)
    return folder


def test_the_table_of_what_is_made_has_a_maker_for_each() -> None:
    assert set(MADE_FROM) == {*MAKERS, *HEAD_MAKERS}
    assert set(MADE_FROM) < set(FILES)
    assert set(MADE_FROM.values()) < set(KEPT)


def test_each_file_is_the_one_that_the_command_line_writes(written: Path, compact: Path) -> None:
    assert set(present(compact)) == set(present(written)) == {path.name for path in written.iterdir()}
    for name, source in present(compact).items():
        same = source.read_bytes() if source.name == name else made(compact, name)
        assert same == (written / name).read_bytes(), name
    assert made(compact, "solid.3mf") == made(compact, "solid.3mf")
    assert not [path for path in compact.iterdir() if path.name in MADE_FROM]


def test_a_face_takes_less_than_3_mb(compact: Path, written: Path) -> None:
    size, was = (sum(path.stat().st_size for path in folder.iterdir()) for folder in (compact, written))
    assert size < MOST_BYTES < was


def test_what_was_checked_is_the_stl_that_is_given(compact: Path, tmp_path: Path) -> None:
    facts = read_facts(compact).solid
    assert facts is not None
    assert facts.preflight is not None
    (tmp_path / "solid.stl").write_bytes(made(compact, "solid.stl"))
    again = preflight(tmp_path / "solid.stl", facts.preflight.printer, (80.0, None, None), stands=False)
    assert again.facts == facts.preflight
    assert again.is_volume


def test_stages_come_one_after_the_other(hopper: Reconstruction, written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hopper"
    write_depths([hopper], [folder], OPTIONS)
    assert is_compact(folder)
    subjects = {FILES[name].subject for name in present(folder)}
    assert subjects == {"depth", "cloud", "numbers", "picture"}
    assert offered(folder) == tuple(present(written))
    assert {FILES[name].subject for name in on_request(folder)} == {"head"}
    assert (read_facts(folder).surface, read_facts(folder).solid) == (None, None)
    np.testing.assert_array_equal(load_face(folder).depth_mm, hopper.depth_mm)
    (folder / "notes.txt").write_text("mine")
    write_solid(folder, SolidOptions(max_triangles=2000))  # in the other order
    assert {FILES[name].subject for name in coming(folder)} == {"surface"}
    write_surface(folder)
    assert coming(folder) == ()
    facts = read_facts(folder)
    assert facts.solid is not None
    assert facts.surface == read_facts(written).surface
    assert made(folder, "mesh.zip") == (written / "mesh.zip").read_bytes()
    assert (folder / "notes.txt").read_text() == "mine"
    assert not (folder / "texture.jpg").exists()  # it is in the GLB now


def test_a_compact_folder_that_is_written_anew_stays_compact(hopper: Reconstruction, tmp_path: Path) -> None:
    folder, options = tmp_path / "hopper", Options(model="builtin", solid="none", max_triangles=2000)
    write_depths([hopper], [folder], options)
    assert {FILES[name].subject for name in coming(folder)} == {"surface"}  # no solid was asked for
    write_face(hopper, folder, options, asked=SolidOptions(max_triangles=2000))
    assert is_compact(folder)
    assert coming(folder) == ()
    assert not [path for path in folder.iterdir() if path.name in MADE_FROM]
    solid = trimesh.load_mesh(trimesh.util.wrap_as_stream(made(folder, "solid.stl")), file_type="stl")
    assert solid.is_volume


def test_a_surface_that_cannot_be_written_leaves_the_face_as_it_was(
    hopper: Reconstruction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "hopper"
    write_depths([hopper], [folder], Options(model="builtin", max_triangles=2000))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(face_folder, "write_glb", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_surface(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["hopper"]


def test_a_kept_mesh_is_the_mesh(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(4, 50.0)
    faces = ball.faces.astype(np.int32)
    colours = np.random.default_rng(0).integers(0, 256, (len(ball.vertices), 3)).astype(np.uint8)
    kept = KeptMesh.of(ball.vertices, faces, colours, ball.vertex_normals)
    kept.save(tmp_path / "a.npz")
    read = KeptMesh.read(tmp_path / "a.npz")
    for name in ("vertices_mm", "faces", "colours", "normals"):
        np.testing.assert_array_equal(getattr(read, name), getattr(kept, name))
    again = trimesh.Trimesh(read.vertices_mm, read.faces, process=False)
    assert again.is_volume
    assert again.volume == pytest.approx(ball.volume, rel=1e-6)
    shuffled = np.random.default_rng(1).permutation(len(faces))
    np.testing.assert_array_equal(KeptMesh.of(ball.vertices, np.roll(faces[shuffled], 1, axis=1)).faces, kept.faces)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "uint8", "int16"])
def test_packed_arrays_come_back_to_the_last_bit(tmp_path: Path, dtype: str) -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 256, (40, 30, 8), np.uint8).view(dtype)  # every pattern, NaN and infinity too
    smooth = np.linspace(0, 99, 1000).reshape(40, 25).astype(dtype)
    packing.save({"bits": bits, "smooth": smooth, "line": smooth[0], "none": smooth[:0]}, tmp_path / "a.npz")
    assert packing.names(tmp_path / "a.npz") == ["bits", "smooth", "line", "none"]
    read = packing.read(tmp_path / "a.npz")
    for name, wanted in (("bits", bits), ("smooth", smooth), ("line", smooth[0]), ("none", smooth[:0])):
        assert (read[name].dtype, read[name].shape) == (wanted.dtype, wanted.shape)
        assert read[name].tobytes() == wanted.tobytes()
