"""The recorded JSON of real vendors: which kind reads it, from which address, and what it meant on that day."""

import json
from dataclasses import dataclass

from tests.fixtures_at import FIXTURES
from tests.probes.status.said import DEGRADED, MAINTENANCE, OPERATIONAL, OUTAGE, UNKNOWN

__all__ = ["RECORDED", "Recorded"]

SUMMARY, STATUS, COMPONENTS, INCIDENTS = "summary.json", "status.json", "components.json", "incidents.json"


@dataclass(frozen=True)
class Recorded:
    """A file below the fixtures' folder. `raw_key`: the collector wrapped every item; it is under this key."""

    file: str
    kind: str
    verdict: str
    name: str = ""
    raw_key: str = ""

    @property
    def body(self) -> bytes:
        body = (FIXTURES / self.file).read_bytes()
        if not self.raw_key:
            return body
        return json.dumps([item[self.raw_key] for item in json.loads(body)]).encode()

    @property
    def url(self) -> str:
        return f"https://status.example.com/api/v2/{self.name}"


def _statuspage(folder: str, names: dict[str, tuple[str, str]]) -> list[Recorded]:
    return [
        Recorded(f"statuspage/{folder}/{file}.json", "status.statuspage", verdict, name)
        for file, (name, verdict) in names.items()
    ]


_COMPONENTS = {
    "box-components-with-problem": DEGRADED,
    "ciscokinetic-components": DEGRADED,
    "coinbase-components": DEGRADED,
    "digitalocean-components": OPERATIONAL,
    "dropbox-components": OPERATIONAL,
    "github-components-with-problem": DEGRADED,
    "github-components": OPERATIONAL,
    "instructure-components": DEGRADED,
    "intercom-components": OPERATIONAL,
    "lastpass-components": DEGRADED,
    "linode-components-problems": DEGRADED,
    "qualys-components": OUTAGE,
    "reddit-components": OPERATIONAL,
    "squarespace-components": OPERATIONAL,
    "twilio-components": DEGRADED,
}
_WEEKS = (9, 10, 11, 13, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 30, 31, 32, 33)

RECORDED: tuple[Recorded, ...] = (
    *_statuspage(
        "summary",
        {
            "instructure_2021-12-07_minor": (SUMMARY, DEGRADED),
            "twilio_2020-06-16_minor_with_scheduled": (SUMMARY, DEGRADED),
            "github_docsample_major": (SUMMARY, OUTAGE),  # the sample's second component is a major_outage
            "cloudamqp_2020-07-16_maintenance": (SUMMARY, MAINTENANCE),
        },
    ),
    *_statuspage("components", {f"{name}_2021-12": (COMPONENTS, verdict) for name, verdict in _COMPONENTS.items()}),
    *_statuspage(
        "incidents",
        {
            "github_incidents_2026-07-30_atlas": (INCIDENTS, OPERATIONAL),
            "github_incidents_2026-08-18_trim5": (INCIDENTS, OPERATIONAL),
        },
    ),
    *_statuspage(
        "discord_2022-02",
        {
            "discord_summary": (SUMMARY, OPERATIONAL),
            "discord_status": (STATUS, OPERATIONAL),
            "discord_components": (COMPONENTS, OPERATIONAL),
            "discord_incidents": (INCIDENTS, OPERATIONAL),
            "discord_incidents_unresolved": ("incidents/unresolved.json", OPERATIONAL),
            # These say nothing of health.
            "discord_scheduled-maintenances": ("scheduled-maintenances.json", UNKNOWN),
            "discord_scheduled-maintenances_active": ("scheduled-maintenances/active.json", UNKNOWN),
            "discord_scheduled-maintenances_upcoming": ("scheduled-maintenances/upcoming.json", UNKNOWN),
            "discord_metrics-display_5k2rt9f7pmny_day": ("metrics/day.json", UNKNOWN),
            "discord_metrics-display_5k2rt9f7pmny_week": ("metrics/week.json", UNKNOWN),
            "discord_metrics-display_5k2rt9f7pmny_month": ("metrics/month.json", UNKNOWN),
        },
    ),
    *_statuspage(
        "webhook",  # pushed, not fetched: another shape
        {
            "component_status_update": (SUMMARY, UNKNOWN),
            "incident_created": (SUMMARY, UNKNOWN),
            "incident_update": (SUMMARY, UNKNOWN),
        },
    ),
    Recorded("slack/slack_current_2020-07-30_active_incident.json", "status.slack", DEGRADED),
    Recorded("slack/slack_history_2026-08_trim5.json", "status.slack", DEGRADED),
    *(
        Recorded(
            f"history/slack_weekly_2026/W{week:02}_slack.json",
            "status.slack",
            DEGRADED if week == 33 else OPERATIONAL,  # one of that week was still open
            raw_key="raw",
        )
        for week in _WEEKS
    ),
    Recorded("google/gcp_incidents_2021-07_to_2022-07_full.json", "status.google", OPERATIONAL),
    Recorded("google/gcp_incidents_2026-07_trim2.json", "status.google", OPERATIONAL),
    Recorded("statusio/docker_partial_2020.json", "status.statusio", DEGRADED),
    Recorded("statusio/gitlab_security_2020.json", "status.statusio", DEGRADED),
    # Maintenance of one part, and an open incident with another.
    Recorded("statusio/gitlab_maintenance_2020.json", "status.statusio", DEGRADED),
    Recorded("heroku/heroku_v4_2019-10_incident_yellow.json", "status.heroku", DEGRADED),
    Recorded("heroku/heroku_v4_2020-11_maintenance_blue.json", "status.heroku", MAINTENANCE),
    Recorded("salesforce/salesforce_trust_v1_instances_status_preview_2020.json", "status.salesforce", DEGRADED),
)
