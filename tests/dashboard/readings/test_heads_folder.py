"""The folder of heads compared point by point, from the worker to the page."""

import csv
import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh

from core.errors import Cancelled, FormatError
from core.head import template
from core.measure.table import FROM_MEAN, POINTS_RMS
from dashboard.readings import comparison_files, heads_folder
from dashboard.readings.comparison_folder import Named
from dashboard.readings.heads_folder import HeadsFolder
from tests.core.fitted import photographed
from tests.dashboard.faces import write_face

SHAPES = {"one": ((1.2, -0.8), 0), "turned": ((1.2, -0.8), 15), "other": ((-1.0, 1.5), 0)}
VERTICES = len(template().mean)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> list[Named]:
    """A head, the same turned, and another one."""
    place = tmp_path_factory.mktemp("heads")
    for name, (identity, yaw) in SHAPES.items():
        write_face(photographed(identity, yaw, sha256=name), place / name)
    return [Named(name, f"{name}.jpg", place / name) for name in SHAPES]


@pytest.fixture(scope="module")
def found(named: list[Named], tmp_path_factory: pytest.TempPathFactory) -> HeadsFolder:
    out, said = tmp_path_factory.mktemp("found"), list[float]()
    heads_folder.write(named, 0, out, neutral=True, progress=lambda _, share: said.append(share))
    assert said == sorted(said)
    assert said[-1] == 1.0
    return heads_folder.read(out)


def tree_of(path: Path) -> dict:
    data = path.read_bytes()
    return json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])


def test_one_head_is_told_from_two(found: HeadsFolder) -> None:
    same, different = found.facts.differences[2], found.facts.differences[3]
    assert same.shape_mm < 0.5 * different.shape_mm
    assert same.rms_mm < different.rms_mm
    assert found.facts.neutral
    assert found.facts.pairs.shape_mm[0][2] == pytest.approx(different.shape_mm)
    assert found.facts.number("other") == 3


def test_every_file_is_of_the_table(found: HeadsFolder) -> None:
    names = {path.name for path in found.folder.iterdir()}
    assert names == {
        "heads.json", "heads.csv", "mean.glb", "mean.stl", "mean.ply", "mean.zip",
        "points-2.npy", "points-2.glb", "morph-2.glb", "points-3.npy", "points-3.glb", "morph-3.glb",
    }  # fmt: skip
    assert all(comparison_files.is_ours(name) for name in names)


def test_the_mean_is_closed_and_has_its_colours(found: HeadsFolder) -> None:
    solid = trimesh.load_mesh(found.folder / "mean.stl")
    assert solid.is_volume
    assert 150 < solid.extents[0] < 260  # a head, in mm
    ply = trimesh.load(found.folder / "mean.ply", process=False)
    assert len(np.unique(ply.visual.vertex_colors, axis=0)) > 100
    assert b"mean of: one.jpg, turned.jpg, other.jpg" in (found.folder / "mean.ply").read_bytes()[:2000]
    with zipfile.ZipFile(found.folder / "mean.zip") as archive:
        assert {Path(name).suffix for name in archive.namelist()} == {".obj", ".mtl", ".jpeg"}


def test_a_morph_ends_at_the_other_head_with_its_colours(found: HeadsFolder) -> None:
    tree = tree_of(found.folder / "morph-3.glb")
    (mesh,) = tree["meshes"]
    (part,) = mesh["primitives"]
    (target,) = part["targets"]
    assert mesh["weights"] == [0.0]
    accessors = {name: tree["accessors"][index] for name, index in target.items()}
    assert set(accessors) == {"POSITION", "NORMAL"}
    count = tree["accessors"][part["attributes"]["POSITION"]]["count"]
    assert {accessor["count"] for accessor in accessors.values()} == {count}
    assert 0.001 < max(accessors["POSITION"]["max"]) < 0.05  # metres
    (material,) = tree["materials"]
    own, other = material["pbrMetallicRoughness"]["baseColorTexture"]["index"], material["extras"]["otherTexture"]
    assert tree["textures"][own]["source"] != tree["textures"][other]["source"]
    assert tree["buffers"][0]["byteLength"] <= (found.folder / "morph-3.glb").stat().st_size
    (body,) = trimesh.load(found.folder / "morph-3.glb").geometry.values()
    assert len(body.faces) > 80_000


def test_what_is_not_seen_is_grey_and_no_number(found: HeadsFolder) -> None:
    signed = np.load(found.folder / "points-3.npy")
    assert signed.shape == (VERTICES,)
    assert 0.1 < np.isfinite(signed).mean() < 0.6
    (body,) = trimesh.load(found.folder / "points-3.glb", process=False).geometry.values()
    colours = body.visual.vertex_attributes["color"][:, :3].astype(int)
    spread = np.ptp(colours, axis=1)
    assert np.percentile(spread[np.isnan(signed)], 95) < 30
    assert np.percentile(spread[np.isfinite(signed)], 80) > 30


def test_the_library_keeps_the_mean_packed_and_makes_the_same_of_it(
    named: list[Named], found: HeadsFolder, tmp_path: Path
) -> None:
    heads_folder.write(named, 0, tmp_path, neutral=True, compact=True)
    kept = {path.name for path in tmp_path.iterdir()}
    assert {"mean.glb", "mean.npz"} <= kept
    assert not {"mean.stl", "mean.ply", "mean.zip"} & kept
    assert {"mean.glb", "mean.stl", "mean.ply", "mean.zip", "heads.json"} <= set(comparison_files.present(tmp_path))
    assert not heads_folder.is_made(tmp_path, "mean.glb")
    assert not heads_folder.is_made(found.folder, "mean.stl")
    for name in ("mean.stl", "mean.ply", "mean.zip"):
        assert heads_folder.is_made(tmp_path, name)
        assert heads_folder.made(tmp_path, name) == (found.folder / name).read_bytes()


def test_the_table_is_csv(found: HeadsFolder) -> None:
    rows = list(csv.DictReader(io.StringIO((found.folder / "heads.csv").read_text("utf-8"))))
    assert [row["Face"] for row in rows] == ["one.jpg", "turned.jpg", "other.jpg"]
    assert rows[0][POINTS_RMS.heading] == ""
    assert float(rows[2][POINTS_RMS.heading]) == pytest.approx(found.facts.differences[3].rms_mm, abs=0.005)
    assert float(rows[2][FROM_MEAN.heading]) == pytest.approx(found.facts.faces[2].from_mean_mm, abs=0.005)


def test_it_can_be_cancelled_and_a_damaged_one_says_so(named: list[Named], tmp_path: Path) -> None:
    def stop(stage: str, _share: float) -> None:
        if stage == "Writing the mean face":
            raise Cancelled("The run was cancelled.")

    with pytest.raises(Cancelled):
        heads_folder.write(named[:2], 1, tmp_path, progress=stop)
    (tmp_path / "heads.json").write_text("{}")
    with pytest.raises(FormatError, match=r"heads\.json is damaged"):
        heads_folder.read(tmp_path)
