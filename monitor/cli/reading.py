"""Verbs that read what is kept: ``status``, ``incidents``. They never write and need no daemon."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from immutables import Map

from monitor.cli.printing import as_json, dumped, local, rows, state_text
from monitor.core import wording
from monitor.core.model import ChannelRule, Incident, MonitorState, Phase, Rules, State
from monitor.core.receivers import name_of
from monitor.settings import Settings
from monitor.store import Store, StoreError, StoreReader
from monitor.web import views
from monitor.web.duty_views import incident_on_call
from monitor.web.quiet import Quiet

__all__ = ["incident_json", "incidents", "kept_state", "never_ran", "open_reader", "state_of", "status", "why_held"]

STALE_AFTER = timedelta(minutes=15)
_STANDING = (Phase.OPEN, Phase.ACKNOWLEDGED)


@contextmanager
def open_reader(settings: Settings) -> Iterator[StoreReader]:
    """The store, read-only; a store that is not there is said so with the way out."""
    try:
        reader = Store.open_readonly(settings.store)
    except StoreError as error:
        raise click.ClickException(f"{error}\nIf Vigie has never run with this configuration: `vigie run`.") from error
    try:
        yield reader
    finally:
        reader.close()


def state_of(reader: StoreReader) -> State:
    """The state at the last commit."""
    kept = reader.load()
    return State(
        monitor=kept.monitor or MonitorState(),
        probes=Map(kept.probes),
        channels=Map(kept.channels),
        incidents=Map(kept.incidents),
        silences=Map(kept.silences),
        overrides=Map(kept.overrides),
        schedules=Map(kept.schedules),
    )


def never_ran(settings: Settings) -> bool:
    """Whether no store is there yet."""
    path = settings.store.partition("///")[2]
    return bool(path) and not os.path.exists(path)  # noqa: PTH110 - the store's own notation of a path


def kept_state(settings: Settings) -> State:
    """What is held; where Vigie has never run, nothing."""
    if never_ran(settings):
        return State()
    with open_reader(settings) as reader:
        return state_of(reader)


# --- status ----------------------------------------------------------------------------------------------------------


def status(settings: Settings, *, json: bool) -> int:
    """Every watched channel in one line."""
    with open_reader(settings) as reader:
        state = state_of(reader)
    rules, now = settings.rules_for_mind(), datetime.now(UTC)
    quiet = asyncio.run(Quiet().now(state, rules, now))
    found = [
        {
            **views.brief(rule, state.channels.get(rule.id)),
            **_people(rule, state, rules),
            "quiet": quiet.get(rule.id, ""),
        }
        for rule in rules.channels.values()
    ]
    if json:
        as_json({"channels": found})
        return 0
    found.sort(key=views.order)
    rows(
        ("CHANNEL", "STATE", "RISK", "SINCE", "PEOPLE", "WHY"),
        [
            (
                c["id"],
                state_text(c["availability"]),
                state_text(c["risk"]),
                _local(c["since"], rules),
                _hands(c, rules),
                _first(c),
            )
            for c in found
        ],
    )
    newest = max((p.run_at for p in state.probes.values() if p.run_at), default=None)
    if newest is None or now - newest > STALE_AFTER:
        age = f"{wording.duration(now - newest)} ago" if newest else "never"
        click.echo(f"The newest look at a source was {age}: is Vigie running?", err=True)
    return 0


def _people(rule: ChannelRule, state: State, rules: Rules) -> dict[str, Any]:
    """The incident that the channel is in, the worst of several; who has it; and why nobody is told of it."""
    standing = [i for i in state.incidents.values() if rule.id in i.channels and (i.phase in _STANDING or i.by_hand)]
    worst = max(standing, key=lambda i: (i.phase in _STANDING, i.severity, i.opened), default=None)
    if worst is None:
        return {"incident": "", "owner": "", "by_hand": "", "held": ""}
    return {
        "incident": worst.id,
        "owner": name_of(rules, worst.owner) if worst.phase is Phase.ACKNOWLEDGED else "",
        "by_hand": name_of(rules, worst.by_hand) if worst.by_hand else "",
        "held": worst.held.get(rule.id, ""),
    }


def _hands(channel: dict[str, Any], rules: Rules) -> str:
    """What people made of it, in a few words."""
    said = [f"#{channel['incident']}"] if channel["incident"] else []
    if channel["by_hand"]:
        said.append(f"called over by {channel['by_hand']}")
    elif channel["owner"]:
        said.append(f"taken by {channel['owner']}")
    elif channel["incident"] and not channel["held"]:
        said.append("nobody has it")
    held = why_held(channel["held"], rules) or channel["quiet"]
    return ", ".join([*said, held] if held else said)


def why_held(code: str, rules: Rules) -> str:
    """A code of `Incident.held` in a few words."""
    kind, _, which = code.partition(":")
    if kind == "silence":
        return f"silence {which}"
    if kind == "depends":
        named = rules.channels[which].name if which in rules.channels else which
        return f"it rests on {named}"
    return "our maintenance" if kind == "maintenance" else code


def _first(channel: dict[str, Any]) -> str:
    return channel["reasons"][0] if channel["reasons"] else ""


def _local(moment: str | None, rules: Rules) -> str:
    return local(datetime.fromisoformat(moment) if moment else None, rules, datetime.now(UTC))


# --- incidents -------------------------------------------------------------------------------------------------------


def incident_json(rules: Rules, each: Incident) -> dict[str, Any]:
    """An incident as the API has it."""
    found: dict[str, Any] = dumped({**views.incident(rules, each), **incident_on_call(each, rules)})
    return found


def incidents(settings: Settings, *, json: bool, limit: int) -> int:
    """The newest incidents."""
    with open_reader(settings) as reader:
        kept = reader.incidents(limit)
    rules = settings.rules_for_mind()
    found = [incident_json(rules, each) for each in kept]
    if json:
        as_json({"incidents": found})
        return 0
    if not found:
        click.echo("No incident is kept.")
    else:
        rows(
            ("ID", "PHASE", "SEVERITY", "OPENED", "RESOLVED", "OWNER", "WHAT"),
            [
                (
                    i["id"],
                    i["phase"],
                    i["severity"],
                    _local(i["opened"], rules),
                    _local(i["resolved"], rules),
                    i["owner"],
                    i["title"],
                )
                for i in found
            ],
        )
    return 0
