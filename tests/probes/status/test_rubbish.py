"""Spoilt pages: cut, flipped, with wrong types and lost keys. None that was not well reads as well, and nothing but
Unreadable is ever raised.

The spoiling is drawn from seeds, so that a failure repeats; the slow test draws eight times as much.
"""

import json
import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from probes import kinds
from probes.base import Reason
from tests.fixtures_at import FIXTURES
from tests.probes.status.recorded import RECORDED
from tests.probes.status.said import DEGRADED, MAINTENANCE, OPERATIONAL, OUTAGE, URL, observed, reason, verdict
from tests.probes.status.samples import SAMPLES

DRAWS_MAX = 60
DRAWS_MIN = 4
BYTES_PER_ITEM = 600_000  # a page of 1.5 MB is drawn from 4 times, one of 5 KB 60 times
STATUS_KINDS = [k for k in kinds() if k.startswith("status.")]
DEEP = json.loads("[" * 400 + "]" * 400)
HUGE_NUMBER = "@huge number@"  # written as 5,000 digits, which no JSON writer of ours does
KEY = re.compile(rb'"[^"]*"\s*:')
WRONG: tuple[Any, ...] = (
    None,
    7,
    -1,
    0.5,
    True,
    "",
    "x" * 50_000,
    "\ud800",
    [1],
    ["x"],
    {},
    {"x": 1},
    DEEP,
    HUGE_NUMBER,
)


@dataclass(frozen=True)
class Page:
    """A page to spoil. `list_optional`: its lists may be left out or null by the format's own word."""

    name: str
    kind: str
    body: bytes
    url: str
    verdict: str
    params: dict[str, Any]
    list_optional: bool

    def draws(self, factor: int) -> int:
        return max(DRAWS_MIN, min(DRAWS_MAX, BYTES_PER_ITEM // max(1, len(self.body)))) * factor

    def random(self, salt: str) -> random.Random:
        return random.Random(f"{self.name}/{salt}")

    def verdict_on(self, body: bytes) -> str:
        return verdict(self.kind, observed(body, self.url), **self.params)


def pages() -> Iterator[Page]:
    if FIXTURES.is_dir():
        for r in RECORDED:
            yield Page(r.file, r.kind, r.body, r.url, r.verdict, {}, list_optional=False)
    for kind, samples in SAMPLES.items():
        for s in samples:
            if kind == "status.json":  # any of its values may be the word, "true" is one, and none is due
                continue
            if s.verdict in (DEGRADED, OUTAGE, MAINTENANCE) and not s.parts:
                body = json.dumps(s.payload).encode()
                yield Page(f"{kind} {s.name}", kind, body, URL, s.verdict, s.params, list_optional=True)


PAGES = list(pages())
SPOILT = [p for p in PAGES if p.verdict != OPERATIONAL]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
each_bad_page = pytest.mark.parametrize("page", SPOILT, ids=lambda p: p.name)


def cuts(page: Page, factor: int) -> Iterator[bytes]:
    whole, draw = len(page.body.rstrip()), page.random("cut")
    for length in {
        0,
        1,
        2,
        whole // 2,
        whole - 2,
        whole - 1,
        *(draw.randrange(whole) for _ in range(page.draws(factor))),
    }:
        yield page.body[:length]


def flips(page: Page, factor: int) -> Iterator[bytes]:
    draw = page.random("flip")
    # Where a format leaves out empty lists, a flipped key is a list left out: there, only values are flipped.
    keys = {n for k in KEY.finditer(page.body) for n in range(k.start(), k.end())} if page.list_optional else set()
    for _ in range(page.draws(factor)):
        body = bytearray(page.body)
        for _ in range(draw.choice((1, 1, 1, 2, 8))):
            # Digits stay: a flipped digit of a code ("500" to "100") is another code, and no reader could tell.
            places = [draw.randrange(len(body)) for _ in range(20)]
            place = next((n for n in places if n not in keys and not chr(body[n]).isdigit()), None)
            if place is not None:
                body[place] = draw.randrange(256)
        yield bytes(body)


def places(value: object) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value, the outer ones first."""
    found: list[tuple[Any, Any]] = []
    waiting: list[Any] = [value]
    while waiting:
        here = waiting.pop()
        keys = list(here) if isinstance(here, dict) else list(range(len(here))) if isinstance(here, list) else []
        found += [(here, key) for key in keys]
        waiting += [here[key] for key in keys]
    return found


def written(value: object) -> bytes:
    return json.dumps(value).replace(json.dumps(HUGE_NUMBER), "9" * 5_000).encode()


def same_type(old: object, new: object) -> bool:
    """Whether a value is of the right type after all: then it is another page, not a spoilt one."""
    return type(old) is type(new) and not isinstance(old, str)


def retyped(page: Page, factor: int) -> Iterator[bytes]:
    value, draw = json.loads(page.body), page.random("type")
    where = places(value)
    for _ in range(page.draws(factor) * 2 if where else 0):
        holder, key = draw.choice(where)
        old, new = holder[key], draw.choice(WRONG)
        if same_type(old, new) or (page.list_optional and new is None and isinstance(old, list)):
            continue
        holder[key] = new
        yield written(value)
        holder[key] = old


def dropped(page: Page, factor: int) -> Iterator[bytes]:
    value, draw = json.loads(page.body), page.random("drop")
    where = [(h, k) for h, k in places(value) if isinstance(h, dict)]
    for _ in range(page.draws(factor) if where else 0):
        holder, key = draw.choice(where)
        if page.list_optional and isinstance(holder[key], list):
            continue
        kept = dict(holder)
        del holder[key]
        yield written(value)
        holder.clear()
        holder.update(kept)


@each_page
def test_a_cut_page_is_never_readable(page: Page) -> None:
    for body in cuts(page, 1):
        assert reason(page.kind, observed(body, page.url), **page.params) in {"format", "blocked", "limit"}


@each_page
def test_a_flipped_byte_never_makes_a_page_well(page: Page) -> None:
    for body in flips(page, 1):
        said = page.verdict_on(body)
        assert page.verdict == OPERATIONAL or said != OPERATIONAL, body[:2_000]


@each_bad_page
def test_a_value_of_a_wrong_type_never_makes_a_page_well(page: Page) -> None:
    for body in retyped(page, 1):
        assert page.verdict_on(body) != OPERATIONAL, body[:4_000]


@each_bad_page
def test_a_lost_key_never_makes_a_page_well(page: Page) -> None:
    for body in dropped(page, 1):
        assert page.verdict_on(body) != OPERATIONAL, body[:4_000]


@pytest.mark.parametrize("page", [p for p in PAGES if p.verdict == OPERATIONAL], ids=lambda p: p.name)
def test_a_well_page_that_is_spoilt_raises_nothing_but_unreadable(page: Page) -> None:
    for body in (*retyped(page, 1), *dropped(page, 1)):
        page.verdict_on(body)


@pytest.mark.slow
@each_page
def test_a_page_spoilt_in_many_more_ways_is_never_well(page: Page) -> None:
    for body in cuts(page, 8):
        assert reason(page.kind, observed(body, page.url), **page.params)
    for body in (*flips(page, 8), *retyped(page, 8), *dropped(page, 8)):
        said = page.verdict_on(body)
        assert page.verdict == OPERATIONAL or said != OPERATIONAL, body[:4_000]


RUBBISH = {
    "B30 empty": b"",
    "blank": b" \r\n\t ",
    "B27 NULs": b"\0" * 1_000,
    "noise": random.Random(1).randbytes(20_000),
    "B08 a gzip header": b"\x1f\x8b\x08" + random.Random(2).randbytes(500),
    "a zlib stream": zlib.compress(b"{}" * 100),
    "null": b"null",
    "true": b"true",
    "a number": b"7",
    "a text": b'"operational"',
    "an empty object": b"{}",
    "a list of nothing": b"[null]",
    "a list of lists": b"[[], []]",
    "B15 a path": b"/etc/passwd",
    "B16 a device": b"/dev/zero",
    "B17 an address": b"https://example.com/",
    "B67 deep list": b"[" * 100_000,
    "B67 deep object": b'{"status":' * 20_000,
    "B67 duplicate keys": b'{"status": "ok", "status": "ok"}',
    "B67 NaN": b'{"status": "ok", "x": NaN}',
    "B67 huge number": b'{"status": "ok", "x": ' + b"1" * 5_000 + b"}",
    "B30 login page": b'<html><title>Log in</title><form><input type="password" name="p"></form></html>',
    "B30 challenge": b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>",
    "page inactive": b"<!DOCTYPE html><html><body><h2>Page Inactive</h2></body></html>",
    "B28 odd bytes": b'{"status": "\xff\xfe"}',
    "B24 one long word": b"a" * 500_000,
    "B23 openings": b"<!--" * 20_000,
}


@pytest.mark.parametrize("name", RUBBISH)
@pytest.mark.parametrize("kind", STATUS_KINDS)
def test_rubbish_is_unreadable_for_every_status_kind(kind: str, name: str) -> None:
    assert reason(kind, observed(RUBBISH[name], URL))


@pytest.mark.parametrize("status", [0, 204, 206, 301, 302, 304, 400, 401, 403, 404, 410, 429, 500, 502, 503, 999])
@pytest.mark.parametrize("kind", STATUS_KINDS)
def test_an_answer_that_is_no_200_is_unreadable_whatever_it_holds(kind: str, status: int) -> None:
    bodies = [json.dumps(s.payload).encode() for s in SAMPLES.get(kind, []) if s.verdict == OPERATIONAL] or [b""]
    assert reason(kind, observed(bodies[0], URL, status=status)) in {str(Reason.HTTP), str(Reason.BLOCKED)}


@pytest.mark.parametrize("page", PAGES[:40], ids=lambda p: p.name)
def test_no_status_kind_reads_a_cut_page_of_any_other_as_well(page: Page) -> None:
    for body in list(cuts(page, 1))[:8]:
        for kind in STATUS_KINDS:
            assert verdict(kind, observed(body, page.url)) != OPERATIONAL, kind
