"""Our own sentences can be said in another language, also after they were stored; old rows stay readable."""

import copy
import json
import pickle
from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from monitor.core.model import Health, Incident
from monitor.core.saying import Saying, about, duration
from monitor.core.wording import Speech
from tests.golden.night import ALONE

HEALTH = TypeAdapter(Health)
PAGE = Saying("The status page at {host}", host="x.example")
DARK = Saying(
    "{source} was last seen {age} ago: {quote}", source=PAGE, age=duration(timedelta(minutes=40)), quote="HTML"
)


def test_in_place_it_is_its_english_text() -> None:
    assert DARK == "The status page at x.example was last seen 40 min ago: HTML"
    assert json.dumps([DARK]) == '["The status page at x.example was last seen 40 min ago: HTML"]'
    assert dict.fromkeys([DARK, str(DARK)]) == {DARK: None}


def test_what_the_store_keeps_can_still_be_said_in_french() -> None:
    kept = HEALTH.dump_json(Health(reasons=(DARK, "said by a vendor")))
    reasons = HEALTH.validate_json(kept).reasons
    assert reasons == (DARK, "said by a vendor")
    french = Speech("fr")
    assert french.said(reasons[0]) == (
        "La page d\u2019état (x.example)\u00a0: dernière lecture il y a 40\u00a0min («\u00a0HTML\u00a0»)"
    )
    assert french.said(reasons[1]) == "«\u00a0said by a vendor\u00a0»"


def test_rows_from_before_hold_plain_text_and_stay_readable() -> None:
    incident = TypeAdapter(Incident)
    row = json.loads(incident.dump_json(ALONE)) | {"reasons": ["the page says so"], "peak_reasons": ["so it was"]}
    read = incident.validate_json(json.dumps(row))
    assert read.reasons == ("the page says so",)
    assert Speech("en").said(read.peak_reasons[0]) == "“so it was”"


@pytest.mark.parametrize(
    "row",
    [
        {"text": "{a}", "many": "", "values": {}},
        {"text": "{a.b}", "many": "", "values": {"a": "x"}},
        {"text": "x"},
        {"text": "{x", "many": "", "values": {}},
        7,
        None,
    ],
)
def test_a_broken_row_is_refused_and_not_said(row: object) -> None:
    with pytest.raises(ValidationError):
        HEALTH.validate_json(json.dumps({"reasons": [row]}))


def test_it_survives_copies_and_other_processes() -> None:
    for other in (copy.deepcopy(DARK), pickle.loads(pickle.dumps(DARK))):  # noqa: S301 - made one line above
        assert other == DARK
        assert Speech("fr").said(other) == Speech("fr").said(DARK)


def test_a_reason_keeps_its_language_when_a_channels_name_is_put_before_it() -> None:
    assert about("X", DARK) == f"X: {DARK}"
    assert Speech("fr").said(about("X", DARK)).startswith("X\u00a0: La page d\u2019état")
    assert Speech("fr").said(about("X", "theirs")) == "X\u00a0: «\u00a0theirs\u00a0»"


@pytest.mark.parametrize(
    ("span", "english", "french"),
    [
        (timedelta(seconds=45), "45 s", "45 s"),
        (timedelta(minutes=7, seconds=59), "7 min", "7 min"),
        (timedelta(hours=3, minutes=5), "3 h 05 min", "3 h 05 min"),
        (timedelta(hours=1), "1 h", "1 h"),
        (timedelta(days=1), "1 day", "1 jour"),
        (timedelta(days=2, hours=4), "2 days 4 h", "2 jours 4 h"),
        (timedelta(days=1, hours=23), "1 day 23 h", "1 jour 23 h"),
        (timedelta(seconds=-3), "0 s", "0 s"),
    ],
)
def test_durations_in_words(span: timedelta, english: str, french: str) -> None:
    assert duration(span) == english
    assert Speech("fr").said(duration(span)).replace("\u00a0", " ") == french
