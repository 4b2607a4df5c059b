"""The files of a whole head: closed, with what is guessed, the same from a compact folder; all or none."""

import json
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from core import packing
from core.errors import FormatError, GeometryError
from core.files import head_files, load_face, load_head, made, read_head_facts, write_depths, write_face, write_head
from core.files.catalog import FILES
from core.head import template
from core.options import Options
from tests.core.fitted import photographed
from tests.core.heads import head as plain_head

OPTIONS = Options(solid="none", max_triangles=2000)
NAMES = {file.name for file in FILES.values() if file.subject == "head"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("head") / "ada"
    write_face(photographed((1.0, -1.0, 0.5), side=384), place, OPTIONS)
    (place / "notes.txt").write_text("mine")
    write_head(place)
    return place


def test_all_of_its_files_are_written_beside_what_is_there(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} >= NAMES | {"notes.txt", "mesh.glb", "reconstruction.json"}
    facts = read_head_facts(folder)
    assert facts.watertight
    assert facts.volume
    assert not facts.is_poor
    assert 0.1 < facts.seen_share < 0.5
    assert "ICT-FaceKit" in facts.model


def test_its_stl_is_a_volume_of_millimetres(folder: Path) -> None:
    body = trimesh.load_mesh(folder / "head.stl")
    assert body.is_volume
    assert len(body.faces) == head_files.STL_TRIANGLES
    assert 200 < body.extents[1] < 330
    assert 2.5e6 < body.volume < 6.5e6


@pytest.mark.parametrize(
    ("tool", "wanted"),
    [
        (["prusa-slicer", "--info"], ["manifold = yes", "number_of_parts =  1"]),
        (["admesh"], [r"Number of parts\s*:\s*1\b", r"Degenerate facets\s*:\s*0\b", r"Backwards edges\s*:\s*0\b"]),
    ],
    ids=["prusa-slicer", "admesh"],
)
def test_other_programs_find_nothing_to_mend(folder: Path, tool: list[str], wanted: list[str]) -> None:
    if shutil.which(tool[0]) is None:
        pytest.skip(f"{tool[0]} is not installed")
    said = subprocess.run([*tool, str(folder / "head.stl")], capture_output=True, text=True, check=True).stdout
    for words in wanted:
        assert re.search(words, said), said


def test_what_is_guessed_is_in_the_files(folder: Path) -> None:
    data = (folder / "head.glb").read_bytes()
    length = int.from_bytes(data[12:16], "little")
    tree = json.loads(data[20 : 20 + length])
    attributes = tree["meshes"][0]["primitives"][0]["attributes"]
    assert {"POSITION", "NORMAL", "TEXCOORD_0", "_SEEN"} <= set(attributes)
    ply = trimesh.load(folder / "head.ply", process=False)
    seen = ply.metadata["_ply_raw"]["vertex"]["data"]["seen"]
    assert seen.min() == 0
    assert seen.max() > 0.95
    assert len(seen) == len(ply.vertices)
    assert seen[ply.vertices[:, 2] < -160].max() == 0  # the back of the head
    assert b"what the photo does not show is guessed" in (folder / "head.ply").read_bytes()[:2000]
    with zipfile.ZipFile(folder / "head.zip") as archive:
        assert {Path(name).suffix for name in archive.namelist()} == {".obj", ".mtl", ".jpeg"}


def test_its_pictures_are_of_the_sizes_that_they_promise(folder: Path) -> None:
    with Image.open(folder / "head.jpg") as texture, Image.open(folder / "front.png") as front:
        assert (texture.size, front.size) == ((1536, 1024), (768, 960))


def test_formats_choose_what_is_written(tmp_path: Path) -> None:
    place = tmp_path / "ada"
    write_face(photographed(side=256), place, Options(solid="none", max_triangles=2000, formats=("ply",)))
    write_head(place, formats=("ply",))
    assert {path.name for path in place.iterdir()} & NAMES == {"head.ply", "head.jpg", "head.json", "front.png"}


def test_a_kept_head_is_read_back_to_a_hundredth_of_a_millimetre(tmp_path: Path) -> None:
    head = head_files.make_head(photographed(side=256))
    packing.save(head_files.packed(head), tmp_path / "head.npz")
    read = load_head(tmp_path)
    assert np.abs(read.points - head.points).max() <= head_files.STEP_MM / 2 + 1e-9
    assert np.abs(read.seen - head.seen).max() <= 0.5 / 255 + 1e-9
    assert np.allclose(read.fit.points, head.fit.points, atol=0.01)
    assert (tmp_path / "head.npz").stat().st_size < 150_000
    assert trimesh.Trimesh(read.points, template().faces, process=False).is_volume


def test_a_damaged_head_is_a_sentence(tmp_path: Path) -> None:
    place = tmp_path / "ada"
    write_depths([photographed(side=256)], [place], OPTIONS)
    write_head(place)
    kept = (place / "head.npz").read_bytes()
    for wrong in (b"nothing", kept[: len(kept) // 2], b""):
        (place / "head.npz").write_bytes(wrong)
        with pytest.raises(FormatError, match=r"The head in ada is damaged\. Make it again"):
            made(place, "head.ply")
    (place / "head.npz").write_bytes(kept)
    (place / "head.jpg").unlink()
    with pytest.raises(FormatError, match="is damaged"):
        made(place, "head.glb")
    write_head(place)
    assert made(place, "head.glb")


def test_a_photo_in_place_of_a_folder_and_a_damaged_texture_are_sentences(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"a photo")
    with pytest.raises(FormatError, match=r"photo.jpg holds no face"):
        write_head(tmp_path / "photo.jpg")
    place = shutil.copytree(folder, tmp_path / "ada")
    (place / "mesh.glb").write_bytes((place / "mesh.glb").read_bytes()[:5000])
    with pytest.raises(FormatError, match=r"mesh.glb in .*ada is damaged"):
        write_head(place)


def test_without_a_head_or_a_face_there_is_a_sentence(tmp_path: Path) -> None:
    for read in (load_head, read_head_facts):
        with pytest.raises(FormatError, match=r"There is no head in .*lifemask head"):
            read(tmp_path)
    with pytest.raises(FormatError, match="holds no face"):
        write_head(tmp_path / "nothing")


def test_one_that_cannot_be_made_leaves_the_folder_as_it_was(folder: Path, tmp_path: Path) -> None:
    whole = plain_head()
    place = tmp_path / "whole"
    write_face(
        replace(whole, landmarks_px=None, facts=replace(whole.facts, face=None, landmarks_crop_px=None)), place, OPTIONS
    )
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    with pytest.raises(GeometryError, match="face"):
        write_head(place)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert load_face(folder).landmarks_px is not None
