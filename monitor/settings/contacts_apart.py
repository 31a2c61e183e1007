"""Contacts checked in a process of its own, for the daemon: Apprise with its plugins would stay in it with 40 MB.

``python -m monitor.settings.contacts_apart`` reads a JSON list of addresses and answers a list of null or [what, hint].
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache

from monitor.settings.contacts import check_all
from monitor.settings.values import HintedError

__all__ = ["check_all_apart"]

ANSWER_S_MAX = 60.0


def check_all_apart(urls: Sequence[str]) -> Mapping[str, HintedError]:
    """What is wrong with each address that cannot be used; raises OSError when the process gave no answer."""
    return {url: HintedError(*fault) for url, fault in zip(urls, _asked(tuple(urls)), strict=True) if fault}


@lru_cache(maxsize=2)  # a reload seldom changes the contacts
def _asked(urls: tuple[str, ...]) -> tuple[tuple[str, str] | None, ...]:
    if not urls:
        return ()
    command = [sys.executable, "-m", __name__]
    done = subprocess.run(  # noqa: S603 - our own module
        command, input=json.dumps(urls), capture_output=True, text=True, timeout=ANSWER_S_MAX, check=False
    )
    if done.returncode:
        raise OSError("the process that checks contacts failed")
    return tuple(tuple(fault) if fault else None for fault in json.loads(done.stdout))


def _faults(urls: Sequence[str]) -> list[tuple[str, str] | None]:
    wrong = check_all(urls)
    return [(str(wrong[url]), wrong[url].hint) if url in wrong else None for url in urls]


if __name__ == "__main__":
    json.dump(_faults(json.load(sys.stdin)), sys.stdout)
