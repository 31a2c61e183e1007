"""Sources of every bad kind, and workers that die or hang: no other source is looked at later for it."""

import gzip
import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.edges.running import Page, Quiet, Site, Vigie, home, until

HELD_S = 5.0  # for which a worker that hangs is left alone
RETRY_AFTER_S = 3
ITEM = "<item><title>All systems go {n}</title><guid>g{n}</guid><pubDate>Sun, 22 Nov 2026 07:00:00 GMT</pubDate></item>"


def _bomb(wire: Quiet) -> None:
    wire.answer(200, gzip.compress(b"\0" * 2**20) * 1024, more={"Content-Encoding": "gzip"})


def _drip(wire: Quiet) -> None:
    wire.send_response(200)
    wire.send_header("Content-Length", "100000")
    wire.end_headers()
    for _ in range(900):
        wire.wfile.write(b" ")
        time.sleep(0.1)


def _busy(wire: Quiet) -> None:
    wire.answer(429, more={"Retry-After": str(10**5)})


def _away(wire: Quiet) -> None:
    wire.answer(503, more={"Retry-After": str(RETRY_AFTER_S)})


def _channel(name: str, kind: str, url: str) -> str:
    return f'  {name}: {{name: {name.title()}, probes: [{{kind: {kind}, url: "{url}", every: 1s}}]}}\n'


def _parsers(vigie: Vigie) -> list[int]:
    """The daemon's parser workers, by their process ids."""
    assert vigie.process is not None
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if int(words[1]) == vigie.process.pid and b"monitor.workers.child" in line:
            found.append(int(entry.name))
    return found


def _calm_gap(page_times: list[float]) -> float:
    return max(b - a for a, b in pairwise(page_times))


@pytest.mark.slow
def test_F21_F36_B01_hostile_sources_and_workers_that_die_or_hang_delay_nobody_else(tmp_path: Path) -> None:
    calm = Page()
    feeds = 0

    def feed(wire: Quiet) -> None:  # another text each time, so that each is read by a worker
        nonlocal feeds
        feeds += 1
        items = "".join(ITEM.format(n=n) for n in range(feeds, feeds + 5))
        wire.answer(200, f'<rss version="2.0"><channel><title>F</title>{items}</channel></rss>'.encode(), "text/xml")

    def well(wire: Quiet) -> None:
        wire.answer(200, calm.summary())

    bad = {"/bomb": _bomb, "/drip": _drip, "/busy": _busy, "/away": _away}
    site = Site(bad | {"/feed": feed, "/calm": well})
    more = "".join(_channel(path[1:], "status.statuspage", site.root + path) for path in (*bad, "/calm"))
    more += _channel("news", "policy.feed", f"{site.root}/feed")
    try:
        with home(tmp_path) as (_, _, vigie):
            vigie.text = vigie.text[: vigie.text.index("people:")] + more  # nobody is told: this is about looking
            vigie.start(wait=False)
            until(lambda: site.asked("/feed") >= 2 and _parsers(vigie), "the feed is not read")
            until(lambda: _failure(vigie, "bomb") == "limit", "the bomb was not called by its name")
            began = len(site.heard["/calm"])

            hung = _parsers(vigie)
            for worker in hung:
                os.kill(worker, signal.SIGSTOP)
            until(lambda: set(_parsers(vigie)).isdisjoint(hung), "a worker that hangs was not replaced")
            failed = 'vigie_probe_failures_total{channel="news",probe="news/1",reason="limit"}'
            until(lambda: vigie.metric(failed) >= 1, "a reading that did not come was not counted")

            asked = site.asked("/feed")
            until(
                lambda: not _failure(vigie, "news") and site.asked("/feed") > asked + 1,
                "the feed is not read again",
            )
            for worker in _parsers(vigie):
                os.kill(worker, signal.SIGKILL)
            time.sleep(2)
            until(lambda: _parsers(vigie), "a worker that was killed was not replaced")
            until(lambda: not _failure(vigie, "news"))

            gap = _calm_gap(site.heard["/calm"][began:])
            assert gap < HELD_S, f"a calm source waited {gap:.1f} s for its turn"
            assert vigie.state("calm") == "operational"
            assert site.asked("/busy") == 1, "who asked for a day was asked again"
            away = site.heard["/away"]
            assert len(away) >= 2
            assert min(b - a for a, b in pairwise(away)) >= RETRY_AFTER_S - 0.1
            assert {vigie.state(path[1:]) for path in bad} == {"unknown"}
            assert "Traceback" not in vigie.log()
            assert vigie.ends() == 0
            assert not _parsers(vigie)
    finally:
        site.close()
        calm.close()


def _failure(vigie: Vigie, channel: str) -> str:
    """Why the channel's probe has no reading, or nothing."""
    failure = vigie.get(f"/api/v1/channels/{channel}")["probes"][0]["failure"]
    return failure["reason"] if failure else ""
