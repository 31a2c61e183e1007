"""Is this contact one that we can and may use? First by its letters alone, then, in a worker, by its own plugin.

A fault is a sentence that says what is wrong and what to write instead; it never repeats any part of the contact but
its scheme and the names of its parameters, for the rest may be secret.
"""

import difflib
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from monitor.notify.alertmanager import SCHEMES as ALERTMANAGER
from monitor.notify.alertmanager import target_of
from monitor.notify.services import SERVICES, scheme_of

__all__ = ["CONTACT_CHARS_MAX", "plugin_fault", "surface_fault"]

CONTACT_CHARS_MAX = 2_000
PORT_MAX = 65_535
_FORBIDDEN = {
    "attach": "would read a file of this machine",
    "template": "would read a file of this machine",
    "verify": "would trust any certificate; give your own authority by REQUESTS_CA_BUNDLE or SSL_CERT_FILE instead",
    "redirect": "redirects are never followed",
    "retry": "Vigie tries again by itself",
    "wait": "Vigie tries again by itself",
    "rto": "Vigie has its own time limits",
    "cto": "Vigie has its own time limits",
    "overflow": "Vigie cuts messages by itself",
    "format": "Vigie formats messages by itself",
    "emojis": "Vigie writes its own symbols",
    "store": "nothing of a contact is stored",
    "pgp": "is not supported",
    "pgpkey": "would read a file of this machine",
    "pgpprv": "would read a file of this machine",
    "wkd": "is not supported",
}
_COMMON = frozenset({"to", "user", "pass", "password", "port", "from", "name", "tz"})
_WITH_HOST = frozenset(
    {"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos", "ntfy", "ntfys", *ALERTMANAGER}
)
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f]")
_NATIVE = re.compile(r"^https?://", re.IGNORECASE)


def surface_fault(contact: str) -> str | None:
    """Return what is wrong with a contact as far as its letters tell, None when nothing is. Pure."""
    if len(contact) > CONTACT_CHARS_MAX:
        return f"it is longer than {CONTACT_CHARS_MAX} characters"
    if _CONTROL.search(contact):
        return "it holds a blank or a control character; write a blank as %20"
    scheme = scheme_of(contact)
    if not scheme:
        return "it has no service; write it as service://..., for instance mailto://, slack://, json://"
    if scheme not in SERVICES:
        if _NATIVE.match(contact):
            return "a web address is no contact; for your own receiver write json:// or jsons://, else its name"
        close = difflib.get_close_matches(scheme, SERVICES, n=1)
        hint = f"; did you mean {close[0]}://?" if close else ""
        return f"{scheme}:// is not among the services that Vigie sends to{hint}"
    return _misplaced_sign(contact) or _bad_port(contact) or _bad_parameter(contact) or _bad_alertmanager(contact)


def _misplaced_sign(contact: str) -> str | None:
    """Find a password that was not escaped: its ``@ / ? #`` would silently name another host (B57)."""
    hint = "a user or password holds @, /, ? or #; write them as %40, %2F, %3F and %23"
    tail = contact.partition("://")[2]
    authority = re.split(r"[/?#]", tail, maxsplit=1)[0]
    if authority.count("@") > 1:
        return hint
    rest = tail[len(authority) :]
    path, _, query = rest.partition("?")
    before, _, fragment = path.partition("#")
    if "@" in authority or ":" not in authority:
        return None
    # "user:pa/ss@host", "user:pa?ss@host", "user:pa#ss@host": what follows the colon is no port, or an @ comes later.
    items = (item.partition("=") for item in re.split(r"[&#]", query))
    if "@" in before or "@" in fragment or any("@" in key or (not sep and "@" in key) for key, sep, _ in items):
        return hint
    return None


def _bad_port(contact: str) -> str | None:
    authority = re.split(r"[/?#]", contact.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]") or (":" in host and not host.endswith("]")):
        return None
    if not port.isascii() or not port.isdigit():
        # Slack, Telegram and others have colons in their tokens; only real hosts have ports.
        return None if not _has_host(contact) else "its port is not a number"
    return f"its port is above {PORT_MAX}" if _has_host(contact) and int(port[:9]) > PORT_MAX else None


def _has_host(contact: str) -> bool:
    return scheme_of(contact) in _WITH_HOST


def _bad_parameter(contact: str) -> str | None:
    try:
        query = urlsplit(contact).query
    except ValueError:
        return "its host is not written as a host"
    for name, _ in parse_qsl(query, keep_blank_values=True):
        why = _FORBIDDEN.get(name.lower())
        if why is not None:
            return f"the parameter {name.lower()} is refused: {why}"
    return None


def _bad_alertmanager(contact: str) -> str | None:
    if scheme_of(contact) not in ALERTMANAGER:
        return None
    try:
        target_of(contact)
    except ValueError as fault:
        return str(fault)
    return None


def plugin_fault(contact: str, plugin: Any, known: frozenset[str]) -> str | None:  # noqa: ANN401 - apprise is untyped
    """Return what is wrong with a contact that its plugin took: unknown parameters, parts that moved on a round trip.

    `known`: the parameters that the plugin documents. The caller turns the plugin's own refusals into a fault.
    """
    query = contact.partition("?")[2]
    for item in filter(None, query.split("&")):
        name = unquote(item.partition("=")[0]).lower()
        if name[:1] in {"+", "-", ":"} or name in known or name in _COMMON:
            continue
        shown = name if re.fullmatch(r"[a-z_]{1,20}", name) else "(unreadable)"
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"the parameter {shown} is unknown to {scheme_of(contact)}://{hint}"
    host = urlsplit(contact).hostname or ""
    ours = str(getattr(plugin, "host", None) or "").lower()
    if _has_host(contact) and scheme_of(contact).startswith(("json", "xml", "form")) and unquote(host) != ours:
        return "its host is read differently by the service; escape special characters as %40, %2F, %3F, %23"
    return None
