"""An address by a name of its own is asked itself where nothing lies at the format's usual path."""

from datetime import UTC, datetime

import pytest

from probes import load
from probes.base import Observation, Request

HEALTHY = b'{"status": "ok", "date_created": "2026-11-22T07:00:00-07:00", "active_incidents": []}'


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("https://page.example/slack", ["https://page.example/slack/api/v2.0.0/current", "https://page.example/slack"]),
        ("https://page.example/api/v2.0.0/current", ["https://page.example/api/v2.0.0/current"]),
        ("https://page.example/said.json", ["https://page.example/said.json"]),
    ],
)
async def test_the_machine_readable_address_may_have_any_name(address: str, asked: list[str]) -> None:
    heard: list[str] = []

    async def fetch(request: Request) -> Observation:
        heard.append(request.url)
        there = request.url == address
        return Observation(request.url, 200 if there else 404, {}, HEALTHY if there else b"gone", datetime.now(UTC))

    kind = load("status.slack")
    params = kind.Params(url=address)
    reading = kind.interpret(params, await kind.observe(params, fetch), {})
    assert heard == asked
    assert reading.signals[0].summary
