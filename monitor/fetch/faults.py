"""What a failed attempt means: the client library's exceptions as Unreachable or Unreadable, one sentence each.

Sentences name the host and nothing else of the address, and no header or body of the answer.
"""

import asyncio
import errno
import ssl
import zlib

import aiohttp
from aiohttp import http_exceptions

from monitor.fetch.dialing import Stage
from monitor.fetch.egress import Target, refusal
from probes.base import Reason, Unreachable, Unreadable

__all__ = ["explain", "too_slow"]

# OpenSSL's X509_V_ERR_* numbers, from its header x509_vfy.h
_CERTIFICATE = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself",
    19: "rests on a root that is not trusted",
    20: "is signed by someone unknown",
    21: "is signed by someone unknown",
    62: "is for another host",
    64: "is for another address",
}
_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}


def explain(error: BaseException, target: Target, stage: Stage, *, proxied: bool) -> Unreachable | Unreadable:
    """The exception that a probe's run ends with, for what the client library raised in one attempt."""
    place = target.place
    if stage.refused and not stage.sockets and isinstance(error, aiohttp.ClientConnectorError):
        return Unreadable(refusal(place, stage.refused), Reason.FORBIDDEN)
    if proxied and isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return Unreachable(f"the proxy did not let us through to {place}", Reason.CONNECT)
    for kind, handle in _HANDLERS:
        if isinstance(error, kind):
            return handle(error, target, stage)
    return Unreadable(f"{place} could not be asked: {type(error).__name__}", Reason.INTERNAL)


def too_slow(target: Target, stage: Stage, seconds: float, *, resolving: bool) -> Unreachable:
    """The exception for a request whose total time is over."""
    if resolving:
        return Unreachable(f"nobody answered for the name {target.host} within {seconds:g} s", Reason.DNS)
    if not stage.stood:
        return Unreachable(f"{target.place} did not take the connection within {seconds:g} s", Reason.TIMEOUT)
    if stage.silent:
        text = f"{target.place} took the connection and then said nothing more for too long"
        return Unreachable(text, Reason.TIMEOUT, answered=True)
    text = f"{target.place} did not finish its answer within {seconds:g} s"
    return Unreachable(text, Reason.TIMEOUT, answered=True)


def _name(error: BaseException, target: Target, stage: Stage) -> Unreachable:  # noqa: ARG001 - one shape for all
    said = str(error.os_error).lower() if isinstance(error, aiohttp.ClientConnectorDNSError) else ""
    if "not found" in said or "no data" in said or "nxdomain" in said:
        return Unreachable(f"the name {target.host} does not exist", Reason.DNS)
    if "timeout" in said or "timed out" in said:
        return Unreachable(f"nobody answered for the name {target.host} in time", Reason.DNS)
    return Unreachable(f"the name {target.host} could not be resolved", Reason.DNS)


def _certificate(error: BaseException, target: Target, stage: Stage) -> Unreachable:  # noqa: ARG001 - one shape
    cause = getattr(error, "certificate_error", None)
    word = "cannot be trusted"
    if isinstance(cause, ssl.SSLCertVerificationError):
        word = _CERTIFICATE.get(cause.verify_code, word)
    return Unreachable(f"the certificate of {target.place} {word}", Reason.TLS, answered=True)


def _handshake(error: BaseException, target: Target, stage: Stage) -> Unreachable:  # noqa: ARG001 - one shape for all
    return Unreachable(f"{target.place} and we found no way to speak TLS", Reason.TLS, answered=True)


def _connect(error: BaseException, target: Target, stage: Stage) -> Unreachable:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ECONNREFUSED:
        return Unreachable(f"{target.place} refused the connection", Reason.CONNECT, answered=True)
    if number in _NO_ROUTE:
        return Unreachable(f"there is no way to {target.place} from here", Reason.CONNECT)
    if target.scheme == "https" and stage.stood:
        return Unreachable(f"{target.place} broke off the TLS handshake", Reason.TLS, answered=True)
    return Unreachable(f"{target.place} could not be connected to", Reason.CONNECT, answered=stage.stood)


def _connect_slow(error: BaseException, target: Target, stage: Stage) -> Unreachable:  # noqa: ARG001 - one shape
    if stage.stood:
        return Unreachable(f"{target.place} did not finish the TLS handshake in time", Reason.TLS, answered=True)
    return Unreachable(f"{target.place} did not take the connection in time", Reason.TIMEOUT)


def _read_slow(error: BaseException, target: Target, stage: Stage) -> Unreachable:  # noqa: ARG001 - one shape for all
    text = f"{target.place} took the connection and then said nothing for too long"
    return Unreachable(text, Reason.TIMEOUT, answered=True)


def _broken_off(error: BaseException, target: Target, stage: Stage) -> Unreachable:  # noqa: ARG001 - one shape for all
    return Unreachable(f"{target.place} broke off the connection without an answer", Reason.CONNECT, answered=True)


def _cut(error: BaseException, target: Target, stage: Stage) -> Unreadable:  # noqa: ARG001 - one shape for all
    return Unreadable(f"the answer of {target.place} was cut off or is damaged", Reason.FORMAT)


def _not_http(error: BaseException, target: Target, stage: Stage) -> Unreadable:  # noqa: ARG001 - one shape for all
    if isinstance(error.__cause__, http_exceptions.LineTooLong):
        return Unreadable(f"{target.place} answered with a header line that is too long", Reason.LIMIT)
    return Unreadable(f"{target.place} answered with something that is not HTTP", Reason.FORMAT)


def _unfit(error: BaseException, target: Target, stage: Stage) -> Unreadable:  # noqa: ARG001 - one shape for all
    return Unreadable(f"the request to {target.place} cannot be sent: a header of it is not valid", Reason.INTERNAL)


# The first that fits counts, so a class stands before its bases.
_HANDLERS = (
    (aiohttp.ClientConnectorDNSError, _name),
    (aiohttp.ClientConnectorCertificateError, _certificate),
    (aiohttp.ClientConnectorSSLError, _handshake),
    (aiohttp.ClientConnectorError, _connect),
    (aiohttp.ConnectionTimeoutError, _connect_slow),
    (aiohttp.ServerTimeoutError, _read_slow),
    (aiohttp.ServerDisconnectedError, _broken_off),
    (aiohttp.ClientPayloadError, _cut),
    (aiohttp.ClientResponseError, _not_http),
    (aiohttp.ClientConnectionError, _broken_off),
    (http_exceptions.HttpProcessingError, _not_http),
    (asyncio.TimeoutError, _read_slow),
    (ssl.SSLError, _handshake),
    (OSError, _broken_off),
    (zlib.error, _cut),
    (ValueError, _unfit),
)
