"""``vigie silence``: not to be told of something for a while."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click

from monitor.cli.acting import VIA, report
from monitor.cli.calling import ask, at_path
from monitor.cli.printing import as_json, dumped, local, rows
from monitor.cli.reading import kept_state, never_ran, open_reader
from monitor.core.labels import labels_of_channel
from monitor.core.matching import matches, parse_matcher
from monitor.core.model import Rules
from monitor.core.receivers import name_of
from monitor.settings import Settings
from monitor.web.answers import SilenceItem, SilenceList
from monitor.web.duty_views import silence as shown

__all__ = ["add", "end", "show"]

SHOWN_MAX = 1_000
_LASTING = ("channel", "platform", "market", "tags")


def add(settings: Settings, matchers: Sequence[str], author: str, comment: str, *, json: bool, **when: object) -> int:
    """Make a silence. `when`: the API's `start`, `for` or `end`, and `until_recovered`; None is left out."""
    body = {"matchers": list(matchers), "author": author, "comment": comment, "via": VIA}
    answer = ask(settings, "POST", at_path("silences"), {**body, **{k: v for k, v in when.items() if v is not None}})
    code = report(answer, json=json)
    if not _covered(settings.rules_for_mind(), matchers):
        click.echo("Note: no watched channel matches it now.", err=True)
    return code


def _covered(rules: Rules, matchers: Iterable[str]) -> bool:
    """Whether it can hold anything back: some channel, or trouble that is no channel's."""
    lasting = [m for m in map(parse_matcher, matchers) if m.label in _LASTING]
    return not lasting or any(matches(lasting, labels_of_channel(rule)) for rule in rules.channels.values())


def show(settings: Settings, *, ended: bool, json: bool) -> int:
    """Silences of now and to come, those of the configuration too; with `ended`, those of the past."""
    now, rules = datetime.now(UTC), settings.rules_for_mind()
    found = [shown(each, now) for each in (*rules.silences, *kept_state(settings).silences.values())]
    if ended and not never_ran(settings):
        with open_reader(settings) as reader:
            found += [shown(row.silence, now, ended=True) for row in reader.silences(SHOWN_MAX) if row.ended]
    found = [each for each in found if ended or each.state != "ended"]
    found.sort(key=lambda each: each.start, reverse=True)
    if json:
        as_json(dumped(SilenceList(found)))
        return 0
    if not found:
        click.echo("Nothing is silenced.")
        return 0
    rows(
        ("ID", "STATE", "FROM", "UNTIL", "WHAT", "WHY", "BY"),
        [
            (
                each.id,
                each.state,
                local(each.start, rules, now),
                _until(each, rules, now),
                " ".join(each.matchers),
                each.comment,
                name_of(rules, each.author),
            )
            for each in found
        ],
    )
    return 0


def _until(each: SilenceItem, rules: Rules, now: datetime) -> str:
    end = local(each.end, rules, now)
    return f"recovered, or {end}" if each.until_recovered else end


def end(settings: Settings, silence: str, by: str, *, json: bool) -> int:
    """End a silence now; what is still in trouble is told."""
    return report(ask(settings, "DELETE", at_path("silences", silence), by=by, via=VIA), json=json)
