"""The machine's own lateness: sleeps and says how late it woke up, until its stdin ends. Prints JSON: p99_s, max_s."""

import json
import sys
import threading
import time

__all__ = ["SLEEP_S"]

SLEEP_S = 0.02


def _lateness(ended: threading.Event) -> list[float]:
    late = []
    while not ended.is_set():
        due = time.monotonic() + SLEEP_S
        time.sleep(SLEEP_S)
        late.append(time.monotonic() - due)
    return sorted(late)


def _main() -> None:
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait).start()
    late = _lateness(ended)
    print(json.dumps({"p99_s": late[int(len(late) * 0.99)], "max_s": late[-1]}))  # noqa: T201 - the answer


if __name__ == "__main__":
    _main()
