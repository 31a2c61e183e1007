"""From bytes to text for mark-up: which character set it is, said openly, or Unreadable. Never a guess from letters.

Order: byte order mark; the zero bytes of UTF-16 and UTF-32; then, each tried strictly, the charset of the HTTP header
(RFC 7303), the one the document declares, UTF-8. A document that declares nothing and is not UTF-8 is read as
windows-1252, as browsers do. One that declares UTF-8 may have a few bad bytes (a quotation mark pasted from elsewhere).
"""

import codecs
import re
import zlib

from probes.base import Reason, Unreadable, clip

__all__ = ["TEXT_BYTES_MAX", "decode", "unpacked"]

TEXT_BYTES_MAX = 8 * 1024 * 1024
BAD_SHARE_MAX = 0.01
HEAD_BYTES = 1_024

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ZEROES = ((b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
# What the web uses. Python's other codecs are no character sets (rot13, zlib), or can hide mark-up (utf-7, EBCDIC,
# idna, unicode_escape): a body in one of those is refused by its name.
_KNOWN = re.compile(
    r"utf-?8(-sig)?|utf-?(16|32)(-?[bl]e)?|us-?ascii|ascii|latin-?1|iso-?8859-\d{1,2}|windows-?125\d|cp125\d|koi8-[rut]"
    r"|big5(-?hkscs)?|gb2312|gbk|gb18030|euc-(jp|kr)|shift-jis|shift-?jisx?0?2?1?3?|sjis|tis-620|windows-874|cp874"
    r"|cp866|ibm866|mac-?roman|macintosh|ks-c-5601-1987|iso-2022-jp"
)
# Declared names that stand for a wider set in practice (WHATWG Encoding Standard).
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "latin-1": "cp1252", "iso-8859-1": "cp1252", "us-ascii": "cp1252"}
_HEADER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(
    rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})|<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_-]{1,40})",
    re.IGNORECASE,
)


def unpacked(body: bytes) -> bytes:
    """`body`, unpacked when it is raw gzip (some servers send a packed file and do not say so); raises Unreadable."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(body, TEXT_BYTES_MAX)
    except zlib.error as error:
        raise Unreadable("the body is gzip, and damaged") from error
    if unpacker.unconsumed_tail:
        raise Unreadable(f"the body unpacks to more than {TEXT_BYTES_MAX} bytes", Reason.LIMIT)
    if not unpacker.eof:
        raise Unreadable("the body is gzip, and cut off")
    return text


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a document; raises Unreadable for a character set that we do not read, or that it is not."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _strictly(body[len(mark) :], name)
    head = body.lstrip(b" \t\r\n")
    for start, name in _ZEROES:
        if head.startswith(start):
            return _strictly(body, name)
    said = _said(body, content_type)
    for name in [*said, "utf-8"]:
        try:
            return body.decode(name)
        except UnicodeDecodeError:
            continue
    return body.decode("cp1252", "replace") if not said else _mostly(body, said[0])


def _said(body: bytes, content_type: str) -> list[str]:
    """The codecs that the header and the document name, in that order; raises Unreadable for an unknown name."""
    header = _HEADER.search(content_type)
    declared = _DECLARED.search(body[:HEAD_BYTES])
    names = [header[1]] if header else []
    names += [(declared[1] or declared[2]).decode("ascii")] if declared else []
    return [_codec(name) for name in names if not re.match(r"utf-?(16|32)", name, re.IGNORECASE)]


def _codec(name: str) -> str:
    folded = name.lower().replace("_", "-")
    unread = Unreadable(f"the body names the character set {clip(name, 40)!r}, which we do not read")
    if not _KNOWN.fullmatch(folded):
        raise unread
    try:
        return codecs.lookup(_WIDER.get(folded, folded)).name
    except LookupError as error:
        raise unread from error


def _strictly(body: bytes, name: str) -> str:
    try:
        return body.decode(name)
    except UnicodeDecodeError as error:
        if name == "utf-8":
            return _mostly(body, name)
        raise Unreadable(f"the body begins as {name} and is not: {error.reason}") from error


def _mostly(body: bytes, name: str) -> str:
    text = body.decode(name, "replace")
    bad = text.count("\ufffd")
    if bad > BAD_SHARE_MAX * len(text):
        raise Unreadable(f"the body says that it is {name}, and {bad} of its characters are not")
    return text
