"""The verbs and their options."""

import os
import signal
import sys
from pathlib import Path

import click

from monitor.cli import acting, explaining, looking, reading
from monitor.cli.duty_verbs import COMMANDS
from monitor.cli.options import config_option, json_option, settings_of
from monitor.cli.printing import as_json
from monitor.cli.running import leave, run_daemon
from monitor.cli.typed import moment_of
from monitor.daemon.daemon import version as vigie_version
from monitor.settings import SettingsError, check_all_apart, load

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Vigie, the lookout for marketing channels.

    Watches status pages, API errors, policy changes and brand risk of the channels you live on, and tells the right
    person in plain words.

    Exit codes: 0 well, 1 something is wrong or was not found, 2 wrong usage, 70 the store failed.
    """


@main.command("run")
@config_option
def run_(path: Path) -> None:
    """Start the lookout, with its board."""
    # A reload that is asked for during the start must not end it: the file is read now, and watched from then on.
    signal.signal(signal.SIGHUP, lambda *_: None)
    leave(run_daemon(settings_of(path, check_contacts=check_all_apart), os.environ))


@main.command("check-config")
@config_option
@json_option
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
@config_option
@json_option
def check_sources(path: Path, *, json: bool) -> None:
    """Try every source once: what answers, what moved, what cannot be read. Exit 1 when one cannot."""
    sys.exit(looking.check_sources(settings_of(path), json=json))


@main.command("probe")
@click.argument("channel", metavar="CHANNEL[/N]")
@config_option
@json_option
def probe(channel: str, path: Path, *, json: bool) -> None:
    """Run the probes of a channel (or its Nth) once, explained. Nothing is kept, nobody is told."""
    sys.exit(looking.probe(settings_of(path), channel, json=json))


@main.command("status")
@config_option
@json_option
def status(path: Path, *, json: bool) -> None:
    """Every channel with its state, since when, who has it or why nobody is told, and why."""
    sys.exit(reading.status(settings_of(path), json=json))


@main.command("explain")
@click.argument("channel", metavar="ID")
@click.option("--at", metavar="TIME", help="As of then: 2026-11-22T02:10, or 02:10 of today; in the team's zone.")
@config_option
@json_option
def explain(channel: str, at: str | None, path: Path, *, json: bool) -> None:
    """Why a channel is called what it is, or the story of an incident (its number): who was told, who did what, why."""
    settings = settings_of(path)
    moment = moment_of(at, settings, "--at") if at else None
    sys.exit(explaining.explain(settings, channel, at=moment, json=json))


@main.command("incidents")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most.")
@config_option
@json_option
def incidents(limit: int, path: Path, *, json: bool) -> None:
    """The newest incidents."""
    sys.exit(reading.incidents(settings_of(path), json=json, limit=limit))


@main.command("notify-test")
@click.argument("receiver", required=False)
@config_option
@json_option
def notify_test(receiver: str | None, path: Path, *, json: bool) -> None:
    """Send a test message to a receiver (by default the route's), through the running Vigie."""
    sys.exit(acting.notify_test(settings_of(path), receiver, json=json))


@main.command("version")
@config_option
@json_option
def version(path: Path, *, json: bool) -> None:  # noqa: ARG001 - every verb takes --config
    """Print the version."""
    if json:
        as_json({"version": vigie_version()})
    else:
        click.echo(vigie_version())


for _command in COMMANDS:
    main.add_command(_command)
