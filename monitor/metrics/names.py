"""Every Prometheus name of Vigie in one table: the only place where a name is written down.

Registration, the exposition and the README's table (``python -m monitor.metrics``) come from it. The rules are those of
prometheus.io/docs/practices/naming: one prefix, base units, ``_total``, ``_seconds``, ``_ratio``, ``_info``; no
address, title, person or text of others as a label; the values of every closed label exist from the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from monitor.core.model import Availability, Family, Risk, SendOutcome
from probes.base import Reason, Severity

__all__ = ["PROCESS", "SEVERITIES", "TABLE", "Name", "OutboxState", "Outcome", "Refused", "Suppressed", "table"]

RUN_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Outcome(StrEnum):
    """What a run of a probe came to: ERROR is a fault of ours."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


class Suppressed(StrEnum):
    """Why a notification was held back."""

    BLIND = "blind"  # most sources are out of reach, so no verdict of ours is told
    NOBODY = "nobody"  # no receiver is configured
    SUPERSEDED = "superseded"  # a newer message of the same incident took its place before it was sent
    SILENCE = "silence"  # a person silenced it
    DEPENDS = "depends"  # what it rests on is out, and that is told
    MAINTENANCE = "maintenance"  # our own work is under way
    INTERVAL = "interval"  # its route is quiet at this time
    QUIET = "quiet"  # the person has quiet hours: it comes with the digest


class OutboxState(StrEnum):
    """Where a notification is; the words are those of the outbox itself, so its counts can be shown as they are."""

    PENDING = "pending"
    LEASED = "leased"
    RETRY = "retry"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


class Refused(StrEnum):
    """Why something was left out of the exposition."""

    BUDGET = "budget"  # a new series beyond SERIES_MAX
    VALUE = "value"  # NaN or infinite
    COLLECTOR = "collector"  # a collector that failed


@dataclass(frozen=True, slots=True)
class Name:
    """One row of the table. `values`: the closed set of a label, whose children all exist from the start."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()


def _closed(**enums: type[StrEnum]) -> dict[str, tuple[str, ...]]:
    return {label: tuple(enum) for label, enum in enums.items()}


SEVERITIES = tuple(s.name.lower() for s in Severity if s is not Severity.OK)

# In the order in which channels get their children: should the budget run out, the most telling exist.
TABLE: tuple[Name, ...] = (
    Name("vigie_build_info", "gauge", "Always 1; the version of Vigie.", ("version",)),
    Name("vigie_config_valid", "gauge", "1 when the configuration on disk was valid at the last look."),
    Name("vigie_config_loaded_timestamp_seconds", "gauge", "When the running configuration was loaded."),
    Name("vigie_config_reload_success", "gauge", "1 when the last attempt to load the configuration succeeded."),
    Name("vigie_monitor_blind", "gauge", "1 while most sources are out of reach from here: outage judgement is held."),
    Name("vigie_channel_info", "gauge", "Always 1; which platform a channel rests on.", ("channel", "platform")),
    Name("vigie_channel_state", "gauge", "1 for the availability a channel has, 0 for the others.",
         ("channel", "state"), _closed(state=Availability)),
    Name("vigie_channel_risk", "gauge", "1 for the risk a channel carries, 0 for the others.",
         ("channel", "risk"), _closed(risk=Risk)),
    Name("vigie_channel_state_since_timestamp_seconds", "gauge", "When a channel's availability last changed.",
         ("channel",)),
    Name("vigie_channel_health_ratio", "gauge", "A channel's score, 1 is well; for graphs, never for alerts.",
         ("channel",)),
    Name("vigie_channel_signal_penalty_ratio", "gauge", "What each family of probes takes off a channel's score.",
         ("channel", "family"), _closed(family=Family)),
    Name("vigie_channel_state_changes_total", "counter", "Changes of a channel's availability, by what it became.",
         ("channel", "to"), _closed(to=Availability)),
    Name("vigie_incidents_open", "gauge",
         'Open incidents that touch a channel; channel="monitor" for those about Vigie itself.',
         ("channel", "severity"), {"severity": SEVERITIES}),
    Name("vigie_incidents_opened_total", "counter", "Incidents opened or reopened, by the severity they opened with.",
         ("channel", "severity"), {"severity": SEVERITIES}),
    Name("vigie_probe_runs_total", "counter", 'Runs of a probe; outcome="error" is a fault of ours.',
         ("channel", "probe", "outcome"), _closed(outcome=Outcome)),
    Name("vigie_probe_last_run_timestamp_seconds", "gauge", "When a probe last ran.", ("channel", "probe")),
    Name("vigie_probe_last_success_timestamp_seconds", "gauge", "When a probe last gave a reading.",
         ("channel", "probe")),
    Name("vigie_probe_duration_seconds", "histogram", "How long runs took.", ("channel", "kind"),
         buckets=RUN_BUCKETS),
    Name("vigie_probe_failures_total", "counter", "Runs that gave no reading, by reason.",
         ("channel", "probe", "reason"), _closed(reason=Reason)),
    Name("vigie_notification_attempts_total", "counter", "Delivery attempts, by what became of them.",
         ("destination", "outcome"), _closed(outcome=SendOutcome)),
    Name("vigie_notifications_suppressed_total", "counter", "Notifications that were held back, by reason.",
         ("reason",), _closed(reason=Suppressed)),
    Name("vigie_outbox_messages", "gauge", "Notifications the outbox keeps, by where they are.",
         ("state",), _closed(state=OutboxState)),
    Name("vigie_outbox_oldest_age_seconds", "gauge", "Age of the oldest notification that is due and not sent."),
    Name("vigie_calls_overdue", "gauge", "Calls to people that should have been made more than a minute ago."),
    Name("vigie_silences_active", "gauge", "Silences that people made and that hold now."),
    Name("vigie_heartbeat_last_success_timestamp_seconds", "gauge",
         "When the dead-man's switch outside last took our heartbeat; absent before the first."),
    Name("vigie_dead_letters_total", "counter", "Notifications that were given up."),
    Name("vigie_scheduler_late_seconds", "histogram", "How late runs started against their schedule.",
         buckets=LAG_BUCKETS),
    Name("vigie_event_loop_lag_seconds", "histogram", "How late the event loop woke up.", buckets=LAG_BUCKETS),
    Name("vigie_task_restarts_total", "counter", "Restarts of Vigie's own tasks after a fault.", ("task",)),
    Name("vigie_worker_restarts_total", "counter", "Worker processes that were replaced.", ("pool",)),
    Name("vigie_metric_series", "gauge", "Series held here, not counting the process's own."),
    Name("vigie_metrics_refused_total", "counter", "Series, values and collectors left out of the exposition.",
         ("reason",), _closed(reason=Refused)),
)  # fmt: skip

PROCESS: tuple[Name, ...] = (
    Name("process_cpu_seconds_total", "counter", "User and system CPU time of the core process."),
    Name("process_open_fds", "gauge", "Open file descriptors."),
    Name("process_max_fds", "gauge", "The most file descriptors that may be open."),
    Name("process_resident_memory_bytes", "gauge", "Resident memory."),
    Name("process_virtual_memory_bytes", "gauge", "Virtual memory."),
    Name("process_start_time_seconds", "gauge", "When the process started."),
)
"""What prometheus-client's ProcessCollector adds, on Linux."""


def table() -> str:
    """The table of all names as Markdown, for the README."""
    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for row in (*TABLE, *PROCESS):
        labels = ", ".join(
            f"`{label}` ({', '.join(row.values[label])})" if label in row.values else f"`{label}`"
            for label in row.labels
        )
        lines.append(f"| `{row.name}` | {row.kind} | {labels} | {row.help} |")
    return "\n".join(lines)
