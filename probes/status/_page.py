"""What every status page says, whatever its format: components, incidents, work, an indicator; and what it means.

A format's file turns its payload into a `Page`; `judge` holds the rules of meaning, once for all formats:

* the page is as bad as the worst of its selected components, the open incidents that touch one of them or name none,
  and, without a filter, an indicator that says degraded or outage;
* a word that we do not know makes the page Unreadable unless something on it is already degraded or worse; then the
  unknown stays visible beside it, as a signal that stands for UNKNOWN;
* an indicator that is only "minor", with nothing else wrong, is a remark (INFO);
* an indicator that says all is well beside an open incident changes nothing, and is kept as a remark;
* a filter entry that matches nothing makes the page Unreadable: what the team asked us to watch is not there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from probes.base import (
    Availability,
    Certainty,
    Evidence,
    Family,
    Reading,
    Reason,
    Severity,
    Signal,
    Unreadable,
    clip,
)
from probes.status._filter import StatusParams, fold, matches

__all__ = ["Component", "Incident", "Maintenance", "Page", "StatusParams", "judge", "matches"]

KEY_CHARS_MAX = 120
UNKNOWNS_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the vendor's service. `state` None: the page's word for it, `word`, is not one we know.

    `products`, `regions`: where it belongs to several. `silent`: the vendor lists it and does not watch it, so it says
    nothing. `evidence`: what the page says about it.
    """

    id: str
    name: str
    state: Availability | None
    word: str
    group: str = ""
    group_id: str = ""
    product: str = ""
    region: str = ""
    since: datetime | None = None
    products: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    silent: bool = False
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident that is open.

    `touches`: ids (or names, where the page gives no ids) of its components, groups, products; empty: it names none.
    `regions`: ids and names of the regions it is in; empty: it names none. `state` None: the impact, `word`, is not one
    we know; OPERATIONAL: the vendor says without impact.
    """

    id: str
    name: str
    state: Availability | None
    word: str
    touches: frozenset[str] = frozenset()
    since: datetime | None = None
    url: str = ""
    updates: tuple[Evidence, ...] = ()
    regions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Announced work. `active`: the vendor says that it is going on, whatever the clock says."""

    id: str
    name: str
    active: bool
    touches: frozenset[str] = frozenset()
    starts: datetime | None = None
    ends: datetime | None = None
    url: str = ""
    updates: tuple[Evidence, ...] = ()
    regions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """One status page as read. `indicator` None with a non-empty `indicator_word`: a word that we do not know.

    `indicator_remark`: bad, but only a remark when nothing else is wrong ("minor"). `regions`: names of regions that
    the page knows apart from its components. `implied`: the components are only names, and well by the absence of
    incidents. `gaps`: what could not be seen of the page; each an unknown, with its reason.
    """

    components: tuple[Component, ...] = ()
    incidents: tuple[Incident, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    indicator: Availability | None = None
    indicator_word: str = ""
    indicator_remark: bool = False
    url: str = ""
    indicator_text: str = ""
    regions: tuple[str, ...] = ()
    implied: bool = False
    gaps: tuple[tuple[str, Reason], ...] = ()


# --- what is selected -------------------------------------------------------------------------------------------------


def _products(component: Component) -> tuple[str, ...]:
    return (component.product, *component.products)


def _regions(component: Component) -> tuple[str, ...]:
    return (component.region, *component.regions)


_AXES: tuple[tuple[str, Callable[[Component], tuple[str, ...]]], ...] = (
    ("components", lambda c: (c.id, c.name)),
    ("groups", lambda c: (c.group, c.group_id)),
    ("products", _products),
    ("regions", _regions),
)


def _select(page: Page, params: StatusParams) -> tuple[tuple[Component, ...], list[tuple[str, Reason]]]:
    """The components that pass every filter that is set, and what is wrong with the filters."""
    selected = list(page.components)
    faults: list[tuple[str, Reason]] = []
    for axis, names in _AXES:
        patterns: tuple[str, ...] = getattr(params, axis)
        if not patterns:
            continue
        apart = page.regions if axis == "regions" else ()
        for pattern in patterns:
            if not any(matches(pattern, *names(c)) for c in page.components) and not matches(pattern, *apart):
                message = f"the filter entry {clip(pattern, 80)!r} ({axis}) matches nothing on the page"
                faults.append((message, Reason.FILTER))
        # A component that belongs to no region is in all those that the page knows apart from its components.
        anywhere = any(matches(pattern, *apart) for pattern in patterns)
        selected = [c for c in selected if _passes(patterns, names(c)) or (anywhere and not any(names(c)))]
    if params.filtered and not selected and not faults:
        faults.append(("no component passes all filters at once", Reason.FILTER))
    return tuple(selected), faults


def _passes(patterns: Iterable[str], names: tuple[str, ...]) -> bool:
    return any(matches(pattern, *names) for pattern in patterns)


def _touches(event: Incident | Maintenance, selected: tuple[Component, ...], params: StatusParams) -> bool:
    """Whether an event concerns what is selected: it does unless it names other components or other regions."""
    if params.regions and event.regions and not _passes(params.regions, tuple(event.regions)):
        return False
    if not event.touches or not params.filtered:
        return True
    touched = {fold(t) for t in event.touches}
    return any(fold(name) in touched for c in selected for name in _names(c) if name)


def _names(component: Component) -> tuple[str, ...]:
    c = component
    return (c.id, c.name, c.group_id, c.group, *_products(c), *_regions(c))


# --- what it means ----------------------------------------------------------------------------------------------------

_SEVERITY = {
    Availability.OPERATIONAL: Severity.INFO,
    Availability.MAINTENANCE: Severity.INFO,
    Availability.UNKNOWN: Severity.INFO,
    Availability.DEGRADED: Severity.WARNING,
    Availability.OUTAGE: Severity.CRITICAL,
}
_RANK = {
    Availability.OUTAGE: 0,
    Availability.DEGRADED: 1,
    Availability.UNKNOWN: 2,
    Availability.MAINTENANCE: 3,
    Availability.OPERATIONAL: 4,
}
_BAD = (Availability.DEGRADED, Availability.OUTAGE)


def judge(page: Page, params: StatusParams) -> Reading:
    """The signals of a page, the worst first; raises Unreadable when it cannot be trusted to mean anything.

    An empty selection without a filter is legal only where the format has no components: the caller decides that.
    """
    selected, unknown = _select(page, params)
    unknown += page.gaps
    heard = [c for c in selected if not c.silent]
    if selected and not heard:
        unknown.append(("the vendor does not watch what is selected here", Reason.FILTER))
    signals = [_component_signal(c, c.state, page) for c in heard if c.state not in (None, Availability.OPERATIONAL)]
    unknown += [_unknown(f"component {clip(c.name, 80)!r}", c.word) for c in heard if c.state is None]
    for incident in page.incidents:
        if not _touches(incident, selected, params):
            continue
        if incident.state is None:
            unknown.append(_unknown(f"incident {clip(incident.name, 80)!r}", incident.word))
        else:
            signals.append(_incident_signal(incident, incident.state))
    signals += [_maintenance_signal(m) for m in page.maintenances if _touches(m, selected, params)]
    if not params.filtered and page.indicator_word:
        if page.indicator is None:
            unknown.append(_unknown("the page as a whole", page.indicator_word))
        else:
            signals += _indicator_signals(page, page.indicator, signals)
    worse = any(s.stands_for in _BAD for s in signals)
    if unknown and not worse:
        raise Unreadable(*unknown[0])
    if not worse and not any(s.stands_for is Availability.MAINTENANCE for s in signals):
        signals.append(_all_well(heard, page))
    signals += [_unknown_signal(n, text, page) for n, (text, _) in enumerate(unknown[:UNKNOWNS_SHOWN_MAX])]
    return Reading(signals=_ordered(signals))


def _ordered(signals: list[Signal]) -> tuple[Signal, ...]:
    """Worst first, so that the reading's own bound cuts the mildest; every key once."""
    seen: dict[str, int] = {}
    unique = []
    for signal in sorted(signals, key=lambda s: (_RANK[s.stands_for], s.severity is not Severity.OK)):
        seen[signal.key] = count = seen.get(signal.key, 0) + 1
        unique.append(signal if count == 1 else replace(signal, key=f"{signal.key}#{count}"))
    return tuple(unique)


def _unknown(what: str, word: str) -> tuple[str, Reason]:
    return f"the page's word for {what} is {clip(word, 60)!r}, which we do not know", Reason.WORD


def _signal(
    key: str,
    state: Availability,
    summary: str,
    *,
    since: datetime | None = None,
    url: str = "",
    evidence: tuple[Evidence, ...] = (),
) -> Signal:
    return Signal(
        key,
        Family.STATUS,
        _SEVERITY[state],
        Certainty.OFFICIAL,
        summary,
        evidence,
        state=state,
        since=since,
        url=url,
    )


def _key(kind: str, name: str) -> str:
    return clip(f"{kind}:{name}", KEY_CHARS_MAX)


def _component_signal(component: Component, state: Availability | None, page: Page) -> Signal:
    assert state is not None
    where = f" ({component.group})" if component.group else ""
    summary = f"The vendor's page says of {clip(component.name, 100)}{clip(where, 60)}: {_plain(component.word)}"
    key = _key("component", component.id)
    return _signal(key, state, summary, since=component.since, url=page.url, evidence=component.evidence)


def _incident_signal(incident: Incident, state: Availability) -> Signal:
    summary = f"The vendor reports an open incident: {incident.name}"
    key = _key("incident", incident.id)
    return _signal(key, state, summary, since=incident.since, url=incident.url, evidence=incident.updates)


def _maintenance_signal(work: Maintenance) -> Signal:
    if work.active:
        state, summary = Availability.MAINTENANCE, f"The vendor is doing announced work: {work.name}"
    else:
        state, summary = Availability.OPERATIONAL, f"The vendor announces work{_window(work)}: {work.name}"
    key = _key("maintenance", work.id)
    signal = _signal(key, state, summary, since=work.starts, url=work.url, evidence=work.updates)
    return replace(signal, until=work.ends)


def _window(work: Maintenance) -> str:
    if work.starts is None:
        return ""
    ends = f" to {work.ends:%Y-%m-%d %H:%M}" if work.ends else ""
    return f" for {work.starts:%Y-%m-%d %H:%M}{ends} UTC"


def _indicator_signals(page: Page, state: Availability, others: list[Signal]) -> list[Signal]:
    """What the page as a whole says, where that adds something: trouble, or a calm that its own parts belie."""
    wrong = any(s.stands_for in _BAD for s in others)
    if state is Availability.OPERATIONAL and not wrong:
        return []
    if page.indicator_remark and not wrong:
        state = Availability.OPERATIONAL
    still = "still says" if state is Availability.OPERATIONAL and wrong else "says"
    text = f" ({page.indicator_text})" if page.indicator_text else ""
    summary = f"The vendor's page as a whole {still}: {_plain(page.indicator_word)}{clip(text, 120)}"
    return [_signal("indicator", state, summary, url=page.url)]


def _unknown_signal(number: int, text: str, page: Page) -> Signal:
    return _signal(f"unknown:{number}", Availability.UNKNOWN, f"Unknown: {text}", url=page.url)


def _all_well(heard: list[Component], page: Page) -> Signal:
    if not heard and page.indicator is Availability.OPERATIONAL:
        summary = "The vendor's page as a whole says that all is well"
    elif page.implied or not heard:
        summary = "The vendor's page reports no open incident"
        if page.implied and len(heard) == 1:
            summary += f" with {clip(heard[0].name, 100)}"
    elif len(heard) == 1:
        summary = f"The vendor's page says that {clip(heard[0].name, 100)} works"
    else:
        summary = f"The vendor's page says that all {len(heard)} watched components work"
    return Signal("page", Family.STATUS, Severity.OK, Certainty.OFFICIAL, summary, url=page.url)


def _plain(word: str) -> str:
    return clip(word.replace("_", " ").strip(), 80)
