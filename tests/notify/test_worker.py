"""The real sender: Apprise in killable processes, against real sockets."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from monitor.core.model import Link, Message, Rules, SendOutcome
from monitor.notify import Envelope, Sent, WorkerSender, notify_test
from tests.notify import given
from tests.notify.desk import message
from tests.notify.receivers import (
    Answer,
    drip_body,
    drip_head,
    endless_body,
    gzip_bomb,
    hang,
    receiver,
    reset,
    says,
)
from tests.patience import HANG_S, until

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def envelope(key: str = "0-1/1/opened/first/1", *, step: str = "opened", words: Message | None = None) -> Envelope:
    return Envelope(key, "0-1", 1, step, words or message(), NOW, critical=True, repeat=False)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sender() -> AsyncIterator[WorkerSender]:
    """One notifier process for all tests that do not harm it."""
    sender = WorkerSender({})
    yield sender
    await sender.close()


@pytest_asyncio.fixture(loop_scope="module")
async def own_sender() -> AsyncIterator[WorkerSender]:
    sender = WorkerSender({})
    yield sender
    await sender.close()


async def test_a_webhook_gets_title_words_type_and_the_key_in_header_and_body(sender: WorkerSender) -> None:
    async with receiver(says("200 OK")) as here:
        sender.set_contacts({"first/1": here.url})
        sent = await sender.send("first/1", envelope())
        ended = await sender.send("first/1", envelope("0-1/2/resolved/first/1", step="resolved"))
    assert (sent.outcome, sent.status) == (SendOutcome.DELIVERED, 200)
    assert ended.outcome is SendOutcome.DELIVERED
    note = here.notes()[0]
    assert note["title"] == "⛔ Newsletter: outage since 09:00"
    assert note["message"] == "What it means\nNo mail goes out."
    assert (note["version"], note["attachments"], note["type"]) == ("1.0", [], "failure")
    assert (note["key"], note["incident"], note["step"]) == ("0-1/1/opened/first/1", "0-1", "opened")
    assert here.heads[0]["idempotency-key"] == "0-1/1/opened/first/1"
    assert here.notes()[1]["type"] == "success"


async def test_a_webhook_is_told_what_it_is_about_and_where_it_can_be_taken(sender: WorkerSender) -> None:
    link = "https://vigie.example/act/signed"
    ended = replace(given.envelope("resolved"), resolved=NOW + timedelta(minutes=9))
    async with receiver(says("200 OK")) as here:
        sender.set_contacts({"first/1": here.url, "x/1": here.url.replace("json", "xml")})
        await sender.send("first/1", given.envelope(act_url=link))
        await sender.send("first/1", ended)
        await sender.send("x/1", given.envelope(act_url=link))
    first, second = (json.loads(body) for body in here.bodies[:2])
    assert first["labels"] == {
        "channel": ["facebook", "instagram"],
        "platform": ["meta"],
        "kind": ["availability"],
        "severity": ["critical"],
    }
    assert (first["severity"], first["opened"], first["resolved"]) == ("critical", NOW.isoformat(), None)
    assert (first["url"], first["acknowledge_url"]) == (given.PAGE, link)
    assert second["resolved"] == (NOW + timedelta(minutes=9)).isoformat()
    assert "acknowledge_url" not in second, "where nobody may act there is no link"
    words = here.bodies[2].decode()
    assert "<labels>channel=facebook,instagram; platform=meta; kind=availability; severity=critical</labels>" in words
    assert f"<acknowledge_url>{link}</acknowledge_url>" in words
    assert "None" not in words


async def test_xml_and_forms_carry_the_key_too(sender: WorkerSender) -> None:
    async with receiver(says("200 OK")) as here:
        sender.set_contacts({"x/1": here.url.replace("json", "xml"), "f/1": here.url.replace("json", "form")})
        sent = await asyncio.gather(sender.send("x/1", envelope()), sender.send("f/1", envelope()))
    assert {result.outcome for result in sent} == {SendOutcome.DELIVERED}
    assert any(b"<key>0-1/1/opened/first/1</key>" in body for body in here.bodies)
    assert any(b"key=0-1%2F1%2Fopened%2Ffirst%2F1" in body for body in here.bodies)


HOSTILE: dict[str, tuple[Answer, SendOutcome]] = {
    "drip": (drip_body, SendOutcome.DELIVERED),
    "endless": (endless_body, SendOutcome.DELIVERED),
    "gzip": (gzip_bomb, SendOutcome.DELIVERED),
    "error-text": (says("200 OK", b"error: no such room"), SendOutcome.DELIVERED),
    "302": (says("302 Found", b"", "Location: /elsewhere"), SendOutcome.REJECTED),
    "307": (says("307 Temporary Redirect", b"", "Location: /elsewhere"), SendOutcome.REJECTED),
    "404": (says("404 Not Found"), SendOutcome.REJECTED),
    "408": (says("408 Request Timeout"), SendOutcome.RETRY),
    "425": (says("425 Too Early"), SendOutcome.RETRY),
    "429": (says("429 Too Many Requests", b"", "Retry-After: 100000"), SendOutcome.RETRY),
    "500": (says("500 Oops"), SendOutcome.RETRY),
    "503-date": (says("503 Busy", b"", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"), SendOutcome.RETRY),
    "503-junk": (says("503 Busy", b"", "Retry-After: soon"), SendOutcome.RETRY),
    "reset": (reset, SendOutcome.UNKNOWN),
    "junk": (says("banana"), SendOutcome.UNKNOWN),
}


@pytest.mark.parametrize("service", ["json", "ntfy"])
async def test_B80_the_status_line_decides_whatever_a_hostile_receiver_does(sender: WorkerSender, service: str) -> None:
    """`json` is judged by its status line alone; of `ntfy` a little of the answer is read."""
    async with AsyncExitStack() as stack:
        heres = {name: await stack.enter_async_context(receiver(answer)) for name, (answer, _) in HOSTILE.items()}
        sender.set_contacts({name: here.url.replace("json", service) for name, here in heres.items()})
        await sender.start()
        names = list(HOSTILE)
        async with asyncio.timeout(HANG_S):
            results = await asyncio.gather(*(sender.send(name, envelope()) for name in names))
    sent = dict(zip(names, results, strict=True))
    assert {name: result.outcome for name, result in sent.items()} == {name: due for name, (_, due) in HOSTILE.items()}
    assert sent["429"].retry_after_s == 100_000
    assert sent["503-date"].retry_after_s == 0
    assert sent["503-junk"].retry_after_s is None
    assert {name for name, result in sent.items() if result.unseen} == {"429", "503-date", "503-junk"}
    assert "redirect" in sent["302"].detail
    assert {len(here.lines) for here in heres.values()} == {1}, "one request each: nothing followed, nothing repeated"
    assert all(here.heads[0]["accept-encoding"] == "identity" for here in heres.values())


async def test_a_refused_connection_and_an_unknown_name_are_tried_again(sender: WorkerSender) -> None:
    async with receiver(says("200 OK")) as here:
        port = here.port
    sender.set_contacts({"shut/1": f"json://127.0.0.1:{port}/", "lost/1": "json://nowhere.invalid/"})
    sent = await asyncio.gather(sender.send("shut/1", envelope()), sender.send("lost/1", envelope()))
    assert {(result.outcome, result.unseen) for result in sent} == {(SendOutcome.RETRY, True)}


async def test_a_stuck_send_is_unknown_its_process_is_replaced_and_other_sends_go_on() -> None:
    others = workers()
    sender = WorkerSender({}, attempt_s=3.0)
    async with receiver(drip_head) as bad, receiver(says("200 OK")) as good:
        sender.set_contacts({"bad/1": bad.url, "good/1": good.url})
        await sender.start()
        first = workers() - others
        stuck = asyncio.create_task(sender.send("bad/1", envelope()))
        sent = []
        while not stuck.done():
            sent.append((await sender.send("good/1", envelope())).outcome)
            await asyncio.sleep(0.05)
        sent.append((await sender.send("good/1", envelope())).outcome)
        assert (await stuck).outcome is SendOutcome.UNKNOWN
        assert set(sent) == {SendOutcome.DELIVERED}
        await until(lambda: len(workers() - others) == 1)
        assert workers() - others != first
    await sender.close()
    assert workers() <= others


def workers() -> set[int]:
    """Return the notifier processes that this process has started and that still run."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and fields[0] != "Z" and b"monitor.notify.worker" in command:
            found.add(int(status.parent.name))
    return found


async def test_a_killed_notifier_process_costs_one_try_and_the_next_starts_another(own_sender: WorkerSender) -> None:
    others = workers()
    async with receiver(hang) as silent, receiver(says("200 OK")) as good:
        own_sender.set_contacts({"silent/1": silent.url, "good/1": good.url})
        out = asyncio.create_task(own_sender.send("silent/1", envelope()))
        await silent.has(1)
        for pid in workers() - others:
            os.kill(pid, 9)
        assert (await out).outcome is SendOutcome.UNKNOWN
        assert (await own_sender.send("good/1", envelope())).outcome is SendOutcome.DELIVERED


async def test_F27_closing_is_quick_while_every_receiver_hangs_and_leaves_no_process(own_sender: WorkerSender) -> None:
    others = workers()
    async with receiver(hang) as silent, receiver(drip_head) as dripping:
        contacts = {f"d/{n}": (silent, dripping)[n % 2].url for n in range(20)}
        own_sender.set_contacts(contacts)
        sends = [asyncio.create_task(own_sender.send(name, envelope())) for name in contacts]
        await silent.has(10)
        await dripping.has(10)
        began = asyncio.get_running_loop().time()
        await own_sender.close()
        results = await asyncio.gather(*sends)
        assert asyncio.get_running_loop().time() - began < 3
    assert {result.outcome for result in results} == {SendOutcome.UNKNOWN}
    assert workers() <= others


async def test_a_contact_that_is_gone_is_refused_in_words(sender: WorkerSender) -> None:
    sent = await sender.send("nobody/1", envelope())
    assert sent == Sent(SendOutcome.REJECTED, "this contact is no longer configured")


async def test_no_secret_reaches_a_result_a_log_or_the_terminal(
    own_sender: WorkerSender, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary-7f3a"
    async with receiver(says("500 Oops", canary.encode())) as here:
        contacts = {
            "a/1": f"json://{canary}:{canary}-pw@127.0.0.1:{here.port}/{canary}/hook?+Authorization={canary}",
            "b/1": f"json://127.0.0.1:1/{canary}",
            "c/1": f"slack://{canary}/{canary}",
            "d/1": f"mailto://{canary}:{canary}@127.0.0.1:1?to={canary}@example.org&from=v@example.org",
            "e/1": f"tgram://{canary}/{canary}",
            "f/1": f"json://{canary}.invalid/",
            "g/1": f"alertmanager://{canary}:{canary}-pw@127.0.0.1:{here.port}/{canary}?+team={canary}",
            "h/1": f"alertmanager://127.0.0.1:1/?token={canary}",
            "i/1": f"alertmanager://127.0.0.1:1/?{canary}={canary}",
        }
        own_sender.set_contacts(contacts)
        results = await asyncio.gather(*(own_sender.send(name, envelope()) for name in contacts))
        faults = await own_sender.check(contacts)
    await own_sender.close()
    assert len([head["authorization"] for head in here.heads]) == 2
    assert "i/1" in faults
    printed = capfd.readouterr()
    everything = f"{results!r} {faults!r} {own_sender!r} {caplog.text} {printed.out} {printed.err}"
    assert canary not in everything
    assert {result.outcome for result in results} <= {SendOutcome.RETRY, SendOutcome.REJECTED}


async def test_B56_braces_and_variables_in_a_message_stay_as_they_are(sender: WorkerSender) -> None:
    words = Message("{{ 7*7 }} ${HOME} $PATH", "!", (("", "{{ config }} {% raw %} ${ENV} %(x)s {0}"),))
    async with receiver(says("200 OK")) as here:
        sender.set_contacts({"first/1": here.url})
        await sender.send("first/1", envelope(words=words))
    assert here.notes()[0]["title"] == "! {{ 7*7 }} ${HOME} $PATH"
    assert here.notes()[0]["message"] == "{{ config }} {% raw %} ${ENV} %(x)s {0}"


async def test_B55_a_title_of_20_kb_arrives_cut(sender: WorkerSender) -> None:
    async with receiver(says("200 OK")) as here:
        sender.set_contacts({"first/1": here.url})
        await sender.send("first/1", envelope(words=Message("word " * 4_000, "!", (("", "text"),))))
    assert len(here.notes()[0]["title"]) <= 85
    assert here.notes()[0]["title"].endswith("word…")


CHATS = {"ntfy": "ntfy://127.0.0.1:{port}/room", "mmost": "mmost://127.0.0.1:{port}/" + "a" * 24}


@pytest.mark.parametrize("contact", CHATS.values(), ids=CHATS)
async def test_B51_mentions_reach_no_chat_as_mentions(sender: WorkerSender, contact: str) -> None:
    words = Message("@everyone @here look", "!", (("@channel", "@all <!channel> <@U1> <users/all> [pay](http://x.y)"),))
    async with receiver(says("200 OK", b'{"id": "1"}')) as here:
        sender.set_contacts({"first/1": contact.format(port=here.port)})
        sent = await sender.send("first/1", envelope(words=words))
    assert sent.outcome is SendOutcome.DELIVERED
    body = here.bodies[0].decode()
    said = body.encode().decode("unicode_escape") if "\\u" in body else body
    assert "look" in said
    for sign in ("@everyone", "@here", "@channel", "@all", "<!", "<@", "<users", "]("):
        assert sign not in said, sign


async def test_a_test_message_tells_what_became_of_it(sender: WorkerSender) -> None:
    async with receiver(says("200 OK")) as here:
        sender.set_contacts({"first/1": here.url, "first/2": "json://127.0.0.1:1/"})
        rules = Rules(team="Example team", timezone="Europe/Paris")
        sent = await notify_test(sender, ["first/1", "first/2"], now=NOW, rules=rules)
    assert [sent[name].outcome for name in ("first/1", "first/2")] == [SendOutcome.DELIVERED, SendOutcome.RETRY]
    assert "at 10:00 (Paris time)" in here.notes()[0]["message"]
    assert here.notes()[0]["type"] == "info"


async def test_links_arrive_and_those_that_are_no_web_links_do_not(sender: WorkerSender) -> None:
    links = (Link("Page", "https://status.example.org/"), Link("Bad", "javascript:alert(1)"), Link("B", "http://u@h/"))
    async with receiver(says("200 OK")) as here:
        sender.set_contacts({"first/1": here.url})
        await sender.send("first/1", envelope(words=Message("t", "!", (("", "text"),), links)))
    assert here.notes()[0]["message"] == "text\n\nPage: https://status.example.org/"


@pytest.mark.slow
async def test_a_receiver_that_takes_the_message_and_hangs_is_unknown_after_10_s(sender: WorkerSender) -> None:
    async with receiver(hang) as silent:
        sender.set_contacts({"silent/1": silent.url})
        sent = await sender.send("silent/1", envelope())
    assert sent.outcome is SendOutcome.UNKNOWN
    assert "10 s" in sent.detail
