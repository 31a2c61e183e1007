"""The verbs and their options."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from monitor.cli import acting, looking, reading
from monitor.cli.printing import as_json
from monitor.cli.running import leave, run_daemon
from monitor.daemon.daemon import version as vigie_version
from monitor.settings import CheckContacts, Settings, SettingsError, check_all, check_all_apart, load

__all__ = ["main"]

Command = Callable[..., Any]


def _settings(path: Path, *, check_contacts: CheckContacts = check_all) -> Settings:
    """The configuration; every fault is printed and ends the program with 1."""
    try:
        return load(path, os.environ, check_contacts=check_contacts)
    except SettingsError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        count = len(error.faults)
        click.echo(f"{path}: {count} fault{'s' if count != 1 else ''}; nothing was started or changed.", err=True)
        sys.exit(1)


def _config(command: Command) -> Command:
    return click.option(
        "--config",
        "path",
        type=click.Path(path_type=Path),
        default=Path("config/vigie.yaml"),
        show_default=True,
        help="The team's configuration file.",
    )(command)


def _json(command: Command) -> Command:
    return click.option("--json", "json", is_flag=True, help="Print JSON, for scripts.")(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Vigie, the lookout for marketing channels.

    Watches status pages, API errors, policy changes and brand risk of the channels you live on, and tells the right
    person in plain words.

    Exit codes: 0 well, 1 something is wrong or was not found, 2 wrong usage, 70 the store failed.
    """


@main.command("run")
@_config
def run_(path: Path) -> None:
    """Start the lookout, with its board."""
    leave(run_daemon(_settings(path, check_contacts=check_all_apart), os.environ))


@main.command("check-config")
@_config
@_json
def check_config(path: Path, *, json: bool) -> None:
    """Say all that is wrong with the configuration; 0 when nothing is."""
    try:
        settings = load(path, os.environ)
    except SettingsError as error:
        if json:
            names = ("file", "line", "column", "key", "what", "hint")
            as_json({"faults": [{n: getattr(f, n) for n in names} for f in error.faults]})
        else:
            for fault in error.faults:
                click.echo(str(fault), err=True)
        sys.exit(1)
    if json:
        as_json({"faults": [], "warnings": list(settings.warnings)})
        return
    for warning in settings.warnings:
        click.echo(f"note: {warning}")
    people = len(settings.people)
    click.echo(
        f"{path}: well: {len(settings.channel_rules)} channels, {len(settings.probes)} probes, "
        f"{people} {'person' if people == 1 else 'people'}."
    )


@main.command("check-sources")
@_config
@_json
def check_sources(path: Path, *, json: bool) -> None:
    """Try every source once: what answers, what moved, what cannot be read. Exit 1 when one cannot."""
    sys.exit(looking.check_sources(_settings(path), json=json))


@main.command("probe")
@click.argument("channel", metavar="CHANNEL[/N]")
@_config
@_json
def probe(channel: str, path: Path, *, json: bool) -> None:
    """Run the probes of a channel (or its Nth) once, explained. Nothing is kept, nobody is told."""
    sys.exit(looking.probe(_settings(path), channel, json=json))


@main.command("status")
@_config
@_json
def status(path: Path, *, json: bool) -> None:
    """Every channel with its state, since when, and why."""
    sys.exit(reading.status(_settings(path), json=json))


@main.command("explain")
@click.argument("channel")
@click.option("--at", metavar="TIME", help="As of then: 2026-11-22T02:10, or 02:10 of today; in the team's zone.")
@_config
@_json
def explain(channel: str, at: str | None, path: Path, *, json: bool) -> None:
    """Why a channel is called what it is: verdict, evidence, decisions, who was told and why or why not."""
    settings = _settings(path)
    sys.exit(reading.explain(settings, channel, at=_moment(at, settings), json=json))


@main.command("incidents")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most.")
@_config
@_json
def incidents(limit: int, path: Path, *, json: bool) -> None:
    """The newest incidents."""
    sys.exit(reading.incidents(_settings(path), json=json, limit=limit))


@main.command("notify-test")
@click.argument("receiver", required=False)
@_config
@_json
def notify_test(receiver: str | None, path: Path, *, json: bool) -> None:
    """Send a test message to a receiver (by default the route's), through the running Vigie."""
    sys.exit(acting.notify_test(_settings(path), receiver, json=json))


@main.command("version")
@_config
@_json
def version(path: Path, *, json: bool) -> None:  # noqa: ARG001 - every verb takes --config
    """Print the version."""
    if json:
        as_json({"version": vigie_version()})
    else:
        click.echo(vigie_version())


def _moment(text: str | None, settings: Settings) -> datetime | None:
    """A time as people write it, in the team's zone unless it names one."""
    if text is None:
        return None
    zone = ZoneInfo(settings.team.timezone)
    today = datetime.now(zone)
    try:
        found = datetime.fromisoformat(text if len(text) > len("HH:MM:SS") else f"{today:%Y-%m-%d}T{text}")
    except ValueError as error:
        raise click.BadParameter(
            f"{text[:40]!r} is not a time; write 2026-11-22T02:10 or 02:10", param_hint="--at"
        ) from error
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
