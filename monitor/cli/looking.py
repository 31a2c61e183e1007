"""Verbs that look outside once and change nothing: ``check-sources`` and ``probe``."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import click
from immutables import Map
from rich.progress import Progress

import probes as kinds
from monitor.cli.printing import as_json, heading, out, rows, state_text, visible
from monitor.core.model import Configured, Failed, MonitorState, ProbeState, Read, Rules, State, Step
from monitor.core.source import view
from monitor.core.step import step
from monitor.daemon.daemon import fetch_policy
from monitor.daemon.runner import look
from monitor.fetch import Fetcher
from monitor.settings import ProbeSpec, Settings, redact
from monitor.store import Store, StoreError
from monitor.web.views import signal
from monitor.workers import Parsers
from probes.base import Fetch, Observation, Reading, Request, Unreachable, Unreadable

__all__ = ["check_sources", "probe"]

BODY_SHOWN_CHARS = 600
AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Looked:
    """What one run came to."""

    spec: ProbeSpec
    requests: tuple[Request, ...]
    answers: tuple[Observation, ...]
    observation: Observation | None
    reading: Reading | None
    fault: Unreachable | Unreadable | None

    @property
    def moved(self) -> str:
        """Where the first address leads now, when to another place."""
        if self.observation is None or not self.answers:
            return ""
        asked, got = self.requests[0].url, self.answers[0].url
        return got if urlsplit(asked)[:3] != urlsplit(got)[:3] else ""


class _Listening:
    """A fetch that remembers what went through it."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.requests: list[Request] = []
        self.answers: list[Observation] = []

    async def __call__(self, request: Request) -> Observation:
        self.requests.append(request)
        answer = await self._fetch(request)
        self.answers.append(answer)
        return answer


@asynccontextmanager
async def _outside(settings: Settings) -> AsyncIterator[tuple[Fetcher, Parsers]]:
    parsers = Parsers()
    try:
        async with Fetcher(fetch_policy(settings), lambda: datetime.now(UTC)) as fetcher:
            yield fetcher, parsers
    finally:
        await parsers.close()


async def _look(
    spec: ProbeSpec, before: ProbeState, fetcher: Fetch, parsers: Parsers, secrets: frozenset[str]
) -> Looked:
    listening = _Listening(fetcher)
    seen: Observation | None = None
    reading: Reading | None = None
    fault: Unreachable | Unreadable | None = None
    kind = kinds.load(spec.kind)
    try:
        seen, reading = await look(
            kind, spec, listening, before.memory, parsers.interpret, lambda text: redact(text, secrets)
        )
    except (Unreachable, Unreadable) as error:
        fault = error
        seen = listening.answers[-1] if listening.answers else None
    return Looked(spec, tuple(listening.requests), tuple(listening.answers), seen, reading, fault)


def _event(looked: Looked, settings: Settings) -> Read | Failed:
    if looked.reading is not None:
        return Read(looked.spec.id, looked.reading)
    fault = looked.fault
    assert fault is not None
    return Failed(looked.spec.id, fault.reason, redact(str(fault), settings.secrets), isinstance(fault, Unreachable))


# --- check-sources ---------------------------------------------------------------------------------------------------


def check_sources(settings: Settings, *, json: bool) -> int:
    """Try every source once; say what answers, what moved and what cannot be read."""
    looked = asyncio.run(_all(settings, show=not json and out().is_terminal))
    said = [_verdict(one, settings) for one in looked]
    broken = [s for s in said if s["verdict"] == "cannot be read"]
    if json:
        as_json({"sources": said})
    else:
        rows(
            ("PROBE", "KIND", "ADDRESS", "VERDICT", "WHAT IT SAYS"),
            [(s["probe"], s["kind"], s["url"], s["verdict"], s["says"]) for s in said],
        )
        moved = sum(s["verdict"] == "moved" for s in said)
        click.echo(
            f"{len(said)} sources: {len(said) - len(broken)} answer ({moved} moved), {len(broken)} cannot be read."
        )
        for channel in settings.channel_rules.values():
            if not any(p.family in ("status", "api") for p in channel.probes):
                click.echo(f"{channel.id}: no source of its availability{': ' + channel.note if channel.note else ''}")
    return 1 if broken else 0


async def _all(settings: Settings, *, show: bool) -> list[Looked]:
    gate = asyncio.Semaphore(AT_ONCE)
    async with _outside(settings) as (fetcher, parsers):
        with Progress(transient=True, disable=not show) as progress:
            task = progress.add_task("Trying every source once", total=len(settings.probes))

            async def one(spec: ProbeSpec) -> Looked:
                async with gate:
                    looked = await _look(
                        spec, ProbeState(spec.id, spec.rule.channel), fetcher, parsers, settings.secrets
                    )
                    progress.advance(task)
                    return looked

            return list(await asyncio.gather(*(one(spec) for spec in settings.probes)))


def _verdict(looked: Looked, settings: Settings) -> dict[str, str]:
    if looked.reading is None:
        verdict, says = "cannot be read", redact(str(looked.fault), settings.secrets)
    else:
        worst = sorted(looked.reading.signals, key=lambda s: -s.severity)[:1]
        count = len(looked.reading.signals)
        says = worst[0].summary if worst else ("it was read" if not count else f"{count} signals")
        verdict = "moved" if looked.moved else "answers"
        says = f"now at {redact(looked.moved, settings.secrets)}; {says}" if looked.moved else says
    rule = looked.spec.rule
    return {"probe": rule.id, "kind": rule.kind, "url": rule.url, "verdict": verdict, "says": visible(says)}


# --- probe -----------------------------------------------------------------------------------------------------------


def probe(settings: Settings, wanted: str, *, json: bool) -> int:
    """One run of a channel's probes (or of one), explained: request, answer, signals, what it would change."""
    specs = [s for s in settings.probes if wanted in (s.id, s.rule.channel)]
    if not specs:
        known = ", ".join(sorted({s.rule.channel for s in settings.probes}))
        raise click.ClickException(f"no probe is called {wanted[:64]!r}; channels with probes: {known or 'none'}")
    state, rules = _kept(settings), settings.rules_for_mind()
    looked = asyncio.run(_some(settings, specs, state))
    said = []
    for one in looked:
        taken = step(state, _event(one, settings), rules, datetime.now(UTC))
        said.append(_explained(one, settings, rules, state, taken))
    if json:
        as_json({"runs": said})
    else:
        for run in said:
            _print_run(run)
    return 1 if any(one.reading is None for one in looked) else 0


async def _some(settings: Settings, specs: Sequence[ProbeSpec], state: State) -> list[Looked]:
    async with _outside(settings) as (fetcher, parsers):
        return [await _look(spec, state.probes[spec.id], fetcher, parsers, settings.secrets) for spec in specs]


def _kept(settings: Settings) -> State:
    """What is held now, as far as a store is there: what a run would change depends on it."""
    rules = settings.rules_for_mind()
    state = State()
    path = settings.store.partition("///")[2]
    if path and os.path.exists(path):  # noqa: PTH110 - the store's own notation of a path
        try:
            reader = Store.open_readonly(settings.store)
            kept = reader.load()
            reader.close()
            state = State(kept.monitor or MonitorState(), Map(kept.probes), Map(kept.channels), Map(kept.incidents))
        except StoreError as error:
            click.echo(f"The store cannot be read, so nothing is known of before: {error}", err=True)
    return step(state, Configured(), rules, datetime.now(UTC)).state


def _explained(one: Looked, settings: Settings, rules: Rules, before: State, taken: Step) -> dict[str, Any]:
    rule = one.spec.rule
    now = datetime.now(UTC)
    source = view(rule, taken.state.probes[rule.id], now)
    then, after = before.channels[rule.channel].health, taken.state.channels[rule.channel].health
    return {
        "probe": rule.id,
        "kind": rule.kind,
        "requests": [
            {"method": r.method, "url": redact(r.url, settings.secrets), "body_max": r.body_max} for r in one.requests
        ],
        "answers": [_answer(a, settings) for a in one.answers],
        "fault": {"reason": one.fault.reason.value, "text": redact(str(one.fault), settings.secrets)}
        if one.fault
        else None,
        "signals": [signal(s) for s in one.reading.signals] if one.reading else [],
        "source": source.state.value,
        "channel": {
            "id": rule.channel,
            "before": {"availability": then.availability.value, "risk": then.risk.value},
            "after": {"availability": after.availability.value, "risk": after.risk.value},
            "name": rules.channels[rule.channel].name,
        },
        "decisions": [{"code": d.code, "text": d.text} for d in taken.decisions],
    }


def _answer(answer: Observation, settings: Settings) -> dict[str, Any]:
    text = answer.body[: BODY_SHOWN_CHARS * 4].decode("utf-8", "replace")[:BODY_SHOWN_CHARS]
    return {
        "url": redact(answer.url, settings.secrets),
        "status": answer.status,
        "took_s": round(answer.took, 3),
        "bytes": len(answer.body),
        "content_type": answer.headers.get("content-type", ""),
        "begins": redact(text, settings.secrets),
    }


def _print_run(run: dict[str, Any]) -> None:
    console = out()
    heading(f"{run['probe']}  ({run['kind']})")
    for request in run["requests"]:
        click.echo(f"  asked:    {request['method']} {request['url']}")
    for answer in run["answers"]:
        click.echo(
            f"  answered: {answer['status']} in {answer['took_s']} s, {answer['bytes']} bytes, {answer['content_type']}"
        )
        click.echo(f"            {visible(answer['begins'])[:200]}")
    if run["fault"]:
        click.echo(f"  cannot be read ({run['fault']['reason']}): {visible(run['fault']['text'])}")
    for each in run["signals"]:
        click.echo(f"  signal:   [{each['severity']}] {each['key']}: {visible(each['summary'])}")
    if not run["signals"] and not run["fault"]:
        click.echo("  signal:   none; a first reading of a feed only remembers")
    console.print("  source:   ", state_text(run["source"]), sep="")
    channel = run["channel"]
    before, after = channel["before"], channel["after"]
    then, now = state_text(before["availability"]), state_text(after["availability"])
    console.print(f"  {channel['name']}: ", then, " -> ", now, ", risk ", state_text(after["risk"]), sep="")
    for decision in run["decisions"]:
        click.echo(f"  it would: {decision['code']}: {visible(decision['text'])}")
    if not run["decisions"]:
        click.echo("  it would: change nothing")
