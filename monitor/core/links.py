"""Signed links: whoever holds one may act on the incidents it names, as the recipient it names, until it ends.

A token is base64url without padding over ``version, end, recipient, incidents, seal``. The seal is HMAC-SHA256 over all
that stands before it, cut to 128 bits, which RFC 2104 allows and which keeps one incident's token near 40 characters:
it has to fit an SMS. The key never leaves the caller.
"""

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

__all__ = ["INCIDENTS_MAX", "KEY_BYTES_MIN", "LASTS", "TOKEN_CHARS_MAX", "BadLink", "Claim", "Flaw", "read", "sign"]

INCIDENTS_MAX = 50
NAME_BYTES_MAX = 255  # of a recipient's or an incident's id: its length is one byte
TOKEN_CHARS_MAX = 4_000  # 50 incidents with ids of 50 characters
KEY_BYTES_MIN = 16
LASTS = timedelta(hours=24)
"""How long a link is good for, unless the caller wants otherwise."""

_VERSION = 1
_HEAD = struct.Struct(">BI")  # version, end in whole seconds of Unix time: good until 2106
_SEAL_BYTES = 16
_PURPOSE = b"vigie link\0"  # so that no other seal made with the same key is a link
_TEXT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class Flaw(StrEnum):
    """What is wrong with a link."""

    BROKEN = "broken"  # not even shaped like one
    FORGED = "forged"  # changed, cut off, or not ours: the seal cannot tell these apart
    FOREIGN = "foreign"  # ours, from a version that we do not read
    EXPIRED = "expired"


_SENTENCES = {
    Flaw.BROKEN: "This link is not complete. Copy all of it from the message, or open the message again.",
    Flaw.FORGED: "This link is not one of ours, or not all of it was copied. Open it from the message again.",
    Flaw.FOREIGN: "This link was made by another version of Vigie. Use the board instead.",
    Flaw.EXPIRED: "This link has expired. Use the board instead, or the link in a newer message.",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link says: this recipient may act on these incidents until then (a moment, in whole seconds)."""

    recipient: str
    incidents: tuple[str, ...]
    until: datetime


class BadLink(ValueError):  # noqa: N818 - what it is
    """A link that gives no right. `claim`: what it said, where it is ours and has merely expired."""

    def __init__(self, flaw: Flaw, claim: Claim | None = None) -> None:
        super().__init__(_SENTENCES[flaw])
        self.flaw = flaw
        self.claim = claim


def sign(key: bytes, recipient: str, incidents: Sequence[str], until: datetime) -> str:
    """The token of a link. `until`: a moment; parts of a second are dropped.

    Raises ValueError for a key of fewer than KEY_BYTES_MIN bytes, no incident or more than INCIDENTS_MAX, an id that is
    empty or too long, and an end that cannot be written.
    """
    if not 1 <= len(incidents) <= INCIDENTS_MAX:
        raise ValueError(f"a link is about 1 to {INCIDENTS_MAX} incidents, not {len(incidents)}")
    seconds = int(until.timestamp())
    if not 0 <= seconds < 2**32:
        raise ValueError(f"a link cannot end at {until.isoformat()}")
    body = _HEAD.pack(_VERSION, seconds) + b"".join(map(_packed, (recipient, *incidents)))
    token = _encoded(body + _seal(key, body))
    if len(token) > TOKEN_CHARS_MAX:
        raise ValueError(f"a link has at most {TOKEN_CHARS_MAX} characters; these ids make {len(token)}")
    return token


def read(key: bytes, token: str, now: datetime) -> Claim:
    """What a link says; raises BadLink, whose text is a sentence for people. It ends at `until` itself."""
    if len(token) > TOKEN_CHARS_MAX or not _TEXT.fullmatch(token) or len(token) % 4 == 1:
        raise BadLink(Flaw.BROKEN)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    # The last character carries bits that decoding ignores: without this, four tokens would read as one.
    if _encoded(raw) != token or len(raw) <= _HEAD.size + _SEAL_BYTES:
        raise BadLink(Flaw.BROKEN)
    body, seal = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(key, body)):
        raise BadLink(Flaw.FORGED)
    version, seconds = _HEAD.unpack_from(body)
    if version != _VERSION:
        raise BadLink(Flaw.FOREIGN)
    recipient, *incidents = _unpacked(body[_HEAD.size :])
    claim = Claim(recipient, tuple(incidents), datetime.fromtimestamp(seconds, UTC))
    if now >= claim.until:
        raise BadLink(Flaw.EXPIRED, claim)
    return claim


def _seal(key: bytes, body: bytes) -> bytes:
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(f"the key of links has {len(key)} bytes, fewer than {KEY_BYTES_MIN}")
    return hmac.digest(key, _PURPOSE + body, hashlib.sha256)[:_SEAL_BYTES]


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _packed(name: str) -> bytes:
    raw = name.encode()
    if not 1 <= len(raw) <= NAME_BYTES_MAX:
        raise ValueError(f"an id of {len(raw)} bytes cannot stand in a link: it has 1 to {NAME_BYTES_MAX}")
    return bytes([len(raw)]) + raw


def _unpacked(raw: bytes) -> Iterable[str]:
    """The names in a body whose seal was right, so that its shape is ours."""
    at = 0
    while at < len(raw):
        end = at + 1 + raw[at]
        yield raw[at + 1 : end].decode()
        at = end
