"""The door: who may ask, and what one client may cost."""

import asyncio
import gzip
import io
import time
import zlib
from contextlib import suppress

import pytest
from aiohttp import ClientConnectionError, ClientSession, FormData

from monitor.web import Limits, PublicWithoutTokenError, Web
from monitor.web.app import split_listen
from monitor.web.guard import BODY_BYTES_MAX, COOKIE, Door, Rate, Refusal, refuse_public_without_token
from tests.patience import HANG_S
from tests.web.conftest import Open
from tests.web.standing import Standing

TOKEN = "canary-0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PUBLIC = "0.0.0.0:0"


async def _raw(client: ClientSession, *lines: bytes, body: bytes = b"") -> bytes:
    """Sends bytes as they are, and reads until the other side closes (or 2 s)."""
    base = client._base_url
    assert base is not None
    reader, writer = await asyncio.open_connection(base.host, base.port)
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    got = b""
    try:
        async with asyncio.timeout(2):
            while part := await reader.read(65_536):
                got += part
    except (TimeoutError, ConnectionError):
        pass
    await _close(writer)
    return got


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "vigie.example.org", "10.0.0.1"])
@pytest.mark.parametrize("token", ["", "short"])
def test_an_open_address_without_a_good_token_is_refused(house: Standing, host: str, token: str) -> None:
    with pytest.raises(PublicWithoutTokenError, match=r"server\.token"):
        refuse_public_without_token(host, token)
    listen = f"[{host}]:0" if ":" in host else f"{host}:0"
    with pytest.raises(PublicWithoutTokenError) as refused:
        Web(house, listen, token=token)
    assert not token or token not in str(refused.value).split()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    refuse_public_without_token(host, "")


@pytest.mark.parametrize("listen", ["", "9180", ":9180", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1"])
def test_an_address_that_cannot_be_listened_on_is_named(listen: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        split_listen(listen)


async def test_an_address_that_is_taken_is_an_error_and_leaves_nothing_open(house: Standing) -> None:
    first = Web(house, "127.0.0.1:0")
    await first.start()
    second = Web(house, f"127.0.0.1:{first.address[1]}")
    with pytest.raises(OSError, match=r"address already in use|in use"):
        await second.start()
    await first.stop()


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/channels", "/nosuch", "/login", "/static/board.css", "/metrics", "/healthz"]
)
async def test_B64_every_answer_carries_the_security_headers_and_hides_what_serves_it(
    client: ClientSession, path: str
) -> None:
    async with client.get(path) as answer:
        policy = dict(p.strip().split(" ", 1) for p in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Server"] == "vigie"


@pytest.mark.parametrize(
    "junk",
    [b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9", b"<script>alert(1)</script>", b"GET /" + b"a" * 9_000 + b" HTTP/1.1"],
)
async def test_what_is_no_http_gets_a_plain_word_without_version_or_echo(client: ClientSession, junk: bytes) -> None:
    answer = await _raw(client, junk)
    assert b"400" in answer.split(b"\r\n")[0]
    assert b"aiohttp" not in answer
    assert b"script" not in answer.replace(b"script-src", b"")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:9180", "169.254.169.254", ""]
)
async def test_B62_a_name_that_is_not_ours_is_refused(client: ClientSession, host: str) -> None:
    async with client.get("/api/v1/channels", headers={"Host": host}) as answer:
        assert answer.status == 421
        assert (await answer.json())["error"]["code"] == "unknown_host"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9180", "127.0.0.1:1", "[::1]:9180", "board.example.org"])
async def test_B62_our_own_names_are_let_in(open_web: Open, host: str) -> None:
    client = await open_web(hosts=("board.example.org",))
    async with client.get("/healthz", headers={"Host": host}) as answer:
        assert answer.status == 200


async def test_B62_an_absolute_address_in_the_request_line_does_not_override_the_host(client: ClientSession) -> None:
    answer = await _raw(
        client, b"GET http://evil.example/api/v1/channels HTTP/1.1", b"Host: localhost", b"Connection: close"
    )
    assert b" 400 " in answer.split(b"\r\n")[0]
    doubled = await _raw(client, b"GET / HTTP/1.1", b"Host: localhost", b"Host: evil.example", b"Connection: close")
    assert b" 400 " in doubled.split(b"\r\n")[0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_B63_another_site_changes_nothing(
    client: ClientSession, house: Standing, headers: dict[str, str]
) -> None:
    async with client.post("/api/v1/reload", json={}, headers=headers) as answer:
        assert answer.status == 403
    assert house.reloads == 0


async def test_B63_the_same_site_or_no_browser_at_all_may_act(client: ClientSession, house: Standing) -> None:
    base = str(client._base_url).rstrip("/")
    for headers in ({}, {"Origin": base, "Sec-Fetch-Site": "same-origin"}):
        async with client.post("/api/v1/reload", json={}, headers=headers) as answer:
            assert answer.status == 200
    assert house.reloads == 2


async def test_B63_reading_never_acts(client: ClientSession, house: Standing) -> None:
    for path in ("/api/v1/reload", "/api/v1/notify-test"):
        async with client.get(path) as answer:
            assert answer.status == 405
            assert answer.headers["Allow"] == "POST"
    assert house.reloads == 0


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"},
     {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": f"Bearer {TOKEN[:-1]}"},
     {"Authorization": "Bearer tökén"}, {"Authorization": f"Bearer {TOKEN}\u00e9"}, {"Cookie": f"{COOKIE}={TOKEN}"},
     {"Cookie": f"{COOKIE}=99999999999.0"}, {"Cookie": f"{COOKIE}=.."}],
)  # fmt: skip
async def test_B65_nothing_is_read_without_the_right_token(open_web: Open, headers: dict[str, str]) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    for path in ("/api/v1/channels", "/metrics", "/events", "/api/v1/incidents"):
        async with client.get(path, headers=headers) as answer:
            assert answer.status == 401, path
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert TOKEN not in await answer.text()


async def test_B65_bytes_that_are_no_text_are_merely_a_wrong_token(open_web: Open) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    answer = await _raw(
        client, b"GET /metrics HTTP/1.1", b"Host: localhost", b"Authorization: Bearer \xff\xfe", b"Connection: close"
    )
    assert b" 401 " in answer.split(b"\r\n")[0]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_B66_the_scheme_may_be_written_in_any_case(open_web: Open, scheme: str) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    async with client.get("/api/v1/channels", headers={"Authorization": f"{scheme} {TOKEN}"}) as answer:
        assert answer.status == 200


async def test_B66_two_authorization_headers_are_refused(open_web: Open) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    both = [b"Authorization: Bearer wrong", b"Authorization: Bearer " + TOKEN.encode()]
    answer = await _raw(client, b"GET /metrics HTTP/1.1", b"Host: localhost", *both, b"Connection: close")
    assert b" 400 " in answer.split(b"\r\n")[0]


async def test_health_needs_no_token_and_tells_nothing(open_web: Open) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    for path in ("/healthz", "/readyz", "/login", "/static/board.css"):
        async with client.get(path) as answer:
            assert answer.status == 200
            assert "facebook" not in (await answer.text()).lower()


async def test_the_board_asks_for_the_token_once_and_then_knows_the_browser(open_web: Open) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    html = {"Accept": "text/html"}
    async with client.get("/", headers=html, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/login")
    async with client.post("/login", data=FormData({"token": "wrong"}), allow_redirects=False) as answer:
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers
    async with client.post("/login", data=FormData({"token": TOKEN}), allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie, "whoever comes by a link in webmail is known too"
    assert TOKEN not in cookie
    session = {"Cookie": cookie.split(";", maxsplit=1)[0]}
    async with client.get("/", headers={**html, **session}) as answer:
        assert "can be relied on" in await answer.text()
    async with client.post("/api/v1/reload", json={}, headers=session) as answer:
        assert answer.status == 401, "a cookie reads; only the token itself acts"


@pytest.mark.parametrize(
    ("asked", "then"),
    [
        ("/incidents/17", "/incidents/17"),
        ("/silences?about=channel:facebook", "/silences?about=channel:facebook"),
        ("/channels/a%20b", "/channels/a%20b"),
        ("//evil.example/x", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("/" + "a" * 200_000 + "!", "/"),
        ("", "/"),
    ],
)
async def test_whoever_signs_in_goes_on_to_the_page_they_came_for_and_to_no_other_site(
    open_web: Open, asked: str, then: str
) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    form = FormData({"token": TOKEN, "then": asked})
    async with client.post("/login", data=form, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, then)


async def test_the_way_to_the_token_keeps_the_page_that_was_asked_for(open_web: Open) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    async with client.get("/incidents/17?said=x", headers={"Accept": "text/html"}) as answer:
        page = await answer.text()
    assert 'name="then" value="/incidents/17?said=x"' in page
    async with client.post("/login", data=FormData({"token": "wrong", "then": "/incidents/17"})) as answer:
        assert 'name="then" value="/incidents/17"' in await answer.text()


def test_a_session_ends_with_its_time_and_with_its_token() -> None:
    door = Door("0.0.0.0", TOKEN)
    value = door.new_session()
    assert door.knows_session(value)
    assert not Door("0.0.0.0", TOKEN + "2").knows_session(value)
    ends, _, seal = value.partition(".")
    for forged in (f"{int(ends) + 1}.{seal}", f"{ends}.{seal[:-1]}", ends, "", ".", f".{seal}", f"{ends}.\udcff"):
        assert not door.knows_session(forged), forged
    assert not door.knows_session(f"{int(time.time()) - 1}.{door._seal(str(int(time.time()) - 1))}")
    assert not Door("127.0.0.1").knows_session(Door("127.0.0.1").new_session()), "no token, no session"


async def test_on_loopback_reading_is_free_and_acting_needs_the_token_where_there_is_one(
    open_web: Open, house: Standing
) -> None:
    client = await open_web(token=TOKEN)
    async with client.get("/api/v1/channels") as answer:
        assert answer.status == 200
    async with client.post("/api/v1/reload", json={}) as answer:
        assert answer.status == 401
    async with client.post("/api/v1/reload", json={}, headers=BEARER) as answer:
        assert answer.status == 200
    assert house.reloads == 1


async def test_guessing_the_token_is_slowed_down(open_web: Open) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    seen = []
    for guess in range(12):
        async with client.get("/metrics", headers={"Authorization": f"Bearer guess-{guess}"}) as answer:
            seen.append(answer.status)
    assert seen[0] == 401
    assert seen[-1] == 429


async def test_B46_B86_the_token_is_on_no_page_and_in_no_log(open_web: Open, caplog: pytest.LogCaptureFixture) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    for path in ("/", "/channels/facebook", "/incidents", "/incidents/17", "/api/v1/channels", "/metrics", "/nosuch"):
        async with client.get(path, headers=BEARER) as answer:
            assert TOKEN not in await answer.text()
            assert TOKEN not in str(answer.headers)
    assert TOKEN not in caplog.text


async def test_acting_too_often_is_slowed_down(client: ClientSession, house: Standing) -> None:

    async def act() -> int:
        async with client.post("/api/v1/reload", json={}) as answer:
            return answer.status

    seen = await asyncio.gather(*(act() for _ in range(40)))
    assert set(seen) == {200, 429}
    assert house.reloads == seen.count(200)


def test_a_rate_refills_with_time_and_forgets_old_clients() -> None:
    at = [0.0]
    rate = Rate(2.0, 2, clock=lambda: at[0])
    assert [rate.take("a") for _ in range(3)] == [True, True, False]
    at[0] = 0.5
    assert [rate.take("a") for _ in range(2)] == [True, False]
    for n in range(3_000):
        rate.take(f"client-{n}")
    assert len(rate._clients) == 1_024


async def test_B70_a_body_over_the_cap_is_refused_before_it_is_read(client: ClientSession) -> None:
    headers = [
        b"POST /api/v1/reload HTTP/1.1",
        b"Host: localhost",
        b"Content-Type: application/json",
        b"Connection: close",
    ]
    answer = await _raw(client, *headers, b"Content-Length: %d" % (BODY_BYTES_MAX + 1))
    assert b" 413 " in answer.split(b"\r\n")[0]
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = await _raw(client, *headers, b"Transfer-Encoding: chunked", body=chunk * 5 + b"0\r\n\r\n")
    assert b" 413 " in answer.split(b"\r\n")[0]


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "gzip, gzip", "rot13"])
@pytest.mark.parametrize("path", ["/api/v1/reload", "/login"])
async def test_B70_a_compressed_body_is_never_opened(client: ClientSession, coding: str, path: str) -> None:
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    async with client.post(path, data=gzip.compress(b" " * 10_000_000), headers=headers) as answer:
        assert answer.status == 415


def _bomb(mebibytes: int) -> bytes:
    """A gzip body of about 1 KiB for each mebibyte that it opens to: blocks after a full flush may be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1024 * 1024)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * mebibytes


async def test_B70_a_bomb_costs_nothing_wherever_it_is_sent(client: ClientSession) -> None:
    bomb = _bomb(4096)
    spent = time.process_time()  # of this process alone, so that a busy machine does not matter
    for path in ("/nosuch", "/", "/metrics", "/api/v1/channels/x", "/api/v1/reload", "/login"):
        with suppress(ConnectionError, ClientConnectionError):  # the refusal may come while we still send
            async with client.post(path, data=io.BytesIO(bomb), headers={"Content-Encoding": "gzip"}) as answer:
                assert answer.status in {404, 405, 415}
    async with client.get("/healthz") as answer:
        assert answer.status == 200
    assert time.process_time() - spent < 1.0  # measured 0.10 s; with bodies opened, 2.35 s and more


async def test_B71_headers_that_drip_end_with_the_time_for_headers(open_web: Open) -> None:
    client = await open_web(limits=Limits(header_s=0.3))
    base = client._base_url
    assert base is not None
    for sent in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "):
        reader, writer = await asyncio.open_connection(base.host, base.port)
        writer.write(sent)
        async with asyncio.timeout(Limits().header_s / 2):  # then it would end by itself
            while await reader.read(1_000):
                pass
        await _close(writer)


async def test_B71_a_body_that_stalls_ends_with_the_time_for_bodies(open_web: Open, house: Standing) -> None:
    client = await open_web(limits=Limits(body_s=0.2))
    answer = await _raw(
        client, b"POST /api/v1/reload HTTP/1.1", b"Host: localhost", b"Content-Type: application/json",
        b"Content-Length: 100", body=b"{",
    )  # fmt: skip
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert house.reloads == 0


async def test_B71_connections_beyond_the_limit_are_turned_away_and_the_rest_is_served(open_web: Open) -> None:
    client = await open_web(limits=Limits(connections=10))
    base = client._base_url
    assert base is not None
    idle = [await asyncio.open_connection(base.host, base.port) for _ in range(40)]
    reads = {asyncio.create_task(reader.read()) for reader, _ in idle}
    turned_away: set[asyncio.Task[bytes]] = set()
    async with asyncio.timeout(HANG_S):
        while len(turned_away) < 30:
            done, reads = await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)
            turned_away |= done
    assert all(b" 503 " in task.result() for task in turned_away)
    assert len(reads) == 10
    for _, writer in idle:
        await _close(writer)
    async with client.get("/healthz") as answer:
        assert answer.status == 200


def test_a_refusal_has_a_code_for_programs_and_a_sentence_for_people() -> None:
    refusal = Refusal(400, "bad", "It is bad.")
    assert (refusal.status, refusal.code, str(refusal)) == (400, "bad", "It is bad.")
