"""One recurrence rule (RFC 5545, 3.3.10): read strictly, and expanded one year at a time by python-dateutil.

dateutil walks from the start of a rule, and to the year 9999 when the rule names no day. So a rule is read here first,
and dateutil gets a start from which it has not far to go either way: see `year_of`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, time, timedelta
from functools import lru_cache

__all__ = ["COUNT_MAX", "INTERVAL_MAX", "LOOK_YEARS", "PER_DAY_MAX", "Rule", "density_fault", "parsed", "year_of"]

TEXT_CHARS_MAX = 500
INTERVAL_MAX = 1_000
COUNT_MAX = 1_000
PER_DAY_MAX = 24
LOOK_YEARS = 100

_COARSE = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_FINE = ("SECONDLY", "MINUTELY", "HOURLY")
_RANGES = {
    "BYSECOND": (0, 59),
    "BYMINUTE": (0, 59),
    "BYHOUR": (0, 23),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (1, 31),
    "BYYEARDAY": (1, 366),
    "BYWEEKNO": (1, 53),
    "BYSETPOS": (1, 366),
}
_NEGATIVE = frozenset({"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"})
_WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
_NAMING_DAYS = frozenset({"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"})
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,5}", re.ASCII)
_UNTIL = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?", re.ASCII)
_WEEKS_MAX = 53
_CYCLE_YEARS = 400  # after which every date falls on its weekday again
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule without its end. `by`: its other parts as text, each with a leading semicolon.

    `until`: naive, on the wall, or aware; `count`: how often; None: for ever.
    """

    freq: str
    interval: int
    by: str
    days_named: bool
    months_named: bool
    until: datetime | None
    count: int | None


@lru_cache(maxsize=256)
def parsed(text: str) -> Rule:
    """The rule that `text` says; raises ValueError with a sentence for people."""
    if len(text) > TEXT_CHARS_MAX:
        raise ValueError(f"The rule has {len(text)} characters; at most {TEXT_CHARS_MAX} are read.")
    parts: dict[str, str] = {}
    for part in text.upper().split(";"):
        key, equals, value = part.partition("=")
        if not equals or not value:
            raise ValueError(f"{part[:40]!r} is no part of a rule; one reads like FREQ=WEEKLY;BYDAY=SU.")
        if key in parts:
            raise ValueError(f"{key} is there twice.")
        parts[key] = value
    known = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_RANGES}
    if strange := sorted(set(parts) - known):
        raise ValueError(f"{strange[0][:40]!r} is no part of a rule that is known.")
    if fault := density_fault(parts):
        raise ValueError(fault)
    count = parts.get("COUNT", "1")
    if not (_NUMBER.fullmatch(count) and 1 <= int(count) <= COUNT_MAX):
        raise ValueError(f"COUNT={count[:20]} is not a number from 1 to {COUNT_MAX}.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("The rule has both COUNT and UNTIL; one of them says when it ends.")
    for key in parts:
        _check(key, parts)
    by = "".join(f";{key}={value}" for key, value in parts.items() if key.startswith("BY") or key == "WKST")
    return Rule(
        freq=parts["FREQ"],
        interval=int(parts.get("INTERVAL", "1")),
        by=by,
        days_named=not _NAMING_DAYS.isdisjoint(parts),
        months_named="BYMONTH" in parts,
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
    )


def density_fault(parts: Mapping[str, str]) -> str | None:
    """What makes a rule too dense or endless to be expanded, in a sentence; None: nothing. Keys are in capitals."""
    freq = parts.get("FREQ", "")
    if freq in _FINE:
        return f"FREQ={freq} is finer than a day; say FREQ=DAILY with BYHOUR instead."
    if freq not in _COARSE:
        return f"The rule has no FREQ that is known: it is one of {', '.join(_COARSE)}."
    interval = parts.get("INTERVAL", "1")
    if not (_NUMBER.fullmatch(interval) and 1 <= int(interval) <= INTERVAL_MAX):
        return f"INTERVAL={interval[:20]} is not a number from 1 to {INTERVAL_MAX}."
    a_day = 1
    for key in _WITHIN_A_DAY:
        a_day *= len(set(parts.get(key, "").split(",")))
    if a_day > PER_DAY_MAX:
        return f"The rule comes {a_day} times a day; at most {PER_DAY_MAX} are followed."
    return None


def year_of(rule: Rule, start: datetime, year: int) -> tuple[tuple[datetime, ...], int | None]:
    """When a rule that starts at `start` comes in this year, as if it had no end, and the next year in which it does.

    All naive, on the wall, in order. None: it does not come again within LOOK_YEARS. The start is moved forward by
    whole steps to just before the year, and all of it by whole cycles of the calendar (400 years) to near its end,
    where dateutil must stop: neither changes anything but the cost.
    """
    from dateutil.rrule import rrulestr  # noqa: PLC0415 - most houses have no work that recurs

    start = start.replace(microsecond=0)
    by = rule.by
    if not rule.days_named and rule.freq in ("MONTHLY", "YEARLY"):  # what the start says, before it is moved
        by += f";BYMONTHDAY={start.day}"
        if rule.freq == "YEARLY" and not rule.months_named:
            by += f";BYMONTH={start.month}"
    away = (MAXYEAR - LOOK_YEARS - year) // _CYCLE_YEARS * _CYCLE_YEARS
    near = _moved(rule, start, year)
    found: list[datetime] = []
    for local in rrulestr(
        f"FREQ={rule.freq};INTERVAL={rule.interval}{by}", dtstart=near.replace(year=near.year + away)
    ):
        if local.year > year + away:
            return tuple(found), local.year - away
        if local.year == year + away:
            found.append(local.replace(year=year))
    return tuple(found), None


def _moved(rule: Rule, start: datetime, year: int) -> datetime:
    """The last start, whole steps after `start`, that leaves a whole step before the year; never before `start`."""
    if rule.freq in ("DAILY", "WEEKLY"):
        step = timedelta(days=rule.interval * (7 if rule.freq == "WEEKLY" else 1))
        steps = (datetime(year, 1, 1) - start) // step - 1  # noqa: DTZ001 - on the wall
        return start + max(0, steps) * step
    months = rule.interval * (_MONTHS if rule.freq == "YEARLY" else 1)
    steps = (year * _MONTHS - start.year * _MONTHS - start.month + 1) // months - 1
    if steps <= 0:
        return start
    index = start.year * _MONTHS + start.month - 1 + steps * months
    first = start.replace(year=index // _MONTHS, month=index % _MONTHS + 1, day=1)
    return first.replace(month=1) if rule.freq == "YEARLY" else first


def _check(key: str, parts: dict[str, str]) -> None:
    for value in parts[key].split(","):
        if key in _RANGES:
            low, high = _RANGES[key]
            number = int(value) if _NUMBER.fullmatch(value) else None
            if number is not None and number < 0 and key in _NEGATIVE:
                number = -number
            well = number is not None and low <= number <= high
        elif key == "BYDAY":
            well = _is_day(value, parts)
        elif key == "WKST":
            found = _DAY.fullmatch(value)
            well = found is not None and found[1] is None
        else:
            continue
        if not well:
            raise ValueError(f"{key}={value[:20]} is not a value that {key} takes.")


def _is_day(value: str, parts: dict[str, str]) -> bool:
    """A weekday; with a number only where there is a month or a year to count in."""
    found = _DAY.fullmatch(value)
    if found is None:
        return False
    if found[1] is None:
        return True
    return 1 <= abs(int(found[1])) <= _WEEKS_MAX and parts["FREQ"] in ("MONTHLY", "YEARLY") and "BYWEEKNO" not in parts


def _until(text: str) -> datetime:
    """The last moment (with Z) or local time that counts; a day counts to its end."""
    found = _UNTIL.fullmatch(text)
    if found is None:
        raise ValueError(f"UNTIL={text[:20]} is no time; one reads like 20261231T225959Z.")
    try:
        day = datetime.strptime(found[1], "%Y%m%d")  # noqa: DTZ007 - on the wall, unless a Z follows
        if found[2] is None:
            return datetime.combine(day, time.max)
        whole = datetime.combine(day, datetime.strptime(found[2], "%H%M%S").time())  # noqa: DTZ007 - likewise
    except ValueError:
        raise ValueError(f"UNTIL={text[:20]} is no time that there is.") from None
    return whole.replace(tzinfo=UTC) if found[3] else whole
