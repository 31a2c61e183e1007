"""The verbs of people who are on call, and their options."""

import sys
from pathlib import Path

import click

from monitor.cli import acting, duty, routing, silencing
from monitor.cli.options import DefaultGroup, by_option, config_option, json_option, settings_of
from monitor.cli.typed import Incident, MatcherText, Span, moment_of
from monitor.settings import Settings
from monitor.web import views

__all__ = ["COMMANDS"]

DAYS_MAX = 180


# --- incidents -------------------------------------------------------------------------------------------------------


@click.command("ack")
@click.argument("incidents", metavar="INCIDENT...", nargs=-1, required=True, type=Incident())
@by_option
@config_option
@json_option
def ack(incidents: tuple[str, ...], by: str, path: Path, *, json: bool) -> None:
    """Take incidents: repeats and escalation stop, and the others hear who has them."""
    sys.exit(acting.acknowledge(settings_of(path), incidents, by, json=json))


@click.command("take-over")
@click.argument("incident", type=Incident())
@by_option
@config_option
@json_option
def take_over(incident: str, by: str, path: Path, *, json: bool) -> None:
    """Take an incident from whoever has it."""
    sys.exit(acting.act(settings_of(path), "take-over", incident, by, json=json))


@click.command("snooze")
@click.argument("incident", type=Incident())
@click.option("--for", "span", type=Span(), required=True, metavar="DURATION", help="How long, such as 1h.")
@by_option
@config_option
@json_option
def snooze(incident: str, span: str, by: str, path: Path, *, json: bool) -> None:
    """Put an incident off: nobody is called to it for a while, unless it gets worse."""
    sys.exit(acting.act(settings_of(path), "snooze", incident, by, json=json, **{"for": span}))


@click.command("resolve")
@click.argument("incident", type=Incident())
@click.option("--text", default="", help="Why; it stands in the timeline.")
@by_option
@config_option
@json_option
def resolve(incident: str, text: str, by: str, path: Path, *, json: bool) -> None:
    """Call an incident over while its trouble still stands."""
    sys.exit(acting.act(settings_of(path), "resolve", incident, by, json=json, text=text))


@click.command("note")
@click.argument("incident", type=Incident())
@click.argument("text")
@by_option
@config_option
@json_option
def note(incident: str, text: str, by: str, path: Path, *, json: bool) -> None:
    """Put a note into an incident's timeline."""
    if not text.strip():
        raise click.UsageError("A note needs words.")
    sys.exit(acting.act(settings_of(path), "note", incident, by, json=json, text=text))


# --- silences --------------------------------------------------------------------------------------------------------


@click.group("silence")
def silence() -> None:
    """Not to be told of something for a while."""


@silence.command("add")
@click.argument("matchers", metavar="MATCHER...", nargs=-1, required=True, type=MatcherText())
@click.option("--for", "span", type=Span(), metavar="DURATION", help="How long, such as 2h; at most 30d.")
@click.option("--until", "until", metavar="TIME", help="Or until when.")
@click.option("--comment", required=True, help="Why.")
@click.option("--start", metavar="TIME", help="From when on, in the team's zone; now, if absent.")
@click.option("--until-recovered", is_flag=True, help="It also ends as soon as what it held back is over.")
@by_option
@config_option
@json_option
def silence_add(  # noqa: PLR0913 - one for each option
    matchers: tuple[str, ...],
    span: str | None,
    until: str | None,
    comment: str,
    start: str | None,
    by: str,
    path: Path,
    *,
    until_recovered: bool,
    json: bool,
) -> None:
    """Hold back messages on what matches all of the matchers, such as channel=x severity!=critical."""
    _one_of(span, until, "--for", "--until")
    settings = settings_of(path)
    when = {
        "start": _iso(start, settings, "--start"),
        "end": _iso(until, settings, "--until"),
        "for": span,
        "until_recovered": until_recovered,
    }
    sys.exit(silencing.add(settings, matchers, by, comment, json=json, **when))


@silence.command("list")
@click.option("--ended", is_flag=True, help="Those of the past too.")
@config_option
@json_option
def silence_list(path: Path, *, ended: bool, json: bool) -> None:
    """Silences of now and to come, those of the configuration too."""
    sys.exit(silencing.show(settings_of(path), ended=ended, json=json))


@silence.command("end")
@click.argument("silence", metavar="ID")
@by_option
@config_option
@json_option
def silence_end(silence: str, by: str, path: Path, *, json: bool) -> None:
    """End a silence now: what is still in trouble is told."""
    sys.exit(silencing.end(settings_of(path), silence, by, json=json))


# --- on call ---------------------------------------------------------------------------------------------------------


@click.group("oncall", cls=DefaultGroup)
def oncall() -> None:
    """Who is on call: now, next and before."""


@oncall.command("show")
@click.argument("schedule", required=False)
@click.option("--at", metavar="TIME", help="As of then: 2026-11-22T02:10, or 02:10 of today; in the team's zone.")
@click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    default=7,
    show_default=True,
    help="Of one schedule: how many days before and after.",
)
@config_option
@json_option
def oncall_show(schedule: str | None, at: str | None, days: int, path: Path, *, json: bool) -> None:
    """Who is on call now and next, by every schedule; or of one: its shifts and the changes by hand."""
    settings = settings_of(path)
    moment = moment_of(at, settings, "--at") if at else None
    if schedule is None:
        sys.exit(duty.now_and_next(settings, moment, json=json))
    sys.exit(duty.schedule(settings, schedule, moment, days, json=json))


@oncall.command("lint")
@config_option
@json_option
def oncall_lint(path: Path, *, json: bool) -> None:
    """Gaps, rotations of one person, people who cannot be reached, imbalance. Exit 1 when there is any."""
    sys.exit(duty.check(settings_of(path), json=json))


@click.group("override")
def override() -> None:
    """Change a schedule by hand."""


@override.command("add")
@click.argument("schedule")
@click.argument("person")
@click.option("--from", "start", metavar="TIME", help="From when on, in the team's zone; now, if absent.")
@click.option("--to", "end", metavar="TIME", help="Until when, in the team's zone.")
@click.option("--for", "span", type=Span(), metavar="DURATION", help="Or how long, such as 8h.")
@click.option("--comment", help="Why.")
@by_option
@config_option
@json_option
def override_add(  # noqa: PLR0913 - one for each option
    schedule: str,
    person: str,
    path: Path,
    *,
    start: str | None,
    end: str | None,
    span: str | None,
    comment: str | None,
    by: str,
    json: bool,
) -> None:
    """Put a person (their id) on call for a while, whoever's turn it is."""
    _one_of(end, span, "--to", "--for")
    settings = settings_of(path)
    body = {
        "person": person,
        "start": _iso(start, settings, "--from"),
        "end": _iso(end, settings, "--to"),
        "for": span,
        "comment": comment,
        "by": by,
    }
    sys.exit(duty.override(settings, schedule, body, json=json))


@override.command("swap")
@click.argument("schedule")
@click.option("--first", required=True, metavar="TIME", help="A moment inside the one shift, in the team's zone.")
@click.option("--second", required=True, metavar="TIME", help="A moment inside the other, likewise.")
@by_option
@config_option
@json_option
def override_swap(schedule: str, first: str, second: str, by: str, path: Path, *, json: bool) -> None:
    """Let two people take each other's shift."""
    settings = settings_of(path)
    shifts = (moment_of(first, settings, "--first"), moment_of(second, settings, "--second"))
    sys.exit(duty.swap(settings, schedule, shifts, by, json=json))


@override.command("end")
@click.argument("change", metavar="ID")
@by_option
@config_option
@json_option
def override_end(change: str, by: str, path: Path, *, json: bool) -> None:
    """Take an override or a swap back."""
    sys.exit(duty.restore(settings_of(path), change, by, json=json))


# --- routes ----------------------------------------------------------------------------------------------------------


@click.group("route")
def route() -> None:
    """Who hears of what."""


@route.command("explain")
@click.argument("labels", metavar="LABEL=VALUE...", nargs=-1, required=True)
@click.option("--at", metavar="TIME", help="As of then; in the team's zone. Now, if absent.")
@config_option
@json_option
def route_explain(labels: tuple[str, ...], at: str | None, path: Path, *, json: bool) -> None:
    """Who would be told of trouble like channel=x severity=critical, by which way, and why. Exit 1 when nobody."""
    settings = settings_of(path)
    moment = moment_of(at, settings, "--at") if at else None
    sys.exit(routing.explain_route(settings, labels, moment, json=json))


@click.command("drill")
@click.argument("target")
@by_option
@config_option
@json_option
def drill(target: str, by: str, path: Path, *, json: bool) -> None:
    """Try the way to everybody behind a receiver, or an escalation policy with its fall-back."""
    sys.exit(acting.drill(settings_of(path), target, by, json=json))


def _one_of(one: str | None, other: str | None, *names: str) -> None:
    if (one is None) == (other is None):
        raise click.UsageError(f"Give either {' or '.join(names)}.")


def _iso(text: str | None, settings: Settings, option: str) -> str | None:
    return views.iso(moment_of(text, settings, option)) if text is not None else None


COMMANDS: tuple[click.Command, ...] = (
    ack, take_over, snooze, resolve, note, silence, oncall, override, route, drill,
)  # fmt: skip
