"""Asking the running daemon to do something: its API, as any program may use it."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import click

from monitor.settings import Settings

__all__ = ["RefusedError", "ask", "at_path"]

ANSWER_S_MAX = 60.0
ANSWER_BYTES_MAX = 1024 * 1024


class RefusedError(click.ClickException):
    """The daemon answered, and the answer is no. `code`: from the API's list, or empty."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


def ask(
    settings: Settings, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str
) -> dict[str, Any]:
    """The answer as JSON. Raises RefusedError, and click's ClickException when nobody answers, with a sentence."""
    host, port = settings.address
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if settings.server.token:
        headers["Authorization"] = f"Bearer {settings.server.token.get_secret_value()}"
    where = f"{path}?{urlencode(query)}" if query else path
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S_MAX)
    try:
        connection.request(method, where, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        said = json.loads(response.read(ANSWER_BYTES_MAX))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise click.ClickException(
            f"Vigie does not answer at http://{host}:{port}/ ({error}); start it with `vigie run`, then try again."
        ) from error
    finally:
        connection.close()
    if response.status >= http.HTTPStatus.BAD_REQUEST:
        raise _refused(said, response.status)
    found: dict[str, Any] = said
    return found


def at_path(*parts: str) -> str:
    """A path of the API; what stands in it may have any characters."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


def _refused(said: Any, status: int) -> RefusedError:  # noqa: ANN401 - JSON
    error = said.get("error", {}) if isinstance(said, dict) else {}
    lines = [error.get("message") or f"Vigie refused with {status}.", *error.get("faults", [])]
    return RefusedError("\n".join(lines), error.get("code", ""))
