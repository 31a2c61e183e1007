"""A message becomes what one service shows: plain text, chat text, HTML for Telegram, a page for mail, one line for
SMS.

Pure: words and marks in, text out. All words of a message are treated as text from outside, for they quote it.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitor.core.model import Link, Message
from monitor.core.saying import mark
from monitor.core.wording import Speech
from monitor.notify.model import Envelope
from monitor.notify.neutral import clean, cut, for_chat, for_sms, one_line, safe_url
from monitor.notify.services import Dialect, Manner, dialect_of, manner_of, text_chars_max
from monitor.notify.steps import Stage, stage_of

__all__ = ["Rendered", "for_mail", "for_service"]

TITLE_CHARS_MAX = 80
HEADING_CHARS_MAX = 80
PARAGRAPH_CHARS_MAX = 8_000
PARAGRAPHS_MAX = 20
LINKS_MAX = 3
LABEL_CHARS_MAX = 60
PREVIEW_CHARS_MAX = 110
WORDS_CHARS_MIN = 24
SMS_TITLE_CHARS_MIN = 40
STOPS = (".", "…", "!", "?", ":")
ONLY_PARAGRAPHS = frozenset({"workflow", "workflows", "webex", "wxteams"})
"""Their Markdown joins single lines; only an empty line between them is kept."""

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What goes into a service's fields. `title` may be empty: it then stands in `text`. `html`: for mail only."""

    title: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class _Tidy:
    """A message within its limits, cleaned of what cannot be seen.

    `act`: the reader's signed link, if there is one. `colon`: what stands between a link's label and its target.
    """

    symbol: str
    title: str
    paragraphs: tuple[tuple[str, str], ...]
    act: Link | None
    links: tuple[Link, ...]
    colon: str

    @property
    def headline(self) -> str:
        return f"{self.symbol} {self.title}".strip()


def _tidy(envelope: Envelope) -> _Tidy:
    message: Message = envelope.message
    say = Speech(message.language).say
    paragraphs = [
        (cut(one_line(heading), HEADING_CHARS_MAX), cut(clean(text).strip(), PARAGRAPH_CHARS_MAX))
        for heading, text in message.paragraphs[:PARAGRAPHS_MAX]
    ]
    if envelope.repeat:
        paragraphs.insert(0, ("", say("This may be a repeat: the first try got no answer.")))
    links = [
        Link(cut(one_line(link.label), LABEL_CHARS_MAX) or say("Link"), url)
        for link in message.links
        if (url := safe_url(link.url)) is not None
    ]
    url = safe_url(envelope.act_url)
    act = Link(cut(one_line(message.act), LABEL_CHARS_MAX) or say("See more"), url) if url else None
    return _Tidy(
        symbol=cut(one_line(message.symbol), 4),
        title=cut(one_line(message.title), TITLE_CHARS_MAX) or say("(no title)"),
        paragraphs=tuple((heading, text) for heading, text in paragraphs if heading or text),
        act=act,
        links=tuple(links[: LINKS_MAX - (1 if act else 0)]),
        colon=say("{label}: {url}", label="", url=""),
    )


@dataclass(frozen=True, slots=True)
class _Speech:
    """How a service wants words: `say` makes them inert, `strong` marks a heading, `turn` ends a line."""

    say: Callable[[str], str] = str
    strong: Callable[[str], str] = str
    turn: str = "\n"

    def words(self, text: str) -> str:
        """Return inert words whose lines the service will show as lines."""
        said = self.say(text)
        return said if self.turn == "\n" else re.sub(r"(?<!\n)\n(?!\n)", self.turn, said)


def _escaped(text: str) -> str:
    # Telegram calls @name in HTML too: mentions are made inert as in any chat.
    return html.escape(for_chat(text), quote=False)


def _speech(scheme: str) -> _Speech:
    if scheme in ONLY_PARAGRAPHS:
        return _Speech(for_chat, turn="\n\n")
    match dialect_of(scheme):
        case Dialect.CHAT:
            return _Speech(for_chat)
        case Dialect.HTML:
            return _Speech(_escaped, lambda heading: f"<b>{heading}</b>")
        case _:
            return _Speech()


def _cut_words(text: str, chars: int, speech: _Speech) -> str:
    """Cut the text so that what is said of it has at most `chars` characters: escapes make it longer."""
    kept = chars
    while kept > 0:
        said = speech.words(cut(text, kept))
        if len(said) <= chars:
            return said
        kept -= max(len(said) - chars, 1)
    return ""


def _paragraphs(tidy: _Tidy, chars: int, speech: _Speech) -> str:
    """Paragraphs under their headings, as many as fit; the last is cut at a word."""
    blocks: list[str] = []
    left = chars
    for heading, text in tidy.paragraphs:
        head = speech.strong(speech.words(heading)) if heading else ""
        head += speech.turn if head and text else ""
        left -= len(head) + (2 if blocks else 0)
        if left < min(len(text), WORDS_CHARS_MIN):
            break
        said = _cut_words(text, left, speech)
        blocks.append(head + said)
        left -= len(said)
    return "\n\n".join(blocks)


def _body(tidy: _Tidy, chars: int, speech: _Speech) -> str:
    """Return the reader's own link, the words, then the other links with their targets; the words give way to links."""
    act = _linked(tidy.act, tidy.colon, speech) if tidy.act else ""
    links = speech.turn.join(_linked(link, tidy.colon, speech) for link in tidy.links)
    if act and len(act) + WORDS_CHARS_MIN > chars:
        act = ""  # half a link is none
    room = chars - sum(len(part) + 2 for part in (act, links) if part)
    if links and room < chars // 3:
        links, room = "", chars - (len(act) + 2 if act else 0)  # links that leave no room for words are of no use
    return "\n\n".join(part for part in (act, _paragraphs(tidy, room, speech), links) if part)


def _linked(link: Link, colon: str, speech: _Speech) -> str:
    return speech.words(link.label) + colon + _target(link.url, speech)


def _target(url: str, speech: _Speech) -> str:
    """Return a URL that stays one: the signs that a chat would read are written as RFC 3986 allows."""
    if speech.say is str:
        return url
    inert = url.replace("@", "%40").replace("*", "%2A").replace("|", "%7C")
    return html.escape(inert, quote=False) if speech.say is _escaped else inert


def _sms(tidy: _Tidy, chars: int) -> str:
    """One line: what it is, and where to act, else words. No symbol: it would halve the room.

    The title gives way to the link, down to some words of it; a list whose link is too long still leads to the board.
    """
    title = for_sms(tidy.title, chars)
    board = tidy.links if len(tidy.links) == 1 else ()
    for link in (tidy.act, *board) if tidy.act else ():
        room = chars - 1 - len(link.url)
        if room >= min(len(title), SMS_TITLE_CHARS_MIN):
            return f"{for_sms(tidy.title, room)} {link.url}"
    words = " ".join(text if text.endswith(STOPS) else f"{text}." for _, text in tidy.paragraphs if text)
    return for_sms(f"{title}. {words}" if words else title, chars)


def for_service(envelope: Envelope, scheme: str, *, chars_max: int | None = None, titled: bool = True) -> Rendered:
    """Render for a scheme. `chars_max`: the service's own limit if lower; `titled`: it has a field for the title."""
    tidy = _tidy(envelope)
    chars = min(text_chars_max(scheme), chars_max or text_chars_max(scheme))
    manner, dialect = manner_of(scheme), dialect_of(scheme)
    if manner is Manner.SMS:
        return Rendered("", _sms(tidy, chars))
    if dialect is Dialect.MAIL:
        return for_mail(envelope)
    # A program reads a webhook: words as they are, without what nobody can see.
    speech = _Speech() if manner is Manner.WEBHOOK else _speech(scheme)
    headline = speech.words(tidy.headline)
    text = _body(tidy, max(chars - len(speech.strong(headline)) - 2, 0), speech)
    if titled and text and dialect is not Dialect.HTML:
        return Rendered(headline, text)
    return Rendered("", "\n\n".join(part for part in (speech.strong(headline), text) if part))


_RED, _AMBER, _GREEN, _BLUE = (
    ("#991b1b", "#fee2e2"),
    ("#92400e", "#fef3c7"),
    ("#166534", "#dcfce7"),
    ("#1e40af", "#dbeafe"),
)
"""A strong colour and a soft one."""

_LOOKS = {
    "resolved": (_GREEN, mark("Resolved")),
    "acknowledged": (_BLUE, mark("In hand")),
    "handoff": (_BLUE, mark("On call")),
    "duty": (_BLUE, mark("On call")),
    "report": (_BLUE, mark("Worth knowing")),
    "digest": (_BLUE, mark("Digest")),
    "drill": (_BLUE, mark("Drill")),
    "test": (_BLUE, mark("Test")),
    "down": (_AMBER, mark("About Vigie itself")),
}
"""Look of a mail by what it says. The word stands there too, never colour alone."""


def _look(envelope: Envelope) -> tuple[tuple[str, str], str]:
    if envelope.step in _LOOKS:
        return _LOOKS[envelope.step]
    return (_RED, mark("Needs attention now")) if envelope.critical else (_AMBER, mark("Worth knowing"))


def for_mail(envelope: Envelope) -> Rendered:
    """Render a mail: subject, a plain part that keeps its lines, and an HTML page that needs nothing from outside."""
    tidy = _tidy(envelope)
    speech = Speech(envelope.message.language)
    plain = f"{tidy.headline}\n\n{_body(tidy, text_chars_max('mailto'), _Speech())}\n\n-- \nVigie\n"
    (strong, soft), word = _look(envelope)
    texts = [text for _, text in tidy.paragraphs if text]
    page = _TEMPLATES.get_template("mail.html.jinja").render(
        language=speech.language,
        tidy=tidy,
        preview=cut(one_line(texts[0]), PREVIEW_CHARS_MAX) if texts else "",
        paragraphs=[(heading, text.split("\n")) for heading, text in tidy.paragraphs],
        strong=strong,
        soft=soft,
        word=speech.say(word),
        act_host=urlsplit(tidy.act.url).netloc if tidy.act else "",
        sent_by=speech.say("Sent by Vigie, the lookout for your marketing channels"),
        incident=speech.say("incident {id}", id=envelope.incident) if _about_one(envelope) else "",
    )
    return Rendered(tidy.headline, plain, page)


def _about_one(envelope: Envelope) -> bool:
    """Whether it is about one incident that has a number, rather than many or none."""
    return stage_of(envelope.step) is not Stage.NOTE and re.fullmatch(r"[\w-]+", envelope.incident) is not None
