"""What version 0.1 wrote still opens: its faces, its comparison, its library. `data/version_0_1.md` tells of them."""

import io
import json
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import dash
import numpy as np
import pytest
import trimesh
from plotly.io.json import to_json_plotly

from core.comparison import compare
from core.errors import GeometryError
from core.files import catalog
from core.files.face_files import statistics, write_statistics
from core.files.face_folder import write_solid
from core.files.facts import read_facts
from core.geometry.camera import Intrinsics
from core.geometry.reconstruction import Reconstruction, assumptions
from core.json_files import write_json
from core.options import Options, SolidOptions
from core.photo import read_photo
from core.photo.lens import EXIF
from core.pipeline import recompute
from core.recompute import changed, rewrite
from dashboard.cli import main
from dashboard.jobs.queue import Queue
from dashboard.jobs.tasks import Tasks
from dashboard.jobs.worker import step
from dashboard.library import deletion
from dashboard.library.library import Library
from dashboard.library.retention import sweep
from dashboard.readings import comparison_folder
from dashboard.settings import Settings
from tests.dashboard.library.test_library import for_good

PHOTOS = {"collins": "collins.png", "hopper": "hopper.jpg", "hopper_midas": "hopper.jpg", "corner": "corner.png"}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """All that version 0.1 wrote: `faces` and their `photos`, a `library`, and `made.json`, which names its ids."""
    folder = tmp_path / "version_0_1"
    with tarfile.open(Path(__file__).parent / "data" / "version_0_1.tar.xz") as archive:
        # Python before 3.11.4 has no filters, and needs none here
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        archive.extractall(folder)
    return folder


@pytest.fixture
def made(old: Path) -> Any:
    """Ids of the library by the names that `version_0_1.md` gives."""
    return json.loads((old / "made.json").read_text("utf-8"))


@pytest.fixture
def settings(old: Path) -> Settings:
    return Settings(data=str(old / "library"), weights=str(old / "weights"), offline=True, min_free_mb=1)


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    library = Library(settings)
    yield library
    library.close()


def solid_of(folder: Path) -> trimesh.Trimesh:
    """The solid of a face, whose STL is now called solid.stl; of a mesh.stl beside it, that it is the surface."""
    if (folder / "mesh.stl").exists():
        assert not trimesh.load_mesh(folder / "mesh.stl").is_watertight
    return trimesh.load_mesh(folder / "solid.stl")


def solid_facts(folder: Path) -> Any:
    """What is written of the solid of a face that has one."""
    facts = read_facts(folder).solid
    assert facts is not None
    return facts


def photo_of(old: Path, name: str) -> np.ndarray:
    return read_photo(old / "photos" / PHOTOS[name]).rgb


# -- faces, as `lifemask run` wrote them


@pytest.mark.parametrize("name", PHOTOS)
def test_a_face_is_read_whole(old: Path, name: str) -> None:
    folder = old / "faces" / name
    face = Reconstruction.load(folder)
    side = face.crop_rgb.shape[0]
    for one in (face.inverse_depth, face.depth_mm, face.mask, face.coverage):
        assert one is not None
        assert one.shape == (side, side)
    assert (face.landmarks_px is None) == (face.relief is None) == (name == "corner")
    assert (face.relief is not None and face.relief is not face.inverse_depth) == (name == "hopper_midas")
    assert (face.intrinsics.projection == "orthographic") == (name == "hopper")
    said = assumptions(read_facts(folder))
    assert said["photo"] == PHOTOS[name]
    assert said["network"] == ("dpt_hybrid_384" if name == "hopper_midas" else "builtin")
    assert ("shape from the prior" in said) == (name == "hopper_midas")
    written = json.loads((folder / "statistics.json").read_text("utf-8"))
    anew = statistics(face)
    assert list(anew) == list(written)
    write_statistics(anew, old)
    rows, old_rows = ((place / "statistics.csv").read_text("utf-8").splitlines() for place in (old, folder))
    assert [row.split(",")[::2] for row in rows] == [row.split(",")[::2] for row in old_rows]  # names and units
    assert {key: anew[key] for key in ("median", "p5", "p95")} == pytest.approx(
        {key: written[key] for key in ("median", "p5", "p95")}, abs=0.05
    )


@pytest.mark.parametrize("name", PHOTOS)
def test_facts_are_upgraded_and_nothing_but_the_format_is_new(old: Path, name: str) -> None:
    folder = old / "faces" / name
    before = json.loads((folder / "reconstruction.json").read_text("utf-8"))
    facts = read_facts(folder)
    write_json(facts, folder / "reconstruction.json")
    after = json.loads((folder / "reconstruction.json").read_text("utf-8"))
    options = Options.from_stored(before["options"]).to_dict()  # those that came later have their defaults …
    options["fine_relief"] = 0.0  # … but for what these faces do not have
    face = before["face"] and {**before["face"], "number": 1, "of": 1, "ipd_px": None, "marked": False}
    photo = {**before["photo"], "focal_from": EXIF, "warnings": [], "calibration": None}
    solid = before["solid"] and {
        **before["solid"],
        "options": SolidOptions.from_stored(before["solid"]["options"]).to_dict(),
    }
    new = {"format": 2, "fine_relief": 0.0, "options": options, "photo": photo, "face": face, "solid": solid}
    assert after == {**before, **new, "sensor": None}
    assert {name: options[name] for name, value in before["options"].items() if value is not None} == {
        name: value for name, value in before["options"].items() if value is not None
    }
    assert read_facts(folder) == facts


@pytest.mark.parametrize("name", PHOTOS)
def test_keys_that_came_in_the_course_of_the_first_format_are_filled_in(old: Path, name: str) -> None:
    """Until November 2026, before the version was called 0.1, there was but one camera, no prior and no smoothing."""
    folder = old / "faces" / name
    file = folder / "reconstruction.json"
    values = json.loads(file.read_text("utf-8"))
    camera, focal_mm = values["camera"], values["camera"]["focal_equivalent_mm"]
    for part, later in (
        (camera, ("projection", "K_takes", "turn", "line_of_sight", "mm_per_px", "focal_equivalent_mm")),
        (values["scale_and_shift"], ("then", "inlier_share", "inlier_mm")),
        (values["options"], ("smooth", "projection", "background", "refine", "box", "surface", "taubin", "wall_mm")),
        (values, ("refine", "prior", "smooth", "background", "landmarks_confidence")),
    ):
        for key in later:
            del part[key]
    if values["solid"]:
        del values["solid"]["preflight"]
    file.write_text(json.dumps(values), "utf-8")
    facts = read_facts(folder)
    assert facts.camera.focal_equivalent_mm == pytest.approx(focal_mm, abs=1e-3)
    assert facts.camera.intrinsics == Intrinsics(camera["focal_px"], camera["K"][0][2], camera["K"][1][2])
    assert np.array_equal(facts.camera.turn, np.eye(3))
    assert (facts.refine, facts.smooth, facts.options.smooth) == ("none", 0.0, 0.0)
    assert facts.prior is facts.landmarks_confidence is facts.scale_and_shift.inlier_share is None
    assert facts.background == (name == "corner")
    assert (facts.solid is None) == (name == "hopper_midas")
    assert facts.solid is None or facts.solid.preflight is None
    assert assumptions(facts)["smoothing"] == "0 of 1"
    with pytest.raises(GeometryError, match="made by an earlier version"):
        rewrite(folder, photo_of(old, name), {"ipd_mm": 60.0})
    solid = write_solid(folder, SolidOptions(width_mm=45.0, border_mm=2.0, max_triangles=1000))
    assert read_facts(folder) == replace(facts, solid=solid)


def test_a_comparison_is_read_as_it_was_written(library: Library, made: Any) -> None:
    folder = library.comparison(made["workspace"], made["runs"]["compare"])
    assert folder is not None
    facts = comparison_folder.read(folder).facts
    before = json.loads((folder / "comparison.json").read_text("utf-8"))
    faces = [{**face, "withheld": None, "is_measured": False} for face in before["faces"]]  # which came later
    assert json.loads(json.dumps(asdict(facts))) == {**before, "faces": faces}


@pytest.mark.parametrize("name", PHOTOS)
def test_computed_anew_with_its_own_options_a_face_is_the_same(old: Path, name: str) -> None:
    face = Reconstruction.load(old / "faces" / name)
    anew = recompute(face, photo_of(old, name), changed(read_facts(old / "faces" / name).options, {}))
    assert np.allclose(anew.depth_mm, face.depth_mm, atol=0.05, equal_nan=True)
    assert anew.facts.distance_mm == pytest.approx(face.facts.distance_mm, abs=0.02)


@pytest.mark.parametrize("name", PHOTOS)
def test_the_print_of_a_face_is_its_mesh_stl(old: Path, name: str) -> None:
    folder = old / "faces" / name
    files = catalog.present(folder)
    assert "mesh.stl" not in files  # which is now the surface's, and there is none
    if name == "hopper_midas":  # has no solid
        assert "solid.stl" not in files
        return
    assert files["solid.stl"] == catalog.print_stl(folder) == folder / "mesh.stl"
    assert trimesh.load_mesh(files["solid.stl"]).is_volume


def test_another_ipd_makes_a_face_larger_in_its_place(old: Path) -> None:
    folder = old / "faces" / "hopper"
    before, solid = Reconstruction.load(folder), solid_facts(folder)
    options = rewrite(folder, photo_of(old, "hopper"), {"ipd_mm": 72.0})
    assert (options.ipd_mm, options.projection, options.smooth) == (72.0, "orthographic", 0.8)
    after = Reconstruction.load(folder)
    assert after.facts.distance_mm == pytest.approx(before.facts.distance_mm * 72 / 60, rel=0.001)
    assert np.array_equal(after.inverse_depth, before.inverse_depth)
    anew = solid_facts(folder)  # and the solid and its printer are those that were asked for last
    assert anew.options == solid.options
    assert anew.preflight.printer.filament == "PETG"
    assert solid_of(folder).is_volume


@pytest.mark.parametrize("name", ["collins", "hopper_midas", "corner"])
def test_a_solid_is_made_of_a_face(old: Path, name: str) -> None:
    folder = old / "faces" / name
    facts = write_solid(folder, SolidOptions(width_mm=45.0, border_mm=2.0, max_triangles=1000))
    solid = solid_of(folder)
    assert solid.is_volume
    assert solid.extents[0] == pytest.approx(45, abs=0.01)
    assert not (folder / "mesh.stl").exists()  # the earlier solid
    assert catalog.print_stl(folder) == folder / "solid.stl"
    assert facts == read_facts(folder).solid
    assert json.loads((folder / "solid.json").read_text("utf-8")) == json.loads(json.dumps(asdict(facts)))
    assert read_facts(folder).options.max_triangles == 700  # what the face was made with stays


def test_faces_are_compared(old: Path) -> None:
    collins, hopper, midas, corner = (
        Reconstruction.load(old / "faces" / name) for name in ("collins", "hopper", "hopper_midas", "corner")
    )
    other, same = compare(collins, hopper, with_scale=True), compare(midas, hopper, with_scale=True)
    assert 1 < other.rms_mm < 8
    assert same.rms_mm < other.rms_mm
    with pytest.raises(GeometryError):
        compare(collins, corner)


def test_a_comparison_made_again_says_the_same(library: Library, made: Any) -> None:
    folder = library.comparison(made["workspace"], made["runs"]["compare"])
    assert folder is not None
    written = json.loads((folder / "comparison.json").read_text("utf-8"))["differences"]["2"]
    collins, hopper = (Reconstruction.load(library.folders.face(made["faces"][name])) for name in ("collins", "hopper"))
    found = compare(collins, hopper, with_scale=True)
    for key, value in found.numbers().items():
        if isinstance(value, float):
            assert value == pytest.approx(written[key], rel=0.02, abs=0.02), key
    both = np.isfinite(found.difference_mm) & np.isfinite(np.load(folder / "difference-2.npy"))
    assert both.sum() > 0.95 * np.isfinite(found.difference_mm).sum()


def test_the_command_line_takes_folders_of_faces(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faces, out = old / "faces", old / "compared"
    three = [str(faces / name) for name in ("collins", "hopper", "hopper_midas")]
    assert main.main(["compare", *three, "--out", str(out)]) == 0
    assert {"comparison.json", "comparison.csv", "pairs.csv", "report.html"} <= {path.name for path in out.iterdir()}

    # a photo that was done before is done in its place, and nothing of the old folder is left
    before = {path.name for path in faces.iterdir()}
    photo = str(old / "photos" / "collins.png")
    few = ["--model", "builtin", "--max-triangles", "1000", "--solid", "none", "--formats", "glb"]
    assert main.main(["run", photo, "--out", str(faces), *few]) == 0
    assert {path.name for path in faces.iterdir()} == before
    assert not list((faces / "collins").glob("*.stl"))
    assert Reconstruction.load(faces / "collins").crop_rgb.shape == (512, 512, 3)
    capsys.readouterr()


# -- the library, as `lifemask serve` kept it


def test_the_library_lists_what_it_holds(library: Library, made: Any) -> None:
    workspace = made["workspace"]
    photos = {photo.id: photo for photo in library.photos(workspace)}
    assert {photo_id: photo.name for photo_id, photo in photos.items()} == {
        made["photos"][name]: PHOTOS[name] for name in ("collins", "hopper", "corner")
    }
    assert photos[made["photos"]["hopper"]].focal_35mm == 70
    assert photos[made["photos"]["collins"]].focal_35mm is None
    for photo in photos.values():
        path, thumbnail = library.photo_path(workspace, photo.id), library.thumbnail_path(workspace, photo.id)
        assert path is not None
        assert thumbnail is not None
        assert thumbnail.is_file()
        assert read_photo(path).rgb.shape == (photo.height, photo.width, 3)

    faces = {face.id: face for face in library.faces(workspace)}
    assert set(faces) == set(made["faces"].values())
    for name, face_id in made["faces"].items():
        face = faces[face_id]
        assert (face.name, face.network, face.index) == (PHOTOS[name], "builtin", 1)
        assert (face.photo_id, face.run_id) == (made["photos"][name], made["runs"][f"reconstruct {name}"])
        assert (face.score is None) == (name == "corner")
        assert Reconstruction.load(face.folder).facts.photo.sha256 == photos[face.photo_id].sha256

    runs = {run.id: run for run in library.runs(workspace)}
    by_name = {name: runs.pop(run_id) for name, run_id in made["runs"].items()}
    assert not runs
    assert Counter((run.kind, run.state) for run in by_name.values()) == Counter(
        {
            ("reconstruct", "done"): 3, ("reconstruct", "failed"): 1, ("reconstruct", "cancelled"): 1,
            ("solid", "done"): 1, ("solid", "queued"): 1, ("recompute", "done"): 1, ("compare", "done"): 1,
            ("download", "failed"): 1,
        }
    )  # fmt: skip
    assert by_name["reconstruct hopper"].face_ids == [made["faces"]["hopper"]]
    assert by_name["recompute"].options == {"ipd_mm": 60.0, "focal_mm": 85.0}
    assert by_name["solid"].options["printer"]["filament"] == "ASA"
    assert (by_name["failed"].error or "").startswith("No face found in corner.png.")
    assert by_name["cancelled"].progress == pytest.approx(0.21)
    assert Options.from_stored(by_name["cancelled"].options).projection == "orthographic"
    for run in by_name.values():
        assert run.is_over == (run.ended is not None) == (run.state != "queued")
        assert (run.error is None) == (run.state != "failed")


def test_opened_once_more_and_swept_the_library_is_the_same(settings: Settings, made: Any) -> None:
    seen = []
    for _ in range(2):
        library = Library(settings)
        sweep(library)  # folders of which no row knows are removed
        workspace = made["workspace"]
        seen.append((library.photos(workspace), library.faces(workspace), library.runs(workspace)))
        library.close()
    assert seen[0] == seen[1]
    assert [len(found) for found in seen[0]] == [3, 3, 10]
    assert all(any(face.folder.iterdir()) for face in seen[0][1])
    assert library.folders.comparison(made["runs"]["compare"]).is_dir()


def test_a_browser_finds_its_library_by_its_cookie(make_app: Any, made: Any) -> None:
    app = make_app()
    browser, stranger = app.server.test_client(), app.server.test_client()
    browser.set_cookie(*made["cookie"])
    faces = {face["id"]: face for face in browser.get("/api/faces").json["faces"]}
    assert set(faces) == set(made["faces"].values())
    assert stranger.get("/api/faces").json["faces"] == []
    heads = {file.name for file in catalog.FILES.values() if file.subject == "head"}  # a worker makes them
    for face in faces.values():
        assert {"crop.png", "depth.npy", "reconstruction.json", "solid.json"} <= set(face["files"])
        files = {name: address for name, address in face["files"].items() if name not in heads}
        assert [name for name in files if name.endswith(".stl")] == ["solid.stl"]
        sent = {name: browser.get(address).data for name, address in files.items()}
        assert all(sent.values())
        assert trimesh.load_mesh(io.BytesIO(sent["solid.stl"]), file_type="stl").is_volume
        asked = browser.get(f"/files/{face['id']}/mesh.stl?download=1")  # an address that somebody kept
        assert asked.data == sent["solid.stl"]
        assert asked.headers["Content-Disposition"].endswith("-01-solid.stl")
        assert browser.get(f"/api/faces/{face['id']}/statistics").json["face"] == face["name"]
        assert stranger.get(face["files"]["solid.stl"]).status_code == 404
    packed = zipfile.ZipFile(io.BytesIO(browser.get(f"/api/faces.zip?ids={','.join(faces)}").data))
    assert len(packed.namelist()) == sum(len(face["files"].keys() - heads) for face in faces.values())

    prints = browser.get(f"/api/faces.zip?ids={','.join(faces)}&files=solid.stl,solid.3mf,mesh.stl").data
    names = zipfile.ZipFile(io.BytesIO(prints)).namelist()
    assert sum(name.endswith("/solid.stl") for name in names) == len(faces)
    assert not [name for name in names if name.endswith("/mesh.stl")]

    (run,) = browser.get(f"/api/runs?ids={made['runs']['compare']}").json["runs"]
    values = browser.get(run["files"]["comparison.json"]).json
    assert [face["id"] for face in values["faces"]] == [made["faces"]["collins"], made["faces"]["hopper"]]
    assert all(browser.get(address).data for address in run["files"].values())


def test_the_pages_show_what_the_library_holds(make_app: Any, made: Any) -> None:
    app = make_app()
    cookie = "=".join(made["cookie"])
    collins, hopper, corner = (made["faces"][name] for name in ("collins", "hopper", "corner"))
    pages = {page["path_template"] or page["path"]: page for page in dash.page_registry.values()}

    def shown(address: str, template: str, **given: str) -> str:
        with app.server.test_request_context(address, headers={"Cookie": cookie}):
            app.server.preprocess_request()
            return json.dumps(json.loads(to_json_plotly(pages[template]["layout"](**given))))  # slashes unescaped

    for face in (collins, hopper, corner):
        for template in ("/face/<face_id>", "/print/<face_id>"):
            page = shown(template.replace("<face_id>", face), template, face_id=face)
            assert f"/files/{face}/solid.stl?download=1" in page
            assert f"/files/{face}/mesh.stl" not in page
        assert face in shown(f"/statistics?faces={face}", "/statistics", faces=face)
        assert face in shown("/library", "/library")
    assert hopper in shown(f"/compare?faces={collins},{hopper}", "/compare", faces=f"{collins},{hopper}")


def test_the_worker_goes_on(library: Library, made: Any) -> None:
    workspace, tasks = made["workspace"], Tasks(library)
    works: Any = {
        "reconstruct": tasks.reconstruct,
        "solid": tasks.solid,
        "recompute": tasks.recompute,
        "compare": tasks.compare,
    }
    queue = Queue(library)

    def work(run_id: str) -> Any:
        assert step(queue, works, list(works))
        (run,) = library.runs(workspace, [run_id])
        assert (run.state, run.error) == ("done", None)
        return run

    collins, hopper = (library.folders.face(made["faces"][name]) for name in ("collins", "hopper"))
    work(made["runs"]["queued"])  # waited when the server was ended
    assert solid_facts(collins).options.kind == "lithophane"
    assert solid_of(collins).is_volume

    work(library.start_recompute(workspace, hopper.name, {"ipd_mm": 66.0}).id)
    facts = read_facts(hopper)
    assert (facts.ipd_mm, facts.options.focal_mm) == (66.0, 85.0)
    assert solid_facts(hopper).options.width_mm == 60
    assert solid_facts(hopper).preflight.printer.filament == "ASA"
    assert solid_of(hopper).is_volume

    assert library.retry(workspace, made["runs"]["cancelled"]).state == "queued"
    (anew,) = work(made["runs"]["cancelled"]).face_ids
    face = library.face(workspace, anew)
    assert face is not None
    assert face.photo_id == made["photos"]["hopper"]

    options = {"faces": [anew, hopper.name], "reference": anew}  # a new face beside an old one
    run = work(library.start_comparison(workspace, options["faces"], anew, with_scale=True).id)
    folder = library.comparison(workspace, run.id)
    assert folder is not None
    values = json.loads((folder / "comparison.json").read_text("utf-8"))
    assert values["differences"]["2"]["rms_mm"] < 1.5
    assert run.options == {**options, "with_scale": True}


def test_a_face_is_deleted_with_its_comparison(library: Library, made: Any) -> None:
    workspace, faces, photos = made["workspace"], made["faces"], made["photos"]
    for_good(library, deletion.delete_faces(library, workspace, [faces["collins"]]))
    assert library.comparison(workspace, made["runs"]["compare"]) is None
    assert not library.folders.comparison(made["runs"]["compare"]).exists()
    assert not library.folders.face(faces["collins"]).exists()
    assert not library.folders.photo(photos["collins"]).exists()  # its last face is gone
    assert {face.id for face in library.faces(workspace)} == {faces["hopper"], faces["corner"]}
    assert made["runs"]["queued"] not in {run.id for run in library.runs(workspace)}

    for_good(library, deletion.delete_photo(library, workspace, photos["hopper"]))
    assert [photo.id for photo in library.photos(workspace)] == [photos["corner"]]
    for_good(library, deletion.delete_all(library, workspace))
    assert library.photos(workspace) == library.faces(workspace) == library.runs(workspace) == []
    left = (library.folders.photos, library.folders.faces, library.folders.comparisons)
    assert not [path for folder in left for path in folder.iterdir()]
