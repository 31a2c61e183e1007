"""Where to ask: a page's machine-readable address from whatever address of it the team wrote down."""

from urllib.parse import urlsplit, urlunsplit

from probes.base import Fetch, Observation, Request

__all__ = ["BODY_BYTES_MAX", "ask", "is_page", "joined"]

BODY_BYTES_MAX = 2 * 1024 * 1024

NOT_THERE = (400, 404, 405, 406, 410)

_DATA_MARKS = ("/api/", "/data/")


def is_page(url: str) -> bool:
    """Whether `url` is for people: it names neither a ``.json`` file nor an API path nor a query."""
    parts = urlsplit(url)
    path = parts.path.lower()
    return not (path.endswith(".json") or parts.query or any(mark in path + "/" for mark in _DATA_MARKS))


def joined(url: str, path: str) -> str:
    """`path` (beginning with "/") under the address of a page; query and fragment are dropped."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + path, "", ""))


async def ask(url: str, path: str, fetch: Fetch, *, body_max: int = BODY_BYTES_MAX) -> Observation:
    """The answer of `url` itself when it is machine-readable, else of `path` under it.

    Where there is nothing at `path`, the address may be the machine-readable one after all, by a name of its own.
    """
    if not is_page(url):
        return await fetch(Request(url, body_max=body_max))
    answer = await fetch(Request(joined(url, path), body_max=body_max))
    if answer.status in NOT_THERE:
        itself = await fetch(Request(url, body_max=body_max))
        if itself.body.lstrip()[:1] in (b"{", b"["):
            return itself
    return answer
