"""Every message in every form, and the files that hold what it should be."""

from collections.abc import Iterator
from pathlib import Path

from monitor.core.wording import languages
from monitor.notify.render import for_mail, for_service
from tests.golden.night import EVENTS, envelope_of

__all__ = ["HERE", "forms", "golden"]

HERE = Path(__file__).parent
SERVICES = {"chat": ("slack", True), "sms": ("twilio", False), "pager": ("pagerduty", False)}
"""Form -> a service that stands for it, and whether that has a field for the title."""


def forms(event: str, language: str) -> Iterator[tuple[str, str]]:
    """Each form of a message: the end of its file's name, and its text."""
    envelope = envelope_of(event, language)
    mail = for_mail(envelope)
    yield "mail.html", mail.html + "\n"
    yield "mail.txt", f"Subject: {mail.title}\n\n{mail.text}"
    for form, (scheme, titled) in SERVICES.items():
        words = for_service(envelope, scheme, titled=titled)
        yield f"{form}.txt", "\n\n".join(part for part in (words.title, words.text) if part) + "\n"


def golden() -> dict[str, str]:
    """Every file by its path below this folder."""
    return {
        f"{language}/{event}.{form}": text
        for language in languages()
        for event in EVENTS
        for form, text in forms(event, language)
    }
