"""Names of files that are saved: any letters there are, in headers that any server can send."""

import csv
import io
from typing import Any

import pytest
from flask import Response
from werkzeug.http import parse_options_header

from dashboard.web.downloads import as_download, shortened
from dashboard.web.routes.faces import download_name, folder_names
from tests.dashboard.faces import face, write_face
from tests.dashboard.web.test_routes import make_face


def header(name: str) -> str:
    return as_download(Response(), name).headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("mesh.stl", "attachment; filename=mesh.stl"),
        ("my mesh.stl", 'attachment; filename="my mesh.stl"'),
        ('a "b".stl', r'attachment; filename="a \"b\".stl"'),
        ("a\\b/c.stl", "attachment; filename=a_b_c.stl"),
        ("a\r\nSet-Cookie: x\x00.stl", 'attachment; filename="a__Set-Cookie: x_.stl"'),
        ("été.stl", "attachment; filename=ete.stl; filename*=UTF-8''%C3%A9t%C3%A9.stl"),
        ("写真-01.stl", "attachment; filename=01.stl; filename*=UTF-8''%E5%86%99%E7%9C%9F-01.stl"),
        ("фото", "attachment; filename=download; filename*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE"),
        ("'50%' (1).stl", 'attachment; filename="\'50%\' (1).stl"'),
        ("é'5%' (1)*", "attachment; filename=\"e'5%' (1)*\"; filename*=UTF-8''%C3%A9%275%25%27%20%281%29%2A"),
        ("a\u202egpj.stl", "attachment; filename=a_gpj.stl"),
        ("\ud800.stl", 'attachment; filename="?.stl"'),
    ],
)  # fmt: skip
def test_a_name_in_a_header(name: str, sent: str) -> None:
    assert header(name) == sent
    sent.encode("latin-1")


@pytest.mark.parametrize("name", ["x" * 500 + ".stl", "写" * 200 + ".stl", "👩‍🚀" * 60 + ".stl"])
def test_a_long_name_fits_a_file_system(name: str) -> None:
    _, found = parse_options_header(header(name))
    assert found["filename"].endswith(".stl")
    assert 200 < len(found["filename"].encode()) <= 240
    assert name.endswith(found["filename"])


def test_a_name_is_cut_between_letters() -> None:
    assert shortened("写真.stl", 7) == "真.stl"
    assert shortened("写真.stl", 8) == "真.stl"
    assert shortened("写真.stl", 10) == "写真.stl"


NAMES = {
    "写真.jpg": "写真-02",
    "фото №1.jpg": "фото_1-02",
    "नमस्ते.jpg": "नमस्ते-02",
    "e\u0301te\u0301.jpg": "été-02",
    'a "b" ; filename=c.jpg': "a_b_filename_c-02",
    "写" * 115 + ".jpg": "写" * 53 + "-02",
}


@pytest.mark.parametrize("name", NAMES)
def test_everything_of_a_face_comes_under_its_name(client: Any, name: str) -> None:
    record, stem = make_face(client, name), NAMES[name]
    write_face(face(), record.folder)
    numbers = f"/api/faces/{record.id}/statistics?download=1"
    for path, saved in (
        (f"/files/{record.id}/depth.npy?download=1", f"{stem}-depth.npy"),
        (numbers, f"{stem}-statistics.json"),
        (f"{numbers}&format=csv", f"{stem}-statistics.csv"),
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        _, found = parse_options_header(answer.headers["Content-Disposition"])
        assert found["filename"] == saved == download_name(record, saved.removeprefix(f"{stem}-"))
    assert client.get(numbers).json["face"] == record.name
    assert len(list(csv.DictReader(io.StringIO(client.get(f"{numbers}&format=csv").text)))) > 50
    assert folder_names([record]) == [stem]
    assert client.get(f"/api/faces.zip?ids={record.id}").status_code == 200
