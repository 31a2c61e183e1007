"""Contacts that may not or cannot be used are refused with a hint, and nothing secret is repeated."""

import pytest

from monitor.notify import SERVICES, check_contacts, surface_fault


@pytest.mark.parametrize(
    "contact",
    [
        "json://h/?attach=/etc/passwd",
        "json://h/?ATTACH=http://h/",
        "slack://a/b/c/?template=/etc/passwd",
        "discord://1/b?template=/etc/passwd&x=1",
        "jsons://h/?verify=no",
        "mailto://u:p@h.example?pgpkey=/etc/passwd",
    ],
)
def test_B48_parameters_that_read_files_or_weaken_are_refused(contact: str) -> None:
    assert "is refused" in (surface_fault(contact) or "")


@pytest.mark.parametrize(
    "contact",
    [
        "syslog://",
        "dbus://",
        "windows://",
        "apprise://h/t",
        "mastodon://t@h",
        "mqtt://h/t",
        "/etc/x.py",
        "slak://a/b/c",
    ],
)
def test_B49_schemes_off_the_list_are_refused(contact: str) -> None:
    assert surface_fault(contact)


def test_B49_a_slip_of_the_pen_gets_a_hint() -> None:
    assert "did you mean slack://" in (surface_fault("slak://a/b/c") or "")
    assert "json://" in (surface_fault("https://hooks.slack.com/services/a/b/c") or "")


@pytest.mark.parametrize("sign", ["@", "/", "?", "#"])
@pytest.mark.parametrize("scheme", ["json", "mailto", "jsons"])
def test_B57_a_password_with_an_unescaped_sign_is_refused_and_not_repeated(scheme: str, sign: str) -> None:
    fault = surface_fault(f"{scheme}://user:canary{sign}word@real.example/x")
    assert fault is not None
    assert "%40" in fault
    assert "canary" not in fault


@pytest.mark.parametrize(
    "contact",
    [
        "json://user:p%40%2F%3F%23@host.example:8080/hook",
        "json://127.0.0.1:8766/hook",
        "json://[::1]:8766/hook",
        "mailto://127.0.0.1:25?from=v@example.org&to=a@example.org",
        "mailtos://user:pw@mail.example.org/a@example.org/b@example.org",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "pagerduty://abc@def",
        "ntfys://user:pw@ntfy.example.org/room",
    ],
)
def test_contacts_as_the_services_write_them_are_taken(contact: str) -> None:
    assert surface_fault(contact) is None


@pytest.mark.parametrize(
    "contact", ["json://h:99999/", "json://h:abc/", "json://h:port", "json://a b/", "json://h/\nx"]
)
def test_ports_and_blanks_are_checked(contact: str) -> None:
    assert surface_fault(contact)


def test_what_acts_on_this_machine_or_in_public_is_not_on_the_list() -> None:
    assert (
        not {"syslog", "dbus", "windows", "gnome", "macosx", "glib", "rsyslog", "x", "tweet", "mastodon"}
        & SERVICES.keys()
    )


def test_contacts_are_checked_in_a_process_of_their_own() -> None:
    faults = check_contacts(
        {
            "good": "jsons://user:p%40ss@hooks.example.org/x",
            "mail": "mailtos://user:pw@mail.example.org?to=team@example.org&from=vigie@example.org",
            "typo": "jsons://hooks.example.org/?methd=PUT",
            "short": "slack://only-one-part",
            "push": "syslog://",
        }
    )
    assert set(faults) == {"typo", "short", "push"}
    assert "did you mean method?" in faults["typo"]
