"""The page behind a signed link: what it is about, in the reader's language, and buttons.

The link is the right: there is no token to give and nothing to sign in to. Looking changes nothing however often, since
scanners of mail and chat open every link; only a form that somebody sends acts.
"""

from datetime import timedelta

from aiohttp import web

from monitor.core.duty import Recipient
from monitor.core.links import BadLink, Claim, Flaw
from monitor.core.model import Act, Acted, Incident
from monitor.core.wording import Speech
from monitor.web import link_words
from monitor.web.forms import Form, Who, read_form, remember, see_other
from monitor.web.pages import Pages, answer

__all__ = ["LinkPages"]

SNOOZE = timedelta(hours=1)
HEADERS = {"X-Robots-Tag": "noindex, nofollow, noarchive"}


class LinkPages:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._house = pages.house

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [web.get("/a/{token}", self.show), web.post("/a/{token}", self.act)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """What the link is about, and what can be done."""
        try:
            claim, reader = self._claim(request)
        except BadLink as bad:
            return self._bad(request, bad)
        return await self._page(request, claim, reader, Form())

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Do what was asked for, and show what came of it."""
        try:
            claim, reader = self._claim(request)
        except BadLink as bad:
            return self._bad(request, bad)
        form = await read_form(request)
        event = self._event(claim, reader, form)
        if event is None:
            return await self._page(request, claim, reader, form)
        said = await self._house.act(event)
        notices = self._pages.notices
        response = see_other(f"{request.path}?said={notices.keep(said, self._house.now(), event.act)}")
        if not reader.person:
            remember(request, response, event.by)
        return response

    def _claim(self, request: web.Request) -> tuple[Claim, Recipient]:
        """What the link says, and whose it is; raises BadLink, also for somebody who is no longer told."""
        claim = self._house.read_link(request.match_info["token"])
        reader = self._house.rules.recipients.get(claim.recipient)
        if reader is None:
            raise BadLink(Flaw.EXPIRED, claim)
        return claim, reader

    def _bad(self, request: web.Request, bad: BadLink) -> web.StreamResponse:
        if bad.flaw is not Flaw.EXPIRED:
            self._pages.door.bad_link(request.remote or "")
        speech = self._speech(self._house.rules.recipients.get(bad.claim.recipient) if bad.claim else None)
        text = self._pages.render(
            "link_bad.html", self._house.now(), language=speech.language, **link_words.refusal(speech, bad.flaw)
        )
        return answer(request, text, status=410 if bad.flaw is Flaw.EXPIRED else 403, headers=HEADERS)

    def _event(self, claim: Claim, reader: Recipient, form: Form) -> Acted | None:
        """What the form asks for; None: it has faults."""
        say = self._speech(reader).say
        wanted = form.choice("act", [a.value for a in Act], say("Choose what to do."))
        text = form.text("text", needed=say("A note needs words.") if wanted == Act.NOTE.value else "")
        by = reader.id if reader.person or not (form["by"] or form["name"]) else form.person(self._house.rules)
        if form.errors:
            return None
        until = self._house.now() + SNOOZE if wanted == Act.SNOOZE.value else None
        return Acted(Act(wanted), claim.incidents, by, "link", text, until)

    async def _page(self, request: web.Request, claim: Claim, reader: Recipient, form: Form) -> web.StreamResponse:
        house, now = self._house, self._house.now()
        speech, found = self._speech(reader), await self._incidents(claim)
        said = self._pages.notices.said(request, now)
        shown = [link_words.shown(i, reader, house.state, house.rules, now) for i in found]
        titles = {each["id"]: each["title"] for each in shown}
        text = self._pages.render(
            "link.html",
            now,
            language=speech.language,
            words=link_words.phrases(speech, reader, len(found), len(claim.incidents) - len(found)),
            path=request.path,
            incidents=shown,
            acts=link_words.acts(found, reader, speech),
            notice=link_words.notice(said, found, titles, reader, house.rules, speech) if said else None,
            form=form,
            who=None if reader.person else Who.of(house.rules, request, form),
        )
        return answer(request, text, status=422 if form.errors else 200, headers=HEADERS)

    async def _incidents(self, claim: Claim) -> list[Incident]:
        """Those that are known, in the order of the link."""
        state = self._house.state.incidents
        missing = [i for i in claim.incidents if i not in state]
        past = await self._house.incidents_named(missing) if missing else {}
        found = (state.get(i) or past.get(i) for i in claim.incidents)
        return [each for each in found if each is not None]

    def _speech(self, reader: Recipient | None) -> Speech:
        rules, now = self._house.rules, self._house.now()
        return Speech(reader.language, reader.timezone, now) if reader else Speech(rules.language, rules.timezone, now)
