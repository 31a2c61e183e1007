"""Asking the running daemon to do something: its API, as any program may use it."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import click
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay

from monitor.settings import Settings

__all__ = ["RefusedError", "ask", "at_path"]

ANSWER_S_MAX = 60.0
ANSWER_BYTES_MAX = 1024 * 1024
BUSY_S_MAX = 30.0  # how long a daemon that has too much to do is asked again
BUSY_WAIT_S_MAX = 5.0


class RefusedError(click.ClickException):
    """The daemon answered, and the answer is no. `code`: from the API's list, or empty."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class _BusyError(RefusedError):
    """The daemon has done nothing of it, since it was asked too much at once."""

    def __init__(self, message: str, code: str, wait_s: float) -> None:
        super().__init__(message, code)
        self.wait_s = wait_s


def ask(
    settings: Settings, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str
) -> dict[str, Any]:
    """The answer as JSON. A daemon that is asked too much at once is asked again when it said, for up to BUSY_S_MAX.

    Raises RefusedError, and click's ClickException when nobody answers, with a sentence.
    """
    again = Retrying(
        retry=retry_if_exception_type(_BusyError), wait=_asked_wait_s, stop=stop_after_delay(BUSY_S_MAX), reraise=True
    )
    return again(_ask_once, settings, method, path, body, query)


def _asked_wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    return error.wait_s if isinstance(error, _BusyError) else 0.0


def _ask_once(
    settings: Settings, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str]
) -> dict[str, Any]:
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
        raise _refused(said, response)
    found: dict[str, Any] = said
    return found


def at_path(*parts: str) -> str:
    """A path of the API; what stands in it may have any characters."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


def _refused(said: Any, response: http.client.HTTPResponse) -> RefusedError:  # noqa: ANN401 - JSON
    error = said.get("error", {}) if isinstance(said, dict) else {}
    lines = [error.get("message") or f"Vigie refused with {response.status}.", *error.get("faults", [])]
    message, code = "\n".join(lines), error.get("code", "")
    if code != "too_many_requests":
        return RefusedError(message, code)
    asked = response.headers.get("Retry-After", "")
    return _BusyError(message, code, min(float(asked) if asked.isdecimal() else 1.0, BUSY_WAIT_S_MAX))
