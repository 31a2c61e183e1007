"""Texts of the configuration that mean more than themselves: ids, zones, times of day, days, turns, matchers.

Each type is a text in the file and something handier in the models. A validator's words never hold the value.
"""

import re
import zoneinfo
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from monitor.core.duty import Matcher, Unit
from monitor.core.labels import LABELS, WORDS
from monitor.core.matching import parse_matcher
from monitor.core.wording import languages
from monitor.settings.faults import did_you_mean

__all__ = [
    "IDENTIFIER",
    "NAME_CHARS_MAX",
    "Clock",
    "ClockEnd",
    "Condition",
    "Day",
    "DayOfMonth",
    "HintedError",
    "Identifier",
    "Language",
    "Local",
    "Model",
    "Moment",
    "Month",
    "Name",
    "Turn",
    "TurnText",
    "WebSecret",
    "Zone",
    "days_of",
    "month_of",
]

NAME_CHARS_MAX = 80
IDENTIFIER = r"^[a-z0-9][a-z0-9_-]{0,63}$"
YEAR_MIN, YEAR_MAX = 1970, 2200
URL_CHARS_MAX = 2_048


class HintedError(ValueError):
    """A validator's word on a value, with a hint; neither holds the value."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


class Model(BaseModel):
    """What every part of the file is: frozen, closed, and silent about the values it refuses."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)


# --- names -----------------------------------------------------------------------------------------------------------


def _identifier(text: str) -> str:
    if not re.fullmatch(IDENTIFIER, text):
        raise HintedError("is not an id", "an id has 1 to 64 of a-z, 0-9, - and _, and begins with a letter or digit")
    return text


Identifier = Annotated[str, AfterValidator(_identifier)]
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MAX)]


def _language(text: str) -> str:
    if text not in languages():
        raise HintedError("is not a language that messages can be written in", did_you_mean(text, languages()))
    return text


Language = Annotated[str, AfterValidator(_language)]


def _web_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not re.fullmatch(r"https?://[^\s/@]+(/[^\s]*)?", text) or len(text) > URL_CHARS_MAX:
        hint = "write https:// in place of webcal://" if text.startswith("webcal") else ""
        raise HintedError("is not an http or https address", hint or "it begins with http:// or https://")
    return secret


WebSecret = Annotated[SecretStr, AfterValidator(_web_secret)]
"""An address that may hold a credential."""


# --- zones and times -------------------------------------------------------------------------------------------------


@cache
def _time_zones() -> frozenset[str]:
    """The names of the zones; to find them is a walk over some 600 files."""
    return frozenset(zoneinfo.available_timezones())


def _time_zone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        known = _time_zones()
        near = {zone.casefold(): zone for zone in known}.get(text.casefold())
        hint = f"did you mean {near!r}?" if near else did_you_mean(text, known)
        raise HintedError("is not a time zone of the IANA database", hint or "such as Europe/Paris") from None
    if text not in _time_zones():
        raise HintedError("is not a time zone of the IANA database", "such as Europe/Paris")
    return text


Zone = Annotated[str, AfterValidator(_time_zone)]


def _clock(value: object) -> time:
    if isinstance(value, time):  # a default
        return value
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", value) if isinstance(value, str) else None
    if not found:
        raise HintedError("is not a time of day", 'write it as "09:00"')
    hour, minute = int(found[1]), int(found[2])
    if hour > 23 or minute > 59:  # noqa: PLR2004 - of a day, of an hour
        raise HintedError("is not a time of day", 'from "00:00" to "23:59"')
    return time(hour, minute)


def _clock_end(value: object) -> time:
    return time(0, 0) if value == "24:00" else _clock(value)


Clock = Annotated[time, BeforeValidator(_clock)]
ClockEnd = Annotated[time, BeforeValidator(_clock_end)]
"""The end of a stretch, which may be 24:00."""

_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?")


def _moment(value: object) -> datetime:
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise HintedError("is not a day and time", "write it as 2026-11-02T09:00")
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ''}")
    except ValueError:
        raise HintedError("is a day or time that does not exist", "look at the calendar") from None
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise HintedError(f"is not in the years {YEAR_MIN} to {YEAR_MAX}")
    return moment


def _local(value: object) -> datetime:
    moment = _moment(value)
    if moment.tzinfo:
        raise HintedError("is a local time and takes no Z or offset", "the zone stands under `timezone`")
    return moment


Local = Annotated[datetime, BeforeValidator(_local)]
"""Naive: on the wall clock of a zone that is named beside it."""
Moment = Annotated[datetime, BeforeValidator(_moment)]
"""Aware where the text has an offset, else naive: on the team's wall clock."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_SHORT = 3
DAYS_MAX = 31
LAST_DAY = -1


def _named(text: str, names: tuple[str, ...]) -> int | None:
    """The place of a name, in full or by its first three letters."""
    known = {name[:_SHORT]: n for n, name in enumerate(names)} | {name: n for n, name in enumerate(names)}
    return known.get(text.strip().casefold())


def days_of(text: str) -> frozenset[int]:
    """``sat`` or ``mon-fri`` -> weekdays, Monday is 0; a range may pass Sunday. Raises HintedError."""
    first, dash, last = text.partition("-")
    start, end = _named(first, _DAYS), _named(last if dash else first, _DAYS)
    if start is None or end is None:
        raise HintedError("is not a weekday", "write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri")
    return frozenset((start + n) % 7 for n in range((end - start) % 7 + 1))


def month_of(text: str) -> int:
    """``jan``, ``january`` or ``1`` -> 1. Raises HintedError."""
    named = _named(text, _MONTHS)
    number = named + 1 if named is not None else int(text) if re.fullmatch(r"[1-9]|1[0-2]", text) else None
    if number is None:
        raise HintedError("is not a month", "write jan to dec, or 1 to 12")
    return number


def _day(text: str) -> str:
    days_of(text)
    return text


def _month(value: int | str) -> int | str:
    month_of(str(value))
    return value


def _day_of_month(number: int) -> int:
    if number != LAST_DAY and not 1 <= number <= DAYS_MAX:
        raise HintedError("is not a day of the month", "write 1 to 31, or -1 for the last")
    return number


Day = Annotated[str, AfterValidator(_day)]
Month = Annotated[int | str, AfterValidator(_month)]
DayOfMonth = Annotated[int, AfterValidator(_day_of_month)]


@dataclass(frozen=True, slots=True)
class Turn:
    """How long one turn of a rotation is: `length` units on the wall clock."""

    length: int
    unit: Unit


TURN_MAX = {Unit.HOUR: 24 * 31, Unit.DAY: 366, Unit.WEEK: 53, Unit.MONTH: 12}
_TURN = re.compile(r"(?:(\d{1,4}) ?)?(hour|day|week|month|h|d|w)s?")
_UNITS = {"h": Unit.HOUR, "d": Unit.DAY, "w": Unit.WEEK}


def _turn(value: object) -> Turn:
    found = _TURN.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise HintedError("is not the length of a turn", 'write it as "1 week", "12 hours", "2 days" or "1 month"')
    length, unit = int(found[1] or 1), _UNITS.get(found[2]) or Unit(found[2])
    if not 1 <= length <= TURN_MAX[unit]:
        raise HintedError(f"must be 1 to {TURN_MAX[unit]} {unit}s")
    return Turn(length, unit)


TurnText = Annotated[Turn, BeforeValidator(_turn)]


# --- matchers --------------------------------------------------------------------------------------------------------

_EXPRESSION = "holds an expression that RE2 does not accept"
_RE2_SAYS = (
    (r"missing \)", "a ( is not closed; write \\( for a plain one"),
    (r"(unexpected|unmatched) \)", "a ) closes nothing; write \\) for a plain one"),
    (r"missing \]", "a [ is not closed; write \\[ for a plain one"),
    (r"no argument for repetition", "`*`, `+` and `?` repeat what is before them; .* is anything"),
    (r"bad repetition|invalid repetition", "one repetition at a time, and 1000 times at most"),
    (r"invalid perl operator|invalid named", "RE2 has no look-ahead and no look-behind"),
)
"""What RE2 says -> what to do; never the expression itself, which may be a secret."""
_MATCHER_FAULTS = (
    (re.compile(r" is no matcher: "), "is not a matcher", 'write it as channel="x" or severity=~"critical|warning"'),
    *((re.compile(rf" is no expression that RE2 accepts: {said}"), _EXPRESSION, hint) for said, hint in _RE2_SAYS),
    (re.compile(r" is no expression that RE2 accepts"), _EXPRESSION, ""),
    (re.compile(r" has \d+ characters; \d+ are the most$"), "is too long", ""),
    (re.compile(r" put the whole value in quotes$"), "has a quote in the middle", "put the whole value in quotes"),
    (re.compile(r" goes on after its closing quote: "), "goes on after its closing quote", 'write a quote as \\"'),
    (re.compile(r" does not close its quote$"), "does not close its quote", ""),
)
_NO_LABEL = re.compile(r" is no label: ")
_NO_WORD = re.compile(r"^\w+ is never ")
_LABEL_AND_VALUE = re.compile(r'\s*([A-Za-z_]\w*)\s*[=!~]{1,2}\s*"?(.*?)"?\s*', re.DOTALL)


def _condition(value: object) -> Matcher:
    """A matcher; the mind's own words on a bad one hold the text, which may be a secret, so they are put anew."""
    if isinstance(value, Matcher):
        return value
    text = value if isinstance(value, str) else ""
    if re.match(r"\s*\w+\s*==", text):  # the mind reads a value that begins with "=", as Alertmanager does
        raise HintedError("has two equals signs", "one is enough")
    try:
        return parse_matcher(text)
    except ValueError as error:
        raise _without_the_text(text, str(error)) from None


def _without_the_text(text: str, said: str) -> HintedError:
    parts = _LABEL_AND_VALUE.fullmatch(text)
    label, value = parts.groups() if parts else ("", "")
    if label and label not in LABELS and _NO_LABEL.search(said):
        return HintedError("names a label that does not exist", did_you_mean(label, LABELS))
    if label in WORDS and _NO_WORD.match(said):
        return HintedError(f"asks for something that {label} never is", did_you_mean(value, WORDS[label]))
    found = next(((what, hint) for pattern, what, hint in _MATCHER_FAULTS if pattern.search(said)), None)
    return HintedError(*(found or ("is not a matcher that can be used",)))


Condition = Annotated[Matcher, BeforeValidator(_condition)]
"""``label op "value"`` as in Alertmanager; op is one of = != =~ !~."""
