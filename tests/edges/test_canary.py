"""B43-B47, B86: a canary in every place where a secret may stand, and then a look into everything that comes out."""

import signal
import sqlite3
import time
from pathlib import Path
from urllib.parse import unquote_plus

from tests.edges.running import Quiet, Site, Vigie, home, until

MARK = "canary"
CANARIES = {
    "token": "canary-token-91c4f0a7d2e85b36",
    "header": "canary-header-5d1e7b",
    "query": "canary-query-8a02cf",
    "path": "canary-path-77e1b2",
    "body": "canary-body-0c9d31",
    "password": "canary-pass%40word-4f",
    "hook": "canary-hook-d6a1f9",
    "literal": "canary-literal-3be6",
}
CONFIG = """
team: {{name: Example team}}
server: {{listen: 127.0.0.1:{port}, token: "file:token"}}
fetch: {{allow_private: [127.0.0.0/8]}}
rules: {{resolve_after: 2s}}
channels:
  api:
    probes:
      - kind: api.call
        url: "{root}/api?key=${{QUERY}}"
        every: 1s
        method: POST
        headers: {{Authorization: "Bearer ${{HEADER}}", X-Key: "{literal}"}}
        body: "${{BODY}}"
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
      - "json://user:${{PASSWORD}}@127.0.0.1:{hook}/${{HOOK}}"
      - "json://127.0.0.1:1/${{HOOK}}"
      - "json://127.0.0.1:{refuse}/refuse/${{HOOK}}"
routes: {{receiver: first, group_wait: 0s}}
"""


def _echo(wire: Quiet) -> None:
    """An error page that repeats what it was asked for, credentials and all, as many servers do."""
    said = f"Cannot {wire.command} {wire.path} with {wire.headers.get('Authorization')} {wire.headers.get('X-Key')}"
    status = 400 if wire.path.startswith("/refuse") else 500
    wire.answer(status, f"<html><title>Error</title><body>{said}</body></html>".encode(), "text/html")


def _echo_feed(wire: Quiet) -> None:
    item = f"<item><title>Prices of {wire.path} change on 1 March</title><guid>{wire.path}</guid></item>"
    wire.answer(200, f'<rss version="2.0"><channel><title>F</title>{item}</channel></rss>'.encode(), "text/xml")


class _Echoing(Site):
    """Repeats every request in its answer."""

    def __init__(self) -> None:
        path = CANARIES["path"]
        pages = {f"/{path}/summary.json?token={CANARIES['query']}": _echo, f"/api?key={CANARIES['query']}": _echo}
        super().__init__(pages | {f"/feed?key={CANARIES['query']}": _echo_feed, f"/refuse/{CANARIES['hook']}": _echo})


def _secrets() -> set[str]:
    return {part for value in CANARIES.values() for part in (value, unquote_plus(value))}


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
    pages = [
        *("/", "/incidents", "/metrics", "/healthz", "/readyz", "/api/v1/channels", "/api/v1/incidents"),
        *(f"/api/v1/channels/{c}" for c in channels),
        *(f"/channels/{c}" for c in channels),
        *(f"/incidents/{i}" for i in incidents),
        *(f"/api/v1/incidents/{i}" for i in incidents),
    ]
    for page in pages:
        status, body = vigie.raw(page)
        assert status in {200, 404}, f"{page}: {status}"
        _clean(page, body)
    _clean("the answer to a test message", str(vigie.post("/api/v1/notify-test", {})))


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
    environ = {
        "HEADER": CANARIES["header"],
        "QUERY": CANARIES["query"],
        "PAGE_PATH": CANARIES["path"],
        "BODY": CANARIES["body"],
        "PASSWORD": CANARIES["password"],
        "HOOK": CANARIES["hook"],
    }
    try:
        with home(tmp_path, environ=environ) as (_, receiver, vigie):
            vigie.text = CONFIG.format(
                port=vigie.port, root=site.root, hook=receiver.port, refuse=site.port, literal=CANARIES["literal"]
            )
            vigie.write(vigie.text)
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
            until(lambda: receiver.steps, 30, "nobody was told")
            until(lambda: "is given up" in vigie.log(), 20, "nothing was refused")
            assert any(CANARIES["query"] in path for path in site.heard), "the canary must go out, or nothing is shown"
            vigie.write(vigie.text.replace("kind: api.call", f"kind: {CANARIES['header']}"))
            until(lambda: vigie.metric("vigie_config_reload_success") == 0, 10)
            vigie.write(
                CONFIG.replace("method: POST", "methode: POST").format(
                    port=vigie.port, root=site.root, hook=receiver.port, refuse=site.port, literal=CANARIES["literal"]
                )
            )
            time.sleep(2)
            _everything_out(vigie)
            for body in receiver.got:
                _clean("a message", str(body))
            vigie.signal(signal.SIGTERM)
            assert vigie.wait(10) == 0
            vigie.write(vigie.text.replace("methode", "method"))
            for verb in ("status", "explain echo", "check-sources", "probe api"):
                said = vigie.say(*verb.split())
                assert not isinstance(said.exception, Exception), said.exception
                assert len(said.output.splitlines()) > 1
                _clean(f"vigie {verb}", said.output)
            _clean("the log", vigie.log().replace(str(tmp_path), ""))
            _database(tmp_path)
    finally:
        site.close()
