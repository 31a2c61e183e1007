"""Every sentence that people are sent: what happened, what it means, what to do, how sure we are, when they hear next.

Written for a marketer at 3 in the morning: no status codes, no jargon, a state in a word and a symbol. Titles have at
most 80 characters. Words are in the reader's language (one catalogue each, beside this file), times in the reader's
zone, which is named.
"""

from monitor.core.saying import duration
from monitor.core.wording.gathering import Gathered, gathered
from monitor.core.wording.incidents import compose, headline
from monitor.core.wording.names import SYMBOLS, clock, destination_name, scope_name
from monitor.core.wording.notices import announced, down, drill, duty, handoff, report, trial
from monitor.core.wording.speech import Speech, languages
from monitor.core.wording.title import UNREAD_CALENDAR

__all__ = [
    "SYMBOLS",
    "UNREAD_CALENDAR",
    "Gathered",
    "Speech",
    "announced",
    "clock",
    "compose",
    "destination_name",
    "down",
    "drill",
    "duration",
    "duty",
    "gathered",
    "handoff",
    "headline",
    "languages",
    "report",
    "scope_name",
    "trial",
]
