"""What verbs share: the configuration that they work with, JSON on request, and who acts."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from monitor.cli.typed import login
from monitor.settings import CheckContacts, Settings, SettingsError, check_all, load

__all__ = ["DefaultGroup", "by_option", "config_option", "json_option", "settings_of"]

Command = Callable[..., Any]


def settings_of(path: Path, *, check_contacts: CheckContacts = check_all) -> Settings:
    """The configuration; every fault is printed and ends the program with 1."""
    try:
        return load(path, os.environ, check_contacts=check_contacts)
    except SettingsError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        count = len(error.faults)
        click.echo(f"{path}: {count} fault{'s' if count != 1 else ''}; nothing was started or changed.", err=True)
        sys.exit(1)


def config_option(command: Command) -> Command:
    """``--config``."""
    return click.option(
        "--config",
        "path",
        type=click.Path(path_type=Path),
        default=Path("config/vigie.yaml"),
        show_default=True,
        help="The team's configuration file.",
    )(command)


def json_option(command: Command) -> Command:
    """``--json``."""
    return click.option("--json", "json", is_flag=True, help="Print JSON, for scripts.")(command)


def by_option(command: Command) -> Command:
    """``--by``."""
    return click.option(
        "--by",
        metavar="WHO",
        default=login,
        help="Who you are: a person's id, or a name; your login name, if absent.",
    )(command)


class DefaultGroup(click.Group):
    """A group whose verb `default` need not be named: ``vigie oncall desk`` is ``vigie oncall show desk``."""

    default = "show"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default in front of what begins with no verb of the group and asks for no help."""
        if not args or (args[0] not in self.commands and args[0] not in self.get_help_option_names(ctx)):
            args = [self.default, *args]
        return super().parse_args(ctx, args)
