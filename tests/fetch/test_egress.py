"""B31-B42, B44, B45: where a request may go, where a redirect may lead, and what a message may tell."""

import shutil
import traceback
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from monitor.fetch import FetchPolicy
from monitor.fetch.egress import check_url, private_range
from probes.base import Reason, Request, Unreachable, Unreadable
from tests.fetch.doors import LOOPBACK, SECOND, ask, door, get, unreadable
from tests.hostile import Behaviour, FakeDns, HostileServer, TlsFiles, answer, make_tls

NOTHING = FetchPolicy()
CLOSED = {"allow_private": ()}


@pytest.fixture
async def world() -> AsyncIterator[HostileServer]:
    async with HostileServer() as server:
        yield server


@pytest.fixture
async def other() -> AsyncIterator[HostileServer]:
    async with HostileServer() as server:
        yield server


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program, which makes the certificates of this test, is not installed")
    return make_tls(tmp_path_factory.mktemp("tls"))


def moved(to: str, status: int = 302) -> Behaviour:
    return answer(status, b"moved", {"Location": to})


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/x",
        "gopher://example.com/",
        "data:text/plain,hello",
        "javascript:alert(1)",
        "ws://example.com/",
        "//example.com/",
        "/etc/passwd",
        "",
    ],
)
async def test_B31_only_http_and_https_are_asked(url: str) -> None:
    await unreadable(url, Reason.FORBIDDEN, "only http and https|names no host|not a valid one")


@pytest.mark.parametrize(
    ("host", "word"),
    [
        pytest.param("127.0.0.1", "a loopback", id="B32-loopback"),
        pytest.param("127.8.9.1", "a loopback", id="B32-loopback-net"),
        pytest.param("[::1]", "a loopback", id="B32-v6"),
        pytest.param("0.0.0.0", "an unspecified", id="B32-any"),
        pytest.param("[::]", "an unspecified", id="B32-any6"),
        pytest.param("169.254.169.254", "a link-local", id="B33-metadata"),
        pytest.param("[fd00:ec2::254]", "a private", id="B33-metadata6"),
        pytest.param("168.63.129.16", "a cloud's internal", id="B33-azure"),
        pytest.param("100.100.100.200", "a carrier-internal", id="B33-alibaba"),
        pytest.param("10.1.2.3", "a private", id="B34-10"),
        pytest.param("172.16.0.1", "a private", id="B34-172"),
        pytest.param("172.31.255.255", "a private", id="B34-172-end"),
        pytest.param("192.168.1.1", "a private", id="B34-192"),
        pytest.param("100.64.0.1", "a carrier-internal", id="B34-cgn"),
        pytest.param("100.127.255.255", "a carrier-internal", id="B34-cgn-end"),
        pytest.param("[::ffff:127.0.0.1]", "a loopback", id="B35-mapped"),
        pytest.param("[::ffff:a9fe:a9fe]", "a link-local", id="B35-mapped-metadata"),
        pytest.param("[64:ff9b::7f00:1]", "a loopback", id="B35-nat64"),
        pytest.param("[64:ff9b::10.0.0.1]", "a private", id="B35-nat64-10"),
        pytest.param("[64:ff9b:1::1]", "a reserved", id="B35-nat64-local"),
        pytest.param("[2002:7f00:1::]", "a 6to4", id="B35-6to4"),
        pytest.param("[2001:0:7f00:1::]", "a Teredo", id="B35-teredo"),
        pytest.param("[::127.0.0.1]", "a reserved", id="B35-compatible"),
        pytest.param("[fec0::1]", "a site-local", id="B35-site"),
        pytest.param("[fe80::1]", "a link-local", id="B35-link"),
        pytest.param("[ff02::1]", "a multicast", id="B35-multicast6"),
        pytest.param("224.0.0.1", "a multicast", id="B35-multicast"),
        pytest.param("239.255.255.250", "a multicast", id="B35-ssdp"),
        pytest.param("255.255.255.255", "the broadcast", id="B35-broadcast"),
        pytest.param("192.88.99.1", "a 6to4 relay", id="B35-relay"),
        pytest.param("240.0.0.1", "a reserved", id="B35-reserved"),
        pytest.param("[2001:db8::1]", "a documentation", id="B35-documentation"),
    ],
)
async def test_B32_B33_B34_B35_an_address_that_is_not_public_is_refused(host: str, word: str) -> None:
    address = ip_address(host.strip("[]"))
    assert private_range(address, NOTHING) == word  # what every new connection is held against
    text = await unreadable(f"http://{host}/x?key=canary", Reason.FORBIDDEN, f"is {word} address", CLOSED)
    assert "canary" not in text
    allowed = FetchPolicy(allow_private=(ip_network(address),))
    assert private_range(address, allowed) == ""


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"]
)
def test_a_public_address_is_not_refused(text: str) -> None:
    assert private_range(ip_address(text), NOTHING) == ""


@pytest.mark.parametrize(
    "host",
    [
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "127.1",
        "0",
        "2130706433",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST.",
        "127.0.0.1",
    ],
)
async def test_B36_a_disguised_loopback_address_is_not_reached(world: HostileServer, host: str) -> None:
    with pytest.raises((Unreadable, Unreachable)) as caught:
        await ask(world.url("/", host), CLOSED)
    assert caught.value.args
    assert world.connections == 0


async def test_B37_a_name_that_leads_to_a_private_address_is_refused_at_the_connection(world: HostileServer) -> None:
    async with FakeDns(lambda name: ["10.0.0.1"] if name.startswith("ten") else ["127.0.0.1"]) as dns:
        names = {"nameservers": (dns.address,)}
        text = "is a private address, which is not asked unless fetch.allow_private names it"
        await unreadable("http://ten.example/", Reason.FORBIDDEN, text, names)
        text = "is a loopback address"
        await unreadable(world.url("/", "loop.example"), Reason.FORBIDDEN, text, {**CLOSED, **names})
        assert world.connections == 0
        world.at("/", answer(body=b"ours"))
        assert (await ask(world.url("/", "loop.example"), names)).body == b"ours"


async def test_B37_a_name_that_changes_to_a_private_address_is_refused_then(world: HostileServer) -> None:
    said = ["127.0.0.1"]
    world.at("/", answer(body=b"first", headers={"Connection": "close"}))
    async with FakeDns(lambda _: said) as dns, door(nameservers=(dns.address,)) as fetch:
        url = world.url("/", "rebind.example")
        assert (await fetch(get(url))).body == b"first"
        said[:] = ["169.254.169.254"]
        assert fetch._session is not None
        await fetch._session.close()
        fetch._session = fetch._make_session(checked=True)  # as after the 60 s that a name is kept for
        with pytest.raises(Unreadable, match="link-local") as caught:
            await fetch(get(url))
        assert caught.value.reason is Reason.FORBIDDEN


async def test_B37_of_several_addresses_only_the_allowed_are_connected_to(world: HostileServer) -> None:
    world.at("/", answer(body=b"ours"))
    async with FakeDns(lambda _: ["10.0.0.1", "127.0.0.1", "192.168.0.1"]) as dns:
        seen = await ask(world.url("/", "mixed.example"), {"nameservers": (dns.address,)})
        assert seen.body == b"ours"


@pytest.mark.parametrize(
    "to",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "//192.168.0.1/",
        "http://[::1]/",
        "http://0.0.0.0/",
        "http://127.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://user:canary@127.0.0.1/",
        "http://127.0.0.1:0/",
        "javascript:alert(1)",
    ],
)
@pytest.mark.parametrize("status", [301, 303, 308])
async def test_B38_a_redirect_to_where_we_do_not_go_is_not_followed(world: HostileServer, to: str, status: int) -> None:
    url = world.at("/", moved(to, status))
    text = await unreadable(url, Reason.FORBIDDEN, "redirects to where we do not follow|not an address")
    assert "canary" not in text
    assert len(world.heard) == 1


async def test_B38_a_redirect_to_a_name_of_a_private_address_is_refused_at_the_connection(world: HostileServer) -> None:
    async with FakeDns(lambda _: ["10.0.0.1"]) as dns:
        url = world.at("/", moved("http://inner.example/"))
        await unreadable(url, Reason.FORBIDDEN, "is a private address", {"nameservers": (dns.address,)})


async def test_B39_three_redirects_are_followed_and_a_fourth_is_not(world: HostileServer) -> None:
    for hop in range(4):
        world.at(f"/{hop}", moved(f"/{hop + 1}"))
    world.at("/4", answer(body=b"there"))
    seen = await ask(world.url("/1"))
    assert (seen.body, seen.url) == (b"there", world.url("/4"))
    await unreadable(world.url("/0"), Reason.LIMIT, "redirects more than 3 times")
    await unreadable(world.at("/loop", moved("/loop")), Reason.LIMIT, "redirects more than 3 times")


@pytest.mark.parametrize("to", ["http://[bad/", "http://a:99999999/", "http:\\\\evil\\", "http://ex ample/", "/\x01"])
async def test_B39_a_redirect_that_names_no_address_is_unreadable(world: HostileServer, to: str) -> None:
    with pytest.raises(Unreadable) as caught:
        await ask(world.at("/", moved(to)))
    assert caught.value.reason in (Reason.FORMAT, Reason.FORBIDDEN)


async def test_B39_a_redirect_that_does_not_say_where_to_is_unreadable(world: HostileServer) -> None:
    await unreadable(world.at("/", answer(302)), Reason.FORMAT, "without saying where to")


async def test_B40_a_redirect_from_https_to_http_is_not_followed(tls: TlsFiles, world: HostileServer) -> None:
    world.at("/", answer(body=b"plain"))
    async with HostileServer(tls.contexts["good"]) as safe:
        url = safe.at("/", moved(world.url("/")))
        await unreadable(url, Reason.FORBIDDEN, "from https to http", {"ca_file": tls.ca}, headers={"X-Api-Key": "k"})
        assert not world.heard


async def test_B41_a_key_stays_with_the_origin_that_it_was_given_for(
    world: HostileServer, other: HostileServer
) -> None:
    other.at("/", answer(body=b"other"))
    world.at("/own", answer(body=b"own"))
    headers = {"X-Api-Key": "canary", "Authorization": "Bearer canary", "Cookie": "canary"}
    assert (await ask(world.at("/away", moved(other.url())), headers=headers)).body == b"other"
    assert not [k for k, v in other.heard[0].headers.items() if "canary" in v]
    assert other.heard[0].headers["user-agent"].startswith("Vigie")
    assert (await ask(world.at("/near", moved("/own")), headers=headers)).body == b"own"
    assert world.heard[-1].headers["x-api-key"] == "canary"


@pytest.mark.parametrize("status", [307, 308])
async def test_B41_a_body_is_not_sent_on_to_another_origin(
    world: HostileServer, other: HostileServer, status: int
) -> None:
    more: dict[str, Any] = {"method": "POST", "body": b"canary"}
    away = world.at("/away", moved(other.url(), status))
    await unreadable(away, Reason.FORBIDDEN, "with a body to another host", **more)
    assert not other.heard
    world.at("/own", answer(body=b"own"))
    near = world.at("/near", moved("/own", status))
    assert (await ask(near, **more)).body == b"own"
    assert (world.heard[-1].method, world.heard[-1].body) == ("POST", b"canary")


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_B41_after_a_plain_redirect_a_post_becomes_a_get(
    world: HostileServer, other: HostileServer, status: int
) -> None:
    other.at("/", answer(body=b"other"))
    away = world.at("/away", moved(other.url(), status))
    assert (await ask(away, method="POST", body=b"canary")).body == b"other"
    assert (other.heard[0].method, other.heard[0].body) == ("GET", b"")


@pytest.mark.parametrize(
    "url",
    [
        "http://user@example.com/",
        "http://user:canary@example.com/",
        "http://:canary@example.com/",
        "http://@example.com/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:port/",
        "http://example.com\\@127.0.0.1/",
        "http://exam ple.com/",
        "http://example.com/a b",
        "http://example.com/\r\nX-Evil: canary",
        "http://example.com/\x00",
        "http:///nohost",
        "http://[::1",
        "http://" + "a" * 1_000_000 + ".example/",
        "http://example.com/" + "a" * 3000,
    ],
    ids=lambda url: ascii(url[:32]),
)
async def test_B42_an_address_that_two_readers_could_read_differently_is_refused(url: str) -> None:
    text = await unreadable(url, Reason.FORBIDDEN, "address")
    assert len(text) < 300
    assert "canary" not in text


def test_an_address_is_told_apart_by_scheme_host_and_port() -> None:
    policy = FetchPolicy(allow_private=LOOPBACK)
    target = check_url("https://Example.COM./x", policy)
    assert (target.origin, target.place, target.private) == (("https", "example.com", 443), "example.com", False)
    assert check_url("http://127.0.0.1:8080/", policy).private
    assert check_url("http://localhost:8080/", policy).place == "localhost:8080"
    assert not check_url("http://localhost/", NOTHING).private


async def test_B44_B45_no_message_tells_more_of_an_address_than_its_host(world: HostileServer) -> None:
    secret = "/path-canary?token=canary"
    world.at("/path-canary", answer(body=b"x" * 5000, headers={"Content-Encoding": "canary", "X-Canary": "canary"}))
    urls: list[tuple[str, dict[str, Any]]] = [
        (world.url(secret), {}),
        (f"http://127.0.0.1:1{secret}", {}),
        (f"https://127.0.0.1:{world.port}{secret}", {}),
        (f"http://no-such-name.invalid{secret}", {}),
        (f"http://10.0.0.1{secret}", {}),
        (world.url(secret), {"headers": {"X-Key": "canary\r\n"}}),
    ]
    async with FakeDns(lambda _: 3) as dns, door(nameservers=(dns.address,)) as fetch:
        for url, more in urls:
            with pytest.raises((Unreadable, Unreachable)) as caught:
                await fetch(Request(url, total=SECOND, **more))
            assert "canary" not in "".join(traceback.format_exception(caught.value))
            assert "canary" not in repr(caught.value)


async def test_by_a_proxy_names_are_not_resolved_here_and_numbers_are_still_checked(world: HostileServer) -> None:
    async with HostileServer() as own, FakeDns(lambda _: 3) as dns:
        proxy = {"proxy": f"http://localhost:{world.port}", "nameservers": (dns.address,)}
        world.at("http://status.example/x", answer(body=b"through"))
        assert (await ask("http://status.example/x", proxy)).body == b"through"
        assert dns.asked == []
        await unreadable("http://10.0.0.1/", Reason.FORBIDDEN, "is a private address", proxy)
        assert (await ask(own.at("/", answer(body=b"direct")), proxy)).body == b"direct"
        assert [h.path for h in world.heard] == ["http://status.example/x"]
        with pytest.raises(Unreachable, match="proxy"):
            await ask("https://status.example/", proxy)


async def test_environment_proxies_are_not_taken(world: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert (await ask(world.at("/", answer(body=b"direct")))).body == b"direct"
