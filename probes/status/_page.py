"""What every status page says, whatever its format: components, incidents, maintenance, an indicator; and what it means.

A format's file turns its payload into a `Page`; `judge` holds the rules of meaning, once for all formats:

* the page is as bad as the worst of its selected components, the open incidents that touch one of them or name none,
  and, without a filter, an indicator that says degraded or outage;
* a word that we do not know makes the page Unreadable unless something on it is already degraded or worse;
* an indicator that is only "minor", with nothing else wrong, is a remark (INFO);
* a filter entry that matches nothing makes the page Unreadable: what the team asked us to watch is not there.
"""

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import re2
from pydantic import Field, field_validator

from probes.base import (
    Availability,
    Certainty,
    Evidence,
    Family,
    Params,
    Reading,
    Reason,
    Severity,
    Signal,
    Unreadable,
    clip,
)

__all__ = ["Component", "Incident", "Maintenance", "Page", "StatusParams", "judge", "matches"]

FILTER_CHARS_MAX = 512
FILTERS_MAX = 200


class StatusParams(Params):
    """What every status kind takes.

    A filter entry is an id or an exact name; `*` and `?` make it a glob, `/.../` a
    regular expression (RE2). A plain name is never matched as a part of a longer one."""

    components: tuple[str, ...] = Field(default=(), max_length=FILTERS_MAX, description="Only these components.")
    groups: tuple[str, ...] = Field(default=(), max_length=FILTERS_MAX, description="Only components of these groups.")
    products: tuple[str, ...] = Field(default=(), max_length=FILTERS_MAX, description="Only these products or services.")
    regions: tuple[str, ...] = Field(default=(), max_length=FILTERS_MAX, description="Only these regions.")

    @field_validator("components", "groups", "products", "regions")
    @classmethod
    def _usable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if not pattern.strip() or len(pattern) > FILTER_CHARS_MAX:
                msg = f"a filter entry has 1 to {FILTER_CHARS_MAX} characters"
                raise ValueError(msg)
            _matcher(pattern)
        return patterns

    @property
    def filtered(self) -> bool:
        """Whether only a part of the page is watched."""
        return bool(self.components or self.groups or self.products or self.regions)


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the vendor's service. `state` None: the page's word for it, `word`, is not one we know."""

    id: str
    name: str
    state: Availability | None
    word: str
    group: str = ""
    group_id: str = ""
    product: str = ""
    region: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident that is open. `touches`: ids or names of its components, groups, products and regions; empty: it
    names none. `state` None: the impact, `word`, is not one we know; OPERATIONAL: the vendor says without impact."""

    id: str
    name: str
    state: Availability | None
    word: str
    touches: frozenset[str] = frozenset()
    since: datetime | None = None
    url: str = ""
    updates: tuple[Evidence, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Page:
    """One status page as read. `indicator` None with a non-empty `indicator_word`: a word that we do not know."""

    components: tuple[Component, ...] = ()
    incidents: tuple[Incident, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    indicator: Availability | None = None
    indicator_word: str = ""
    indicator_remark: bool = False  # bad, but only a remark when nothing else is wrong ("minor")
    url: str = ""


@lru_cache(maxsize=4096)
def _matcher(pattern: str) -> Callable[[str], bool]:
    """A predicate over already folded text; raises ValueError for a bad regular expression."""
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):  # noqa: PLR2004 - "//" is no pattern
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        try:
            expression = re2.compile(pattern[1:-1], options=options)
        except re2.error as error:
            msg = f"{clip(pattern, 64)!r} is not a regular expression that RE2 accepts: {error}"
            raise ValueError(msg) from error
        return lambda text: expression.search(text) is not None
    folded = _fold(pattern)
    if "*" in pattern or "?" in pattern:
        return lambda text: fnmatch.fnmatchcase(text, folded)
    return lambda text: text == folded


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def matches(pattern: str, *candidates: str) -> bool:
    """Whether one of the texts (ids, names) is what the filter entry asks for."""
    test = _matcher(pattern)
    return any(test(_fold(c)) for c in candidates if c)


def _axis_matched(patterns: Iterable[str], names: Callable[[Component], tuple[str, ...]], page: Page) -> list[Component]:
    chosen: dict[int, Component] = {}
    for pattern in patterns:
        found = [c for c in page.components if matches(pattern, *names(c))]
        if not found:
            msg = f"the filter entry {clip(pattern, 80)!r} matches nothing on the page"
            raise _FilterError(msg)
        chosen |= {id(c): c for c in found}
    return [c for c in page.components if id(c) in chosen]


class _FilterError(Exception):
    pass


_AXES: tuple[tuple[str, Callable[[Component], tuple[str, ...]]], ...] = (
    ("components", lambda c: (c.id, c.name)),
    ("groups", lambda c: (c.group, c.group_id)),
    ("products", lambda c: (c.product,)),
    ("regions", lambda c: (c.region,)),
)


def _select(page: Page, params: StatusParams) -> tuple[Component, ...]:
    """The components that pass every filter that is set; raises _FilterError when an entry matches nothing."""
    selected = list(page.components)
    for name, names in _AXES:
        patterns = getattr(params, name)
        if patterns:
            matched = {id(c) for c in _axis_matched(patterns, names, page)}
            selected = [c for c in selected if id(c) in matched]
    if params.filtered and not selected:
        msg = "no component passes all filters at once"
        raise _FilterError(msg)
    return tuple(selected)


def _touches(touched: frozenset[str], selected: tuple[Component, ...], params: StatusParams) -> bool:
    if not touched or not params.filtered:
        return True
    names = {_fold(t) for t in touched}
    return any(
        _fold(name) in names for c in selected for name in (c.id, c.name, c.group_id, c.group, c.product, c.region) if name
    )


_SEVERITY = {
    Availability.OPERATIONAL: Severity.INFO,
    Availability.MAINTENANCE: Severity.INFO,
    Availability.DEGRADED: Severity.WARNING,
    Availability.OUTAGE: Severity.CRITICAL,
}
_BAD = (Availability.DEGRADED, Availability.OUTAGE)


def judge(page: Page, params: StatusParams) -> Reading:
    """The signals of a page; raises Unreadable when it cannot be trusted to mean anything.

    An empty selection without a filter is legal only where the format has no components: the caller decides that.
    """
    unknown: list[tuple[str, Reason]] = []
    try:
        selected = _select(page, params)
    except _FilterError as error:
        unknown.append((str(error), Reason.FILTER))
        selected = ()
    signals = [_component_signal(c, page) for c in selected if c.state not in (None, Availability.OPERATIONAL)]
    unknown += [_unknown(f"component {c.name!r}", c.word) for c in selected if c.state is None]
    for incident in page.incidents:
        if _touches(incident.touches, selected, params):
            if incident.state is None:
                unknown.append(_unknown(f"incident {clip(incident.name, 80)!r}", incident.word))
            else:
                signals.append(_incident_signal(incident, incident.state))
    signals += [_maintenance_signal(m) for m in page.maintenances if _touches(m.touches, selected, params)]
    if not params.filtered:
        if page.indicator is None and page.indicator_word:
            unknown.append(_unknown("the page as a whole", page.indicator_word))
        elif page.indicator not in (None, Availability.OPERATIONAL):
            signals.append(_indicator_signal(page, signals))
    worse = any(s.stands_for in _BAD for s in signals)
    if unknown and not worse:
        raise Unreadable(*unknown[0])
    if not worse and not any(s.stands_for is Availability.MAINTENANCE for s in signals):
        signals.insert(0, _all_well(selected, page))
    return Reading(signals=tuple(signals))


def _unknown(what: str, word: str) -> tuple[str, Reason]:
    return f"the page's word for {what} is {clip(word, 60)!r}, which we do not know", Reason.WORD


def _signal(key: str, state: Availability, summary: str, **more: object) -> Signal:
    return Signal(key, Family.STATUS, _SEVERITY[state], Certainty.OFFICIAL, summary, state=state, **more)  # type: ignore[arg-type]


def _component_signal(component: Component, page: Page) -> Signal:
    assert component.state is not None
    where = f" ({component.group})" if component.group else ""
    summary = f"The vendor's page says that {component.name}{where} is {_plain(component.word)}"
    return _signal(f"component:{component.id}", component.state, summary, since=component.since, url=page.url)


def _incident_signal(incident: Incident, state: Availability) -> Signal:
    summary = f"The vendor reports an open incident: {incident.name}"
    return _signal(
        f"incident:{incident.id}", state, summary, since=incident.since, url=incident.url, evidence=incident.updates
    )


def _maintenance_signal(work: Maintenance) -> Signal:
    if work.active:
        state, summary = Availability.MAINTENANCE, f"The vendor is doing announced work: {work.name}"
    else:
        state, summary = Availability.OPERATIONAL, f"The vendor announces work{_window(work)}: {work.name}"
    return _signal(f"maintenance:{work.id}", state, summary, since=work.starts, url=work.url, evidence=work.updates)


def _window(work: Maintenance) -> str:
    if work.starts is None:
        return ""
    ends = f" to {work.ends:%Y-%m-%d %H:%M}" if work.ends else ""
    return f" for {work.starts:%Y-%m-%d %H:%M}{ends} UTC"


def _indicator_signal(page: Page, others: list[Signal]) -> Signal:
    assert page.indicator is not None
    state = page.indicator
    wrong = any(s.stands_for is not Availability.OPERATIONAL for s in others)
    if page.indicator_remark and not wrong:
        state = Availability.OPERATIONAL
    summary = f"The vendor's page as a whole says: {_plain(page.indicator_word)}"
    return _signal("indicator", state, summary, url=page.url)


def _all_well(selected: tuple[Component, ...], page: Page) -> Signal:
    if len(selected) == 1:
        summary = f"The vendor's page says that {selected[0].name} works"
    elif selected:
        summary = f"The vendor's page says that all {len(selected)} watched components work"
    else:
        summary = "The vendor's page reports no open incident"
    return Signal("page", Family.STATUS, Severity.OK, Certainty.OFFICIAL, summary, url=page.url)


def _plain(word: str) -> str:
    return clip(word.replace("_", " ").strip(), 80)
