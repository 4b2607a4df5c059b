"""Names, tags and persons of faces."""

from typing import Any

import pytest

from core.errors import OptionError
from dashboard.library.library import Library
from dashboard.library.records import NotInLibraryError
from tests.dashboard.library.test_library import finished_face
from tests.dashboard.web.test_routes import make_face

DATABASES = ("sqlite", "postgresql")


def test_a_name_is_a_title_over_that_of_the_file(library: Library) -> None:
    workspace = library.new_workspace()
    face_id = finished_face(library, workspace, "IMG_1.jpg")
    face = library.label(workspace, face_id, name="  Ada\n Lovelace ")
    assert (face.name, face.file_name, face.person, face.tags) == ("Ada Lovelace", "IMG_1.jpg", None, ())
    face = library.label(workspace, face_id, person="Ada", tags=["left", " Left ", "", "1843"])
    assert (face.name, face.person, face.tags) == ("Ada Lovelace", "Ada", ("1843", "left"))
    assert library.faces(workspace) == [face]
    face = library.label(workspace, face_id, name=" ", person="", tags=[])
    assert (face.name, face.person, face.tags) == ("IMG_1.jpg", None, ())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "x" * 121}, "This name has 121 characters; at most 120 can be kept. Shorten it."),
        ({"name": "a\x00b"}, "This name holds a control character, which cannot be shown. Leave it out."),
        ({"person": "a\u202egnp.exe"}, "This name of a person holds a control character"),
        ({"tags": ["ok", "y" * 41]}, "This tag has 41 characters"),
        ({"tags": [str(i) for i in range(21)]}, "21 tags were given; a face takes at most 20."),
    ],
)
def test_what_cannot_be_shown_is_refused_and_nothing_changes(library: Library, given: Any, said: str) -> None:
    workspace = library.new_workspace()
    face_id = finished_face(library, workspace)
    before = library.label(workspace, face_id, name="Ada", person="Ada", tags=["a"])
    with pytest.raises(OptionError) as error:
        library.label(workspace, face_id, **{"name": "other", **given})
    assert said in str(error.value)
    assert library.face(workspace, face_id) == before
    with pytest.raises(NotInLibraryError):
        library.label(library.new_workspace(), face_id, name="mine")


@pytest.mark.parametrize("name", ["ندى", "王小明", "👩‍🚀 Eileen", "Ångström", "नेहा"])
def test_names_of_any_script_are_kept(library: Library, name: str) -> None:
    workspace = library.new_workspace()
    assert library.label(workspace, finished_face(library, workspace), name=name, person=name, tags=[name]).name == name


def test_faces_are_labelled_by_rest_and_downloads_are_called_by_the_title(client: Any) -> None:
    face = make_face(client)
    said = client.patch(f"/api/faces/{face.id}", json={"name": "Ada, left", "person": "Ada", "tags": ["1843"]})
    assert said.status_code == 200
    assert {key: said.json[key] for key in ("name", "file_name", "person", "tags")} == {
        "name": "Ada, left", "file_name": face.name, "person": "Ada", "tags": ["1843"],
    }  # fmt: skip
    sent = client.get(f"/files/{face.id}/solid.stl?download=1")
    assert "Ada_left-solid.stl" in sent.headers["Content-Disposition"]
    assert client.patch(f"/api/faces/{face.id}", json={"name": ""}).json["name"] == face.name
    for wrong in ({"name": 3}, {"tags": "one"}, {"tags": [1]}, {"title": "x"}, {"name": "x" * 500}):
        assert client.patch(f"/api/faces/{face.id}", json=wrong).status_code == 400
    assert client.get(f"/api/faces/{face.id}").json["person"] == "Ada"
    assert client.patch("/api/faces/nothing", json={"name": "x"}).status_code == 404
