"""Words to people: the outbox dispatcher, and Apprise fenced into killable worker processes.

The core decides and the store commits; from there `Dispatcher` carries each row to its destination, at least once, and
records what came of it. `WorkerSender` is the real sender; stories put an inbox in its place (`Sender`). Knows nothing
of the store, which the daemon fits to `Outbox`.
"""

from monitor.notify.contacts import surface_fault
from monitor.notify.dispatch import DOUBT, Dispatcher, spread
from monitor.notify.enclosing import Gatherer, Linker
from monitor.notify.lanes import Breaker, Lane
from monitor.notify.model import Attempted, Clock, Envelope, Lanes, Outbox, OutboxRow, Parcel, Sender, Sent
from monitor.notify.pool import WorkerSender, check_contacts
from monitor.notify.services import SERVICES, Dialect, Manner, dialect_of, manner_of, scheme_of
from monitor.notify.trial import notify_test, trial_envelope

__all__ = [
    "DOUBT",
    "SERVICES",
    "Attempted",
    "Breaker",
    "Clock",
    "Dialect",
    "Dispatcher",
    "Envelope",
    "Gatherer",
    "Lane",
    "Lanes",
    "Linker",
    "Manner",
    "Outbox",
    "OutboxRow",
    "Parcel",
    "Sender",
    "Sent",
    "WorkerSender",
    "check_contacts",
    "dialect_of",
    "manner_of",
    "notify_test",
    "scheme_of",
    "spread",
    "surface_fault",
    "trial_envelope",
]
