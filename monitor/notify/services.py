"""Which services a contact may name, and how each wants to be spoken to. Allow-list: what is not here is refused.

Left out on purpose: what acts on this machine (syslog, dbus, windows, gnome ...), what posts in public (mastodon,
bluesky, x ...), what forwards to further addresses (apprise), and protocols other than HTTP and SMTP, whose outcomes
we cannot tell.
"""

from enum import StrEnum

__all__ = [
    "SERVICES",
    "TEXT_CHARS_MAX",
    "Dialect",
    "Manner",
    "dialect_of",
    "is_program",
    "manner_of",
    "scheme_of",
    "text_chars_max",
]


class Manner(StrEnum):
    """How a service is used: its pace and the length of what it takes."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    CHAT = "chat"
    PUSH = "push"
    PAGER = "pager"
    SMS = "sms"


class Dialect(StrEnum):
    """What a service makes of the characters it gets."""

    PLAIN = "plain"  # shows them as they are
    CHAT = "chat"  # reads some Markdown and mentions
    HTML = "html"  # reads HTML
    MAIL = "mail"  # takes a whole HTML page


_SCHEMES = {
    Manner.MAIL: "mailto mailtos mailgun sendgrid ses o365 postmark resend brevo smtp2go sparkpost mailersend",
    Manner.WEBHOOK: "json jsons xml xmls form forms alertmanager alertmanagers",
    Manner.CHAT: (
        "slack discord tgram gchat workflow workflows mmost mmosts rocket rockets matrix matrixs webex wxteams zulip "
        "nctalk nctalks twist ryver flock guilded lark feishu dingtalk wecombot line synology synologys cliq zcliq "
        "zohocliq signal signals whatsapp"
    ),
    Manner.PUSH: (
        "ntfy ntfys pover pbul gotify gotifys prowl join bark barks spush simplepush pushed pushme pushdeer pushdeers "
        "psafer psafers hassio hassios ifttt notica noticas onesignal push"
    ),
    Manner.PAGER: (
        "pagerduty opsgenie pagertree squadcast splunk victorops signl4 spike ilert incidentio betterstack firehydrant "
        "goalert goalerts xmatters"
    ),
    Manner.SMS: (
        "twilio vonage nexmo msgbird clicksend clickatell plivo sinch seven d7sms bulksms sns telnyx voipms threema "
        "freemobile 46elks elks octopush smsmanager smseagle smseagles"
    ),
}
SERVICES: dict[str, Manner] = {scheme: manner for manner, words in _SCHEMES.items() for scheme in words.split()}
"""Scheme -> manner, for every scheme a contact may have. All are Apprise's but alertmanager and alertmanagers."""

SMTP_SCHEMES = frozenset({"mailto", "mailtos"})
"""Sent by our own SMTP code, whose answers we read; the other mail services have HTTP interfaces."""

TEXT_CHARS_MAX = {
    "discord": 2_000,
    "gchat": 4_000,
    "mmost": 4_000,
    "ntfy": 3_000,
    "pagerduty": 1_024,
    "pover": 1_024,
    "slack": 3_000,
    "tgram": 4_000,
    "zulip": 9_000,
}
"""Title and text together, from the vendors' documents (Slack: a block; Telegram: 4096 less room for marks)."""

_MANNER_CHARS_MAX = {
    Manner.MAIL: 100_000,
    Manner.WEBHOOK: 32_000,
    Manner.CHAT: 1_000,
    Manner.PUSH: 1_000,
    Manner.PAGER: 1_000,
    Manner.SMS: 160,
}
_PLAIN_CHAT = frozenset({"signal", "signals", "synology", "synologys", "line"})


def scheme_of(url: str) -> str:
    """``"JSONS://host"`` -> ``"jsons"``; ``""`` when there is none."""
    head, sep, _ = url.strip().partition("://")
    return head.lower() if sep else ""


def manner_of(scheme: str) -> Manner:
    """Return the manner of an allowed scheme; an unknown one is treated as a chat, which is careful in every way."""
    return SERVICES.get(scheme, Manner.CHAT)


def is_program(scheme: str) -> bool:
    """Whether what is there keeps a book of incidents by their keys: one message for many would leave it wrong."""
    return manner_of(scheme) in {Manner.WEBHOOK, Manner.PAGER}


def dialect_of(scheme: str) -> Dialect:
    """Return how text for this scheme must be neutralised."""
    manner = manner_of(scheme)
    if scheme == "tgram":
        return Dialect.HTML
    if manner is Manner.MAIL:
        return Dialect.MAIL
    if manner is Manner.SMS or scheme in _PLAIN_CHAT:
        return Dialect.PLAIN
    return Dialect.CHAT


def text_chars_max(scheme: str) -> int:
    """Return how many characters title and text may have together."""
    plain = scheme[:-1] if scheme.endswith("s") and scheme[:-1] in TEXT_CHARS_MAX else scheme
    return TEXT_CHARS_MAX.get(plain, _MANNER_CHARS_MAX[manner_of(scheme)])
