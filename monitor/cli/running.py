"""``vigie run``: the daemon on a terminal or under a supervisor."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import NoReturn

import click

from monitor.daemon.daemon import Daemon
from monitor.daemon.logs import set_up
from monitor.settings import Settings
from monitor.store import StoreError

__all__ = ["leave", "run_daemon"]


def leave(code: int) -> NoReturn:
    """End the process now: neither a library's thread that hangs nor a task that will not end may hold it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run_daemon(settings: Settings, environ: Mapping[str, str]) -> int:
    """Run until told to end, and leave; comes back with the exit code only when it could not start."""
    daemon_holder: list[Daemon] = []
    set_up(lambda text: daemon_holder[0].redact(text) if daemon_holder else text)

    async def live() -> None:
        daemon = Daemon(settings, environ)
        daemon_holder.append(daemon)
        leave(await daemon.run(_say))

    try:
        asyncio.run(live())
    except StoreError as error:
        click.echo(f"The store cannot be used: {error}", err=True)
    except OSError as error:
        host, port = settings.address
        click.echo(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. Is another Vigie running? "
            "Otherwise choose another `server.listen`.",
            err=True,
        )
    return 1


def _say(daemon: Daemon) -> None:
    """A few lines: what it does, where the board is, what to do next."""
    settings = daemon.settings
    host, port = daemon.address
    shown = f"[{host}]" if ":" in host else host
    lines = [f"Vigie watches {len(settings.channel_rules)} channels with {len(settings.probes)} probes."]
    lines.append(f"Board: http://{shown}:{port}/   metrics: http://{shown}:{port}/metrics")
    if not settings.routes:
        lines.append(
            f"Nobody will be told yet: add `people` and `routes` to {settings.path}; it is read again by itself."
        )
    else:
        lines.append("Try the way to people: vigie notify-test")
    if sys.stderr.isatty():
        lines.append("End it with Ctrl-C.")
    lines += [f"Note: {warning}" for warning in settings.warnings if settings.routes]
    click.echo("\n".join(lines), err=True)
