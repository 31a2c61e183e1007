"""B01-B09: whatever a body is made of, it is read whole and within its limit, or not at all."""

import gzip
import resource
import time
import zlib
from collections.abc import Iterator

import brotli  # type: ignore[import-untyped] # it has no types
import pytest
from backports import zstd

from probes.base import Reason
from tests.fetch.doors import ask, unreadable
from tests.hostile import HostileServer, answer, endless, raw
from tests.patience import until

TEXT = b'{"status": "operational"}' * 200
ZEROS = bytes(1024 * 1024)
MEMORY_BYTES_MAX = 64 * 1024 * 1024


def coded(coding: str, body: bytes) -> bytes:
    if coding in ("gzip", "x-gzip"):
        return gzip.compress(body)
    if coding == "deflate":
        return zlib.compress(body)
    return bytes(brotli.compress(body, quality=4)) if coding == "br" else zstd.compress(body)


def head(coding: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: " + coding.encode() + b"\r\n\r\n"


def gzip_bomb() -> Iterator[bytes]:
    made = zlib.compressobj(9, zlib.DEFLATED, 31)
    while True:
        yield made.compress(ZEROS) + made.flush(zlib.Z_SYNC_FLUSH)


def zstd_bomb() -> Iterator[bytes]:
    made = zstd.ZstdCompressor()
    while True:
        yield made.compress(ZEROS, made.FLUSH_BLOCK)


def brotli_bomb() -> Iterator[bytes]:
    made = brotli.Compressor(quality=5)
    while True:
        yield made.process(ZEROS) + made.flush()


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "zstd"])
async def test_each_coding_that_we_ask_for_is_read(coding: str) -> None:
    async with HostileServer() as world:
        url = world.at("/", answer(body=coded(coding, TEXT), headers={"Content-Encoding": coding}))
        assert (await ask(url)).body == TEXT
        asked = world.heard[0].headers["accept-encoding"]
        assert coding.removeprefix("x-") in asked


async def test_deflate_without_its_header_is_read_as_browsers_do() -> None:
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = made.compress(TEXT) + made.flush()
    async with HostileServer() as world:
        assert (await ask(world.at("/", answer(body=body, headers={"Content-Encoding": "deflate"})))).body == TEXT


async def test_gzip_in_a_few_pieces_is_one_body() -> None:
    async with HostileServer() as world:
        body = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0\0"
        assert (await ask(world.at("/", answer(body=body, headers={"Content-Encoding": "gzip"})))).body == b"one two"


@pytest.mark.parametrize(
    ("coding", "bomb"),
    [
        pytest.param("gzip", gzip_bomb, id="B01"),
        pytest.param("br", brotli_bomb, id="B02"),
        pytest.param("zstd", zstd_bomb, id="B03"),
    ],
)
async def test_a_bomb_is_refused_at_the_limit_without_time_or_memory(coding: str, bomb: object) -> None:
    assert callable(bomb)
    async with HostileServer() as world:
        url = world.at("/", endless(bomb(), head(coding)))
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        text = await unreadable(url, Reason.LIMIT, "larger than 2097152 bytes")
        assert text.startswith(f"127.0.0.1:{world.port}: ")
        assert time.process_time() - began < 2.0
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY_BYTES_MAX


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
async def test_a_small_answer_that_holds_a_bomb_is_refused(coding: str) -> None:
    async with HostileServer() as world:
        body = coded(coding, bytes(64 * 1024 * 1024))
        assert len(body) < 100_000
        url = world.at("/", answer(body=body, headers={"Content-Encoding": coding}))
        await unreadable(url, Reason.LIMIT, "larger than")


async def test_B04_a_hundred_thousand_gzip_pieces_are_refused() -> None:
    async with HostileServer() as world:
        url = world.at("/", answer(body=gzip.compress(b"") * 100_000, headers={"Content-Encoding": "gzip"}))
        began = time.process_time()
        await unreadable(url, Reason.LIMIT, "more than 64 pieces")
        assert time.process_time() - began < 1.0


async def test_B05_a_body_that_is_compressed_twice_is_refused() -> None:
    async with HostileServer() as world:
        body = gzip.compress(gzip.compress(TEXT))
        url = world.at("/", answer(body=body, headers={"Content-Encoding": "gzip, gzip"}))
        await unreadable(url, Reason.FORMAT, "more than once")
        lines = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n"
        await unreadable(world.at("/lines", raw(lines + body)), Reason.FORMAT, "more than once")


@pytest.mark.parametrize("coding", ["compress", "lzma", "\xff", "gzip;q=1", "none"])
async def test_B06_a_coding_that_we_do_not_know_is_refused(coding: str) -> None:
    async with HostileServer() as world:
        url = world.at("/", answer(body=TEXT, headers={"Content-Encoding": coding}))
        await unreadable(url, Reason.FORMAT, "a way that we do not read")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("left", [0.1, 0.5, 0.99])
async def test_B07_a_cut_stream_with_the_right_length_is_not_taken_for_the_whole(coding: str, left: float) -> None:
    body = coded(coding, bytes(range(256)) * 400)
    async with HostileServer() as world:
        cut = body[: int(len(body) * left)]
        url = world.at("/", answer(body=cut, headers={"Content-Encoding": coding}))
        await unreadable(url, Reason.FORMAT, "was cut off")


async def test_B08_a_damaged_stream_is_refused() -> None:
    async with HostileServer() as world:
        good = gzip.compress(TEXT)
        for body in (
            b"not gzip at all",
            good[:-8] + b"\0\0\0\0" + good[-4:],  # the checksum is wrong
            good + b"and more",
            b"<html>login</html>",
        ):
            url = world.at("/", answer(body=body, headers={"Content-Encoding": "gzip"}))
            await unreadable(url, Reason.FORMAT, "not compressed in the way that it says")
        for coding in ("br", "zstd", "deflate"):
            url = world.at("/", answer(body=b"\xff\xfe\xfd" * 99, headers={"Content-Encoding": coding}))
            await unreadable(url, Reason.FORMAT, "not compressed in the way|was cut off")


async def test_B09_a_body_without_end_is_left_at_the_limit() -> None:
    async with HostileServer() as world:
        url = world.at("/", endless(b"x" * 65536))
        await unreadable(url, Reason.LIMIT, "larger than 2097152 bytes")
        await until(lambda: not world.open)


async def test_a_body_may_be_as_large_as_its_limit_and_not_a_byte_more() -> None:
    async with HostileServer() as world:
        for headers, body in (({}, b"x" * 1000), ({"Content-Encoding": "gzip"}, gzip.compress(b"x" * 1000))):
            url = world.at("/", answer(body=body, headers=headers))
            assert len((await ask(url, body_max=1000)).body) == 1000
            await unreadable(url, Reason.LIMIT, "larger than 999 bytes", body_max=999)


async def test_an_empty_body_that_claims_a_coding_is_empty() -> None:
    async with HostileServer() as world:
        for status in (200, 204):
            url = world.at("/", answer(status, headers={"Content-Encoding": "gzip"}))
            assert (await ask(url)).body == b""
