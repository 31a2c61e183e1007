"""The web of a standing house on a real socket, and a client for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from monitor.web import Limits, Web
from tests.web.standing import Standing, town

Open = Callable[..., Awaitable[ClientSession]]


@pytest.fixture
def house() -> Standing:
    return town()


@pytest.fixture
async def open_web(house: Standing) -> AsyncIterator[Open]:
    """Starts a web; gives a client of it. The port is the system's choice."""
    async with AsyncExitStack() as stack:

        async def start(
            *, listen: str = "127.0.0.1:0", token: str = "", hosts: tuple[str, ...] = (), limits: Limits | None = None
        ) -> ClientSession:
            web = Web(house, listen, token=token, hosts=hosts, limits=limits)
            await web.start()
            stack.push_async_callback(web.stop)
            base = f"http://127.0.0.1:{web.address[1]}"
            return await stack.enter_async_context(
                ClientSession(base, connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar())
            )

        yield start


@pytest.fixture
async def client(open_web: Open) -> ClientSession:
    return await open_web()
