"""Which alert a message is, and what a contact of Alertmanager's says: by tables, with nothing sent."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.core.model import STEPS, Condition, Link
from monitor.notify import Envelope, surface_fault
from monitor.notify.alertmanager import alert_of, target_of
from monitor.notify.render import Rendered
from tests.notify.given import LABELS, NOW, PAGE, envelope

WORDS = Rendered("⛔ Meta: outage since 09:00", "What it means\nNo ad goes out.")


def alert(message: Envelope, now: datetime = NOW) -> dict[str, Any]:
    return alert_of(message, WORDS, {"team": "marketing"}, now)


# --- the alert that a message is -------------------------------------------------------------------------------------


def test_every_message_on_an_incident_carries_the_same_labels_whatever_changes() -> None:
    changed = {"channel": ("threads",), "platform": (), "state": ("degraded",), "severity": ("warning",)}
    steps = ("opened", "updated", "repeat", "escalated", "handed_over", "acknowledged", "lapsed", "resolved")
    messages = [envelope(step, severity=word) for step in steps for word in ("warning", "critical")]
    messages += [replace(message, labels=LABELS | changed, revision=9) for message in messages]
    labels = [alert(message)["labels"] for message in messages]
    assert labels[0] == {
        "alertname": "VigieChannelTrouble",
        "kind": "availability",
        "incident": "0-7",
        "team": "marketing",
    }
    assert all(each == labels[0] for each in labels)


def test_what_changes_stands_in_the_annotations() -> None:
    found = alert(envelope())["annotations"]
    assert found == {
        "summary": "⛔ Meta: outage since 09:00",
        "description": "What it means\nNo ad goes out.",
        "step": "opened",
        "channels": "facebook, instagram",
        "platform": "meta",
        "severity": "critical",
    }


def test_each_kind_of_trouble_has_an_alert_name_of_its_own() -> None:
    found = [alert(replace(envelope(), labels={"kind": (kind.value,)}))["labels"]["alertname"] for kind in Condition]
    assert len(set(found)) == len(Condition)
    assert all(name.startswith("Vigie") for name in found)


def test_an_open_alert_outlives_the_longest_silence_and_an_end_is_when_it_was() -> None:
    later = NOW + timedelta(hours=3)
    still = alert(envelope("repeat"), later)
    assert datetime.fromisoformat(still["startsAt"]) == NOW
    assert datetime.fromisoformat(still["endsAt"]) > later + timedelta(days=30)
    over = alert(envelope("resolved", resolved=NOW + timedelta(minutes=9)), later)
    assert datetime.fromisoformat(over["endsAt"]) == NOW + timedelta(minutes=9)


NOTES = [
    s for s in STEPS if s in {"handoff", "duty", "announced", "report", "digest", "summary", "drill", "down", "test"}
]


@pytest.mark.parametrize("step", NOTES)
def test_what_is_no_incident_is_a_short_alert_of_its_own_that_counts_from_when_it_is_sent(step: str) -> None:
    late = NOW + timedelta(hours=20)
    found = alert(replace(envelope(step), incident="digest/first", opened=None), late)
    assert found["labels"]["alertname"] == f"Vigie{step.title()}"
    assert (found["labels"]["kind"], found["labels"]["incident"]) == ("note", "digest/first")
    assert datetime.fromisoformat(found["endsAt"]) == late + timedelta(hours=1)


def test_the_alert_leads_to_the_incidents_page_and_to_nothing_that_is_no_web_page() -> None:
    links = (Link("Status", "https://status.example/"), Link("x", "javascript:alert(1)"), Link("Incident", PAGE))
    message = envelope()
    assert alert(replace(message, message=replace(message.message, links=links)))["generatorURL"] == PAGE
    assert "generatorURL" not in alert(replace(message, message=replace(message.message, links=links[1:2])))


# --- the contact -----------------------------------------------------------------------------------------------------


def test_a_contact_says_host_prefix_credentials_and_labels() -> None:
    assert target_of("alertmanager://am.example").url == "http://am.example:9093/api/v2/alerts"
    assert target_of("alertmanagers://am.example").url == "https://am.example/api/v2/alerts"
    assert target_of("alertmanager://[::1]:1/a/b/").url == "http://[::1]:1/a/b/api/v2/alerts"
    assert target_of("alertmanager://h:1/a/api/v2/alerts").url == "http://h:1/a/api/v2/alerts"
    assert target_of("alertmanagers://h?token=a%2Bb").headers == {"Authorization": "Bearer a+b"}
    assert target_of("alertmanagers://us%40er:p%3Aw@h").headers == {"Authorization": "Basic dXNAZXI6cDp3"}
    assert target_of("alertmanager://h/?+team=a%20b&+severity=critical").labels == {
        "team": "a b",
        "severity": "critical",
    }


@pytest.mark.parametrize(
    ("contact", "says_so"),
    [
        ("alertmanager://", "no host"),
        ("alertmanager://:9093", "no host"),
        ("alertmanager://h:99999", "port"),
        ("alertmanager://h:canary", "port"),
        ("alertmanager://[canary", "host"),
        ("alertmanager://user:canary/x@h", "%40"),
        ("alertmanager://h?token=canary#y", "%23"),
        ("alertmanager://h#", "%23"),
        ("alertmanager://user:canary@h?token=canary", "one of them"),
        ("alertmanager://h?token=canary%0a", "header"),
        ("alertmanager://h?tokn=canary", "tokn is unknown"),
        ("alertmanager://h?+incident=canary", "Vigie's own"),
        ("alertmanager://h?+1x=canary", "begins with no digit"),
        ("alertmanager://h?+team=", "needs a value"),
        ("alertmanager://h?verify=no", "refused"),
        ("alertmanager://h?" + "&".join(f"+l{n}=canary" for n in range(21)), "more than 20"),
    ],
)
def test_a_contact_that_cannot_be_meant_is_refused_in_words_that_repeat_nothing_of_it(
    contact: str, says_so: str
) -> None:
    fault = surface_fault(contact)
    assert fault is not None
    assert says_so in fault
    assert "canary" not in fault
