"""The post alone, as the daemon has it: store and writer thread, dispatcher, notifier process; nothing else.

``python -m tests.bench.post SECONDS GOOD BAD...``: URLs of receivers. Every PAGES_EVERY_S all bad ones are due another
page; the good one gets a message every EVERY_S, each for an incident of its own. Prints JSON: the key of each -> when
it was decided, in seconds of time.monotonic.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.core.model import Delivered, Message, Notification
from monitor.daemon.clock import WallClock
from monitor.daemon.post import StoreOutbox
from monitor.notify import Dispatcher, WorkerSender
from monitor.store import Store, StoreError, Writer, Writes

__all__ = ["EVERY_S"]

EVERY_S = 0.1  # slower than the pace of its lane, which is not what is measured
PAGES_EVERY_S = 5.0
SETTLE_S = 2.0
GOOD = "good/1"


def _note(incident: str, revision: int, to: str, *, critical: bool) -> Notification:
    now = datetime.now(UTC)
    words = Message("Newsletter: outage since 09:00", "!", (("What it means", "No mail goes out."),))
    key = f"{incident}/{revision}/updated/{to}"
    expires = now + timedelta(hours=4)
    return Notification(key, incident, revision, "updated", to, words, now, expires, critical=critical)


async def _run(contacts: Mapping[str, str], seconds: float, store: Store) -> dict[str, float]:
    loop = asyncio.get_running_loop()

    def failed(error: StoreError) -> None:
        raise error

    def ended(_: Delivered) -> None:
        pass

    writer = Writer(store, on_failure=failed)
    sender = WorkerSender(contacts)
    services = dict.fromkeys(contacts, "json")
    dispatcher = Dispatcher(
        StoreOutbox(writer, "bench", ended), sender, clock=WallClock(), services=services, on_final=ended
    )
    await sender.start()
    running = loop.create_task(dispatcher.run())

    def committed() -> None:
        loop.call_soon_threadsafe(dispatcher.notify_committed)

    def commit(*notes: Notification) -> None:
        writer.submit(Writes(notifications=notes), urgent=True, done=committed)

    decided: dict[str, float] = {}
    began = time.monotonic()
    number = 0
    while (now := time.monotonic()) - began < SETTLE_S + seconds:
        if number % round(PAGES_EVERY_S / EVERY_S) == 0:
            commit(*(_note("1", number, name, critical=True) for name in contacts if name != GOOD))
        if now - began >= SETTLE_S:
            note = _note(f"{2 + number}", 1, GOOD, critical=False)
            decided[note.key] = time.monotonic()
            commit(note)
        number += 1
        await asyncio.sleep(max(0.0, began + number * EVERY_S - time.monotonic()))
    await asyncio.sleep(SETTLE_S)
    await dispatcher.close()
    await running
    await asyncio.to_thread(writer.close, 2.0)
    await sender.close()
    return decided


def _main() -> None:
    seconds, good, bad = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
    contacts = {GOOD: good} | {f"bad{n}/1": url for n, url in enumerate(bad)}
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'post.db'}", now=datetime.now(UTC))
        print(json.dumps(asyncio.run(_run(contacts, seconds, store))))  # noqa: T201 - the answer


if __name__ == "__main__":
    _main()
