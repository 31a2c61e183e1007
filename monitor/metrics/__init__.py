"""What Vigie tells Prometheus: `names` is the table, `series` holds the numbers, `Metrics` is what the house touches.

Each metric is also a `Collector` of an own `CollectorRegistry`, so that the library's tools (and our tests, with its
parsers) see the same numbers. All of it belongs to one event loop: nothing here locks, and no thread may touch it.
"""

import asyncio
import logging
import math
import time
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from itertools import product

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS_TYPE
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from monitor.core.model import (
    MONITOR,
    Availability,
    ChannelState,
    Family,
    Incident,
    Phase,
    Risk,
    Rules,
    SendOutcome,
    State,
)
from monitor.metrics.names import (
    PROCESS,
    SEVERITIES,
    TABLE,
    Name,
    OutboxState,
    Outcome,
    Refused,
    Suppressed,
    table,
)
from monitor.metrics.series import ABSENT, SERIES_MAX, SERIES_WARN, Budget, Metric, Number
from probes.base import Reason

__all__ = [
    "PROCESS",
    "SERIES_MAX",
    "SERIES_WARN",
    "TABLE",
    "Metrics",
    "Name",
    "OutboxState",
    "Outcome",
    "ProbeMeter",
    "Suppressed",
    "table",
]

log = logging.getLogger(__name__)

SCRAPE_AGE_S_MAX = 1.0  # scrapes within this time share one rendering
CHUNK_LINES = 2_000  # about 1 ms of work, then the loop has its turn
CHUNK_BYTES = 64 * 1024
GZIP_LEVEL = 5
TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class ProbeMeter:
    """The bound counters of one probe: what a run costs here is under 2 us."""

    __slots__ = ("_duration", "_error", "_failure", "_last_run", "_last_success", "_reasons", "_success")

    def __init__(self, metrics: "Metrics", channel: str, probe: str, kind: str) -> None:
        runs, failures = metrics["vigie_probe_runs_total"], metrics["vigie_probe_failures_total"]
        self._success = runs.number(channel, probe, Outcome.SUCCESS)
        self._failure = runs.number(channel, probe, Outcome.FAILURE)
        self._error = runs.number(channel, probe, Outcome.ERROR)
        self._last_run = metrics["vigie_probe_last_run_timestamp_seconds"].number(channel, probe)
        self._last_success = metrics["vigie_probe_last_success_timestamp_seconds"].number(channel, probe)
        self._duration = metrics["vigie_probe_duration_seconds"].histogram(channel, kind)
        self._reasons = {reason: failures.number(channel, probe, reason) for reason in Reason}

    def success(self, took: float, at: datetime) -> None:
        """A run gave a reading. `took` in seconds, `at` when it ended."""
        self._success.value += 1
        self._last_success.value = self._last_run.value = at.timestamp()
        self._duration.observe(took)

    def failure(self, reason: Reason, took: float, at: datetime) -> None:
        """A run gave none."""
        (self._error if reason is Reason.INTERNAL else self._failure).value += 1
        self._reasons[reason].value += 1
        self._last_run.value = at.timestamp()
        self._duration.observe(took)


class _ChannelMeter:
    """The bound gauges of one channel."""

    def __init__(self, metrics: "Metrics", channel: str) -> None:
        self.states = {s: metrics["vigie_channel_state"].number(channel, s) for s in Availability}
        self.risks = {r: metrics["vigie_channel_risk"].number(channel, r) for r in Risk}
        self.since = metrics["vigie_channel_state_since_timestamp_seconds"].number(channel)
        self.score = metrics["vigie_channel_health_ratio"].number(channel)
        self.penalties = {f: metrics["vigie_channel_signal_penalty_ratio"].number(channel, f) for f in Family}
        self.changes = {s: metrics["vigie_channel_state_changes_total"].number(channel, s) for s in Availability}
        self.shown: Availability | None = None
        self._put = metrics.put

    def show(self, state: ChannelState) -> None:
        health = state.health
        for each, gauge in self.states.items():
            gauge.value = int(each is health.availability)
        for risk, gauge in self.risks.items():
            gauge.value = int(risk is health.risk)
        for family, gauge in self.penalties.items():
            self._put(gauge, health.penalties.get(family, 0.0))
        self._put(self.score, health.score)
        if state.since is not None:
            self.since.value = state.since.timestamp()
        if self.shown is not None and self.shown is not health.availability:
            self.changes[health.availability].value += 1
        self.shown = health.availability


_UNSEEN = ChannelState("")
_OPEN = frozenset({Phase.OPEN, Phase.ACKNOWLEDGED})


class Metrics:
    """The numbers of one Vigie. `series_max`: new children beyond it are refused, and counted."""

    def __init__(self, version: str, *, series_max: int = SERIES_MAX, fresh_s: float = SCRAPE_AGE_S_MAX) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._budget = Budget(series_max)
        self._metrics = {row.name: Metric(row, self._budget) for row in TABLE}
        for metric in self._metrics.values():
            self.registry.register(metric)
        self._extras: list[CollectorRegistry] = []
        self._probes: dict[tuple[str, str, str], ProbeMeter] = {}
        self._channels: dict[str, _ChannelMeter] = {}
        self._destinations: set[str] = set()
        self._incidents: dict[str, tuple[tuple[str, ...], str]] = {}
        self._fresh_s = fresh_s
        self._rendered: dict[tuple[bool, bool], tuple[float, bytes]] = {}
        self._rendering = asyncio.Lock()
        self.number("vigie_build_info", version).value = 1
        self.blind(on=False)
        for row in TABLE:  # what does not depend on the configuration exists from the start, at nought
            if all(label in row.values for label in row.labels):
                for labels in product(*(row.values[label] for label in row.labels)):
                    self[row.name].child(*labels)
        for state in OutboxState:
            self.number("vigie_outbox_messages", state).value = 0
        self.number("vigie_outbox_oldest_age_seconds").value = 0
        self.add(ProcessCollector(registry=None))

    def __getitem__(self, name: str) -> Metric:
        return self._metrics[name]

    def number(self, name: str, *labels: str) -> Number:
        """The child of a gauge or counter, by its name in the table."""
        return self._metrics[name].number(*labels)

    def _refuse(self, reason: Refused) -> None:
        self.number("vigie_metrics_refused_total", reason).value += 1

    def put(self, gauge: Number, value: float) -> None:
        """Sets a gauge; NaN and infinity are counted and make it absent, because an old value would be a lie."""
        if math.isfinite(value):
            gauge.value = value
        else:
            gauge.value = ABSENT
            self._refuse(Refused.VALUE)

    # --- what the configuration says ----------------------------------------------------------------------------------

    def configure(self, rules: Rules) -> None:
        """Makes the children of every configured channel, probe and destination; removes those that left."""
        wanted = {(p.channel, p.id, p.kind) for c in rules.channels.values() for p in c.probes}
        kinds = {key[2] for key in wanted}
        gone = self._channels.keys() - rules.channels.keys()
        stale = self._probes.keys() - wanted
        for metric in self._metrics.values():
            metric.drop("channel", gone)
            metric.drop("probe", {key[1] for key in stale})
            metric.drop("kind", {key[2] for key in stale} - kinds)
            metric.drop("destination", self._destinations - set(rules.destinations))
        self["vigie_channel_info"].drop("channel", rules.channels.keys())  # the platform may have changed
        for channel in gone:
            del self._channels[channel]
        for key in stale:
            del self._probes[key]
        for channel, rule in rules.channels.items():
            self.number("vigie_channel_info", channel, rule.platform).value = 1
            if channel not in self._channels:
                meter = self._channels[channel] = _ChannelMeter(self, channel)
                meter.show(_UNSEEN)
                meter.shown = None  # what comes next is the first word on it, not a change
        for channel in (MONITOR, *rules.channels):
            for severity in SEVERITIES:
                gauge = self.number("vigie_incidents_open", channel, severity)
                gauge.value = 0 if gauge.absent else gauge.value
                self.number("vigie_incidents_opened_total", channel, severity)
        for key in sorted(wanted):
            self.probe(*key)
        self._destinations = set(rules.destinations)
        for destination, outcome in product(self._destinations, SendOutcome):
            self.number("vigie_notification_attempts_total", destination, outcome)

    def config(self, *, valid: bool, reloaded: bool, loaded_at: datetime) -> None:
        """`valid`: the files on disk; `reloaded`: the last attempt to load; `loaded_at`: of what runs."""
        self.number("vigie_config_valid").value = int(valid)
        self.number("vigie_config_reload_success").value = int(reloaded)
        self.number("vigie_config_loaded_timestamp_seconds").value = loaded_at.timestamp()

    # --- what happens -------------------------------------------------------------------------------------------------

    def probe(self, channel: str, probe: str, kind: str) -> ProbeMeter:
        """The bound counters of one probe; `probe` is ``<channel>/<n>``."""
        key = (channel, probe, kind)
        meter = self._probes.get(key)
        if meter is None:
            meter = self._probes[key] = ProbeMeter(self, channel, probe, kind)
        return meter

    def channels(self, rules: Rules, state: State, ids: Iterable[str] | None = None) -> None:
        """Shows the committed state of these channels, or of all."""
        for channel in rules.channels if ids is None else ids:
            meter = self._channels.get(channel)
            if meter is not None:
                meter.show(state.channels.get(channel, _UNSEEN))

    def incidents(self, state: State, ids: Iterable[str] | None = None) -> None:
        """Shows the committed incidents with these ids; None: all of a restored state, of which none is new."""
        for each in (*self._incidents, *state.incidents) if ids is None else ids:
            incident = state.incidents.get(each)
            before = self._incidents.pop(each, None)
            if before is not None:
                self._count_open(*before, -1)
            if incident is None or incident.phase not in _OPEN:
                continue
            touched = self._touched(incident), incident.severity.name.lower()
            self._incidents[each] = touched
            self._count_open(*touched, 1)
            if before is None and ids is not None:
                for channel in touched[0]:
                    self.number("vigie_incidents_opened_total", channel, touched[1]).value += 1

    def _touched(self, incident: Incident) -> tuple[str, ...]:
        return tuple(c for c in incident.channels if c in self._channels) or (MONITOR,)

    def _count_open(self, channels: tuple[str, ...], severity: str, by: int) -> None:
        for channel in channels:
            gauge = self["vigie_incidents_open"].children.get((channel, severity))
            if isinstance(gauge, Number):  # absent when the channel left the configuration
                gauge.value += by

    def attempt(self, destination: str, outcome: SendOutcome) -> None:
        """One delivery attempt ended."""
        self.number("vigie_notification_attempts_total", destination, outcome).value += 1

    def suppressed(self, reason: Suppressed) -> None:
        """A notification was held back."""
        self.number("vigie_notifications_suppressed_total", reason).value += 1

    def dead_letter(self) -> None:
        """A notification was given up."""
        self.number("vigie_dead_letters_total").value += 1

    def outbox(self, messages: Mapping[str, int], oldest_s: float) -> None:
        """The outbox as it stands, by the words of `OutboxState`; `oldest_s`: age of the oldest due row, else 0."""
        for state in OutboxState:
            self.number("vigie_outbox_messages", state).value = messages.get(state, 0)
        self.put(self.number("vigie_outbox_oldest_age_seconds"), oldest_s)

    def overdue(self, calls: int) -> None:
        """So many calls to people are late."""
        self.put(self.number("vigie_calls_overdue"), calls)

    def silences(self, active: int) -> None:
        """So many silences hold now."""
        self.put(self.number("vigie_silences_active"), active)

    def heartbeat(self, at: datetime) -> None:
        """The dead-man's switch outside took our heartbeat."""
        self.put(self.number("vigie_heartbeat_last_success_timestamp_seconds"), at.timestamp())

    def late(self, seconds: float) -> None:
        """A run started this long after its time."""
        self["vigie_scheduler_late_seconds"].histogram().observe(seconds)

    def lag(self, seconds: float) -> None:
        """The event loop woke up this late."""
        self["vigie_event_loop_lag_seconds"].histogram().observe(seconds)

    def blind(self, *, on: bool) -> None:
        """Whether the monitor is blind."""
        self.number("vigie_monitor_blind").value = int(on)

    def task_restarted(self, task: str) -> None:
        """One of the daemon's own tasks, by its name, was started again after a fault."""
        self.number("vigie_task_restarts_total", task).value += 1

    def worker_restarted(self, pool: str) -> None:
        """A worker process of this pool was replaced."""
        self.number("vigie_worker_restarts_total", pool).value += 1

    def add(self, collector: Collector) -> None:
        """Shows a collector of the library's own; one that fails is left out of the scrape, and counted."""
        alone = CollectorRegistry()
        alone.register(collector)
        self._extras.append(alone)
        self.registry.register(collector)

    # --- the exposition -----------------------------------------------------------------------------------------------

    async def render(self, *, openmetrics: bool = False, gzip: bool = False) -> tuple[bytes, str]:
        """The exposition and its content type; at most `fresh_s` old, and the loop has its turn about every ms.

        Formats: Prometheus text 0.0.4 and OpenMetrics 1.0.
        """
        key = (openmetrics, gzip)
        async with self._rendering:  # twenty scrapes at once cost one rendering
            at, body = self._rendered.get(key, (-math.inf, b""))
            if time.monotonic() - at >= self._fresh_s:
                body = b"".join([part async for part in self._parts(openmetrics=openmetrics)])
                body = await _gzipped(body) if gzip else body
                self._rendered[key] = (time.monotonic(), body)
        return body, OPENMETRICS_TYPE if openmetrics else TEXT_TYPE

    async def _parts(self, *, openmetrics: bool) -> AsyncIterator[bytes]:
        self.number("vigie_metric_series").value = self._budget.held
        self.number("vigie_metrics_refused_total", Refused.BUDGET).value = self._budget.refused
        for extra in self._extras:
            yield self._extra(extra, openmetrics=openmetrics)
        for metric in self._metrics.values():
            yield metric.header(openmetrics=openmetrics).encode()
            children = list(metric.children.values())
            step = max(1, CHUNK_LINES // metric.width)
            for start in range(0, len(children), step):
                yield "".join([c.lines() for c in children[start : start + step]]).encode("utf-8", "replace")
                await asyncio.sleep(0)
        yield b"# EOF\n" if openmetrics else b""

    def _extra(self, registry: CollectorRegistry, *, openmetrics: bool) -> bytes:
        try:
            if openmetrics:
                text: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call]  # the library has no types here
                return text.removesuffix(b"# EOF\n")
            return generate_latest(registry)
        except Exception as fault:  # noqa: BLE001 - a foreign collector may raise anything; the scrape must go on
            log.warning("a metrics collector failed: %s", type(fault).__name__)
            self._refuse(Refused.COLLECTOR)
            return b""


async def _gzipped(body: bytes) -> bytes:
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    parts = []
    for start in range(0, len(body), CHUNK_BYTES):
        parts.append(packer.compress(body[start : start + CHUNK_BYTES]))
        await asyncio.sleep(0)
    return b"".join([*parts, packer.flush()])
