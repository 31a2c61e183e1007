"""Bodies off the wire: bounded in decompressed bytes, and complete or refused.

The decoding is ours because the client library's own stops without a word at the end of a cut gzip stream, passes
codings it does not know, and has no bound on what one chunk may grow to.
"""

import sys
import zlib
from collections.abc import Callable
from typing import Protocol

import brotli  # type: ignore[import-untyped] # it has no types

from probes.base import Reason, Unreadable

if sys.version_info >= (3, 14):  # pragma: no cover - the standard library's from there on
    from compression import zstd
else:
    from backports import zstd

__all__ = ["ACCEPT_ENCODING", "Content", "read_body"]

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
STEP_BYTES = 256 * 1024  # decompressed at a time
GZIP_MEMBERS_MAX = 64
ZSTD_WINDOW_LOG_MAX = 23  # 8 MiB: what RFC 9659 asks of senders on the web
_GZIP_MAGIC = b"\x1f\x8b"
_ZLIB_METHOD = 8


class Content(Protocol):
    """A body on its way in. Its owner bounds what it holds back, so a piece is never large."""

    async def readany(self) -> bytes:
        """What has come in, waiting for the first of it; empty at the end."""
        ...


class _Decoder(Protocol):
    """One coding. `feed` gives at most about `room` bytes; `more` says whether it holds back some of what came in."""

    more: bool
    done: bool

    def feed(self, data: bytes, room: int) -> bytes: ...


class _Zlib:
    """gzip (one member after the other) and deflate (with or without the zlib header, as servers send both)."""

    def __init__(self, *, gzip: bool) -> None:
        self.more = False
        self.done = False
        self._gzip = gzip
        self._members = 0
        self._held = b""
        self._inner = zlib.decompressobj(31) if gzip else None

    def feed(self, data: bytes, room: int) -> bytes:
        data = self._held + data
        self._held = b""
        if self._inner is None:
            if not data:
                return b""
            self._inner = zlib.decompressobj(15 if data[0] & 0x0F == _ZLIB_METHOD else -15)
        if self.done:
            if not self._gzip or data.strip(b"\0"):
                raise _not_as_declared()
            return b""
        out = self._inner.decompress(data, room)
        self._held = self._inner.unconsumed_tail or self._inner.unused_data
        if self._inner.eof:
            self._next_member()
        # zlib may hold back output although it has taken all input, so a full answer means: ask again
        self.more = not self.done and (bool(self._held) or len(out) >= room)
        return out

    def _next_member(self) -> None:
        self._members += 1
        if self._members > GZIP_MEMBERS_MAX:
            raise Unreadable(f"the answer is compressed in more than {GZIP_MEMBERS_MAX} pieces", Reason.LIMIT)
        if self._gzip and self._held.startswith(_GZIP_MAGIC):
            self._inner = zlib.decompressobj(31)
            return
        if self._held.strip(b"\0"):
            raise _not_as_declared()
        self._held = b""
        self.done = True


class _Brotli:
    def __init__(self) -> None:
        self.more = False
        self.done = False
        self._inner = brotli.Decompressor()

    def feed(self, data: bytes, room: int) -> bytes:
        if self.done:
            if data:
                raise _not_as_declared()
            return b""
        out: bytes = self._inner.process(data, output_buffer_limit=room)
        self.done = self._inner.is_finished()
        self.more = not self.done and not self._inner.can_accept_more_data()
        return out


class _Zstd:
    def __init__(self) -> None:
        self.more = False
        self.done = False
        self._inner = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG_MAX})

    def feed(self, data: bytes, room: int) -> bytes:
        if self.done:
            if data:
                raise _not_as_declared()
            return b""
        out = self._inner.decompress(data, room)
        self.done = self._inner.eof
        if self.done and self._inner.unused_data:
            raise _not_as_declared()
        self.more = not self.done and not self._inner.needs_input
        return out


_FAULTS = (zlib.error, brotli.error, zstd.ZstdError, EOFError)


def _not_as_declared() -> Unreadable:
    return Unreadable("the answer is not compressed in the way that it says", Reason.FORMAT)


def _decoder(coding: str) -> _Decoder | None:
    """The decoder for a Content-Encoding; raises Unreadable for one we do not know and for several."""
    name = coding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip"):
        return _Zlib(gzip=True)
    if name == "deflate":
        return _Zlib(gzip=False)
    if name == "br":
        return _Brotli()
    if name == "zstd":
        return _Zstd()
    if "," in name:
        raise Unreadable("the answer is compressed more than once", Reason.FORMAT)
    raise Unreadable("the answer is compressed in a way that we do not read", Reason.FORMAT)


def _too_large(limit: int) -> Unreadable:
    return Unreadable(f"the answer is larger than {limit} bytes", Reason.LIMIT)


async def read_body(content: Content, coding: str, limit: int, heard: Callable[[], None]) -> bytes:
    """The whole decompressed body, at most `limit` bytes of it and of its compressed form.

    `heard` is called for each piece that comes in. Raises Unreadable: LIMIT when there is more, FORMAT when it is cut,
    damaged or coded in a way that we do not read.
    """
    decoder = _decoder(coding)
    parts: list[bytes] = []
    size = wire = 0
    while chunk := await content.readany():
        heard()
        wire += len(chunk)
        if wire > limit:
            raise _too_large(limit)
        if decoder is None:
            parts.append(chunk)
            continue
        data = chunk
        while True:
            try:
                out = decoder.feed(data, min(STEP_BYTES, limit + 1 - size))
            except _FAULTS:
                raise _not_as_declared() from None
            size += len(out)
            if size > limit:
                raise _too_large(limit)
            if out:
                parts.append(out)
            if not decoder.more:
                break
            data = b""
    if decoder is not None and wire and not decoder.done:
        raise Unreadable("the answer was cut off: its compressed form has no end", Reason.FORMAT)
    return parts[0] if len(parts) == 1 else b"".join(parts)
