"""The JSON API: what other programs may rely on."""

import asyncio
import json
import re
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from immutables import Map

from monitor.core.model import ChannelRule, ChannelState, Health, Risk, Rules, State
from monitor.web import views
from probes.base import Availability
from tests.web.standing import NAUGHTY, NOW, Standing, probe_rule

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def _get(client: ClientSession, path: str, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    async with client.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_every_watched_channel_is_listed_with_exactly_the_promised_keys(
    client: ClientSession, house: Standing
) -> None:
    rows = (await _get(client, "/api/v1/channels"))["channels"]
    assert [r["id"] for r in rows] == list(house.rules.channels)
    for row in rows:
        assert list(row) == ["id", "name", "platform", "availability", "risk", "since", "reasons"]
        assert row["availability"] in set(Availability)
        assert row["risk"] in set(Risk)
        assert row["since"] is None or RFC3339.fullmatch(row["since"])
        assert row["reasons"] or row["availability"] == "operational"
        assert all(r.endswith((".", "!", "?", "…")) for r in row["reasons"])
    facebook = next(r for r in rows if r["id"] == "facebook")
    assert facebook == {
        "id": "facebook",
        "name": "Facebook",
        "platform": "meta",
        "availability": "outage",
        "risk": "none",
        "since": "2026-11-22T01:14:40Z",
        "reasons": [
            "Ads Manager: major outage, says the vendor's page.",
            "Publishing: degraded, says the vendor's page.",
        ],
    }


async def test_a_defunct_channel_is_unknown_with_that_reason(client: ClientSession) -> None:
    vine = await _get(client, "/api/v1/channels/vine")
    assert (vine["availability"], vine["reasons"]) == ("unknown", ["Vine no longer exists."])


async def test_a_channel_that_was_never_looked_at_says_so(client: ClientSession, house: Standing) -> None:
    house.rules = Rules(channels={"new": ChannelRule("new", "New", "new", "New", (probe_rule("new"),))})
    house.state = State()
    rows = (await _get(client, "/api/v1/channels"))["channels"]
    assert rows == [
        {
            "id": "new",
            "name": "New",
            "platform": "new",
            "availability": "unknown",
            "risk": "none",
            "since": None,
            "reasons": ["New has not been looked at yet."],
        }
    ]


@pytest.mark.parametrize("availability", [a for a in Availability if a is not Availability.OPERATIONAL])
@pytest.mark.parametrize("probes", [(), (probe_rule("c"),)])
@pytest.mark.parametrize("since", [None, NOW])
def test_whatever_is_not_operational_has_a_reason(availability: Availability, probes: Any, since: Any) -> None:  # noqa: ANN401 - of the table
    rule = ChannelRule("c", "C", "p", "P", probes)
    reasons = views.reasons_of(rule, ChannelState("c", Health(availability), since))
    assert reasons
    assert all(r.endswith(".") for r in reasons)


async def test_one_channel_shows_its_probes_and_all_of_its_signals(client: ClientSession) -> None:
    channel = await _get(client, "/api/v1/channels/facebook")
    assert {"probes", "signals", "unknowns", "score", "penalties", "incidents", "owner", "fallback"} <= set(channel)
    (probe,) = channel["probes"]
    assert {
        "id",
        "kind",
        "family",
        "url",
        "every_s",
        "state",
        "last_run",
        "last_seen",
        "failure",
        "signals",
        "events",
    } <= set(probe)
    assert (probe["id"], probe["state"], probe["every_s"]) == ("facebook/1", "outage", 60.0)
    assert probe["last_run"] == "2026-11-22T02:12:28Z"
    signal = probe["signals"][0]
    assert {"key", "family", "severity", "certainty", "summary", "state", "since", "url", "evidence", "topics"} <= set(
        signal
    )
    assert (signal["severity"], signal["state"], signal["topics"]) == ("critical", "outage", ["ads"])
    assert set(signal["evidence"][0]) == {"text", "at", "url"}
    assert [s["key"] for s in channel["signals"]] == ["incident:abc", "b", "c"]
    assert [i["id"] for i in channel["incidents"]] == ["17"]


async def test_a_probe_that_cannot_be_read_says_why_and_since_when(client: ClientSession) -> None:
    (probe,) = (await _get(client, "/api/v1/channels/telegram"))["probes"]
    assert probe["state"] == "unknown"
    assert probe["failure"]["reason"] == "blocked"
    assert probe["failure"]["since"] == "2026-11-22T01:45:40Z"
    # The API says it word for word, but for half a character, which is no text; the page makes it harmless.
    assert NAUGHTY.replace("\ud800", "?") in probe["failure"]["text"]


async def test_incidents_have_the_promised_keys_and_the_closed_ones_are_there(client: ClientSession) -> None:
    rows = (await _get(client, "/api/v1/incidents"))["incidents"]
    promised = {"id", "scope", "channels", "condition", "phase", "severity", "opened", "resolved", "reasons"}
    assert all(promised <= set(r) for r in rows)
    assert [(r["id"], r["phase"]) for r in rows] == [("18", "open"), ("17", "open"), ("12", "closed")]
    meta = rows[1]
    assert (meta["scope"], meta["channels"], meta["condition"]) == ("meta", ["facebook", "instagram"], "availability")
    assert (meta["severity"], meta["opened"], meta["resolved"]) == ("critical", "2026-11-22T01:14:40Z", None)
    assert meta["title"] == "Meta: outage"


async def test_the_timeline_of_an_incident_says_who_was_told_when_and_why_not(client: ClientSession) -> None:
    timeline = (await _get(client, "/api/v1/incidents/17"))["timeline"]
    assert [row["at"] for row in timeline] == sorted(row["at"] for row in timeline)
    told = [row for row in timeline if row["kind"] == "delivery"]
    assert [(row["code"], row["who"]) for row in told] == [
        ("retry", "First on call by mail"),
        ("delivered", "First on call by mail"),
    ]
    assert "503 Service Unavailable" in told[0]["text"]
    assert "not_told_group_interval" in {row["code"] for row in timeline}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/channels/nosuch",
        "/api/v1/incidents/nosuch",
        "/api/v1/incidents/99999999999999999999999999999999",
        "/api/v1/channels/%00",
        "/api/v1/channels/%0a",
        "/api/v1/channels/..%2f..%2fetc%2fpasswd",
        "/api/v1/channels/" + "x" * 5_000,
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/api/v1/nothing",
    ],
)
async def test_B73_an_id_that_is_not_ours_is_404_with_a_code_and_a_sentence(client: ClientSession, path: str) -> None:
    error = (await _get(client, path, 404))["error"]
    assert set(error) == {"code", "message"}
    assert error["message"].endswith(".")


async def test_a_test_message_goes_to_the_named_receiver_or_to_the_root(client: ClientSession, house: Standing) -> None:
    async with client.post("/api/v1/notify-test", json={"receiver": "first"}) as answer:
        assert await answer.json() == {"results": [{"destination": "first/1", "outcome": "delivered", "detail": ""}]}
    async with client.post("/api/v1/notify-test") as answer:
        assert answer.status == 200
    async with client.post("/api/v1/notify-test", json={"receiver": "nobody"}) as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]["code"] == "unknown_receiver"
    assert house.tested == ["first", None]


async def test_a_reload_that_is_refused_says_every_fault(client: ClientSession, house: Standing) -> None:
    async with client.post("/api/v1/reload") as answer:
        assert await answer.json() == {"reloaded": True}
    house.faults = ["config/vigie.yaml:3:1: a: wrong", "config/vigie.yaml:9:1: b: wrong"]
    async with client.post("/api/v1/reload", json={}) as answer:
        assert answer.status == 409
        error = (await answer.json())["error"]
    assert (error["code"], error["faults"]) == ("invalid_configuration", house.faults)
    assert house.reloads == 1


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"{", "not JSON"),
        (b'{"receiver": "first"', "not JSON"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, "nested"),
        (b'{"receiver": "first", "receiver": "second"}', "twice"),
        (b'{"receiver": NaN}', "NaN"),
        (b'{"receiver": -Infinity}', "NaN"),
        (b'{"receiver": ' + b"9" * 5_000 + b"}", "digits"),
        (b'\xef\xbb\xbf{"receiver": "first"}', "not JSON"),
        (b'{"receiver": "\xff"}', "UTF-8"),
        (b"\x00", "not JSON"),
    ],
)
async def test_B67_a_body_that_two_readers_could_read_differently_is_refused(
    client: ClientSession, house: Standing, body: bytes, word: str
) -> None:
    async with client.post("/api/v1/notify-test", data=body, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 400
        error = (await answer.json())["error"]
    assert error["code"] == "bad_json"
    assert word in error["message"]
    assert not house.tested


@pytest.mark.parametrize("charset", ["nope", "utf-16", "rot13", "unicode_escape"])
async def test_B68_a_charset_other_than_utf_8_is_refused(client: ClientSession, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    async with client.post("/api/v1/notify-test", data=b"{}", headers=headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["code"] == "bad_charset"


@pytest.mark.parametrize("body", [{"reciever": "first"}, {"receiver": 7}, {"receiver": "x" * 200}, [], "first", 0])
async def test_B69_an_unknown_or_mistyped_field_is_refused(
    client: ClientSession, house: Standing, body: object
) -> None:
    async with client.post("/api/v1/notify-test", json=body) as answer:
        assert answer.status == 400
        error = (await answer.json())["error"]
    assert error["code"] == "bad_body"
    assert not house.tested


async def test_a_body_that_is_not_json_by_its_type_is_refused(client: ClientSession) -> None:
    async with client.post("/api/v1/notify-test", data=b"{}", headers={"Content-Type": "text/plain"}) as answer:
        assert answer.status == 415


async def test_health_and_readiness_are_told_by_the_code(client: ClientSession, house: Standing) -> None:
    assert await _get(client, "/healthz") == {"alive": True}
    assert await _get(client, "/readyz") == {"ready": True, "why": ""}
    house.is_alive, house.is_ready = False, (False, "3 probes have not run yet.")
    assert await _get(client, "/healthz", 503) == {"alive": False}
    assert await _get(client, "/readyz", 503) == {"ready": False, "why": "3 probes have not run yet."}


async def test_the_scraper_gets_the_format_and_the_coding_that_it_prefers(client: ClientSession) -> None:
    async with client.get("/metrics", headers={"Accept-Encoding": "identity"}) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "Content-Encoding" not in answer.headers
        plain = await answer.text()
    assert 'vigie_channel_state{channel="facebook",state="outage"} 1\n' in plain
    openmetrics = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "Accept-Encoding": "gzip"}
    async with client.get("/metrics", headers=openmetrics) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        assert answer.headers["Content-Encoding"] == "gzip"
        assert (await answer.text()).endswith("# EOF\n")
    async with client.get("/metrics", headers={"Accept-Encoding": "gzip;q=0, br"}) as answer:
        assert "Content-Encoding" not in answer.headers


async def test_B86_a_fault_of_ours_tells_neither_the_reader_nor_the_log_its_message(
    client: ClientSession, house: Standing, caplog: pytest.LogCaptureFixture
) -> None:
    house.broken = "could not connect with token=canary-4711"
    error = (await _get(client, "/api/v1/incidents/17", 500))["error"]
    assert error["code"] == "internal"
    assert "canary" not in json.dumps(error) + caplog.text
    assert "OSError" in caplog.text


async def test_B84_a_path_with_a_newline_forges_no_line_in_the_log(
    client: ClientSession, house: Standing, caplog: pytest.LogCaptureFixture
) -> None:
    house.broken = "x"
    house.rules = replace(house.rules, channels={"a\nERROR forged": house.rules.channels["x"]})
    async with client.get("/channels/a%0aERROR%20forged", headers={"Accept": "text/html"}) as answer:
        assert answer.status == 500
    assert not any(line.startswith("ERROR forged") for line in caplog.text.splitlines())


async def test_five_thousand_channels_are_listed_without_holding_the_loop(
    client: ClientSession, house: Standing
) -> None:
    rules = {f"c{n}": ChannelRule(f"c{n}", f"C {n}", "p", "P", (probe_rule(f"c{n}"),)) for n in range(5_000)}
    house.rules = Rules(channels=rules)
    house.state = State(channels=Map({c: ChannelState(c, Health(Availability.OPERATIONAL), NOW) for c in rules}))
    lags: list[float] = []

    async def watch() -> None:
        while True:
            start = time.thread_time()  # work of this loop alone, however busy the machine is
            await asyncio.sleep(0.001)
            lags.append(time.thread_time() - start)

    watcher = asyncio.create_task(watch())
    assert len((await _get(client, "/api/v1/channels"))["channels"]) == 5_000
    async with client.get("/") as page:
        assert (await page.text()).count('class="channel-name"') == 5_000
    watcher.cancel()
    assert max(lags) < 0.5, max(lags)  # the reader above shares this loop; of ours measured 0.02 s


def test_times_are_utc_to_the_second_with_a_z() -> None:
    assert views.iso(NOW + timedelta(microseconds=999)) == "2026-11-22T02:12:40Z"
    assert views.iso(None) is None
