"""The generated parts of the documents: what stands between two marks is made from the code, never written by hand."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

import click

from monitor.cli import main
from monitor.core import ledger
from monitor.core.incident import diagram
from monitor.daemon.wishes import Links
from monitor.metrics import table
from monitor.notify import Envelope
from monitor.notify.render import for_mail
from monitor.settings import CatalogueChannel, load_facts
from monitor.settings import docs as settings_docs
from probes import _docs as probes_docs
from tests.stories.clock import run
from tests.stories.house import Inbox, World, house, statuspage

__all__ = ["ROOT", "blocks", "documents", "first_block", "stale", "verbs_and_options", "written"]

ROOT = Path(__file__).resolve().parents[2]
MARKED = re.compile(r"<!-- made by `make docs`: (?P<name>[a-z-]+) -->\n.*?<!-- end of (?P=name) -->", re.DOTALL)
FENCED = re.compile(r"^(?P<indent> *)```(?P<language>[a-z]*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)


EVERY_VERB = ("--config", "--json")
"""Options whose meaning the page says once, above the table."""


# --- reading Markdown -------------------------------------------------------------------------------------------------


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    tops = ("config", "deploy", "monitor", "probes", "tests")
    return sorted([*ROOT.glob("*.md"), *(path for top in tops for path in (ROOT / top).rglob("*.md"))])


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    text = document.read_text(encoding="utf-8")
    return [dedent(found["text"]) for found in FENCED.finditer(text) if found["language"] == language]


def first_block(document: Path, language: str, holds: str) -> str:
    """The first fenced block of a language that holds a text; raises LookupError."""
    found = next((text for text in blocks(document, language) if holds in text), None)
    if found is None:
        msg = f"{document.name} has no {language} block with {holds!r}"
        raise LookupError(msg)
    return found


# --- what is made -----------------------------------------------------------------------------------------------------


def verbs_and_options() -> dict[str, dict[str, Any]]:
    """Every verb of `vigie` and, by its name as it is typed, each of its arguments and options."""
    return {name: {_typed(parameter): parameter for parameter in command.params} for name, command in _commands()}


def _commands(group: click.Group | None = None, *before: str) -> Iterator[tuple[str, click.Command]]:
    """Every verb as it is typed; one that a group takes for granted by the name of the group."""
    if group is None:
        assert isinstance(main, click.Group)
        group = main
    for name, command in group.commands.items():
        words = before if name == getattr(group, "default", None) else (*before, name)
        if isinstance(command, click.Group):
            yield from _commands(command, *words)
        else:
            yield " ".join(words), command


def _typed(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    name = parameter.make_metavar(click.Context(main))
    return name if name.startswith("[") or parameter.required else f"[{name}]"


def _verbs() -> str:
    about_each = {name: " ".join((command.help or "").split()) for name, command in _commands()}
    lines = ["| verb | what it does | options |", "|---|---|---|"]
    for name, parameters in verbs_and_options().items():
        arguments = [typed for typed, p in parameters.items() if isinstance(p, click.Argument)]
        options = [_option(typed, p) for typed, p in parameters.items() if isinstance(p, click.Option)]
        lines.append(f"| `{' '.join(['vigie', name, *arguments])}` | {about_each[name]} | {', '.join(options)} |")
    return "\n".join(lines)


def _option(typed: str, option: click.Option) -> str:
    if typed in EVERY_VERB:
        return f"`{typed}`"
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(main))}"
    return f"`{typed}{value}` ({(option.help or '').rstrip('.')})"


def _channels() -> str:
    """What the catalogue knows, in two sentences."""
    rows = [load_facts(path)[0] for path in sorted((ROOT / "config" / "channels").glob("*.yaml"))]
    seen = sorted((r.name for r in rows if _has_level_source(r)), key=str.casefold)
    silent = sorted((r.name for r in rows if not _has_level_source(r)), key=str.casefold)
    return (
        f"With a source of their availability ({len(seen)}): {', '.join(seen)}.\n\n"
        f"Without one, so unknown until you add a call of your own ({len(silent)}): {', '.join(silent)}."
    )


def _has_level_source(row: CatalogueChannel) -> bool:
    return any(str(probe.kind).startswith(("status.", "api.")) for probe in row.probes)


EXAMPLE_PAGE = "https://status.mailer.example/api/v2/summary.json"
EXAMPLE_TEAM = f"""
team: {{name: Example team, timezone: Europe/Paris}}
channels:
  newsletter:
    name: Newsletter
    platform: mailer
    owner: Social media lead
    fallback: the blog
    playbook: Move today's issue to tomorrow morning.
    probes:
      - {{kind: status.statuspage, url: "{EXAMPLE_PAGE}", components: ["Email sending"]}}
people:
  first: {{name: First on call, contacts: ["json://127.0.0.1:8766/first"]}}
  second: {{name: Second on call, contacts: ["json://127.0.0.1:8766/second"]}}
escalation:
  on-call: {{steps: [{{targets: [second], after: 5m}}], fallback: second}}
routes: {{receiver: first, escalation: on-call}}
"""


def _message() -> str:
    """The message of a real story: from the page's payload through every room to the inbox, as mail's plain part."""

    async def story(folder: Path) -> tuple[World, Inbox]:
        async with house(folder, EXAMPLE_TEAM) as home:
            home.world.says(EXAMPLE_PAGE, statuspage(Email_sending="operational", Forms="operational"))
            await home.passes(4600)
            home.world.says(EXAMPLE_PAGE, statuspage(Email_sending="major_outage", Forms="operational"))
            await home.passes(120)
            home.inbox.expect("opened", "Newsletter: outage", "first/1")
            return home.world, home.inbox

    with TemporaryDirectory() as folder:
        _, inbox = run(story(Path(folder)))
    mail = for_mail(_with_link(inbox.arrived[0].envelope))
    return f"```text\n{mail.text.partition('-- ')[0].strip()}\n```"


def _with_link(envelope: Envelope) -> Envelope:
    """The envelope with its reader's link, which a story's inbox has no use for; by a key that is none."""
    links = Links(b"of the documents", lambda: "http://127.0.0.1:9180", lambda: envelope.created)
    return replace(envelope, act_url=links.url(envelope.recipient, (envelope.incident,)))


PARTS: dict[str, Callable[[], str]] = {
    "verbs": _verbs,
    "metrics": table,
    "channels": _channels,
    "message": _message,
    "ledger": ledger.table,
    "incident-diagram": lambda: f"```mermaid\n{diagram()}\n```",
}


# --- putting them in --------------------------------------------------------------------------------------------------


def _marked(text: str) -> str:
    def made(found: re.Match[str]) -> str:
        name = found["name"]
        return f"<!-- made by `make docs`: {name} -->\n\n{PARTS[name]()}\n\n<!-- end of {name} -->"

    return MARKED.sub(made, text)


def written() -> dict[Path, str]:
    """Every document that has generated parts, as it should read now."""
    kinds, keys = probes_docs.README, settings_docs.README
    made = {kinds: probes_docs.written(kinds.read_text(encoding="utf-8")), keys: settings_docs.render()}
    for document in documents():
        text = document.read_text(encoding="utf-8")
        if MARKED.search(text):
            made[document] = _marked(made.get(document, text))
    return made


def stale() -> dict[Path, str]:
    """The documents whose generated parts are not what the code says now, as they should read."""
    return {path: text for path, text in written().items() if path.read_text(encoding="utf-8") != text}
