"""Verbs that read what is kept: ``status``, ``incidents``, ``explain``. They never write and need no daemon."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click
from immutables import Map
from rich.text import Text

from monitor.cli.printing import ASIDE, as_json, heading, out, rows, state_text, visible
from monitor.core import wording
from monitor.core.model import Decision, MonitorState, Rules, State
from monitor.settings import Settings
from monitor.store import Delivery, Store, StoreError, StoreReader
from monitor.web import views

__all__ = ["explain", "incidents", "open_reader", "status"]

DECISIONS_MAX = 500
STALE_AFTER = timedelta(minutes=15)


def open_reader(settings: Settings) -> StoreReader:
    """The store, read-only; a store that is not there is said so with the way out."""
    try:
        return Store.open_readonly(settings.store)
    except StoreError as error:
        raise click.ClickException(f"{error}\nIf Vigie has never run with this configuration: `vigie run`.") from error


def _state(reader: StoreReader) -> State:
    kept = reader.load()
    return State(kept.monitor or MonitorState(), Map(kept.probes), Map(kept.channels), Map(kept.incidents))


def status(settings: Settings, *, json: bool) -> int:
    """Every watched channel in one line."""
    reader = open_reader(settings)
    state, rules = _state(reader), settings.rules_for_mind()
    found = [views.brief(rule, state.channels.get(rule.id)) for rule in rules.channels.values()]
    reader.close()
    if json:
        as_json({"channels": found})
        return 0
    found.sort(key=views.order)
    rows(
        ("CHANNEL", "STATE", "RISK", "SINCE", "WHY"),
        [
            (c["id"], state_text(c["availability"]), state_text(c["risk"]), _local(c["since"], rules), _first(c))
            for c in found
        ],
    )
    newest = max((p.run_at for p in state.probes.values() if p.run_at), default=None)
    now = datetime.now(UTC)
    if newest is None or now - newest > STALE_AFTER:
        age = f"{wording.duration(now - newest)} ago" if newest else "never"
        click.echo(f"The newest look at a source was {age}: is Vigie running?", err=True)
    return 0


def _first(channel: dict[str, Any]) -> str:
    return channel["reasons"][0] if channel["reasons"] else ""


def _local(moment: str | None, rules: Rules) -> str:
    if moment is None:
        return ""
    return wording.clock(datetime.fromisoformat(moment), rules, datetime.now(UTC))


def incidents(settings: Settings, *, json: bool, limit: int) -> int:
    """The newest incidents."""
    reader = open_reader(settings)
    rules = settings.rules_for_mind()
    found = [views.incident(rules, each) for each in reader.incidents(limit)]
    reader.close()
    if json:
        as_json({"incidents": found})
        return 0
    if not found:
        click.echo("No incident is kept.")
    else:
        rows(
            ("ID", "PHASE", "SEVERITY", "OPENED", "RESOLVED", "WHAT"),
            [
                (
                    i["id"],
                    i["phase"],
                    i["severity"],
                    _local(i["opened"], rules),
                    _local(i["resolved"], rules),
                    i["title"],
                )
                for i in found
            ],
        )
    return 0


# --- explain ---------------------------------------------------------------------------------------------------------


def explain(settings: Settings, channel_id: str, *, at: datetime | None, json: bool) -> int:
    """Why a channel is called what it is, what was decided, who was told, and why others were not."""
    rules = settings.rules_for_mind()
    if channel_id not in rules.channels:
        known = ", ".join(sorted(rules.channels)) or "none"
        raise click.ClickException(f"{channel_id[:64]!r} is not watched; watched: {known}")
    reader = open_reader(settings)
    until = at + timedelta(seconds=1) if at else None
    about = [row.decision for row in reader.decisions(channel=channel_id, until=until, limit=DECISIONS_MAX)]
    mine = [i for i in reader.incidents(200) if channel_id in i.channels and (at is None or i.opened <= at)]
    told = {i.id: [r.decision for r in reader.decisions(incident=i.id, until=until)] for i in mine[:10]}
    posts = [
        d for i in mine[:10] for d in reader.deliveries(i.id) if until is None or d.row.notification.created < until
    ]
    state = _state(reader)
    reader.close()
    now = at or datetime.now(UTC)
    found = views.channel(rules, state, channel_id, now)
    ledger = sorted({*about, *(d for rows_ in told.values() for d in rows_)}, key=lambda d: d.at)
    if json:
        as_json(
            {
                "channel": _verdict_then(about, found) if at else found,
                "decisions": [_decision(d) for d in ledger],
                "incidents": [views.incident(rules, i) for i in mine],
                "notifications": [_post(d) for d in posts],
            }
        )
        return 0
    _verdict(found, about, rules, at)
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
            click.echo(f"  {visible(reason)}")
        return
    line = Text.assemble((found["name"], "bold"), " is ", state_text(found["availability"]), ", risk ")
    console.print(Text.assemble(line, state_text(found["risk"])))
    for reason in found["reasons"]:
        click.echo(f"  {visible(reason)}")
    for unknown in found["unknowns"]:
        console.print(Text(f"  not known: {visible(unknown)}", style=ASIDE))
    heading("What each probe last said")
    for probe in found["probes"]:
        click.echo(f"  {probe['id']}  {probe['kind']}  {probe['url']}")
        said = [s["summary"] for s in probe["signals"]] or [(probe["failure"] or {}).get("text", "nothing yet")]
        for text in said[:10]:
            click.echo(f"      {visible(text)}")


def _ledger(ledger: list[Decision], rules: Rules, now: datetime) -> None:
    heading("What was decided")
    for row in ledger[-60:]:
        named = f" [incident {row.incident}]" if row.incident else ""
        click.echo(f"  {wording.clock(row.at, rules, now, seconds=True)}  {row.code}{named}: {visible(row.text)}")
    if not ledger:
        click.echo("  nothing yet")


def _told(posts: list[Delivery], ledger: list[Decision], rules: Rules, now: datetime) -> None:
    heading("Who was told")
    for post in posts:
        note = post.row.notification
        name = wording.destination_name(rules, note.destination)
        at = wording.clock(note.created, rules, now, seconds=True)
        click.echo(f"  {at}  {name}: {visible(note.message.title)}  ({post.row.state})")
        for attempt in post.attempts:
            detail = f": {visible(attempt.detail)}" if attempt.detail else ""
            click.echo(f"      {wording.clock(attempt.at, rules, now, seconds=True)}  {attempt.outcome}{detail}")
    held = [d for d in ledger if d.code.startswith(("held_", "not_told_"))]
    for row in held[-10:]:
        click.echo(f"  {wording.clock(row.at, rules, now, seconds=True)}  not told: {visible(row.text)} ({row.code})")
    if not posts and not held:
        click.echo("  nobody, and there was nothing to tell")


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
