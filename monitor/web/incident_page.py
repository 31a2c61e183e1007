"""The page of one incident: why, what happened, who has it, who is called next, what is held back; and acting on it."""

from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from monitor.core import wording
from monitor.core.incident import is_active
from monitor.core.model import Act, Acted, Incident, Page, Phase, Rules
from monitor.core.paging import coming, receivers_of
from monitor.core.receivers import name_of, names_of
from monitor.web import views
from monitor.web.api import find_incident, timeline_of
from monitor.web.forms import Form, Who, read_form, remember, see_other
from monitor.web.pages import Pages, answer

__all__ = ["SNOOZES", "IncidentPage", "calls", "held_back"]

SNOOZES = (
    ("30", "30 minutes"),
    ("60", "1 hour"),
    ("120", "2 hours"),
    ("240", "4 hours"),
    ("480", "8 hours"),
    ("1440", "1 day"),
)
"""Minutes, and what people call them."""


class IncidentPage:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._house = pages.house

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [web.get("/incidents/{id}", self.show), web.post("/incidents/{id}", self.act)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """One incident and its timeline."""
        found = await find_incident(self._house, request.match_info["id"])
        return answer(request, await self._made(request, found, None))

    async def _made(self, request: web.Request, found: Incident, form: Form | None) -> str:
        house, now = self._house, self._house.now()
        rules = house.rules
        return self._pages.render(
            "incident.html",
            now,
            token="" if form else self._pages.streams.token,
            incident=self._pages.timed(found, now),
            timeline=await timeline_of(house, found),
            members=[
                views.brief(rules.channels[c], house.state.channels.get(c))
                for c in found.channels
                if c in rules.channels
            ],
            taken=taken(found, rules),
            calls=calls(found, rules),
            called=names_of(rules, dict.fromkeys(r for page in found.pages for r in page.called)),
            held=held_back(found, rules),
            about=f"channel:{found.channels[0]}" if len(found.channels) == 1 else f"platform:{found.scope}",
            notice=self._pages.notices.said(request, now),
            acting=self._acting(request, found, form),
        )

    def _acting(self, request: web.Request, found: Incident, form: Form | None) -> dict[str, Any]:
        form = form or Form()
        return {
            "signed_in": self._pages.door.may_act(request),
            "open": found.phase in {Phase.OPEN, Phase.ACKNOWLEDGED},
            "noting": found.id in self._house.state.incidents,
            "who": Who.of(self._house.rules, request, form),
            "form": form,
            "snoozes": SNOOZES,
            "snooze": form["minutes"] or "60",
        }

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Do what a form asks for; the page that follows says what came of it."""
        found = await find_incident(self._house, request.match_info["id"])
        form = await read_form(request)
        event = self._event(found, form)
        if event is None:
            return answer(request, await self._made(request, found, form), status=422)
        said = await self._house.act(event)
        if said.code == "invalid":
            form.fault("", said.text)
            return answer(request, await self._made(request, found, form), status=422)
        response = see_other(f"/incidents/{found.id}?said={self._pages.notices.keep(said, self._house.now())}#said")
        remember(request, response, event.by)
        return response

    def _event(self, found: Incident, form: Form) -> Acted | None:
        """What the form asks for; None: it has faults."""
        wanted = form.choice("act", [a.value for a in Act], "Choose what to do.")
        by = form.person(self._house.rules)
        note = "A note needs words." if wanted == Act.NOTE.value else ""
        text = form.text("text", needed=note)
        until = None
        if wanted == Act.SNOOZE.value:
            minutes = form.choice("minutes", [m for m, _ in SNOOZES], "Choose for how long.")
            until = self._house.now() + timedelta(minutes=int(minutes or "0"))
        if form.errors:
            return None
        return Acted(Act(wanted), (found.id,), by, "board", text, until)


# --- who has it, who is next, what is held ---------------------------------------------------------------------------


def taken(incident: Incident, rules: Rules) -> dict[str, Any] | None:
    """Who has it: name, since when, until when it holds; None: nobody."""
    if not incident.owner:
        return None
    return {
        "name": name_of(rules, incident.owner),
        "at": views.iso(incident.acknowledged),
        "lapses": views.iso(incident.lapses) if incident.phase is Phase.ACKNOWLEDGED else None,
        "holds": incident.phase is Phase.ACKNOWLEDGED,
    }


def calls(incident: Incident, rules: Rules) -> dict[str, Any]:
    """Who is called next, by each route, and when; or why nobody is."""
    next_ = [_call(due, page, rules) for due, page in coming(incident)]
    put_off = incident.snoozed if incident.phase is Phase.OPEN else None
    why = ""
    if not is_active(incident.phase):
        why = "Nobody: it is over."
    elif incident.folded:
        why = f"Nobody: it is told in the messages of incident {incident.folded}."
    elif incident.phase is Phase.ACKNOWLEDGED:
        why = "Nobody, as long as somebody has it."
    elif not next_ and put_off is None:
        why = "Nobody: no further call is planned."
    return {"why": why, "next": next_, "snoozed": views.iso(put_off)}


def _call(due: datetime, page: Page, rules: Rules) -> dict[str, Any]:
    return {"who": names_of(rules, receivers_of(page, rules)), "at": views.iso(due), "route": page.route}


def held_back(incident: Incident, rules: Rules) -> list[dict[str, Any]]:
    """What people are not told of just now: name, why in words, and a page that says more, if there is one."""
    rows = [
        {
            "name": rules.channels[c].name if c in rules.channels else wording.scope_name(incident, rules),
            **held_words(code, rules),
        }
        for c, code in incident.held.items()
    ]
    rows += [
        {
            "name": f"{name_of(rules, page.receiver)} (route {page.route})",
            "why": f"quiet now because of the time interval {page.muted}",
            "link": "",
        }
        for page in incident.pages
        if page.muted
    ]
    return rows


def held_words(code: str, rules: Rules) -> dict[str, str]:
    """A code of `Incident.held` in words, with the page that says more."""
    kind, _, name = code.partition(":")
    if kind == "silence":
        return {"why": f"silenced ({name})", "link": f"/silences#silence-{name}"}
    if kind == "maintenance":
        return {"why": f"maintenance of our own: {name}", "link": "/silences#maintenance"}
    if kind == "depends":
        known = rules.channels.get(name)
        platform = next((c.platform_name for c in rules.channels.values() if c.platform == name), name)
        return {"why": f"it rests on {known.name if known else platform}, which is out", "link": ""}
    return {"why": code, "link": ""}
