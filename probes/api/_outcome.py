"""Whose fault a call's answer is: the vendor's, or ours, by its status, its body and the vendor's own error codes."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from probes._words import data
from probes.base import Observation, Outcome, Unreadable
from probes.status import _json

__all__ = ["by_envelope", "by_status", "challenged", "parsed", "values_at"]

ITEMS_MAX = 50
_SAID = (Outcome.RATE_LIMITED, Outcome.OUR_AUTH, Outcome.OUR_REQUEST, Outcome.VENDOR_FAULT)


def parsed(observation: Observation) -> Any:  # noqa: ANN401 - JSON is any of six types
    """The JSON of a body whatever the status, None when it is none."""
    if not observation.body.strip():
        return None
    try:
        return _json.parse(_json.decode(observation.body, observation.headers.get("content-type", "")))
    except Unreadable:
        return None


def challenged(observation: Observation) -> str:
    """What bars our way instead of the vendor's answer ("a captcha"), or ""."""
    start = observation.body[: _json.BLOCKED_SCAN_CHARS_MAX].decode("utf-8", "replace")
    return _json.blocked_by(start) if start.lstrip("\ufeff \t\r\n")[:1] == "<" else ""


def by_status(status: int) -> Outcome:
    """The outcome that a status stands for when nothing else says more."""
    if 200 <= status < 300:  # noqa: PLR2004 - the classes of RFC 9110
        return Outcome.SUCCESS
    if status >= 500:  # noqa: PLR2004 - likewise; 999 and such are no vendor's admission, but no answer of use either
        return Outcome.VENDOR_FAULT
    ours = {401: Outcome.OUR_AUTH, 403: Outcome.OUR_AUTH, 407: Outcome.OUR_NETWORK, 429: Outcome.RATE_LIMITED}
    return ours.get(status, Outcome.OUR_REQUEST)


@cache
def _envelopes() -> tuple[tuple[str, str, dict[str, Outcome]], ...]:
    rows: list[dict[str, Any]] = data("probes.api", "envelopes.yaml")
    return tuple(
        (row["path"], row.get("with", ""), {code: o for o in _SAID for item in row.get(o, ()) for code in _codes(item)})
        for row in rows
    )


def _codes(item: object) -> Iterator[str]:
    first, dash, last = str(item).partition("-")
    if dash and first.isdigit() and last.isdigit():
        yield from (str(n) for n in range(int(first), int(last) + 1))
    else:
        yield str(item)


def by_envelope(body: object) -> tuple[Outcome, str] | None:
    """The outcome that a vendor's error code in a JSON body stands for, and the code; None when there is none."""
    if not isinstance(body, Mapping):
        return None
    for path, beside, codes in _envelopes():
        if beside and beside not in body:
            continue
        for value in values_at(body, path):
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value) in codes:
                return codes[str(value)], str(value)
    return None


def values_at(value: object, path: str) -> list[Any]:
    """Every value at a dotted path; a number is a list's place, ``[]`` after a name means every item of the list."""
    found: list[Any] = [value]
    for step in path.split("."):
        name, every = step.removesuffix("[]"), step.endswith("[]")
        nearer: list[Any] = []
        for holder in found:
            if isinstance(holder, Mapping) and name in holder:
                nearer.append(holder[name])
            elif isinstance(holder, list) and name.isdigit() and int(name) < len(holder):
                nearer.append(holder[int(name)])
        found = [x for n in nearer for x in (n[:ITEMS_MAX] if isinstance(n, list) else [])] if every else nearer
    return found
