"""The log: one line a record, nothing that a terminal obeys, no secret, and no flood of the same."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from monitor.daemon.logs import REPEATS_MAX, set_up

CANARY = "canary-7f3a9c-secret"


@contextmanager
def written(redact: Callable[[str], str] = lambda text: text) -> Iterator[io.StringIO]:
    """What the house's log writes meanwhile; the log of the tests is put back."""
    root, ours = logging.getLogger(), logging.getLogger("monitor")
    handlers, levels, raises = root.handlers[:], (root.level, ours.level), logging.raiseExceptions
    root.handlers = []  # or pytest's own would be closed
    set_up(redact)
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    said = io.StringIO()
    handler.setStream(said)
    try:
        yield said
    finally:
        root.handlers, logging.raiseExceptions = handlers, raises
        root.setLevel(levels[0])
        ours.setLevel(levels[1])


def _fail(logger: logging.Logger, error: Exception) -> None:
    try:
        raise error
    except type(error):
        logger.exception("it failed")


def test_B84_a_newline_or_an_escape_in_a_remote_text_forges_no_line_and_moves_no_cursor() -> None:
    with written() as said:
        remote = "down\n2026-11-22 CRITICAL forged\r\x1b[2J\x1b]0;title\x07\u202e\x00"
        logging.getLogger("monitor.x").warning("the page says %s", remote)
    text = said.getvalue()
    assert len(text.splitlines()) == 1
    assert not set(text[:-1]) & set("\n\r\x1b\x07\x00\u202e")
    assert "\\n2026-11-22 CRITICAL forged" in text


def test_B84_a_traceback_cannot_forge_a_line_either() -> None:
    with written() as said:
        _fail(logging.getLogger("monitor.x"), ValueError("bad\nERROR forged"))
    first, *below = said.getvalue().splitlines()
    assert "it failed" in first
    assert below
    assert all(line.startswith("    ") for line in below)


def test_B86_a_secret_in_a_message_its_arguments_or_its_exception_is_not_written() -> None:
    with written(lambda text: text.replace(CANARY, "***")) as said:
        logger = logging.getLogger("monitor.x")
        logger.warning("token %s", CANARY)
        _fail(logger, RuntimeError(f"https://api.example/?token={CANARY}"))
    assert CANARY not in said.getvalue()
    assert said.getvalue().count("***") >= 2


def _flood(times: int) -> int:
    with written() as said:
        logger = logging.getLogger("monitor.x")
        for _ in range(times):
            logger.error("nobody answers at status.example")
    return len(said.getvalue().splitlines())


def test_B85_the_same_error_twenty_thousand_times_is_a_few_lines() -> None:
    assert _flood(20_000) <= 2 * REPEATS_MAX


@pytest.mark.slow
def test_B85_the_same_error_a_million_times_is_a_few_lines() -> None:
    assert _flood(1_000_000) <= 10 * REPEATS_MAX


def test_B85_other_errors_are_still_written_during_a_flood() -> None:
    with written() as said:
        logger = logging.getLogger("monitor.x")
        for n in range(2_000):
            logger.error("nobody answers at status.example")
            if n % 500 == 0:
                logger.error("another trouble %d", n)
    assert said.getvalue().count("another trouble") == 4
