"""Amazon Web Services: the events that are open now.

Schema: live samples of 2026 in readers' docs: https://health.aws.amazon.com/public/currentevents, a list in UTF-16
of {arn, date (seconds since 1970), region_name, service ("ec2-eu-west-1"), service_name, status, summary,
event_log[{summary, message, status, timestamp}], impacted_services{"<service>": {service_name, current, max}}}. A
status is 0 resolved, 1 informational, 2 degradation, 3 disruption, as text or as number. An empty list is health.

Some region is in trouble for months on end: `regions` (codes such as eu-west-1) is what makes this useful. `products`
filters by service code or name; the list names only what is in trouble, so common codes are known here. An event
without a region, or of many services and naming none, concerns everybody.
"""

import re
from collections.abc import Mapping
from typing import Any

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Request, Unreadable
from probes.status._ask import BODY_BYTES_MAX
from probes.status._json import a_list, an_object, ident, load, loose, objects, plain
from probes.status._page import Component, Incident, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

EVENTS_URL = "https://health.aws.amazon.com/public/currentevents"
PAGE_URL = "https://health.aws.amazon.com/health/status"

STATE_WORDS = {
    "0": Availability.OPERATIONAL,
    "1": Availability.OPERATIONAL,
    "2": Availability.DEGRADED,
    "3": Availability.OUTAGE,
}
_RESOLVED = "0"
REGIONS = (
    *(
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "us-gov-east-1",
        "us-gov-west-1",
        "ca-central-1",
        "ca-west-1",
    ),
    *("mx-central-1", "sa-east-1", "af-south-1", "il-central-1", "me-central-1", "me-south-1", "cn-north-1"),
    *("cn-northwest-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1"),
    *("eu-west-2", "eu-west-3", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4"),
    *("ap-southeast-5", "ap-southeast-7"),
)
SERVICES = {
    "apigateway": "Amazon API Gateway",
    "cloudfront": "Amazon CloudFront",
    "cloudwatch": "Amazon CloudWatch",
    "cognito": "Amazon Cognito",
    "dynamodb": "Amazon DynamoDB",
    "ec2": "Amazon Elastic Compute Cloud",
    "ecs": "Amazon Elastic Container Service",
    "eks": "Amazon Elastic Kubernetes Service",
    "elasticache": "Amazon ElastiCache",
    "elb": "Amazon Elastic Load Balancing",
    "iam": "AWS Identity and Access Management",
    "kinesis": "Amazon Kinesis Data Streams",
    "lambda": "AWS Lambda",
    "pinpoint": "Amazon Pinpoint",
    "rds": "Amazon Relational Database Service",
    "redshift": "Amazon Redshift",
    "route53": "Amazon Route 53",
    "s3": "Amazon Simple Storage Service",
    "ses": "Amazon Simple Email Service",
    "sns": "Amazon Simple Notification Service",
    "sqs": "Amazon Simple Queue Service",
}
_MANY = "multipleservices"
_REGION = re.compile(r"-((?:us-gov|[a-z]{2})-[a-z]{4,9}-\d)$")
_ARN_REGION = re.compile(r"arn:aws[a-z-]{0,10}:health:([a-z0-9-]{0,30}):")


class Params(StatusParams):
    """AWS: `url` is https://health.aws.amazon.com/health/status or ``/public/currentevents``."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the open events; the dashboard's own address stands for them."""
    url = params.url
    dashboard = url.rstrip("/").endswith(("//health.aws.amazon.com", "//status.aws.amazon.com", "/health/status"))
    return await fetch(Request(EVENTS_URL if dashboard else url, body_max=BODY_BYTES_MAX))


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the events; raises Unreadable."""
    return judge(read(load(observation)), params)


def read(value: object) -> Page:
    """The page that the events describe."""
    events = [an_object(v, "each event") for v in a_list(value, "the answer")]
    if not all("service" in event and "summary" in event for event in events):
        raise Unreadable("not a list of AWS events")
    names = dict(SERVICES)
    places = dict.fromkeys(REGIONS)
    for event in events:
        names |= _services(event)
        places |= dict.fromkeys(_regions(event))
    return Page(
        components=tuple(
            Component(code, name, Availability.OPERATIONAL, "no open event", products=(code, name))
            for code, name in names.items()
        ),
        incidents=tuple(i for i in map(_incident, events) if i),
        regions=tuple(places),
        url=PAGE_URL,
        implied=True,
    )


def _split(service: str) -> tuple[str, str]:
    """("ec2", "eu-west-1") of "ec2-eu-west-1"; without a region's code the second is ""."""
    found = _REGION.search(service)
    return (service[: found.start()], found[1]) if found else (service, "")


def _services(event: dict[str, Any]) -> dict[str, str]:
    """Code and name of every service that an event names; none for "multiple services" alone."""
    named = {ident(event, "service"): plain(event.get("service_name"))}
    impacted = event.get("impacted_services")
    for service, facts in (an_object(impacted, "impacted_services") if impacted is not None else {}).items():
        named[service] = plain(an_object(facts, "an impacted service").get("service_name"))
    codes = {_split(service)[0]: name or service for service, name in named.items()}
    return {code: name for code, name in codes.items() if code != _MANY}


def _regions(event: dict[str, Any]) -> list[str]:
    """Codes and display name of an event's region, by its ARN and by its service; none when it is global."""
    arn = _ARN_REGION.match(loose(event.get("arn")))
    codes = dict.fromkeys((arn[1] if arn else "", _split(ident(event, "service"))[1]))
    found = [code for code in codes if code not in ("", "global")]
    return [*found, *(name for name in (plain(event.get("region_name")),) if name and found)]


def _incident(event: dict[str, Any]) -> Incident | None:
    code = event.get("status")
    if isinstance(code, bool) or not isinstance(code, int | str):
        raise Unreadable("an event's status is not a code")
    text = str(code).strip()[:40]
    if text == _RESOLVED:
        return None
    where = plain(event.get("region_name"))
    title = plain(event.get("summary")) or "(without a title)"
    what = plain(event.get("service_name"))
    return Incident(
        id=ident(event, "arn", "service"),
        name=": ".join(t for t in (what, where, title) if t),
        state=STATE_WORDS.get(text),
        word=f"status {text}",
        touches=frozenset(_services(event)),
        regions=frozenset(_regions(event)),
        since=parse_time(event.get("date")),
        url=PAGE_URL,
        updates=_log(event),
    )


def _log(event: dict[str, Any]) -> tuple[Evidence, ...]:
    """The event's log, newest first."""
    entries = [
        (parse_time(e.get("timestamp") or e.get("date")), e) for e in objects(event, "event_log", missing_ok=True)
    ]
    dated = sorted((pair for pair in entries if pair[0]), key=lambda pair: str(pair[0]), reverse=True)
    ordered = dated + [pair for pair in entries if not pair[0]]
    return tuple(
        Evidence(
            ": ".join(t for t in (plain(e.get("summary")), plain(e.get("message") or e.get("description"))) if t), at
        )
        for at, e in ordered
    )
