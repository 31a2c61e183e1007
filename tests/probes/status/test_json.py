"""The door from bytes to JSON: how it may be sent, and what is refused with which reason."""

import json
from datetime import UTC, datetime

import pytest

from probes.base import Observation, Unreadable
from probes.status._json import load, plain
from probes.status._time import parse_time
from tests.probes.status.said import observed

VALUE = {"name": "Zürich, é", "n": 1}
TEXT = json.dumps(VALUE, ensure_ascii=False)
CHALLENGE = b"<!DOCTYPE html><title>Just a moment...</title><script src=/cdn-cgi/challenge-platform/x></script>"
LOGIN = b'<html><title>Sign in</title><form><input type="password"></form></html>'
INACTIVE = b"<html><body><h1>Page Inactive</h1></body></html>"


@pytest.mark.parametrize(
    "body",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("utf-32-be"),
        b"\r\n \t" + TEXT.encode() + b"\n",
    ],
)
def test_B28_every_unicode_encoding_is_read_with_or_without_a_mark(body: bytes) -> None:
    assert load(observed(body)) == VALUE


@pytest.mark.parametrize("charset", ["nope", "utf-8; x=y", '"UTF-8"', "rot13", "unicode_escape", "utf-7", ""])
def test_B68_a_declared_charset_does_not_change_utf_8(charset: str) -> None:
    assert load(observed(TEXT.encode(), headers={"content-type": f"application/json; charset={charset}"})) == VALUE


def test_a_western_charset_counts_where_the_bytes_are_not_utf_8() -> None:
    latin = TEXT.encode("latin-1")
    assert load(observed(latin, headers={"content-type": "text/json; charset=ISO-8859-1"}))["name"] == "Zürich, é"


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        pytest.param(b"", 200, "format", id="B30 empty"),
        pytest.param(b" \n ", 200, "format", id="B30 blank"),
        pytest.param(b"{}", 204, "http", id="B14 204"),
        pytest.param(b"{}", 206, "http", id="206"),
        pytest.param(b"{}", 302, "http", id="302"),
        pytest.param(b"{}", 404, "http", id="404"),
        pytest.param(b"{}", 503, "http", id="503"),
        pytest.param(b"{}", 999, "http", id="B14 999"),
        pytest.param(b"{}", 0, "http", id="no status"),
        pytest.param(CHALLENGE, 403, "blocked", id="challenge with 403"),
        pytest.param(CHALLENGE, 200, "blocked", id="B30 challenge with 200"),
        pytest.param(LOGIN, 200, "blocked", id="B30 login"),
        pytest.param(INACTIVE, 200, "blocked", id="page inactive"),
        pytest.param(b"<html>hello</html>", 200, "format", id="HTML"),
        pytest.param(b"\xef\xbb\xbf<html>", 200, "format", id="HTML behind a mark"),
        pytest.param(b"<?xml version='1.0'?><rss/>", 200, "format", id="B30 XML"),
        pytest.param(b"ok", 200, "format", id="a word"),
        pytest.param(b'{"a": 1', 200, "format", id="cut"),
        pytest.param(b'{"a": 1} tail', 200, "format", id="tail"),
        pytest.param(b'{"a": "x}', 200, "format", id="cut in a text"),
        pytest.param(b'{"a": 1, "a": 2}', 200, "format", id="B67 duplicate key"),
        pytest.param(b'{"a": NaN}', 200, "format", id="B67 NaN"),
        pytest.param(b'{"a": -Infinity}', 200, "format", id="B67 infinity"),
        pytest.param(b'{"a": 1e999}', 200, "limit", id="a float beyond all floats"),
        pytest.param(b'{"a": ' + b"9" * 5_000 + b"}", 200, "limit", id="B67 a number of 5,000 digits"),
        pytest.param(b"[" * 100_000, 200, "limit", id="B67 deep nesting, cut"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, 200, "limit", id="B67 deep nesting"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 200, "limit", id="B67 deep objects"),
        pytest.param(b"\xff\xfe\x00", 200, "format", id="B28 half a UTF-16 letter"),
        pytest.param(b'{"a": "\xff"}', 200, "format", id="B28 not UTF-8"),
        pytest.param(b'{"a": "\x01"}', 200, "format", id="B27 control character"),
        pytest.param(b"\x00", 200, "format", id="B27 NUL"),
    ],
)
def test_what_is_no_json_is_unreadable_with_its_reason(body: bytes, status: int, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        load(observed(body, status=status))
    assert str(caught.value.reason) == reason


def test_B27_lone_surrogates_are_replaced_so_that_the_text_can_be_stored() -> None:
    value = load(observed(b'{"\\udfff": ["\\ud83d", "\\ud83d\\ude00"]}'))
    assert value == {"\ufffd": ["\ufffd", "\U0001f600"]}
    json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-09-23T10:11:12.836Z", datetime(2026, 9, 23, 10, 11, 12, 836000, UTC)),
        ("2026-09-23T10:11:12-07:00", datetime(2026, 9, 23, 17, 11, 12, 0, UTC)),
        ("2026-09-23T10:11:12+0530", datetime(2026, 9, 23, 4, 41, 12, 0, UTC)),
        ("2026-09-23 10:11:12", datetime(2026, 9, 23, 10, 11, 12, 0, UTC)),
        ("2026-09-23T10:11Z", datetime(2026, 9, 23, 10, 11, 0, 0, UTC)),
        ("2026-09-23T10:11:12.1234567Z", datetime(2026, 9, 23, 10, 11, 12, 123456, UTC)),
        ("2026-12-31T23:59:60Z", datetime(2026, 12, 31, 23, 59, 59, 0, UTC)),
        ("2026-09-23", datetime(2026, 9, 23, 0, 0, 0, 0, UTC)),
        ("1772369485", datetime(2026, 3, 1, 12, 51, 25, 0, UTC)),
        (1772369485, datetime(2026, 3, 1, 12, 51, 25, 0, UTC)),
        (1772369485000, datetime(2026, 3, 1, 12, 51, 25, 0, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2026-02-30T00:00:00Z", None),
        ("2026-09-23T10:11:12+99:99", None),
        ("yesterday", None),
        ("٢٠٢٦-٠٩-٢٣", None),
        ("9" * 5_000, None),
        (10**400, None),
        (float("inf"), None),
        (True, None),
        (None, None),
        ([], None),
        (-1, None),
    ],
)
def test_B91_a_time_is_read_in_any_style_and_a_bad_one_is_none(value: object, expected: datetime | None) -> None:
    assert parse_time(value) == expected


def test_B29_text_from_a_page_is_without_tags_and_bounded() -> None:
    assert plain("<p>We&#39;re  <b>sorry</b> &amp; &lt;done&gt;</p>") == "We're sorry & <done>"
    assert len(plain("<" * 1_000_000)) <= 8_192
    assert plain(["no", "text"]) == ""


def test_the_header_name_is_found_as_the_house_keeps_it() -> None:
    answer = Observation("https://x.example", 200, {}, TEXT.encode(), datetime(2026, 1, 1, tzinfo=UTC))
    assert load(answer) == VALUE
