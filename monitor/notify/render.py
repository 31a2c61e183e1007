"""A message becomes what one service shows: plain text, chat text, HTML for Telegram, a page for mail, one line for
SMS.

Pure: words and marks in, text out. All words of a message are treated as text from outside, for they quote it.
"""

import html
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitor.core.model import Link, Message
from monitor.notify.model import Envelope
from monitor.notify.neutral import clean, cut, for_chat, one_line, safe_url
from monitor.notify.services import Dialect, Manner, dialect_of, manner_of, text_chars_max

__all__ = ["Rendered", "for_mail", "for_service"]

TITLE_CHARS_MAX = 80
HEADING_CHARS_MAX = 80
PARAGRAPH_CHARS_MAX = 8_000
PARAGRAPHS_MAX = 20
LINKS_MAX = 3
LABEL_CHARS_MAX = 60
PREVIEW_CHARS_MAX = 110
REPEAT = "This may be a repeat: the first try got no answer."
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
    """A message within its limits, cleaned of what cannot be seen."""

    symbol: str
    title: str
    paragraphs: tuple[tuple[str, str], ...]
    links: tuple[Link, ...]

    @property
    def headline(self) -> str:
        return f"{self.symbol} {self.title}".strip()


def _tidy(envelope: Envelope) -> _Tidy:
    message: Message = envelope.message
    paragraphs = [
        (cut(one_line(heading), HEADING_CHARS_MAX), cut(clean(text).strip(), PARAGRAPH_CHARS_MAX))
        for heading, text in message.paragraphs[:PARAGRAPHS_MAX]
    ]
    if envelope.repeat:
        paragraphs.insert(0, ("", REPEAT))
    links = [
        Link(cut(one_line(link.label), LABEL_CHARS_MAX) or "Link", url)
        for link in message.links
        if (url := safe_url(link.url)) is not None
    ]
    return _Tidy(
        symbol=cut(one_line(message.symbol), 4),
        title=cut(one_line(message.title), TITLE_CHARS_MAX) or "(no title)",
        paragraphs=tuple((heading, text) for heading, text in paragraphs if heading or text),
        links=tuple(links[:LINKS_MAX]),
    )


def _plain(tidy: _Tidy, chars: int) -> str:
    """Paragraphs under their headings, then the links with their targets; the words give way to the links."""
    blocks = ["\n".join(part for part in paragraph if part) for paragraph in tidy.paragraphs]
    links = "\n".join(f"{link.label}: {link.url}" for link in tidy.links)
    words = "\n\n".join(blocks)
    room = chars - len(links) - 2 if links else chars
    if links and room < chars // 3:
        links, room = "", chars  # links that leave no room for words are of no use
    return "\n\n".join(part for part in (cut(words, max(room, 0)), links) if part)


def _sms(tidy: _Tidy, chars: int) -> str:
    """One line with the most important words; no symbol, which would halve what fits into a short message."""
    words = " ".join(text for _, text in tidy.paragraphs)
    return cut(" ".join(f"{tidy.title}. {words}".split()), chars)


def _for_dialect(tidy: _Tidy, dialect: Dialect, chars: int) -> tuple[str, str]:
    """Return headline and text in the dialect, together within `chars` (HTML: as escaped)."""
    neutral = for_chat if dialect is Dialect.CHAT else str
    headline = neutral(tidy.headline)
    plain = neutral(_plain(tidy, max(chars - len(headline) - 2, 0)))
    if dialect is not Dialect.HTML:
        # Neutral look-alikes may be a little longer than what they replace.
        return headline, cut(plain, max(chars - len(headline) - 2, 0))
    room = chars
    while True:
        # Telegram calls @name in HTML too: mentions are made inert as in any chat.
        escaped = html.escape(for_chat(_plain(tidy, room)), quote=False)
        head = f"<b>{html.escape(for_chat(tidy.headline), quote=False)}</b>"
        over = len(escaped) + len(head) + 2 - chars
        if over <= 0 or room <= 0:
            return head, escaped
        room -= max(over, 16)


def for_service(envelope: Envelope, scheme: str, *, chars_max: int | None = None, titled: bool = True) -> Rendered:
    """Render for a scheme. `chars_max`: the service's own limit if lower; `titled`: it has a field for the title."""
    tidy = _tidy(envelope)
    chars = min(text_chars_max(scheme), chars_max or text_chars_max(scheme))
    manner, dialect = manner_of(scheme), dialect_of(scheme)
    if manner is Manner.SMS:
        return Rendered("", _sms(tidy, chars))
    if dialect is Dialect.MAIL:
        return for_mail(envelope)
    if manner is Manner.WEBHOOK:
        # A program reads it: words as they are, without what nobody can see.
        return Rendered(tidy.headline, _plain(tidy, chars))
    headline, text = _for_dialect(tidy, dialect, chars)
    if titled and text and dialect is not Dialect.HTML:
        return Rendered(headline, text)
    return Rendered("", "\n\n".join(part for part in (headline, text) if part))


_LOOKS = {
    "resolved": ("#166534", "#dcfce7", "Resolved"),
    "test": ("#1e40af", "#dbeafe", "Test"),
    "critical": ("#991b1b", "#fee2e2", "Needs attention now"),
    "warning": ("#92400e", "#fef3c7", "Worth knowing"),
}
"""Look of a mail by what it says: strong colour, soft colour, word. The word stands there too, never colour alone."""


def for_mail(envelope: Envelope) -> Rendered:
    """Render a mail: subject, a plain part that keeps its lines, and an HTML page that needs nothing from outside."""
    tidy = _tidy(envelope)
    plain = f"{tidy.headline}\n\n{_plain(tidy, text_chars_max('mailto'))}\n\n-- \nVigie\n"
    kind = envelope.step if envelope.step in _LOOKS else ("critical" if envelope.critical else "warning")
    strong, soft, word = _LOOKS[kind]
    texts = [text for _, text in tidy.paragraphs if text]
    page = _TEMPLATES.get_template("mail.html.jinja").render(
        tidy=tidy,
        preview=cut(one_line(texts[0]), PREVIEW_CHARS_MAX) if texts else "",
        paragraphs=[(heading, text.split("\n")) for heading, text in tidy.paragraphs],
        strong=strong,
        soft=soft,
        word=word,
        incident=envelope.incident,
    )
    return Rendered(tidy.headline, plain, page)
