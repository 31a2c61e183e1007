"""Schedules in time: who comes on call is told, and a schedule with nobody on call is a trouble of ours."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from monitor.core import life, wording
from monitor.core.draft import Draft
from monitor.core.duty import Schedule, Shift
from monitor.core.incident import is_active
from monitor.core.letters import direct
from monitor.core.model import Condition, Imported, Incident, Page, Phase, Priority, Rules, ScheduleState
from monitor.core.oncall.schedule import next_change, on_call, shifts
from monitor.core.oncall.walls import next_at
from monitor.core.receivers import changes_of, imported_of, names_of
from monitor.core.saying import Saying
from monitor.core.talk import Talk

__all__ = ["imported", "review_schedules"]

AHEAD = timedelta(days=14)


def review_schedules(draft: Draft) -> None:
    """Bring each schedule up to now, and look again when it changes next."""
    for schedule in draft.rules.schedules.values():
        _review(draft, schedule)
    for gone in [s for s in draft.schedules if s not in draft.rules.schedules]:
        draft.drop_schedule(gone)


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
    text = f"{schedule.name}: {names_of(rules, before) or 'nobody'} -> {names_of(rules, after) or 'nobody'}"
    draft.decide("handoff", text)
    fresh = [p for p in after if p not in before]
    concerned = [i for i in _open(draft) if _calls(i, schedule.id)]
    for incident in concerned:
        _pass_on(draft, incident, schedule.id, [p for p in before if p not in after], fresh)
    if not schedule.announce:
        return
    for person in fresh:
        recipient = rules.recipients.get(person)
        if recipient is None:
            continue
        own = next((s for s in _coming(draft, schedule) if s.person == person), None)
        titles = [Talk(draft, draft.incidents[i.id]).headline(recipient) for i in concerned]
        message = wording.handoff(
            schedule.name, recipient, draft.now, own.end if own else None, titles, rules, draft.now
        )
        name = f"handoff:{schedule.id}:{draft.now:%Y%m%dT%H%M%S}"
        direct(draft, recipient, name, "handoff", message, "told_handoff", acts=tuple(i.id for i in concerned))


def _coming(draft: Draft, schedule: Schedule) -> tuple[Shift, ...]:
    changes, copied = changes_of(draft.overrides, schedule.id), imported_of(draft.schedules, schedule.id)
    return shifts(schedule, changes, copied, draft.now, draft.now + AHEAD)


def _open(draft: Draft) -> list[Incident]:
    wanted = (Phase.OPEN, Phase.ACKNOWLEDGED)
    return sorted((i for i in draft.incidents.values() if i.phase in wanted), key=lambda i: int(i.id))


def _calls(incident: Incident, schedule: str) -> bool:
    """Whether a call to the schedule has been made for it."""
    return any(schedule in made for page in incident.pages for made in _made(page.taken, page))


def _made(taken: int, page: Page) -> list[tuple[str, ...]]:
    steps = page.policy.steps if page.policy else ()
    made = [(page.receiver,), *(s.targets for s in steps)]
    return made if page.again else made[:taken]


def _pass_on(draft: Draft, incident: Incident, schedule: str, gone: Sequence[str], fresh: Sequence[str]) -> None:
    """Those who come are called to what is open; those who go hear only its end."""
    pages = []
    for page in incident.pages:
        if any(schedule in made for made in _made(page.taken, page)):
            called = [r for r in page.called if r not in gone]
            page = replace(page, called=tuple(dict.fromkeys([*called, *fresh])))  # noqa: PLW2901 - the same page, later
        pages.append(page)
    draft.put_incident(replace(incident, pages=tuple(pages)))
    if incident.phase is not Phase.OPEN:
        return
    talk = Talk(draft, draft.incidents[incident.id])
    if not talk.quiet and not talk.silent and talk.ready(draft.now):
        for person in fresh:
            talk.call(person, "handed_over", "told_handed_over")
    talk.finish()


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
    trouble = draft.find(Condition.SCHEDULE, schedule.id)
    standing = trouble is not None and is_active(trouble.phase)
    if not people and not waiting and schedule.id in _used(draft.rules):
        fault = draft.schedules[schedule.id].fault
        text = Saying("{name}: nobody is on call", name=schedule.name)
        text = Saying(wording.UNREAD_CALENDAR, quote=fault) if fault else text
        life.monitor_trouble(draft, Condition.SCHEDULE, (text,), schedule.id)
    elif people and standing and trouble is not None:
        life.resolve(draft, trouble, f"{names_of(draft.rules, people)} is on call")


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
