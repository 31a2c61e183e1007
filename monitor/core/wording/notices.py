"""Messages that are about no incident: shifts, reminders, work of vendors, reports, drills, our own absence."""

from collections.abc import Sequence
from datetime import datetime

from monitor.core.duty import Launch, Recipient
from monitor.core.model import ChannelRule, Link, Message, Rules
from monitor.core.saying import Saying, duration
from monitor.core.wording.names import SYMBOLS, board_link
from monitor.core.wording.speech import Speech
from probes.base import Availability, clip

__all__ = ["announced", "down", "drill", "duty", "handoff", "report", "trial"]

TEXT_CHARS_MAX = 1_500
LINES_MAX = 10
ON_CALL, DRILL, NEWS, OURS = "☎", "✉", "⚠", "◎"


def _speech(recipient: Recipient, now: datetime) -> Speech:
    return Speech(recipient.language, recipient.timezone, now)


def _message(
    speech: Speech,
    symbol: str,
    title: str,
    paragraphs: Sequence[tuple[str, str]],
    links: Sequence[tuple[str, str]] = (),
    act: str = "",
) -> Message:
    return Message(
        title=title,
        symbol=symbol,
        paragraphs=tuple((heading, clip(text, TEXT_CHARS_MAX)) for heading, text in paragraphs if text),
        links=tuple(Link(label, url) for label, url in links if url),
        language=speech.language,
        act=act,
    )


def _board(speech: Speech, rules: Rules, path: str = "") -> tuple[str, str]:
    return speech.say("Vigie's board"), board_link(rules, path)


def _lines(speech: Speech, lines: Sequence[str]) -> str:
    """At most ten lines; the rest is counted."""
    more = len(lines) - LINES_MAX
    shown = list(lines[:LINES_MAX])
    return "\n".join([*shown, speech.say("… and {n} more", "… and {n} more", n=more)] if more > 0 else shown)


# --- who is on call --------------------------------------------------------------------------------------------------


def handoff(
    schedule_name: str,
    recipient: Recipient,
    start: datetime,
    end: datetime | None,
    open_titles: Sequence[str],
    rules: Rules,
    now: datetime,
) -> Message:
    """Your shift begins. It also shows that you can be reached. `end`: None when nothing follows.

    `open_titles`: of the incidents that are yours from now on, in the recipient's language.
    """
    speech = _speech(recipient, now)
    return _on_call(schedule_name, (start, end), open_titles, rules, speech)


def duty(schedule_name: str, recipient: Recipient, end: datetime | None, rules: Rules, now: datetime) -> Message:
    """You are on call: the daily reminder. `end`: of the shift; None when nothing follows."""
    return _on_call(schedule_name, (None, end), (), rules, _speech(recipient, now))


def _on_call(
    schedule: str,
    shift: tuple[datetime | None, datetime | None],
    open_titles: Sequence[str],
    rules: Rules,
    speech: Speech,
) -> Message:
    start, end = shift
    say = speech.say

    fresh = start is not None

    def title(name: str) -> str:
        until = speech.until(end) if end else ""
        if fresh and until:
            return say("You are now on call {until} ({schedule})", schedule=name, until=until)
        if fresh:
            return say("You are now on call ({schedule})", schedule=name)
        if until:
            return say("Reminder: you are on call {until} ({schedule})", schedule=name, until=until)
        return say("Reminder: you are on call ({schedule})", schedule=name)

    todo = say("Nothing for now. When a channel fails, you are called.")
    if open_titles:
        todo = say("Look at what is open, and acknowledge what you take.")
    if fresh:
        todo += "\n" + say("That you read this shows that we reach you here.")
    opened = _lines(speech, open_titles) if open_titles else say("Nothing is open.")
    return _message(
        speech,
        ON_CALL,
        speech.fit(title, schedule),
        [
            (say("Your shift"), _shift(schedule, start, end, speech)),
            (say("Open now"), opened if fresh else ""),
            (say("What to do now"), todo),
        ],
        [_board(speech, rules)],
        act=say("Acknowledge, or see more") if open_titles else "",
    )


def _shift(schedule: str, start: datetime | None, end: datetime | None, speech: Speech) -> str:
    if end is not None:
        when = speech.until(end) if start is None else speech.span(start, end)
    elif start is not None:
        when = speech.since(start)
    else:
        return speech.say("{schedule}: no end is planned.", schedule=schedule)
    return speech.say("{schedule}: {when} ({zone}).", schedule=schedule, when=when, zone=speech.zone)


# --- news of vendors -------------------------------------------------------------------------------------------------


def announced(  # noqa: PLR0913, PLR0917 - the facts of the work
    launch: Launch,
    channel: ChannelRule,
    work_text: str,
    start: datetime,
    end: datetime | None,
    recipient: Recipient,
    rules: Rules,
    now: datetime,
) -> Message:
    """A vendor announces work inside a launch. `work_text`: the vendor's own; `end`: None when it is not said."""
    speech = _speech(recipient, now)
    say = speech.say
    span = speech.span(start, end) if end else speech.since(start)
    begin = speech.at(start)
    title = speech.fit(
        lambda name, what: say("{name}: work during {launch}, {at}", name=name, launch=what, at=begin),
        channel.name,
        launch.name,
    )
    during = speech.span(launch.start, launch.end)
    return _message(
        speech,
        SYMBOLS[Availability.MAINTENANCE],
        title,
        [
            (
                say("What happens"),
                say("{name} announces work {span} ({zone}):", name=channel.name, span=span, zone=speech.zone)
                + "\n" + speech.sentence(speech.quote(work_text)),
            ),
            (
                say("What it means for you"),
                say("It falls within {launch} ({during}). {name} may be slow or away then.",
                    launch=launch.name, during=during, name=channel.name),
            ),
            (say("What to do now"), say("Move what is scheduled there, or have another channel ready.")),
        ],
        [(say("The vendor's page"), channel.status_url), _board(speech, rules, f"channels/{channel.id}")],
    )  # fmt: skip


def report(channel: ChannelRule, text: str, url: str, recipient: Recipient, rules: Rules, now: datetime) -> Message:
    """News of low severity, for the digest. `text`: the source's own; `url`: where it stands, or empty."""
    speech = _speech(recipient, now)
    say = speech.say
    title = speech.fit(lambda name, news: say("{name}: {title}", name=name, title=news), channel.name, text)
    return _message(
        speech,
        NEWS,
        title,
        [
            (say("What happened"), speech.sentence(speech.quote(text))),
            (say("What to do now"), say("Nothing at once: worth knowing when you plan.")),
        ],
        [(say("Where it stands"), url), _board(speech, rules, f"channels/{channel.id}")],
    )


# --- ourselves -------------------------------------------------------------------------------------------------------


def drill(target_name: str, by: str, recipient: Recipient, rules: Rules, now: datetime) -> Message:
    """A way to people is tried. `target_name`: of the receiver or the policy; `by`: who asked for it."""
    speech = _speech(recipient, now)
    say = speech.say
    title = speech.fit(lambda name: say("Drill: this is only a test of {name}", name=name), target_name)
    asked = say(
        "{who} asked Vigie {at} ({zone}) to try every way to {name}. No channel is in trouble because of it.",
        who=by, at=speech.at(now), zone=speech.zone, name=target_name,
    )  # fmt: skip
    return _message(
        speech,
        DRILL,
        title,
        [
            (say("What this is"), asked),
            (say("What to do now"), say("Nothing, but tell {who} if you were not meant to get this.", who=by)),
        ],
        [_board(speech, rules)],
    )


def trial(team: str, recipient: Recipient, rules: Rules, now: datetime) -> Message:
    """A test message on request, to see that one contact works."""
    speech = _speech(recipient, now)
    say = speech.say
    asked = say(
        "{team} asked Vigie for a test {at} ({zone}). No channel is in trouble because of it.",
        team=team, at=speech.at(now), zone=speech.zone,
    )  # fmt: skip
    expected = say("Nothing. If you did not expect this message, tell whoever looks after Vigie in your team.")
    return _message(
        speech,
        DRILL,
        say("Test message from Vigie: this contact works"),
        [(say("What this is"), asked), (say("What to do now"), expected)],
        [_board(speech, rules)],
    )


def down(
    start: datetime, end: datetime, missed: Sequence[str], recipient: Recipient, rules: Rules, now: datetime
) -> Message:
    """We were not looking from `start` to `end`. `missed`: what happened meanwhile, as lines; ours are translated."""
    speech = _speech(recipient, now)
    say = speech.say
    span = speech.span(start, end)
    lines = [speech.said(line) if isinstance(line, Saying) else line for line in missed]
    lasted = say("Vigie was not running for {lasted}, {span} ({zone}).",
                 lasted=duration(end - start), span=span, zone=speech.zone)  # fmt: skip
    nothing = say("Nothing that still shows. Trouble that began and ended meanwhile was not seen.")
    return _message(
        speech,
        OURS,
        speech.fit(lambda: say("Vigie was down {span}", span=span)),
        [
            (say("What happened"), lasted),
            (say("What was missed"), _lines(speech, lines) if lines else nothing),
            (say("What it means for you"), say("Vigie looks again. You hear as usual of what is in trouble now.")),
            (say("What to do now"), say("Ask IT why Vigie was down.")),
        ],
        [_board(speech, rules)],
    )
