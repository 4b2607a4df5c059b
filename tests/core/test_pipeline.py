import csv
import errno
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
import trimesh
from PIL import Image

from core import atomic
from core.depth.estimator import Networks
from core.errors import Cancelled, GeometryError, NoFaceError, StorageError
from core.face.landmarks import LEFT_EYE, NOSE_TIP, RIGHT_EYE
from core.files import face_files
from core.files.catalog import FILES
from core.files.face_folder import load_face, write_face, write_solid
from core.files.facts import read_facts
from core.geometry.reconstruction import Reconstruction
from core.options import Options, SolidOptions
from core.photo import Photo, read_photo
from core.pipeline import reconstruct

ALWAYS = [
    "cloud.ply",
    "crop.png",
    "depth.npy",
    "depth.png",
    "depth_preview.png",
    "fine_relief.npy",
    "inverse_depth.npy",
    "mask.png",
    "plain_preview.png",
    "reconstruction.json",
    "relief_preview.png",
    "statistics.csv",
    "statistics.json",
    "thumbnail.jpg",
]


@pytest.fixture(scope="module")
def hopper(networks: Networks, grace_hopper: Path) -> Reconstruction:
    (found,) = reconstruct(read_photo(grace_hopper), Options(model="builtin"), networks)
    return found


@pytest.fixture(scope="module")
def written(hopper: Reconstruction, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "hopper"
    write_face(hopper, folder, Options(model="builtin"))
    return folder


def test_every_file_is_written(written: Path) -> None:
    made = ["mesh.glb", "mesh.ply", "mesh.stl", "mesh.zip"]
    made += ["solid.3mf", "solid.glb", "solid.json", "solid.ply", "solid.stl", "solid.zip"]
    assert sorted(path.name for path in written.iterdir()) == sorted([*ALWAYS, *made])


def test_facts_say_what_the_numbers_rest_on(written: Path, hopper: Reconstruction) -> None:
    facts = read_facts(written)
    assert Reconstruction.load(written).facts == hopper.facts
    assert facts.network.name == "builtin"
    assert facts.camera.focal_source == "assumed field of view"
    assert facts.camera.fov_deg == pytest.approx(46.8)
    assert facts.ipd_mm == 63
    assert facts.scale_and_shift.fitted_to
    crop_to_photo = facts.crop.to_photo
    in_crop = np.array(facts.landmarks_crop_px)
    in_photo = in_crop @ crop_to_photo[:, :2].T + crop_to_photo[:, 2]
    assert np.abs(in_photo - np.array(facts.landmarks_px)).max() < 0.01
    scale = facts.scale_and_shift
    by_hand = 1 / (scale.a * np.load(written / "inverse_depth.npy").astype(float) + scale.b)
    depth = np.load(written / "depth.npy")
    mask = np.isfinite(depth)
    assert np.abs(np.minimum(by_hand, facts.distance_mm + 400)[mask] - hopper.plain_mm[mask]).max() < 0.01
    took = np.abs(depth - hopper.plain_mm)[mask]  # by the smoothing; more at the walls beside the face alone
    assert 0 < np.quantile(took, 0.9) < 1
    assert np.array_equal(mask, hopper.mask)


def test_millimetres_follow_from_the_interpupillary_distance(
    networks: Networks, grace_hopper: Path, hopper: Reconstruction
) -> None:
    """Eyes an IPD apart, a nose before them; another IPD or field of view scales as a pinhole camera says."""
    eyes = np.stack([hopper.landmarks_px[part].mean(0) for part in (RIGHT_EYE, LEFT_EYE)])
    apart = np.diff(hopper.intrinsics.unproject(eyes, hopper.depth_at(eyes)), axis=0)
    assert np.linalg.norm(apart) == pytest.approx(63, rel=0.12)
    nose = hopper.depth_at(eyes).mean() - hopper.depth_at(hopper.landmarks_px[[NOSE_TIP]])[0]
    assert 20 < nose < 60
    photo = read_photo(grace_hopper)
    (small,) = reconstruct(photo, Options(model="builtin", ipd_mm=50), networks)
    assert small.facts.distance_mm == pytest.approx(hopper.facts.distance_mm * 50 / 63, rel=1e-4)
    (tele,) = reconstruct(replace(photo, focal_35mm=100.0), Options(model="builtin"), networks)
    assert tele.facts.camera.focal_source == "EXIF"
    # Not exactly twice: behind a longer lens the face is seen from less far beside the axis, and so turned less.
    assert tele.facts.distance_mm == pytest.approx(hopper.facts.distance_mm * 2, rel=1e-2)


def test_depth_png_is_sixteen_bits_near_white(written: Path) -> None:
    depth, facts = np.load(written / "depth.npy"), read_facts(written).depth_png
    with Image.open(written / "depth.png") as image:
        levels = np.asarray(image).astype(float)
    mask = np.isfinite(depth)
    assert (levels[~mask] == 0).all()
    assert len(np.unique(levels)) > 10_000
    back = facts.far_mm - (levels[mask] - 1) / 65534 * (facts.far_mm - facts.near_mm)
    assert np.abs(back - depth[mask]).max() < 0.01


def test_statistics_files_agree(written: Path) -> None:
    values = json.loads((written / "statistics.json").read_text())
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO((written / "statistics.csv").read_text()))}
    assert float(rows["mean"]["value"]) == values["mean"]
    assert rows["mean"]["unit"] == "mm"
    assert float(rows["face.nose_protrusion"]["value"]) == values["face"]["nose_protrusion_mm"]
    assert float(rows["left cheek.p95"]["value"]) == values["regions"]["left cheek"]["p95"]
    assert values["regions"]["nose"]["median"] < values["regions"]["left cheek"]["median"]
    assert len(rows) == len((written / "statistics.csv").read_text().splitlines()) - 1  # no name twice
    assert sum(values["histogram"]["counts"]) == values["count"] == np.isfinite(np.load(written / "depth.npy")).sum()


def test_meshes_read_back(written: Path) -> None:
    facts = read_facts(written)
    stl = trimesh.load_mesh(written / "solid.stl")
    assert stl.is_volume
    assert stl.extents[0] == pytest.approx(80, abs=0.001)
    assert len(stl.faces) == facts.solid.triangles <= 60_000
    ply = trimesh.load(written / "mesh.ply", process=False)
    assert len(ply.faces) == facts.surface.triangles <= 60_000
    assert np.ptp(ply.visual.vertex_colors[:, :3].astype(int), axis=0).min() > 100  # a face, not one colour
    (glb,) = trimesh.load(written / "mesh.glb").geometry.values()
    assert glb.extents == pytest.approx(ply.extents / 1000, rel=0.01)  # it has fewer triangles
    assert glb.visual.material.baseColorTexture.size[0] >= 512
    with zipfile.ZipFile(written / "mesh.zip") as archive:
        names = archive.namelist()
        obj = archive.read("grace_hopper-mesh.obj").decode()
        assert "mtllib grace_hopper-mesh.mtl" in obj
        texture = next(
            line.split()[-1] for line in archive.read("grace_hopper-mesh.mtl").decode().splitlines() if "map_Kd" in line
        )
        assert sorted(names) == sorted(
            ["grace_hopper-mesh.obj", "grace_hopper-mesh.mtl", texture, "grace_hopper-mesh_normal.jpeg"]
        )
        assert Image.open(io.BytesIO(archive.read(texture))).size[0] >= 512
    assert obj.count("\nf ") == len(ply.faces)
    cloud = trimesh.load(written / "cloud.ply")
    assert len(cloud.vertices) == np.isfinite(np.load(written / "depth.npy")).sum()
    assert cloud.bounds == pytest.approx(ply.bounds, abs=12)  # the surface ends a pixel inside the mask


def test_loaded_again_it_is_the_same(written: Path, hopper: Reconstruction) -> None:
    loaded = Reconstruction.load(written)
    assert np.array_equal(loaded.depth_mm, hopper.depth_mm, equal_nan=True)
    assert np.array_equal(loaded.crop_rgb, hopper.crop_rgb)
    assert loaded.intrinsics == hopper.intrinsics
    assert loaded.origin_mm == pytest.approx(hopper.origin_mm, abs=0.05)


def test_solid_is_made_anew_in_its_place(written: Path) -> None:
    before = {name: (written / name).read_bytes() for name in ("mesh.ply", "mesh.stl", "depth.npy")}
    facts = write_solid(written, SolidOptions(width_mm=50, base_mm=3))
    assert trimesh.load_mesh(written / "solid.stl").extents[0] == pytest.approx(50, abs=0.001)
    assert facts.preflight.size_mm == facts.size_mm
    checked = {check.name: check.state for check in facts.preflight.checks}
    assert {checked[name] for name in ("Closed surface", "Manifold", "Outside outwards", "Size as asked")} == {"good"}
    assert facts == read_facts(written).solid
    assert json.loads((written / "solid.json").read_text()) == json.loads(json.dumps(asdict(facts)))
    assert {name: (written / name).read_bytes() for name in before} == before
    assert not list(written.glob(".*"))


@pytest.mark.parametrize(
    ("formats", "solid", "made"),
    [
        (("ply",), "none", ["mesh.ply"]),
        (("stl",), "none", ["mesh.stl"]),
        (("stl",), "relief", ["mesh.stl", "solid.stl", "solid.glb", "solid.json"]),
        (("3mf", "obj"), "relief", ["mesh.zip", "solid.zip", "solid.3mf", "solid.glb", "solid.json"]),
    ],
)
def test_only_the_formats_asked_for(
    hopper: Reconstruction, tmp_path: Path, formats: tuple[str, ...], solid: str, made: list[str]
) -> None:
    write_face(hopper, tmp_path / "a", Options(formats=formats, solid=solid, max_triangles=2000))
    written = {path.name for path in (tmp_path / "a").iterdir()}
    assert written == {*ALWAYS, *made}
    told = {
        name
        for name, file in FILES.items()
        if file.format in (None, *formats)
        and (file.subject != "solid" or solid != "none")
        and file.subject != "head"  # `lifemask head` writes these
        and not file.only
    } | {"fine_relief.npy"}  # as was asked for
    assert written == told  # by the table that README shows


def test_fine_relief_is_in_the_surface_and_in_no_number(
    hopper: Reconstruction, written: Path, networks: Networks, grace_hopper: Path, tmp_path: Path
) -> None:
    (plain,) = reconstruct(read_photo(grace_hopper), Options(model="builtin", fine_relief=0), networks)
    assert plain.fine_relief is None
    np.testing.assert_array_equal(plain.depth_mm, hopper.depth_mm)
    write_face(plain, tmp_path / "plain", Options(model="builtin", fine_relief=0))
    assert not (tmp_path / "plain/fine_relief.npy").exists()
    same = ("statistics.json", "statistics.csv", "depth.npy", "depth.png", "cloud.ply", "plain_preview.png")
    for name in same:
        numbers = [(folder / name).read_bytes() for folder in (written, tmp_path / "plain")]
        if name == "cloud.ply":  # its comments say what was drawn
            numbers = [data[data.index(b"end_header") :] for data in numbers]
        assert numbers[0] == numbers[1], name
    carved, smooth = (trimesh.load_mesh(folder / "mesh.ply") for folder in (written, tmp_path / "plain"))
    assert carved.area > 1.02 * smooth.area
    words = b"drawn from light and dark, not measured"
    assert words in (written / "mesh.ply").read_bytes()
    assert words in (written / "mesh.glb").read_bytes()
    assert words not in (tmp_path / "plain/mesh.ply").read_bytes()
    assert b"fine relief drawn" in (written / "solid.stl").read_bytes()[:80]
    read = load_face(written)
    assert read.fine_relief is not None
    np.testing.assert_array_equal(read.fine_relief, hopper.fine_relief)


def test_the_stl_of_the_surface_is_its_ply_and_the_solids_is_another(written: Path) -> None:
    surface = trimesh.load_mesh(written / "mesh.stl", process=False)
    ply = trimesh.load_mesh(written / "mesh.ply", process=False)
    assert np.abs(surface.triangles - ply.triangles).max() < 1e-3
    assert not surface.is_watertight
    assert trimesh.load_mesh(written / "mesh.stl").is_winding_consistent
    assert surface.triangles_cross[:, 2].sum() > 0.99 * np.abs(surface.triangles_cross[:, 2]).sum()  # to the viewer
    assert (written / "mesh.stl").stat().st_size == 84 + 50 * len(ply.faces)
    assert b"surface, mm, scaled to an assumed IPD of 63 mm, fine relief drawn" in (
        written / "mesh.stl"
    ).read_bytes()[:80]  # fmt: skip


@pytest.mark.parametrize("step", ["Checking the solid", "Writing files", "placed"])
def test_a_solid_that_is_interrupted_leaves_the_earlier_one_whole(
    hopper: Reconstruction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    folder = tmp_path / "a"
    write_face(hopper, folder, Options(max_triangles=1000))
    (folder / "notes.txt").write_text("mine")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    exchange = atomic._exchange

    def placed(part: Path, place: Path) -> None:
        exchange(part, place)
        if json.loads((folder / "solid.json").read_text())["options"]["width_mm"] == 50:
            raise KeyboardInterrupt

    def stop(stage: str, share: float) -> None:
        if stage == step:
            raise KeyboardInterrupt

    if step == "placed":
        monkeypatch.setattr(atomic, "_exchange", placed)
    with pytest.raises(KeyboardInterrupt):
        write_solid(folder, SolidOptions(width_mm=50, max_triangles=1000), progress=stop)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("stage", ["Measuring", "Making the mesh", "Making the solid", "Files are written"])
def test_cancelled_writing_leaves_nothing(hopper: Reconstruction, tmp_path: Path, stage: str) -> None:
    def cancel(now: str, share: float) -> None:
        if now == stage:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_face(hopper, tmp_path / "a", Options(), cancel)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_leaves_what_was_there(
    hopper: Reconstruction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_face(hopper, tmp_path / "a", Options(formats=(), solid="none", max_triangles=1000))
    before = sorted(path.name for path in (tmp_path / "a").iterdir())

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(face_files, "write_cloud", full)
    with pytest.raises(StorageError, match="the disk is full"):
        write_face(hopper, tmp_path / "a", Options())
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def photo_without_face() -> Photo:
    with (files("skimage") / "data" / "coffee.png").open("rb") as file:
        return read_photo(file.read(), "coffee.png")


def test_no_face_is_said_or_the_whole_photo_is_taken(networks: Networks, tmp_path: Path) -> None:
    with pytest.raises(NoFaceError, match=r"^No face found in coffee\.png\."):
        reconstruct(photo_without_face(), Options(model="builtin"), networks)
    (turned,) = reconstruct(photo_without_face(), Options(model="builtin", whole_photo=True, turn_deg=90), networks)
    (found,) = reconstruct(photo_without_face(), Options(model="builtin", whole_photo=True), networks)
    assert np.abs(np.rot90(found.crop_rgb, -1).astype(int) - turned.crop_rgb).max() <= 2
    assert found.facts.behind == "behind the nearest hundredth of the picture"
    assert found.landmarks_px is None
    assert found.mask.mean() == pytest.approx(400 / 600, abs=0.01)
    assert any("assumed range" in warning for warning in found.facts.warnings)
    write_face(found, tmp_path / "coffee", Options(whole_photo=True, max_triangles=4000))
    assert trimesh.load_mesh(tmp_path / "coffee" / "solid.stl").is_volume


def test_what_is_wrong_with_a_photo_without_a_face_is_named(networks: Networks, astronaut: Path) -> None:
    rgb = read_photo(astronaut).rgb
    tiny = Photo("tiny.png", cv2.resize(rgb[40:240, 120:320], (64, 64), interpolation=cv2.INTER_AREA), None, "0")
    dark = Photo("dark.png", (rgb * 0.02).astype(np.uint8), None, "0")
    for photo, said in ((tiny, r"large enough: there is one with 1\d pixels between the eyes"), (dark, "very dark")):
        with pytest.raises(NoFaceError, match=f"^No face found in {photo.name}.*{said}"):
            reconstruct(photo, Options(model="builtin"), networks)
    half = Photo("half.png", cv2.resize(rgb, (256, 256), interpolation=cv2.INTER_AREA), None, "0")
    (small,) = reconstruct(half, Options(model="builtin"), networks)
    assert small.facts.face.ipd_px == pytest.approx(20, abs=1)
    assert [doubt.word for doubt in small.facts.doubts] == ["small"]
    assert "20 pixels between the eyes" in " ".join(small.facts.warnings)


class Midas:
    """Stands for a MiDaS network: the built-in network's own map, under another scale and shift."""

    def __init__(self, real: Networks, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self.real, self.change, self.name = real, change, "dpt_large_384"
        self.face = real.face

    def default(self) -> str:
        return self.name

    def depth(self, _: str) -> "Midas":
        return self

    def predict(self, pictures: list[np.ndarray]) -> list[np.ndarray]:
        from core.face.head import head_maps

        def answer(picture: np.ndarray) -> np.ndarray:
            square = cv2.resize(picture, (512, 512), interpolation=cv2.INTER_AREA)
            changed = self.change(head_maps(square, self.real.face()).relief).astype(np.float32)
            return cv2.resize(changed, picture.shape[1::-1])

        return [answer(picture) for picture in pictures]


def test_another_networks_depth_is_fitted_to_the_face(
    networks: Networks, grace_hopper: Path, hopper: Reconstruction
) -> None:
    noise = np.random.default_rng(0).normal(0, 20, (512, 512))
    network = Midas(networks, lambda relief: 800 * relief + 3000 + noise)
    (found,) = reconstruct(read_photo(grace_hopper), Options(), network)
    assert found.facts.network.name == "dpt_large_384"
    assert found.facts.scale_and_shift.residual_mm < 1
    both = found.mask & hopper.mask
    assert np.median(np.abs(found.depth_mm[both] - hopper.depth_mm[both])) < 1
    for refine in ("mirror", "two-scale"):
        (finer,) = reconstruct(read_photo(grace_hopper), Options(refine=refine), network)
        assert finer.facts.refine == refine
        inner = found.mask & finer.mask
        assert not np.array_equal(finer.inverse_depth, found.inverse_depth)
        assert np.median(np.abs(finer.depth_mm[inner] - hopper.depth_mm[inner])) < 6
    for change in (np.zeros_like, np.negative):
        with pytest.raises(GeometryError, match="another network"):
            reconstruct(read_photo(grace_hopper), Options(), Midas(networks, change))
