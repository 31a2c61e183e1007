"""What is shipped: the catalogue, the team's file, and the documentation of every key."""

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from monitor.core.oncall import moment, on_call
from monitor.settings import Facts, channel_ids, docs, load, load_facts
from monitor.settings.catalogue import Sureness, shipped_folder
from monitor.settings.model import SettingsFile
from tests.settings.files import loaded

CONFIG = Path(__file__).parents[2] / "config"
CHANNELS = [
    "x",
    "facebook",
    "instagram",
    "threads",
    "whatsapp_business",
    "messenger",
    "meta_ads",
    "tiktok",
    "tiktok_ads",
    "youtube",
    "google_search",
    "google_ads",
    "google_analytics",
    "google_business_profile",
    "linkedin",
    "reddit",
    "pinterest",
    "snapchat",
    "bluesky",
    "mastodon",
    "discord",
    "telegram",
    "twitch",
    "slack",
    "zoom",
    "microsoft_365",
    "mailchimp",
    "sendgrid",
    "twilio",
    "hubspot",
    "salesforce_marketing_cloud",
    "hootsuite",
    "buffer",
    "sprout_social",
    "shopify",
    "klaviyo",
    "canva",
    "roam",
    "frameable",
    "party_space",
    "vine",
]
DEPENDENCIES = ["statuspage", "cloudflare", "aws", "google_cloud", "google_workspace"]
WITHOUT_SOURCE = {
    "tiktok", "youtube", "google_business_profile", "snapchat", "telegram", "roam", "frameable", "party_space", "vine",
}  # fmt: skip
LOAD_S_MAX = 1.0


def test_the_catalogue_holds_the_41_channels_and_the_shared_dependencies() -> None:
    assert len(CHANNELS) == 41
    assert set(channel_ids(shipped_folder())) == {*CHANNELS, *DEPENDENCIES}


@pytest.mark.parametrize("name", [*CHANNELS, *DEPENDENCIES])
def test_each_entry_is_valid_in_both_parts(name: str) -> None:
    entry, facts = load_facts(shipped_folder() / f"{name}.yaml")
    assert entry.id == name
    assert set(entry.dependencies) <= set(DEPENDENCIES)
    assert sorted(entry.dependencies) == sorted(dependency.id for dependency in facts.dependencies)
    speaks = any(probe.kind.startswith("status.") for probe in entry.probes)
    assert speaks == (name not in WITHOUT_SOURCE)
    if not speaks:
        assert entry.note, "an entry without an official source says so"
    assert entry.defunct == (name == "vine")
    assert all(timedelta(minutes=1) <= probe.params.every <= timedelta(hours=1) for probe in entry.probes)
    assert facts.status is not None


def test_every_fact_has_a_certainty_and_a_source() -> None:
    for name in CHANNELS:
        _, facts = load_facts(shipped_folder() / f"{name}.yaml")
        single = [facts.status, facts.health_call, facts.rate_limit, facts.errors]
        for fact in [*(one for one in single if one), *facts.feeds, *facts.documents, *facts.dependencies]:
            assert fact.certainty in Sureness
            assert fact.source


@pytest.mark.parametrize(
    ("platform", "channels"),
    [
        ("meta", {"facebook", "instagram", "threads", "whatsapp_business", "messenger", "meta_ads"}),
        ("google", {"youtube", "google_search", "google_ads", "google_analytics", "google_business_profile"}),
        ("twilio", {"twilio", "sendgrid"}),
        ("tiktok", {"tiktok", "tiktok_ads"}),
    ],
)
def test_channels_of_one_vendor_share_a_platform(platform: str, channels: set[str]) -> None:
    rules = load(CONFIG / "vigie.yaml", {}).channel_rules
    assert {name for name, rule in rules.items() if rule.platform == platform} == channels


def test_metas_channels_share_one_fetch() -> None:
    probes = load(CONFIG / "vigie.yaml", {}).probes
    assert len({probe.params.url for probe in probes if probe.kind == "status.meta"}) == 1


def test_the_shipped_file_works_with_no_edit_and_no_credential() -> None:
    settings = load(CONFIG / "vigie.yaml", {})
    assert list(settings.channel_rules) != []
    assert set(settings.channel_rules) == set(CHANNELS)
    assert (settings.store, settings.server.listen) == ("sqlite:///var/vigie.db", "127.0.0.1:9180")
    assert settings.secrets == frozenset()
    assert any("nobody will be told" in warning for warning in settings.warnings)
    assert not settings.fetch.allow_private


def test_the_commented_examples_of_the_shipped_file_work_when_they_are_uncommented(tmp_path: Path) -> None:
    lines = (CONFIG / "vigie.yaml").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line == "# people:")
    lines[start:] = [line.removeprefix("# ") for line in lines[start:]]
    secret = tmp_path / "teams"
    secret.write_text(
        "workflows://prod-1.westeurope.logic.azure.com:443/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0e\n"
    )
    secret.chmod(0o600)
    text = "\n".join(lines).replace("file:/run/secrets/teams", f"file:{secret}")
    environ = {
        "MAIL_USER": "first",
        "MAIL_PASSWORD": "swordfish",
        "SLACK_TOKEN_A": "T1JJ3T3L2",
        "SLACK_TOKEN_B": "A1BRTD4JD",
        "SLACK_TOKEN_C": "TIiajkdnlazkcOXrIdevi7FQ",
        "NTFY_TOPIC": "our-topic",
        "HEARTBEAT_URL": "https://heartbeat.example/0123456789abcdef",
    }
    settings = loaded(tmp_path, text, environ)
    rules = settings.rules_for_mind()
    assert [d.service for d in rules.destinations.values()] == ["mailtos", "ntfys", "workflows", "slack"]
    assert rules.route is not None
    assert [route.receiver for route in rules.route.routes] == ["primary", "marketing"]
    doubts = ("no longer exists", "no probe speaks")  # of channels as the catalogue has them
    assert not [warning for warning in settings.warnings if not any(word in warning for word in doubts)]


def test_the_shipped_file_loads_within_a_second() -> None:
    load(CONFIG / "vigie.yaml", {})  # imports
    began = time.process_time()
    load(CONFIG / "vigie.yaml", {})
    assert time.process_time() - began < LOAD_S_MAX


def test_the_readme_of_the_configuration_is_what_the_models_say() -> None:
    assert docs.README.read_text(encoding="utf-8") == docs.render(), "run: python -m monitor.settings.docs"


def test_the_readme_names_every_key() -> None:
    text = docs.render()
    for name, field in SettingsFile.model_fields.items():
        assert f"`{field.alias or name}`" in text
        assert field.description
    assert all(f"`{name}`" in text for name in Facts.model_fields)


def test_the_readmes_example_loads_and_calls_the_one_whose_week_it_is_then_the_other(tmp_path: Path) -> None:
    environ = {"MAIL_USER": "first", "MAIL_PASSWORD": "swordfish", "NTFY_TOPIC": "our-topic"}
    settings = loaded(tmp_path, docs.EXAMPLE, environ)
    assert docs.EXAMPLE in docs.README.read_text(encoding="utf-8")
    assert settings.warnings == ()
    rules = settings.rules_for_mind()
    for weeks in range(-3, 60):
        monday = moment(datetime(2026, 11, 2, 9) + timedelta(weeks=weeks), "Europe/Paris")  # noqa: DTZ001 - local
        first = on_call(rules.schedules["primary"], (), (), monday)
        second = on_call(rules.schedules["secondary"], (), (), monday)
        assert (*first, *second) == (("first", "second") if weeks % 2 == 0 else ("second", "first"))
    assert rules.route is not None
    assert rules.policies[rules.route.routes[0].policy].steps[0].targets == ("secondary",)


def test_the_catalogue_is_plain_yaml_for_other_readers_too() -> None:
    for path in shipped_folder().glob("*.yaml"):
        entry, facts = yaml.safe_load_all(path.read_text(encoding="utf-8"))
        assert entry["id"] == path.stem
        assert facts["status"]["certainty"] in {"A", "B", "C"}
