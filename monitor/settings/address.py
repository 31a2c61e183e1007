"""What may be shown of an address, and which of its parts may be secrets."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from monitor.settings.faults import SECRET_CHARS_MIN, redact

__all__ = ["fault_in", "host_of", "is_loopback", "public_url", "secret_parts", "secret_values", "secrets_of_page"]

TOKEN_CHARS_MIN = 8
PORT_MAX = 65_535
PUBLIC_VALUE_CHARS_MAX = 32
_SAFE_VALUE = re.compile(rf"[0-9.,-]{{1,{PUBLIC_VALUE_CHARS_MAX}}}|[A-Za-z_./-]{{1,{PUBLIC_VALUE_CHARS_MAX}}}")
_SECRET_NAME = re.compile(r"key|token|secret|pass|auth|sig|cred|code|user|email|session", re.IGNORECASE)
_SECRET_FIELD = re.compile(r"key$|token|secret|passw|authori[sz]ation|cookie|credential", re.IGNORECASE)
_TOKEN = re.compile(r"(?=[A-Za-z_-]*\d)(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{24,}")
_HIDDEN = "***"


def host_of(url: str) -> str:
    """The host in lower case, without port, brackets or a final dot; empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host as written is this machine: 127.0.0.0/8, ::1, localhost and names below it. No look-up is made."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def public_url(url: str, secrets: Iterable[str] = ()) -> str:
    """The address as people may see it: no userinfo, no fragment, and `***` for what may be a secret.

    That is: each of `secrets`, a query value that is neither a number nor words or whose name speaks of a secret, and a
    path segment that mixes 24 or more letters and digits.
    """
    try:
        parts = urlsplit(redact(url, secrets))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return _HIDDEN
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    path = "/".join(_HIDDEN if _TOKEN.fullmatch(part) else part for part in parts.path.split("/"))
    query = "&".join(_public_parameter(item) for item in parts.query.split("&") if item)
    return f"{parts.scheme}://{host}{port}{path}" + (f"?{query}" if query else "")


def _public_parameter(item: str) -> str:
    name, equals, value = item.partition("=")
    if not equals:
        return name if _SAFE_VALUE.fullmatch(name) else _HIDDEN
    shown = _SAFE_VALUE.fullmatch(value) and not _SECRET_NAME.search(name)
    return f"{name}={value if shown or not value else _HIDDEN}"


def secret_values(values: Mapping[str, Any], *, named: bool = False) -> set[str]:
    """The texts in a tree of settings that are declared secret or stand under a name that speaks of one."""
    found: set[str] = set()
    for name, value in values.items():
        secret = named or bool(_SECRET_FIELD.search(name))
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(one, SecretStr):
                text = one.get_secret_value()
                if secret or not _SAFE_VALUE.fullmatch(text):  # "application/json" under Accept is none
                    found |= {text, text.rpartition(" ")[2]}
            elif isinstance(one, Mapping):
                found |= secret_values(one, named=secret)
            elif isinstance(one, str) and secret:
                found |= {one, one.rpartition(" ")[2]}  # "Bearer <token>": also the token alone
    return {text for text in found if len(text) >= SECRET_CHARS_MIN}


def secret_parts(url: str) -> set[str]:
    """What must not be shown of an address, besides the whole of it, each as written and as decoded.

    That is: the password, and whatever `public_url` would hide of the path and the query.
    """
    try:
        parts = urlsplit(url)
        found = {parts.password or ""}
    except ValueError:
        return {url}
    if parts.username and not parts.password:
        found.add(parts.username)
    found |= {part for part in parts.path.split("/") if _TOKEN.fullmatch(part)}
    for name, value in parse_qsl(parts.query):
        if _SECRET_NAME.search(name) or not _SAFE_VALUE.fullmatch(value):
            found.add(value)
    found |= {unquote(part) for part in found}
    return {part for part in found if len(part) >= SECRET_CHARS_MIN}


def secrets_of_page(url: str) -> set[str]:
    """What must not be shown of an address whose path is itself a key, as that of a private calendar or a heartbeat.

    That is: `secret_parts`, and each part of the path of 8 or more characters with a digit in it.
    """
    parts = {part for part in urlsplit(url).path.split("/") if len(part) >= TOKEN_CHARS_MIN and re.search(r"\d", part)}
    return secret_parts(url) | parts | {unquote(part) for part in parts}


def fault_in(url: str) -> str:
    """Why a probe may not have this address, or nothing."""
    if re.search(r"[\s\\\x00-\x1f\x7f]", url):
        return "holds a space, a control character or a backslash"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "has a port or a host that cannot be"
    if not parts.hostname:
        return "has no host"
    if port == 0:
        return "has a port that cannot be"
    if parts.username is not None or parts.password is not None:
        return "holds a user or a password; no probe sends what stands there"
    return ""
