"""What is collected of the source, and that every catalogue has all of it."""

import re
import textwrap

import pytest
from babel.messages.pofile import read_po

from core.photo.formats import NAMES
from dashboard.words.catalogue import HERE, PLACE
from dashboard.words.collect import made, updated, words_of
from dashboard.words.language import ENGLISH, LANGUAGES

OTHERS = [language for language in LANGUAGES if language != ENGLISH]


def _words(source: str, *, of_core: bool = False) -> list[str]:
    return list(words_of(textwrap.dedent(source), of_core=of_core))


def test_what_is_said_is_collected_with_places_for_its_values() -> None:
    found = _words(
        '''
        """Docs are not words."""
        say("Undo")
        say(f"{run.seconds:.1f} s of {len(runs)}, {rows['a']!r} and {a + b} or {c + d}")
        say("1 face" if count == 1 else f"{count} faces")
        page.button(say("Make " "it"), "key")
        LOOKS = {"plaster": word("Plaster")}
        say_with("A solid of {face}.", face=link)
        titled("Print")
        say(label)
        say(f"{count} %")
        other("Nothing of this")
        '''
    )
    with_values = {"{seconds} s of {runs}, {rows} and {value} or {value_2}", "{count} faces", "A solid of {face}."}
    assert sorted(found) == sorted({"Undo", "1 face", "Make it", "Plaster", "Print"} | with_values)


def test_of_core_tables_stages_and_sentences_are_collected() -> None:
    found = _words(
        '''
        """Docs are no words. They are for who reads the source."""
        width_mm: float = option(80.0, "Width", "Over all.", unit="mm", low=10)
        raise OptionError(f"{name} is '{given}'; it must be 0 or 1.", name)
        raise ValueError("nobody sees this")
        progress("Reading the photo", 0.1)
        warnings.append("The head is turned.")
        key = "a key"
        ''',
        of_core=True,
    )
    asked = {
        "Width",
        "Over all.",
        "mm",
        "{name} is '{given}'; it must be 0 or 1.",
        "Reading the photo",
        "The head is turned.",
    }
    assert set(found) == asked


def test_what_the_dashboard_raises_and_stores_is_collected_but_no_log() -> None:
    found = _words(
        """
        schema.Run(kind=kind, stage="Waiting")
        over = {"state": "done", "stage": "Done"}
        raise NotInLibraryError("It is gone.")
        why = "the disk is full. Free some space."
        log.warning("The worker ended. Another one starts.")
        say("Undo")
        """,
        of_core=True,
    )
    assert set(found) == {"Done", "It is gone.", "Undo", "Waiting", "the disk is full. Free some space."}


def test_of_core_short_words_are_collected_by_the_name_that_they_have() -> None:
    found = _words(
        """
        SOURCE = "a survey"
        OTHER = "a thing"
        focal_px, source = focal(), "given focal length"
        stage = "Measuring" if count == 1 else f"Measuring, {i + 1} of {count}"
        """,
        of_core=True,
    )
    assert found == ["a survey", "given focal length", "Measuring", "Measuring, {value} of {count}"]


def test_of_a_module_of_words_all_texts_of_several_words_are_collected() -> None:
    source = 'name, state = "Manifold", "good"\nvalue = f"{count} open edges"'
    assert list(words_of(source, of_core=True)) == []
    assert list(words_of(source, of_core=True, speaking=True)) == ["{count} open edges", "Manifold"]


def test_words_that_tables_make_of_their_keys_are_collected() -> None:
    assert {"Relief", "Keyhole", "Perspective", "Forehead", "Right eye", "1st percentile", NAMES} <= set(made())


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_is_up_to_date_and_whole(language: str) -> None:
    file = HERE / f"{language}.po"
    with file.open("rb") as stream:
        kept = {one.id: one.string for one in read_po(stream) if one.id}
    needed = {one.id for one in updated(file, language) if one.id}
    assert kept.keys() == needed, "run: python -m dashboard.words.collect"
    lacking = [text for text, said in kept.items() if not said]
    assert not lacking, f"{len(lacking)} are not translated"


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_template(language: str) -> None:
    with (HERE / f"{language}.po").open("rb") as stream:
        pairs = [(str(one.id), str(one.string)) for one in read_po(stream) if one.id and one.string]
    assert pairs
    for text, said in pairs:
        assert set(PLACE.findall(text)) == set(PLACE.findall(said)), text
        assert re.match(r"\s*", text)[0] == re.match(r"\s*", said)[0], text  # type: ignore[index]
        assert text.endswith(" ") == said.endswith(" "), text
