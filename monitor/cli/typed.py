"""What people type: moments, durations, incidents, matchers, and who they are."""

import getpass
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from monitor.core.matching import parse_matcher, text_of
from monitor.core.oncall import moment
from monitor.settings import Settings
from probes.base import parse_duration

__all__ = ["Incident", "MatcherText", "Span", "login", "moment_of"]

_INCIDENT = re.compile(r"#?(\d{1,18})")
_CLOCK_CHARS = len("HH:MM:SS")


class Span(click.ParamType[str]):
    """A duration, as the API reads it: the daemon counts it from its own clock."""

    name = "duration"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Whole seconds in days, hours, minutes and seconds; refuses what is no duration, or no time at all."""
        try:
            seconds = parse_duration(value) // timedelta(seconds=1)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not seconds:
            self.fail("a second is the shortest", param, ctx)
        parts = ((seconds // 86_400, "d"), (seconds // 3_600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
        return "".join(f"{count}{unit}" for count, unit in parts if count)


class Incident(click.ParamType[str]):
    """An incident's number: ``7`` or ``#7``."""

    name = "incident"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The number alone."""
        found = _INCIDENT.fullmatch(value.strip())
        if found is None:
            self.fail(f"{value[:40]!r} is no incident; write its number, like 7 (see `vigie incidents`)", param, ctx)
        return str(int(found[1]))


class MatcherText(click.ParamType[str]):
    """A matcher, such as ``channel=x``, in its full spelling."""

    name = "matcher"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text that the API reads."""
        try:
            return text_of(parse_matcher(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def login() -> str:
    """Who is typing: the login name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:  # no such user: a container with a bare number
        raise click.UsageError("Your login has no name here; say who you are with --by.") from error


def moment_of(text: str, settings: Settings, option: str) -> datetime:
    """A time as people write it, in the team's zone unless it names one: ``2026-11-22T02:10``, or ``02:10`` today."""
    zone = settings.team.timezone
    today = datetime.now(ZoneInfo(zone))
    try:
        found = datetime.fromisoformat(text if len(text) > _CLOCK_CHARS else f"{today:%Y-%m-%d}T{text}")
        return found.astimezone(UTC) if found.tzinfo else moment(found, zone)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{text[:40]!r} is not a time; write 2026-11-22T02:10 or 02:10", param_hint=option
        ) from error
