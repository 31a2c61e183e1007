"""B10-B14, F17: what a server may do below the body, and what each is called."""

import asyncio
import errno
import shutil
import socket
import time
from collections.abc import AsyncIterator

import pytest

from probes.base import Reason, Unreachable, Unreadable
from tests.fetch.doors import SECOND, ask, door, get, unreachable
from tests.hostile import HostileServer, TlsFiles, answer, drip, endless, make_tls, raw, reset, silent
from tests.patience import HANG_S, until

SHORT = 0.6 * SECOND
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program, which makes the certificates of this test, is not installed")
    return make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def world() -> AsyncIterator[HostileServer]:
    async with HostileServer() as server:
        yield server


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(drip(OK + b"Content-Length: 500\r\n\r\n" + b"x" * 500, 0.05), id="B10-all"),
        pytest.param(drip(OK + b"X-Long: " + b"x" * 500, 0.05), id="B10-header"),
        pytest.param(endless(b"x", OK + b"\r\n", 0.05), id="B10-body"),
        pytest.param(silent(), id="B10-silent"),
        pytest.param(silent(OK + b"Content-Length: 9\r\n\r\nx"), id="B10-stops"),
        pytest.param(endless(b"HTTP/1.1 102 Processing\r\n\r\n", b"", 0.005), id="B11-slow"),
    ],
)
async def test_B10_B11_what_never_ends_is_ended_by_the_total_time(world: HostileServer, behaviour: object) -> None:
    url = world.at("/", behaviour)  # type: ignore[arg-type]
    began = time.monotonic()
    async with asyncio.timeout(HANG_S):
        assert await unreachable(url, Reason.TIMEOUT, "did not finish its answer within 0.6 s", total=SHORT)
    assert time.monotonic() - began > 0.5


async def test_B11_a_flood_of_interim_answers_is_ended_and_the_loop_lives(world: HostileServer) -> None:
    url = world.at("/", endless(b"HTTP/1.1 102 Processing\r\n\r\n" * 50, b""))
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    pulse = asyncio.create_task(beat())
    try:
        assert await unreachable(url, Reason.TIMEOUT, "did not finish", total=SHORT)
    finally:
        pulse.cancel()
    assert beats >= 5, "the loop had no turn in the flood"


async def test_an_answer_that_stops_in_the_middle_is_left_before_the_total_time(world: HostileServer) -> None:
    url = world.at("/", silent(OK + b"Content-Length: 9\r\n\r\nx"))
    async with asyncio.timeout(HANG_S):
        total = 2 * HANG_S * SECOND
        assert await unreachable(url, Reason.TIMEOUT, "said nothing more", {"read_gap_s": 0.3}, total=total)
    slow = world.at("/slow", drip(OK + b"Content-Length: 20\r\n\r\n" + b"x" * 20, 0.03))
    assert len((await ask(slow, {"read_gap_s": 1.5})).body) == 20


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        pytest.param(raw(OK + b"X-Long: " + b"x" * 9000 + b"\r\n\r\n"), "too long|not HTTP", id="B12-line"),
        pytest.param(raw(OK + b"X-Many: x\r\n" * 200 + b"\r\n"), "not HTTP|too long", id="B12-many"),
        pytest.param(endless(b"X-Many: x\r\n" * 99, OK), "not HTTP|too long", id="B12-endless"),
        pytest.param(endless(b"x" * 9999, b"HTTP/1.1 200 "), "not HTTP|too long", id="B12-status"),
        pytest.param(
            endless(b"X-Trailer: x\r\n" * 99, OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"),
            "cut off or is damaged|not HTTP|too long",
            id="B12-trailers",
        ),
        pytest.param(raw(OK + b"Content-Length: -1\r\n\r\nhello"), "not HTTP", id="B13-negative"),
        pytest.param(raw(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), "not HTTP", id="B13-two"),
        pytest.param(raw(OK + b"Content-Length: " + b"9" * 40 + b"\r\n\r\nhello"), "not HTTP|cut", id="B13-huge"),
        pytest.param(raw(OK + b"Content-Length: 50\r\n\r\nhello"), "cut off", id="B13-short"),
        pytest.param(
            raw(OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
            "not HTTP|cut off",
            id="B13-both",
        ),
        pytest.param(
            raw(OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx"), "damaged|not HTTP", id="B13-overflow"
        ),
        pytest.param(
            raw(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), "cut off or is damaged", id="B13-unended"
        ),
        pytest.param(
            endless(b"x" * 9999, OK + b"Transfer-Encoding: chunked\r\n\r\n5;"),
            "damaged|not HTTP|too long|did not finish",
            id="B13-extension",
        ),
        pytest.param(raw(b"<html>hello</html>"), "not HTTP", id="B14-http09"),
        pytest.param(raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "not HTTP", id="B14-garbage"),
        pytest.param(raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "not HTTP", id="B14-ssh"),
        pytest.param(raw(b"HTTP/1.1 000 Zero\r\n\r\n"), "status 0 does not exist", id="B14-000"),
    ],
)
async def test_B12_B13_B14_an_answer_that_is_not_http_is_unreadable(
    world: HostileServer, behaviour: object, says: str
) -> None:
    url = world.at("/", behaviour)  # type: ignore[arg-type]
    with pytest.raises((Unreadable, Unreachable), match=says) as caught:
        await ask(url, total=3 * SECOND)
    if isinstance(caught.value, Unreadable):
        assert caught.value.reason in (Reason.FORMAT, Reason.LIMIT)
    else:
        assert getattr(caught.value, "answered", False)


async def test_B13_one_byte_chunks_are_read_as_one_body(world: HostileServer) -> None:
    body = b"1\r\nx\r\n" * 2000 + b"0\r\n\r\n"
    url = world.at("/", raw(OK + b"Transfer-Encoding: chunked\r\n\r\n" + body))
    assert (await ask(url)).body == b"x" * 2000


@pytest.mark.parametrize("status", [201, 404, 451, 500, 503, 599, 600, 999])
async def test_B14_an_error_status_is_an_answer(world: HostileServer, status: int) -> None:
    seen = await ask(world.at("/", answer(status, b"sorry")))
    assert (seen.status, seen.body) == (status, b"sorry")


async def test_B14_no_content_is_an_answer_without_a_body(world: HostileServer) -> None:
    seen = await ask(world.at("/", answer(204, headers={"Content-Type": "application/rss+xml"})))
    assert (seen.status, seen.body) == (204, b"")


@pytest.mark.parametrize("behaviour", [pytest.param(raw(b""), id="B14-empty"), pytest.param(reset(), id="B14-reset")])
async def test_B14_a_connection_that_breaks_off_was_taken_by_the_other_side(
    world: HostileServer, behaviour: object
) -> None:
    url = world.at("/", behaviour)  # type: ignore[arg-type]
    assert await unreachable(url, Reason.CONNECT, "broke off the connection without an answer")


async def test_B14_a_reset_in_the_middle_of_the_body_is_a_cut_answer(world: HostileServer) -> None:
    url = world.at("/", reset(OK + b"Content-Length: 50\r\n\r\nhello"))
    with pytest.raises((Unreadable, Unreachable)) as caught:
        await ask(url)
    assert getattr(caught.value, "answered", True)


async def test_a_refused_connection_is_the_other_sides_word() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert await unreachable(f"http://127.0.0.1:{port}/", Reason.CONNECT, "refused the connection")
    assert await unreachable(f"http://localhost:{port}/", Reason.CONNECT, "refused the connection")


async def test_a_connection_that_is_never_taken_may_be_our_own_fault() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        held = []
        try:
            for _ in range(4):  # fills the backlog: further connections hang
                one = socket.socket()
                one.setblocking(False)  # noqa: FBT003 - the only way to say it
                assert one.connect_ex(full.getsockname()) in (0, errno.EINPROGRESS)
                held.append(one)
            url = f"http://127.0.0.1:{full.getsockname()[1]}/"
            slow = {"connect_s": 0.3}
            assert not await unreachable(url, Reason.TIMEOUT, "did not take the connection in time", slow)
            assert not await unreachable(url, Reason.TIMEOUT, "did not take the connection within", total=0.3 * SECOND)
        finally:
            for one in held:
                one.close()


@pytest.mark.parametrize(
    ("certificate", "host", "says"),
    [
        ("expired", "127.0.0.1", "has expired"),
        ("self", "127.0.0.1", "is signed by itself"),
        ("other", "127.0.0.1", "is for another address"),
        ("other", "localhost", "is for another host"),
    ],
)
async def test_F17_a_bad_certificate_is_named(tls: TlsFiles, certificate: str, host: str, says: str) -> None:
    async with HostileServer(tls.contexts[certificate]) as world:
        url = world.url("/", host)
        assert await unreachable(url, Reason.TLS, f"the certificate of {host}:{world.port} {says}", {"ca_file": tls.ca})
        assert not world.heard


async def test_F17_an_authority_that_we_do_not_know_is_named_and_one_that_we_are_told_of_is_trusted(
    tls: TlsFiles,
) -> None:
    async with HostileServer(tls.contexts["good"]) as world:
        url = world.at("/", answer(body=b"good"))
        await unreachable(url, Reason.TLS, "signed by someone unknown|root that is not trusted")
        assert (await ask(url, {"ca_file": tls.ca})).body == b"good"
        assert (await ask(world.url("/", "localhost"), {"ca_file": tls.ca})).body == b"good"


async def test_F17_B10_a_handshake_that_stalls_is_named_and_a_plain_server_too(world: HostileServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections, and never says a word
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        stalls = "did not finish the TLS handshake in time"
        assert await unreachable(url, Reason.TLS, stalls, {"connect_s": 0.3})
        assert await unreachable(url, Reason.TIMEOUT, "did not finish its answer", total=0.3 * SECOND)
    plain = world.url().replace("http:", "https:")
    assert await unreachable(plain, Reason.TLS, "speak TLS|TLS handshake", {"connect_s": 0.5})


async def test_connections_are_kept_and_none_leaks(world: HostileServer) -> None:
    url = world.at("/", answer(body=b"x"))
    bad = world.at("/bad", endless(b"x" * 65536))
    async with door() as fetch:
        for _ in range(10):
            await fetch(get(url))
        assert world.connections == 1
        for _ in range(5):
            with pytest.raises(Unreadable):
                await fetch(get(bad))
        assert (await fetch(get(url))).body == b"x"
    await until(lambda: not world.open)


async def test_a_cancelled_request_ends_at_once_and_the_next_works(world: HostileServer) -> None:
    url, good = world.at("/", silent()), world.at("/good", answer(body=b"x"))
    async with door() as fetch:
        hanging = asyncio.create_task(fetch(get(url)))
        await asyncio.sleep(0.05)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        assert (await fetch(get(good))).body == b"x"
