"""Comparisons in the library: who may have them, when two are one, and that they go with a face."""

from typing import Any

import pytest

from core.errors import OptionError
from dashboard.jobs.queue import Queue
from dashboard.library import deletion
from dashboard.library.library import Library
from dashboard.library.records import NotInLibraryError, RunRecord
from dashboard.library.retention import sweep
from tests.dashboard.library.test_library import finished_face, for_good, jpeg
from tests.dashboard.web.test_routes import make_face

DATABASES = ("sqlite", "postgresql")


@pytest.fixture
def three(library: Library) -> tuple[str, list[str]]:
    """A workspace and three faces of three photos."""
    workspace = library.new_workspace()
    return workspace, [finished_face(library, workspace, f"{n}.jpg", jpeg((n, n, n))) for n in range(3)]


def compared(library: Library, workspace: str, *args: Any, **more: Any) -> RunRecord:
    """Start a comparison and do it, as far as the library sees."""
    run = library.start_comparison(workspace, *args, **more)
    assert run.state == "queued"
    queue = Queue(library)
    assert queue.claim([run.kind]) == library.runs(workspace, [run.id])[0]
    library.folders.comparison(run.id).mkdir()
    queue.finish(run.id, [])
    return library.runs(workspace, [run.id])[0]


def test_equal_faces_and_settings_give_the_existing_comparison(library: Library, three: Any) -> None:
    workspace, faces = three
    run = compared(library, workspace, faces, faces[0])
    assert library.start_comparison(workspace, faces, faces[0]) == run
    assert library.start_comparison(workspace, faces[::-1], faces[0]) == run  # only shown in another order
    assert library.comparison(workspace, run.id) == library.folders.comparison(run.id)
    for other in (
        library.start_comparison(workspace, faces, faces[1]),
        library.start_comparison(workspace, faces[:2], faces[0]),
        library.start_comparison(workspace, faces, faces[0], with_scale=True),
    ):
        assert other.id != run.id
        assert library.comparison(workspace, other.id) is None  # not done


def test_a_face_computed_anew_is_compared_anew(library: Library, three: Any) -> None:
    workspace, faces = three
    run = compared(library, workspace, faces, faces[0])
    (library.folders.face(faces[1]) / "depth.npy").write_bytes(b"another depth")
    assert library.start_comparison(workspace, faces, faces[0]).id != run.id


def test_heads_are_compared_by_a_run_of_their_own(library: Library, three: Any) -> None:
    workspace, faces = three
    plain = compared(library, workspace, faces, faces[0])
    heads = compared(library, workspace, faces, faces[0], heads=True)
    neutral = compared(library, workspace, faces, faces[0], heads=True, neutral=True)
    assert [plain.kind, heads.kind, neutral.kind] == ["compare", "heads", "heads"]
    assert len({plain.id, heads.id, neutral.id}) == 3
    assert library.start_comparison(workspace, faces[::-1], faces[0], heads=True) == heads
    assert library.comparison(workspace, heads.id) == library.folders.comparison(heads.id)
    (library.folders.comparison(heads.id) / "mean.stl").write_bytes(bytes(1000))
    size = library.size_bytes(workspace)
    for_good(library, deletion.delete_faces(library, workspace, [faces[1]]))
    assert library.size_bytes(workspace) <= size - 1000
    assert [*library.folders.comparisons.iterdir()] == []
    with pytest.raises(OptionError, match="heads alone"):
        library.start_comparison(workspace, faces[::2], faces[0], neutral=True)


@pytest.mark.parametrize("how", ["face", "photo", "all"])
def test_a_comparison_goes_with_the_first_of_its_faces(library: Library, three: Any, how: str) -> None:
    workspace, faces = three
    gone, kept = compared(library, workspace, faces, faces[0]), compared(library, workspace, faces[1:], faces[1])
    face = library.face(workspace, faces[0])
    assert face is not None
    if how == "face":
        for_good(library, deletion.delete_faces(library, workspace, [face.id]))
    elif how == "photo":
        for_good(library, deletion.delete_photo(library, workspace, face.photo_id))
    else:
        for_good(library, deletion.delete_all(library, workspace))
    left = [] if how == "all" else [kept.id]
    assert library.comparison(workspace, gone.id) is None
    assert [folder.name for folder in library.folders.comparisons.iterdir()] == left
    assert [run.id for run in library.runs(workspace) if run.kind == "compare"] == left
    sweep(library)
    assert [folder.name for folder in library.folders.comparisons.iterdir()] == left


def test_no_workspace_reaches_the_comparisons_of_another(library: Library, three: Any) -> None:
    workspace, faces = three
    run, other = compared(library, workspace, faces, faces[0]), library.new_workspace()
    assert library.comparison(other, run.id) is None
    with pytest.raises(NotInLibraryError):
        library.start_comparison(other, faces, faces[0])


def test_what_cannot_be_compared_is_a_sentence(library: Library, three: Any) -> None:
    workspace, faces = three
    for wrong in ([], faces[:1], [faces[0], faces[0]], [f"{n}" for n in range(9)]):
        with pytest.raises(OptionError, match="name 2 to 8 different ones"):
            library.start_comparison(workspace, wrong, faces[0])
    with pytest.raises(OptionError, match="none of the faces"):
        library.start_comparison(workspace, faces[:2], faces[2])


def test_files_of_a_comparison_come_by_id_and_allowed_name(client: Any) -> None:
    library: Library = client.application.config["LIBRARY"]
    face = make_face(client)
    second = finished_face(library, face.workspace_id, "second.jpg")
    asked = {"faces": [face.id, second], "with_scale": True}
    run = client.post("/api/comparisons", json=asked).json
    assert (run["state"], run["options"]) == ("queued", {**asked, "reference": face.id})
    queue = Queue(library)
    assert queue.claim(["compare"]) is not None
    folder = library.folders.comparison(run["id"])
    folder.mkdir()
    (folder / "comparison.csv").write_text("face,rms_mm\n")
    (folder / "notes.txt").write_text("not for everybody")
    queue.finish(run["id"], [])
    (answer,) = client.get(f"/api/runs?ids={run['id']}").json["runs"]
    assert answer["files"] == {"comparison.csv": f"/comparisons/{run['id']}/comparison.csv"}
    sent = client.get(answer["files"]["comparison.csv"] + "?download=1")
    assert sent.data == b"face,rms_mm\n"
    assert sent.headers["Content-Disposition"] == "attachment; filename=lifemask-comparison.csv"
    assert client.get(f"/comparisons/{run['id']}/notes.txt").status_code == 404
    assert client.get(f"/comparisons/{run['id']}/comparison.json").status_code == 404
    assert client.get(f"/comparisons/{face.id}/comparison.csv").status_code == 404
    stranger = client.application.test_client()
    assert stranger.get(answer["files"]["comparison.csv"]).status_code == 404
    heads = client.post("/api/comparisons", json={**asked, "heads": True, "neutral": True}).json
    assert (heads["kind"], heads["options"]["neutral"]) == ("heads", True)
    assert client.post("/api/comparisons", json={**asked, "heads": "yes"}).status_code == 400
    for wrong in ({}, {"faces": []}, {"faces": [face.id]}, {"faces": "ab"}, {"faces": [1, 2]}):
        assert client.post("/api/comparisons", json=wrong).status_code == 400
