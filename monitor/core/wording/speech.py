"""One reader's language, zone and clock: patterns become sentences, moments become times of day.

English is what the code says; every other language is one gettext catalogue beside this file, ``<language>.po``, read
once with Babel. Patterns are named in the code by literals alone, so that a test can hold the catalogues against it.
"""

import gettext
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_location
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from monitor.core.saying import Saying, fill, mark
from probes.base import clip

__all__ = ["TITLE_CHARS_MAX", "Speech", "languages"]

TITLE_CHARS_MAX = 80
NAME_CHARS_MIN = 8
NAMES_MAX = 5
ENGLISH = "en"
STOPS = (".", "…", "!", "?")
VOWELS = frozenset("AEIOUÀÂÉÈÊÎÔ")


@cache
def languages() -> tuple[str, ...]:
    """The languages that people can be told in: ``("en", "fr", ...)``."""
    found = sorted(f.name.removesuffix(".po") for f in files(__package__).iterdir() if f.name.endswith(".po"))
    return (ENGLISH, *found)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    text = files(__package__).joinpath(f"{language}.po").read_bytes()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(text), locale=language, abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _known(language: str) -> str:
    """The closest language that we speak: ``"fr-CA"`` is French, and one we do not know is English."""
    base = language.replace("_", "-").partition("-")[0].lower()
    return base if base in languages() else ENGLISH


class Speech:
    """What one reader reads. `language` may be any tag; `zone`: an IANA name; `now` says which day is today."""

    def __init__(self, language: str = ENGLISH, zone: str = "UTC", now: datetime | None = None) -> None:
        self.language = _known(language)
        self._zone = zone
        self._info = ZoneInfo(zone)
        self._today = now.astimezone(self._info).date() if now else None
        self._catalogue = _catalogue(self.language)

    def say(self, text: str, many: str = "", /, **values: str | int) -> str:
        """The pattern in this language, filled. A `Saying` among the values is said in it too; text is put as it is.

        `many`: for more than one of the value ``n``.
        """
        count = values.get("n", 1)
        if many and isinstance(count, int):
            pattern = self._catalogue.ngettext(text, many, count)
        else:
            pattern = self._catalogue.gettext(text)
        return fill(pattern, {name: self._value(name, value) for name, value in values.items()})

    def _value(self, name: str, value: str | int) -> str | int:
        if isinstance(value, Saying):
            return self.say(value.text, value.many, **value.values)
        return self.quote(value) if isinstance(value, str) and name.startswith("quote") else value

    def said(self, reason: str) -> str:
        """A reason for a reader: ours in this language, anybody else's as a quotation."""
        return self.say(reason.text, reason.many, **reason.values) if isinstance(reason, Saying) else self.quote(reason)

    def quote(self, text: str) -> str:
        """Somebody else's words between this language's quotation marks."""
        return fill(self._catalogue.gettext(mark("“{text}”")), {"text": text.strip()})

    def sentences(self, reasons: Sequence[str]) -> str:
        """Reasons one below the other, each with a stop."""
        return "\n".join(self.sentence(self.said(reason)) for reason in reasons)

    def sentence(self, text: str) -> str:
        """The text with a stop, unless it or the quotation at its end has one."""
        end = self._catalogue.gettext(mark("“{text}”")).rpartition("}")[2]
        return text if text.removesuffix(end).endswith(STOPS) else f"{text}."

    def join(self, names: Sequence[str]) -> str:
        """``"A, B and C"``; of more than five the rest is counted."""
        if len(names) > NAMES_MAX:
            shown = ", ".join(names[:NAMES_MAX])
            more = len(names) - NAMES_MAX
            return self.say("{names} and {n} more", "{names} and {n} more", names=shown, n=more)
        if len(names) > 1:
            return self.say("{names} and {last}", names=", ".join(names[:-1]), last=names[-1])
        return "".join(names)

    # --- times ---

    def clock(self, moment: datetime, *, seconds: bool = False) -> str:
        """``"09:17"``; with the date when that is not today: ``"22 Nov 09:17"``."""
        return self._timed(moment, mark("{time}"), mark("{date} {time}"), seconds=seconds)

    def since(self, moment: datetime) -> str:
        """``"since 09:17"``."""
        return self._timed(moment, mark("since {time}"), mark("since {date} {time}"))

    def until(self, moment: datetime) -> str:
        """``"until 09:17"``."""
        return self._timed(moment, mark("until {time}"), mark("until {date} {time}"))

    def at(self, moment: datetime) -> str:
        """``"at 09:17"``."""
        return self._timed(moment, mark("at {time}"), mark("on {date} at {time}"))

    def span(self, start: datetime, end: datetime) -> str:
        """``"from 09:17 to 10:02"``. An end of today has its date too, where the start was on another day."""
        first, last = (moment.astimezone(self._info).date() for moment in (start, end))
        dated = mark("{date} {time}")
        begun = self.clock(start)
        ended = self._timed(end, dated, dated) if first != last == self._today else self.clock(end)
        if begun == ended:
            begun, ended = self.clock(start, seconds=True), self.clock(end, seconds=True)
        return self.say("from {start} to {end}", start=begun, end=ended)

    def _timed(self, moment: datetime, today: str, dated: str, *, seconds: bool = False) -> str:
        local = moment.astimezone(self._info)
        time = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
        if self._today is None or (local.date() == self._today and today != dated):
            return self.say(today, time=time)
        return self.say(dated, date=self._date(local.date()), time=time)

    def _date(self, day: date) -> str:
        """``"22 Nov"``. What lies ahead has its weekday too: nobody knows by heart which day the 30th is."""
        ahead = self._today is not None and day > self._today
        held = self._catalogue
        if day.day == 1:
            near, far = held.pgettext("the first", "EEE d MMM"), held.pgettext("the first", "d MMM")
        else:
            near, far = held.gettext(mark("EEE d MMM")), held.gettext(mark("d MMM"))
        return format_date(day, near if ahead else far, locale=self.language)

    @property
    def zone(self) -> str:
        """What people call the time in the reader's zone: ``"Paris time"``, ``"UTC"``."""
        try:
            city = get_timezone_location(self._info, locale=self.language, return_city=True)
        except LookupError:
            return self._zone
        if "/" not in self._zone or self._zone.startswith("Etc/"):
            return city  # "UTC", "GMT+5": no place
        if city[0] in VOWELS:
            return fill(self._catalogue.pgettext("before a vowel", "{city} time"), {"city": city})
        return self.say("{city} time", city=city)

    # --- one line ---

    def fit(self, make: Callable[..., str], *names: str, chars: int = TITLE_CHARS_MAX) -> str:
        """``make(*names)`` within `chars`: the longest names are cut first, the words only when nothing else helps."""
        kept = list(names)
        text = make(*kept)
        while len(text) > chars:
            longest = max(range(len(kept)), key=lambda n: len(kept[n]), default=None)
            if longest is None or len(kept[longest]) <= NAME_CHARS_MIN:
                break
            kept[longest] = clip(kept[longest], max(NAME_CHARS_MIN, len(kept[longest]) - (len(text) - chars)))
            text = make(*kept)
        return clip(text, chars)
