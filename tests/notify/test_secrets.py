"""What stands behind the rule that no log line names a contact; and that the daemon stays free of Apprise."""

import logging
import subprocess
import sys

from monitor.notify.secrets import Redactor


def test_every_piece_of_a_known_contact_is_masked_escaped_or_not() -> None:
    redactor = Redactor()
    redactor.learn(["jsons://someone:pa%40ssword@hooks.example.org/tok-123456?+Authorization=Bearer-999"])
    text = redactor.text("failed for someone with pa@ssword / pa%40ssword at hooks.example.org, tok-123456, Bearer-999")
    for piece in ("someone", "ssword", "hooks.example", "tok-1", "Bearer"):
        assert piece not in text


def test_the_parts_of_an_alertmanager_contact_are_masked_too() -> None:
    redactor = Redactor()
    redactor.learn(["alertmanagers://someone:pa%40ssword@am.example.org/prefix", "alertmanager://h?token=tok%2B12345"])
    text = redactor.text("someone pa@ssword pa%40ssword am.example.org tok+12345 tok%2B12345")
    assert text == " ".join(["***"] * 6)


def test_what_looks_like_an_address_is_masked_even_when_unknown() -> None:
    assert Redactor().text("posting to https://u:p@h/x?y now") == "posting to https://*** now"


def test_a_log_record_is_masked_with_its_arguments_and_loses_its_traceback() -> None:
    redactor = Redactor()
    redactor.learn(["slack://canary-token/x"])
    fault = ValueError("canary-token")
    record = logging.LogRecord(
        "apprise", logging.ERROR, "", 1, "sent %s", ("canary-token",), (ValueError, fault, fault.__traceback__)
    )
    assert redactor.filter(record)
    assert logging.Formatter().format(record) == "sent *** (ValueError)"


def test_the_daemons_process_loads_neither_apprise_nor_requests() -> None:
    script = "import sys, monitor.notify; print([m for m in ('apprise', 'requests', 'urllib3') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)  # noqa: S603 - our own words
    assert run.stdout.strip() == "[]"
