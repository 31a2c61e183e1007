"""Which process serves whom: a destination that hung is tried again apart from the others."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from monitor.core.model import SendOutcome
from monitor.notify import Envelope, WorkerSender, notifier, pool
from tests.notify.desk import message
from tests.notify.receivers import hang, receiver, says
from tests.patience import until

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def envelope() -> Envelope:
    return Envelope("0-1/1/opened/first/1", "0-1", 1, "opened", message(), NOW)


@pytest_asyncio.fixture
async def sender() -> AsyncIterator[WorkerSender]:
    made = WorkerSender({}, attempt_s=3.0, slow_s=2.9)
    yield made
    await made.close()


def process(shift: "pool._Shift") -> int | None:
    return shift._now._process.pid if shift._now is not None else None


async def test_F31_who_hung_is_tried_again_in_another_process_until_it_answers(sender: WorkerSender) -> None:
    async with receiver(hang) as bad, receiver(says("200 OK")) as good:
        sender.set_contacts({"bad/1": bad.url, "good/1": good.url})
        assert (await sender.send("bad/1", envelope())).outcome is SendOutcome.UNKNOWN
        assert (await sender.send("good/1", envelope())).outcome is SendOutcome.DELIVERED
        await until(lambda: sender.replaced == 1)  # the process with the stuck thread
        quick = process(sender._quick)
        assert (await sender.send("bad/1", envelope())).outcome is SendOutcome.UNKNOWN
        await sender.send("good/1", envelope())
        assert process(sender._quick) == quick, "the others' process was not touched"
        assert process(sender._patient) not in {None, quick}
        sender.set_contacts({"bad/1": good.url, "good/1": good.url})
        assert (await sender.send("bad/1", envelope())).outcome is SendOutcome.DELIVERED
        assert not sender._slow
        assert len(good.bodies) == 3


async def test_the_process_for_the_slow_ends_when_nobody_is_any_more(
    sender: WorkerSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "REST_S", 0.0)
    async with receiver(says("200 OK")) as good:
        sender.set_contacts({"good/1": good.url})
        sender._slow.add("good/1")
        assert (await sender.send("good/1", envelope())).outcome is SendOutcome.DELIVERED
        assert process(sender._quick) is None
        assert process(sender._patient) is not None
        await until(lambda: process(sender._patient) is None and not sender._patient._retired)
        assert (await sender.send("good/1", envelope())).outcome is SendOutcome.DELIVERED


async def test_without_room_for_a_second_process_the_first_one_serves_all(
    sender: WorkerSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiver(says("200 OK")) as good:
        sender.set_contacts({"good/1": good.url})
        await sender.start()
        monkeypatch.setattr(notifier, "COMMAND", ("false",))
        sender._slow.add("good/1")
        assert (await sender.send("good/1", envelope())).outcome is SendOutcome.RETRY
        assert (await sender.send("good/1", envelope())).outcome is SendOutcome.DELIVERED
