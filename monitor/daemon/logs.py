"""The log: one line a record, no secret in it, no line that a remote text could forge, no flood of the same.

Remote text may hold newlines and terminal escapes; both are written out. A record that repeats itself is written at
most `REPEATS_MAX` times in `REPEAT_WINDOW_S`, then counted.
"""

import logging
import sys
import time
from collections.abc import Callable

__all__ = ["set_up"]

RECORD_CHARS_MAX = 4_096
REPEATS_MAX = 5
REPEAT_WINDOW_S = 60.0
KINDS_MAX = 1_000


class _Line(logging.Formatter):
    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the text holds; a traceback follows in lines that are indented."""
        trace = record.exc_text or (self.formatException(record.exc_info) if record.exc_info else "")
        record.exc_text, record.exc_info = None, None
        line = _plain(self._redact(super().format(record)))[:RECORD_CHARS_MAX]
        for below in self._redact(trace).splitlines():
            line += "\n    " + _plain(below)[:RECORD_CHARS_MAX]
        return line


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


class _Quiet(logging.Filter):
    """Lets a record pass a few times, then holds it back for a while."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        key = (record.name, record.lineno, record.getMessage()[:200])
        now = time.monotonic()
        since, count = self._seen.get(key, (now, 0))
        if now - since > REPEAT_WINDOW_S:
            if count > REPEATS_MAX:
                record.msg, record.args = f"{record.getMessage()} (and {count - REPEATS_MAX} times more)", ()
            since, count = now, 0
        if len(self._seen) >= KINDS_MAX:
            self._seen.clear()
        self._seen[key] = (since, count + 1)
        return count < REPEATS_MAX


def set_up(redact: Callable[[str], str], level: int = logging.INFO) -> None:
    """Log to standard error through these rules; libraries only from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(redact))
    handler.addFilter(_Quiet())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("monitor").setLevel(level)
    logging.raiseExceptions = False  # a closed pipe must not bring the alert path down
