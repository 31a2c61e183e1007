"""``vigie oncall`` and ``vigie override``: who is on call now, next and before, and changing that by hand."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from monitor.cli.acting import VIA, report
from monitor.cli.calling import ask, at_path
from monitor.cli.printing import as_json, dumped, heading, local, rows, say
from monitor.cli.reading import kept_state, never_ran, open_reader
from monitor.core.duty import Override
from monitor.core.model import Rules, State
from monitor.core.oncall import lint
from monitor.core.receivers import changes_of, imported_of
from monitor.settings import Settings
from monitor.web import views
from monitor.web.duty_answers import OnCall, OverrideItem, ScheduleFull, ShiftItem
from monitor.web.oncall_views import HORIZON, desk

__all__ = ["check", "now_and_next", "override", "restore", "schedule", "swap"]

_LAYERS = {"override": "by an override", "swap": "by a swap", "rule": "by a rule", "import": "imported"}
CHANGES_MAX = 1_000


def now_and_next(settings: Settings, at: datetime | None, *, json: bool) -> int:
    """Every schedule in one line."""
    rules, now = settings.rules_for_mind(), datetime.now(UTC)
    state, moment = kept_state(settings), at or now
    found = [desk(rules, state, each).brief(moment) for each in rules.schedules]
    if json:
        as_json(dumped(OnCall(moment, found)))
        return 0
    if not found:
        click.echo("No schedule is configured.")
        return 0
    _zone(rules, moment, now)
    rows(
        ("SCHEDULE", "ON CALL", "UNTIL", "NEXT", "FROM"),
        [
            (
                each.id,
                ", ".join(_who(s) for s in each.now) or "nobody",
                local(_end(each.now, moment), rules, now),
                _who(each.next) if each.next else "",
                local(each.next.start if each.next else None, rules, now),
            )
            for each in found
        ],
    )
    return 0


def _zone(rules: Rules, moment: datetime, now: datetime) -> None:
    heading(f"On call at {local(moment, rules, now)} ({rules.timezone} time)")


def _end(held: Iterable[ShiftItem], moment: datetime) -> datetime | None:
    """When the first of those on call goes; None: nobody does as far as one looks."""
    end = min((shift.end for shift in held), default=None)
    return None if end is None or end - moment >= HORIZON else end


def _who(shift: ShiftItem) -> str:
    why = _LAYERS.get(shift.layer)
    return f"{shift.name} ({why})" if why else shift.name


# --- one schedule ----------------------------------------------------------------------------------------------------


def schedule(settings: Settings, wanted: str, at: datetime | None, days: int, *, json: bool) -> int:
    """One schedule: now, next, the shifts some days before and after, and the changes by hand."""
    rules, now = settings.rules_for_mind(), datetime.now(UTC)
    if wanted not in rules.schedules:
        known = ", ".join(rules.schedules) or "none"
        raise click.ClickException(f"{wanted[:64]!r} is no schedule; configured: {known}")
    moment, reach = at or now, timedelta(days=days)
    state, past = kept_state(settings), _past(settings, wanted, moment - reach, now)
    found = desk(rules, state, wanted).full(state, moment, (moment - reach, moment + reach), past=past, calendar="")
    if json:
        as_json(dumped(found))
        return 0
    _print_schedule(found, rules, moment, (moment - reach, moment + reach))
    return 0


def _past(settings: Settings, wanted: str, since: datetime, now: datetime) -> list[Override]:
    """Changes by hand that ran out by themselves; one that was taken back is as if it had never been."""
    if never_ran(settings):
        return []
    with open_reader(settings) as reader:
        ended = [row.override for row in reader.overrides(wanted, since, CHANGES_MAX) if row.ended]
    return [each for each in ended if max(span.end for span in each.spans) <= now]


def _print_schedule(found: ScheduleFull, rules: Rules, moment: datetime, period: tuple[datetime, datetime]) -> None:
    now = datetime.now(UTC)
    _zone(rules, moment, now)
    ends = [(s, _end([s], moment)) for s in found.now]
    people = (_who(s) + (f" until {local(end, rules, now)}" if end else ", without an end in sight") for s, end in ends)
    say(f"{found.name}: {', '.join(people) or 'nobody'}")
    if found.next:
        say(f"next: {_who(found.next)} from {local(found.next.start, rules, now)}")
    if found.timezone != rules.timezone:
        say(f"handed over in {found.timezone} time")
    if found.fault:
        since = f"; what was read at {local(found.imported_at, rules, now)} stands" if found.imported_at else ""
        say(f"its calendar could not be read: {found.fault}{since}")
    heading("Shifts")
    rows(
        ("FROM", "TO", "WHO", "WHY", "WHEN"),
        [
            (
                ("before " if s.start <= period[0] else "") + local(s.start, rules, now),
                ("after " if s.end >= period[1] else "") + local(s.end, rules, now),
                s.name,
                s.layer,
                _when(s, moment),
            )
            for s in found.shifts
        ],
    )
    if found.overrides:
        heading("Changes by hand")
        rows(("ID", "WHAT", "WHO", "BY", "WHY"), [_change(each, rules, now) for each in found.overrides])
    for finding in found.findings:
        say(f"note: {finding.text}", indent=0)


def _when(shift: ShiftItem, moment: datetime) -> str:
    if shift.end <= moment:
        return "before"
    return "now" if shift.start <= moment else "to come"


def _change(each: OverrideItem, rules: Rules, now: datetime) -> tuple[str, ...]:
    spans = (f"{s.name} {local(s.start, rules, now)} to {local(s.end, rules, now)}" for s in each.spans)
    return each.id, "swap" if each.swap else "override", "; ".join(spans), each.by, each.comment


# --- the linter ------------------------------------------------------------------------------------------------------


def check(settings: Settings, *, json: bool) -> int:
    """Say what is wrong with the schedules; 1 when something is."""
    rules, now = settings.rules_for_mind(), datetime.now(UTC)
    state = kept_state(settings)
    found = [finding for each in rules.schedules for finding in _findings(each, rules, state, now)]
    if json:
        as_json({"findings": found})
    elif not rules.schedules:
        click.echo("No schedule is configured.")
    else:
        for each in found:
            say(f"{each['schedule']}: {each['code']}: {each['text']}", indent=0)
        count = len(rules.schedules)
        if not found:
            click.echo(f"{count} schedule{'s' if count != 1 else ''}: well.")
    return 1 if found else 0


def _findings(wanted: str, rules: Rules, state: State, now: datetime) -> Iterable[dict[str, str]]:
    changes, imported = changes_of(state.overrides, wanted), imported_of(state.schedules, wanted)
    for found in lint(rules.schedules[wanted], changes, imported, rules.recipients, now):
        yield {"schedule": found.schedule, "code": found.code, "text": found.text}


# --- changing --------------------------------------------------------------------------------------------------------


def override(settings: Settings, wanted: str, body: dict[str, Any], *, json: bool) -> int:
    """Put somebody on call for a while; `body`: the API's, what is None left out."""
    said = {name: value for name, value in body.items() if value is not None}
    return report(ask(settings, "POST", at_path("schedules", wanted, "overrides"), {**said, "via": VIA}), json=json)


def swap(settings: Settings, wanted: str, moments: tuple[datetime, datetime], by: str, *, json: bool) -> int:
    """Let the shifts at two moments change hands."""
    first, second = map(views.iso, moments)
    body = {"first": first, "second": second, "by": by, "via": VIA}
    return report(ask(settings, "POST", at_path("schedules", wanted, "swaps"), body), json=json)


def restore(settings: Settings, change: str, by: str, *, json: bool) -> int:
    """Take an override or a swap back."""
    return report(ask(settings, "DELETE", at_path("overrides", change), by=by, via=VIA), json=json)
