"""``vigie explain``: why a channel is called what it is, and what became of an incident, from the ledger."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.text import Text

from monitor.cli.printing import ASIDE, as_json, heading, local, out, say, state_text, visible
from monitor.cli.reading import incident_json, open_reader, state_of, why_held
from monitor.core import wording
from monitor.core.model import Decision, Incident, Phase, Rules
from monitor.core.paging import coming
from monitor.core.receivers import name_of, names_of
from monitor.settings import Settings
from monitor.store import Delivery, StoreReader
from monitor.web import views

__all__ = ["explain"]

DECISIONS_MAX = 500
INCIDENTS_MAX = 200
STORIES_MAX = 10
LEDGER_SHOWN_MAX = 60
_NUMBER = re.compile(r"#?(\d{1,18})")


def explain(settings: Settings, wanted: str, *, at: datetime | None, json: bool) -> int:
    """A channel by its id, or an incident by its number; as of `at`, if given."""
    rules = settings.rules_for_mind()
    number = _NUMBER.fullmatch(wanted)
    if wanted in rules.channels:
        return _explain_channel(settings, rules, wanted, at=at, json=json)
    if number is None:
        known = ", ".join(sorted(rules.channels)) or "none"
        raise click.ClickException(f"{wanted[:64]!r} is neither watched nor an incident's number; watched: {known}")
    return _explain_incident(settings, rules, str(int(number[1])), at=at, json=json)


# --- an incident -----------------------------------------------------------------------------------------------------


def _explain_incident(settings: Settings, rules: Rules, number: str, *, at: datetime | None, json: bool) -> int:
    """Its story in order: what was decided and why, who was told by which way, who did what."""
    until = at + timedelta(seconds=1) if at else None
    with open_reader(settings) as reader:
        found = reader.incidents_named([number]).get(number)
        if found is None:
            raise click.ClickException(f"no incident {number} is kept; see `vigie incidents`")
        ledger = [row.decision for row in reader.decisions(incident=number, until=until, limit=DECISIONS_MAX)]
        posts = _posts(reader, number, until)
    story = views.timeline(rules, reversed(ledger), posts)
    story = [line for line in story if until is None or datetime.fromisoformat(line["at"]) < until]
    if json:
        as_json(
            {
                "incident": incident_json(rules, found),
                "timeline": story,
                "notifications": [_post(each) for each in posts],
            }
        )
        return 0
    now = datetime.now(UTC)
    _print_incident(found, rules, now, as_of=at)
    heading(f"What happened, in order ({rules.timezone} time)")
    for line in story:
        because = "".join(f"; {evidence}" for evidence in line.get("evidence", ()))
        _at(datetime.fromisoformat(line["at"]), f"{line['text']} ({line['code']}{because})", rules, now)
    if not story:
        say("nothing yet")
    return 0


def _at(moment: datetime, text: str, rules: Rules, now: datetime) -> None:
    """A line of a story, with its time."""
    when = wording.clock(moment, rules, now, seconds=True)
    say(f"{when}  {text}", hang=len(when) + 4)


def _posts(reader: StoreReader, incident: str, until: datetime | None) -> list[Delivery]:
    return [d for d in reader.deliveries(incident) if until is None or d.row.notification.created < until]


def _print_incident(each: Incident, rules: Rules, now: datetime, *, as_of: datetime | None) -> None:
    heading(f"#{each.id} {views.title_of(each, rules)}")
    if as_of is not None:
        say(f"as of {local(as_of, rules, now)}")
        return
    for line in _facts(each, rules, now):
        say(line)


def _facts(each: Incident, rules: Rules, now: datetime) -> Iterable[str]:
    """How it stands now, in a few lines."""
    since = local(each.opened, rules, now)
    if each.resolved:
        lasted = wording.duration(each.resolved - each.opened)
        yield f"{each.phase.value}: it lasted from {since} to {local(each.resolved, rules, now)} ({lasted})"
    else:
        yield f"{each.phase.value}: it has lasted since {since}"
    yield from (each.peak_reasons or each.reasons)
    if each.owner:
        until = f" until {local(each.lapses, rules, now)}" if each.phase is Phase.ACKNOWLEDGED and each.lapses else ""
        yield f"taken by {name_of(rules, each.owner)} at {local(each.acknowledged, rules, now)}{until}"
    if each.by_hand:
        yield f"called over by {name_of(rules, each.by_hand)}"
    if each.snoozed and each.phase is Phase.OPEN:
        yield f"put off until {local(each.snoozed, rules, now)}"
    for channel, code in each.held.items():
        named = rules.channels[channel].name if channel in rules.channels else "it"
        yield f"not told of {named}: {why_held(code, rules)}"
    if each.folded:
        yield f"told in the messages on incident {each.folded}, its cause"
    called = dict.fromkeys(r for page in each.pages for r in page.called)
    if called:
        yield f"called so far: {names_of(rules, called)}"
    calls = coming(each)
    if calls:
        yield f"the next are called at {local(calls[0][0], rules, now)} if nobody takes it"


# --- a channel -------------------------------------------------------------------------------------------------------


def _explain_channel(settings: Settings, rules: Rules, channel: str, *, at: datetime | None, json: bool) -> int:
    """Why it is called what it is, what was decided, who was told, and why others were not."""
    until = at + timedelta(seconds=1) if at else None
    with open_reader(settings) as reader:
        about = [row.decision for row in reader.decisions(channel=channel, until=until, limit=DECISIONS_MAX)]
        kept = reader.incidents(INCIDENTS_MAX)
        mine = [i for i in kept if channel in i.channels and (at is None or i.opened <= at)]
        told = [r.decision for i in mine[:STORIES_MAX] for r in reader.decisions(incident=i.id, until=until)]
        posts = [each for i in mine[:STORIES_MAX] for each in _posts(reader, i.id, until)]
        state = state_of(reader)
    now = at or datetime.now(UTC)
    found = views.channel(rules, state, channel, now)
    ledger = sorted(dict.fromkeys([*about, *told]), key=lambda d: d.at)
    if json:
        as_json(
            {
                "channel": _verdict_then(about, found) if at else found,
                "decisions": [_decision(d) for d in ledger],
                "incidents": [incident_json(rules, i) for i in mine],
                "notifications": [_post(d) for d in posts],
            }
        )
        return 0
    _verdict(found, about, rules, at)
    for each in mine[:STORIES_MAX]:
        say(f"{views.title_of(each, rules)}, {each.phase.value}: its story is `vigie explain {each.id}`")
    _ledger(ledger, rules, now)
    _told(posts, ledger, rules, now)
    return 0


def _verdict_then(about: list[Decision], found: dict[str, Any]) -> dict[str, Any]:
    """What the ledger says the verdict was, for a moment in the past."""
    newest = [d for d in about if d.code == "availability_changed"][-1:]
    risk = [d for d in about if d.code == "risk_changed"][-1:]
    said = [d.text for d in (*newest, *risk)] or ["Nothing is in the ledger before that moment"]
    return {
        "id": found["id"],
        "name": found["name"],
        "reasons": said,
        "since": views.iso(newest[0].at if newest else None),
    }


def _verdict(found: dict[str, Any], about: list[Decision], rules: Rules, at: datetime | None) -> None:
    console = out()
    if at is not None:
        then = _verdict_then(about, found)
        heading(f"{found['name']} at {wording.clock(at, rules, datetime.now(UTC))} ({rules.timezone} time)")
        for reason in then["reasons"]:
            say(reason)
        return
    line = Text.assemble((found["name"], "bold"), " is ", state_text(found["availability"]), ", risk ")
    console.print(Text.assemble(line, state_text(found["risk"])))
    for reason in found["reasons"]:
        say(reason)
    for unknown in found["unknowns"]:
        console.print(Text(f"  not known: {visible(unknown)}", style=ASIDE))
    heading("What each probe last said")
    for probe in found["probes"]:
        say(f"{probe['id']}  {probe['kind']}  {probe['url']}")
        said = [s["summary"] for s in probe["signals"]] or [(probe["failure"] or {}).get("text", "nothing yet")]
        for text in said[:10]:
            say(text, indent=6, hang=8)


def _ledger(ledger: list[Decision], rules: Rules, now: datetime) -> None:
    heading("What was decided")
    for row in ledger[-LEDGER_SHOWN_MAX:]:
        named = f" [incident {row.incident}]" if row.incident else ""
        _at(row.at, f"{row.code}{named}: {row.text}", rules, now)
    if not ledger:
        say("nothing yet")


def _told(posts: list[Delivery], ledger: list[Decision], rules: Rules, now: datetime) -> None:
    heading("Who was told")
    for post in posts:
        note = post.row.notification
        name = wording.destination_name(rules, note.destination)
        _at(note.created, f"{name}: {note.message.title}  ({post.row.state})", rules, now)
        for attempt in post.attempts:
            detail = f": {attempt.detail}" if attempt.detail else ""
            at = wording.clock(attempt.at, rules, now, seconds=True)
            say(f"{at}  {attempt.outcome}{detail}", indent=6, hang=8)
    held = [d for d in ledger if d.code.startswith(("held_", "not_told_"))]
    for row in held[-10:]:
        _at(row.at, f"not told: {row.text} ({row.code})", rules, now)
    if not posts and not held:
        say("nobody, and there was nothing to tell")


def _decision(row: Decision) -> dict[str, Any]:
    return {
        "at": views.iso(row.at),
        "code": row.code,
        "text": row.text,
        "channel": row.channel,
        "incident": row.incident,
        "destination": row.destination,
        "evidence": list(row.evidence),
    }


def _post(post: Delivery) -> dict[str, Any]:
    note = post.row.notification
    return {
        "key": note.key,
        "destination": note.destination,
        "step": note.step,
        "title": note.message.title,
        "created": views.iso(note.created),
        "state": str(post.row.state),
        "attempts": [
            {"at": views.iso(a.at), "outcome": a.outcome.value, "detail": a.detail, "took_s": a.took_s}
            for a in post.attempts
        ],
    }
