"""One probe as a source: how a run changes what we hold of it, and what it says now.

A *level* holds until a newer reading omits it; an *event* lapses at its own time. A measuring probe (api) is damped
here: one failure is not a verdict. A run that gave no reading wipes nothing; what it leaves standing is decided by
`view`: see the rules of meaning 1 to 3.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.model import Failed, Failure, Held, Measured, ProbeRule, ProbeState, Read
from monitor.core.saying import Saying, duration, mark
from probes.base import Availability, Family, Signal

__all__ = ["RANK", "Source", "failed", "is_bad", "read", "view"]

EVENTS_MAX = 100
STALE_BAD_MAX = timedelta(hours=24)
"""How long an outage that was last seen on a page gone dark still forbids to call its channel well."""

RANK = {
    Availability.OPERATIONAL: 0,
    Availability.MAINTENANCE: 1,
    Availability.UNKNOWN: 2,
    Availability.DEGRADED: 3,
    Availability.OUTAGE: 4,
}
_BAD = (Availability.DEGRADED, Availability.OUTAGE)


def is_bad(state: Availability) -> bool:
    """Degraded or outage: a known trouble, as opposed to unknown."""
    return state in _BAD


@dataclass(frozen=True, slots=True)
class Source:
    """What one probe says now. `last`: what it said when it was last fresh (for stale ones), `why`: one sentence."""

    rule: ProbeRule
    state: Availability
    signals: tuple[Signal, ...] = ()
    why: str = ""
    stale: bool = False
    last: Availability = Availability.UNKNOWN
    seen_at: datetime | None = None


def _worst(signals: tuple[Signal, ...]) -> Availability:
    return max((s.stands_for for s in signals), key=RANK.__getitem__, default=Availability.UNKNOWN)


def read(probe: ProbeState, rule: ProbeRule, event: Read, now: datetime) -> ProbeState:
    """The probe after a run that gave a reading."""
    levels = tuple(s for s in event.reading.signals if s.lasts is None)
    fresh = probe.expires_at is not None and probe.expires_at > now
    recent, good = (probe.recent, probe.good) if fresh else ((), None)
    if rule.measured is not None:
        recent, good = _damp(recent, good, _worst(levels), rule.measured)
        if good is False and _worst(levels) is Availability.OPERATIONAL:
            levels = probe.signals  # not yet good again: what made it bad still stands
    events = probe.events
    if events or len(levels) != len(event.reading.signals):
        events = _events(probe.events, event.reading.signals, now)
    return ProbeState(
        id=probe.id,
        channel=probe.channel,
        run_at=now,
        seen_at=now,
        expires_at=now + rule.expires,
        signals=probe.signals if levels == probe.signals else levels,
        events=events,
        failure=None,
        recent=recent,
        good=good,
        unreachable=event.unreachable,
        memory=event.reading.memory,
    )


def _damp(
    recent: tuple[bool, ...],
    good: bool | None,  # noqa: FBT001 - a verdict with three values, not a switch
    state: Availability,
    rule: Measured,
) -> tuple[tuple[bool, ...], bool | None]:
    """The damped verdict after one more outcome; an outcome that says nothing of the vendor changes nothing."""
    if state is Availability.UNKNOWN:
        return recent, good
    recent = (*recent, not is_bad(state))[-max(rule.bad_of, rule.bad_after, rule.good_after) :]
    if good is None and recent[-1]:
        return recent, True
    if good is not False:
        in_a_row = len(recent) >= rule.bad_after and not any(recent[-rule.bad_after :])
        if in_a_row or recent[-rule.bad_of :].count(False) >= rule.bad_after:
            return recent, False
        return recent, good
    back = len(recent) >= rule.good_after and all(recent[-rule.good_after :])
    return ((True,) * rule.good_after if back else recent), back


def _events(held: tuple[Held, ...], signals: tuple[Signal, ...], now: datetime) -> tuple[Held, ...]:
    alive = {h.signal.key: h for h in held if h.until > now}
    for signal in signals:
        if signal.lasts is not None:
            known = alive.get(signal.key)
            if known is None or known.signal != signal:
                alive[signal.key] = Held(signal, now, now + signal.lasts)
    kept = sorted(alive.values(), key=lambda h: (h.signal.severity, h.at), reverse=True)[:EVENTS_MAX]
    kept = sorted(kept, key=lambda h: (h.at, h.signal.key))
    return held if tuple(kept) == held else tuple(kept)


def failed(probe: ProbeState, event: Failed, now: datetime) -> ProbeState:
    """The probe after a run that gave none."""
    since = probe.failure.since if probe.failure else now
    failure = Failure(event.reason, event.text, since, event.unreachable)
    events = tuple(h for h in probe.events if h.until > now)
    return replace(probe, run_at=now, failure=failure, events=events, unreachable=event.unreachable)


def view(rule: ProbeRule, probe: ProbeState, now: datetime) -> Source:
    """What the source says now of availability."""
    if probe.seen_at is None or probe.expires_at is None:
        if probe.failure is None:
            return Source(
                rule, Availability.UNKNOWN, why=Saying("{source} has not been looked at yet", source=_name(rule))
            )
        return Source(rule, Availability.UNKNOWN, why=_unreadable(rule, probe.failure))
    state = _damped(rule, probe)
    why = _unreadable(rule, probe.failure) if probe.failure else ""
    if probe.expires_at <= now:
        why = _last_seen(rule, _age(now - probe.seen_at), probe.failure)
        return Source(rule, Availability.UNKNOWN, probe.signals, why, stale=True, last=state, seen_at=probe.seen_at)
    if probe.failure is not None and not probe.failure.unreachable:
        if is_bad(state):
            return Source(rule, state, probe.signals, why, stale=True, last=state, seen_at=probe.seen_at)
        return Source(rule, Availability.UNKNOWN, probe.signals, why, last=state, seen_at=probe.seen_at)
    if state is Availability.UNKNOWN:
        why = next((s.summary for s in probe.signals), "") or Saying("{source} says nothing yet", source=_name(rule))
    return Source(
        rule,
        state,
        probe.signals,
        why,
        stale=probe.failure is not None and is_bad(state),
        last=state,
        seen_at=probe.seen_at,
    )


def _damped(rule: ProbeRule, probe: ProbeState) -> Availability:
    if rule.measured is None or _worst(probe.signals) is Availability.UNKNOWN:
        return _worst(probe.signals)
    if probe.good is None:
        return Availability.UNKNOWN
    if probe.good:
        return Availability.OPERATIONAL
    return max(_worst(probe.signals), Availability.DEGRADED, key=RANK.__getitem__)


def _unreadable(rule: ProbeRule, failure: Failure) -> Saying:
    return Saying("{source} cannot be read: {quote}", source=_name(rule), quote=failure.text)


def _last_seen(rule: ProbeRule, age: Saying, failure: Failure | None) -> Saying:
    if failure is None:
        return Saying("{source} was last seen {age} ago", source=_name(rule), age=age)
    return Saying("{source} was last seen {age} ago: {quote}", source=_name(rule), age=age, quote=failure.text)


_NAMES = {
    Family.STATUS: (mark("The status page"), mark("The status page at {host}")),
    Family.API: (mark("Our own call"), mark("Our own call to {host}")),
    Family.POLICY: (mark("The policy feed"), mark("The policy feed at {host}")),
    Family.BRAND: (mark("The news feed"), mark("The news feed at {host}")),
}


def _name(rule: ProbeRule) -> Saying:
    bare, at_host = _NAMES[rule.family]
    return Saying(at_host, host=rule.host) if rule.host else Saying(bare)


def _age(age: timedelta) -> Saying:
    """How long ago, ever coarser: a text that changed each minute would be a commit each minute."""
    step = timedelta(minutes=1)
    if age >= timedelta(hours=3):
        step = timedelta(hours=1) if age < timedelta(hours=48) else timedelta(days=1)
    return duration(age if age < step else age // step * step)
