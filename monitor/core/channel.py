"""A channel over time: since when it is as it is, whether it flaps, how long it has been well.

Flapping: more than `flap_changes` changes between known states inside `flap_window` hold the worse state, until
`flap_quiet` has passed without a change. Changes to and from unknown are no flapping: they say nothing of the vendor.
"""

from dataclasses import replace
from datetime import datetime

from monitor.core.model import ChannelState, Health, Risk, Rules
from monitor.core.saying import Saying
from monitor.core.source import RANK, is_bad
from probes.base import Availability

__all__ = ["advance", "deadlines"]

_CALM = (Risk.NONE, Risk.WATCH)
_WELL = (Availability.OPERATIONAL, Availability.MAINTENANCE)


def advance(channel: ChannelState, health: Health, rules: Rules, now: datetime) -> ChannelState:
    """The channel after its health was judged anew; `health` is the verdict before any flapping is held."""
    before = channel.health
    changes, last_known = channel.changes, channel.last_known
    if health.availability is not Availability.UNKNOWN:
        if last_known is not None and is_bad(last_known) != is_bad(health.availability):
            changes = (*changes, now)
        last_known = health.availability
    changes = tuple(c for c in changes if now - c < rules.flap_window)[-2 * rules.flap_changes - 2 :]
    unstable_since = _unstable(channel, changes, rules, now)
    if unstable_since is None and channel.unstable_since is not None:
        changes = ()  # it was quiet for long enough: the count starts anew
    if unstable_since is not None:
        health = _hold_worse(channel, health)
    changed = health.availability is not before.availability
    well = health.availability in _WELL
    calm = health.risk in _CALM
    unknown = health.availability is Availability.UNKNOWN
    return ChannelState(
        id=channel.id,
        health=before if health == before else health,
        since=now if changed or channel.since is None else channel.since,
        risk_since=now if health.risk is not before.risk or channel.risk_since is None else channel.risk_since,
        good_since=(channel.good_since or now) if well else None,
        risk_good_since=(channel.risk_good_since or now) if calm else None,
        unknown_since=(channel.unknown_since or now) if unknown else None,
        changes=changes,
        unstable_since=unstable_since,
        admitted=_admitted(channel, health),
        diverged_since=(channel.diverged_since or now) if health.diverges else None,
        last_known=last_known,
    )


def _admitted(channel: ChannelState, health: Health) -> bool:
    if health.availability is Availability.OPERATIONAL:
        return False
    return channel.admitted or health.admitted


def _unstable(channel: ChannelState, changes: tuple[datetime, ...], rules: Rules, now: datetime) -> datetime | None:
    if channel.unstable_since is None:
        return now if len(changes) > rules.flap_changes else None
    quiet = not changes or now - changes[-1] >= rules.flap_quiet
    return None if quiet else channel.unstable_since


def _hold_worse(channel: ChannelState, health: Health) -> Health:
    held = channel.health
    if not is_bad(held.availability) or RANK[held.availability] <= RANK[health.availability]:
        return health if is_bad(health.availability) else _as_unstable(health)
    return replace(held, score=min(held.score, health.score), risk=health.risk, risk_reasons=health.risk_reasons)


def _as_unstable(health: Health) -> Health:
    text = Saying("It keeps changing between trouble and well; we hold the worse until it is quiet")
    return replace(health, availability=Availability.DEGRADED, reasons=(text, *health.reasons))


def deadlines(channel: ChannelState, rules: Rules) -> list[datetime]:
    """When this channel must be looked at again though nothing happens."""
    due = []
    if channel.good_since is not None:
        due.append(channel.good_since + rules.resolve_after)
    if channel.risk_good_since is not None:
        due.append(channel.risk_good_since + rules.resolve_after)
    if channel.unknown_since is not None:
        due.append(channel.unknown_since + rules.unknown_after)
    if channel.unstable_since is not None and channel.changes:
        due.append(channel.changes[-1] + rules.flap_quiet)
    return due
