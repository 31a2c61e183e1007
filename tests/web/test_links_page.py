"""The page behind a signed link: looking changes nothing, acting is one press, and nothing else opens the door."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from monitor.core import links
from monitor.core.model import Act, Acted, Phase
from monitor.web import Web
from tests.web.called import town_in_trouble
from tests.web.reading import flat, follow, page_of, send
from tests.web.standing import LINK_KEY, NAUGHTY, NOW, Standing

TOKEN = "canary-0123456789abcdef"
UNTIL = NOW + timedelta(hours=24)
SCANNERS = (
    "Mozilla/5.0 (compatible; Microsoft Outlook SafeLinks)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "facebookexternalhit/1.1",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) BarracudaLinkProtect",
)


@pytest.fixture
def house() -> Standing:
    return town_in_trouble()


@pytest.fixture
async def public(house: Standing) -> AsyncIterator[ClientSession]:
    """A board that others can reach, with a token that this client does not have."""
    async with AsyncExitStack() as stack:
        web = Web(house, "0.0.0.0:0", token=TOKEN)
        await web.start()
        stack.push_async_callback(web.stop)
        base = f"http://127.0.0.1:{web.address[1]}"
        yield await stack.enter_async_context(
            ClientSession(base, connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar())
        )


def link(recipient: str = "first", *incidents: str) -> str:
    return "/a/" + links.sign(LINK_KEY, recipient, incidents or ("17",), UNTIL)


def owner(house: Standing, incident: str = "17") -> str:
    return house.state.incidents[incident].owner


async def test_a_link_shows_what_it_is_about_and_what_can_be_done(public: ClientSession) -> None:
    page = await page_of(public, link())
    text = flat(page)
    for said in (
        "Meta: outage since 02:14",
        "You act as First on call.",
        "Ads Manager: major outage, says the vendor's page.",
        "Since 02:14 (Paris time).",
        "this goes to Second on call at 03:26",
    ):
        assert said in text, said
    assert [b["value"] for b in page.all("button")] == ["acknowledge", "snooze", "resolve", "note"]
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("script") == []


async def test_a_link_speaks_its_readers_language(public: ClientSession) -> None:
    page = await page_of(public, link("second"))
    assert page.all("html")[0]["lang"] == "fr"
    text = flat(page)
    for said in ("Meta : panne depuis 01:14", "Prendre en charge", "Depuis 01:14 (UTC)."):
        assert said in text.replace("\N{NO-BREAK SPACE}", " "), said


async def test_looking_changes_nothing_however_often_and_whoever_looks(house: Standing, public: ClientSession) -> None:
    before, path = house.state, link()
    for number in range(20):
        agent = SCANNERS[number % len(SCANNERS)]
        looks = public.head if number % 4 == 3 else public.get
        async with looks(path, headers={"User-Agent": agent, "Accept": "*/*"}) as answer:
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "no-store"
            assert "noindex" in answer.headers["X-Robots-Tag"]
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert "Set-Cookie" not in answer.headers
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        async with public.request(method, path) as answer:
            assert answer.status == 405
    assert house.acts == []
    assert house.state is before


@pytest.mark.parametrize(
    ("act", "said", "phase"),
    [
        (Act.ACKNOWLEDGE, "You have it.", Phase.ACKNOWLEDGED),
        (Act.TAKE_OVER, "You have it.", Phase.ACKNOWLEDGED),
        (Act.SNOOZE, "Nobody is called for an hour, unless it gets worse.", Phase.OPEN),
        (Act.RESOLVE, "It counts as over.", Phase.RESOLVED),
    ],
)
async def test_one_press_acts_as_the_links_reader(
    house: Standing, public: ClientSession, act: Act, said: str, phase: Phase
) -> None:
    sent = await send(public, link(), act=act.value, text="  on my way\r\n")
    assert said in await follow(public, sent)
    (event,) = house.acts
    assert isinstance(event, Acted)
    assert (event.act, event.incidents, event.by, event.via, event.text) == (act, ("17",), "first", "link", "on my way")
    assert event.until == (NOW + timedelta(hours=1) if act is Act.SNOOZE else None)
    assert house.state.incidents["17"].phase is phase


async def test_only_taking_it_is_set_off_from_the_other_choices(public: ClientSession) -> None:
    async def set_off() -> list[str | None]:
        buttons = (await page_of(public, link())).all("button")
        return [b["value"] for b in buttons if "plain" not in (b.get("class") or "")]

    assert await set_off() == ["acknowledge"]
    await send(public, link(), act="acknowledge")
    assert await set_off() == [], "who has just taken it is not led on to another press"


async def test_B72_B74_a_press_that_is_sent_again_changes_nothing_and_says_so(
    house: Standing, public: ClientSession
) -> None:
    assert "You have it." in await follow(public, await send(public, link(), act="acknowledge"))
    taken = house.state.incidents["17"]
    house.at = NOW + timedelta(minutes=10)
    assert "You have it already." in await follow(public, await send(public, link(), act="acknowledge"))
    again = await send(public, link("third"), act="acknowledge")
    assert "Already taken by First on call at 02:12." in await follow(public, again)
    assert house.state.incidents["17"] == taken


async def test_what_somebody_else_has_can_be_taken_over(house: Standing, public: ClientSession) -> None:
    await send(public, link("second"), act="acknowledge")
    page = await page_of(public, link())
    assert "Second on call took it at 03:12 (Paris time)." in flat(page)
    assert page.all("button")[0]["value"] == "take_over"
    assert "You have it." in await follow(public, await send(public, link(), act="take_over"))
    assert owner(house) == "first"


async def test_B74_what_is_over_cannot_be_taken_and_still_takes_a_note(house: Standing, public: ClientSession) -> None:
    await send(public, link("third"), act="resolve")
    assert "It is over already" in await follow(public, await send(public, link(), act="acknowledge"))
    page = await page_of(public, link())
    assert [b["value"] for b in page.all("button")] == ["note"]
    assert "Your note stands in the timeline." in await follow(
        public, await send(public, link(), act="note", text="ok")
    )
    assert any("ok" in d.text for d in house.ledger)


async def test_a_link_to_several_acts_on_all_of_them(house: Standing, public: ClientSession) -> None:
    path = link("first", "17", "18", "999")
    text = flat(await page_of(public, path))
    assert "2 incidents" in text
    assert "1 incident is no longer kept." in text
    assert "What you do here counts for all of them." in text
    assert "counts for all" not in flat(await page_of(public, link()))
    await follow(public, await send(public, path, act="acknowledge"))
    assert owner(house, "17") == owner(house, "18") == "first"


async def test_of_several_each_is_said_to_be_whose_it_is(house: Standing, public: ClientSession) -> None:
    await send(public, link("third", "18"), act="acknowledge")
    said = await follow(public, await send(public, link("first", "17", "18", "999"), act="acknowledge"))
    assert "Meta: outage since 02:14 \N{EN DASH} You have it." in said
    assert "Reddit: degraded (unconfirmed) since 03:08 \N{EN DASH} Already taken by Third on call at 03:12." in said
    assert (owner(house, "17"), owner(house, "18")) == ("first", "third")
    again = await follow(public, await send(public, link("first", "17", "18"), act="take_over"))
    assert "Meta: outage since 02:14 \N{EN DASH} You have it already." in again
    assert "Reddit: degraded (unconfirmed) since 03:08 \N{EN DASH} You have it." in again


async def test_of_several_a_note_that_a_closed_one_does_not_take_is_not_said_to_stand(public: ClientSession) -> None:
    said = await follow(public, await send(public, link("first", "18", "12"), act="note", text="seen"))
    assert "Reddit: degraded (unconfirmed) since 03:08 \N{EN DASH} Your note stands in the timeline." in said
    assert "It is closed: its timeline takes no more notes." in said


async def test_a_note_without_words_is_asked_for_beside_its_field(house: Standing, public: ClientSession) -> None:
    sent = await send(public, link(), act="note", text=" \u200b ")
    assert sent.status == 422
    assert "A note needs words." in sent.said
    assert house.acts == []


@pytest.mark.parametrize("fields", [{}, {"act": "explode"}, {"act": "acknowledge", "text": "x" * 1_001}])
async def test_what_no_button_says_does_nothing(house: Standing, public: ClientSession, fields: dict[str, str]) -> None:
    assert (await send(public, link(), **fields)).status == 422
    assert house.acts == []


async def test_in_a_room_the_reader_says_who_they_are(house: Standing, public: ClientSession) -> None:
    path = link("room")
    page = await page_of(public, path)
    assert "This link was sent to Marketing room." in flat(page)
    sent = await send(public, path, act="acknowledge", by="third")
    assert owner(house) == "third"
    assert "vigie_who=third" in sent.cookie
    chosen = await page_of(public, path, Cookie=sent.cookie)
    assert [o["value"] for o in chosen.all("option") if "selected" in o] == ["third"]


async def test_in_a_room_nobody_in_particular_acts_for_the_room(house: Standing, public: ClientSession) -> None:
    await send(public, link("room"), act="acknowledge", by="")
    assert owner(house) == "room"


async def test_B72_a_person_cannot_act_as_another_by_their_own_link(house: Standing, public: ClientSession) -> None:
    await send(public, link("first"), act="acknowledge", by="third", name="Somebody")
    assert owner(house) == "first"


# --- links that give no right ----------------------------------------------------------------------------------------


def bad_links() -> dict[str, tuple[str, int]]:
    good = link()[3:]
    late = links.sign(LINK_KEY, "first", ("17",), NOW)
    return {
        "cut off": (good[:-4], 403),
        "changed": (("A" if good[8] != "A" else "B").join((good[:8], good[9:])), 403),
        "another key": (links.sign(bytes(32), "first", ("17",), UNTIL), 403),
        "expired": (late, 410),
        "of somebody who left": (links.sign(LINK_KEY, "left", ("17",), UNTIL), 410),
        "too long": ("A" * 5_000, 403),
        "a letter": ("%C3%A9" * 30, 403),
        "NUL": ("%00" * 30, 403),
        "mark-up": ("%3Cscript%3Ealert(1)%3C%2Fscript%3E", 403),
    }


@pytest.mark.parametrize("name", bad_links())
async def test_B72_a_link_that_gives_no_right_shows_nothing_and_does_nothing(
    house: Standing, public: ClientSession, name: str
) -> None:
    token, status = bad_links()[name]
    async with public.get(f"/a/{token}", headers={"Accept": "text/html"}) as answer:
        assert answer.status == status
        text = await answer.text()
    assert "Meta" not in text
    assert "<button" not in text
    assert "alert(1)" not in text
    assert (await send(public, f"/a/{token}", act="acknowledge")).status == status
    assert house.acts == []


async def test_B72_many_bad_links_are_slowed_down_and_good_ones_never_wait(public: ClientSession) -> None:
    seen = [(await send(public, f"/a/{'x' * 40}")).status for _ in range(25)]
    assert seen[0] == 403
    assert seen[-1] == 429
    assert "Meta: outage" in flat(await page_of(public, link()))


async def test_a_link_opens_no_other_door(public: ClientSession) -> None:
    for path in ("/", "/incidents/17", "/a/", "/a/x/y", "/a/..%2Fmetrics", "/a/../metrics", "/oncall"):
        async with public.get(path, headers={"Cookie": "vigie_who=first"}, allow_redirects=False) as answer:
            assert answer.status in {401, 403, 404}, path


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "none"},
    ],
)
async def test_B63_another_site_cannot_press_for_the_reader(
    house: Standing, public: ClientSession, headers: dict[str, str]
) -> None:
    assert (await send(public, link(), headers, act="acknowledge")).status == 403
    assert house.acts == []


async def test_a_browser_that_withholds_referrers_can_press(house: Standing, public: ClientSession) -> None:
    assert (await send(public, link(), {"Origin": "null"}, act="acknowledge")).status == 303
    assert owner(house) == "first"


async def test_B59_strangers_text_stays_text_behind_a_link(house: Standing, public: ClientSession) -> None:
    hostile = replace(house.state.incidents["17"], reasons=(NAUGHTY,), owner=NAUGHTY)
    house.state = replace(house.state, incidents=house.state.incidents.set("17", hostile))
    page = await page_of(public, link())
    assert "<script>alert(1)</script>" in page.text
    assert page.all("script") == []
    assert not {"\u202e", "\x1b", "\ud800"} & set(page.text)
    assert not any(name.startswith("on") or name == "style" for _, attrs in page.elements for name in attrs)


async def test_the_page_behind_a_link_can_be_used_with_a_keyboard_and_a_screen_reader(public: ClientSession) -> None:
    for path in (link(), link("room"), link("first", "17", "18"), "/a/x"):
        page = await page_of(public, path)
        tags = [tag for tag, _ in page.elements]
        assert tags.count("h1") == 1
        assert "main" in tags
        labels = {a.get("for") for a in page.all("label")}
        ids = [a["id"] for _, a in page.elements if "id" in a]
        assert len(ids) == len(set(ids))
        assert all(a.get("id") in labels for kind in ("input", "select", "textarea") for a in page.all(kind))
        assert all(a.get("aria-describedby") in ids for a in page.all("button"))
