"""The catalogues say all that the code says, nothing else, with the same values in the same places."""

import re
import string
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from monitor.core import wording
from monitor.core.wording import languages
from tests.core.patterns import HERE, patterns

OTHERS = [language for language in languages() if language != "en"]


def catalogue(language: str) -> Catalog:
    path = HERE / "monitor" / "core" / "wording" / f"{language}.po"
    return read_po(BytesIO(path.read_bytes()), locale=language, abort_invalid=True)


def entries(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def both(message: Message) -> tuple[list[str], list[str]]:
    """Its patterns and their translations: one, or one for each plural form."""
    return _each(message.id), _each(message.string)


def _each(said: object) -> list[str]:
    return [text if isinstance(text, str) else "" for text in (said if isinstance(said, tuple | list) else (said,))]


def places(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}


def test_there_are_english_and_french() -> None:
    assert languages()[0] == "en"
    assert "fr" in languages()


def test_english_is_in_the_code_and_has_no_file() -> None:
    assert not (HERE / "monitor" / "core" / "wording" / "en.po").exists()
    assert len(patterns()) > 200


@pytest.mark.parametrize("language", OTHERS)
def test_every_pattern_of_the_code_is_in_the_catalogue_and_nothing_is_left_over(language: str) -> None:
    held = set()
    for message in entries(language):
        ids, _ = both(message)
        held.add((message.context or "", ids[0], ids[1] if len(ids) > 1 else ""))
    said = set(patterns())
    assert not said - held, "not translated yet"
    assert not held - said, "no longer said"


@pytest.mark.parametrize("language", OTHERS)
def test_every_entry_is_translated_sure_and_takes_the_same_values(language: str) -> None:
    forms = catalogue(language).num_plurals
    for message in entries(language):
        ids, strings = both(message)
        assert not message.fuzzy, ids
        assert all(strings), ids
        assert len(strings) == (forms if len(ids) > 1 else 1), ids
        for text in strings:
            assert places(text) == places(ids[0]) | (places(ids[-1]) & places(text)), ids
            assert places(text) <= places(ids[-1]), ids
            assert (text[:1].isspace(), text[-1:].isspace()) == (ids[0][:1].isspace(), ids[0][-1:].isspace()), ids


def test_a_pattern_is_a_literal_where_it_is_said_so_that_it_can_be_found() -> None:
    for _, text, many in patterns():
        assert text.strip(), "an empty pattern is a catalogue's head"
        assert not re.search(r"\{\}|\{\d", text + many), text


def test_a_language_that_we_do_not_speak_is_english_and_a_region_is_its_language() -> None:
    assert wording.Speech("de").language == "en"
    assert wording.Speech("fr-CA").language == "fr"
    assert wording.Speech("FR").say("Still open") == "Toujours en cours"
