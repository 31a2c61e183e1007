"""Signals -> channel health: availability, risk, score, reasons, and what is unknown.

Official beats rumour; measurement beats official, towards worse only. One unconfirmed source has a ceiling: degraded.
"Operational" is never a default: it needs one fresh good status or api source, and no bad one.
"""

from collections.abc import Iterable
from datetime import datetime

from monitor.core.model import ChannelRule, Health, Held, ProbeState, Risk
from monitor.core.saying import Saying, state_word
from monitor.core.source import STALE_BAD_MAX, Source, is_bad, view
from probes.base import Availability, Certainty, Family, Severity, Signal

__all__ = ["fuse", "next_fade"]

REASONS_MAX = 12
_PENALTY = {
    Availability.OPERATIONAL: 0.0,
    Availability.MAINTENANCE: 0.3,
    Availability.UNKNOWN: 0.2,
    Availability.DEGRADED: 0.5,
    Availability.OUTAGE: 1.0,
}
_RISK_PENALTY = {Severity.OK: 0.0, Severity.INFO: 0.05, Severity.WARNING: 0.2, Severity.CRITICAL: 0.4}
_RISK = {
    Severity.OK: Risk.NONE,
    Severity.INFO: Risk.WATCH,
    Severity.WARNING: Risk.ELEVATED,
    Severity.CRITICAL: Risk.SEVERE,
}
_LEVEL_FAMILIES = (Family.STATUS, Family.API)


def fuse(rule: ChannelRule, probes: Iterable[ProbeState], now: datetime, *, admitted: bool = False) -> Health:
    """The verdict on one channel from what its probes hold now. `probes`: in the order of `rule.probes`.

    `admitted`: the vendor's page has said of this very trouble that it was one; a page that turns well before our calls
    do is then no divergence.
    """
    states = list(probes)
    sources = [view(r, p, now) for r, p in zip(rule.probes, states, strict=True) if r.family in _LEVEL_FAMILIES]
    if rule.defunct:
        return Health(reasons=(_defunct(rule),), score=0.0)
    diverges = _diverges(sources) and not admitted
    availability, confirmed, reasons = _availability(rule, sources, now, diverges=diverges)
    risk, risk_reasons, risk_evidence, risk_penalties = _risk(rule, states, now)
    penalties = {
        Family.STATUS.value: _family_penalty(sources, Family.STATUS),
        Family.API.value: _family_penalty(sources, Family.API),
        **risk_penalties,
    }
    evidence = [f"{s.rule.id}#{g.key}" for s in sources if is_bad(s.last) for g in s.signals if is_bad(g.stands_for)]
    return Health(
        availability=availability,
        risk=risk,
        confirmed=confirmed,
        score=round(max(0.0, 1.0 - sum(penalties.values())), 4),
        penalties=penalties,
        reasons=tuple(dict.fromkeys(reasons))[:REASONS_MAX],
        risk_reasons=risk_reasons[:REASONS_MAX],
        unknowns=tuple(dict.fromkeys(_unknowns(sources, availability)))[:REASONS_MAX],
        evidence=(*evidence, *risk_evidence)[:REASONS_MAX],
        admitted=any(is_bad(s.state) and _official(s) for s in sources),
        diverges=diverges,
        stale=any(s.stale for s in sources),
    )


def _availability(
    rule: ChannelRule, sources: list[Source], now: datetime, *, diverges: bool
) -> tuple[Availability, bool, list[str]]:
    if not sources:
        return Availability.UNKNOWN, True, [_sourceless(rule)]
    bad = [s for s in sources if is_bad(s.state)]
    official = [s for s in bad if _official(s)]
    said = [g.summary for s in [*official, *(s for s in bad if s not in official)] for g in _telling(s)]
    if any(s.state is Availability.OUTAGE for s in official):
        return Availability.OUTAGE, True, said
    maintenance = [s for s in sources if s.state is Availability.MAINTENANCE]
    if maintenance and not official:
        said = [g.summary for s in maintenance for g in _telling(s)] + said
        return Availability.MAINTENANCE, True, said
    independent = {(s.rule.family, s.rule.host) for s in bad}
    if len(independent) > 1:
        severe = any(s.state is Availability.OUTAGE for s in bad)
        return (Availability.OUTAGE if severe else Availability.DEGRADED), True, said
    if official:
        return Availability.DEGRADED, True, said
    if bad:
        return Availability.DEGRADED, False, [*said, _unconfirmed(sources, diverges=diverges)]
    good = [s for s in sources if s.state is Availability.OPERATIONAL]
    dark = [s for s in sources if _went_dark(s, now)]
    if good and not dark:
        remarks = [g.summary for s in good for g in s.signals if g.severity is Severity.INFO]
        return Availability.OPERATIONAL, True, remarks
    if dark:
        return Availability.UNKNOWN, True, [_last_word(s) for s in dark]
    return Availability.UNKNOWN, True, [s.why for s in sources if s.why]


def _defunct(rule: ChannelRule) -> Saying:
    if rule.note:
        return Saying("{name} no longer exists; it is kept for drills ({quote})", name=rule.name, quote=rule.note)
    return Saying("{name} no longer exists; it is kept for drills", name=rule.name)


def _sourceless(rule: ChannelRule) -> Saying:
    if rule.note:
        return Saying("{name} has no official status source: {quote}", name=rule.name, quote=rule.note)
    return Saying("{name} has no official status source: no source of its availability is known", name=rule.name)


def _last_word(source: Source) -> Saying:
    return Saying("{why}; it then said {state}", why=source.why, state=state_word(source.last))


def _went_dark(source: Source, now: datetime) -> bool:
    """Last seen in trouble, and not long ago: our good calls alone do not make its channel well."""
    recent = source.seen_at is not None and now - source.seen_at < STALE_BAD_MAX
    return source.stale and is_bad(source.last) and not is_bad(source.state) and recent


def _official(source: Source) -> bool:
    return any(g.certainty is Certainty.OFFICIAL and is_bad(g.stands_for) for g in source.signals)


def _telling(source: Source) -> list[Signal]:
    """The signals that make the source what it is, worst first."""
    wanted = [g for g in source.signals if g.stands_for not in (Availability.OPERATIONAL, Availability.UNKNOWN)]
    return sorted(wanted, key=lambda g: -g.severity)


def _unconfirmed(sources: list[Source], *, diverges: bool) -> str:
    if _diverges(sources) and not diverges:
        return Saying("The vendor's page says that it is over; our own calls do not work again yet")
    if diverges:
        return Saying(
            "The vendor's own page still says that all is well; this is unconfirmed, from our own calls alone"
        )
    return Saying("No second source confirms this yet")


def _diverges(sources: list[Source]) -> bool:
    ours = any(s.rule.family is Family.API and is_bad(s.state) for s in sources)
    return ours and any(s.rule.family is Family.STATUS and s.state is Availability.OPERATIONAL for s in sources)


def _unknowns(sources: list[Source], availability: Availability) -> list[str]:
    said: list[str] = [s.why for s in sources if s.why and (s.state is Availability.UNKNOWN or s.stale)]
    waiting: list[str] = [
        Saying("Our own call to {host} just failed; not yet confirmed", host=s.rule.host)
        for s in sources
        if s.state is Availability.OPERATIONAL and any(is_bad(g.stands_for) for g in s.signals)
    ]
    return said + waiting if availability is not Availability.UNKNOWN or waiting else said


def _family_penalty(sources: list[Source], family: Family) -> float:
    return max((_PENALTY[s.state] for s in sources if s.rule.family is family), default=0.0)


# --- risk: policy and brand events, fading ---------------------------------------------------------------------------


def _faded(held: Held, now: datetime) -> Severity:
    """An event counts in full for the first half of its life and one step less in the second (never below INFO)."""
    severity = held.signal.severity
    if severity <= Severity.INFO or now < held.at + (held.until - held.at) / 2:
        return severity
    return Severity(severity - 1)


def next_fade(held: Held, now: datetime) -> datetime:
    """When the event's weight changes next."""
    half = held.at + (held.until - held.at) / 2
    return half if now < half else held.until


def _risk(
    rule: ChannelRule, states: list[ProbeState], now: datetime
) -> tuple[Risk, tuple[str, ...], tuple[str, ...], dict[str, float]]:
    """Risk, its reasons (worst first), its evidence, and the two families' penalties."""
    rows: list[tuple[Severity, Signal, str]] = []
    penalties = {Family.POLICY.value: 0.0, Family.BRAND.value: 0.0}
    for probe_rule, probe in zip(rule.probes, states, strict=True):
        rows += [(_faded(h, now), h.signal, probe_rule.id) for h in probe.events if h.until > now]
        if probe_rule.family not in _LEVEL_FAMILIES and probe.expires_at is not None and probe.expires_at > now:
            rows += [(g.severity, g, probe_rule.id) for g in probe.signals]
    rows = sorted((r for r in rows if r[0] > Severity.OK), key=lambda r: (-r[0], r[1].key))
    for severity, signal, _ in rows:
        family = signal.family.value
        if family in penalties:
            penalties[family] = max(penalties[family], _RISK_PENALTY[severity])
    worst = _confirmed_severity(rows)
    reasons = tuple(dict.fromkeys(g.summary for _, g, _ in rows))
    return _RISK[worst], reasons, tuple(f"{probe}#{g.key}" for _, g, probe in rows), penalties


def _confirmed_severity(rows: list[tuple[Severity, Signal, str]]) -> Severity:
    """The worst severity; "severe" on hearsay needs two independent publishers, or one official word."""
    worst = max((r[0] for r in rows), default=Severity.OK)
    if worst is Severity.CRITICAL:
        top = [(g, probe) for severity, g, probe in rows if severity is Severity.CRITICAL]
        publishers = {_publisher(g.url) or probe for g, probe in top}
        if len(publishers) < 2 and not any(g.certainty is Certainty.OFFICIAL for g, _ in top):  # noqa: PLR2004 - a second source
            return Severity.WARNING
    return worst


def _publisher(url: str) -> str:
    return url.split("://", 1)[-1].split("/", 1)[0].casefold().removeprefix("www.")
