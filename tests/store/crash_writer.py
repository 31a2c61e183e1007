"""A process that is going to be killed: commits, leases and settles for ever, and says on stdout what is promised.

Lines: ``kept <n>`` once a commit's `done` has come; ``sending <key>`` before a message goes, ``settled <key>...``, the
keys of its rows, after.
Run as ``python -m tests.store.crash_writer <path> <rounds>``.
"""

import os
import sys
from pathlib import Path

from monitor.core.model import Gather, SendOutcome
from monitor.store import InlineWriter, Writes
from tests.store.given import NOW, decision, ended, incident, note, open_store, probe


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main(path: Path, rounds: int) -> None:
    store = open_store(path)
    say("open")
    store.release_leases(NOW)
    writer = InlineWriter(store)
    begun = len(store.decisions(limit=10_000))
    for n in range(begun, begun + rounds):
        name = f"x-{n}"
        pair = [note(f"{p}{n}", incident=f"{name}-{p}", destination="d", gather=Gather.DIGEST) for p in "ab"]
        writes = Writes(
            probes=(probe("x/1", n),),
            incidents=(incident(name),),
            decisions=(decision(str(n)),),
            notifications=(note(f"k{n}", incident=name), *pair),
        )
        writer.submit(writes, urgent=True, done=lambda n=n: say(f"kept {n}"))  # type: ignore[misc]
        for parcel in store.lease(NOW, 10, owner="me"):
            keys = [row.notification.key for row in parcel.rows]
            say(f"sending {parcel.key}")
            ended(store, keys, SendOutcome.DELIVERED, at=NOW)
            say(f"settled {' '.join(keys)}")
    store.close()
    say("closed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
