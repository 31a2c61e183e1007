"""Alertmanager as a receiver: one incident is one alert, from its opening to its end; held to a real one."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from monitor.core.model import SendOutcome
from monitor.notify import Envelope, WorkerSender
from tests.notify.alertmanagers import Alertmanager, alertmanager
from tests.notify.given import LABELS, PAGE, envelope
from tests.notify.receivers import Answer, Receiver, hang, receiver, reset, says

pytestmark = pytest.mark.asyncio(loop_scope="module")

# --- through the fence -----------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sender() -> AsyncIterator[WorkerSender]:
    sender = WorkerSender({})
    yield sender
    await sender.close()


def contact_of(here: Receiver, more: str = "") -> str:
    return f"alertmanager://user:pass-word@127.0.0.1:{here.port}/prefix{more}"


ANSWERS: dict[str, tuple[Answer, SendOutcome]] = {
    "200": (says("200 OK"), SendOutcome.DELIVERED),
    "302": (says("302 Found", b"", "Location: /elsewhere"), SendOutcome.REJECTED),
    "400": (says("400 Bad Request", b'"bad matcher format"'), SendOutcome.REJECTED),
    "401": (says("401 Unauthorized"), SendOutcome.REJECTED),
    "429": (says("429 Too Many Requests", b"", "Retry-After: 7"), SendOutcome.RETRY),
    "503": (says("503 Busy"), SendOutcome.RETRY),
    "reset": (reset, SendOutcome.UNKNOWN),
    "junk": (says("banana"), SendOutcome.UNKNOWN),
}


async def test_the_status_line_decides_and_one_request_is_made(sender: WorkerSender) -> None:
    async with contextlib.AsyncExitStack() as stack:
        heres = {name: await stack.enter_async_context(receiver(answer)) for name, (answer, _) in ANSWERS.items()}
        sender.set_contacts(
            {name: contact_of(here) for name, here in heres.items()} | {"shut": "alertmanager://127.0.0.1:1"}
        )
        names = [*ANSWERS, "shut"]
        sent = dict(zip(names, await asyncio.gather(*(sender.send(n, envelope()) for n in names)), strict=True))
    assert {name: sent[name].outcome for name in ANSWERS} == {name: due for name, (_, due) in ANSWERS.items()}
    assert sent["shut"].outcome is SendOutcome.RETRY
    assert sent["429"].retry_after_s == 7
    assert {name: here.lines for name, here in heres.items()} == {
        name: ["POST /prefix/api/v2/alerts HTTP/1.1"] for name in heres
    }
    assert "pass-word" not in repr(sent)


async def test_an_alert_goes_out_with_its_credentials_and_without_the_signed_link(sender: WorkerSender) -> None:
    async with receiver(says("200 OK")) as here:
        sender.set_contacts({"a": contact_of(here), "b": f"alertmanager://127.0.0.1:{here.port}?token=s3cr3t&+team=x"})
        message = envelope(act_url="https://vigie.example/act/the-signed-link")
        await sender.send("a", message)
        await sender.send("b", message)
    assert [head["authorization"] for head in here.heads] == ["Basic dXNlcjpwYXNzLXdvcmQ=", "Bearer s3cr3t"]
    assert b"the-signed-link" not in b"".join(here.bodies)
    (first,), (second,) = (json.loads(body) for body in here.bodies)
    assert second["labels"]["team"] == "x"
    assert first["annotations"]["description"].startswith("What it means\nNo ad goes out.")


async def test_a_contact_is_checked_by_the_worker_without_a_plugin(sender: WorkerSender) -> None:
    faults = await sender.check({"good": "alertmanagers://u:p@am.example/x?+team=a", "bad": "alertmanager://h?x=1"})
    assert list(faults) == ["bad"]


@pytest.mark.slow
async def test_no_answer_is_unknown(sender: WorkerSender) -> None:
    async with receiver(hang) as here:
        sender.set_contacts({"a": contact_of(here)})
        assert (await sender.send("a", envelope())).outcome is SendOutcome.UNKNOWN


# --- a real one ------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hook() -> AsyncIterator[Receiver]:
    """Where the Alertmanager sends what it makes of our alerts."""
    async with receiver(says("200 OK")) as here:
        yield here


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def real(hook: Receiver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Alertmanager]:
    folder = tmp_path_factory.mktemp("alertmanager")
    async with alertmanager(folder, f"http://127.0.0.1:{hook.port}/", "/am") as here:
        yield here


def on(incident: str, step: str, **more: Any) -> Envelope:  # noqa: ANN401 - as Envelope
    """A message on an incident that began a minute ago."""
    now = datetime.now(UTC)
    return replace(envelope(step), incident=incident, created=now, opened=now - timedelta(minutes=1), **more)


def told(hook: Receiver, incident: str) -> list[str]:
    """The statuses that the Alertmanager told of an incident, in order."""
    notes = (note for note in hook.notes() if note["groupLabels"].get("incident") == incident)
    return [note["status"] for note in notes]


async def test_a_real_alertmanager_holds_one_alert_from_the_opening_to_the_end_and_tells_each_once(
    sender: WorkerSender, real: Alertmanager, hook: Receiver
) -> None:
    sender.set_contacts({"am": f"alertmanager://{real.place}?+team=marketing"})
    opened = on("0-7", "opened")
    assert (await sender.send("am", opened)).outcome is SendOutcome.DELIVERED
    first = await real.one(incident="0-7")
    assert first["labels"] == {
        "alertname": "VigieChannelTrouble",
        "incident": "0-7",
        "kind": "availability",
        "team": "marketing",
    }
    assert first["annotations"]["channels"] == "facebook, instagram"
    assert first["generatorURL"] == PAGE
    assert first["status"]["state"] in {"active", "unprocessed"}
    for step in ("updated", "repeat", "acknowledged", "lapsed"):
        labels = LABELS | {"channel": ("facebook", "instagram", "threads"), "severity": ("warning",)}
        assert (await sender.send("am", replace(opened, step=step, labels=labels))).outcome is SendOutcome.DELIVERED
    now = await real.one(incident="0-7")
    assert now["fingerprint"] == first["fingerprint"]
    assert now["startsAt"] == first["startsAt"]
    assert now["annotations"]["channels"] == "facebook, instagram, threads"
    await hook.has(1)
    over = on("0-7", "resolved", resolved=datetime.now(UTC))
    assert (await sender.send("am", replace(over, opened=opened.opened))).outcome is SendOutcome.DELIVERED
    assert await real.alerts(incident="0-7") == []
    await hook.has(2)
    assert told(hook, "0-7") == ["firing", "resolved"]


async def test_a_repeat_keeps_the_alert_alive_and_what_reopens_is_the_same_alert(
    sender: WorkerSender, real: Alertmanager
) -> None:
    sender.set_contacts({"am": f"alertmanager://{real.place}"})
    await sender.send("am", on("0-8", "opened"))
    first = await real.one(incident="0-8")
    await asyncio.sleep(0.05)
    await sender.send("am", on("0-8", "repeat"))
    kept = await real.one(incident="0-8")
    assert kept["endsAt"] > first["endsAt"]
    await sender.send("am", on("0-8", "resolved", resolved=datetime.now(UTC)))
    assert await real.alerts(incident="0-8") == []
    await sender.send("am", on("0-8", "updated"))
    assert (await real.one(incident="0-8"))["fingerprint"] == first["fingerprint"]


async def test_a_test_message_and_a_digest_are_alerts_of_their_own(sender: WorkerSender, real: Alertmanager) -> None:
    sender.set_contacts({"am": f"alertmanager://{real.place}"})
    await sender.send("am", on("test", "test"))
    await sender.send("am", on("digest/ops/2026-11-02", "digest"))
    assert (await real.one(incident="test"))["labels"]["alertname"] == "VigieTest"
    assert (await real.one(alertname="VigieDigest"))["labels"]["kind"] == "note"
