"""Verbs that act: they go through the running daemon's API and say in one sentence what it answered."""

from collections.abc import Sequence
from typing import Any

import click

from monitor.cli.calling import RefusedError, ask, at_path
from monitor.cli.printing import as_json, rows, say, visible
from monitor.settings import Settings

__all__ = ["VIA", "acknowledge", "act", "drill", "notify_test", "report"]

VIA = "cli"


def notify_test(settings: Settings, receiver: str | None, *, json: bool) -> int:
    """Send a test message to every contact of a receiver; 0 when every one took it."""
    answer = ask(settings, "POST", at_path("notify-test"), {"receiver": receiver} if receiver else {})
    sent = answer["results"]
    if json:
        as_json(answer)
    else:
        rows(("CONTACT", "OUTCOME", "DETAIL"), [(s["destination"], s["outcome"], s["detail"]) for s in sent])
    return 0 if sent and all(s["outcome"] == "delivered" for s in sent) else 1


def acknowledge(settings: Settings, incidents: Sequence[str], by: str, *, json: bool) -> int:
    """Take incidents, so that repeats and escalation stop; 1 when one of them cannot be taken.

    One after another, so that each has an answer: nobody should believe to have one that they have not.
    """
    answers = []
    for incident in dict.fromkeys(incidents):
        try:
            answer = ask(settings, "POST", at_path("incidents", incident, "acknowledge"), {"by": by, "via": VIA})
        except RefusedError as error:
            answer = {"done": False, "code": error.code, "text": error.message, "id": ""}
        answers.append({"incident": incident, **answer})
    if json:
        as_json({"answers": answers})
    else:
        for each in answers:
            click.echo(f"#{each['incident']}: {visible(each['text'])}", err=not each["done"])
    return 0 if all(each["done"] for each in answers) else 1


def act(settings: Settings, what: str, incident: str, by: str, *, json: bool, **more: str) -> int:
    """Do something to one incident; `more`: further fields of the API's body, empty ones left out."""
    body = {"by": by, "via": VIA, **{name: value for name, value in more.items() if value}}
    return report(ask(settings, "POST", at_path("incidents", incident, what), body), json=json)


def drill(settings: Settings, target: str, by: str, *, json: bool) -> int:
    """Send a drill to everybody behind a receiver or an escalation policy."""
    return report(ask(settings, "POST", at_path("drills"), {"target": target, "by": by, "via": VIA}), json=json)


def report(answer: dict[str, Any], *, json: bool) -> int:
    """Print what the mind said to a wish that it granted."""
    if json:
        as_json(answer)
    else:
        say(answer["text"], indent=0, hang=2)
    return 0
