"""Words in the language of the reader: which language, texts with and without values, sentences with components."""

from pathlib import Path
from typing import Any

import flask
import pytest
from dash import html

from dashboard.words import say, say_with, titled
from dashboard.words.catalogue import Catalogue
from dashboard.words.language import current_language

CATALOGUE = """
msgid "Undo"
msgstr "Rückgängig"

msgid "{found} of {total}"
msgstr "{total}, davon {found}"

msgid "{found} of {total} photos"
msgstr "{found} von {total} Fotos"

msgid "{name} is {name}"
msgstr "{name} bleibt {name}"

msgid "{place} cannot be written: {why}"
msgstr "{place} lässt sich nicht schreiben: {why}"

msgid "the disk is full."
msgstr "der Datenträger ist voll."

msgid "Nobody has translated this"
msgstr ""

#: assets/undo.js
msgid "Close (Esc)"
msgstr "Schließen (Esc)"
"""


@pytest.fixture
def german(tmp_path: Path) -> Catalogue:
    file = tmp_path / "de.po"
    file.write_text(CATALOGUE, "utf-8")
    return Catalogue(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Undo", "Rückgängig"),
        ("3 of 30 photos", "3 von 30 Fotos"),  # the template with more words
        ("3 of 30", "30, davon 3"),
        ("A is A", "A bleibt A"),
        ("A is B", "A is B"),
        ("Close (Esc)", "Schließen (Esc)"),
        ("two\nlines of text", "text, davon two\nlines"),
        ("Nobody has translated this", "Nobody has translated this"),
        ("Undo it", "Undo it"),
        ("/a cannot be written: the disk is full.", "/a lässt sich nicht schreiben: der Datenträger ist voll."),
        ("Undo cannot be written: odd.", "Undo lässt sich nicht schreiben: odd."),  # a name stays
    ],
)
def test_a_text_is_known_by_itself_or_by_its_template(german: Catalogue, text: str, said: str) -> None:
    assert german.said(text) == said


def test_scripts_get_their_own_words_alone(german: Catalogue) -> None:
    assert german.of_scripts == {"Close (Esc)": "Schließen (Esc)"}


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, "en"),
        ({"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"}, "de"),
        ({"Accept-Language": "fr,en-GB;q=0.8,de;q=0.5"}, "en"),
        ({"Accept-Language": "fr"}, "en"),
        ({"Accept-Language": "en", "Cookie": "lifemask_language=de"}, "de"),
        ({"Accept-Language": "de", "Cookie": "lifemask_language=en"}, "en"),
        ({"Accept-Language": "de", "Cookie": "lifemask_language=../x"}, "de"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_browsers(headers: dict[str, str], language: str) -> None:
    with flask.Flask("words").test_request_context(headers=headers):
        assert current_language() == language


def test_outside_of_a_request_all_is_english() -> None:
    assert say("Undo") == "Undo"


def test_components_stand_at_the_places_of_a_sentence(monkeypatch: Any, german: Catalogue) -> None:
    link = html.A("all")
    assert say_with("{found} of {total}", found="3", total=link) == ["3", " of ", link]
    monkeypatch.setattr("dashboard.words.saying.catalogue", lambda _: german)
    with flask.Flask("words").test_request_context(headers={"Accept-Language": "de"}):
        assert say_with("{found} of {total}", found="3", total=link) == [link, ", davon ", "3"]


def test_titles_are_made_at_each_visit() -> None:
    title = titled("Compare")
    with flask.Flask("words").test_request_context(headers={"Accept-Language": "de"}):
        assert title(path="") == f"{say('Compare')} \N{EN DASH} Lifemask"
