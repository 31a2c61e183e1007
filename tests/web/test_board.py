"""The board: what people see, also without JavaScript, and whatever strangers wrote."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import jinja2
import pytest
from aiohttp import ClientSession
from immutables import Map

from monitor.core.model import ChannelState, Health, MonitorState, Phase, Rules, State
from monitor.web import board, pages, views, words
from probes.base import Availability
from tests.web.reading import flat, page_of
from tests.web.standing import NAUGHTY, NOW, Standing

TEMPLATES = Path(board.__file__).parent / "templates"
PAGES = (
    "/",
    "/channels/facebook",
    "/channels/telegram",
    "/channels/vine",
    "/incidents",
    "/incidents/17",
    "/incidents/12",
    "/oncall",
    "/silences",
    "/login",
    "/nosuch",
)


async def test_the_top_line_says_how_many_can_be_relied_on(client: ClientSession) -> None:
    text = flat(await page_of(client, "/"))
    assert "36 of 43 can be relied on" in text
    for words_ in ("4 in trouble", "2 unknown", "1 in maintenance"):
        assert words_ in text


async def test_every_channel_shows_its_state_in_a_word_and_a_symbol_since_when_and_why(
    client: ClientSession, house: Standing
) -> None:
    async with client.get("/") as answer:
        html = await answer.text()
    rows = re.findall(r'<li class="channel .*?</li>', html, re.DOTALL)
    assert len(rows) == len(house.rules.channels)
    for row in rows:
        channel_id = re.search(r'href="/channels/([^"]+)"', row)
        assert channel_id is not None
        held = house.state.channels.get(channel_id[1])
        state = held.health.availability.value if held else "unknown"
        assert f'href="#s-{state}"' in row
        assert f'<span class="state">{state}' in row
        assert held is None or f'datetime="{views.iso(held.since)}"' in row
        assert state == "operational" or 'class="why"' in row


async def test_trouble_stands_first_and_the_well_last(client: ClientSession) -> None:
    async with client.get("/") as answer:
        order = re.findall(r'class="channel-name" href="/channels/([^"]+)"', await answer.text())
    assert order[:7] == ["facebook", "instagram", "reddit", "threads", "telegram", "vine", "mastodon"]
    assert order[7:] == sorted(order[7:])


async def test_the_teams_time_zone_is_used_and_named(client: ClientSession, house: Standing) -> None:
    assert "since 02:14" in flat(await page_of(client, "/"))
    assert "all times are Europe/Paris time" in flat(await page_of(client, "/"))
    house.rules = replace(house.rules, timezone="Asia/Kathmandu")
    assert "since 06:59" in flat(await page_of(client, "/"))


async def test_what_people_must_know_of_vigie_itself_stands_on_top(client: ClientSession, house: Standing) -> None:
    house.warnings = ("Nobody will be told: no person has a contact.",)
    house.state = replace(house.state, monitor=MonitorState(blind_since=NOW - timedelta(minutes=3), settled=False))
    text = flat(await page_of(client, "/"))
    assert "Nobody will be told" in text
    assert "Vigie cannot see out since 03:09" in text
    assert "has just started" in text


async def test_a_board_without_channels_says_what_to_do(client: ClientSession, house: Standing) -> None:
    house.state, house.rules = State(), Rules()
    text = flat(await page_of(client, "/"))
    assert "No channel is watched yet" in text
    assert "config/vigie.yaml" in text


async def test_a_commit_shows_at_once_and_ages_grow(client: ClientSession, house: Standing) -> None:
    assert "36 of 43" in flat(await page_of(client, "/"))
    sick = ChannelState("x", Health(Availability.OUTAGE, reasons=("Gone",)), NOW)
    house.state = replace(house.state, channels=Map({**house.state.channels, "x": sick}))
    assert "35 of 43" in flat(await page_of(client, "/"))
    house.at = NOW + timedelta(hours=2)
    text = flat(await page_of(client, "/"))
    assert "since 03:12 · 2 h " in text
    assert "03:12" in text


async def test_the_page_of_a_channel_shows_evidence_facts_and_what_each_source_last_said(client: ClientSession) -> None:
    page = await page_of(client, "/channels/facebook")
    text = flat(page)
    for said in (
        "outage since 02:14",
        "Ads Manager: major outage, says the vendor's page.",
        "We are investigating an issue where advertisers may be unable",
        "Owner First on call", "Deputy Second on call", "Fall back on Google Ads", "Open it wiki.example.org",
        "What it last said, word for word (03:12, HTTP 200, 0.21 s)",
        '"note": "<script>alert(1)</script>"',
        "Meta: outage", "Facebook was operational and is now outage.",
    ):  # fmt: skip
        assert said in text, said


async def test_what_is_unknown_is_said_with_its_reason(client: ClientSession) -> None:
    text = flat(await page_of(client, "/channels/telegram"))
    assert "What is unknown, and why" in text
    assert "Cannot be read since 02:45: a login page came" in text
    assert "last read 02:45, 27 min ago" in text


async def test_an_open_incident_is_listed_however_many_came_after_it(client: ClientSession, house: Standing) -> None:
    old = house.state.incidents["17"]
    later = [
        replace(old, id=str(n), phase=Phase.CLOSED, opened=NOW - timedelta(seconds=n), resolved=NOW, channels=("x",))
        for n in range(100, 100 + board.INCIDENTS_SHOWN_MAX)
    ]
    house.closed = later
    assert old not in await house.incidents(board.INCIDENTS_SHOWN_MAX)
    page = await page_of(client, "/incidents")
    assert "/incidents/17" in [a["href"] for a in page.all("a")]
    assert "Over the newest 100" in flat(page)
    assert "/incidents/17" in [a["href"] for a in (await page_of(client, "/channels/facebook")).all("a")]


async def test_the_page_of_an_incident_says_who_was_told_when_and_why_not(client: ClientSession) -> None:
    text = flat(await page_of(client, "/incidents/17"))
    assert "02:15:40 Sent the opening to First on call by mail: it arrived." in text
    assert "it did not get through and is tried again (503 Service Unavailable)" in text
    assert "02:18:40 The next message waits until 02:17." in text
    assert "Our own calls saw it 7 min before the vendor's page." in text
    assert "lasted 47 min" in flat(await page_of(client, "/incidents/12"))


@pytest.mark.parametrize("path", PAGES)
async def test_B59_B84_strangers_text_stays_text_on_every_page(client: ClientSession, path: str) -> None:
    page = await page_of(client, path)
    scripts = page.all("script")
    assert all(s.get("src", "").startswith("/static/") for s in scripts if s)  # type: ignore[union-attr]  # src is never bare here
    assert len(scripts) <= 1
    assert [i.get("src", "") for i in page.all("img")] == [
        i.get("src") for i in page.all("img") if (i.get("src") or "").startswith("/static/")
    ]
    for tag, attrs in page.elements:
        assert not any(name.startswith("on") or name == "style" for name in attrs), (tag, attrs)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page.text)


async def test_B59_strangers_text_is_there_to_be_read(client: ClientSession) -> None:
    seen = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    for path in ("/channels/facebook", "/channels/telegram", "/incidents", "/incidents/12"):
        assert seen in (await page_of(client, path)).text, path


@pytest.mark.parametrize("path", PAGES)
async def test_B60_B61_links_lead_home_or_to_the_web_and_outside_ones_tell_nothing(
    client: ClientSession, path: str
) -> None:
    page = await page_of(client, path)
    for link in page.all("a"):
        href = link.get("href") or ""
        if href.startswith(("/", "#")) and not href.startswith("//"):
            continue
        assert href.startswith(("https://", "http://")), href
        assert set((link.get("rel") or "").split()) == {"noopener", "noreferrer", "nofollow"}
    assert not [a for _, a in page.elements if "xlink:href" in a]
    assert all((u.get("href") or "").startswith("#s-") for u in page.all("use"))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x", "//evil.example", "https://", "http://a@evil.example/", 'https://evil.example/"onclick=x',
        "file:///etc/passwd",
        "https://[::1", "ftp://a.example/", "", NAUGHTY, "https://a.example/\u202egpj.exe", "\\\\evil", "https:evil",
    ],
)  # fmt: skip
def test_B60_what_is_no_plain_web_address_never_becomes_a_link(url: str) -> None:
    assert views.web_url(url) == ""
    assert words.host_of(url) == ""


def test_a_plain_web_address_becomes_a_link() -> None:
    assert views.web_url("https://metastatus.com/ads?x=1#y") == "https://metastatus.com/ads?x=1#y"
    assert words.host_of("https://metastatus.com:8443/ads") == "metastatus.com"


def test_templates_escape_everything_and_hold_nothing_inline() -> None:
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text()
        for banned in (
            "|safe",
            "| safe",
            "autoescape",
            "<style",
            "style=",
            "javascript:",
            "onclick",
            "onload",
            "Markup",
        ):
            assert banned not in text, (path.name, banned)
        assert not re.search(r"<script(?! src=)", text), path.name
        assert not re.search(r"(href|src|datetime|class|action|data-[a-z]+)=[^\"\s>]", text), f"{path.name}: unquoted"


def test_an_unknown_name_in_a_template_is_a_fault_and_every_value_is_escaped() -> None:
    env = pages.environment()
    with pytest.raises(jinja2.UndefinedError):
        env.from_string("{{ nosuch }}").render()
    assert env.from_string("{{ x }}").render(x="<b>\u202e\ud800") == "&lt;b&gt;"


@pytest.mark.parametrize("path", PAGES)
async def test_pages_can_be_used_with_a_keyboard_and_a_screen_reader(client: ClientSession, path: str) -> None:
    page = await page_of(client, path)
    assert page.all("html")[0]["lang"] == "en"
    tags = [tag for tag, _ in page.elements]
    for landmark in ("header", "nav", "main", "footer"):
        assert landmark in tags, landmark
    assert tags.count("h1") == 1
    levels = [int(t[1]) for t in tags if re.fullmatch("h[1-6]", t)]
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    assert all("alt" in i for i in page.all("img"))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for attrs in (a for _, a in page.elements if "aria-labelledby" in a):
        assert attrs["aria-labelledby"] in ids
    assert all(a.get("datetime") for a in page.all("time"))
    labels = {a.get("for") for a in page.all("label")}
    for kind in ("input", "select", "textarea"):
        assert all(i.get("id") in labels for i in page.all(kind))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_colour_has_contrast_aa_on_every_ground_by_day_and_by_night() -> None:
    css = (TEMPLATES.parent / "static" / "board.css").read_text()
    schemes = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    ]
    assert len(schemes) == 2
    assert "opacity" not in css, "it would take from the contrast of the colours below"
    assert "@media (prefers-color-scheme" not in css, "what is printed is dark on white"
    inks = ("ink", "soft", "link", "operational", "degraded", "outage", "maintenance", "unknown", "risk")
    for scheme in schemes:
        for ink in inks:
            for ground in ("ground", "paper", "tint-outage", "tint-degraded", "tint-unknown"):
                high, low = sorted((_luminance(scheme[ink]), _luminance(scheme[ground])), reverse=True)
                assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground)


async def test_what_never_changes_is_served_by_its_exact_name(client: ClientSession) -> None:
    page = await page_of(client, "/")
    for path in [page.all("script")[0]["src"], *(a["href"] for a in page.all("link"))]:
        assert path is not None
        async with client.get(path) as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_is_compressed_for_who_takes_it(client: ClientSession) -> None:
    async with client.get("/", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "can be relied on" in await answer.text()
