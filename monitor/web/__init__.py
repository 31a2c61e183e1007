"""The door for others: the board, the JSON API, `/metrics` and the event stream.

`Web` is the listener; `House` says what it needs of the rest; `Changes` is what tells open pages that something moved.
"""

from monitor.web.app import Limits, Web
from monitor.web.guard import PublicWithoutTokenError, refuse_public_without_token
from monitor.web.house import House, Refused, Sent
from monitor.web.sse import Changes

__all__ = [
    "Changes",
    "House",
    "Limits",
    "PublicWithoutTokenError",
    "Refused",
    "Sent",
    "Web",
    "refuse_public_without_token",
]
