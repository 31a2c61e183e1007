"""No message shows a secret."""

import json
import logging
import os
import re
import traceback
from pathlib import Path

import pytest
import yaml

from monitor.settings import SettingsError, load, public_url, redact
from tests.settings.files import PAGE, channel, faults, loaded, only_fault, write

CANARY = "cAnary-7f3a9b21c5d8e6f4"

FULL = f"""\
team: {{name: Team, timezone: UTC, language: en}}
store: sqlite:///var/vigie.db
server: {{listen: 127.0.0.1:9180, token: 0123456789abcdef, hosts: [board.example], url: "http://board.example"}}
fetch: {{allow_private: [127.0.0.0/8], proxy: "http://proxy.example:3128", contact: it@example.org, spacing: 1s}}
rules: {{resolve_after: 2s, flap_changes: 4}}
channels:
  reddit: {{name: Reddit, owner: first, fallback: x, playbook: "https://wiki.example/p", platform: {{id: r, name: R}}}}
  newsletter:
    probes: [{{kind: status.statuspage, url: "{PAGE}", every: 1s, expires: 5s, components: [Mail], regions: [EU]}}]
people: {{first: {{name: First, contacts: ["json://127.0.0.1:8766/hook"]}}}}
routes: {{receiver: first, group_wait: {{critical: 1s}}, group_interval: 5m}}
retention: {{observations: 7d}}
"""

ON_CALL = """\
channels:
  base: {probes: [{kind: status.statuspage, url: "http://127.0.0.1/x"}]}
  shop: {market: fr, tags: [launch], probes: [{kind: status.statuspage, url: "http://127.0.0.1/x"}]}
people:
  first:
    name: First
    contacts: [{address: "json://127.0.0.1:8766/hook"}, {address: "json://127.0.0.1:8767/hook", after: 2m}]
    timezone: Europe/Paris
    language: fr
    quiet_hours: {"on": [mon-fri], from: "22:00", to: "07:00"}
    digest: "09:00"
teams: {all: {name: All, members: [first]}}
destinations: {room: {name: Room, contacts: ["json://127.0.0.1:8768/hook"], language: en}}
schedules:
  main:
    rotation: {people: [first, first], every: 1 week, start: "2026-11-02T09:00"}
    rules: [{"on": [sat], people: [first]}]
    notice: "08:00"
  other: {ical: "https://cal.example/x.ics", ical_every: 1h}
escalation: {p: {steps: [{targets: [all, main], after: 5m}], repeat: 1, fallback: room}}
routes:
  receiver: main
  escalation: p
  routes: [{matchers: ["severity=critical", 'channel=~"sho.*"'], receiver: room, mute: [office], "continue": true}]
time_intervals: {office: {windows: [{from: "09:00", to: "18:00"}], months: [jan], days: [1]}}
dependencies: {base: [shop]}
silences: [{matchers: ["tags=launch"], author: A, comment: C, start: "2026-11-02T09:00", end: "2026-11-03T09:00"}]
maintenance: {m: {matchers: ["tags=launch"], start: "2026-11-02T09:00", duration: 1h, rrule: FREQ=WEEKLY;BYDAY=SU}}
launches: [{name: L, channels: [shop], start: "2026-11-02T09:00", end: "2026-11-03T09:00"}]
watchdog: {within: 5m}
heartbeat: {url: "https://beat.example/x", every: 60s}
"""


def variants(node: object) -> list[object]:
    """`node` with the canary in the place of each key and each value, one at a time, and as an extra key."""
    found: list[object] = [CANARY, [CANARY], {CANARY: CANARY}, {CANARY: {CANARY: [CANARY]}}]
    if isinstance(node, dict):
        found += [{**node, CANARY: "x"}, {**node, f"{CANARY}_{next(iter(node))}": CANARY}]
        for key, value in node.items():
            rest = {k: v for k, v in node.items() if k != key}
            found += [{**rest, CANARY: value}, rest]
            found += [{**rest, key: changed} for changed in variants(value)]
    elif isinstance(node, list):
        found += [[CANARY, *node]]
        found += [[*node[:i], changed, *node[i + 1 :]] for i in range(len(node)) for changed in variants(node[i])]
    return found


def texts_of(whole: str, first: str, last: str) -> list[str]:
    """The file's variants in its keys from `first` to `last`."""
    file = yaml.safe_load(whole)
    keys = list(file)[list(file).index(first) : list(file).index(last) + 1]
    return [json.dumps({**file, key: changed}) for key in keys for changed in variants(file[key])]


@pytest.mark.parametrize(
    ("whole", "first", "last"),
    [
        pytest.param(FULL, "team", "retention", id="looking"),
        pytest.param(ON_CALL, "people", "destinations", id="people", marks=pytest.mark.slow),
        pytest.param(ON_CALL, "schedules", "time_intervals", id="calling", marks=pytest.mark.slow),
        pytest.param(ON_CALL, "dependencies", "heartbeat", id="holding back", marks=pytest.mark.slow),
    ],
)
def test_B43_a_secret_in_any_place_of_the_file_is_in_no_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, whole: str, first: str, last: str
) -> None:
    caplog.set_level(logging.DEBUG)
    refused = 0
    assert loaded(tmp_path, whole)
    texts = texts_of(whole, first, last)
    for text in texts:
        try:
            settings = loaded(tmp_path, text)
        except SettingsError as error:
            refused += 1
            shown = "".join(traceback.format_exception(error)) + repr(error.faults) + repr(error)
            assert CANARY not in shown, text
            assert "7f3a9b21" not in shown, text
        else:
            assert CANARY not in settings.fingerprint
            assert "7f3a9b21" not in "".join(settings.warnings), text
    assert refused > len(texts) / 2 > 50
    assert "7f3a9b21" not in caplog.text


@pytest.mark.parametrize(
    "matcher",
    [
        f"{CANARY}=x",
        f"a7f3a9b21{'c' * 30}=x",
        f"severity={CANARY}",
        f"channel={CANARY}",
        f"channel=~({CANARY}",
        f'channel="{CANARY}',
        f'channel="a"{CANARY}',
        f'channel={CANARY}"b',
        f"channel={CANARY}{'x' * 600}",
        f"x no label: {CANARY}",
    ],
)
def test_B43_no_part_of_a_matcher_is_in_a_message(tmp_path: Path, matcher: str) -> None:
    file = yaml.safe_load(ON_CALL)
    file["routes"]["routes"][0]["matchers"] = [matcher]
    shown = "\n".join(map(str, faults(tmp_path, json.dumps(file))))
    assert "7f3a9b21" not in shown


def test_B43_no_hint_names_an_id_that_may_be_a_secret(tmp_path: Path) -> None:
    secret = "a7f3a9b21c5d8e6f4"
    file = yaml.safe_load(ON_CALL)
    file["people"][secret] = {"name": "A"}
    file["channels"]["shop"]["tags"] = [secret]
    file["teams"]["all"]["members"] = [f"{secret}x"]
    file["routes"] |= {"receiver": f"{secret}x", "routes": [{"matchers": [f"tags={secret}x"]}]}
    shown = faults(tmp_path, json.dumps(file))
    assert {fault.key for fault in shown} >= {"teams.all.members.1", "routes.receiver", "routes.routes.1.matchers.1"}
    assert "7f3a9b21" not in "\n".join(map(str, shown))


@pytest.mark.parametrize("whole", [FULL, ON_CALL], ids=["looking", "on call"])
def test_B43_a_secret_as_a_key_of_the_file_is_in_no_message(tmp_path: Path, whole: str) -> None:
    file = yaml.safe_load(whole)
    for key, value in file.items():
        changed = {CANARY if k == key else k: v for k, v in file.items()}
        shown = "\n".join(map(str, faults(tmp_path, json.dumps(changed))))
        assert CANARY not in shown
        assert "7f3a9b21" not in shown, value


@pytest.mark.parametrize(
    "key", ["hunter2hunter2", "sk-live-0123456789abcdef", "Passw0rd!", "correcthorsebatterystaplecorrect"]
)
def test_B43_a_secret_as_a_key_is_not_printed(tmp_path: Path, key: str) -> None:
    for text in (f"'{key}': 1", f"server:\n  '{key}': 1", f"team: {{}}\n'{key}': 1\n'{key}': 2"):
        assert key not in "\n".join(map(str, faults(tmp_path, text)))


def test_B43_what_came_from_a_reference_is_in_no_message(tmp_path: Path) -> None:
    environ = {"SECRET": "europe/secret-zone"}
    for text in ("team: {timezone: '${SECRET}'}", "server: {listen: '${SECRET}'}", "rules: {ttl: '${SECRET}'}"):
        assert "secret-zone" not in str(only_fault(tmp_path, text, environ))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:swordfish@h.example/p", "https://h.example/p"),
        ("https://h.example:8443/p?api_key=abc123", "https://h.example:8443/p?api_key=***"),
        ("https://h.example/p?id=1740578661644289&lang=en", "https://h.example/p?id=1740578661644289&lang=en"),
        ("https://h.example/p?q=Zx81kQ9", "https://h.example/p?q=***"),
        ("https://h.example/p?Zx81kQ9", "https://h.example/p?***"),
        ("https://h.example/services/T0001/cAnary7f3a9b21c5d8e6f4aa/x", "https://h.example/services/T0001/***/x"),
        ("https://h.example/p#swordfish", "https://h.example/p"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        (
            "https://status.bsky.app/api/getMonitorList/2102707-357837",
            "https://status.bsky.app/api/getMonitorList/2102707-357837",
        ),
        ("https://h.example:99999/", "***"),
    ],
)
def test_B44_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert public_url(url) == shown


def test_B44_what_came_from_a_reference_is_hidden_in_a_probes_address(tmp_path: Path) -> None:
    text = "channels: {a: {probes: [{kind: status.statuspage, url: 'https://h.example/${PART}/x'}]}}"
    settings = loaded(tmp_path, text, {"PART": "swordfish"})
    assert settings.probes[0].params.url == "https://h.example/swordfish/x"
    assert settings.probes[0].rule.url == "https://h.example/***/x"
    assert "swordfish" in settings.secrets
    assert "swordfish" not in repr(settings.probes)


def test_B45_every_secret_is_known_for_redaction(tmp_path: Path) -> None:
    token = write(tmp_path, "from-a-file-0123456789\n", "token")
    token.chmod(0o640)
    contacts = "['json://me:p%40ssword@h.example/abc123def456', 'ntfys://${TOPIC}', 'slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ']"
    text = (
        f"server: {{token: 'file:token'}}\nfetch: {{proxy: 'http://u:proxypass@p.example:1'}}\n"
        f"people: {{a: {{name: A, contacts: {contacts}}}}}\nroutes: {{receiver: a}}\n"
    )
    settings = loaded(tmp_path, text, {"TOPIC": "our-topic-xyz"})
    wanted = {"from-a-file-0123456789", "proxypass", "p%40ssword", "p@ssword", "abc123def456", "our-topic-xyz"}
    assert wanted | {"TIiajkdnlazkcOXrIdevi7FQ", "ntfys://our-topic-xyz"} <= settings.secrets
    shown = repr(settings) + str(settings) + settings.model_dump_json(include={"server", "fetch", "people"})
    assert not [secret for secret in settings.secrets if secret in shown]


def test_B45_the_addresses_of_calendars_and_of_the_heartbeat_are_secrets(tmp_path: Path) -> None:
    calendar, beat = (
        "https://cal.example/ical/first%40x.example/private-0a1b2c3d4e5f6a7b/x.ics",
        "https://b.example/c2354d53",
    )
    text = "people: {a: {name: A}}\nschedules: {s: {ical: '${CAL}'}, t: {ical: 'https://cal.example/public/x.ics'}}\n"
    settings = loaded(tmp_path, text + "heartbeat: {url: '${BEAT}'}\n", {"CAL": calendar, "BEAT": beat})
    assert {calendar, beat, "private-0a1b2c3d4e5f6a7b", "c2354d53"} <= settings.secrets
    assert not {"public", "x.ics", "ical"} & settings.secrets
    shown = repr(settings) + str(settings) + repr(settings.rules_for_mind()) + settings.fingerprint
    assert not [secret for secret in settings.secrets if secret in shown]
    assert not any("holds secrets" in warning for warning in settings.warnings)
    assert any("holds secrets" in w for w in loaded(tmp_path, f"heartbeat: {{url: '{beat}'}}\n").warnings)


def test_B45_redaction_blots_out_the_longest_first() -> None:
    assert redact("see json://h/token-abc and token-abc", {"json://h/token-abc", "token-abc", "a"}) == "see *** and ***"


def test_a_literal_authorization_header_counts_as_a_secret() -> None:
    from monitor.settings.address import secret_values  # noqa: PLC0415 - no part of the public face

    values = {
        "headers": {"Authorization": "Bearer swordfish", "Accept": "application/json"},
        "api_key": "abcdef",
        "n": 1,
    }
    assert secret_values(values) == {"Bearer swordfish", "swordfish", "abcdef"}


def test_the_fingerprint_does_not_depend_on_secrets(tmp_path: Path) -> None:
    text = "team: {name: 'Team ${PASS}'}\n"
    text += "people: {a: {name: A, contacts: ['json://u:${PASS}@h.example']}}\nroutes: {receiver: a}\n"
    text += channel().replace(PAGE, "http://h.example/x?token=${PASS}")
    one, other = loaded(tmp_path, text, {"PASS": "first-one"}), loaded(tmp_path, text, {"PASS": "second-one"})
    assert one.fingerprint == other.fingerprint
    assert one != other


# --- references ----------------------------------------------------------------------------------------------------


def test_a_variable_stands_anywhere_in_a_text(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "team: {name: 'Team ${A} of ${B}'}", {"A": "red", "B": "us"})
    assert settings.team.name == "Team red of us"


def test_a_doubled_dollar_is_a_plain_one(tmp_path: Path) -> None:
    assert loaded(tmp_path, "team: {name: 'a $${HOME} $5 $$ b'}").team.name == "a ${HOME} $5 $$ b"


def test_what_a_variable_holds_is_not_expanded_again(tmp_path: Path) -> None:
    assert (
        loaded(tmp_path, "team: {name: '${A}'}", {"A": "${B} file:/etc/hostname"}).team.name
        == "${B} file:/etc/hostname"
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("${MISSING}", "the environment variable MISSING is not set"),
        ("${MISSING}:${GONE}@${MISSING}", "the environment variables MISSING and GONE are not set"),
        ("${EMPTY}", "the environment variable EMPTY is empty"),
        ("${not a name}", "holds a ${...} that names no environment variable"),
        ("${}", "holds a ${...} that names no environment variable"),
        ("${OPEN", "holds a ${ that is not closed"),
        ("file:missing", "the secret's file does not exist"),
        ("file:folder", "the secret's path is not a regular file"),
        ("file:/dev/zero", "the secret's path is not a regular file"),
        ("file:empty", "the secret's file is empty"),
        ("file:binary", "the secret's file is not UTF-8 text"),
        ("file:large", "the secret's file has more than 64 KiB"),
        ("file:", "the secret's path is not a regular file"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_fault(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "folder").mkdir()
    for name, data in {"empty": b"\n", "binary": b"\xff\xfe\x00", "large": b"x" * 65_537}.items():
        write(tmp_path, data, name).chmod(0o600)
    fault = only_fault(tmp_path, f"server: {{token: '{text}'}}", {"EMPTY": ""})
    assert (fault.key, fault.what) == ("server.token", what)


def test_a_secrets_file_loses_its_last_line_end_only(tmp_path: Path) -> None:
    write(tmp_path, "  two words\n", "s").chmod(0o400)
    assert loaded(tmp_path, "team: {name: 'file:s'}").team.name == "  two words"
    assert loaded(tmp_path, f"team: {{name: 'file:{tmp_path}/s'}}").team.name == "  two words"
    assert loaded(tmp_path, "team: {name: 'file:${DIR}/s'}", {"DIR": str(tmp_path)}).team.name == "  two words"


def test_B47_a_secrets_file_that_everyone_can_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "swordfish-0123456789\n", "token")
    path.chmod(0o644)
    fault = only_fault(tmp_path, "server: {token: 'file:token'}")
    assert fault.what == "the secret's file can be read by everyone"
    assert "swordfish" not in str(fault)
    path.chmod(0o640)
    assert loaded(tmp_path, "server: {token: 'file:token'}").server.token is not None


def test_B47_the_permissions_of_what_a_link_leads_to_count(tmp_path: Path) -> None:
    path = write(tmp_path, "swordfish-0123456789\n", "hidden/token")
    path.chmod(0o604)
    (tmp_path / "token").symlink_to(path)
    assert only_fault(tmp_path, "server: {token: 'file:token'}").what == "the secret's file can be read by everyone"


@pytest.mark.parametrize(
    "text", ["fetch: {per_host: '${N}'}", "fetch: {per_host: 'file:n'}", "rules: {flap_changes: '${N}'}"]
)
def test_a_reference_stands_only_where_text_is_due(tmp_path: Path, text: str) -> None:
    assert only_fault(tmp_path, text, {"N": "4"}).what == "a reference may stand only where text is due"


def test_a_reference_as_a_key_is_not_resolved(tmp_path: Path) -> None:
    assert "unknown key" in only_fault(tmp_path, "'${HOME}': 1", {"HOME": "/root"}).what


def test_the_catalogue_resolves_no_references(tmp_path: Path) -> None:
    write(tmp_path, "id: a\nname: ${HOME}\nplatform: {id: a, name: A}\n", "channels/a.yaml")
    fault = only_fault(tmp_path, "channels: {a: {}}", dict(os.environ))
    assert fault.what == "the environment variable HOME is not set"


def test_the_shipped_sources_hold_no_machine_path() -> None:
    folder = Path(__file__).parents[2] / "config"
    for path in folder.rglob("*.yaml"):
        assert not re.search(r"/(work|home|root)/", path.read_text(encoding="utf-8")), path.name
    assert load(folder / "vigie.yaml", {}).path == folder / "vigie.yaml"
