"""Forms: reading what a person filled in, saying beside the field what is wrong, and who they are.

A form is read whole: every fault at once. What is done is answered by a redirect, so that a page that is loaded again
does nothing again; what was said then is kept here for a while and shown on the page that follows.
"""

import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote, urlencode

from aiohttp import web

from monitor.core.model import Act, Answer, Rules
from monitor.core.oncall import moment
from monitor.core.receivers import person_of
from monitor.web import words
from monitor.web.guard import Refusal, read_body

__all__ = [
    "NAME_CHARS_MAX",
    "TEXT_CHARS_MAX",
    "Form",
    "Notice",
    "Notices",
    "Who",
    "is_https",
    "login_for",
    "page_of_ours",
    "people_of",
    "read_form",
    "remember",
    "see_other",
]

FIELDS_MAX = 24
NAME_CHARS_MAX = 80
TEXT_CHARS_MAX = 1_000
PATH_CHARS_MAX = 500
PEOPLE_MAX = 500  # in a select; with more, people write their name
WHO_COOKIE = "vigie_who"
WHO_S_MAX = 180 * 24 * 3600
NOTICES_MAX = 200
OWN_PAGE = re.compile(r"/(?:[\w.~%-]+(?:/[\w.~%-]+)*)?(?:\?[\w.~%:=&-]*)?", re.ASCII)
"""A path of this site: nothing in it can name another host."""
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?", re.ASCII)
NOTICE_LASTS = timedelta(minutes=10)


async def read_form(request: web.Request) -> "Form":
    """The form of a request; raises Refusal for what no browser would send."""
    raw = await read_body(request)
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refusal(415, "not_a_form", "Send the form as it is.")
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:
        raise Refusal(400, "bad_form", "The form cannot be read.") from None
    values = dict(pairs)
    if len(values) != len(pairs):
        raise Refusal(400, "bad_form", "The form has a field twice.")
    return Form(values)


class Form:
    """Fields by name, and in `errors` what is wrong with them: one sentence a field, "" for the form as a whole."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})
        self.errors: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """What stands in a field, for showing it again."""
        return self.values.get(name, "")

    def fault(self, name: str, sentence: str) -> None:
        """Note what is wrong with a field; the first fault of a field stays."""
        self.errors.setdefault(name, sentence)

    def line(self, name: str, *, chars_max: int = NAME_CHARS_MAX, needed: str = "") -> str:
        """One line. `needed`: what to say when it is empty."""
        return self.text(name, chars_max=chars_max, needed=needed, lines=False)

    def text(self, name: str, *, chars_max: int = TEXT_CHARS_MAX, needed: str = "", lines: bool = True) -> str:
        """A text without what cannot be seen; of one line, or of several."""
        seen = str(words.harmless(self.values.get(name, "").replace("\r\n", "\n").replace("\r", "\n")))
        text = seen.strip() if lines else " ".join(seen.split())
        if len(text) > chars_max:
            self.fault(name, f"This has {len(text)} characters; {chars_max} are the most.")
        if not text and needed:
            self.fault(name, needed)
        return text

    def choice(self, name: str, known: Iterable[str], needed: str) -> str:
        """One of `known`."""
        value = self.values.get(name, "")
        if value not in known:
            self.fault(name, needed)
            return ""
        return value

    def moment(self, name: str, timezone: str, *, needed: str = "") -> datetime | None:
        """What a field for a local date and time says, as a moment; None when it is empty."""
        text = self.line(name, needed=needed)
        if not text:
            return None
        if not _LOCAL.fullmatch(text):
            self.fault(name, "This is no date and time; write it as 2026-11-22T09:30.")
            return None
        try:
            return moment(datetime.fromisoformat(text), timezone)
        except ValueError:
            self.fault(name, "There is no such day or time.")
            return None

    def person(self, rules: Rules) -> str:
        """Who fills it in: the id of a person chosen, or the name that was written."""
        chosen = self.values.get("by", "")
        known = rules.recipients.get(chosen)
        if known is not None and known.person:
            return chosen
        return person_of(rules, self.line("name", needed="Say who you are."))


def people_of(rules: Rules) -> tuple[tuple[str, str], ...]:
    """The people of the configuration, by name: id and name."""
    return tuple(sorted(((r.id, r.name) for r in rules.recipients.values() if r.person), key=lambda p: p[1].casefold()))


# --- who -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Who:
    """The fields that ask who acts. `people`: id and name, to choose from; `chosen` and `name`: what stands there."""

    people: tuple[tuple[str, str], ...]
    chosen: str
    name: str

    @classmethod
    def of(cls, rules: Rules, request: web.Request, form: Form | None = None) -> "Who":
        """From a form that is shown again, else from what was remembered."""
        people = people_of(rules)
        if len(people) > PEOPLE_MAX:
            people = ()
        if form is not None and form.values:
            chosen, name = form["by"], form["name"]
        else:
            chosen = name = _remembered(request)
        if chosen not in dict(people):
            return cls(people, "", name)
        return cls(people, chosen, "")


def _remembered(request: web.Request) -> str:
    kept = unquote(request.cookies.get(WHO_COOKIE, ""), errors="replace")
    return " ".join(str(words.harmless(kept)).split())[:NAME_CHARS_MAX]


def remember(request: web.Request, response: web.StreamResponse, by: str) -> None:
    """Have the browser say next time who acts; it is a convenience, and proves nothing."""
    response.set_cookie(
        WHO_COOKIE,
        quote(by[:NAME_CHARS_MAX], safe=""),
        max_age=WHO_S_MAX,
        httponly=True,
        samesite="Strict",
        secure=is_https(request),
        path="/",
    )


# --- what was answered -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """What was answered, and to which act on an incident; of other wishes there is no act."""

    answer: Answer
    act: Act | None = None


class Notices:
    """The newest answers, by ids that nobody guesses; each is shown for NOTICE_LASTS."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[datetime, Notice]] = OrderedDict()

    def keep(self, answer: Answer, now: datetime, act: Act | None = None) -> str:
        """Its id."""
        made = secrets.token_urlsafe(9)
        self._kept[made] = (now, Notice(answer, act))
        while len(self._kept) > NOTICES_MAX:
            self._kept.popitem(last=False)
        return made

    def said(self, request: web.Request, now: datetime) -> Notice | None:
        """What the address of a page asks for, as long as it lasts."""
        kept = self._kept.get(request.query.get("said", ""))
        return kept[1] if kept is not None and now - kept[0] < NOTICE_LASTS else None


def is_https(request: web.Request) -> bool:
    """Whether the reader's browser came by https, here or at a proxy before us."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"


def page_of_ours(path: str) -> str:
    """Where to go on after signing in; the board for whatever leads, or might lead, to another site."""
    return path if len(path) <= PATH_CHARS_MAX and OWN_PAGE.fullmatch(path) else "/"


def login_for(path: str) -> str:
    """The page that asks for the token and then goes on to `path`."""
    then = page_of_ours(path)
    return "/login" if then == "/" else f"/login?{urlencode({'then': then})}"


def see_other(path: str) -> web.Response:
    """Go on to a page, by GET."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})
