"""What a good file comes to."""

import copy
import pickle
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.core.duty import Method, Route
from monitor.settings import SettingsError, load
from probes.base import Family
from tests.settings.files import PAGE, SAMPLE, channel, faults, loaded, only_fault, write


def test_the_sample_of_the_issue_loads_as_it_stands(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SAMPLE)
    assert [probe.id for probe in settings.probes] == ["reddit/1", "newsletter/1"]
    assert settings.warnings == ()
    rules = settings.rules_for_mind()
    assert (rules.team, rules.timezone, rules.resolve_after) == ("Example team", "Europe/Paris", timedelta(seconds=2))
    assert rules.route == Route("root", "first", wait_critical=timedelta(0), wait_warning=timedelta(0))
    assert [(d.id, d.receiver, d.name, d.service) for d in rules.destinations.values()] == [
        ("first/1", "first", "First on call", "json")
    ]
    assert rules.recipients["first"].methods == (Method("first/1"),)
    assert settings.contacts["first/1"].get_secret_value() == "json://127.0.0.1:8766/hook"
    page = rules.channels["newsletter"].probes[0]
    assert (page.kind, page.family, page.host, page.loopback) == ("status.statuspage", Family.STATUS, "127.0.0.1", True)
    assert (page.every, page.expires, page.url) == (timedelta(seconds=1), timedelta(minutes=5), PAGE)
    assert rules.channels["reddit"].name == "Reddit"
    assert rules.board_url == "http://127.0.0.1:9180"


def test_only_listed_channels_are_watched(tmp_path: Path) -> None:
    assert list(loaded(tmp_path, "channels: {reddit: {}}").channel_rules) == ["reddit"]


def test_nothing_after_a_channels_name_means_as_the_catalogue_has_it(tmp_path: Path) -> None:
    assert [p.id for p in loaded(tmp_path, "channels:\n  reddit:\npeople:\n# nobody\n").probes] == ["reddit/1"]


def test_probes_replace_the_catalogues_and_extra_probes_come_after_them(tmp_path: Path) -> None:
    probe = f"[{{kind: status.statuspage, url: '{PAGE}'}}]"
    extra = loaded(tmp_path, f"channels: {{reddit: {{extra_probes: {probe}}}}}")
    assert [p.rule.host for p in extra.probes] == ["www.redditstatus.com", "127.0.0.1"]
    assert [p.id for p in extra.probes] == ["reddit/1", "reddit/2"]
    own = loaded(tmp_path, f"channels: {{reddit: {{probes: {probe}}}}}")
    assert [p.rule.host for p in own.probes] == ["127.0.0.1"]
    assert own.channel_rules["reddit"].name == "Reddit"


def test_what_a_channel_says_of_itself_reaches_the_mind(tmp_path: Path) -> None:
    text = "channels: {reddit: {name: Our Reddit, owner: first, deputy: second, fallback: x, playbook: 'https://w.example/p'}}"
    rule = loaded(tmp_path, text).rules_for_mind().channels["reddit"]
    assert (rule.name, rule.owner, rule.deputy, rule.fallback) == ("Our Reddit", "first", "second", "x")
    assert rule.playbook == "https://w.example/p"


def test_a_catalogue_beside_the_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    entry = (
        "id: mine\nname: Mine\nplatform: {id: me, name: Me}\nprobes:\n  - {kind: status.statuspage, url: 'http://h/'}\n"
    )
    write(tmp_path, entry, "channels/mine.yaml")
    assert loaded(tmp_path, "channels: {mine: {}}").channel_rules["mine"].platform_name == "Me"
    assert only_fault(tmp_path, "channels: {reddit: {}}").what == "is not in the catalogue and has no probes"


def test_faults_of_the_catalogue_and_of_the_file_come_together(tmp_path: Path) -> None:
    write(tmp_path, "id: other\nname: Mine\nplatfrom: {id: me}\n", "channels/mine.yaml")
    found = faults(tmp_path, "teem: {}\nchannels: {mine: {}}")
    assert {Path(fault.file).name for fault in found} == {"vigie.yaml", "mine.yaml"}
    assert {fault.key for fault in found} >= {"teem", "platfrom", "platform"}


@pytest.mark.parametrize(
    "text", ["channels: {reddit: {}}", "channels: {reddit: {}}\npeople: {a: {name: A, contacts: ['json://h.example']}}"]
)
def test_without_people_or_routes_it_loads_and_says_that_nobody_will_be_told(tmp_path: Path, text: str) -> None:
    assert any("nobody will be told" in warning for warning in loaded(tmp_path, text).warnings)


def test_a_receiver_without_contacts_is_said_too(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "channels: {reddit: {}}\npeople: {a: {name: A}}\nroutes: {receiver: a}")
    assert settings.warnings == ("nobody will be told of trouble: A has no contacts",)


def test_channels_without_probes_and_defunct_ones_are_said(tmp_path: Path) -> None:
    warnings = loaded(tmp_path, "channels: {vine: {}, telegram: {}}").warnings
    assert any("Vine no longer exists" in warning for warning in warnings)
    assert any("no probe speaks for these, so they stay unknown: Telegram" in warning for warning in warnings)


def test_settings_are_frozen_and_equal_when_the_content_is(tmp_path: Path) -> None:
    one, other = loaded(tmp_path, SAMPLE), loaded(tmp_path, "\n\n" + SAMPLE)
    assert one == other
    assert one.fingerprint == other.fingerprint
    with pytest.raises(ValueError, match="frozen"):
        one.store = "sqlite:///x"  # type: ignore[misc]
    assert loaded(tmp_path, SAMPLE.replace("resolve_after: 2s", "resolve_after: 3s")).fingerprint != one.fingerprint
    assert loaded(tmp_path, SAMPLE.replace("every: 1s", "every: 2s")).fingerprint != one.fingerprint


def test_every_file_that_was_read_is_named_so_that_a_change_can_be_seen(tmp_path: Path) -> None:
    secret = write(tmp_path, "s3cret-token-0123456789\n", "token")
    secret.chmod(0o600)
    settings = loaded(tmp_path, "server: {token: 'file:token'}\nchannels: {reddit: {}}")
    assert [path.name for path in settings.files] == ["vigie.yaml", "reddit.yaml", "token"]


def test_the_address_to_listen_on_may_be_ipv6_and_any_port(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "server: {listen: '[::1]:0'}")
    assert settings.address == ("::1", 0)
    assert settings.board_url == "http://[::1]:0"


@pytest.mark.parametrize("listen", ["0.0.0.0:9180", "'[::]:9180'", "192.0.2.1:80", "board.example:80"])
def test_any_address_but_loopback_needs_a_token(tmp_path: Path, listen: str) -> None:
    fault = only_fault(tmp_path, f"server: {{listen: {listen}}}")
    assert fault.key == "server.token"
    token = "0123456789abcdef"
    assert loaded(tmp_path, f"server: {{listen: {listen}, token: {token}}}").server.token is not None


@pytest.mark.parametrize("token", ["swordfish", "'with spaces in it, long'", "'nön-äscii-0123456789'"])
def test_a_token_is_long_and_plain(tmp_path: Path, token: str) -> None:
    fault = only_fault(tmp_path, f"server: {{token: {token}}}")
    assert fault.key == "server.token"
    assert token.strip("'") not in str(fault)


def test_F28_a_file_that_cannot_be_used_raises_and_leaves_the_old_settings_alone(tmp_path: Path) -> None:
    old = loaded(tmp_path, SAMPLE)
    before = copy.copy(old)
    assert faults(tmp_path, SAMPLE.replace("platform: mailer", "platfrom: mailer"))
    assert old == before
    assert old.rules_for_mind() == before.rules_for_mind()


def test_B99_a_file_that_vanishes_is_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path, SAMPLE)
    path.unlink()
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    assert str(caught.value) == f"{path}:1:1: there is no such file"


def test_B99_a_folder_in_the_place_of_the_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a file"):
        load(tmp_path, {})


def test_all_faults_come_at_once_in_reading_order_each_at_its_place(tmp_path: Path) -> None:
    text = "team: {timezone: Mars/Base}\nfetch: {per_host: many}\nchannels:\n  redit: {}\n"
    text += "routes: {receiver: a}\nextra: 1\n"
    found = faults(tmp_path, text)
    assert [(f.line, f.column, f.key) for f in found] == [
        (1, 18, "team.timezone"),
        (2, 19, "fetch.per_host"),
        (4, 3, "channels.redit"),
        (5, 20, "routes.receiver"),
        (6, 1, "extra"),
    ]
    assert "did you mean 'reddit'?" in str(found[2])
    path = tmp_path / "vigie.yaml"
    assert str(found[1]).startswith(f"{path}:2:19: fetch.per_host: must be a whole number; ")


def test_an_unknown_receiver_is_a_fault_with_a_near_one(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, "people: {first: {name: M}}\nroutes: {receiver: frist}\n")
    assert str(fault).endswith(
        "vigie.yaml:2:20: routes.receiver: there is no receiver with this id; did you mean 'first'?"
    )


def test_an_unknown_kind_of_probe_is_a_fault_with_a_near_one(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, channel().replace("status.statuspage", "status.statspage"))
    assert (fault.line, fault.key, fault.hint) == (
        4,
        "channels.newsletter.probes.1.kind",
        "did you mean 'status.statuspage'?",
    )


def test_a_probe_without_kind_says_so(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, f"channels: {{a: {{probes: [{{url: '{PAGE}'}}]}}}}")
    assert (fault.key, fault.what) == ("channels.a.probes.1.kind", "is required")


@pytest.mark.parametrize("name", ["Über", "a b", "../x", "-a", "A", "a" * 65])
def test_an_id_is_plain(tmp_path: Path, name: str) -> None:
    assert any("is not an id" in fault.what for fault in faults(tmp_path, channel(name=f"'{name}'")))


def test_no_channel_is_called_monitor(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, channel(name="monitor"))
    assert (fault.line, fault.column, fault.key) == (2, 3, "channels.monitor")


def test_a_call_takes_headers_and_expectations_of_every_type(tmp_path: Path) -> None:
    call = "{kind: api.call, url: 'http://h.example/ping', "
    call += "headers: {Accept: application/json, Authorization: 'Bearer ${T}'}, "
    call += "expect_status: [200, 204], expect_json: {ok: true, n: 3, name: NO, gone: null, version: 1.10}}"
    settings = loaded(tmp_path, f"channels: {{a: {{probes: [{call}]}}}}", {"T": "swordfish"})
    params = settings.probes[0].params.model_dump()
    assert params["expect_json"] == {"ok": True, "n": 3, "name": "NO", "gone": None, "version": 1.1}
    assert params["expect_status"] == (200, 204)
    assert settings.secrets == {"swordfish", "Bearer swordfish"}
    assert settings.probes[0].rule.measured is not None
    assert "swordfish" not in repr(settings)


def test_settings_errors_survive_a_pickle(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, "a: 1")
    assert pickle.loads(pickle.dumps(caught.value)).faults == caught.value.faults  # noqa: S301 - our own bytes


def test_secrets_in_clear_in_a_file_that_everyone_reads_are_a_warning(tmp_path: Path) -> None:
    text = "people: {a: {name: A, contacts: ['json://user:swordfish@h.example']}}\nroutes: {receiver: a}\n"
    path = write(tmp_path, text)
    path.chmod(0o644)
    assert any("holds secrets and can be read by everyone" in warning for warning in load(path, {}).warnings)
    path.chmod(stat.S_IRUSR)
    assert not any("holds secrets" in warning for warning in load(path, {}).warnings)


def test_a_broken_part_does_not_hide_the_faults_of_the_others(tmp_path: Path) -> None:
    text = """\
servr: {listen: 127.0.0.1:9180}
server: {listen: 0.0.0.0:9180}
channels: {redit: {}, reddit: {probes: [{kind: status.slak, url: "https://x.example/"}]}}
people: {first: {name: F, contacts: ["syslog://x"]}, second: {nam: S}}
routes: {receiver: frist}
"""
    found = {(fault.line, fault.key) for fault in faults(tmp_path, text)}
    assert found == {
        (1, "servr"),
        (2, "server.token"),
        (3, "channels.redit"),
        (3, "channels.reddit.probes.1.kind"),
        (4, "people.first.contacts.1"),
        (4, "people.second.nam"),
        (4, "people.second.name"),
        (5, "routes.receiver"),
    }
