"""What Vigie promises to Prometheus."""

import asyncio
import gzip
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from immutables import Map
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector

from monitor.core.model import (
    Availability,
    ChannelRule,
    ChannelState,
    Condition,
    Destination,
    Health,
    Incident,
    Phase,
    ProbeRule,
    Risk,
    Rules,
    SendOutcome,
    State,
)
from monitor.metrics import PROCESS, TABLE, Metrics, OutboxState, Suppressed, table
from probes.base import Family, Reason, Severity

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def _rules(channels: int = 2, probes: int = 2) -> Rules:
    made = {}
    for c in range(channels):
        cid = f"channel-{c}"
        looks = tuple(
            ProbeRule(
                f"{cid}/{n}", cid, "status.statuspage", Family.STATUS, "https://example.org/", "example.org",
                timedelta(minutes=1), timedelta(minutes=5),
            )
            for n in range(1, probes + 1)
        )  # fmt: skip
        made[cid] = ChannelRule(cid, f"Channel {c}", "platform", "Platform", looks)
    return Rules(channels=made, destinations={"first/1": Destination("first/1", "first", "First", "mailto")})


def _metrics(rules: Rules | None = None, **options: float) -> Metrics:
    metrics = Metrics("1.2.3", fresh_s=0.0, series_max=int(options.get("series_max", 30_000)))
    metrics.configure(rules or _rules())
    return metrics


async def _text(metrics: Metrics) -> str:
    body, kind = await metrics.render()
    assert kind.startswith("text/plain; version=0.0.4")
    return body.decode()


async def _samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    found = {}
    for family in parse_text(await _text(metrics)):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} stands there twice, which fails a scrape"
            found[key] = sample.value
    return found


async def _value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return (await _samples(metrics)).get((name, frozenset(labels.items())))


async def test_every_registered_name_is_in_the_table_and_every_row_is_registered() -> None:
    metrics = _metrics()
    names = {family.name for family in metrics.registry.collect()}
    assert names == {row.name.removesuffix("_total") for row in (*TABLE, *PROCESS)}


async def test_every_name_of_the_table_is_documented_with_its_labels() -> None:
    text = table()
    for row in (*TABLE, *PROCESS):
        line = next(line for line in text.splitlines() if line.startswith(f"| `{row.name}` | {row.kind} |"))
        assert all(f"`{label}`" in line for label in row.labels), row.name
    assert len(text.splitlines()) == len(TABLE) + len(PROCESS) + 2


async def test_names_follow_the_naming_rules_of_prometheus() -> None:
    for row in TABLE:
        assert re.fullmatch(r"vigie_[a-z_]+", row.name)
        assert row.name.endswith("_total") == (row.kind == "counter"), row.name
        assert row.help.endswith("."), row.name
        assert set(row.values) <= set(row.labels), row.name


def _reread(openmetrics: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = parse_openmetrics(openmetrics)  # type: ignore[no-untyped-call]  # the library has no types here
    return {(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples}


async def test_our_exposition_says_what_the_library_would_say() -> None:
    metrics = _metrics()
    meter = metrics.probe("channel-0", "channel-0/1", "status.statuspage")
    meter.success(0.07, NOW)
    meter.failure(Reason.DNS, 31.0, NOW)
    ours = await _samples(metrics)
    theirs = {
        (s.name, frozenset(s.labels.items())): s.value
        for family in metrics.registry.collect()
        for s in family.samples
        if s.name.startswith("vigie_")
    }
    assert {k: v for k, v in ours.items() if k[0].startswith("vigie_")} == theirs
    openmetrics = (await metrics.render(openmetrics=True))[0].decode()
    again = _reread(openmetrics)
    assert {k: v for k, v in again.items() if k[0].startswith("vigie_")} == theirs
    assert openmetrics.endswith("# EOF\n")
    assert openmetrics.count("# EOF") == 1


async def test_a_run_is_counted_with_its_outcome_its_reason_and_its_time() -> None:
    metrics = _metrics()
    meter = metrics.probe("channel-0", "channel-0/1", "status.statuspage")
    meter.success(0.07, NOW)
    meter.failure(Reason.WORD, 0.2, NOW + timedelta(seconds=60))
    meter.failure(Reason.INTERNAL, 0.2, NOW + timedelta(seconds=120))
    where = {"channel": "channel-0", "probe": "channel-0/1"}
    for outcome in ("success", "failure", "error"):
        assert await _value(metrics, "vigie_probe_runs_total", outcome=outcome, **where) == 1
    assert await _value(metrics, "vigie_probe_failures_total", reason="word", **where) == 1
    assert await _value(metrics, "vigie_probe_failures_total", reason="dns", **where) == 0
    assert await _value(metrics, "vigie_probe_last_success_timestamp_seconds", **where) == NOW.timestamp()
    assert await _value(metrics, "vigie_probe_last_run_timestamp_seconds", **where) == NOW.timestamp() + 120
    bucket = {"channel": "channel-0", "kind": "status.statuspage"}
    assert await _value(metrics, "vigie_probe_duration_seconds_bucket", le="0.05", **bucket) == 0
    assert await _value(metrics, "vigie_probe_duration_seconds_bucket", le="0.1", **bucket) == 1
    assert await _value(metrics, "vigie_probe_duration_seconds_bucket", le="+Inf", **bucket) == 3
    assert await _value(metrics, "vigie_probe_duration_seconds_count", **bucket) == 3


async def test_every_value_of_every_closed_label_exists_before_anything_happened() -> None:
    samples = await _samples(_metrics())
    for row in TABLE:
        if row.kind != "counter" or row.labels in {("task",), ("pool",)}:
            continue
        for label, values in row.values.items():
            seen = {dict(labels).get(label) for name, labels in samples if name == row.name}
            assert seen == set(values), row.name


async def test_the_state_of_a_channel_is_one_hot_and_a_change_is_counted_once() -> None:
    rules, metrics = _rules(), _metrics()

    def state(availability: Availability, risk: Risk = Risk.NONE) -> State:
        health = Health(availability=availability, risk=risk, score=0.5, penalties={"status": 0.5})
        return State(channels=Map({"channel-0": ChannelState("channel-0", health, since=NOW)}))

    metrics.channels(rules, state(Availability.OPERATIONAL))
    metrics.channels(rules, state(Availability.OUTAGE, Risk.WATCH), ["channel-0"])
    metrics.channels(rules, state(Availability.OUTAGE, Risk.WATCH), ["channel-0"])
    samples = await _samples(metrics)
    for label, chosen, name in (("state", "outage", "vigie_channel_state"), ("risk", "watch", "vigie_channel_risk")):
        hot = {dict(k[1])[label]: v for k, v in samples.items() if k[0] == name and ("channel", "channel-0") in k[1]}
        assert hot.pop(chosen) == 1
        assert set(hot.values()) == {0}
    assert await _value(metrics, "vigie_channel_state_changes_total", channel="channel-0", to="outage") == 1
    assert await _value(metrics, "vigie_channel_state_changes_total", channel="channel-0", to="operational") == 0
    assert await _value(metrics, "vigie_channel_health_ratio", channel="channel-0") == 0.5
    assert await _value(metrics, "vigie_channel_signal_penalty_ratio", channel="channel-0", family="status") == 0.5
    since = await _value(metrics, "vigie_channel_state_since_timestamp_seconds", channel="channel-0")
    assert since == NOW.timestamp()


def _incident(**changes: object) -> Incident:
    base = Incident(
        "1", "platform", Condition.AVAILABILITY, Phase.OPEN, Severity.WARNING, ("channel-0", "channel-1"), NOW
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # the changes of a test are fields of Incident


async def test_open_incidents_are_counted_on_each_channel_they_touch_until_they_resolve() -> None:
    metrics = _metrics()

    async def opened(severity: str) -> tuple[float | None, float | None]:
        where = {"channel": "channel-1", "severity": severity}
        total = await _value(metrics, "vigie_incidents_opened_total", **where)
        return await _value(metrics, "vigie_incidents_open", **where), total

    assert await opened("warning") == (0, 0)
    metrics.incidents(State(incidents=Map({"1": _incident(phase=Phase.PENDING)})), ["1"])
    assert await opened("warning") == (0, 0)
    metrics.incidents(State(incidents=Map({"1": _incident()})), ["1"])
    assert await opened("warning") == (1, 1)
    metrics.incidents(State(incidents=Map({"1": _incident(severity=Severity.CRITICAL)})), ["1"])
    assert await opened("warning") == (0, 1)
    assert await opened("critical") == (1, 0)
    metrics.incidents(State(incidents=Map({"1": _incident(phase=Phase.RESOLVED)})), ["1"])
    assert await opened("critical") == (0, 0)


async def test_a_restart_opens_no_incident_and_changes_no_state() -> None:
    metrics = _metrics()
    metrics.incidents(State(incidents=Map({"1": _incident()})))
    assert await _value(metrics, "vigie_incidents_open", channel="channel-0", severity="warning") == 1
    assert await _value(metrics, "vigie_incidents_opened_total", channel="channel-0", severity="warning") == 0


async def test_an_incident_about_ourselves_is_counted_on_the_monitor() -> None:
    metrics = _metrics()
    blind = _incident(scope="monitor", condition=Condition.BLIND, channels=())
    metrics.incidents(State(incidents=Map({"1": blind})), ["1"])
    assert await _value(metrics, "vigie_incidents_open", channel="monitor", severity="warning") == 1


async def test_a_channel_that_leaves_takes_its_series_along_and_a_late_run_does_not_bring_them_back() -> None:
    metrics = _metrics()
    meter = metrics.probe("channel-1", "channel-1/1", "status.statuspage")
    before = await _value(metrics, "vigie_metric_series")
    metrics.configure(_rules(channels=1))
    meter.success(0.1, NOW)
    assert "channel-1" not in await _text(metrics)
    metrics.configure(_rules(channels=2))
    assert await _value(metrics, "vigie_metric_series") == before
    assert await _value(metrics, "vigie_probe_runs_total", channel="channel-1", probe="channel-1/1",
                        outcome="success") == 0  # fmt: skip


async def test_a_reload_keeps_what_was_counted() -> None:
    metrics = _metrics()
    metrics.probe("channel-0", "channel-0/1", "status.statuspage").success(0.1, NOW)
    metrics.attempt("first/1", SendOutcome.DELIVERED)
    metrics.configure(_rules(channels=3))
    assert await _value(metrics, "vigie_notification_attempts_total", destination="first/1", outcome="delivered") == 1
    assert await _value(metrics, "vigie_probe_runs_total", channel="channel-0", probe="channel-0/1",
                        outcome="success") == 1  # fmt: skip


async def test_beyond_the_budget_new_series_are_refused_and_counted_and_states_come_first() -> None:
    metrics = _metrics(_rules(channels=40, probes=10), series_max=3_000)
    samples = await _samples(metrics)
    held = await _value(metrics, "vigie_metric_series")
    assert held is not None
    assert held <= 3_000
    refused = await _value(metrics, "vigie_metrics_refused_total", reason="budget")
    assert refused is not None
    assert refused > 0
    states = [key for key in samples if key[0] == "vigie_channel_state"]
    assert len(states) == 40 * len(Availability)
    metrics.probe("channel-39", "channel-39/10", "status.statuspage").success(0.1, NOW)  # counts, and is not shown


async def test_the_rest_of_the_house_is_counted() -> None:
    metrics = _metrics()
    metrics.config(valid=False, reloaded=False, loaded_at=NOW)
    metrics.suppressed(Suppressed.SUPERSEDED)
    metrics.dead_letter()
    metrics.outbox({OutboxState.RETRY: 2}, 12.5)
    metrics.late(0.003)
    metrics.lag(0.3)
    metrics.blind(on=True)
    metrics.task_restarted("scheduler")
    metrics.worker_restarted("parser")
    want = {
        ("vigie_build_info", ("version", "1.2.3")): 1,
        ("vigie_config_valid", None): 0,
        ("vigie_config_reload_success", None): 0,
        ("vigie_config_loaded_timestamp_seconds", None): NOW.timestamp(),
        ("vigie_notifications_suppressed_total", ("reason", "superseded")): 1,
        ("vigie_dead_letters_total", None): 1,
        ("vigie_outbox_messages", ("state", "retry")): 2,
        ("vigie_outbox_messages", ("state", "pending")): 0,
        ("vigie_outbox_oldest_age_seconds", None): 12.5,
        ("vigie_scheduler_late_seconds_count", None): 1,
        ("vigie_event_loop_lag_seconds_bucket", ("le", "0.25")): 0,
        ("vigie_event_loop_lag_seconds_bucket", ("le", "0.5")): 1,
        ("vigie_monitor_blind", None): 1,
        ("vigie_task_restarts_total", ("task", "scheduler")): 1,
        ("vigie_worker_restarts_total", ("pool", "parser")): 1,
    }
    samples = await _samples(metrics)
    for (name, label), value in want.items():
        assert samples[name, frozenset([label] if label else [])] == value, name


async def test_B81_a_lone_surrogate_or_control_character_in_a_label_does_not_break_the_scrape() -> None:
    metrics = _metrics()
    for task in ("a\ud800", "a\ud801", 'b"\n\\', "c\x00\x1b[31m\u2028", "d" * 5_000):
        metrics.task_restarted(task)
    tasks = {dict(labels)["task"]: v for (name, labels), v in (await _samples(metrics)).items()
             if name == "vigie_task_restarts_total"}  # fmt: skip
    assert tasks["a\ufffd"] == 2
    assert tasks['b"\n\\'] == 1
    assert max(map(len, tasks)) == 128
    assert "\x1b" not in await _text(metrics)
    _reread((await metrics.render(openmetrics=True))[0].decode())


class _Failing(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("half", "told before the fault", value=1)
        raise OSError("token=canary")


@pytest.mark.parametrize("openmetrics", [False, True])
async def test_B81_B86_a_failing_collector_is_left_out_and_counted_and_says_no_secret(
    openmetrics: bool,  # noqa: FBT001 - a parameter of the test
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics = _metrics()
    metrics.add(_Failing())
    body, _ = await metrics.render(openmetrics=openmetrics)
    assert b"vigie_build_info" in body
    assert b"half" not in body
    refused = await _value(metrics, "vigie_metrics_refused_total", reason="collector")
    assert refused is not None
    assert refused >= 1
    assert "canary" not in caplog.text
    assert "OSError" in caplog.text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
async def test_B83_a_value_that_is_no_number_makes_the_gauge_absent_and_is_counted(value: float) -> None:
    metrics = _metrics()
    metrics.outbox({}, 5.0)
    metrics.outbox({}, value)
    metrics.probe("channel-0", "channel-0/1", "status.statuspage").success(value, NOW)
    assert await _value(metrics, "vigie_outbox_oldest_age_seconds") is None
    assert await _value(metrics, "vigie_metrics_refused_total", reason="value") == 1
    text = await _text(metrics)
    assert not re.search(r" (nan|[+-]?inf)$", text, re.IGNORECASE | re.MULTILINE)


async def test_B82_no_text_from_outside_can_become_a_label() -> None:
    allowed = {"channel", "probe", "kind", "platform", "destination", "task", "pool", "version"}
    for row in TABLE:
        assert set(row.labels) - set(row.values) <= allowed, row.name


async def test_gzip_and_plain_say_the_same() -> None:
    metrics = Metrics("1.2.3", fresh_s=60.0)
    metrics.configure(_rules())
    plain, _ = await metrics.render()
    packed, _ = await metrics.render(gzip=True)
    names = re.findall(rb"^vigie_[a-z_]+", plain, re.MULTILINE)
    assert re.findall(rb"^vigie_[a-z_]+", gzip.decompress(packed), re.MULTILINE) == names


async def test_F40_twenty_scrapes_at_once_of_ten_thousand_series_leave_the_loop_its_turn() -> None:
    metrics = Metrics("1.2.3")
    metrics.configure(_rules(channels=60, probes=8))
    held = metrics["vigie_metric_series"]
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    watcher = asyncio.create_task(watch())
    bodies = await asyncio.gather(*(metrics.render(gzip=bool(n % 2)) for n in range(20)))
    watcher.cancel()
    assert held.number().value > 10_000
    assert len({body for body, _ in bodies}) == 2
    assert turns >= 10, "the loop had no turn while twenty scrapes were rendered"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
async def test_promtool_finds_nothing_to_say() -> None:
    body, _ = await _metrics().render()
    ours = b"".join(line + b"\n" for line in body.split(b"\n") if b"vigie_" in line)  # process_* are not ours to name
    done = subprocess.run(  # noqa: S603, ASYNC221 - promtool of this machine, fed by us; nothing else runs in this loop
        [shutil.which("promtool") or "", "check", "metrics"], input=ours, capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
