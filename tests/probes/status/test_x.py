"""`status.x`: X's incident history in Markdown. Payloads by hand, after the shape in X's public documentation."""

import pytest

from tests.probes.status.said import DEGRADED, OPERATIONAL, OUTAGE, reading, reason, texts, verdict

KIND = "status.x"
QUIET = '<Step title="No Incidents" icon="circle-exclamation">\n    There are no past incidents.\n</Step>'


def step(title: str, text: str) -> str:
    return f'<Step title="{title}" icon="circle-exclamation">\n{text}\n</Step>'


def history(*steps: str, month: str = "November 2026") -> bytes:
    return (
        "---\ntitle: Incident History\n---\n\n"
        f"## {month}\n<Steps>\n" + "\n".join(steps) + f"\n</Steps>\n\n## January 2025\n<Steps>\n{QUIET}\n</Steps>\n"
        '\n{/*\n\nTEMPLATE:\n\n## December 2024\n<Steps>\n<Step title="Feed Disruption" icon="x">\n'
        "Incident is ongoing | **Dec 23, 03:43 - 06:22 UTC**\n</Step>\n</Steps>\n\n*/}\n"
    ).encode()


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("404 errors", "Incident has been resolved. | **November 21, 7:30 UTC - November 21, 21:30 UTC**", OPERATIONAL),
        ("503s", "Incident has been [resolved](https://x.example/). | **Nov 21, 17:00 UTC**", OPERATIONAL),
        ("Streaming disconnects", "Incident is ongoing. | **November 22, 7:30 UTC**", DEGRADED),
        ("Streaming disconnects", "Investigating | **November 22, 7:30 UTC - current**", DEGRADED),
        ("Site-wide outage (All endpoints)", "Incident is ongoing. | **November 22, 7:30 UTC**", OUTAGE),
        ("Site-wide outage", "Incident has not been resolved. | **November 22, 7:30 UTC**", OUTAGE),
        ("Site-wide outage", "Incident is ongoing. | **November 20, 7:30 UTC**", DEGRADED),
        ("Old one", "Incident is ongoing. | **Nov 6, 00:00**", OPERATIONAL),
    ],
)
def test_a_step_says_whether_it_goes_on_and_counts_by_its_age(title: str, text: str, expected: str) -> None:
    said = reading(KIND, history(step(title, text)))
    assert verdict(KIND, history(step(title, text))) == expected
    assert ("no word for" in texts(said)) == ("20," in text or "Nov 6" in text)


def test_a_template_in_a_comment_is_no_incident() -> None:
    assert verdict(KIND, history(QUIET)) == OPERATIONAL


@pytest.mark.parametrize(
    "body",
    [
        history(step("New words", "Everything is strange. | **November 22, 07:00 UTC**")),
        history(step("x", "Incident is ongoing."))[:-300],
        history(step("x", "Incident is ongoing."))[:120],
        history(step("x", "Incident is ongoing.")).replace(b'<Step title="x"', b'<Step name="x"'),
        history(QUIET).replace(b"## ", b"# "),
        b"# Incident History\n\nNothing here.",
        b"<!DOCTYPE html><html><body><h2>October 2025</h2></body></html>",
        b"\xff" * 100,
    ],
)
def test_another_shape_or_word_is_unknown(body: bytes) -> None:
    assert reason(KIND, body) in {"format", "word"}


def test_a_filter_matches_nothing_since_the_history_names_no_components() -> None:
    assert reason(KIND, history(QUIET), components=("Streaming",)) == "filter"
