"""The table of a face's files, and which of a folder's files is the print; `test_pipeline.py` holds it to be true."""

from pathlib import Path

import numpy as np
import pytest

from core.files.catalog import FILES, is_ours, name_today, on_request, present, print_stl
from core.files.mesh_files import Mesh, write_stl
from core.options.run import FORMATS

TRIANGLE = Mesh(np.eye(3), np.array([[0, 1, 2]], np.int32), np.zeros((3, 3), np.uint8))


def test_the_table_holds_each_file_once_under_its_name() -> None:
    assert all(name == file.name and is_ours(name) for name, file in FILES.items())
    assert len({file.title for file in FILES.values()}) == len(FILES)
    assert {file.format for file in FILES.values()} == {None, *FORMATS}
    for file in FILES.values():  # what a person looks for: mesh.* is the surface, solid.* the print
        assert (file.name.startswith("solid."), file.name.startswith("mesh.")) == (
            file.subject == "solid",
            file.subject == "surface",
        )


def test_a_row_says_when_its_file_is_written() -> None:
    said = {name: FILES[name].written for name in ("crop.png", "mesh.ply", "solid.glb", "solid.3mf", "prior.npy")}
    assert said == {
        "crop.png": "always",
        "mesh.ply": "if `--formats` names ply",
        "solid.glb": "if there is a solid",
        "solid.3mf": "if `--formats` names 3mf and there is a solid",
        "prior.npy": "if a MiDaS network was used",
    }


@pytest.mark.parametrize(
    ("surface", "solid", "printed", "listed"),
    [
        ("surface", True, "solid.stl", {"solid.stl": "solid.stl", "mesh.stl": "mesh.stl"}),
        (
            "surface",
            False,
            "solid.stl",
            {"mesh.stl": "mesh.stl"},
        ),  # no solid, or a person deleted it: never the surface
        ("print", False, "mesh.stl", {"solid.stl": "mesh.stl"}),  # of version 0.1
        ("print", True, "solid.stl", {"solid.stl": "solid.stl", "mesh.stl": "mesh.stl"}),
        ("", True, "solid.stl", {"solid.stl": "solid.stl"}),
        ("", False, "solid.stl", {}),
    ],
)
def test_the_print_is_never_taken_for_the_surface_nor_the_surface_for_the_print(
    tmp_path: Path, surface: str, solid: bool, printed: str, listed: dict[str, str]
) -> None:
    if surface:
        write_stl(TRIANGLE, tmp_path / "mesh.stl", is_surface=surface == "surface")
    if solid:
        write_stl(TRIANGLE, tmp_path / "solid.stl")
    (tmp_path / "notes.txt").write_text("mine")
    assert print_stl(tmp_path) == tmp_path / printed
    assert present(tmp_path) == {name: tmp_path / lies for name, lies in listed.items()}
    assert all(name_today(tmp_path, lies) == name for name, lies in listed.items())
    assert present(tmp_path / "gone") == {}


def test_heads_are_offered_of_every_face_until_there_is_one(tmp_path: Path) -> None:
    heads = {file.name for file in FILES.values() if file.subject == "head"}
    (tmp_path / "reconstruction.json").write_text('{"face": {"score": 0.9}}')
    assert set(on_request(tmp_path)) == heads  # of an earlier version, too, which kept files as they are
    (tmp_path / "head.json").write_text("{}")
    assert on_request(tmp_path) == ()
    (tmp_path / "maps.npz").touch()
    assert set(on_request(tmp_path)) == heads  # what is kept of it is lost: it is made again
    (tmp_path / "head.npz").touch()
    assert on_request(tmp_path) == ()
    (tmp_path / "reconstruction.json").write_text('{"face": null}')
    (tmp_path / "head.npz").unlink()
    assert on_request(tmp_path) == ()
