"""Text from outside becomes inert and fits, for every service; mail looks as meant and needs nothing from outside."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.core.model import Link, Message
from monitor.notify import SERVICES, Envelope
from monitor.notify.neutral import clean, cut, for_chat, one_line, safe_url
from monitor.notify.render import for_mail, for_service
from monitor.notify.services import Manner, manner_of, text_chars_max

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LONG = "The sending of newsletters is held up and mails arrive late. " * 500


LINK = "https://vigie.example.org/a/AWsDn0wFZmlyc3QCMTf1QEX69S_Mu3SrYGAdaJhN"
THREE = tuple(Link(name, f"https://{name}.example/") for name in ("one", "two", "three"))


def envelope(message: Message, *, step: str = "opened", repeat: bool = False, act_url: str = "") -> Envelope:
    return Envelope("0-7/1/opened/a/1", "0-7", 1, step, message, NOW, critical=True, repeat=repeat, act_url=act_url)


@pytest.mark.parametrize(
    ("outside", "inert"),
    [
        ("<!channel>", "\u2039!channel\u203a"),
        ("<@U1>", "\u2039\uff20U1\u203a"),
        ("<users/all>", "\u2039users/all\u203a"),
    ],
    ids=["B50-channel", "B50-user", "B50-all"],
)
def test_B50_slack_and_google_mentions_are_inert(outside: str, inert: str) -> None:
    assert for_chat(f"see {outside} now") == f"see {inert} now"


@pytest.mark.parametrize("name", ["everyone", "here", "all", "channel", "Everyone", "room"])
def test_B51_group_mentions_are_inert_wherever_they_stand(name: str) -> None:
    for text in (f"@{name}", f"see @{name}!", f"x@{name}", f"(@{name})"):
        assert "@" not in for_chat(text), text


def test_B51_a_mail_address_stays_readable_and_whole() -> None:
    assert for_chat("write to ops@example.org") == "write to ops@example.org"


@pytest.mark.parametrize(
    "outside",
    ["[pay](http://evil.example)", "[a][b]", "[a]: http://evil.example", "![x](http://evil.example/pixel)", "<b>x</b>"],
)
def test_B52_links_with_other_words_and_markup_are_inert(outside: str) -> None:
    assert not re.search(r"\][(\[:]|<[a-z/]", for_chat(outside))


@pytest.mark.parametrize("outside", ["javascript:alert(1)", "JavaScript :x", "vbscript:x", "data:text/html,x"])
def test_B52_script_links_are_inert_in_chats_and_never_become_links(outside: str) -> None:
    assert not re.search(r"(?i)(javascript|vbscript|data):", for_chat(outside))
    assert safe_url(outside) is None


@pytest.mark.parametrize(
    "url", ["http://u:p@h/", "ftp://h/", "http:///x", "http://h/\n", 'http://h/"x', "https://h/\u202ex"]
)
def test_B52_a_link_with_a_user_another_scheme_or_odd_signs_is_no_link(url: str) -> None:
    assert safe_url(url) is None


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85"])
def test_B53_a_title_is_one_line_whatever_ends_lines(end: str) -> None:
    words = for_mail(envelope(Message(f"Outage{end}Bcc: all@example.org", "!", (("", "text"),))))
    assert words.title == "! Outage Bcc: all@example.org"
    assert one_line(f"a{end}b") == "a b"


def test_B54_letters_that_hide_or_turn_text_are_gone() -> None:
    assert (
        clean("safe\u202egpj.exe\u200b \u2066x\u2069 \ufeffy\u00ad \U000e0041z\x00\x1b[31m") == "safegpj.exe x y z[31m"
    )
    assert clean("a\r\nb\rc\td") == "a\nb\nc\td"
    assert clean("é") == "é"


@pytest.mark.parametrize("scheme", sorted(SERVICES))
def test_B55_a_title_of_20_kb_and_a_long_text_fit_every_service(scheme: str) -> None:
    message = Message(
        "word " * 4_000, "⛔", (("What it means", LONG), ("More", LONG)), (Link("Page", "https://h.example/"),)
    )
    words = for_service(envelope(message), scheme)
    assert len(words.title) + len(words.text) <= text_chars_max(scheme) or manner_of(scheme) is Manner.MAIL
    assert len(words.title) <= 90
    assert "Page: https://h.example/" in words.text or manner_of(scheme) is Manner.SMS


def test_sms_is_one_line_of_160_characters() -> None:
    words = for_service(
        envelope(Message("Newsletter: outage", "⛔", (("Head", "No mail\ngoes out."), ("", LONG)))), "twilio"
    )
    assert words.text.startswith("Newsletter: outage. No mail goes out. The sending")
    assert 120 < len(words.text) <= 160
    assert "\n" not in words.text


def test_a_short_message_ends_in_the_readers_own_link_if_all_of_it_fits_else_it_has_words() -> None:
    words = Message("Newsletter: outage since 03:05", "⛔", (("", "Hold what is scheduled."),), act="Acknowledge")
    assert for_service(envelope(words, act_url=LINK), "twilio").text == f"Newsletter: outage since 03:05 {LINK}"
    long = for_service(envelope(words, act_url=LINK + "x" * 80), "twilio").text
    assert long == "Newsletter: outage since 03:05. Hold what is scheduled."
    title = "Now also Instagram, Messenger, Threads and WhatsApp Business – Meta: outage"  # noqa: RUF001 - as it is said
    near = for_service(envelope(replace(words, title=title), act_url=LINK + "x" * (110 - len(LINK))), "twilio").text
    assert near == f"Now also Instagram, Messenger, Threads and... {LINK}{'x' * (110 - len(LINK))}"


def test_a_short_list_whose_link_is_too_long_leads_to_the_board() -> None:
    rows = Message("26 at once", "☰", (("", "✖ a\n✖ b"),), (Link("Board", "https://vigie.example"),), act="Take all")
    told = for_service(envelope(rows, act_url=LINK + "x" * 160), "twilio").text
    assert told == "26 at once https://vigie.example"


def test_the_paragraphs_of_a_short_message_end_with_a_stop() -> None:
    down = Message("Vigie was down", "◎", (("", "55 min."), ("Missed", "Meta: outage"), ("", "Vigie looks again.")))
    assert for_service(envelope(down), "twilio").text == "Vigie was down. 55 min. Meta: outage. Vigie looks again."


def test_a_short_message_has_plain_signs_for_fine_ones() -> None:
    fine = Message("«\u00a0L\u2019été\u00a0» \u2013 déjà\u202f!", "⛔", (("", "▲ one… two ✖ “three” 20 °C"),))
    assert for_service(envelope(fine), "twilio").text == '"L\'été" - déjà !. - one... two - "three" 20 °C.'


@pytest.mark.parametrize("scheme", ["json", "slack", "tgram", "pagerduty", "workflows"])
def test_the_readers_own_link_comes_first_and_counts_among_three(scheme: str) -> None:
    words = for_service(envelope(Message("t", "!", (("", "text"),), THREE, act="Acknowledge"), act_url=LINK), scheme)
    assert words.text.removeprefix("<b>! t</b>\n\n").startswith(f"Acknowledge: {LINK}\n\ntext")
    assert "https://two.example/" in words.text
    assert "https://three.example/" not in words.text


def test_a_link_of_ones_own_is_a_button_that_needs_no_image_and_names_where_it_leads() -> None:
    page = for_mail(envelope(Message("t", "!", (("", "text"),), THREE, act="Take <it>"), act_url=LINK)).html
    button = page[page.index(f'<a href="{LINK}"') : page.rindex(">text<")]
    assert "Take &lt;it&gt;</a>" in button
    assert ">vigie.example.org<" in button
    assert page.count("<a ") == 3
    without = for_mail(envelope(Message("t", "!", (("", "text"),), THREE, act="Take <it>"))).html
    assert "Take" not in without
    assert without.count("<a ") == 3


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://u:p@h/", "https://h/\u202ex", "file:///etc/passwd"])
def test_a_link_of_ones_own_that_is_no_web_link_is_left_out(url: str) -> None:
    words = for_mail(envelope(Message("t", "!", (("", "text"),), act="Acknowledge"), act_url=url))
    assert "Acknowledge" not in words.text + words.html


def test_the_words_of_the_frame_follow_the_messages_language() -> None:
    french = Message("t", "!", (("", "texte"),), THREE[:1], language="fr")
    words = for_mail(envelope(french, repeat=True, act_url=LINK))
    assert words.text.startswith(f"! t\n\nEn savoir plus\u00a0: {LINK}\n\nCe message est peut-être un doublon")
    assert 'lang="fr"' in words.html
    assert "À traiter tout de suite" in words.html
    assert "Résolu" in for_mail(envelope(french, step="resolved")).html
    assert "Pris en charge" in for_mail(envelope(french, step="acknowledged")).html


def test_text_is_cut_at_a_word() -> None:
    assert cut("alpha beta gamma", 12) == "alpha beta…"
    assert cut("alpha beta", 10) == "alpha beta"
    assert cut("x" * 50, 10) == "x" * 9 + "…"
    assert cut("alpha", 0) == ""


def test_neutral_text_stays_neutral_when_it_passes_twice() -> None:
    nasty = "@everyone <!channel> [a](b) javascript:x _x_ > q\n# h"
    assert for_chat(for_chat(nasty)) == for_chat(nasty)


def test_a_repeat_says_so_first() -> None:
    words = for_service(envelope(Message("t", "!", (("", "text"),)), repeat=True), "json")
    assert words.text.startswith("This may be a repeat")


def test_mail_keeps_its_lines_in_the_plain_part_and_escapes_its_page() -> None:
    message = Message(
        "Newsletter: <b>outage</b>",
        "⛔",
        (("What it means", "First line\nSecond <script>alert(1)</script> line"), ("", "Alone")),
        (Link("Vendor's page", "https://status.example.org/?a=1&b=2"), Link("Bad", "javascript:x")),
    )
    words = for_mail(envelope(message))
    assert words.text.startswith("⛔ Newsletter: <b>outage</b>\n\nWhat it means\nFirst line\nSecond <script>")
    assert "Vendor's page: https://status.example.org/?a=1&b=2" in words.text
    assert "<script" not in words.html
    assert "First line<br>Second &lt;script&gt;" in words.html
    assert 'href="https://status.example.org/?a=1&amp;b=2"' in words.html
    assert "javascript" not in words.html
    assert "Needs attention now" in words.html


def test_a_mail_page_fetches_nothing_from_outside() -> None:
    page = for_mail(envelope(Message("t", "!", (("", "see https://evil.example/x.png"),)))).html
    assert not re.search(r"<(img|link|script|iframe|object|embed|form|base)\b|url\(|@import|src=", page)


@pytest.fixture(scope="module")
def posted() -> dict[str, tuple[bool, str]]:
    """What each plugin would post of one nasty message: its word, and the body with escapes undone."""
    run = subprocess.run([sys.executable, "-m", "tests.notify.recorded"], capture_output=True, check=True, timeout=50)
    found = {}
    for service, (said, *requests) in json.loads(run.stdout).items():
        assert len(requests) == 1, f"{service} was to send one request"
        body = requests[0][1]
        found[service] = (said, json.dumps(json.loads(body), ensure_ascii=False) if body.startswith("{") else body)
    return found


CHATS = ["slack", "discord", "tgram", "gchat", "workflows", "pagerduty", "opsgenie", "mmost", "rocket", "webex"]


@pytest.mark.parametrize("service", CHATS)
def test_B50_B51_B52_what_a_plugin_posts_holds_no_live_mention_or_markup(
    posted: dict[str, tuple[bool, str]], service: str
) -> None:
    body = posted[service][1]
    assert "\uff20everyone" in body
    for sign in ("@everyone", "<!", "&lt;!", "<@", "<users", "](", "<b>html", "*b*", "`c`"):
        assert sign not in body, sign


def test_pagers_get_the_incident_as_their_key(posted: dict[str, tuple[bool, str]]) -> None:
    assert json.loads(posted["pagerduty"][1])["dedup_key"] == "vigie/0-7"
    assert json.loads(posted["pagerduty"][1])["payload"]["source"] == "Vigie"
    assert json.loads(posted["opsgenie"][1])["alias"] == "vigie-0-7"


@pytest.mark.parametrize(
    ("service", "path", "chars"),
    [
        ("discord", ("content",), 2_000),
        ("tgram", ("text",), 4_096),
        ("gchat", ("text",), 4_000),
        ("slack", ("attachments", 0, "text"), 3_000),
        ("pagerduty", ("payload", "summary"), 1_024),
    ],
)
def test_what_a_plugin_posts_is_one_message_within_the_services_limit(
    posted: dict[str, tuple[bool, str]], service: str, path: tuple[str | int, ...], chars: int
) -> None:
    found = json.loads(posted[service][1])
    for step in path:
        found = found[step]
    assert chars * 0.8 < len(found) <= chars
    assert "https://s.example.org/?a=1&" in found
