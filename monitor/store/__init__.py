"""What survives a restart: state, ledger, observations and the outbox, in one database file with one writer.

Bottom-up: `rows` (the nouns), `codec` (nouns to text and back), `schema` (tables), `opening` (refuse what is no store
of ours), `reading`, `gathering` (which messages go as one), `outbox`, `store` (one transaction each), `writer` (the
thread that owns the connection).
"""

from monitor.store.failpoint import failpoint
from monitor.store.reading import StoreReader
from monitor.store.rows import (
    Attempt,
    Delivery,
    LedgerRow,
    OutboxRow,
    OutboxState,
    OutboxStats,
    OverrideRow,
    Parcel,
    Retention,
    SilenceRow,
    Snapshot,
    StoredObservation,
    StoreError,
    StoreFull,
    StoreLocked,
    Tried,
    Writes,
)
from monitor.store.store import Store
from monitor.store.writer import InlineWriter, Writer

__all__ = [
    "Attempt",
    "Delivery",
    "InlineWriter",
    "LedgerRow",
    "OutboxRow",
    "OutboxState",
    "OutboxStats",
    "OverrideRow",
    "Parcel",
    "Retention",
    "SilenceRow",
    "Snapshot",
    "Store",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreReader",
    "StoredObservation",
    "Tried",
    "Writer",
    "Writes",
    "failpoint",
]
