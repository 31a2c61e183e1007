"""The issue's own story, on the real clock and through real mail."""

import time
from datetime import datetime
from pathlib import Path

from tests.edges.postbox import Postbox, opens, postbox, presses
from tests.edges.running import Page, Vigie, free_port, until

STEP_S = 3
SCANNER = "Mozilla/5.0 (compatible; Mail-Scanner/1.0; prefetch)"


def team(page: Page, post: Postbox, port: int) -> str:
    """First is called, then second; repeats come fast, so that a repeat that should not come would be seen."""
    return f"""
team: {{name: Example team, timezone: Europe/Paris, language: en}}
store: sqlite:///var/vigie.db
server: {{listen: 127.0.0.1:{port}}}
fetch: {{allow_private: [127.0.0.0/8]}}
rules: {{resolve_after: 2s}}
channels:
  newsletter:
    name: Newsletter
    platform: mailer
    probes:
      - {{kind: status.statuspage, url: "{page.url}", every: 1s, components: ["Email sending"]}}
people:
  first: {{name: First on call, contacts: ["mailto://127.0.0.1:{post.port}?from=vigie@team.example&to=first@team.example"]}}
  second: {{name: Second on call, contacts: ["mailto://127.0.0.1:{post.port}?from=vigie@team.example&to=second@team.example"]}}
escalation:
  on-call: {{steps: [{{targets: [second], after: {STEP_S}s}}, {{targets: [first], after: 1h}}], fallback: first}}
routes: {{receiver: first, escalation: on-call, group_wait: 0s, group_interval: 1s, repeat_interval: 6s}}
"""


def test_nobody_answers_the_second_is_called_takes_it_by_the_link_and_both_hear_the_end(tmp_path: Path) -> None:
    page, port = Page(), free_port()
    with postbox() as post:
        vigie = Vigie(tmp_path, team(page, post, port), port)
        try:
            vigie.start()
            page.word = "major_outage"
            opened = until(lambda: post.of("first"), "first was not called")[0]
            assert "Newsletter: outage since" in opened.subject
            called = until(lambda: post.of("second"), "second was not called")[0]
            incident = vigie.get("/api/v1/incidents")["incidents"][0]["id"]
            assert _decided(vigie, incident, "told_escalated") - _decided(vigie, incident, "told_opened") >= STEP_S

            for _ in range(5):
                status, seen = opens(called.link, SCANNER)
                assert status == 200
                assert "Newsletter" in seen
            assert vigie.get(f"/api/v1/incidents/{incident}")["phase"] == "open", "a scanner's look changed something"

            status, said = presses(called.link, act="acknowledge")
            assert status == 200
            assert "You have it" in said
            assert vigie.get(f"/api/v1/incidents/{incident}")["owner"] == "Second on call"
            heard = until(
                lambda: [m for m in post.of("first") if "Taken by Second on call" in m.subject], "first was not told"
            )
            assert heard
            quiet_from = len(post.mails)
            time.sleep(8)
            assert len(post.mails) == quiet_from, [m.subject for m in post.mails]

            page.word = "operational"
            until(lambda: all(_knows_the_end(post, p) for p in ("first", "second")), "not both heard the end")
            until(lambda: vigie.say("explain", incident).output.count("Sent the all-clear") == 2, "it was not recorded")
            told = vigie.say("explain", incident)
            assert told.exit_code == 0, told.output
            for person in ("First on call", "Second on call"):  # at the same time, so in no order
                _in_order(
                    told.output,
                    "the opening to First on call",
                    "the call to Second on call",
                    "Second on call took it by link",
                    "the word that it is taken to First on call",
                    "incident_resolved",
                    f"the all-clear to {person}",
                )
        finally:
            vigie.leave()
            page.close()


def _knows_the_end(post: Postbox, person: str) -> bool:
    return "works again" in post.of(person)[-1].subject


def _decided(vigie: Vigie, incident: str, code: str) -> float:
    """When something was decided, in Unix time."""
    rows = vigie.get(f"/api/v1/incidents/{incident}")["timeline"]
    return datetime.fromisoformat(next(row["at"] for row in rows if row["code"] == code)).timestamp()


def _in_order(text: str, *words: str) -> None:
    """The words stand in the text, each after the one before."""
    at = 0
    for word in words:
        found = text.lower().find(word.lower(), at)
        assert found >= 0, f"{word!r} does not follow in:\n{text}"
        at = found
