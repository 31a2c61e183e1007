"""Writes `config/README.md` from the typed models: ``python -m monitor.settings.docs [path]``."""

import sys
import types
from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from datetime import datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from monitor.core.duty import Matcher
from monitor.core.labels import LABELS, WORDS
from monitor.settings import catalogue, duties, model, people, quiet, routing
from monitor.settings.contacts import OWN, SERVICES, SHAPES
from monitor.settings.values import Turn
from probes.base import MeasuredParams, Params

__all__ = ["EXAMPLE", "README", "render"]

README = Path(__file__).resolve().parents[2] / "config" / "README.md"

_SECTIONS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("The team's file: `vigie.yaml`", "", model.SettingsFile),
    ("`team`", "team.", model.Team),
    ("`server`", "server.", model.Server),
    ("`fetch`", "fetch.", model.FetchSettings),
    ("`rules`", "rules.", model.RuleSettings),
    ("`channels`", "channels.ID.", model.ChannelEntry),
    ("`platform` of a channel", "platform.", model.Platform),
    ("Every probe", "probes[].", Params),
    ("Probes that measure (api.call)", "probes[].", MeasuredParams),
    ("`people`", "people.ID.", people.Person),
    ("`contacts` of people and destinations", "contacts[].", people.Contact),
    ("`teams`", "teams.ID.", people.TeamOfPeople),
    ("`destinations`", "destinations.ID.", people.Place),
    ("Stretches of the day: quiet hours, windows, rules of a schedule", "", people.Stretch),
    ("`schedules`", "schedules.ID.", duties.ScheduleEntry),
    ("`rotation` of a schedule", "schedules.ID.rotation.", duties.RotationEntry),
    ("`rules` of a schedule", "schedules.ID.rules[].", duties.DutyEntry),
    ("`escalation`", "escalation.ID.", duties.PolicyEntry),
    ("`steps` of an escalation policy", "escalation.ID.steps[].", duties.StepEntry),
    ("`routes`: the root", "routes.", routing.Routes),
    ("`routes`: the branches", "routes.routes[].", routing.RouteEntry),
    ("`group_wait` by severity", "group_wait.", routing.GroupWait),
    ("`time_intervals`", "time_intervals.ID.", routing.IntervalEntry),
    ("`silences`", "silences[].", quiet.SilenceEntry),
    ("`maintenance`", "maintenance.ID.", quiet.MaintenanceEntry),
    ("`launches`", "launches[].", quiet.LaunchEntry),
    ("`watchdog`", "watchdog.", quiet.Watchdog),
    ("`heartbeat`", "heartbeat.", quiet.Heartbeat),
    ("`retention`", "retention.", model.Retention),
    ("The catalogue: `channels/ID.yaml`, first document", "", catalogue.CatalogueChannel),
    ("The catalogue: second document", "", catalogue.Facts),
)

_HEAD = """\
# Configuration

Written by `python -m monitor.settings.docs` from the typed models; a test fails when it is stale. Do not edit.

- `vigie.yaml` is the team's file: what is watched, and who is told. It works as shipped.
- `channels/ID.yaml` is the catalogue: what Vigie knows of each channel. It is looked for in `channels/` beside the
  team's file, and where that folder is absent, in the one shipped with Vigie. Only channels that stand under
  `channels:` are watched.

Check with `vigie check-config`: it shows every fault of every file at once, as `file:line:column: key: what is wrong`.
A running Vigie reads the files again when one changes or on SIGHUP; a faulty file changes nothing.

## How values are written

- The files are YAML in UTF-8, at most 1 MiB and 32 levels deep, without anchors, aliases, tags and duplicate keys.
- A text means what stands there: `NO`, `22:22`, `1.10` and `017` are texts where a text is due. Only `true` and
  `false` are booleans; numbers are written in decimal digits.
- A duration has its unit: `500ms`, `30s`, `5m`, `1h30m`, `2d`, `1w`.
- A time of day is `09:00`; a day and time `2026-11-02T09:00`, local in the zone that is named beside it or, by
  default, the team's. A local time that the clocks show twice is its first occurrence; one that they pass over is the
  first instant after the gap. A monthly turn that starts on the 31st begins on the last day of shorter months.
- An id has 1 to 64 of `a-z`, `0-9`, `-` and `_`, and begins with a letter or a digit.
- A matcher is a label, an operator and a value: `severity="critical"`. `channel` and `platform` are ids, `market` and
  `tags` your own words; what the others may be stands under [Matchers](#matchers).
- Secrets are references, in any text: `${NAME}` is the environment variable NAME, `file:/path` (as the whole value;
  relative paths begin at the file that names it) the content of a file that others cannot read. `$${` is a plain `${`.
- A probe's id is `CHANNEL/N`, with N counted from 1 in the order of the files: the catalogue's probes or those of
  `probes:`, then those of `extra_probes:`. When a reload moves an unchanged probe to another place, it goes on.
"""


EXAMPLE = """\
team: {name: Example team, timezone: Europe/Paris, language: en}
channels: {facebook: {}, instagram: {}, x: {market: fr, tags: [launch]}, google_ads: {}}

people:
  first:
    name: First
    contacts:                          # mail at once; a push besides, two minutes later, if nobody has acknowledged
      - mailtos://${MAIL_USER}:${MAIL_PASSWORD}@mail.example.org?to=first@example.org
      - {address: "ntfys://${NTFY_TOPIC}", after: 2m}
    quiet_hours: {from: "22:00", to: "07:00"}
  second:
    name: Second
    timezone: America/Montreal
    language: fr
    contacts: ["mailtos://${MAIL_USER}:${MAIL_PASSWORD}@mail.example.org?to=second@example.org"]
destinations:
  office: {name: The office, contacts: ["json://127.0.0.1:8766/office"]}

schedules:
  primary:                             # the two take turns, a week each, from Monday 09:00 to Monday 09:00
    name: Primary
    rotation: {people: [first, second], every: 1 week, start: 2026-11-02T09:00}
    notice: "08:30"
  secondary:                           # whoever is not primary
    name: Secondary
    rotation: {people: [second, first], every: 1 week, start: 2026-11-02T09:00}
    announce: false

escalation:
  on-call:                             # nobody acknowledges: 5 minutes later the other, then all again, then the office
    steps: [{targets: [secondary], after: 5m}]
    repeat: 1
    fallback: office

routes:
  receiver: office                     # what no branch takes
  routes:
    - {matchers: ['severity="critical"'], receiver: primary, escalation: on-call}
    - {matchers: ['tags="launch"'], receiver: primary}
dependencies: {facebook: [instagram]}  # when facebook is out, an outage of instagram is no news
"""
"""A two-person rotation with escalation; a test loads it."""

_EXAMPLE_HEAD = """
## An example: two people on call

One of the two is called first, the other when the first does not answer, and in the end the office hears of it.

"""


def render() -> str:
    """The text of `config/README.md`."""
    parts = [_HEAD, _EXAMPLE_HEAD, f"```yaml\n{EXAMPLE}```\n"]
    for title, prefix, kind in _SECTIONS:
        parts.append(f"\n## {title}\n\n{(kind.__doc__ or '').strip()}\n\n" + "\n".join(_table(kind, prefix)) + "\n")
    parts.append("\n## Matchers\n\n" + "\n".join(_matchers()) + "\n")
    parts.append("\n## Contacts\n\n" + "\n".join(_contacts()) + "\n")
    return "".join(parts)


def _table(kind: type[BaseModel], prefix: str) -> Iterator[str]:
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    if prefix == "probes[]." and kind is Params:
        yield "| `probes[].kind` | text | required | The kind of probe, such as `status.auto`: `probes/README.md`. |"
    for name, field in kind.model_fields.items():
        if kind is MeasuredParams and name in Params.model_fields:
            continue
        meaning = (field.description or "").replace("|", "\\|")
        yield f"| `{prefix}{field.alias or name}` | {_type(field.annotation)} | {_default(field)} | {meaning} |"


_MEANINGS = {
    "channel": "The id of a channel.",
    "platform": "The id of its platform.",
    "kind": "What the trouble is; `blind`, `delivery`, `watchdog` and `schedule` are Vigie's own, of no channel.",
    "family": "Whose sources say so: the first part of a probe's kind.",
    "severity": "The worst that it has been: `critical` an outage or a severe risk, `warning` less, `info` news only.",
    "state": "What the channel is now: a word of availability, or of risk.",
    "market": "As the channel says.",
    "tags": "Any of the channel's.",
}


def _matchers() -> Iterator[str]:
    yield "What a matcher looks at. A label that trouble does not have is the empty text."
    yield ""
    yield "| label | values | meaning |"
    yield "|---|---|---|"
    for label in LABELS:
        words = ", ".join(f"`{word}`" for word in WORDS.get(label, ()))
        yield f"| `{label}` | {words or 'any'} | {_MEANINGS[label]} |"


def _contacts() -> Iterator[str]:
    yield "Addresses of [Apprise](https://github.com/caronc/apprise/wiki), of these schemes and no others, and of an"
    yield "[Alertmanager](https://prometheus.io/docs/alerting/latest/alertmanager/), to which Vigie speaks itself:"
    yield ""
    by_service: dict[str, list[str]] = {}
    for scheme, service in SERVICES.items():
        by_service.setdefault(service, []).append(f"`{scheme}://`")
    for service, schemes in by_service.items():
        shape = f", such as `{SHAPES[service]}`" if service in SHAPES else ""
        yield f"- {service[:1].upper() + service[1:]}: {', '.join(schemes)}{shape}"
    yield ""
    own = " and ".join(f"`{scheme}://`" for scheme in sorted(OWN))
    yield f"{own} (the second by https) are `[USER:PASSWORD@]HOST[:PORT][/PREFIX][?token=TOKEN&+LABEL=VALUE]`."
    yield ""
    yield "Percent-encode `@ / ? # :` in users and passwords. Attachments, templates and hidden retries are refused."


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    value = field.default
    if isinstance(value, BaseModel):
        return "see below"
    if value is None or value == "" or (isinstance(value, (tuple, MappingABC)) and not value):
        return "-"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    if isinstance(value, time):
        return f"`{value:%H:%M}`"
    return f"`{_duration(value)}`" if isinstance(value, timedelta) else f"`{value}`"


def _duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds * 1000:g}ms"


_NAMES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    timedelta: "duration",
    time: "time of day",
    datetime: "day and time",
    Turn: "length of a turn",
    Matcher: "matcher",
    model.ProbeEntry: "probe",
    people.Contact: "contact",
    SecretStr: "secret text",
}


def _type(annotation: Any) -> str:  # noqa: ANN401 - an annotation is any type
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(args[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(arg) for arg in args if arg is not type(None)))
    if origin is Literal:
        return " or ".join(f"`{arg}`" for arg in args)
    if origin is tuple:
        return f"list of {_type(args[0])}"
    if origin is not None and issubclass(origin, MappingABC):
        return f"id -> {_type(args[1])}"
    return _plain_type(annotation)


def _plain_type(annotation: Any) -> str:  # noqa: ANN401 - likewise
    if annotation in _NAMES:
        return _NAMES[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{one.value}`" for one in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"{{{', '.join(field.alias or name for name, field in annotation.model_fields.items())}}}"
    return "value"


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else README).write_text(render(), encoding="utf-8")
