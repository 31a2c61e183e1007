"""Is it them, or is it us? The monitor is blind when most of what it looks at cannot be reached at once.

Only probes that ran inside the window count, and only hosts that are not loopback. Any HTTP answer, readable or not,
proves that the way out works.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core import ourselves
from monitor.core.draft import Draft
from monitor.core.model import Condition, ProbeRule, ProbeState, Rules
from monitor.core.reviewing import AT_ONCE
from monitor.core.saying import Saying

__all__ = ["check_blind", "is_blind"]

RECHECK = timedelta(seconds=1)
WATCH = timedelta(seconds=10)


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


def check_blind(draft: Draft) -> None:
    """Ask, at most once a second, whether it is us; on a change judge every channel anew."""
    monitor, now = draft.monitor, draft.now
    if monitor.blind_checked is not None and now - monitor.blind_checked < RECHECK:
        again = monitor.blind_checked + RECHECK
        draft.monitor = replace(monitor, blind_recheck=again)
        draft.look_again(again)
        return
    rows = ((p, draft.probes[p.id]) for c in draft.rules.channels.values() for p in c.probes if p.id in draft.probes)
    blind = is_blind(rows, draft.rules, now)
    watch = now + WATCH if blind else None
    draft.monitor = replace(monitor, blind_checked=now, blind_recheck=watch)
    draft.look_again(watch)
    if blind and monitor.blind_since is None:
        draft.monitor = replace(draft.monitor, blind_since=now)
        text = Saying("Most of what we look at cannot be reached at once, on several hosts: the fault is likely ours")
        draft.decide("blind_began", text)
        ourselves.monitor_trouble(draft, Condition.BLIND, (text,))
    elif not blind and monitor.blind_since is not None:
        draft.monitor = replace(draft.monitor, blind_since=None)
        draft.decide("blind_ended", "We can see out again; every channel is judged anew")
        ourselves.monitor_well(draft, Condition.BLIND, "We can see out again")
        for channel_id in draft.rules.channels:
            draft.agenda = draft.agenda.set(channel_id, AT_ONCE)
        draft.look_again(now)
