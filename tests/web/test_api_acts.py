"""What people do through the API: each act once, whoever sends it twice, with who, when and by which door."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from monitor.core import links
from monitor.core.model import Act, Acted, Answer, Drilled, Phase, Silenced, Unsilenced, Watched
from monitor.web import Limits
from tests.web.conftest import Open
from tests.web.reading import send
from tests.web.samples import ACTING, ALERT, SAMPLES, ask, kept, stocked
from tests.web.standing import LINK_KEY, NOW, SilenceRow, Standing

UNHURRIED = Limits(acts=(1e6, 10**6))


@pytest.fixture
async def client(open_web: Open) -> ClientSession:
    return await open_web(limits=UNHURRIED)


async def _post(client: ClientSession, path: str, body: Any, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    async with client.post(path, json=body) as answer:
        said = await answer.json()
        assert answer.status == status, said
        return said


async def _get(client: ClientSession, path: str) -> Any:  # noqa: ANN401 - JSON
    async with client.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def _delete(client: ClientSession, path: str, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    async with client.delete(path) as answer:
        said = await answer.json()
        assert answer.status == status, said
        return said


# --- for every act ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [o for o in ACTING if o.answers[200].shape is not None], ids=lambda o: o.id)
async def test_B74_the_same_request_twice_is_answered_well_and_changes_nothing_more(
    client: ClientSession,
    house: Standing,
    operation: Any,  # noqa: ANN401 - of the table
) -> None:
    stocked(house)
    first, said = await ask(client, operation)
    once = kept(house)
    ledger = house.ledger
    house.at += timedelta(seconds=20)  # sent again after a time-out
    second, again = await ask(client, operation)
    assert (first, second) == (200, 200), again
    assert kept(house) == once
    assert house.ledger == ledger, "nothing stands in the timeline twice"
    if operation.id in {"silence", "override", "swap"}:
        assert (said["code"], again["code"]) == ("done", "already")
        assert said["id"] == again["id"]
    if operation.id in {"unsilence", "restore", "acknowledge", "note", "snooze", "drill"}:
        assert again["code"] == "already"


WISHES = [o for o in ACTING if o.id not in {"watchdog", "notify_test", "reload"}]


@pytest.mark.parametrize(
    ("code", "status"),
    [("not_open", 409), ("conflict", 409), ("nobody", 409), ("invalid", 422)],
)
async def test_whenever_the_mind_says_no_the_answer_has_its_status_and_its_sentence(
    client: ClientSession, house: Standing, code: str, status: int
) -> None:
    stocked(house)
    house.answer = Answer(done=False, code=code, text="that cannot be")
    for operation in WISHES:
        got, said = await ask(client, operation)
        assert got == status, operation.id
        assert said["error"]["message"] == "That cannot be."
        assert said["error"]["code"].startswith(code), operation.id


async def test_while_the_disk_hangs_who_acts_hears_what_to_do_by_every_door(
    client: ClientSession, house: Standing
) -> None:
    stocked(house)
    house.slow = "It takes too long; look at the board."
    for operation in WISHES:
        got, said = await ask(client, operation)
        assert (got, said["error"]) == (500, {"code": "not_kept", "message": house.slow}), operation.id
    link = links.sign(LINK_KEY, "first", ["17"], NOW + timedelta(hours=1))
    for path in ("/incidents/17", f"/a/{link}"):
        sent = await send(client, path, act="acknowledge", by="first")
        assert sent.status == 500
        assert house.slow in sent.said


async def test_every_act_says_who_and_by_which_door(client: ClientSession, house: Standing) -> None:
    stocked(house)
    for operation in WISHES:
        await ask(client, operation)
    events: dict[str, Any] = {type(e).__name__: e for e in house.acts if not isinstance(e, Acted)}
    acted = {e.act: e for e in house.acts if isinstance(e, Acted)}
    assert set(acted) == set(Act)
    assert {e.by for e in acted.values()} == {"second"}
    assert (events["Silenced"].silence.author, events["Silenced"].via) == ("second", "cli")
    assert (events["Unsilenced"].by, events["Unsilenced"].via) == ("second", "cli")
    assert (events["Overridden"].override.by, events["Overridden"].via) == ("second", "api")
    assert (events["Restored"].by, events["Restored"].via) == ("second", "api")
    assert events["Drilled"] == Drilled("ladder", "second")


async def test_a_name_that_cannot_be_read_is_refused(client: ClientSession, house: Standing) -> None:
    for name in ("", " ", " x", "a\nb", "a\x00b", "\u202eevil", "a\u2028b", "x" * 101, "\ufeffx"):
        said = await _post(client, "/api/v1/incidents/17/acknowledge", {"by": name}, 400)
        assert said["error"]["code"] == "bad_body", repr(name)
    assert not house.acts
    for name in ("First on call", "Zoë", "山田", "first", "O'Brien-Smith (night)", "\u0646\u0633\u200c\u0646"):
        await _post(client, "/api/v1/incidents/17/acknowledge", {"by": name})


# --- incidents -------------------------------------------------------------------------------------------------------


async def test_an_acknowledgement_shows_in_the_incident_and_in_its_timeline(client: ClientSession) -> None:
    said = await _post(client, "/api/v1/incidents/17/acknowledge", {"by": "second", "text": "On it.", "via": "cli"})
    assert said["done"] is True
    incident = await _get(client, "/api/v1/incidents/17")
    assert (incident["phase"], incident["owner"]) == ("acknowledged", "Second on call")
    assert incident["acknowledged"] == "2026-11-22T02:12:40Z"
    assert incident["lapses"] == "2026-11-22T03:12:40Z"
    row = incident["timeline"][-1]
    assert (row["at"], row["code"]) == ("2026-11-22T02:12:40Z", "acknowledged")
    assert "Second on call" in row["text"]
    assert row["text"].startswith("Second on call took it by cli; nobody is called again before ")
    assert row["text"].endswith(": On it.")
    again = await _post(client, "/api/v1/incidents/17/acknowledge", {"by": "third"})
    assert again["code"] == "already"
    assert "Second on call" in again["text"]


@pytest.mark.parametrize("act", ["acknowledge", "take-over", "snooze", "resolve"])
async def test_B74_an_act_on_an_incident_that_is_over_is_answered_well(
    client: ClientSession, house: Standing, act: str
) -> None:
    body = {"by": "second", **({"for": "1h"} if act == "snooze" else {})}
    said = await _post(client, f"/api/v1/incidents/12/{act}", body)
    assert (said["done"], said["code"]) == (True, "over"), "closed, and no longer held by the mind"
    resolved = replace(house.state.incidents["17"], phase=Phase.RESOLVED, resolved=NOW)
    house.state = replace(house.state, incidents=house.state.incidents.set("17", resolved))
    said = await _post(client, f"/api/v1/incidents/17/{act}", body)
    assert (said["done"], said["code"]) == (True, "over")


async def test_a_note_to_a_closed_incident_is_refused(client: ClientSession) -> None:
    said = await _post(client, "/api/v1/incidents/12/note", {"by": "second", "text": "late"}, 409)
    assert said["error"]["code"] == "not_open"


async def test_an_incident_of_which_nobody_is_sure_cannot_be_taken(client: ClientSession, house: Standing) -> None:
    pending = replace(house.state.incidents["18"], phase=Phase.PENDING)
    house.state = replace(house.state, incidents=house.state.incidents.set("18", pending))
    said = await _post(client, "/api/v1/incidents/18/acknowledge", {"by": "second"}, 409)
    assert said["error"]["code"] == "not_open"


async def test_several_are_acknowledged_at_once_and_each_only_once(client: ClientSession, house: Standing) -> None:
    body = {"by": "second", "incidents": ["18", "17", "18"]}
    await _post(client, "/api/v1/incidents/acknowledge", body)
    (event,) = house.acts
    assert isinstance(event, Acted)
    assert event.incidents == ("18", "17")
    phases = {i["id"]: i["phase"] for i in (await _get(client, "/api/v1/incidents"))["incidents"]}
    assert phases == {"18": "acknowledged", "17": "acknowledged", "12": "closed"}


@pytest.mark.parametrize(
    ("when", "until"),
    [
        ({"for": "1h30m"}, NOW + timedelta(minutes=90)),
        ({"until": "2026-11-22T09:00:00+01:00"}, NOW.replace(hour=8, minute=0, second=0)),
        ({"until": "2026-11-22t08:00:00z"}, NOW.replace(hour=8, minute=0, second=0)),
    ],
)
async def test_a_snooze_ends_at_a_moment_or_after_a_while(
    client: ClientSession,
    house: Standing,
    when: dict[str, str],
    until: Any,  # noqa: ANN401 - of the table
) -> None:
    await _post(client, "/api/v1/incidents/17/snooze", {"by": "second", **when})
    (event,) = house.acts
    assert isinstance(event, Acted)
    assert event.until == until
    assert (await _get(client, "/api/v1/incidents/17"))["snoozed"] is not None


async def test_a_snooze_that_was_changed_since_or_came_too_late_does_not_stand_already(
    client: ClientSession, house: Standing
) -> None:
    async def snoozed(span: str) -> tuple[str, datetime | None]:
        said = await _post(client, "/api/v1/incidents/17/snooze", {"by": "second", "for": span})
        return said["code"], house.state.incidents["17"].snoozed

    assert await snoozed("2h") == ("done", NOW + timedelta(hours=2))
    assert await snoozed("2h") == ("already", NOW + timedelta(hours=2))
    assert await snoozed("1h") == ("done", NOW + timedelta(hours=1))
    assert await snoozed("2h") == ("done", NOW + timedelta(hours=2))
    assert await snoozed("1h") == ("done", NOW + timedelta(hours=1))
    await _post(client, "/api/v1/incidents/17/resolve", {"by": "second"})
    assert (await snoozed("1h"))[0] == "over"
    assert (await snoozed("3h"))[0] == "over"
    assert (await snoozed("3h"))[0] == "over"


@pytest.mark.parametrize("when", [{}, {"for": "1h", "until": "2026-11-22T08:00:00Z"}])
async def test_a_snooze_without_one_end_is_refused(client: ClientSession, house: Standing, when: Any) -> None:  # noqa: ANN401
    said = await _post(client, "/api/v1/incidents/17/snooze", {"by": "second", **when}, 422)
    assert said["error"] == {"code": "invalid", "message": "Say one of until and for."}
    assert not house.acts


@pytest.mark.parametrize("field", ["for", "until"])
@pytest.mark.parametrize(
    "value",
    ["", "1", "h", "-1h", "1.5h", "1 h", "٣h", "1h" * 5, "tomorrow", "2026-11-22", "2026-11-22T08:00:00", "1700000000",
     "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22T25:00:00Z", "2026-11-22 08:00:00Z", 3600, None, []],
)  # fmt: skip
async def test_a_time_that_is_none_is_refused(client: ClientSession, house: Standing, field: str, value: Any) -> None:  # noqa: ANN401
    status = 422 if value is None else 400  # null is as good as absent
    await _post(client, "/api/v1/incidents/17/snooze", {"by": "second", field: value}, status)
    assert not house.acts


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z"])
async def test_B73_a_time_at_the_end_of_the_calendar_is_no_fault_of_ours(client: ClientSession, until: str) -> None:
    for path, body in (
        ("/api/v1/incidents/17/snooze", {"by": "second", "until": until}),
        ("/api/v1/schedules/desk/overrides", {"by": "second", "person": "third", "end": until}),
        ("/api/v1/schedules/desk/overrides", {"by": "second", "person": "third", "start": until, "for": "365d"}),
        ("/api/v1/schedules/desk/swaps", {"by": "second", "first": until, "second": until}),
    ):
        async with client.post(path, json=body) as answer:
            assert answer.status in {200, 422}, await answer.text()
    for path in ("/api/v1/oncall?at=", "/api/v1/schedules/desk?from=", "/api/v1/schedules/desk?to="):
        async with client.get(path + until.replace("+", "%2B")) as answer:
            assert answer.status == 422, await answer.text()
    async with client.get("/api/v1/routes/explain?kind=risk&at=" + until.replace("+", "%2B")) as answer:
        assert answer.status in {200, 422}, await answer.text()


# --- silences --------------------------------------------------------------------------------------------------------

GOOD = SAMPLES["silence"].body


async def test_a_silence_by_name_is_the_one_by_id(client: ClientSession, house: Standing) -> None:
    made = await _post(client, "/api/v1/silences", {**GOOD, "author": "Second on call"})
    again = await _post(client, "/api/v1/silences", {**GOOD, "author": "second on call"})
    assert (again["code"], again["id"]) == ("already", made["id"])
    assert house.state.silences[made["id"]].author == "second"


async def test_a_silence_is_made_listed_and_ended(client: ClientSession, house: Standing) -> None:
    made = await _post(client, "/api/v1/silences", GOOD)
    rows = (await _get(client, "/api/v1/silences"))["silences"]
    assert [(r["id"], r["state"], r["source"]) for r in rows] == [
        (made["id"], "active", "person"),
        ("file/1", "active", "file"),
    ]
    row = rows[0]
    assert (row["matchers"], row["author"], row["comment"]) == (['channel="facebook"'], "second", "known")
    assert (row["start"], row["end"]) == ("2026-11-22T02:12:40Z", "2026-11-22T04:12:40Z")
    assert await _delete(client, f"/api/v1/silences/{made['id']}?by=second")
    rows = (await _get(client, "/api/v1/silences"))["silences"]
    assert [(r["id"], r["state"]) for r in rows] == [(made["id"], "ended"), ("file/1", "active")]
    assert [type(e) for e in house.acts] == [Silenced, Unsilenced]
    again = await _delete(client, f"/api/v1/silences/{made['id']}?by=second")
    assert (again["done"], again["code"]) == (True, "already")


@pytest.mark.parametrize(("state", "ids"), [("active", ["7", "file/1"]), ("pending", ["9"]), ("ended", ["5"])])
async def test_silences_are_listed_by_what_they_are_now(
    client: ClientSession, house: Standing, state: str, ids: list[str]
) -> None:
    stocked(house)
    seven = house.state.silences["7"]
    later = replace(seven, id="9", start=NOW + timedelta(hours=1), end=NOW + timedelta(hours=2))
    house.state = replace(house.state, silences=house.state.silences.set("9", later))
    house.over = [SilenceRow(replace(seven, id="5"), ended=True)]
    assert [r["id"] for r in (await _get(client, f"/api/v1/silences?state={state}"))["silences"]] == ids


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"for": None}, "end and for"),
        ({"end": "2026-11-23T00:00:00Z"}, "end and for"),
        ({"start": "2026-11-23T00:00:00Z", "end": "2026-11-22T00:00:00Z", "for": None}, ""),
        ({"end": "2026-11-22T02:00:00Z", "for": None}, ""),
        ({"for": "31d"}, "30 days"),
        ({"for": "9999w9999w"}, ""),
        ({"for": "0s"}, ""),
        ({"matchers": ["nonsense"]}, "no matcher"),
        ({"matchers": ['chanel="x"']}, "did you mean channel"),
        ({"matchers": ['channel=~"("']}, "RE2"),
        ({"matchers": ['channel=~".*"']}, ""),
        ({"matchers": ['channel=""']}, ""),
        ({"matchers": ['severity="catastrophic"']}, ""),
        ({"start": "9999-12-31T23:00:00Z", "for": "366d"}, "too far"),
    ],
)
async def test_a_silence_that_makes_no_sense_is_refused_and_nothing_changed(
    client: ClientSession, house: Standing, change: dict[str, Any], word: str
) -> None:
    before = kept(house)
    said = await _post(client, "/api/v1/silences", {**GOOD, **change}, 422)
    assert said["error"]["code"] == "invalid"
    assert word in said["error"]["message"]
    assert kept(house) == before


async def test_a_silence_sent_again_later_or_otherwise_is_another_one(client: ClientSession, house: Standing) -> None:
    first = await _post(client, "/api/v1/silences", GOOD)
    house.at += timedelta(minutes=5)
    later = await _post(client, "/api/v1/silences", GOOD)
    other = await _post(client, "/api/v1/silences", {**GOOD, "comment": "another"})
    assert len({first["id"], later["id"], other["id"]}) == 3
    exact = {**GOOD, "for": None, "start": "2026-11-23T00:00:00Z", "end": "2026-11-23T01:00:00Z"}
    made = await _post(client, "/api/v1/silences", exact)
    house.at += timedelta(hours=1)
    assert (await _post(client, "/api/v1/silences", exact))["id"] == made["id"], (
        "with moments of its own it is the same"
    )
    shifted = await _post(client, "/api/v1/silences", {**exact, "end": "2026-11-23T01:00:01Z"})
    assert shifted["id"] != made["id"]


async def test_a_silence_is_changed_by_its_id(client: ClientSession, house: Standing) -> None:
    stocked(house)
    await _post(client, "/api/v1/silences", {**GOOD, "id": "7"})
    assert house.state.silences["7"].comment == "known"
    said = await _post(client, "/api/v1/silences", {**GOOD, "id": "77"}, 404)
    assert said["error"]["code"] == "unknown_silence"


# --- signs of life ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "heard"),
    [
        ({"alerts": [ALERT]}, True),
        ({"status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": "Other"}}, ALERT]}, True),
        ({"alerts": [{**ALERT, "status": "resolved"}]}, False),
        ({"alerts": [{"labels": {"alertname": "Watchdog"}}]}, False),
        ({"alerts": [{"status": "firing", "labels": {"alertname": "watchdog"}}]}, False),
        ({"alerts": []}, False),
        ({"alerts": {"0": ALERT}}, False),
        ({"alerts": ["Watchdog", None, 7, [], {"status": "firing", "labels": None}]}, False),
        ({}, False),
        ([ALERT], False),
        ("Watchdog", False),
        (None, False),
        (7, False),
    ],
)
async def test_only_a_firing_watchdog_is_a_sign_of_life(
    client: ClientSession,
    house: Standing,
    body: Any,  # noqa: ANN401 - of the table
    heard: bool,  # noqa: FBT001 - of the table
) -> None:
    assert await _post(client, "/api/v1/watchdog", body) == {"heard": heard}
    assert house.acts == ([Watched()] if heard else [])
