"""Signed links: who holds one may act; whatever was changed, cut off or has ended is refused."""

import base64
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core import links
from monitor.core.links import BadLink, Claim, Flaw

KEY = bytes(range(32))
NOW = datetime(2026, 11, 22, 2, 12, 40, tzinfo=UTC)
UNTIL = NOW + links.LASTS
ALPHABET = string.ascii_letters + string.digits + "-_"

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
tokens = st.builds(
    lambda recipient, incidents: links.sign(KEY, recipient, incidents, UNTIL),
    st.sampled_from(["first", "second", "équipe", "a" * 64]),
    st.lists(st.integers(1, 10**6).map(str), min_size=1, max_size=6, unique=True),
)


def flaw_of(token: str, now: datetime = NOW, key: bytes = KEY) -> Flaw:
    with pytest.raises(BadLink) as bad:
        links.read(key, token, now)
    assert str(bad.value).endswith(".")
    return bad.value.flaw


@given(names, st.lists(names, min_size=1, max_size=5), st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - UTC is put on below
def test_a_link_says_what_was_signed(recipient: str, incidents: list[str], end: datetime) -> None:
    until = end.replace(microsecond=0, tzinfo=UTC)
    token = links.sign(KEY, recipient, incidents, until)
    assert links.read(KEY, token, until - timedelta(seconds=1)) == Claim(recipient, tuple(incidents), until)
    assert set(token) <= set(ALPHABET)


def test_one_incident_fits_a_text_message_beside_the_boards_address() -> None:
    token = links.sign(KEY, "second", ["1024"], UNTIL)
    assert len(token) <= 48
    assert len(f"https://vigie.example.org/a/{token}") < 80


@given(st.data(), tokens)
def test_B72_any_changed_character_is_refused(data: st.DataObject, token: str) -> None:
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(sorted(set(ALPHABET) - {token[place]})))
    assert flaw_of(token[:place] + other + token[place + 1 :]) in {Flaw.FORGED, Flaw.BROKEN}


@given(st.data(), tokens)
def test_B72_any_changed_byte_is_refused(data: st.DataObject, token: str) -> None:
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    assert flaw_of(base64.urlsafe_b64encode(raw).decode().rstrip("=")) is Flaw.FORGED


@given(st.data(), tokens)
def test_B72_a_link_that_is_cut_off_or_longer_is_refused(data: st.DataObject, token: str) -> None:
    assert flaw_of(token[: data.draw(st.integers(0, len(token) - 1))]) in {Flaw.FORGED, Flaw.BROKEN}
    assert flaw_of(token + data.draw(st.text(ALPHABET, min_size=1, max_size=9))) in {Flaw.FORGED, Flaw.BROKEN}


@given(st.text(max_size=300))
def test_B72_rubbish_is_refused(token: str) -> None:
    assert flaw_of(token) in {Flaw.FORGED, Flaw.BROKEN}


def test_B72_a_link_for_another_person_or_by_another_key_is_refused() -> None:
    mine, yours = links.sign(KEY, "first", ["7"], UNTIL), links.sign(KEY, "other", ["7"], UNTIL)
    raw_mine = base64.urlsafe_b64decode(mine + "=" * (-len(mine) % 4))
    raw_yours = base64.urlsafe_b64decode(yours + "=" * (-len(yours) % 4))
    mixed = base64.urlsafe_b64encode(raw_yours[:-16] + raw_mine[-16:]).decode().rstrip("=")
    assert flaw_of(mixed) is Flaw.FORGED
    assert flaw_of(mine, key=bytes(32)) is Flaw.FORGED


def test_B72_the_same_bytes_in_another_spelling_are_refused() -> None:
    # 31 bytes: the last character carries 2 idle bits, so that three others decode to the same bytes
    token = links.sign(KEY, "second", ["17"], UNTIL)
    assert len(token) % 4
    raw = base64.urlsafe_b64decode(token + "==")
    spellings = [token[:-1] + c for c in ALPHABET if base64.urlsafe_b64decode(token[:-1] + c + "==") == raw]
    assert len(spellings) > 1
    assert [s for s in spellings if s != token and flaw_of(s) is not Flaw.BROKEN] == []
    assert flaw_of(token + "=") is Flaw.BROKEN
    assert flaw_of(token + "\n") is Flaw.BROKEN


def test_B72_a_link_ends_at_its_end_and_says_whose_it_was() -> None:
    token = links.sign(KEY, "first", ["7"], UNTIL)
    assert links.read(KEY, token, UNTIL - timedelta(microseconds=1)).recipient == "first"
    for late in (UNTIL, UNTIL + timedelta(days=400)):
        with pytest.raises(BadLink, match="expired") as bad:
            links.read(KEY, token, late)
        assert bad.value.flaw is Flaw.EXPIRED
        assert bad.value.claim == Claim("first", ("7",), UNTIL)


def test_B72_a_link_that_is_too_long_or_no_ascii_is_refused_before_it_is_decoded() -> None:
    assert flaw_of("A" * (links.TOKEN_CHARS_MAX + 1)) is Flaw.BROKEN
    assert flaw_of("é" * 40) is Flaw.BROKEN
    assert flaw_of("\u0661" * 40) is Flaw.BROKEN  # a digit, elsewhere
    assert flaw_of("") is Flaw.BROKEN


def test_a_link_of_another_version_says_so() -> None:
    body = bytes([9]) + b"\xff\xff\xff\xff\x01a\x011"
    token = base64.urlsafe_b64encode(body + links._seal(KEY, body)).decode().rstrip("=")
    assert flaw_of(token) is Flaw.FOREIGN


@pytest.mark.parametrize(
    ("incidents", "recipient", "until", "key"),
    [
        ([], "first", UNTIL, KEY),
        (["1"] * 51, "first", UNTIL, KEY),
        ([""], "first", UNTIL, KEY),
        (["1"], "", UNTIL, KEY),
        (["1" * 256], "first", UNTIL, KEY),
        (["é" * 200] * 50, "first", UNTIL, KEY),
        (["1"], "first", datetime(2200, 1, 1, tzinfo=UTC), KEY),
        (["1"], "first", UNTIL, b""),
        (["1"], "first", UNTIL, b"fifteen bytes.."),
    ],
)
def test_what_cannot_be_a_link_is_not_signed(incidents: list[str], recipient: str, until: datetime, key: bytes) -> None:
    with pytest.raises(ValueError, match=r"link|id of"):
        links.sign(key, recipient, incidents, until)


def test_fifty_incidents_are_one_link() -> None:
    many = [str(n) for n in range(100_000, 100_050)]
    assert links.read(KEY, links.sign(KEY, "first", many, UNTIL), NOW).incidents == tuple(many)
