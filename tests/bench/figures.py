"""The figures: each measures one thing on the real daemon and gives rows of the table.

CPU time stands for speed, because it means the same on a busy machine; what takes wall-clock time says so by its unit.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import yaml

from monitor.core.model import Configured, Read
from monitor.core.step import restore
from monitor.engine import Engine
from monitor.settings import Settings, load
from monitor.store import InlineWriter, Store
from probes.base import Certainty, Family, Reading, Severity, Signal
from tests.bench.ends import ends, next_job
from tests.bench.ground import Daemon, Pinger, World, daemon, series, sleeper, sources, standing
from tests.bench.rows import Figure, Row, least, most, within
from tests.bench.sending import hung
from tests.edges.running import Receiver, free_port, until
from tests.stories.clock import START, run
from tests.stories.house import House, Inbox, settings_of, statuspage
from tests.stories.house import World as StoryWorld

__all__ = ["FIGURES"]

MIB = 1024 * 1024
SHIPPED = Path(__file__).parents[2] / "config"


# --- CPU, memory, the start, the schedule ----------------------------------------------------------------------------

_EVERY_S = 10
_SCRAPE_EVERY_S = 15.0
_CPU_GOALS = {1000: 1.25, 5000: 1.4}
"""0.6 and 0.35 x Gatus, in bare loops: 815 ms of 664 ms, 371 ms of 266 ms where all three were measured."""
_MEMORY_GOALS_MIB = {100: 140, 1000: 160, 5000: 220}


def _steady(count: int) -> Callable[[World, bool], Iterator[Row]]:
    def measure(world: World, quick: bool) -> Iterator[Row]:  # noqa: FBT001 - one of two ways to measure
        asked = f"/steady{count}/"
        with daemon("channels:\n" + sources(world, f"steady{count}", count, f"{_EVERY_S}s")) as vigie:
            until(lambda: world.asked(asked)[1] == count, "not every source was asked")
            first_s = time.monotonic() - vigie.began
            time.sleep(_EVERY_S * 1.2)  # the first round and the first turn of every source are behind us
            rounds = 1 if quick else 3 if count == 1000 else 2
            late = vigie.lateness("vigie_scheduler_late_seconds")
            runs, cpu_s = _cpu_of(world, vigie, asked, rounds * _EVERY_S)
            late = vigie.lateness("vigie_scheduler_late_seconds").since(late)
            resident = vigie.cost.resident_bytes / MIB
        bare = world.bare(count, _EVERY_S, warm_s=_EVERY_S * 1.2, measured_s=rounds * _EVERY_S)
        ours, theirs = cpu_s / runs * 1e6, bare.cpu_s / bare.runs * 1e6  # ms per 1,000
        what = f"CPU per 1,000 runs, {count:,} sources at {_EVERY_S} s"
        note = f"; {ours:.0f} ms, bare aiohttp loop {theirs:.0f} ms"
        yield most(what, ours / theirs, _CPU_GOALS[count], "x bare", note)
        yield most(f"resident, {count:,} sources, workers included", resident, _MEMORY_GOALS_MIB[count], "MB")
        if count == 1000:
            yield most("1,000 sources probed once after start", first_s, 5, "s")
            yield within("schedule lag p99, 1,000 sources at 10 s", late, 0.99, 0.05)

    return measure


def _cpu_of(world: World, vigie: Daemon, asked: str, seconds: float) -> tuple[int, float]:
    """Runs and CPU seconds of the whole daemon in so many seconds, with a scrape now and then and the board open."""
    runs, cost, began = world.asked(asked)[0], vigie.cost, time.monotonic()
    while (left := began + seconds - time.monotonic()) > 0:
        time.sleep(min(left, _SCRAPE_EVERY_S))
        vigie.scrape()
    return world.asked(asked)[0] - runs, vigie.cost.cpu_s - cost.cpu_s


def _small(world: World, quick: bool) -> Iterator[Row]:  # noqa: ARG001, FBT001 - as all figures
    with daemon("channels:\n" + sources(world, "small", 100, f"{_EVERY_S}s")) as vigie:
        until(lambda: world.asked("/small/")[1] == 100, "not every source was asked")
        time.sleep(_EVERY_S * 1.2)
        resident = vigie.cost.resident_bytes / MIB
    yield most("resident, 100 sources, workers included", resident, _MEMORY_GOALS_MIB[100], "MB")


# --- full load -------------------------------------------------------------------------------------------------------


_REFERENCE_RATE = 11_965
"""Runs/s of the bare loop on the core for which the goals were set; what this one makes says how much slower it is."""


def _sustained(world: World, quick: bool) -> Iterator[Row]:  # noqa: FBT001 - as all figures
    """Unchanged bodies, and more of them than one core can."""
    seconds, count = 5.0 if quick else 10.0, 500
    with daemon("channels:\n" + sources(world, "still", count, "100ms")) as vigie:
        until(lambda: world.asked("/still/")[1] == count, "not every source was asked")
        time.sleep(5)
        began = time.monotonic()
        runs, cpu_s = _cpu_of(world, vigie, "/still/", seconds)
        wall_s = time.monotonic() - began
    bare = world.bare(count, 0, warm_s=3, measured_s=seconds)
    rate, theirs = runs / cpu_s, bare.runs / bare.cpu_s
    what = "sustained runs on one core, whole daemon"
    yield least(what, rate, 5000, "runs/s", f" of CPU; {runs / wall_s:.0f}/s by the clock")
    slower = _REFERENCE_RATE / theirs
    note = (
        f"; bare {theirs:.0f}/s, {_REFERENCE_RATE}/s where the goals were set: this core takes {slower:.2g} x as long"
    )
    yield least(f"  {what}, by the bare loop", rate / theirs, 5000 / _REFERENCE_RATE, "x bare", note)


_FEEDS = 10
_LOAD_SCRAPE_EVERY_S = 5.0


def _loop_lag(world: World, quick: bool) -> Iterator[Row]:  # noqa: FBT001 - as all figures
    feeds = "\n".join(
        f'      - {{kind: policy.feed, url: "{world.url(f"/feed/{n}")}", every: 1s}}' for n in range(_FEEDS)
    )
    more = f"\n  feeds:\n    name: Feeds\n    probes:\n{feeds}"
    with daemon("channels:\n" + sources(world, "full", 1000, "2s") + more, pinned=False) as vigie:
        until(lambda: world.asked("/full/")[1] == 1000, "not every source was asked")
        time.sleep(5)
        late = vigie.lateness("vigie_event_loop_lag_seconds")
        with sleeper() as alone, Pinger(vigie) as pinger:
            began = time.monotonic()
            while time.monotonic() - began < (10 if quick else 20):
                time.sleep(_LOAD_SCRAPE_EVERY_S)
                vigie.scrape()
        late = vigie.lateness("vigie_event_loop_lag_seconds").since(late)
    load = "500 runs/s, 10 feeds/s, a scrape every 5 s"
    yield within(f"event-loop lag p99: {load}", late, 0.99, 0.02)
    yield within("event-loop lag, max", late, 1.0, 0.1)
    p99, worst = pinger.quantile(0.99) * 1e3, pinger.quantile(1.0) * 1e3
    yield Row("  the same seen from outside: /healthz", "", f"p99 {p99:.3g} ms, max {worst:.3g} ms")
    own = f"p99 {alone.p99_s * 1e3:.3g} ms, max {alone.max_s * 1e3:.3g} ms"
    yield Row("  the machine's own: a process beside it that only sleeps", "", own)


_SCRAPES = 10


def _scrape(world: World, quick: bool) -> Iterator[Row]:  # noqa: ARG001, FBT001 - as all figures
    """500 sources have about 10,000 series; the time is given for 10,000."""
    with daemon("channels:\n" + sources(world, "scraped", 500, "10s")) as vigie:
        until(lambda: world.asked("/scraped/")[1] == 500, "not every source was asked")
        time.sleep(3)
        took = []
        with sleeper() as alone, Pinger(vigie) as pinger:
            for _ in range(_SCRAPES):
                time.sleep(1.1)  # scrapes within a second share one rendering
                seconds, body = vigie.scrape()
                took.append(seconds)
    held = dict(series(body))["vigie_metric_series"]
    median_ms = sorted(took)[_SCRAPES // 2] * 1e3 * 10_000 / held
    yield most("scrape of 10,000 series", median_ms, 100, "ms", f" (median of {_SCRAPES}; {held:.0f} series held)")
    worst = pinger.quantile(1.0) * 1e3
    own = f" (a process beside it that only sleeps: {alone.max_s * 1e3:.3g} ms)"
    yield most("  the loop meanwhile, seen from outside: max", worst, 20, "ms", own)


# --- from the page to the people, from the start to the verdict ------------------------------------------------------


def _page_turns(world: World, quick: bool) -> Iterator[Row]:  # noqa: FBT001 - as all figures
    receiver = Receiver()
    channels = (
        f"channels:\n  turning:\n    name: Turning\n    probes:\n"
        f'      - {{kind: status.statuspage, url: "{world.url("/turning.json")}", every: 1s}}'
    )
    people = (
        f'people: {{first: {{name: First, contacts: ["json://127.0.0.1:{receiver.port}/hook"]}}}}\n'
        "routes: {receiver: first, group_wait: 0s, group_interval: 0s}\n"
        "rules: {resolve_after: 0s, reopen_within: 0s, flap_changes: 100}"
    )
    took: list[float] = []
    try:
        with daemon(channels, people) as vigie:
            until(vigie.vigie.ready, "it did not settle")
            for turn in range(2 if quick else 5):
                took += _turn(world, receiver, 2 * turn)
    finally:
        receiver.close()
    worst = max(took)
    note = f" (worst of {len(took)}; median {sorted(took)[len(took) // 2]:.2g} s)"
    yield most("page turns -> message at the receiver, every: 1s", worst, 3, "s", note)


def _turn(world: World, receiver: Receiver, heard: int) -> Iterator[float]:
    """Turn the page bad and well again, and hear of both; how long the first took."""
    began = time.monotonic()
    world.get("/_turn")
    until(lambda: len(receiver.got) > heard, "the opening was not heard")
    yield receiver.at[heard] - began
    world.get("/_calm")
    until(lambda: len(receiver.got) > heard + 1, "the all-clear was not heard")
    time.sleep(1.5)


def _first_verdict(world: World, quick: bool) -> Iterator[Row]:  # noqa: ARG001, FBT001 - as all figures
    """The shipped configuration behind a proxy on loopback that lets nothing out, so the internet is not asked."""
    port = free_port()
    shipped = yaml.safe_load((SHIPPED / "vigie.yaml").read_text())
    shipped |= {"server": {"listen": f"127.0.0.1:{port}"}, "fetch": {"proxy": world.url("")}}
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as name:
        folder = Path(name)
        shutil.copytree(SHIPPED, folder / "config")
        watched = {c for c, rule in load(SHIPPED / "vigie.yaml", {}).channel_rules.items() if rule.probes}

        def judged(vigie: Daemon) -> bool:
            rows = [row for row in vigie.vigie.get("/api/v1/channels")["channels"] if row["id"] in watched]
            return any("not been looked at" not in " ".join(row["reasons"]) for row in rows)

        with standing(folder, yaml.safe_dump(shipped), port) as vigie:
            until(lambda: judged(vigie), "there was no verdict")
            took_s = time.monotonic() - vigie.began
    yield most("start to first verdict of the shipped configuration", took_s, 2, "s", f" ({len(watched)} channels)")


# --- the mind --------------------------------------------------------------------------------------------------------

_PROBES = 60


def _days(world: World, quick: bool) -> Iterator[Row]:  # noqa: ARG001, FBT001 - as all figures
    """A quiet day of 60 probes, one run a minute each, on a virtual clock: the whole house, then the engine alone."""
    hours = 4.0 if quick else 24.0
    said = StoryWorld()
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        urls = [f"https://status.c{n}.example/api/v2/summary.json" for n in range(_PROBES)]
        lines = [
            f'  c{n}: {{name: C{n}, probes: [{{kind: status.statuspage, url: "{url}", every: 1m}}]}}'
            for n, url in enumerate(urls)
        ]
        settings = settings_of(Path(folder), "channels:\n" + "\n".join(lines) + "\n")
        for url in urls:
            said.says(url, statuspage(API="operational"))
        with closing(Store.open(f"sqlite:///{folder}/day.db", now=START, reserve_bytes=4096)) as store:

            async def live() -> None:
                house = House(settings, store, said, Inbox())
                await asyncio.sleep(hours * 3600)
                await house.close()

            began = time.process_time()
            run(live())
            house_s = time.process_time() - began
        with closing(Store.open(f"sqlite:///{folder}/engine.db", now=START, reserve_bytes=4096)) as store:
            engine_s = _engine_alone(settings, store, hours)
    what, days = "simulated days a minute, 60 probes", hours / 24 * 60
    note = f" of CPU ({engine_s / said.asked * 1e6:.0f} us a run)"
    yield least(f"{what}: engine and store", days / engine_s, 30, "days", note)
    note = f"{days / house_s:.3g} days of CPU ({house_s / said.asked * 1e6:.0f} us a run)"
    yield Row(f"  {what}: with scheduler, runner, post", "", note)


def _engine_alone(settings: Settings, store: Store, hours: float) -> float:
    """CPU seconds of the same day as events put into the engine at their times, and ticks when it asks for them."""
    now = START
    rules = settings.rules_for_mind()
    state = restore(store.load(), rules, now)
    engine = Engine(InlineWriter(store), rules, state, lambda: now, lambda _: None)
    well = Signal("page", Family.STATUS, Severity.OK, Certainty.OFFICIAL, "The vendor's page says that all works")
    reading = Reading((well,))
    engine.configure(rules, Configured(start=True))
    began = time.process_time()
    gap = timedelta(minutes=1) / len(settings.probes)
    for turn in range(int(hours * 60 * len(settings.probes))):
        following = START + (turn + 1) * gap
        while (wake := engine.state.wake) is not None and wake <= following:
            now = max(now, wake)
            engine.tick()
        now = following
        engine.put(Read(settings.probes[turn % len(settings.probes)].id, reading, False))  # noqa: FBT003 - reached
    return time.process_time() - began


FIGURES: tuple[Figure, ...] = (
    Figure("small", "100 sources: memory", _small),
    Figure("steady", "1,000 sources at 10 s: CPU, memory, start, schedule", _steady(1000)),
    Figure("many", "5,000 sources at 10 s: CPU, memory", _steady(5000)),
    Figure("sustained", "as many runs as one core can", _sustained),
    Figure("lag", "the event loop under full load with feeds", _loop_lag),
    Figure("scrape", "10,000 series", _scrape),
    Figure("turn", "a page turns, people hear", _page_turns),
    Figure("worker", "a worker dies", next_job),
    Figure("end", "told to end", ends),
    Figure("hung", "fifty receivers hang, another is told", hung),
    Figure("verdict", "start to first verdict of the shipped configuration", _first_verdict),
    Figure("days", "simulated days", _days),
)
