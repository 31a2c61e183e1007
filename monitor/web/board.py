"""The pages: rendered here, complete without JavaScript; a small script only fetches them anew.

A page is made once per commit and minute and then shared; the rows of the board are made once per change of a channel.
"""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from aiohttp import web
from markupsafe import Markup

from monitor.core.model import ChannelRule, ChannelState, Incident, Phase, Rules, State
from monitor.web import views, words
from monitor.web.forms import is_https, page_of_ours, read_form, see_other
from monitor.web.fragments import Fragments
from monitor.web.guard import COOKIE, SESSION_S_MAX, Door, Refusal
from monitor.web.house import House, Run
from monitor.web.incident_page import IncidentPage
from monitor.web.link_pages import LinkPages
from monitor.web.oncall_page import OncallPage
from monitor.web.pages import STATIC, Pages, answer
from monitor.web.quiet import Quiet, quiet_word
from monitor.web.silence_page import SilencePage
from monitor.web.sse import Streams

__all__ = ["Board"]

PROBES_SHOWN_MAX = 40
RUNS_SHOWN = 1
SAID_CHARS_MAX = 4_000
DECISIONS_SHOWN_MAX = 60
INCIDENTS_SHOWN_MAX = 100
OPEN_SHOWN = views.OPEN_PHASES - {Phase.PENDING}
LINES_PER_TURN = 250
STATIC_AGE_S = 365 * 24 * 3600

GROUPS = (
    ("trouble", "In trouble"),
    ("unknown", "Not known"),
    ("maintenance", "In maintenance"),
    ("well", "Can be relied on"),
)


class _Line(NamedTuple):
    """A channel as the board needs it."""

    rule: ChannelRule
    held: ChannelState | None
    brief: dict[str, Any]
    group: str
    order: tuple[int, int, str]
    quiet: str  # whether people are not told of it just now


class Board:
    """The handlers of the pages."""

    def __init__(self, house: House, door: Door, streams: Streams) -> None:
        self._house = house
        self._door = door
        self._streams = streams
        self._pages = Pages(house, door, streams)
        self._others = [page(self._pages) for page in (IncidentPage, LinkPages, OncallPage, SilencePage)]
        self._row = self._pages.env.get_template("row.html")
        self._rows = Fragments()
        self._lines: dict[str, _Line] = {}
        self._quiet = Quiet()
        self._making = asyncio.Lock()
        self._made: tuple[State, Rules, tuple[object, ...], str] | None = None

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [
            web.get("/", self.index),
            web.get("/channels/{id}", self.channel),
            web.get("/incidents", self.incidents),
            web.get("/login", self.login),
            web.post("/login", self.log_in),
            web.get("/static/{name}", self.static),
            *(route for page in self._others for route in page.routes()),
        ]

    # --- pages --------------------------------------------------------------------------------------------------------

    async def index(self, request: web.Request) -> web.StreamResponse:
        """All channels at a glance."""
        async with self._making:
            house = self._house
            state, rules, now, token = house.state, house.rules, house.now(), self._streams.token
            key = (token, tuple(house.warnings), now.replace(second=0, microsecond=0))
            made = self._made
            if made is None or made[0] is not state or made[1] is not rules or made[2] != key:
                made = self._made = (state, rules, key, await self._index(state, rules, now, token))
        return answer(request, made[3])

    async def _index(self, state: State, rules: Rules, now: datetime, token: str) -> str:
        quiet = await self._quiet.now(state, rules, now)
        lines = sorted(await self._in_turns(rules, state, quiet), key=lambda line: line.order)
        today = now.astimezone(words.zone(rules.timezone)).date()
        named = {line.rule.id: line for line in lines}
        rendered = await self._rows.get(
            ((line.rule.id, self._row_key(line, rules, now, today)) for line in lines),
            lambda each: self._render_row(named[each], rules, now),
        )
        groups = []
        for name, heading in GROUPS:
            members = [row for line, row in zip(lines, rendered, strict=True) if line.group == name]
            if members:
                rows = Markup("".join(members))  # noqa: S704 - made by row.html, which escapes
                groups.append({"name": name, "heading": heading, "count": len(members), "rows": rows})
        open_now = (i for i in state.incidents.values() if i.phase in OPEN_SHOWN)
        incidents = sorted(open_now, key=lambda i: i.opened, reverse=True)
        incidents.sort(key=lambda i: i.severity, reverse=True)  # stable: the worst first, then the newest
        return self._pages.render(
            "board.html",
            now,
            token=token,
            counts={name: sum(line.group == name for line in lines) for name, _ in GROUPS},
            quieted=sum(bool(line.quiet) for line in lines),
            total=len(lines),
            groups=groups,
            incidents=[self._pages.timed(i, now) for i in incidents],
            warnings=list(self._house.warnings),
            blind_since=views.iso(state.monitor.blind_since),
            settled=state.monitor.settled,
        )

    async def _in_turns(self, rules: Rules, state: State, quiet: Mapping[str, str]) -> list[_Line]:
        """A line per channel, those of unchanged channels as they were."""
        lines = {}
        for count, (channel_id, rule) in enumerate(rules.channels.items(), 1):
            held = state.channels.get(channel_id)
            line = self._lines.get(channel_id)
            word = quiet.get(channel_id, "")
            if line is None or line.rule is not rule or line.held is not held or line.quiet != word:
                line = _line(rule, held, word)
            lines[channel_id] = line
            if count % LINES_PER_TURN == 0:
                await asyncio.sleep(0)
        self._lines = lines
        return list(lines.values())

    @staticmethod
    def _row_key(line: _Line, rules: Rules, now: datetime, today: date) -> tuple[object, ...]:
        """What a row is made from; the well ones show no age, so that a minute more does not make them anew."""
        age = views.ago(line.held.since, now) if line.held and line.group != "well" else ""
        fallback = rules.channels.get(line.rule.fallback)
        return (line.rule, line.held, fallback.name if fallback else "", rules.timezone, today, age, line.quiet)

    def _render_row(self, line: _Line, rules: Rules, now: datetime) -> str:
        held, fallback = line.held, rules.channels.get(line.rule.fallback)
        return self._row.render(
            row=line.brief,
            group=line.group,
            platform="" if line.rule.platform_name.lower() in line.rule.name.lower() else line.rule.platform_name,
            confirmed=held.health.confirmed if held else True,
            since_local=words.local(line.brief["since"], rules.timezone, now),
            since_ago=views.ago(held.since, now) if held and line.group != "well" else "",
            fallback=fallback.name if fallback else line.rule.fallback,
            quiet=line.quiet,
        )

    async def channel(self, request: web.Request) -> web.StreamResponse:
        """One channel with its evidence."""
        house = self._house
        state, rules, now, token = house.state, house.rules, house.now(), self._streams.token
        channel_id = request.match_info["id"]
        if channel_id not in rules.channels:
            raise Refusal(404, "unknown_channel", "No channel of this name is watched here.")
        shown = views.channel(rules, state, channel_id, now)
        probes = shown["probes"][:PROBES_SHOWN_MAX]
        for probe in probes:
            runs = await house.observations(probe["id"], RUNS_SHOWN)
            probe["said"] = [_said(run) for run in runs]
        fallback = rules.channels.get(shown["fallback"])
        decisions = await house.decisions(channel=channel_id, limit=DECISIONS_SHOWN_MAX)
        past = [i for i in await self._known() if channel_id in i.channels]
        text = self._pages.render(
            "channel.html",
            now,
            token=token,
            channel=shown,
            group=views.group(shown["availability"], shown["risk"]),
            quiet=quiet_word(rules.channels[channel_id], state, rules, now),
            probes=probes,
            unshown=len(shown["probes"]) - len(probes),
            fallback={"name": fallback.name, "id": fallback.id} if fallback else None,
            incidents=[self._pages.timed(i, now) for i in past],
            decisions=list(reversed(views.timeline(rules, decisions, ()))),
        )
        return answer(request, text)

    async def incidents(self, request: web.Request) -> web.StreamResponse:
        """Every open incident, and the newest of those that are over."""
        now, token = self._house.now(), self._streams.token
        found = [self._pages.timed(i, now) for i in await self._known()]
        live = [i for i in found if i["live"]]
        over = [i for i in found if not i["live"]]
        cut = len(found) >= INCIDENTS_SHOWN_MAX
        return answer(request, self._pages.render("incidents.html", now, token=token, live=live, over=over, cut=cut))

    async def _known(self) -> list[Incident]:
        """The newest incidents, and all that are open: a long trouble must not fall off the end of the list."""
        newest = await self._house.incidents(INCIDENTS_SHOWN_MAX)
        held = self._house.state.incidents.values()
        named = {i.id: i for i in (*newest, *(i for i in held if i.phase in OPEN_SHOWN))}
        return sorted(named.values(), key=lambda i: i.opened, reverse=True)

    def error(self, refusal: Refusal) -> web.Response:
        """A refusal as a person reads it."""
        text = self._pages.render("error.html", self._house.now(), status=refusal.status, message=refusal.message)
        return web.Response(
            text=text, status=refusal.status, content_type="text/html", charset="utf-8", headers=refusal.headers
        )

    # --- the door, and what never changes -----------------------------------------------------------------------------

    async def login(self, request: web.Request) -> web.Response:
        """The form that asks for the token."""
        return self._form(200, "", request.query.get("then", ""))

    def _form(self, status: int, message: str, then: str) -> web.Response:
        text = self._pages.render("login.html", self._house.now(), message=message, then=then)
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")

    async def log_in(self, request: web.Request) -> web.StreamResponse:
        """Take the token, give a cookie that only this site sends back and that no script can read."""
        form = await read_form(request)
        if not self._door.is_token(form["token"], request.remote or ""):
            return self._form(403, "That is not the token.", form["then"])
        response = see_other(page_of_ours(form["then"]))
        response.set_cookie(
            COOKIE,
            self._door.new_session(),
            max_age=SESSION_S_MAX,
            httponly=True,
            samesite="Lax",  # "Strict" would ask again whoever comes by a link in webmail; foreign forms are refused
            secure=is_https(request),
            path="/",
        )
        return response

    async def static(self, request: web.Request) -> web.Response:
        """A style sheet, a script or the icon, by its exact name."""
        name = request.match_info["name"]
        if name not in STATIC:
            raise Refusal(404, "not_found", "There is no such page.")
        lasting = request.query.get("v") == self._pages.stamp
        age = f"public, max-age={STATIC_AGE_S}, immutable" if lasting else "no-cache"
        return web.Response(
            body=self._pages.static[name], content_type=STATIC[name], charset="utf-8", headers={"Cache-Control": age}
        )


def _line(rule: ChannelRule, held: ChannelState | None, quiet: str) -> _Line:
    brief = views.brief(rule, held)
    return _Line(rule, held, brief, views.group(brief["availability"], brief["risk"]), views.order(brief), quiet)


def _said(run: Run) -> dict[str, Any]:
    """What a source said in one run, word for word, as far as it is kept and fits on a page."""
    seen = run.observation
    body = seen.body.decode("utf-8", "replace") if seen else ""
    return {
        "at": views.iso(run.at),
        "status": seen.status if seen else 0,
        "took": round(seen.took, 2) if seen else 0.0,
        "body": body[:SAID_CHARS_MAX],
        "cut": run.cut or len(body) > SAID_CHARS_MAX,
        "reason": run.reason.value if run.reason else "",
        "text": run.text or (seen.error if seen else ""),
    }
