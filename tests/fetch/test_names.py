"""F14, F15: names that lead nowhere, and nobody who would tell."""

import asyncio

import pytest

from probes.base import Reason, Unreachable
from tests.fetch.doors import SECOND, ask, door, get, unreachable
from tests.hostile import FakeDns, HostileServer, answer
from tests.patience import HANG_S

NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5


async def test_localhost_works_when_loopback_is_allowed() -> None:
    async with HostileServer() as world:
        world.at("/", answer(body=b"home"))
        assert (await ask(world.url("/", "localhost"))).body == b"home"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (NXDOMAIN, "the name no.example does not exist"),
        ([], "the name no.example does not exist"),
        (SERVFAIL, "the name no.example could not be resolved"),
        (REFUSED, "the name no.example could not be resolved"),
    ],
)
async def test_F15_a_name_that_is_not_told_is_our_trouble_and_named(said: int | list[str], says: str) -> None:
    async with FakeDns(lambda _: said) as dns:
        names = {"nameservers": (dns.address,)}
        assert not await unreachable("http://no.example/x", Reason.DNS, says, names)


async def test_F15_a_name_that_comes_back_works_again() -> None:
    said: list[list[str] | int] = [SERVFAIL]
    async with HostileServer() as world, FakeDns(lambda _: said[0]) as dns, door(nameservers=(dns.address,)) as fetch:
        url = world.at("/", answer(body=b"back")).replace("127.0.0.1", "flaps.example")
        with pytest.raises(Unreachable):
            await fetch(get(url))
        said[0] = ["127.0.0.1"]
        assert (await fetch(get(url))).body == b"back"


async def test_F14_a_name_server_that_is_silent_holds_up_nothing_else_and_no_exit() -> None:
    async with HostileServer() as world, FakeDns(lambda _: None) as dns:
        url = world.at("/", answer(body=b"well"))
        fetch = door(nameservers=(dns.address,))
        await fetch.start()
        stuck = [asyncio.create_task(fetch(get(f"http://n{n}.example/", total=2 * HANG_S * SECOND))) for n in range(30)]
        await asyncio.sleep(0.1)
        assert (await fetch(get(url))).body == b"well"
        assert await asyncio.to_thread(lambda: "free") == "free"
        assert not any(one.done() for one in stuck)
        await fetch.close()
        done = await asyncio.gather(*stuck, return_exceptions=True)
        assert {str(one) for one in done} == {"the fetcher was closed in the middle"}, "it waited for the name server"


async def test_F14_the_total_time_also_ends_a_lookup() -> None:
    async with FakeDns(lambda _: None) as dns:
        names = {"nameservers": (dns.address,)}
        says = "nobody answered for the name black.example within 0.3 s"
        assert not await unreachable("http://black.example/", Reason.DNS, says, names, total=0.3 * SECOND)


@pytest.mark.slow
async def test_slow_F14_a_lookup_is_given_up_after_its_tries() -> None:
    async with FakeDns(lambda _: None) as dns:
        names = {"nameservers": (dns.address,)}
        says = "nobody answered for the name black.example in time"
        assert not await unreachable("http://black.example/", Reason.DNS, says, names, total=30 * SECOND)
