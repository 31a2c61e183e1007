"""Pagers: what ours begins, takes and ends, theirs must too, under one key. A proxy plays the vendors' hosts."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from monitor.core.model import SendOutcome
from monitor.notify import Envelope, WorkerSender
from tests.notify.given import PAGE, envelope
from tests.notify.receivers import Answer, Receiver, certified, everywhere, says

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGERDUTY = "pagerduty://" + "k" * 32 + "@canary-api-key"
OPSGENIE = "opsgenie://8b799edf-6f98-4d3a-9be7-2862fb4e5752"
HOSTS = (
    "events.pagerduty.com",
    "events.eu.pagerduty.com",
    "api.opsgenie.com",
    "api.eu.opsgenie.com",
    "api.pagertree.com",
    "api.squadcast.com",
    "alert.victorops.com",
    "connect.signl4.com",
    "api.ilert.com",
    "api.incident.io",
    "signals.firehydrant.com",
    "goalert.example",
)


class World:
    """A sender and whatever host it speaks to."""

    def __init__(self, sender: WorkerSender, here: Receiver) -> None:
        self._sender, self._here = sender, here

    async def told(self, contact: str, message: Envelope) -> list[tuple[str, Any]]:
        """What a message came to: (request line with the host, JSON) of each request."""
        self._sender.set_contacts({"pager/1": contact})
        before = len(self._here.bodies)
        sent = await self._sender.send("pager/1", message)
        assert sent.outcome is SendOutcome.DELIVERED, sent
        lines = zip(self._here.lines, self._here.hosts, self._here.bodies, strict=True)
        return [(f"{host}{line.split()[1]}", json.loads(body)) for line, host, body in list(lines)[before:]]

    async def told_one(self, contact: str, message: Envelope) -> Any:  # noqa: ANN401 - JSON
        """The JSON of its only request."""
        ((_, body),) = await self.told(contact, message)
        return body


async def a_world(answer: Answer, folder: Path) -> AsyncIterator[tuple[WorkerSender, Receiver]]:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program, which makes the certificates of this test, is not installed")
    context, authority = certified(folder, *HOSTS)
    with pytest.MonkeyPatch.context() as patch:
        async with everywhere(answer, context) as here:
            for name in ("HTTPS_PROXY", "https_proxy"):
                patch.setenv(name, f"http://127.0.0.1:{here.port}")
            for name in ("NO_PROXY", "no_proxy"):
                patch.delenv(name, raising=False)
            for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
                patch.setenv(name, str(authority))
            sender = WorkerSender({})
            yield sender, here
            await sender.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async for sender, here in a_world(says("200 OK", b'{"requestId": "1"}'), tmp_path_factory.mktemp("tls")):
        yield World(sender, here)


# --- PagerDuty -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "action"),
    [
        *((step, "trigger") for step in ("opened", "updated", "repeat", "escalated", "handed_over", "lapsed")),
        ("acknowledged", "acknowledge"),
        ("resolved", "resolve"),
        ("drill", "trigger"),
    ],
)
async def test_pagerduty_is_told_where_the_incident_stands_under_its_key(world: World, step: str, action: str) -> None:
    ((place, event),) = await world.told(PAGERDUTY, envelope(step))
    assert place == "events.pagerduty.com/v2/enqueue"
    assert (event["event_action"], event["dedup_key"], event["routing_key"]) == (action, "vigie/0-7", "k" * 32)
    assert ("payload" in event) is (action == "trigger")


async def test_pagerduty_in_europe_hears_of_the_taking_in_europe(world: World) -> None:
    ((place, _),) = await world.told(f"{PAGERDUTY}?region=eu", envelope("acknowledged"))
    assert place == "events.eu.pagerduty.com/v2/enqueue"


async def test_a_pagerduty_event_says_how_bad_what_about_and_where_to_look(world: World) -> None:
    long = replace(envelope(), labels={**envelope().labels, "tags": ("t" * 100,) * 100})
    event = await world.told_one(PAGERDUTY, long)
    payload, details = event["payload"], event["payload"]["custom_details"]
    assert (payload["severity"], payload["source"]) == ("critical", "Vigie")
    assert (payload["group"], payload["class"], payload["component"]) == ("meta", "availability", "facebook, instagram")
    assert event["links"] == [{"href": PAGE}]
    assert details["incident"] == "0-7"
    assert details["channel"] == "facebook, instagram"
    assert max(len(value) for value in details.values()) <= 500
    assert len(payload["summary"]) <= 1_024
    for step, word in (("opened", "warning"), ("digest", "info"), ("drill", "warning")):
        said = await world.told_one(PAGERDUTY, envelope(step, severity="warning"))
        assert said["payload"]["severity"] == word


async def test_what_the_contact_itself_sets_wins(world: World) -> None:
    own = f"{PAGERDUTY}/here/part?dedup=mine&severity=error&group=g&class=c&click=https://x.example/&+channel=own"
    event = await world.told_one(own, envelope())
    assert event["dedup_key"] == "mine"
    assert {name: event["payload"][name] for name in ("severity", "group", "class", "source", "component")} == {
        "severity": "error",
        "group": "g",
        "class": "c",
        "source": "here",
        "component": "part",
    }
    assert event["links"] == [{"href": "https://x.example/"}]
    assert event["payload"]["custom_details"]["channel"] == "own"
    assert (await world.told_one(f"{PAGERDUTY}?action=trigger", envelope("resolved")))["event_action"] == "trigger"
    assert (await world.told_one(f"{PAGERDUTY}?action=trigger", envelope("acknowledged")))["event_action"] == "trigger"


# --- Opsgenie --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "paths"),
    [
        ("opened", [""]),
        ("repeat", [""]),
        *((step, ["", "/vigie-0-7/notes?identifierType=alias"]) for step in ("updated", "escalated", "lapsed")),
        ("acknowledged", ["/vigie-0-7/acknowledge?identifierType=alias"]),
        ("resolved", ["/vigie-0-7/close?identifierType=alias"]),
    ],
)
async def test_opsgenie_is_told_by_the_alias_whatever_process_made_the_alert(
    world: World, step: str, paths: list[str]
) -> None:
    told = await world.told(f"{OPSGENIE}?region=eu", envelope(step))
    assert [place for place, _ in told] == [f"api.eu.opsgenie.com/v2/alerts{path}" for path in paths]
    for place, body in told:
        if place.endswith("/alerts"):
            assert (body["alias"], body["priority"], body["details"]["incident"]) == ("vigie-0-7", "P1", "0-7")
        else:
            assert body["note"].startswith("⛔ Meta: outage since 09:00\n\nWhat it means")


async def test_opsgenie_keeps_the_contacts_own_alias_priority_and_action(world: World) -> None:
    assert (await world.told_one(f"{OPSGENIE}?priority=normal&alias=a/b", envelope()))["priority"] == "P3"
    ((place, _),) = await world.told(f"{OPSGENIE}?alias=a/b", envelope("resolved"))
    assert place == "api.opsgenie.com/v2/alerts/a%2Fb/close?identifierType=alias"
    ((place, _),) = await world.told(f"{OPSGENIE}?action=new", envelope("resolved"))
    assert place == "api.opsgenie.com/v2/alerts"


async def test_a_plugin_that_finds_nothing_to_send_has_not_delivered(world: World) -> None:
    world._sender.set_contacts({"pager/1": f"{OPSGENIE}?action=close"})
    sent = await world._sender.send("pager/1", envelope("resolved"))
    assert sent.outcome is SendOutcome.REJECTED


# --- the others ------------------------------------------------------------------------------------------------------

OTHERS = {
    "ilert://key-1234": ("alertKey", "eventType", ("ALERT", "ACCEPT", "RESOLVE")),
    "squadcast://" + "a" * 40: ("event_id", "status", ("trigger", "trigger", "resolve")),
    "incidentio://SOURCE1/token-1": ("deduplication_key", "status", ("firing", "firing", "resolved")),
    "firehydrant://token-1": ("idempotency_key", "status", ("OPEN", "OPEN", "CLOSED")),
    "goalerts://goalert.example/" + "8b799edf-6f98-4d3a-9be7-2862fb4e5752": ("dedup", "action", (None, None, "close")),
    "pagertree://int_0123456789": ("id", "event_type", ("create", "acknowledge", "resolve")),
    "signl4://secret1": ("X-S4-ExternalID", "X-S4-Status", (None, "acknowledged", "resolved")),
    "splunk://route@" + "8b799edf-6f98-4d3a-9be7-2862fb4e5752": (
        "entity_id",
        "message_type",
        ("CRITICAL", "ACKNOWLEDGEMENT", "RECOVERY"),
    ),
}


@pytest.mark.parametrize("contact", OTHERS, ids=[contact.partition(":")[0] for contact in OTHERS])
async def test_every_pager_with_a_key_gets_it_and_the_end(world: World, contact: str) -> None:
    key, field, words = OTHERS[contact]
    told = [await world.told_one(contact, envelope(step)) for step in ("opened", "acknowledged", "resolved")]
    assert [event[key] for event in told] == ["vigie/0-7"] * 3
    assert tuple(event.get(field) for event in told) == words


async def test_a_refused_acknowledgement_is_refused(tmp_path: Path) -> None:
    async for sender, here in a_world(says("400 Bad Request"), tmp_path):
        sender.set_contacts({"pd": PAGERDUTY, "og": OPSGENIE})
        for name in ("pd", "og"):
            sent = await sender.send(name, envelope("acknowledged"))
            assert (sent.outcome, sent.status) == (SendOutcome.REJECTED, 400)
        assert len(here.lines) == 2
