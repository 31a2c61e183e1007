"""Schedules in time: who comes on call is told, and a schedule with nobody on call is a trouble of ours."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.core import ourselves, wording
from monitor.core.draft import Draft
from monitor.core.duty import Schedule, Shift
from monitor.core.letters import direct
from monitor.core.model import Condition, Imported, Incident, Page, Phase, Priority, Rules, ScheduleState
from monitor.core.oncall.schedule import next_change, on_call, shifts
from monitor.core.oncall.walls import moment, next_at
from monitor.core.paging import made
from monitor.core.receivers import behind, changes_of, imported_of, names_of
from monitor.core.saying import Saying
from monitor.core.talk import Talk

__all__ = ["imported", "review_schedules"]

AHEAD = timedelta(days=14)


def review_schedules(draft: Draft) -> None:
    """Bring each schedule up to now, and look again when it changes next."""
    for schedule in draft.rules.schedules.values():
        _review(draft, schedule)
    for gone in sorted(s for s in draft.schedules if s not in draft.rules.schedules):
        draft.drop_schedule(gone)
        ourselves.monitor_well(draft, Condition.SCHEDULE, "It left the configuration", gone)


def imported(draft: Draft, event: Imported) -> None:
    """Take a schedule's import; one that failed leaves the last good copy as it is."""
    schedule = draft.rules.schedules.get(event.schedule)
    if schedule is None:
        return
    known = draft.schedules.get(schedule.id, ScheduleState(schedule.id))
    if event.shifts is None:
        if known.fault != event.fault:
            draft.decide("import_failed", f"{schedule.name}: {event.fault}; the last good copy stands")
        draft.put_schedule(replace(known, fault=event.fault))
    else:
        if known.fault or known.imported is None:
            draft.decide("imported", f"{schedule.name}: {len(event.shifts)} shifts")
        draft.put_schedule(replace(known, shifts=event.shifts, imported=draft.now, fault=""))
    _review(draft, schedule)


def _review(draft: Draft, schedule: Schedule) -> None:
    now = draft.now
    changes, copied = changes_of(draft.overrides, schedule.id), imported_of(draft.schedules, schedule.id)
    people = on_call(schedule, changes, copied, now)
    known = draft.schedules.get(schedule.id)
    if known is None:
        known = ScheduleState(schedule.id, on_call=people)
        draft.put_schedule(known)
    if people != known.on_call:
        draft.put_schedule(replace(known, on_call=people))
        _hand_over(draft, schedule, known.on_call, people)
    _notice(draft, schedule, people)
    _nobody(draft, schedule, people, waiting=schedule.imported and known.imported is None and not known.fault)
    draft.look_at_duties(next_change(schedule, changes, copied, now))


def _hand_over(draft: Draft, schedule: Schedule, before: Sequence[str], after: Sequence[str]) -> None:
    """The new ones get a test page, and what is open."""
    rules = draft.rules
    text = f"{schedule.name}: {names_of(rules, before) or 'nobody'} → {names_of(rules, after) or 'nobody'}"
    draft.decide("handoff", text)
    fresh = [p for p in after if p not in before]
    concerned = _concerned(draft, schedule.id)
    for incident in concerned:
        _pass_on(draft, incident, schedule.id, [p for p in before if p not in after], fresh)
    open_now = [i for i in concerned if i.phase is not Phase.RESOLVED]
    if not schedule.announce:
        return
    for person in fresh:
        recipient = rules.recipients.get(person)
        if recipient is None:
            continue
        own = next((s for s in _coming(draft, schedule) if s.person == person), None)
        titles = [Talk(draft, draft.incidents[i.id]).headline(recipient) for i in open_now]
        message = wording.handoff(
            schedule.name, recipient, draft.now, own.end if own else None, titles, rules, draft.now
        )
        name = f"handoff:{schedule.id}:{draft.now:%Y%m%dT%H%M%S}"
        direct(draft, recipient, name, "handoff", message, "told_handoff", acts=tuple(i.id for i in open_now))


def _coming(draft: Draft, schedule: Schedule) -> tuple[Shift, ...]:
    changes, copied = changes_of(draft.overrides, schedule.id), imported_of(draft.schedules, schedule.id)
    return shifts(schedule, changes, copied, draft.now, draft.now + AHEAD)


def _concerned(draft: Draft, schedule: str) -> list[Incident]:
    """Incidents to which the schedule was called; those that are over but may come back too."""
    wanted = (Phase.OPEN, Phase.ACKNOWLEDGED, Phase.RESOLVED)
    found = sorted((i for i in draft.incidents.values() if i.phase in wanted), key=lambda i: int(i.id))
    return [i for i in found if any(_called(draft.rules, page, schedule) for page in i.pages)]


def _called(rules: Rules, page: Page, schedule: str) -> bool:
    return any(schedule in receivers for receivers in made(page, rules))


def _pass_on(draft: Draft, incident: Incident, schedule: str, gone: Sequence[str], fresh: Sequence[str]) -> None:
    """Those who come are called to it; those who go hear only its end, unless they were called by another name too."""
    pages = tuple(
        _passed(draft, page, schedule, gone, fresh) if _called(draft.rules, page, schedule) else page
        for page in incident.pages
    )
    draft.put_incident(replace(incident, pages=pages))
    if incident.phase is not Phase.OPEN:
        return
    talk = Talk(draft, draft.incidents[incident.id])
    if not talk.quiet and not talk.silent and talk.ready(draft.now):
        for person in fresh:
            if person in talk.listeners:
                talk.call(person, "handed_over", "told_handed_over")
    talk.finish()


def _passed(draft: Draft, page: Page, schedule: str, gone: Sequence[str], fresh: Sequence[str]) -> Page:
    rules = draft.rules
    others = {name for receivers in made(page, rules) for name in receivers} - {schedule}
    stay = {r for name in others for r in behind(rules, draft.overrides, draft.schedules, name, draft.now)}
    called = [r for r in page.called if r not in gone or r in stay]
    return replace(page, called=tuple(dict.fromkeys([*called, *fresh])))


def _notice(draft: Draft, schedule: Schedule, people: Sequence[str]) -> None:
    """The daily reminder: once each local day, whatever the clocks do."""
    if schedule.notice is None:
        return
    now, known = draft.now, draft.schedules[schedule.id]
    coming = next_at(schedule.notice, schedule.timezone, now)
    draft.look_at_duties(coming)
    newest = next_at(schedule.notice, schedule.timezone, now - timedelta(days=1, hours=3))
    due = [m for m in (newest, next_at(schedule.notice, schedule.timezone, newest)) if m <= now]
    if not due:
        return
    day = due[-1].astimezone(ZoneInfo(schedule.timezone)).date()
    if moment(datetime.combine(day, schedule.notice), schedule.timezone) != due[-1]:
        day -= timedelta(days=1)  # the clocks passed over it at the end of its day
    if known.noticed is None or known.noticed >= day:
        if known.noticed is None:  # a schedule that has just come: its first reminder is the next one
            draft.put_schedule(replace(known, noticed=day))
        return
    draft.put_schedule(replace(known, noticed=day))
    for person in people:
        recipient = draft.rules.recipients.get(person)
        if recipient is not None:
            own = next((s for s in _coming(draft, schedule) if s.person == person), None)
            message = wording.duty(schedule.name, recipient, own.end if own else None, draft.rules, now)
            direct(
                draft, recipient, f"duty:{schedule.id}:{day}", "duty", message, "told_duty", priority=Priority.REPORT
            )


def _nobody(draft: Draft, schedule: Schedule, people: Sequence[str], *, waiting: bool) -> None:
    if people or schedule.id not in _used(draft.rules):
        why = f"{names_of(draft.rules, people)} is on call" if people else "Nobody relies on it any more"
        ourselves.monitor_well(draft, Condition.SCHEDULE, why, schedule.id)
    elif not waiting:
        fault = draft.schedules[schedule.id].fault
        text = Saying("{name}: nobody is on call", name=schedule.name)
        text = Saying(wording.UNREAD_CALENDAR, quote=fault) if fault else text
        ourselves.monitor_trouble(draft, Condition.SCHEDULE, (text,), schedule.id)


def _used(rules: Rules) -> set[str]:
    """Schedules that somebody relies on: named by a route, a policy, or as the fall-back."""
    found = {rules.fallback}
    nodes = [rules.route] if rules.route else []
    while nodes:
        node = nodes.pop()
        found.add(node.receiver)
        nodes += node.routes
    for policy in rules.policies.values():
        found |= {policy.fallback, *(t for step in policy.steps for t in step.targets)}
    return found
