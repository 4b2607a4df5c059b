"""The folder of a comparison, from the worker to the page."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.errors import Cancelled, FormatError
from core.files.colours import DIVERGING, coloured, signed_limit
from core.json_files import write_json
from core.measure.table import DEPTHS, Place, chosen
from dashboard.charts.contact_sheet import GAP_PX, PAPER, SIDE_PX
from dashboard.jobs.queue import Queue
from dashboard.jobs.tasks import Tasks
from dashboard.jobs.worker import step
from dashboard.library import deletion
from dashboard.library.library import Library
from dashboard.readings import comparison_folder
from dashboard.readings.comparison_folder import ComparisonFolder
from dashboard.readings.measured import measured
from tests.core.heads import with_background
from tests.dashboard.faces import DISTANCE_MM, FOCAL_PX, face, write_face
from tests.dashboard.library.test_library import finished_face, for_good, jpeg


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> ComparisonFolder:
    """A face, the same with a bump on its cheek, and the same as another network saw it; the first is the reference."""
    place = tmp_path_factory.mktemp("comparing")
    shapes = {"plain": face(), "bumped": face(bump_mm=3.0, sha256="b" * 64), "other": face(1.0, name="dpt_large_384")}
    for name, shape in shapes.items():
        write_face(shape, place / name)
    out = place / "out"
    out.mkdir()
    said: list[float] = []
    named = [comparison_folder.Named(name, f"{name}.jpg", place / name) for name in shapes]
    comparison_folder.write(named, 0, out, progress=lambda _, share: said.append(share))
    assert said == sorted(said)
    assert said[-1] == 1.0
    return comparison_folder.read(out)


def test_a_bump_is_found_where_it_is_and_as_high_as_it_is(found: ComparisonFolder) -> None:
    assert set(found.differences_mm) == {2, 3}
    difference = found.differences_mm[2]
    plain = face().depth_mm
    slopes = np.gradient(plain / (DISTANCE_MM / FOCAL_PX))  # mm of depth for a mm across
    raised = (plain - face(3.0).depth_mm) / np.sqrt(1 + slopes[0] ** 2 + slopes[1] ** 2)  # along the normal
    y, x = np.unravel_index(np.nanargmax(raised), raised.shape)
    place = slice(y - 3, y + 4), slice(x - 3, x + 4)
    assert difference[place].mean() == pytest.approx(raised[place].mean(), abs=0.3)  # it stands out: positive
    assert abs(np.nanmedian(difference)) < 0.2
    assert found.facts.differences[2].by_region["right cheek"] > 0.5


def test_what_is_written_is_read_back_equal(found: ComparisonFolder, tmp_path: Path) -> None:
    place = tmp_path / "again"
    place.mkdir()
    write_json(found.facts, place / "comparison.json")
    assert comparison_folder.read(place).facts == found.facts
    assert (place / "comparison.json").read_bytes() == (found.folder / "comparison.json").read_bytes()
    comparison_folder.read.cache_clear()
    (place / "comparison.json").write_text('{"scale_mm": 7}')
    with pytest.raises(FormatError, match=r"again/comparison\.json is damaged .*reference: Field required"):
        comparison_folder.read(place)


def test_table_and_csv_show_the_same_numbers(found: ComparisonFolder) -> None:
    rows = comparison_folder.rows(found.facts.faces, found.facts.differences)
    assert [row["face"] for row in rows] == ["plain.jpg", "bumped.jpg", "other.jpg"]
    assert rows[0]["rms_mm"] is rows[0]["coverage"] is None  # the reference is not laid onto itself
    assert rows[1]["rms_mm"] == round(found.facts.differences[2].rms_mm, 2)
    lines = list(csv.DictReader(io.StringIO((found.folder / "comparison.csv").read_text("utf-8"))))
    for line, row in zip(lines, rows, strict=True):
        for one in comparison_folder.COLUMNS:
            shown = line[comparison_folder.column(one)]
            assert (float(shown) if shown else None) == row[one.key]
    coverage = found.facts.differences[2].coverage
    assert rows[1]["coverage"] == pytest.approx(100 * coverage, abs=0.05)  # a share in the JSON, percent here


def test_no_name_of_a_photo_is_a_formula_in_the_csv(found: ComparisonFolder) -> None:
    (first, *_), name = found.facts.faces, '=HYPERLINK("http:evil","x").jpg'
    (_, row) = csv.reader(io.StringIO(comparison_folder.as_csv([replace(first, name=name)], {})))
    assert row[0] == f"'{name}"
    assert float(row[7]) == pytest.approx(first.measures["nose_protrusion_mm"], abs=0.1)


def test_the_csv_has_the_columns_it_always_had(found: ComparisonFolder) -> None:
    assert (found.folder / "comparison.csv").read_text("utf-8").splitlines()[0] == (
        'Face,"RMS from reference, mm","Median difference, mm","95 % of it below, mm","Coverage, %",Correlation,'
        '"Size changed by, times","Nose before the eyes, mm","Face width, mm","Face height, mm","Median depth, mm",'
        '"Standard deviation, mm","5th percentile, mm","95th percentile, mm","IPD, mm","Distance, from it, mm",'
        "Millimetres"
    )


def test_a_kept_background_changes_no_number_and_no_picture_of_the_head(tmp_path: Path) -> None:
    written = {}
    for kind, shapes in (
        ("cut", (face(), face(bump_mm=3.0))),
        ("kept", (with_background(face()), with_background(face(bump_mm=3.0)))),
    ):
        out = tmp_path / kind
        out.mkdir()
        for number, shape in enumerate(shapes):
            write_face(shape, out / str(number))
        named = [comparison_folder.Named(str(i), f"{i}.jpg", out / str(i)) for i in range(2)]
        comparison_folder.write(named, 0, out)
        written[kind] = out
    kept, cut = written["kept"], written["cut"]
    for name in ("comparison.json", "comparison.csv", "report.html"):
        assert (kept / name).read_text("utf-8") == (cut / name).read_text("utf-8")
    for name in ("seen-1.webp", "seen-2.webp", "difference-2.png", "comparison.png"):
        with Image.open(kept / name) as one, Image.open(cut / name) as other:
            assert np.array_equal(np.asarray(one), np.asarray(other))
    # the report says what the Statistics page says
    depths = measured(kept / "0").depths("head", "mm")
    for one in chosen(DEPTHS, Place.REPORT):
        assert f"<td>{one.name}</td><td>{one.text(one.of(depths))}</td>" in (kept / "report.html").read_text("utf-8")


def test_pairs_agree_with_the_differences_and_like_is_beside_like(found: ComparisonFolder) -> None:
    rms = np.array(found.facts.pairs.rms_mm)
    assert np.array_equal(rms, rms.T)
    assert rms[0, 1] == pytest.approx(found.facts.differences[2].rms_mm, rel=0.3)
    assert rms[0, 2] < rms[0, 1]


def test_networks_on_one_photo_are_set_beside_each_other(found: ComparisonFolder) -> None:
    agreement = found.facts.agreement
    assert agreement is not None
    assert agreement.networks == ("builtin", "dpt_large_384")
    assert found.spread_mm is not None
    y, x = np.unravel_index(np.nanargmax(found.spread_mm), found.spread_mm.shape)
    assert found.spread_mm[y, x] == pytest.approx(0.5, abs=0.1)  # of 0 and 1 mm


def test_pictures_lie_on_one_grid_and_are_clear_where_there_is_nothing(
    found: ComparisonFolder,
) -> None:
    for name in ("seen-1.webp", "seen-2.webp", "difference-2.png"):
        with Image.open(found.folder / name) as picture:
            assert picture.size == found.differences_mm[2].shape[::-1]
            assert np.asarray(picture)[0, 0, 3] == 0
    assert not (found.folder / "difference-1.png").exists()
    with Image.open(found.folder / "difference-2.png") as picture:
        clear = np.asarray(picture)[..., 3] == 0
    assert np.array_equal(clear, np.isnan(found.differences_mm[2]))


def test_colours_of_numbers() -> None:
    picture = coloured(np.array([[-9.0, -2.0, 0.0, 2.0, np.nan]]), -2, 2, DIVERGING)[0]
    ends = [tuple(colour) for _, colour in DIVERGING]
    assert [tuple(pixel[:3]) for pixel in picture[:4].tolist()] == [ends[0], ends[0], ends[2], ends[-1]]
    assert picture[:, 3].tolist() == [255, 255, 255, 255, 0]
    assert signed_limit([np.array([0.2, -6.4])]) == 7.0


@pytest.fixture
def two(library: Library) -> tuple[str, list[str]]:
    workspace = library.new_workspace()
    ids = [finished_face(library, workspace, f"{n}.jpg", jpeg((n, n, n))) for n in range(2)]
    for number, face_id in enumerate(ids):
        write_face(face(3.0 * number), library.folders.face(face_id))
    return workspace, ids


def test_the_worker_makes_the_folder_whole_or_not_at_all(library: Library, two: Any) -> None:
    workspace, ids = two
    works: Any = {"compare": Tasks(library).compare}
    run = library.start_comparison(workspace, ids, ids[1], with_scale=True)
    assert step(Queue(library), works, ["compare"])
    (done,) = library.runs(workspace, [run.id])
    assert (done.state, done.error) == ("done", None)
    folder = library.comparison(workspace, run.id)
    assert folder is not None
    facts = comparison_folder.read(folder).facts
    assert (facts.reference, facts.with_scale) == (2, True)

    library.start_comparison(workspace, ids, ids[0])
    (library.folders.face(ids[0]) / "depth.npy").unlink()
    assert step(Queue(library), works, ["compare"])
    assert [place.name for place in library.folders.comparisons.iterdir()] == [run.id]


def test_a_face_deleted_meanwhile_ends_the_comparison(library: Library, two: Any) -> None:
    workspace, ids = two
    run = library.start_comparison(workspace, ids, ids[0])
    for_good(library, deletion.delete_faces(library, workspace, [ids[0]]))
    with pytest.raises(Cancelled):
        Tasks(library).compare(run, lambda *_: None)
    assert list(Path(library.folders.comparisons).iterdir()) == []


def test_the_picture_shows_every_face_and_says_what_it_rests_on(found: ComparisonFolder) -> None:
    with Image.open(found.folder / "comparison.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels.shape[1] > 3 * SIDE_PX
    paper = np.array(PAPER)
    for column in range(3):
        x = GAP_PX + column * (SIDE_PX + GAP_PX)
        drawn = (np.abs(pixels[:, x : x + SIDE_PX] - paper) > 8).any(-1).mean()
        assert 0.1 < drawn < 0.9
    foot = pixels[-40:]
    assert (np.abs(foot - paper).max(-1) > 60).sum() > 200  # the sentence


def test_the_report_is_there_and_escapes_what_people_call_their_photos(tmp_path: Path) -> None:
    for number in range(2):
        write_face(face(3.0 * number), tmp_path / str(number))
    names = ['<img src="//elsewhere/x">.jpg', "b.jpg"]
    comparison_folder.write(
        [comparison_folder.Named(str(i), names[i], tmp_path / str(i)) for i in range(2)], 1, tmp_path
    )
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "&lt;img src=" in text
    assert '<img src="//' not in text


def test_faces_of_one_name_are_told_apart_by_their_networks_else_by_number(library: Library, two: Any) -> None:
    faces = library.faces(two[0])
    assert [face.name for face in comparison_folder.told_apart(faces)] == [face.name for face in faces]
    one = [replace(face, name="a.jpg", created=face.created - timedelta(hours=n)) for n, face in enumerate(faces)]
    assert [face.name for face in comparison_folder.told_apart(one)] == ["a.jpg (2)", "a.jpg (1)"]  # by their age …
    assert [face.name for face in comparison_folder.told_apart(one[::-1])] == ["a.jpg (1)", "a.jpg (2)"]  # in any order
    one[1] = replace(one[1], network="dpt_large_384")
    names = [face.name for face in comparison_folder.told_apart(one)]
    assert names == ["a.jpg, Built-in face network", "a.jpg, DPT-Large 384"]
