"""What people do through the API: on incidents, silences, drills; and the sign of life of a Prometheus.

Each becomes one event for the mind, whose answer says what holds now. Every act is idempotent: the same request again
changes nothing, and is told so.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.core.again import SENT_AGAIN_WITHIN
from monitor.core.duty import Matcher, Silence
from monitor.core.matching import parse_matcher
from monitor.core.model import Act, Acted, Answer, Drilled, Phase, Silenced, Unsilenced, Watched
from monitor.web import answers, asked, duty_views
from monitor.web.guard import Refusal
from monitor.web.house import House
from monitor.web.operations import Asked, Nothing, Operation, Operations, Reply, no_body
from monitor.web.views import sentence

__all__ = ["DONE", "STATUS", "Acts", "already", "end_of", "invalid", "outcome"]

SILENCES_MAX = 500
WATCHDOG = "Watchdog"
RECENT_MAX = 256

STATUS = {"unknown": 404, "not_open": 409, "conflict": 409, "nobody": 409, "invalid": 422}
"""What the mind says when a wish is not fulfilled -> the status of the answer."""

DONE = {200: Reply("It holds now.", answers.Done)}


def outcome(said: Answer, noun: str) -> answers.Done:
    """What the mind said, as an answer; raises Refusal where it was a no. `noun`: what can be unknown."""
    if not said.done:
        code = f"unknown_{noun}" if said.code == "unknown" else said.code
        raise Refusal(STATUS[said.code], code, sentence(said.text))
    return answers.Done(done=True, code=answers.DoneCode(said.code), text=sentence(said.text), id=said.id)


def already(text: str, made: str) -> answers.Done:
    """It held before. `made`: the id of what stands."""
    return answers.Done(done=True, code=answers.DoneCode.ALREADY, text=text, id=made)


def invalid(text: str) -> Refusal:
    """Well formed, and makes no sense."""
    return Refusal(422, "invalid", sentence(text))


def end_of(start: datetime, end: datetime | None, span: timedelta | None, word: str) -> datetime:
    """The end, given as a moment (by the name of `word`) or as a duration; raises Refusal."""
    if end is not None and span is None:
        return end
    if span is None or end is not None:
        raise invalid(f"say one of {word} and for")
    try:
        return start + span
    except OverflowError as fault:
        raise invalid("that is too far away") from fault


_ACTS = (
    (Act.ACKNOWLEDGE, "acknowledge", "Acknowledge an incident", "Repeats and escalation stop until it lapses."),
    (Act.TAKE_OVER, "take-over", "Take an incident over", "As acknowledging, also from somebody else."),
    (Act.RESOLVE, "resolve", "Resolve an incident by hand", "Its trouble may still stand; then it may open again."),
)


class Acts:
    """The handlers; what each takes and answers stands in the table."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._done = _Recent(house)

    def operations(self) -> Operations:
        """The table."""
        return [*self._on_incidents(), *self._on_silences(), *self._on_the_house()]

    # --- incidents ---------------------------------------------------------------------------------------------------

    def _on_incidents(self) -> Operations:
        base = "/api/v1/incidents/{id}"
        missing = {404: ("unknown_incident",), 409: ("not_open",)}

        def on_one(
            path: str, name: str, summary: str, serve: Callable[[Asked[Any, Any]], Awaitable[object]], body: type[Any]
        ) -> Operation[Any, Any]:
            return Operation(
                method="POST", path=f"{base}/{path}", id=name, tag="incidents", summary=summary, serve=serve,
                query=Nothing, body=body, answers=DONE, refusals={**missing, 422: ("invalid",)},
            )  # fmt: skip

        return [
            *(on_one(path, act.value, f"{s}. {more}", self._doing(act), asked.Taken) for act, path, s, more in _ACTS),
            on_one("snooze", "snooze", "Snooze an incident: no repeat, no escalation.", self.snooze, asked.Snooze),
            on_one("note", "note", "Put a note into the timeline of an incident.", self.note, asked.Note),
            Operation(
                method="POST", path="/api/v1/incidents/acknowledge", id="acknowledge_many", tag="incidents",
                summary="Acknowledge several incidents at once.", serve=self.acknowledge_many,
                query=Nothing, body=asked.AcknowledgeMany, answers=DONE, refusals={**missing, 422: ("invalid",)},
            ),
        ]  # fmt: skip

    def _doing(self, act: Act) -> Callable[[Asked[Nothing, asked.Taken]], Awaitable[answers.Done]]:
        async def serve(request: Asked[Nothing, asked.Taken]) -> answers.Done:
            body = request.body
            return await self._act(Acted(act, (request.id,), body.by, body.via, body.text))

        return serve

    async def snooze(self, request: Asked[Nothing, asked.Snooze]) -> answers.Done:
        """No repeat and no escalation until then."""
        body = request.body
        until = end_of(self._house.now(), body.until, body.span, "until")
        event = Acted(Act.SNOOZE, (request.id,), body.by, body.via, body.text, until)
        wish = (replace(event, until=body.until), body.span)
        if self._done.lately(wish) and self._put_off(request.id, until):
            return already("It is snoozed until then already.", request.id)
        return await self._remembered(wish, event)

    def _put_off(self, incident: str, until: datetime) -> bool:
        """Whether nobody is called to it until about then: somebody may have changed that since it was asked for."""
        held = self._house.state.incidents.get(incident)
        if held is None:
            return False
        end = {Phase.ACKNOWLEDGED: held.lapses, Phase.OPEN: held.snoozed}.get(held.phase)
        return end is not None and abs(until - end) <= SENT_AGAIN_WITHIN

    async def note(self, request: Asked[Nothing, asked.Note]) -> answers.Done:
        """A note in the timeline."""
        event = Acted(Act.NOTE, (request.id,), request.body.by, request.body.via, request.body.text)
        if self._done.lately(event):
            return already("This note stands in the timeline already.", request.id)
        return await self._remembered(event, event)

    async def _remembered(self, wish: Hashable, event: Acted) -> answers.Done:
        """Do it, and remember the wish if it was fulfilled."""
        done = await self._act(event)
        if done.code is answers.DoneCode.DONE:
            self._done.add(wish)
        return done

    async def acknowledge_many(self, request: Asked[Nothing, asked.AcknowledgeMany]) -> answers.Done:
        """Several at once."""
        body = request.body
        incidents = tuple(dict.fromkeys(body.incidents))
        return await self._act(Acted(Act.ACKNOWLEDGE, incidents, body.by, body.via, body.text))

    async def _act(self, event: Acted) -> answers.Done:
        return outcome(await self._house.act(event), "incident")

    # --- silences ----------------------------------------------------------------------------------------------------

    def _on_silences(self) -> Operations:
        return [
            Operation(
                method="GET", path="/api/v1/silences", id="silences", tag="silences",
                summary="Silences of now, of the future and of the past, those of the configuration too.",
                serve=self.silences, query=asked.SilenceFilter, body=no_body,
                answers={200: Reply("The silences, those that start last first.", answers.SilenceList)},
            ),
            Operation(
                method="POST", path="/api/v1/silences", id="silence", tag="silences",
                summary="Make a silence, or change one.", serve=self.silence, query=Nothing, body=asked.NewSilence,
                answers=DONE, refusals={404: ("unknown_silence",), 409: ("not_open",), 422: ("invalid",)},
            ),
            Operation(
                method="DELETE", path="/api/v1/silences/{id}", id="unsilence", tag="silences",
                summary="End a silence. It stays in the list of the past.", serve=self.unsilence,
                query=asked.By, body=no_body, answers=DONE,
                refusals={404: ("unknown_silence",), 409: ("not_open",), 422: ("invalid",)},
            ),
        ]  # fmt: skip

    async def silences(self, request: Asked[asked.SilenceFilter, None]) -> answers.SilenceList:
        """Every silence."""
        now, state, rules = self._house.now(), self._house.state, self._house.rules
        past = [row.silence for row in await self._house.silences(SILENCES_MAX) if row.silence.id not in state.silences]
        known = [*rules.silences, *state.silences.values()]
        items = [
            *(duty_views.silence(s, now) for s in known),
            *(duty_views.silence(s, now, ended=True) for s in past),
        ]
        wanted = [i for i in items if request.query.state in {None, i.state}]
        return answers.SilenceList(sorted(wanted, key=lambda i: (i.start, i.id), reverse=True))

    async def silence(self, request: Asked[Nothing, asked.NewSilence]) -> answers.Done:
        """Make a silence, or change one."""
        body = request.body
        now = self._house.now()
        start = body.start or now
        wanted = Silence(
            id=body.id or "",
            matchers=_matchers(body.matchers),
            author=body.author,
            comment=body.comment,
            start=start,
            end=end_of(start, body.end, body.span, "end"),
            until_recovered=body.until_recovered,
        )
        return outcome(await self._house.act(Silenced(wanted, body.via)), "silence")

    async def unsilence(self, request: Asked[asked.By, None]) -> answers.Done:
        """End a silence."""
        said = await self._house.act(Unsilenced(request.id, request.query.by, request.query.via))
        if said.code == "unknown" and await self._was(request.id):
            return already("This silence is over already.", request.id)
        return outcome(said, "silence")

    async def _was(self, silence: str) -> bool:
        return any(row.silence.id == silence for row in await self._house.silences(SILENCES_MAX))

    # --- drills and signs of life ------------------------------------------------------------------------------------

    def _on_the_house(self) -> Operations:
        return [
            Operation(
                method="POST", path="/api/v1/drills", id="drill", tag="house",
                summary="Try a way to people: everybody behind a receiver, or behind an escalation policy.",
                serve=self.drill, query=Nothing, body=asked.Drill, answers=DONE,
                refusals={404: ("unknown_target",), 409: ("nobody",), 422: ("invalid",)},
            ),
            Operation(
                method="POST", path="/api/v1/watchdog", id="watchdog", tag="house",
                summary="A sign of life from Prometheus: Alertmanager's webhook with a firing alert named Watchdog.",
                serve=self.watchdog, query=Nothing, body=asked.Heard,
                answers={200: Reply("It was read.", answers.HeardIt)},
            ),
        ]  # fmt: skip

    async def drill(self, request: Asked[Nothing, asked.Drill]) -> answers.Done:
        """Try a way to people."""
        event = Drilled(request.body.target, request.body.by, request.body.via)
        if self._done.lately(event):
            return already("This drill is on its way already.", "")
        done = outcome(await self._house.act(event), "target")
        self._done.add(event)
        return done

    async def watchdog(self, request: Asked[Nothing, asked.Heard]) -> answers.HeardIt:
        """A sign of life. Only a firing Watchdog counts: any other alert may come by the same way."""
        heard = _fires(request.body.root)
        if heard:
            await self._house.act(Watched())
        return answers.HeardIt(heard)


class _Recent:
    """What was done within SENT_AGAIN_WITHIN of now, of what leaves no trace in the state by which to see it again.

    In memory alone: after a restart, a request sent again is done again.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._at: OrderedDict[Hashable, datetime] = OrderedDict()

    def lately(self, wish: Hashable) -> bool:
        """Whether the same was done a moment ago."""
        at = self._at.get(wish)
        return at is not None and abs(self._house.now() - at) <= SENT_AGAIN_WITHIN

    def add(self, wish: Hashable) -> None:
        """It was done now."""
        self._at[wish] = self._house.now()
        self._at.move_to_end(wish)
        if len(self._at) > RECENT_MAX:
            self._at.popitem(last=False)


def _matchers(texts: list[str]) -> tuple[Matcher, ...]:
    try:
        return tuple(map(parse_matcher, texts))
    except ValueError as fault:
        raise invalid(str(fault)) from fault


def _fires(body: object) -> bool:
    """Whether an Alertmanager's message holds a firing Watchdog."""
    alerts = body.get("alerts") if isinstance(body, dict) else None
    return any(map(_is_watchdog, alerts)) if isinstance(alerts, list) else False


def _is_watchdog(alert: object) -> bool:
    labels = alert.get("labels") if isinstance(alert, dict) else None
    named = isinstance(labels, dict) and labels.get("alertname") == WATCHDOG
    return named and isinstance(alert, dict) and alert.get("status") == "firing"
