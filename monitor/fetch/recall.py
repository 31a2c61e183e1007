"""What was fetched before: validators for conditional requests, and the earlier body for an unchanged one.

An unchanged body comes back as the *same bytes object*, so that ``body is last_body``, or the hash that Python keeps
inside the object, tells at no cost that nothing changed.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

__all__ = ["Answer", "Recall"]

ENTRIES_MAX = 20_000
BODY_SHARE_MAX = 8  # one body takes at most an eighth of the room
IDLE_S = 900.0  # an entry that was not asked for so long gives way to a new one
SWEEP_S = 10.0  # between two searches for idle entries


@dataclass(slots=True)
class Answer:
    """A complete 200 answer. `conditions`: the request headers that ask whether it still holds."""

    headers: Mapping[str, str]
    body: bytes
    conditions: Mapping[str, str]
    used: float


class Recall:
    """Bounded memory of answers by request. `now` is the event loop's time in seconds.

    When it is full a new answer is kept only in the place of idle ones: with more sources than room, which are all
    asked in turn, evicting the least recently used would forget each just before it is asked again.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._answers: dict[Hashable, Answer] = {}
        self._swept = 0.0

    @property
    def size_bytes(self) -> int:
        """Bytes of the bodies kept."""
        return self._bytes

    def get(self, key: Hashable, now: float) -> Answer | None:
        """The earlier answer to the same request."""
        answer = self._answers.get(key)
        if answer is not None:
            answer.used = now
        return answer

    def put(self, key: Hashable, headers: Mapping[str, str], body: bytes, now: float) -> bytes:
        """Remember an answer; gives the earlier bytes object if the body is the same, else `body` itself."""
        earlier = self._answers.get(key)
        if earlier is not None:
            if earlier.body == body:
                earlier.headers, earlier.conditions, earlier.used = headers, conditions(headers), now
                return earlier.body
            self.drop(key)
        if self._make_room(len(body), now):
            self._answers[key] = Answer(headers, body, conditions(headers), now)
            self._bytes += len(body)
        return body

    def drop(self, key: Hashable) -> None:
        """Forget the answer to this request."""
        answer = self._answers.pop(key, None)
        if answer is not None:
            self._bytes -= len(answer.body)

    def _make_room(self, size: int, now: float) -> bool:
        if size > self._bytes_max // BODY_SHARE_MAX:
            return False
        if self._is_full(size) and now - self._swept > SWEEP_S:
            self._swept = now
            for key in [k for k, a in self._answers.items() if now - a.used > IDLE_S]:
                self.drop(key)
        return not self._is_full(size)

    def _is_full(self, size: int) -> bool:
        return self._bytes + size > self._bytes_max or len(self._answers) >= ENTRIES_MAX


def conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """If-None-Match and If-Modified-Since for an answer's headers (RFC 9110, 13.1); empty if it gave no validator."""
    asked = {}
    if etag := headers.get("etag"):
        asked["If-None-Match"] = etag
    if modified := headers.get("last-modified"):
        asked["If-Modified-Since"] = modified
    return asked
