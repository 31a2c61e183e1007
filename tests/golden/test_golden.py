"""What people are sent, compared with the golden files; and what must hold of every one of them."""

import re

import pytest

from monitor.core.wording import languages
from tests.golden.files import HERE, forms, golden
from tests.golden.night import BOARD, EVENTS, envelope_of

ENGLISH = re.compile(r"\b(the|and|is|are|of|since|until|from|what|you|your|who|this|when)\b", re.IGNORECASE)
QUOTED = re.compile(r"«\u00a0[^»]*\u00a0»|https?://\S+|Marketing API: version 19 ends on 1 March 2027")
SPACED = re.compile(r"(?m)(?<!^)(?<![\u00a0\u202f])[:;?!»](?=[\s.,)]|$)|«(?!\u00a0)")
"""A sign that French wants after a no-break space, without one."""


def test_every_message_is_word_for_word_what_its_golden_file_holds() -> None:
    wanted = golden()
    found = {
        str(p.relative_to(HERE)): p.read_text("utf-8") for p in HERE.glob("*/*.*") if p.suffix in {".txt", ".html"}
    }
    differ = sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n))
    assert not differ, "see `python -m tests.golden`; renew them with --write"


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("event", EVENTS)
def test_every_message_keeps_to_its_bounds(event: str, language: str) -> None:
    envelope = envelope_of(event, language)
    said = dict(forms(event, language))
    assert 0 < len(envelope.message.title) <= 80
    assert envelope.message.language == language
    assert len(said["sms.txt"].strip()) <= 160
    assert len(said["pager.txt"].strip()) <= 1024
    for form, text in said.items():
        targets = set(re.findall(r'href="([^"]+)"' if form == "mail.html" else r"https?://\S+", text))
        assert len(targets) <= 3, (form, targets)
    assert not re.search(r"\b[45]\d\d\b|burn rate", said["mail.txt"])
    assert not re.search(r"<(img|link|script|iframe|form|base)\b|url\(|@import|src=", said["mail.html"])


@pytest.mark.parametrize("event", EVENTS)
def test_the_readers_own_link_comes_first_and_whole(event: str) -> None:
    envelope = envelope_of(event, "en")
    if not envelope.act_url:
        return
    for form, text in forms(event, "en"):
        head = text.partition(envelope.act_url)[0]
        if form == "sms.txt" and event == "storm":
            assert text.endswith(f" {BOARD}\n")  # 26 incidents make a long link: the board stands in its place
            continue
        assert envelope.act_url in text, form
        assert not re.search(r"https?://", re.sub(r"(?s)<style>.*</style>", "", head)), form
        assert "What" not in re.sub(r'(?s)<div style="display:none.*?</div>', "", head), form


@pytest.mark.parametrize("event", EVENTS)
def test_nothing_english_is_left_in_french_but_what_others_wrote(event: str) -> None:
    message = envelope_of(event, "fr").message
    texts = [message.title, message.act, *(part for pair in message.paragraphs for part in pair)]
    texts += [link.label for link in message.links]
    for text in texts:
        left = QUOTED.sub("", text)
        assert not ENGLISH.search(left), left
        assert not SPACED.search(left), left
        assert not re.search(r"\b(tu|ton|ta|tes|toi)\b", left), left


@pytest.mark.parametrize("event", EVENTS)
def test_a_short_message_has_no_sign_that_halves_what_fits(event: str) -> None:
    text = dict(forms(event, "en"))["sms.txt"]
    assert text.isascii(), text
