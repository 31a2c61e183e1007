"""Each contact is an Apprise address that is understood at load, without the network."""

import logging
from pathlib import Path
from typing import Any

import pytest

from monitor.core.wording import destination_name
from monitor.notify.alertmanager import target_of
from monitor.settings import Fault
from monitor.settings.contacts import OWN, SERVICES, SHAPES, check, scheme_of
from monitor.settings.values import HintedError
from tests.settings.files import loaded, only_fault

SECRET = "sw0rdfishXYZ"

GOOD = [
    "mailto://user:password@mail.example",
    "mailtos://user:p%40ss%2F%3F%23@smtp.example.org:587?from=a@example.org&to=b@example.org&mode=starttls",
    "mailtos://_?user=a@example.org&pass=abc&smtp=smtp.example.org&from=a@example.org&to=b@example.org",
    "json://127.0.0.1:8766/hook",
    "jsons://user:pass@h.example/a/b?+X-Key=abc&:field=v&method=PUT&rto=5.5&cto=3&verify=no&overflow=split",
    "xml://h.example",
    "forms://h.example/path",
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "workflows://prod-1.westeurope.logic.azure.com:443/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu-6Rj8aUKz7108W3wrNJZxFE5A",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "ntfy://topic",
    "ntfys://user:pass@ntfy.example/topic?priority=high",
    "gotify://h.example/aaaaaaaaaaaaaaa",
    "pagerduty://aaaaaaaaaaaaaaaaaaaaaaaa@bbbbbbbbbbbbbbbbbbbbbbbb",
    "opsgenie://a0b1c2d3-e4f5-a0b1-c2d3-e4f5a0b1c2d3",
    "twilio://AC735c307c62944b5a:e29dfbcebf390dee9@15551233456/15555555555",
    "signal://h.example:8080/15551233456/15555555555",
    "matrixs://user:pass@h.example/#room",
    "mmosts://h.example/3ccdd113474722377935511fc85d3dd4",
    "rockets://user:pass@h.example/#channel",
    "pover://uaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "pbul://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "alertmanager://127.0.0.1",
    "alertmanager://127.0.0.1:9093/prefix?+team=marketing&+severity=critical",
    "alertmanagers://user:p%40ss@alerts.example/am",
    "alertmanagers://alerts.example?token=abc.def",
]

BAD_ALERTMANAGERS = {
    "alertmanager://": "names no host",
    "alertmanager://h.example/x#y": "holds a #",
    "alertmanager://h.example:99999": "has a port that is not in 1 to 65535",
    "alertmanager://u:p@h.example?token=x": "has a user and a token",
    "alertmanager://h.example?token=%0a": "has a token that no header can carry",
    f"alertmanager://h.example?{SECRET}=1": "has a parameter that this kind of contact does not know",
    f"alertmanager://h.example?+a-{SECRET}=1": "adds a label whose name cannot be",
    "alertmanager://h.example?+alertname=x": "adds the label alertname, which is Vigie's own",
    "alertmanager://h.example?+team=": "adds a label whose value has not 1 to 200 characters",
    "alertmanager://h.example?" + "&".join(f"+a{n}=b" for n in range(21)): "adds more than 20 labels",
}


@pytest.mark.parametrize("url", GOOD, ids=[scheme_of(url) + str(n) for n, url in enumerate(GOOD)])
def test_a_good_address_is_taken(url: str) -> None:
    check(url)


def refused(folder: Path, url: str) -> Fault:
    """The fault of a file with this contact."""
    fault = only_fault(folder, f"people: {{a: {{name: A, contacts: ['json://h.example', \"{url}\"]}}}}\n")
    assert (fault.line, fault.key) == (1, "people.a.contacts.2")
    assert SECRET not in str(fault)
    return fault


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (f"json://h.example/?attach=/etc/passwd&x={SECRET}", "'attach'"),
        (f"slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?template=/{SECRET}", "'template'"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?Template=x", "'template'"),
        ("ntfy://topic?attach=http://10.0.0.1/", "'attach'"),
        ("forms://h.example?attach-as=x", "'attach-as'"),
        ("json://h.example?retry=99", "'retry'"),
        ("json://h.example?redirect=yes", "'redirect'"),
        ("mailtos://u:p@mail.example?pgppub=/etc/passwd", "'pgppub'"),
    ],
)
def test_B48_parameters_that_read_files_or_try_again_are_refused(tmp_path: Path, url: str, what: str) -> None:
    assert refused(tmp_path, url).what == f"has the parameter {what}, which is refused"


@pytest.mark.parametrize(
    "url",
    [
        "syslog://",
        "dbus://",
        "gnome://",
        "windows://",
        "macosx://",
        "apprise://h/x",
        "file:///etc/passwd.py",
        "nosuch://x",
    ],
)
def test_B49_other_schemes_are_refused(tmp_path: Path, url: str) -> None:
    if url.startswith("file:"):
        assert "does not exist" in refused(tmp_path, url).what
    else:
        assert refused(tmp_path, url).what == "has a scheme that Vigie does not send by"


@pytest.mark.parametrize(
    ("scheme", "hint"), [("msteams", "workflows"), ("https", "jsons"), ("telegram", "tgram"), ("slak", "slack")]
)
def test_B49_a_refused_scheme_has_a_hint(tmp_path: Path, scheme: str, hint: str) -> None:
    assert hint in refused(tmp_path, f"{scheme}://a/{SECRET}/c").hint


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("json://h.example:99999", "has a port that is not in 1 to 65535"),
        ("json://h.example:0", "has a port that is not in 1 to 65535"),
        ("json://h.example:abc", "has a port that is not a number"),
        ("json://h.example?rto=abc", "has a 'rto' that is not a number"),
        ("json://h.example?cto=9999", "has a 'cto' that is not a number"),
        ("json://h.example?rto=nan", "has a 'rto' that is not a number"),
        ("json://h.example?overflow=bad", "has a 'overflow' that does not exist"),
        ("json://h.example?format=bad", "has a 'format' that does not exist"),
        ("json://h.example?verify=maybe", "has a 'verify' that is neither yes nor no"),
        (f"json://h.example?{SECRET}=1", "has a parameter that this kind of contact does not know"),
        ("json://h.example/a b", "is too long, or holds a space or a control character"),
        (f"{SECRET}", "is not the address of a contact"),
        ("slack://T1JJ3T3L2/short", "is not a complete address of Slack"),
        ("pagerduty://x", "is not a complete address of PagerDuty"),
        (f"json://{'x' * 3000}", "is too long, or holds a space or a control character"),
        ("json://", "is not a complete address of webhook"),
    ],
)
def test_an_address_that_cannot_work_is_a_fault(tmp_path: Path, url: str, what: str) -> None:
    assert refused(tmp_path, url).what.startswith(what)


@pytest.mark.parametrize(
    "url",
    [
        f"mailto://user:p@{SECRET}@mail.example",
        f"json://user:p/{SECRET}@h.example/",
        f"json://user:p?{SECRET}@h.example/",
        f"json://user:p#{SECRET}@h.example/",
        f"json://user:12/{SECRET}@h.example/",
    ],
)
def test_B57_a_raw_password_never_moves_the_target_to_another_host(tmp_path: Path, url: str) -> None:
    assert "percent-encode" in refused(tmp_path, url).hint


@pytest.mark.parametrize("url", BAD_ALERTMANAGERS)
def test_an_alertmanager_that_cannot_be_is_a_fault(tmp_path: Path, url: str) -> None:
    assert refused(tmp_path, url).what.startswith(BAD_ALERTMANAGERS[url])


@pytest.mark.parametrize("url", [*BAD_ALERTMANAGERS, *(url for url in GOOD if url.startswith("alertmanager"))])
def test_the_load_refuses_exactly_the_alertmanagers_that_the_notifier_cannot_read(url: str) -> None:
    try:
        target_of(url)
    except ValueError:
        with pytest.raises(HintedError):
            check(url)
    else:
        check(url)


def test_no_address_is_logged_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    for url in (f"json://u:{SECRET}@h.example/{SECRET}", f"mailto://u:{SECRET}", f"slack://{SECRET}"):
        try:
            check(url)
        except HintedError as error:
            assert SECRET not in f"{error}{error.hint}{error.__cause__}{error.__context__ and ''}"  # noqa: PT017 - either way
    assert caplog.text == ""
    assert logging.getLogger("apprise").level >= logging.WARNING


def test_a_contact_may_come_from_a_reference(tmp_path: Path) -> None:
    text = "people: {a: {name: A, contacts: ['${HOOK}']}}\nroutes: {receiver: a}\n"
    settings = loaded(tmp_path, text, {"HOOK": "json://u:pass@h.example/x"})
    assert settings.destinations[0].service == "json"
    fault = only_fault(tmp_path, text, {"HOOK": f"nosuch://{SECRET}"})
    assert SECRET not in str(fault)


def test_every_scheme_that_we_send_by_exists_in_apprise() -> None:
    import apprise  # noqa: PLC0415 - half a second that other tests need not wait for

    manager: Any = apprise.NotificationManager()  # type: ignore[no-untyped-call]
    assert [scheme for scheme in SERVICES if scheme not in manager] == sorted(OWN)


def test_each_way_to_a_person_has_a_plain_name_that_people_see(tmp_path: Path) -> None:
    contacts = "contacts: ['mailto://u:p4ssw0rd@mail.example', 'json://h.example/x', 'tgram://123456:abcdefghij/42/']"
    settings = loaded(tmp_path, f"people: {{a: {{name: First, {contacts}}}}}\nroutes: {{receiver: a}}\n")
    rules = settings.rules_for_mind()
    assert [destination_name(rules, name) for name in rules.destinations] == [
        "First by mail",
        "First by webhook",
        "First by Telegram",
    ]


@pytest.mark.parametrize("service", SHAPES)
def test_what_is_shown_as_an_address_is_one(service: str) -> None:
    check(SHAPES[service])
    assert SERVICES[scheme_of(SHAPES[service])] == service


@pytest.mark.parametrize(
    ("webhook", "shape"),
    [
        ("https://hooks.slack.com/services/T1/B1/abc", "slack://"),
        ("https://discord.com/api/webhooks/1/abc", "discord://"),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/x?sig=y", "workflows://"),
        ("https://example.org/discord.com", "jsons://"),
    ],
)
def test_who_pastes_a_webhook_is_told_its_form(tmp_path: Path, webhook: str, shape: str) -> None:
    assert shape in refused(tmp_path, webhook).hint


def test_a_variable_written_as_in_a_shell_is_a_warning(tmp_path: Path) -> None:
    text = 'people: {first: {name: First, contacts: ["ntfys://$TOPIC"]}}\nroutes: {receiver: first}\n'
    (said,) = [w for w in loaded(tmp_path, text, {"TOPIC": "x"}).warnings if "TOPIC" in w]
    assert said == "people.first.contacts.1: $TOPIC is sent as it stands; write ${TOPIC} for the environment variable"
    assert not [w for w in loaded(tmp_path, text, {}).warnings if "TOPIC" in w]
