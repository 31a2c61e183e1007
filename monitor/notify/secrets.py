"""No address or token in a log line: contacts are known by their ids only, and this stands behind that rule."""

import logging
import re
import threading
from collections.abc import Iterable
from urllib.parse import unquote

__all__ = ["Redactor"]

MASK = "***"
SECRET_CHARS_MIN = 5
"""Shorter pieces ("hook", "25") would mask ordinary words and hide nothing."""

_URL = re.compile(r"\b([a-z][a-z0-9+.-]{1,20})://\S+", re.IGNORECASE)
_PIECES = re.compile(r"[/?&=#@:,;+]|%20")
_HARMLESS = frozenset({"https", "method", "verify", "smtp", "starttls", "insecure", "token", "format", "localhost"})


class Redactor(logging.Filter):
    """Masks every piece of every known contact, and whatever looks like a URL at all. Safe to use from threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._secrets: tuple[str, ...] = ()

    def learn(self, contacts: Iterable[str]) -> None:
        """Add the pieces of these contacts to what is masked."""
        pieces = set(self._secrets)
        for contact in contacts:
            tail = contact.partition("://")[2]
            raw = {contact, tail, *_PIECES.split(tail)}
            pieces |= {form for piece in raw for form in (piece, unquote(piece)) if len(form) >= SECRET_CHARS_MIN}
        with self._lock:
            self._secrets = tuple(sorted(pieces - _HARMLESS, key=len, reverse=True))

    def text(self, text: str) -> str:
        """Return the text with nothing secret in it."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return _URL.sub(rf"\1://{MASK}", text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask a log record in place; its traceback, which may show anything, is reduced to the fault's name."""
        name = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        record.msg = self.text(record.getMessage()) + (f" ({name})" if name else "")
        record.args = None
        record.exc_info = None
        record.exc_text = None
        record.stack_info = None
        return True
