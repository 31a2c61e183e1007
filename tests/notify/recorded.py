"""Run as a script: what each service's plugin would post, with the wire cut off. Prints JSON: service -> [[url, body]].

The plugins are Apprise's own and speak to fixed hosts on the internet; only requests' transport is replaced, in this
process, by one that keeps the request and answers 200.
"""

import io
import json
import sys
from datetime import UTC, datetime
from typing import Any

import requests
import requests.sessions
from requests.adapters import BaseAdapter

from monitor.core.model import Link, Message
from monitor.notify import Envelope
from monitor.notify.fence import mark, plugin_for, raise_fence, say
from monitor.notify.render import TITLE_CHARS_MAX, for_service
from monitor.notify.services import scheme_of

CONTACTS = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "tgram": "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "gchat": "gchat://workspace/key/token",
    "workflows": "workflows://host.example.org/643a1b2c3d4e5f60718293a4b5c6d7e8/sig-abc",
    "pagerduty": "pagerduty://" + "z" * 32 + "@" + "y" * 20,
    "pover": "pover://" + "u" * 30 + "@" + "t" * 30,
    "twilio": "twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@15551234567/15557654321",
    "opsgenie": "opsgenie://" + "8b799edf-6f98-4d3a-9be7-2862fb4e5752",
    "mmost": "mmost://h.example.org/" + "a" * 24,
    "rocket": "rocket://" + "a" * 24 + "/" + "b" * 24 + "@h.example.org/#room",
    "webex": "webex://" + "a" * 80,
    "zulip": "zulip://bot@org/" + "a" * 32 + "/room",
    "sendgrid": "sendgrid://" + "a" * 30 + ":from@example.org/to@example.com",
}
NASTY = "@everyone <!channel> <@U1> <users/all> *b* _i_ `c` [pay](http://evil.example/) <b>html</b> a & b | c"
SENT: list[tuple[str, str]] = []


class Recorder(BaseAdapter):
    """Keeps the request and says that all is well."""

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:  # noqa: ANN401 - requests'
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        SENT.append((str(request.url), body))
        answer = requests.Response()
        answer.status_code = 202 if "pagerduty" in str(request.url) else 200
        answer.request = request
        answer.url = str(request.url)
        answer.raw = io.BytesIO(b'{"ok": true, "result": "success", "id": "1", "message_id": "1"}')
        return answer

    def close(self) -> None:
        """Hold nothing."""


def main() -> None:
    """Let every plugin send the same long and nasty message."""
    raise_fence()
    requests.sessions.HTTPAdapter = Recorder  # type: ignore[assignment]
    filler = "Sending of newsletters is held up, and mails arrive late. " * 200
    words = Message(
        NASTY, "⛔", (("What it means", NASTY), ("More", filler)), (Link("Page", "https://s.example.org/?a=1&b=2"),)
    )
    envelope = Envelope("0-7/1/opened/a/1", "0-7", 1, "opened", words, datetime(2026, 11, 2, tzinfo=UTC), critical=True)
    out = {}
    for name, contact in CONTACTS.items():
        SENT.clear()
        plugin = plugin_for(contact)
        scheme = scheme_of(contact)
        mark(plugin, scheme, envelope)
        titled = plugin.title_maxlen >= TITLE_CHARS_MAX
        said = say(plugin, for_service(envelope, scheme, chars_max=plugin.body_maxlen, titled=titled), envelope)
        out[name] = [said, *SENT]
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main()
