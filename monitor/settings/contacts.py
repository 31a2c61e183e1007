"""Ways to reach somebody: addresses of Apprise, and of an Alertmanager; checked at load and without the network.

Apprise itself takes port 99999, `rto=abc`, unknown parameters and paths of local files without a word (pitfalls.md
5.3), so they are looked for here. Importing this module is cheap; Apprise, 0.5 s, comes with the first address.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from monitor.settings.address import PORT_MAX, TOKEN_CHARS_MIN, secret_parts
from monitor.settings.faults import SECRET_CHARS_MIN, did_you_mean
from monitor.settings.values import HintedError

__all__ = ["OWN", "SERVICES", "SHAPES", "check", "check_all", "scheme_of", "secrets_in"]

ADDRESS_CHARS_MAX = 2_048
TIMEOUT_S_MAX = 30.0
LABELS_MAX = 20
LABEL_CHARS_MAX = 200

SERVICES = {
    "mailto": "mail",
    "mailtos": "mail",
    "json": "webhook",
    "jsons": "webhook",
    "xml": "webhook",
    "xmls": "webhook",
    "form": "webhook",
    "forms": "webhook",
    "slack": "Slack",
    "workflow": "Microsoft Teams",
    "workflows": "Microsoft Teams",
    "discord": "Discord",
    "tgram": "Telegram",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "gotify": "Gotify",
    "gotifys": "Gotify",
    "pagerduty": "PagerDuty",
    "opsgenie": "Opsgenie",
    "alertmanager": "Alertmanager",
    "alertmanagers": "Alertmanager",
    "splunk": "Splunk On-Call",
    "victorops": "Splunk On-Call",
    "twilio": "SMS by Twilio",
    "vonage": "SMS by Vonage",
    "sns": "SMS by Amazon SNS",
    "whatsapp": "WhatsApp",
    "signal": "Signal",
    "signals": "Signal",
    "matrix": "Matrix",
    "matrixs": "Matrix",
    "mmost": "Mattermost",
    "mmosts": "Mattermost",
    "rocket": "Rocket.Chat",
    "rockets": "Rocket.Chat",
    "zulip": "Zulip",
    "webex": "Webex",
    "wxteams": "Webex",
    "gchat": "Google Chat",
    "pover": "Pushover",
    "pbul": "Pushbullet",
    "prowl": "Prowl",
    "bark": "Bark",
    "barks": "Bark",
    "sendgrid": "mail by SendGrid",
    "mailgun": "mail by Mailgun",
    "sparkpost": "mail by SparkPost",
    "ses": "mail by Amazon SES",
    "o365": "mail by Microsoft 365",
    "azure": "mail by Microsoft 365",
}
"""The schemes that Vigie sends by, and what people call them. Anything else is refused: 170 schemes load in Apprise,
among them some that write to the local machine."""

SHAPES = {
    "mail": "mailtos://USER:PASSWORD@mail.example.org?to=first@example.org",
    "webhook": "jsons://example.org/hook",
    "Slack": "slack://T12345678/B12345678/abcdefghijklmnopqrstuvwx/%23marketing",
    "Microsoft Teams": "workflows://HOST:443/WORKFLOW/SIGNATURE",
    "Discord": "discord://WEBHOOK_ID/WEBHOOK_TOKEN",
    "Telegram": "tgram://123456789:abcdefghijklmnop/CHAT_ID",
    "ntfy": "ntfys://TOPIC",
    "PagerDuty": "pagerduty://INTEGRATION_KEY@API_KEY",
    "Opsgenie": "opsgenie://API_KEY",
    "Alertmanager": "alertmanager://alertmanager.example.org:9093",
    "SMS by Twilio": (
        "twilio://AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@15551234567/15557654321"
    ),
}
"""What an address looks like, of the services that most teams have."""

OWN = frozenset({"alertmanager", "alertmanagers"})
"""Those that are not Apprise's: Vigie speaks to them itself."""

_HINTS = {
    "msteams": "Teams retired its connectors; use workflows://",
    "teams": "use workflows://",
    "http": "for a webhook use json:// or form://",
    "https": "for a webhook use jsons:// or forms://",
    "email": "use mailtos://",
    "smtp": "use mailtos://",
    "telegram": "use tgram://",
    "pushover": "use pover://",
    "rocketchat": "use rockets://",
    "mattermost": "use mmosts://",
    "sms": "use twilio://, vonage:// or sns://",
}
_WEBHOOK_OF = {
    "hooks.slack.com": "Slack",
    "discord.com": "Discord",
    "discordapp.com": "Discord",
    "api.telegram.org": "Telegram",
    "ntfy.sh": "ntfy",
    "events.pagerduty.com": "PagerDuty",
    "logic.azure.com": "Microsoft Teams",
    "powerplatform.com": "Microsoft Teams",
    "webhook.office.com": "Microsoft Teams",
}
"""Ends of hosts whose webhooks take their own form and no other."""
_FORBIDDEN = {
    "attach": "nothing may be attached",
    "attach-as": "nothing may be attached",
    "filename": "nothing may be attached",
    "template": "messages have one form; templates are files of this machine",
    "retry": "Vigie itself tries again",
    "wait": "Vigie itself tries again",
    "redirect": "redirects are never followed",
    "optional": "each message counts",
    "pgp": "keys are files of this machine",
    "pgppub": "keys are files of this machine",
    "pgpprv": "keys are files of this machine",
    "wkd": "keys would be fetched from elsewhere",
}
_OWN_LABELS = frozenset({"alertname", "kind", "incident"})
_URL_PARAMETERS = {"user", "pass"}  # Apprise takes these for every scheme and lists them for none
_BOOLEAN = {"yes", "no", "true", "false", "on", "off", "1", "0"}
_PLAIN_WORD = re.compile(r"[a-z]{1,20}")  # blotting out "notifications" would blot out half of every log
_CHECKED_CHOICES = {"overflow", "format", "method"}  # the others may be abbreviated


def scheme_of(url: str) -> str:
    """``mailto`` of ``mailto://...``, in lower case; empty where there is none."""
    scheme, found, _ = url.partition("://")
    return scheme.lower() if found and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,31}", scheme) else ""


def check(url: str) -> None:
    """Raises HintedError when the address cannot be used; its words hold no part of the address but the scheme."""
    if len(url) > ADDRESS_CHARS_MAX or re.search(r"[\x00-\x20\x7f]", url):
        raise HintedError("is too long, or holds a space or a control character", "percent-encode it, as in %20")
    scheme = scheme_of(url)
    if not scheme:
        raise HintedError("is not the address of a contact", f"such as {SHAPES['mail']}")
    if scheme not in SERVICES:
        hint = _webhook_hint(url) or _HINTS.get(scheme) or did_you_mean(scheme, SERVICES)
        raise HintedError("has a scheme that Vigie does not send by", hint)
    _check_authority(url)
    if scheme in OWN:
        _check_alertmanager(url)
        return
    with _quiet():
        _check_with_apprise(url, scheme)


def check_all(urls: Sequence[str]) -> Mapping[str, HintedError]:
    """What is wrong with each address that cannot be used."""
    found = {}
    for url in urls:
        try:
            check(url)
        except HintedError as error:
            found[url] = error
    return found


def _webhook_hint(url: str) -> str:
    """Who copies a webhook from a chat has its parts at hand."""
    host = f".{url.partition('://')[2].partition('/')[0].lower()}"
    service = next((name for end, name in _WEBHOOK_OF.items() if host.partition(":")[0].endswith(f".{end}")), "")
    return f"write the parts of this webhook as {SHAPES[service]}" if service else ""


def _check_authority(url: str) -> None:
    """Someone who writes a password raw moves the target to another host; that shows in the authority."""
    encode = "percent-encode @ / ? # and : in a user or a password"
    try:
        parts = urlsplit(url)
    except ValueError:
        raise HintedError("has a host that cannot be", encode) from None
    authority = parts.netloc
    if authority.count("@") > 1:
        raise HintedError("holds more than one @ before the path", encode)
    host = authority.rpartition("@")[2]
    port = re.fullmatch(r"(?:\[[^\]]*\]|[^:]*):(.*)", host)
    if port and port.group(1) and (not port.group(1).isascii() or not port.group(1).isdigit()):
        if scheme_of(url) != "tgram":  # a bot's token holds a colon
            raise HintedError("has a port that is not a number", encode)
    elif port and port.group(1) and scheme_of(url) != "tgram" and not 0 < int(port.group(1)[:9]) <= PORT_MAX:
        raise HintedError(f"has a port that is not in 1 to {PORT_MAX}")
    if "@" not in authority and "@" in parts.path and SERVICES[scheme_of(url)] == "webhook":
        raise HintedError("holds an @ in the path", encode)


def _check_alertmanager(url: str) -> None:
    """``alertmanager[s]://[user:password@]host[:port][/prefix][?token=...&+label=value]``."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise HintedError("names no host", "such as alertmanager://alertmanager.example:9093")
    if "#" in url:
        raise HintedError("holds a #", "write it as %23")
    labels = 0
    for item in filter(None, parts.query.split("&")):
        name, _, value = (unquote(part) for part in item.partition("="))
        if name == "token":
            if parts.username is not None:
                raise HintedError("has a user and a token", "Alertmanager takes one of them")
            if not re.fullmatch(r"[\x20-\x7e]+", value):
                raise HintedError("has a token that no header can carry")
        elif name.startswith("+"):
            labels += 1
            _check_label(name[1:], value)
        else:
            raise HintedError("has a parameter that this kind of contact does not know", "known: token, +LABEL")
    if labels > LABELS_MAX:
        raise HintedError(f"adds more than {LABELS_MAX} labels")


def _check_label(name: str, value: str) -> None:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII) or len(name) > LABEL_CHARS_MAX:
        raise HintedError("adds a label whose name cannot be", "letters, digits and _, and no digit first")
    if name in _OWN_LABELS:
        raise HintedError(f"adds the label {name}, which is Vigie's own", "choose another name")
    if not 0 < len(value) <= LABEL_CHARS_MAX:
        raise HintedError(f"adds a label whose value has not 1 to {LABEL_CHARS_MAX} characters")


@contextmanager
def _quiet() -> Iterator[None]:
    """Apprise's logger shows addresses at DEBUG, and parts of them in warnings."""
    logger = logging.getLogger("apprise")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(max(before, logging.WARNING))


def _check_with_apprise(url: str, scheme: str) -> None:
    import apprise  # noqa: PLC0415 - half a second that a board without people need not wait for

    plugin = apprise.NotificationManager()[scheme]  # type: ignore[no-untyped-call]
    _check_parameters(url, plugin)
    try:
        target: Any = apprise.Apprise.instantiate(url, suppress_exceptions=False)
        again: Any = apprise.Apprise.instantiate(target.url(), suppress_exceptions=False) if target else None
    except Exception as error:  # noqa: BLE001 - a hundred plugins raise what they like, and their words hold the address
        what = f"is not a complete address of {SERVICES[scheme]} ({type(error).__name__})"
        raise HintedError(what, _incomplete(scheme)) from None
    if target is None or again is None or _settled(target.url()) != _settled(again.url()):
        raise HintedError(f"is not a complete address of {SERVICES[scheme]}", _incomplete(scheme))


def _incomplete(scheme: str) -> str:
    shape = SHAPES.get(SERVICES[scheme])
    return f"a part is missing or malformed; one reads like {shape}" if shape else "a part is missing or malformed"


def _settled(url: str) -> str:
    """Apprise writes a number as 15 the first time and as 15.0 the second."""
    return re.sub(r"=(\d+)\.0(?=&|$)", r"=\1", url)


def _check_parameters(url: str, plugin: Any) -> None:  # noqa: ANN401 - Apprise has no types
    known: dict[str, dict[str, Any]] = plugin.template_args
    prefixes = tuple(str(kind.get("prefix", "+")) for kind in plugin.template_kwargs.values())
    for item in urlsplit(url).query.split("&"):
        name, _, value = item.partition("=")
        name, value = unquote(name).lower(), unquote(value)
        if not name:
            continue
        if name in _FORBIDDEN:
            raise HintedError(f"has the parameter {name!r}, which is refused", _FORBIDDEN[name])
        if name in _URL_PARAMETERS or (prefixes and name.startswith(prefixes) and len(name) > 1):
            continue
        if name not in known:
            allowed = sorted(set(known) - set(_FORBIDDEN))
            raise HintedError("has a parameter that this kind of contact does not know", did_you_mean(name, allowed))
        _check_value(name, value, known[name])


def _check_value(name: str, value: str, kind: dict[str, Any]) -> None:
    what = str(kind.get("type", ""))
    if what == "float" and not (re.fullmatch(r"\d{1,3}(\.\d{1,3})?", value) and 0 < float(value) <= TIMEOUT_S_MAX):
        raise HintedError(f"has a {name!r} that is not a number", f"seconds, more than 0 and at most {TIMEOUT_S_MAX:g}")
    if what == "bool" and value.lower() not in _BOOLEAN:
        raise HintedError(f"has a {name!r} that is neither yes nor no")
    if what == "int" and not re.fullmatch(r"-?\d{1,9}", value):
        raise HintedError(f"has a {name!r} that is not a whole number")
    if name in _CHECKED_CHOICES and "values" in kind:
        choices = sorted(str(choice) for choice in kind["values"])
        if value.lower() not in {choice.lower() for choice in choices}:
            raise HintedError(f"has a {name!r} that does not exist", f"one of {', '.join(choices)}")


def secrets_in(url: str) -> set[str]:
    """Everything in a contact's address that may be a secret, as written and as decoded.

    That is: the address, its password, and whatever in it may be a token, an account or an address of a person.
    """
    found = {url} | secret_parts(url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return found
    candidates = [parts.username or "", *parts.path.split("/"), parts.fragment]
    candidates += [item.partition("=")[2] for item in parts.query.split("&")]
    candidates = [part for part in candidates if not _PLAIN_WORD.fullmatch(part)]
    if "." not in (parts.hostname or ".") and parts.hostname != "localhost":
        candidates.append(parts.netloc.rpartition("@")[2].partition(":")[0])  # slack://token/..., ntfys://topic
        candidates.append(parts.netloc)
    found |= {part for part in candidates if len(part) >= TOKEN_CHARS_MIN}
    found |= {unquote(part) for part in found}
    return {part for part in found if len(part) >= SECRET_CHARS_MIN}
