"""Is it them, or is it us? The monitor is blind when most of what it looks at cannot be reached at once.

Only probes that ran inside the window count, and only hosts that are not loopback. Any HTTP answer, readable or not,
proves that the way out works.
"""

from collections.abc import Iterable
from datetime import datetime

from monitor.core.model import ProbeRule, ProbeState, Rules

__all__ = ["is_blind"]


def is_blind(probes: Iterable[tuple[ProbeRule, ProbeState]], rules: Rules, now: datetime) -> bool:
    """More than half of the probes of the last `blind_window`, on at least `blind_hosts` hosts, got no answer."""
    ran = unreachable = 0
    hosts = set()
    for rule, probe in probes:
        if rule.loopback or probe.run_at is None or now - probe.run_at > rules.blind_window:
            continue
        ran += 1
        if probe.unreachable:
            unreachable += 1
            hosts.add(rule.host)
    return unreachable * 2 > ran and len(hosts) >= rules.blind_hosts
