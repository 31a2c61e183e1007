"""What every page shares: the templates, the style and its stamp, the house's clock and zone, and one way to answer."""

import functools
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

import jinja2
from aiohttp import web

from monitor.core import wording
from monitor.core.model import Incident, Phase
from monitor.core.receivers import name_of
from monitor.web import views, words
from monitor.web.forms import Form, Notices
from monitor.web.guard import Door
from monitor.web.house import House
from monitor.web.sse import Streams

__all__ = ["STATIC", "Pages", "answer", "environment"]

STATIC = {"board.css": "text/css", "board.js": "text/javascript", "vigie.svg": "image/svg+xml"}


@functools.cache
def environment() -> jinja2.Environment:
    """The templates: escaped always, missing names are faults, every printed text made harmless.

    All are compiled here, which takes some 300 ms: at the start, and never while the loop has other things to do.
    """
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("monitor.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=words.harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["host"] = words.host_of
    made.filters["web"] = views.web_url
    for name in made.list_templates(extensions=["html"]):
        made.get_template(name)
    return made


class Pages:
    """Makes pages of a house. `notices`: what acts were answered, to be shown after the redirect."""

    def __init__(self, house: House, door: Door, streams: Streams) -> None:
        self.house = house
        self.door = door
        self.streams = streams
        self.notices = Notices()
        self.env = environment()
        folder = resources.files("monitor.web") / "static"
        self.static = {name: (folder / name).read_bytes() for name in STATIC}
        self.stamp = hashlib.sha256(b"".join(self.static.values())).hexdigest()[:12]

    def render(self, name: str, now: datetime, *, token: str = "", **context: object) -> str:
        """The page of a template. `token`: the version it shows; without it, it does not keep itself true."""
        rules = self.house.rules
        return self.env.get_template(name).render(
            stamp=self.stamp,
            version=self.house.version,
            token=token,
            timezone=rules.timezone,
            as_of=words.day_and_time(now, rules.timezone),
            now_iso=views.iso(now),
            exact=lambda text: words.to_the_second(text, rules.timezone, now),
            local=lambda text: words.local(text, rules.timezone, now),
            ago=lambda text: views.ago(words.parse(text), now) if text else "",
            guarded=self.door.guarded,
            nothing=Form(),
            **context,
        )

    def timed(self, incident: Incident, now: datetime) -> dict[str, Any]:
        """An incident in one line, with how long it has lasted, who has it, and whether all of it is held back."""
        shown = views.incident(self.house.rules, incident)
        live = incident.phase not in {Phase.RESOLVED, Phase.CLOSED}
        lasted = views.ago(incident.opened, now)
        if not live and incident.resolved is not None:
            lasted = str(wording.duration(incident.resolved - incident.opened))
        lead = str(wording.duration(timedelta(seconds=incident.lead_s))) if incident.lead_s else ""
        owner = name_of(self.house.rules, incident.owner) if incident.phase is Phase.ACKNOWLEDGED else ""
        silent = live and bool(incident.held) and not set(incident.channels) - set(incident.held)
        return {**shown, "live": live, "lasted": lasted, "lead": lead, "owner": owner, "silent": silent}


def answer(
    request: web.Request, text: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """A page on its way: kept by nobody, and compressed for who takes it."""
    response = web.Response(
        text=text,
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={"Cache-Control": "no-store", "Vary": "Cookie", **(headers or {})},
    )
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response
