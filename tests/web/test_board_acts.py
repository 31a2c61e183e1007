"""Acting from the board: on incidents and by silences; faults beside their field; nothing is done twice."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession
from immutables import Map

from monitor.core.duty import Maintenance, Matcher, MatchOp, Silence
from monitor.core.model import Act, Acted, Phase, Silenced, Unsilenced
from monitor.web.forms import FIELDS_MAX
from tests.web.called import town_in_trouble
from tests.web.conftest import Open
from tests.web.reading import flat, follow, page_of, send
from tests.web.standing import NAUGHTY, NOW, Standing

TOKEN = "canary-0123456789abcdef"
PUBLIC = "0.0.0.0:0"


@pytest.fixture
def house() -> Standing:
    return town_in_trouble()


@pytest.fixture
async def guarded(open_web: Open) -> ClientSession:
    return await open_web(listen=PUBLIC, token=TOKEN)


def silence(
    number: str, *, start: timedelta = timedelta(), lasts: timedelta = timedelta(hours=1), **more: object
) -> Silence:
    about = (Matcher("channel", MatchOp.EQUAL, "reddit"),)
    base = Silence(number, about, "first", "moved by hand", NOW + start, NOW + start + lasts, created=NOW)
    return replace(base, **more)  # type: ignore[arg-type]  # fields of a test


# --- incidents --------------------------------------------------------------------------------------------------------


async def test_an_incident_says_who_has_it_who_is_next_and_what_is_held(client: ClientSession, house: Standing) -> None:
    text = flat(await page_of(client, "/incidents/17"))
    assert "In hand nobody" in text
    assert "Called so far First on call" in text
    assert "Called next Second on call 03:26" in text
    held = replace(house.state.incidents["17"], held={"instagram": "silence:3", "facebook": "depends:meta"})
    muted = replace(held, pages=(replace(held.pages[0], muted="night"),))
    house.state = replace(house.state, incidents=house.state.incidents.set("17", muted))
    text = flat(await page_of(client, "/incidents/17"))
    assert "Instagram: silenced (3)" in text
    assert "Facebook: it rests on Meta, which is out" in text
    assert "The desk (route root): quiet now because of the time interval night" in text
    assert "Nobody: no further call is planned." in text


async def test_acting_on_an_incident_is_done_said_and_stands_in_its_timeline(
    client: ClientSession, house: Standing
) -> None:
    sent = await send(client, "/incidents/17", act="acknowledge", by="second", text="looking")
    assert sent.location.startswith("/incidents/17?said=")
    text = await follow(client, sent)
    assert "You have it until 04:12" in text
    assert "In hand Second on call since 03:12; this holds until 04:12, then people are called again" in text
    assert "Nobody, as long as somebody has it." in text
    assert re.search(r"Second on call took it by board; nobody is called again before \d\d:\d\d: looking\.", text)
    (event,) = house.acts
    assert event == Acted(Act.ACKNOWLEDGE, ("17",), "second", "board", "looking")


async def test_who_acts_is_remembered_by_the_browser_and_by_nobody_else(client: ClientSession) -> None:
    sent = await send(client, "/incidents/17", act="note", name="  Zoë Q.  ", by="", text="seen")
    assert "HttpOnly" not in sent.cookie
    again = await page_of(client, "/incidents/17", Cookie=sent.cookie)
    assert {"name": "name", "value": "Zoë Q."}.items() <= next(
        i for i in again.all("input") if i["id"] == "name"
    ).items()
    fresh = await page_of(client, "/incidents/17")
    assert next(i for i in fresh.all("input") if i["id"] == "name")["value"] == ""


async def test_a_name_that_is_known_is_that_person(client: ClientSession, house: Standing) -> None:
    await send(client, "/incidents/17", act="acknowledge", by="", name="second ON call")
    assert house.state.incidents["17"].owner == "second"


@pytest.mark.parametrize("value", ["%00%0d%0aSet-Cookie:x", "%ff%fe", "x" * 4_000, "\"'<script>"])
async def test_a_remembered_name_that_was_tampered_with_is_merely_text(client: ClientSession, value: str) -> None:
    page = await page_of(client, "/incidents/17", Cookie=f"vigie_who={value}")
    assert len(page.all("script")) == 1
    assert len(next(i for i in page.all("input") if i["id"] == "name")["value"] or "") <= 80


async def test_a_snooze_lasts_as_long_as_was_chosen(client: ClientSession, house: Standing) -> None:
    text = await follow(client, await send(client, "/incidents/17", act="snooze", by="first", minutes="240"))
    assert house.state.incidents["17"].snoozed == NOW + timedelta(hours=4)
    assert "Called next Snoozed: nobody before 07:12" in text, "and no call before that"


async def test_B74_acting_on_what_is_over_or_unknown_says_so(client: ClientSession, house: Standing) -> None:
    await send(client, "/incidents/17", act="resolve", by="first")
    assert house.state.incidents["17"].phase is Phase.RESOLVED
    assert "It has been over since 03:12" in await follow(
        client, await send(client, "/incidents/17", act="acknowledge", by="first")
    )
    assert (await send(client, "/incidents/999", act="acknowledge", by="first")).status == 404
    page = await page_of(client, "/incidents/12")  # closed
    assert page.all("form") == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"act": "acknowledge"}, "Say who you are."),
        ({"act": "acknowledge", "by": "room"}, "Say who you are."),
        ({"act": "acknowledge", "by": "nosuch"}, "Say who you are."),
        ({"act": "acknowledge", "name": "x" * 81}, "80 are the most"),
        ({"act": "note", "by": "first", "text": "\u200b\t\r\n"}, "A note needs words."),
        ({"act": "snooze", "by": "first", "minutes": "-5"}, "Choose for how long."),
        ({"act": "snooze", "by": "first"}, "Choose for how long."),
        ({"by": "first"}, "Choose what to do."),
        ({"act": "note", "by": "first", "text": "x" * 1_001}, "1000 are the most"),
    ],
)
async def test_a_fault_stands_beside_its_field_and_what_was_written_stays(
    client: ClientSession, house: Standing, fields: dict[str, str], said: str
) -> None:
    sent = await send(client, "/incidents/17", **fields)
    assert sent.status == 422
    assert said in sent.said
    assert "Nothing was changed." in sent.said
    assert re.search(r'aria-invalid="true" aria-describedby="fault-|id="fault-(act|minutes)"', sent.text)
    assert "board.js" not in sent.text  # or the script would fetch the page anew, and lose what was written
    assert house.acts == []


async def test_what_the_answer_said_is_shown_for_a_while_and_not_to_who_guesses(
    client: ClientSession, house: Standing
) -> None:
    sent = await send(client, "/incidents/17", act="acknowledge", by="second")
    assert "You have it until" in await follow(client, sent)
    house.at = NOW + timedelta(minutes=11)
    assert "You have it until" not in await follow(client, sent)
    for guess in ("/incidents/17?said=", "/incidents/17?said=%3Cscript%3E", "/incidents/17?said=" + "A" * 12):
        page = await page_of(client, guess)
        assert not [a for _, a in page.elements if a.get("id") == "said"]


# --- who may ----------------------------------------------------------------------------------------------------------


async def _session(client: ClientSession) -> dict[str, str]:
    sent = await send(client, "/login", token=TOKEN)
    assert sent.status == 303
    return {"Cookie": sent.cookie}


async def test_B65_acting_from_the_board_needs_the_session_and_our_own_page(
    guarded: ClientSession, house: Standing
) -> None:
    cookie = await _session(guarded)
    act = {"act": "acknowledge", "by": "first"}
    outside = await send(guarded, "/incidents/17", **act)
    assert (outside.status, outside.location) == (303, "/login")
    for foreign in (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "none"},
    ):
        assert (await send(guarded, "/incidents/17", {**cookie, **foreign}, **act)).status == 403
    async with guarded.post("/incidents/17", data=act, headers=cookie, allow_redirects=False) as answer:
        assert answer.status == 401  # neither header: no browser's form, so the cookie alone proves nothing
    assert house.acts == []
    assert (await send(guarded, "/incidents/17", cookie, **act)).status == 303
    assert len(house.acts) == 1


async def test_B63_a_session_does_not_open_the_acts_of_the_api(guarded: ClientSession, house: Standing) -> None:
    cookie = await _session(guarded)
    assert (await send(guarded, "/api/v1/reload", cookie)).status == 401
    assert house.reloads == 0


async def test_who_is_not_signed_in_on_a_guarded_loopback_is_shown_the_way_instead_of_a_form(open_web: Open) -> None:
    client = await open_web(token=TOKEN)
    for path in ("/incidents/17", "/silences", "/oncall"):
        page = await page_of(client, path)
        assert page.all("form") == [], path
        assert "sign in" in flat(page), path
    cookie = await _session(client)
    for path in ("/incidents/17", "/silences", "/oncall"):
        assert (await page_of(client, path, **cookie)).all("form"), path


async def test_B63_on_loopback_another_site_cannot_act(client: ClientSession, house: Standing) -> None:
    for path, fields in (
        ("/incidents/17", {"act": "resolve", "by": "first"}),
        ("/silences", {"about": "channel:x", "lasts": "60", "comment": "x", "by": "first"}),
        ("/oncall/desk/overrides", {"person": "first", "end": "2026-11-23T09:00", "by": "first"}),
    ):
        for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await send(client, path, foreign, **fields)).status == 403
    assert house.acts == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"act=acknowledge&act=resolve&by=first", "application/x-www-form-urlencoded", 400),
        (b"act=%ff%fe", "application/x-www-form-urlencoded", 400),
        (b"act=\xff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"f%d=1" % n for n in range(FIELDS_MAX + 1)), "application/x-www-form-urlencoded", 400),
        (b"a" * 300_000, "application/x-www-form-urlencoded", 413),
        (b'{"act": "acknowledge"}', "application/json", 415),
        (b"act=acknowledge", "text/plain", 415),
    ],
)
async def test_B67_B70_what_no_browser_would_send_is_refused(
    client: ClientSession, house: Standing, body: bytes, kind: str, status: int
) -> None:
    async with client.post("/incidents/17", data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status == status
    assert house.acts == []


# --- silences ---------------------------------------------------------------------------------------------------------

WISH = {"about": "channel:reddit", "matchers": "", "lasts": "120", "comment": "moved", "by": "first", "name": ""}


async def test_a_silence_is_made_shown_and_ended(client: ClientSession, house: Standing) -> None:
    text = await follow(client, await send(client, "/silences", **WISH, recovered="on"))
    assert "Silence 1 holds until 05:12." in text
    assert "channel is Reddit until 05:12, or until what it holds has recovered moved First on call" in text
    assert "Holds back now: Reddit: degraded" in text
    (event,) = house.acts
    assert isinstance(event, Silenced)
    wanted = event.silence
    assert (wanted.author, wanted.start, wanted.end) == ("first", NOW, NOW + timedelta(hours=2))
    assert wanted.until_recovered
    text = await follow(client, await send(client, "/silences/1/end", by="second"))
    assert "Silence 1 is over" in text
    assert house.acts[-1] == Unsilenced("1", "second", "board")
    assert house.state.silences == Map()


async def test_a_silence_that_is_pressed_twice_is_one(client: ClientSession, house: Standing) -> None:
    await send(client, "/silences", **WISH)
    house.at += timedelta(seconds=2)
    assert "This silence stands already." in await follow(client, await send(client, "/silences", **WISH))
    assert list(house.state.silences) == ["1"]
    house.at += timedelta(minutes=5)
    assert "Silence 2 holds until" in await follow(client, await send(client, "/silences", **WISH))


async def test_a_silence_may_begin_later_and_say_more_than_a_channel(client: ClientSession, house: Standing) -> None:
    more = {
        "about": "platform:meta", "matchers": 'severity="warning"\n\n state =~ "degraded|unknown" \n',
        "lasts": "until", "start": "2026-11-23T09:00", "end": "2026-11-23T18:30",
    }  # fmt: skip
    text = await follow(client, await send(client, "/silences", **{**WISH, **more}))
    assert "platform is Meta and severity is warning and state is like degraded|unknown" in text
    assert "To come 1" in text
    (wanted,) = house.state.silences.values()
    assert wanted.start == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert wanted.end == datetime(2026, 11, 23, 17, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"about": ""}, "Say what is to be silenced"),
        ({"about": "channel:gone"}, "This is not watched any more."),
        ({"about": "", "matchers": "everything"}, "'everything' is no matcher"),
        ({"about": "", "matchers": "chanel=x"}, "did you mean channel?"),
        ({"about": "", "matchers": 'channel=~"("'}, "no expression that RE2 accepts"),
        ({"about": "", "matchers": "channel!=x"}, "at least one matcher that does not match everything"),
        ({"matchers": "tags=a\n" * 21}, "20 are the most"),
        ({"lasts": "99"}, "Choose how long."),
        ({"lasts": "until", "end": ""}, "Say until when."),
        ({"lasts": "until", "end": "tomorrow"}, "This is no date and time"),
        ({"lasts": "until", "end": "2026-02-30T09:00"}, "There is no such day or time."),
        ({"lasts": "until", "end": "2026-11-21T09:00"}, "It must end after it starts, and after now."),
        ({"lasts": "until", "end": "9999-12-31T23:59"}, "at most 30 days"),
        ({"lasts": "until", "start": "2026-11-24T09:00", "end": "2026-11-23T09:00"}, "It must end after it starts"),
        ({"comment": " \u200b "}, "Say why"),
        ({"by": ""}, "Say who you are."),
    ],
)
async def test_B73_a_silence_that_cannot_be_is_explained_beside_its_field(
    client: ClientSession, house: Standing, fields: dict[str, str], said: str
) -> None:
    sent = await send(client, "/silences", **{**WISH, **fields})
    assert sent.status == 422
    assert said in sent.said
    assert "Nothing was changed." in sent.said
    assert house.state.silences == Map()
    assert 'value="moved"' in sent.text or ">moved</textarea>" in sent.text or "comment" in fields


async def test_the_page_of_silences_tells_active_from_pending_and_over(client: ClientSession, house: Standing) -> None:
    held = replace(house.state.incidents["18"], held={"reddit": "silence:4"})
    house.state = replace(
        house.state,
        silences=Map({
            "4": silence("4", held=True),
            "5": silence("5", start=timedelta(days=1), comment=NAUGHTY),
        }),
        incidents=house.state.incidents.set("18", held),
    )  # fmt: skip
    page = await page_of(client, "/silences")
    text = flat(page)
    assert "Active 2 channel is Reddit until 04:12" in text
    assert "Holds back now: Reddit: degraded" in text
    assert "channel is Buffer until 12 Dec, 03:12 being retired First on call · from the configuration" in text
    assert "To come 1 channel is Reddit from Mon 03:12 to Mon 04:12" in text
    assert "<script>alert(1)</script>" in text
    assert len(page.all("script")) == 1
    ends = [f["action"] for f in page.all("form") if "/end" in (f["action"] or "")]
    assert ends == ["/silences/4/end#silence-4", "/silences/5/end#silence-5"]  # what stands in the file ends there


async def test_a_silence_that_is_unknown_or_stands_in_the_file_is_not_ended(
    client: ClientSession, house: Standing
) -> None:
    text = await follow(client, await send(client, "/silences/77/end", by="first"))
    assert "Nothing was changed. There is no silence 77" in text
    text = await follow(client, await send(client, "/silences/file%2F1/end", by="first"))
    assert "This silence stands in the configuration; end it there." in text
    assert house.rules.silences


async def test_who_ends_a_silence_says_who_they_are(client: ClientSession, house: Standing) -> None:
    house.state = replace(house.state, silences=Map({"4": silence("4")}))
    sent = await send(client, "/silences/4/end", by="", name="")
    assert sent.status == 422
    assert re.search(r'<details data-key="end-4" open>.*id="fault-name-4">Say who you are\.', sent.text, re.DOTALL)
    assert "4" in house.state.silences


async def test_our_own_maintenance_shows_its_window_now_and_the_next(client: ClientSession, house: Standing) -> None:
    text = flat(await page_of(client, "/silences"))
    assert "relaunch: channel is Shopify next 04:00 to 06:00 the shop is updated" in text
    house.at = NOW + timedelta(hours=1)
    text = flat(await page_of(client, "/silences"))
    assert "now, until 06:00; next 29 Nov, 04:00 to 29 Nov, 06:00" in text


async def test_the_link_from_an_incident_fills_in_what_is_to_be_silenced(client: ClientSession) -> None:
    page = await page_of(client, "/incidents/17")
    href = next(a["href"] for a in page.all("a") if (a["href"] or "").startswith("/silences?about="))
    assert href is not None
    chosen = await page_of(client, href)
    assert [o["value"] for o in chosen.all("option") if "selected" in o and ":" in (o["value"] or "")] == [
        "platform:meta"
    ]
    page = await page_of(client, '/silences?about="><script>')
    assert len(page.all("script")) == 1


async def test_the_board_names_what_is_silenced_and_hides_nothing(client: ClientSession, house: Standing) -> None:
    vimeo = (Matcher("channel", MatchOp.EQUAL, "vimeo"),)
    move = Maintenance("move", vimeo, datetime(2026, 11, 22, 3), timedelta(hours=1), "UTC")  # noqa: DTZ001 - local
    warned = (Matcher("platform", MatchOp.EQUAL, "meta"), Matcher("severity", MatchOp.EQUAL, "warning"))
    house.rules = replace(house.rules, maintenance=(*house.rules.maintenance, move))
    house.state = replace(
        house.state,
        silences=Map(
            {"4": silence("4"), "5": silence("5", matchers=warned), "6": silence("6", start=timedelta(days=1))}
        ),
    )

    async def marks() -> dict[str, str]:
        async with client.get("/") as answer:
            rows = re.findall(r'<li class="channel .*?</li>', await answer.text(), re.DOTALL)
        found = {}
        for row in rows:
            name, tag = re.search(r'href="/channels/([^"]+)"', row), re.search(r'<span class="tag">([^<]+)<', row)
            assert name is not None
            assert re.search(r'<span class="state">\w', row)
            if tag:
                found[name[1]] = tag[1]
        return found

    silenced = {"reddit": "silenced", "buffer": "silenced"}
    in_part = dict.fromkeys(("facebook", "instagram", "threads"), "silenced in part")
    assert await marks() == {**silenced, **in_part}
    assert "5 silenced" in flat(await page_of(client, "/"))
    house.at = NOW + timedelta(
        minutes=50
    )  # 03:02:40 UTC: work has begun, also the weekly one, which is at 04:00 in Paris
    assert await marks() == {**silenced, **in_part, "vimeo": "our maintenance", "shopify": "our maintenance"}
