"""The page of what is held back: silences that people made or wrote down, and maintenance of our own."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from monitor.core.duty import Maintenance, Matcher, MatchOp, Silence
from monitor.core.matching import parse_matcher, text_of
from monitor.core.model import Answer, Rules, Silenced, State, Unsilenced
from monitor.core.oncall import next_occurrence, occurrence
from monitor.core.receivers import name_of
from monitor.web import views
from monitor.web.forms import Form, Who, read_form, remember, see_other
from monitor.web.house import PastSilence
from monitor.web.pages import Pages, answer

__all__ = ["SilencePage"]

CHOICES_MAX = 400  # channels and platforms in the select; with more, people write a matcher
MATCHERS_MAX = 20
ENDED_SHOWN_MAX = 50
NAMES_SHOWN_MAX = 8
LASTS = (
    ("60", "1 hour"),
    ("120", "2 hours"),
    ("480", "8 hours"),
    ("1440", "1 day"),
    ("4320", "3 days"),
    ("10080", "1 week"),
    ("until", "until the time below"),
)
"""Minutes, and what people call them."""


class SilencePage:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._house = pages.house

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [
            web.get("/silences", self.show),
            web.post("/silences", self.make),
            web.post("/silences/{id}/end", self.end),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """All silences, and forms for making and ending them."""
        return answer(request, await self._made(request, None))

    async def _made(self, request: web.Request, form: Form | None, ending: str = "") -> str:
        """The page. `form`: one with faults, to be shown again: that of a new silence, or that for `ending` one."""
        house, now = self._house, self._house.now()
        state, rules = house.state, house.rules
        wanted = request.query.get("about", "")
        choices = _choices(rules)
        return self._pages.render(
            "silences.html",
            now,
            token="" if form else self._pages.streams.token,
            **silences(state, rules, await house.silences(ENDED_SHOWN_MAX), now),
            maintenance=[work_view(work, rules, now) for work in rules.maintenance],
            notice=self._pages.notices.said(request, now),
            signed_in=self._pages.door.may_act(request),
            form=form
            if form and not ending
            else Form({"about": wanted if wanted in dict(choices) else "", "lasts": "120"}),
            ending=ending,
            ending_form=form or Form(),
            who=Who.of(rules, request, form),
            choices=choices,
            lasts=LASTS,
        )

    async def make(self, request: web.Request) -> web.StreamResponse:
        """Make a silence."""
        form = await read_form(request)
        wished = self._wished(form)
        if wished is None:
            return answer(request, await self._made(request, form), status=422)
        said = await self._house.act(Silenced(wished, "board"))
        if not said.done:
            form.fault("", said.text)
            return answer(request, await self._made(request, form), status=422)
        return self._over(request, said, wished.author)

    def _wished(self, form: Form) -> Silence | None:
        """The silence that the form asks for; None: it has faults."""
        rules, now = self._house.rules, self._house.now()
        matchers = _matchers(form, rules)
        start = form.moment("start", rules.timezone) or now
        lasts = form.choice("lasts", [m for m, _ in LASTS], "Choose how long.")
        if lasts == "until":
            end = form.moment("end", rules.timezone, needed="Say until when.")
        else:
            end = start + timedelta(minutes=int(lasts or "0"))
        comment = form.text("comment", needed="Say why: others will ask.")
        author = form.person(rules)
        if form.errors or end is None:
            return None
        if end <= max(start, now):
            form.fault("end", "It must end after it starts, and after now.")
            return None
        return Silence("", matchers, author, comment, start, end, until_recovered=form["recovered"] == "on")

    async def end(self, request: web.Request) -> web.StreamResponse:
        """End a silence."""
        form = await read_form(request)
        by = form.person(self._house.rules)
        silence = request.match_info["id"]
        if form.errors:
            return answer(request, await self._made(request, form, silence), status=422)
        said = await self._house.act(Unsilenced(silence, by, "board"))
        return self._over(request, said, by)

    def _over(self, request: web.Request, said: Answer, by: str) -> web.Response:
        response = see_other(f"/silences?said={self._pages.notices.keep(said, self._house.now())}#said")
        remember(request, response, by)
        return response


# --- what the form offers and says -----------------------------------------------------------------------------------


def _choices(rules: Rules) -> list[tuple[str, str]]:
    """What a silence can be about, to choose from: value and words."""
    platforms: dict[str, tuple[str, int]] = {}
    for rule in rules.channels.values():
        name, count = platforms.get(rule.platform, (rule.platform_name, 0))
        platforms[rule.platform] = (name, count + 1)
    wide = [
        (f"platform:{p}", f"all of {name} ({count} channels)") for p, (name, count) in platforms.items() if count > 1
    ]
    found = [
        *sorted(wide, key=_words),
        *sorted(((f"channel:{c}", r.name) for c, r in rules.channels.items()), key=_words),
    ]
    return found if len(found) <= CHOICES_MAX else []


def _words(choice: tuple[str, str]) -> str:
    return choice[1].casefold()


def _matchers(form: Form, rules: Rules) -> tuple[Matcher, ...]:
    """The choice, and a matcher a line."""
    found: list[Matcher] = []
    about = form["about"]
    if about:
        label, _, value = about.partition(":")
        if about not in dict(_choices(rules)):
            form.fault("about", "This is not watched any more.")
        else:
            found.append(Matcher(label, MatchOp.EQUAL, value))
    lines = [line for line in form.text("matchers", chars_max=4_000).splitlines() if line.strip()]
    if len(lines) > MATCHERS_MAX:
        form.fault("matchers", f"These are {len(lines)} lines; {MATCHERS_MAX} are the most.")
    for line in lines[:MATCHERS_MAX]:
        try:
            found.append(parse_matcher(line))
        except ValueError as fault:
            form.fault("matchers", views.sentence(str(fault)))
    if not about and not lines:
        form.fault("about", "Say what is to be silenced: choose it here, or write a matcher below.")
    return tuple(found)


# --- what is shown ---------------------------------------------------------------------------------------------------


def silences(state: State, rules: Rules, past: Iterable[PastSilence], now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Silences as the page shows them: active, pending, ended."""
    live = [*state.silences.values(), *rules.silences]
    holding = _holding(state, rules)
    rows = [silence_view(s, rules, holding.get(s.id, [])) for s in sorted(live, key=lambda s: s.end) if s.end > now]
    known = {s.id for s in live if s.end > now}
    over = [silence_view(p.silence, rules, [], early=p.silence.end > now) for p in past if p.silence.id not in known]
    over += [silence_view(s, rules, []) for s in rules.silences if s.end <= now]
    started = views.iso(now) or ""
    return {
        "active": [r for r in rows if r["start"] <= started],
        "pending": sorted((r for r in rows if r["start"] > started), key=lambda r: r["start"]),
        "ended": sorted(over, key=lambda r: r["end"], reverse=True)[:ENDED_SHOWN_MAX],
    }


def silence_view(
    silence: Silence, rules: Rules, holding: list[dict[str, str]], *, early: bool = False
) -> dict[str, Any]:
    """One silence. `holding`: the incidents of which it holds something back; `early`: ended before its time."""
    return {
        "id": silence.id,
        "what": [matcher_words(m, rules) for m in silence.matchers],
        "matchers": [text_of(m) for m in silence.matchers],
        "author": name_of(rules, silence.author),
        "comment": silence.comment,
        "start": views.iso(silence.start),
        "end": views.iso(silence.end),
        "until_recovered": silence.until_recovered,
        "from_file": silence.id.startswith("file/"),
        "held": silence.held,
        "early": early,
        "holding": holding[:NAMES_SHOWN_MAX],
    }


def _holding(state: State, rules: Rules) -> dict[str, list[dict[str, str]]]:
    """By silence, the incidents of which it holds something back now."""
    found: dict[str, list[dict[str, str]]] = {}
    for incident in state.incidents.values():
        ids = {code.removeprefix("silence:") for code in incident.held.values() if code.startswith("silence:")}
        for each in ids:
            found.setdefault(each, []).append({"id": incident.id, "title": views.title_of(incident, rules)})
    return found


_IS = {MatchOp.EQUAL: "is", MatchOp.NOT_EQUAL: "is not", MatchOp.LIKE: "is like", MatchOp.NOT_LIKE: "is not like"}


def matcher_words(matcher: Matcher, rules: Rules) -> str:
    """``channel is Facebook``: a matcher in words, with the names that people know."""
    value = matcher.value
    if matcher.op in {MatchOp.EQUAL, MatchOp.NOT_EQUAL}:
        if matcher.label == "channel" and value in rules.channels:
            value = rules.channels[value].name
        elif matcher.label == "platform":
            value = next((c.platform_name for c in rules.channels.values() if c.platform == value), value)
    return f"{matcher.label} {_IS[matcher.op]} {value or 'empty'}"


def work_view(work: Maintenance, rules: Rules, now: datetime) -> dict[str, Any]:
    """One maintenance of our own: what, the window that is open, and the one that comes next."""
    return {
        "id": work.id,
        "what": [matcher_words(m, rules) for m in work.matchers],
        "comment": work.comment,
        "current": _span(occurrence(work, now)),
        "next": _span(next_occurrence(work, now)),
        "rrule": work.rrule,
        "timezone": work.timezone,
    }


def _span(span: tuple[datetime, datetime] | None) -> dict[str, str | None] | None:
    return {"start": views.iso(span[0]), "end": views.iso(span[1])} if span else None
