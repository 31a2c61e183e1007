"""Fetchers as the tests of this room use them."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from monitor.fetch import Fetcher, FetchPolicy
from probes.base import Observation, Reason, Request, Unreachable, Unreadable
from tests.patience import HANG_S

LOOPBACK = (ip_network("127.0.0.0/8"),)
SECOND = timedelta(seconds=1)


def now() -> datetime:
    return datetime.now(UTC)


def door(**policy: Any) -> Fetcher:  # noqa: ANN401 - as FetchPolicy says
    """A fetcher that may ask loopback, and tries once."""
    return Fetcher(FetchPolicy(**{"allow_private": LOOPBACK, "tries": 1, **policy}), now)


def get(url: str, **more: Any) -> Request:  # noqa: ANN401 - as Request says
    return Request(url, **{"total": HANG_S / 2 * SECOND, **more})


async def ask(url: str, policy: dict[str, Any] | None = None, **more: Any) -> Observation:  # noqa: ANN401 - as above
    async with door(**(policy or {})) as fetch:
        return await fetch(get(url, **more))


async def unreadable(url: str, reason: Reason, says: str, policy: dict[str, Any] | None = None, **more: Any) -> str:  # noqa: ANN401 - as above
    """The sentence of the Unreadable that asking for `url` ends with."""
    with pytest.raises(Unreadable, match=says) as caught:
        await ask(url, policy, **more)
    assert caught.value.reason is reason
    return str(caught.value)


async def unreachable(url: str, reason: Reason, says: str, policy: dict[str, Any] | None = None, **more: Any) -> bool:  # noqa: ANN401 - as above
    """Whether the other side had answered in any way, when asking for `url` ends with Unreachable."""
    with pytest.raises(Unreachable, match=says) as caught:
        await ask(url, policy, **more)
    assert caught.value.reason is reason
    return caught.value.answered
