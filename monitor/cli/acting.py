"""Verbs that act: they go through the running daemon's API."""

import http.client
import json as jsonlib
from typing import Any

import click

from monitor.cli.printing import as_json, rows
from monitor.settings import Settings

__all__ = ["notify_test"]

ANSWER_S_MAX = 60.0
ANSWER_BYTES_MAX = 1024 * 1024


def notify_test(settings: Settings, receiver: str | None, *, json: bool) -> int:
    """Send a test message to every contact of a receiver; 0 when every one took it."""
    answer = _post(settings, "/api/v1/notify-test", {"receiver": receiver} if receiver else {})
    sent = answer["results"]
    if json:
        as_json(answer)
    else:
        rows(("CONTACT", "OUTCOME", "DETAIL"), [(s["destination"], s["outcome"], s["detail"]) for s in sent])
    return 0 if sent and all(s["outcome"] == "delivered" for s in sent) else 1


def _post(settings: Settings, path: str, body: dict[str, Any]) -> dict[str, Any]:
    host, port = settings.address
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    headers = {"Content-Type": "application/json"}
    if settings.server.token:
        headers["Authorization"] = f"Bearer {settings.server.token.get_secret_value()}"
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S_MAX)
    try:
        connection.request("POST", path, jsonlib.dumps(body), headers)
        response = connection.getresponse()
        said = jsonlib.loads(response.read(ANSWER_BYTES_MAX))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise click.ClickException(
            f"Vigie does not answer at http://{host}:{port}/ ({error}); start it with `vigie run`, then try again."
        ) from error
    finally:
        connection.close()
    if response.status >= http.HTTPStatus.BAD_REQUEST:
        raise click.ClickException(said.get("error", {}).get("message", f"refused with {response.status}"))
    found: dict[str, Any] = said
    return found
