"""What a message is to a program that keeps its own book of incidents: where the incident stands, how bad it is."""

from enum import StrEnum

from monitor.notify.model import Envelope
from monitor.notify.neutral import safe_url

__all__ = ["Stage", "page_of", "severity_of", "stage_of"]


class Stage(StrEnum):
    """Where a message says that its incident stands; NOTE: it is about none."""

    OPEN = "open"
    TAKEN = "taken"
    OVER = "over"
    NOTE = "note"


_STAGES = {
    **dict.fromkeys(("opened", "updated", "repeat", "escalated", "handed_over", "lapsed"), Stage.OPEN),
    "acknowledged": Stage.TAKEN,
    "resolved": Stage.OVER,
}
_LOUD_NOTES = frozenset({"summary", "down", "drill"})
_SEVERITIES = ("critical", "warning", "info")


def stage_of(step: str) -> Stage:
    """Return the stage of a step; one that we do not know is a note."""
    return _STAGES.get(step, Stage.NOTE)


def severity_of(envelope: Envelope) -> str:
    """Return "critical", "warning" or "info". A note that somebody should see is a warning, any other is info."""
    if envelope.critical:
        return "critical"
    if stage_of(envelope.step) is Stage.NOTE:
        return "warning" if envelope.step in _LOUD_NOTES else "info"
    labels = envelope.labels.get("severity", ())
    return next((word for word in _SEVERITIES if word in labels), "warning")


def page_of(envelope: Envelope) -> str:
    """Return the address of the incident's page on the board, or the first link that there is, or nothing."""
    urls = [url for link in envelope.message.links if (url := safe_url(link.url))]
    own = [url for url in urls if url.partition("?")[0].rstrip("/").endswith(f"/incidents/{envelope.incident}")]
    return next(iter((*own, *urls)), "")
