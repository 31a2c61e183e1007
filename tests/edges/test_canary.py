"""B43-B47, B86: a canary in every place where a secret may stand, and then a look into everything that comes out."""

import json
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from tests.edges.running import Quiet, Site, Vigie, home, until

pytestmark = pytest.mark.slow

MARK = "canary"
CANARIES = {
    "token": "canary-token-91c4f0a7d2e85b36",
    "header": "canary-header-5d1e7b",
    "query": "canary-query-8a02cf",
    "path": "canary-path-77e1b2",
    "body": "canary-body-0c9d31",
    "password": "canary-pass%40word-4f",
    "hook": "canary-hook-d6a1f9",
    "hook header": "canary-hookhdr-70b4c2",
    "literal": "canary-literal-3be6",
    "beat": "canary-beat-2c8f50",
    "calendar": "canary-cal-e19a07.ics",
    "calendar key": "canary-calkey-64d0b8",
    "alertmanager password": "canary-ampw-%2F9b3",
    "alertmanager prefix": "canary-prefix-1f72c5",
    "alertmanager token": "canary-amtoken-a8e6d3",
}
NAMES = {
    "HEADER": "header",
    "QUERY": "query",
    "PAGE_PATH": "path",
    "BODY": "body",
    "PASSWORD": "password",
    "HOOK": "hook",
    "HOOK_HEADER": "hook header",
    "BEAT": "beat",
    "CALENDAR": "calendar",
    "CALENDAR_KEY": "calendar key",
    "AM_PASSWORD": "alertmanager password",
    "AM_PREFIX": "alertmanager prefix",
    "AM_TOKEN": "alertmanager token",
}
CONFIG = """
team: {{name: Example team}}
server: {{listen: 127.0.0.1:{port}, token: "file:token"}}
fetch: {{allow_private: [127.0.0.0/8]}}
rules: {{resolve_after: 2s}}
heartbeat: {{url: "{root}/${{BEAT}}", every: 1s}}
channels:
  api:
    probes:
      - kind: api.call
        url: "{root}/api?key=${{QUERY}}"
        every: 1s
        method: POST
        headers: {{Authorization: "Bearer ${{HEADER}}", X-Key: "{literal}"}}
        body: '{{"key": "${{BODY}}"}}'
  echo:
    probes:
      - {{kind: status.statuspage, url: "{root}/${{PAGE_PATH}}/summary.json?token=${{QUERY}}", every: 1s}}
  feed:
    probes:
      - {{kind: policy.feed, url: "{root}/feed?key=${{QUERY}}", every: 1s}}
  gone:
    probes:
      - {{kind: status.statuspage, url: "http://127.0.0.1:1/?token=${{QUERY}}", every: 1s}}
people:
  first:
    name: First
    contacts:
      - "json://user:${{PASSWORD}}@127.0.0.1:{hook}/${{HOOK}}?+X-Key=${{HOOK_HEADER}}"
      - {{address: "json://127.0.0.1:1/${{HOOK}}", after: 1s}}
      - {{address: "json://127.0.0.1:{refuse}/refuse/${{HOOK}}", after: 1s}}
destinations:
  alerts:
    name: Alerts
    contacts:
      - "alertmanager://user:${{AM_PASSWORD}}@127.0.0.1:{refuse}/${{AM_PREFIX}}"
      - {{address: "alertmanager://127.0.0.1:{refuse}/refuse?token=${{AM_TOKEN}}", after: 1s}}
      - {{address: "alertmanagers://127.0.0.1:1?token=${{AM_TOKEN}}", after: 1s}}
schedules:
  read: {{ical: "{root}/${{CALENDAR}}?key=${{CALENDAR_KEY}}", ical_every: 1s}}
  refused: {{ical: "{root}/refuse/${{CALENDAR}}?key=${{CALENDAR_KEY}}", ical_every: 1s}}
escalation:
  ladder: {{steps: [{{targets: [read, refused], after: 1s}}]}}
routes:
  receiver: first
  fallback: first
  group_wait: 0s
  escalation: ladder
  routes: [{{receiver: alerts, continue: true}}, {{receiver: first}}]
"""


VERBS = (
    "status",
    "explain echo",
    "check-sources",
    "probe api",
    "incidents",
    "oncall show",
    "oncall lint",
    "route explain channel=api severity=critical",
)


def _echo(wire: Quiet) -> None:
    """An error page that repeats what it was asked for, credentials and all, as many servers do."""
    said = f"Cannot {wire.command} {wire.path} with {wire.headers.get('Authorization')} {wire.headers.get('X-Key')}"
    status = 400 if wire.path.startswith("/refuse") else 500
    wire.answer(status, f"<html><title>Error</title><body>{said}</body></html>".encode(), "text/html")


def _echo_feed(wire: Quiet) -> None:
    item = f"<item><title>Prices of {wire.path} change on 1 March</title><guid>{wire.path}</guid></item>"
    wire.answer(200, f'<rss version="2.0"><channel><title>F</title>{item}</channel></rss>'.encode(), "text/xml")


def _echo_calendar(wire: Quiet) -> None:
    """A calendar whose events are called what it was asked for: the fault that nobody is named quotes them."""
    day = f"{datetime.now(UTC):%Y%m%d}"
    event = (
        "UID:1",
        f"DTSTAMP:{day}T000000Z",
        f"DTSTART:{day}T000000Z",
        f"DTEND:{day}T235900Z",
        f"SUMMARY:{wire.path}",
    )
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", *event, "END:VEVENT", "END:VCALENDAR", "")
    said = "\r\n".join(lines)
    wire.answer(200, said.encode(), "text/calendar")


def _echo_alert(wire: Quiet) -> None:
    said = f"{wire.path} {wire.headers.get('Authorization')}"
    wire.answer(200, json.dumps({"status": said}).encode())


class _Echoing(Site):
    """Repeats every request in its answer."""

    def __init__(self) -> None:
        given = CANARIES
        calendar = f"{given['calendar']}?key={given['calendar key']}"
        super().__init__(
            {
                f"/{given['path']}/summary.json?token={given['query']}": _echo,
                f"/api?key={given['query']}": _echo,
                f"/feed?key={given['query']}": _echo_feed,
                f"/refuse/{given['hook']}": _echo,
                f"/{given['beat']}": _echo,
                f"/{calendar}": _echo_calendar,
                f"/refuse/{calendar}": _echo,
                f"/{given['alertmanager prefix']}/api/v2/alerts": _echo_alert,
                "/refuse/api/v2/alerts": _echo,
            }
        )

    @property
    def not_asked(self) -> set[str]:
        """The places that nobody came to: a canary that does not go out shows nothing."""
        return set(self.answers) - set(self.heard)


def _clean(what: str, text: str | bytes) -> None:
    found = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    for name, value in CANARIES.items():
        for form in (value, unquote_plus(value)):
            at = found.find(form)
            assert at < 0, f"{what} shows the {name}: ...{found[max(0, at - 120) : at + 60]!r}"
    assert MARK not in found, f"{what} shows part of a secret: {found[found.find(MARK) - 100 :][:200]!r}"


def _everything_out(vigie: Vigie) -> None:
    incidents = [i["id"] for i in vigie.get("/api/v1/incidents")["incidents"]]
    channels = ("api", "echo", "feed", "gone")
    schedules = ("read", "refused")
    pages = [
        *("/", "/incidents", "/oncall", "/silences", "/metrics", "/healthz", "/readyz"),
        *(f"/api/v1/{name}" for name in ("channels", "incidents", "oncall", "silences", "dependencies", "maintenance")),
        *("/api/v1/openapi.json", "/api/v1/routes/explain?channel=api&severity=critical"),
        *(f"/api/v1/channels/{c}" for c in channels),
        *(f"/channels/{c}" for c in channels),
        *(f"/incidents/{i}" for i in incidents),
        *(f"/api/v1/incidents/{i}" for i in incidents),
        *(f"/api/v1/schedules/{s}" for s in schedules),
        *(f"/api/v1/schedules/{s}/calendar.ics" for s in schedules),
        *(f"/oncall/{s}" for s in schedules),
    ]
    for page in pages:
        status, body = vigie.raw(page)
        assert status in {200, 404}, f"{page}: {status}"
        _clean(page, body)
    _clean("the answer to a test message", str(vigie.post("/api/v1/notify-test", {})))
    _clean("the answer to a test of the alerts", str(vigie.post("/api/v1/notify-test", {"receiver": "alerts"})))
    _clean("the answer to a drill", str(vigie.post("/api/v1/drills", {"target": "ladder", "by": "first"})))


def _database(folder: Path) -> None:
    connection = sqlite3.connect(folder / "var" / "vigie.db")
    tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
    for table in tables:
        for row in connection.execute(f'select * from "{table}"'):  # noqa: S608 - a name from the database itself
            for value in row:
                if isinstance(value, (str, bytes)):
                    _clean(f"the table {table}", value)
    connection.close()


def test_B43_B44_B45_B46_B47_B86_a_secret_comes_out_nowhere_but_to_whom_it_is_for(tmp_path: Path) -> None:
    site = _Echoing()
    environ = {name: CANARIES[place] for name, place in NAMES.items()}
    try:
        with home(tmp_path, environ=environ) as (_, receiver, vigie):
            text = CONFIG.format(
                port=vigie.port, root=site.root, hook=receiver.port, refuse=site.port, literal=CANARIES["literal"]
            )
            vigie.write(text)
            token = tmp_path / "config" / "token"
            token.write_text(CANARIES["token"] + "\n")
            token.chmod(0o644)
            refused = vigie.say("check-config")
            assert refused.exit_code == 1, "a token that everyone can read was taken"
            _clean("check-config", refused.output)
            token.chmod(0o600)
            vigie.file.chmod(0o600)
            vigie.token = CANARIES["token"]
            vigie.start(wait=False)
            until(lambda: receiver.steps, "nobody was told")
            _until_all_went_out(site, vigie)
            until(lambda: vigie.log().count("is given up") >= 2, "nothing was refused")
            until(lambda: "did not take the heartbeat" in vigie.log(), "no heartbeat was refused")
            until(lambda: "names a person" in _fault(vigie, "read"))
            until(lambda: "HTTP 400" in _fault(vigie, "refused"))
            _bad_files(vigie, text)
            _everything_out(vigie)
            links = _links(receiver.got)
            alerts = [body for path, body in site.posted if path.endswith("/alerts")]
            for body in (*receiver.got, *alerts):
                _clean("a message", str(body))
            assert alerts
            assert not [link for link in links if link in str(alerts)], "whoever sees the alerts could act"
            assert vigie.ends() == 0
            vigie.write(text)
            for verb in VERBS:
                said = vigie.say(*verb.split())
                assert not isinstance(said.exception, Exception), said.exception
                assert len(said.output.splitlines()) > 1
                _clean(f"vigie {verb}", said.output)
            _clean("the log", vigie.log().replace(str(tmp_path), ""))
            _database(tmp_path)
            assert not [link for link in links if link in vigie.log()], "a signed link is in the log"
    finally:
        site.close()


def _fault(vigie: Vigie, schedule: str) -> str:
    """Why a schedule could not be read."""
    return str(vigie.get(f"/api/v1/schedules/{schedule}")["fault"])


def _until_all_went_out(site: _Echoing, vigie: Vigie) -> None:
    try:
        until(lambda: not site.not_asked)
    except AssertionError:
        raise AssertionError(f"a canary must go out, or nothing is shown: {site.not_asked}: {vigie.log()}") from None


def _bad_files(vigie: Vigie, text: str) -> None:
    """Files that are refused: their faults name no value."""
    broken = text
    for right, wrong in (
        ("?token=${AM_TOKEN}", "?tokens=${AM_TOKEN}"),
        ("user:${AM_PASSWORD}@", "user:${AM_PASSWORD}/@"),
        ("/${BEAT}", "/${BEAT} ${BEAT}"),
        ("/${CALENDAR}", ":port/${CALENDAR}"),
    ):
        assert right in broken
        broken = broken.replace(right, wrong)
    for wrong in (text.replace("kind: api.call", f"kind: {CANARIES['header']}"), broken):
        vigie.write(wrong)
        until(lambda: vigie.metric("vigie_config_reload_success") == 0)
        said = vigie.say("check-config")
        assert said.exit_code == 1
        _clean("check-config", said.output)
        vigie.write(text)
        until(lambda: vigie.metric("vigie_config_reload_success") == 1)


def _links(messages: list[dict[str, object]]) -> set[str]:
    """The tokens of the signed links that went out."""
    urls = [str(message["acknowledge_url"]) for message in messages if "acknowledge_url" in message]
    assert urls, "no message had a link to act by"
    return {re.split(r"[/=]", url)[-1] for url in urls}
