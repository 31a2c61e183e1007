"""What the linter says of a schedule, in sentences."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from monitor.core.duty import DutyRule, Override, Recipient, Schedule, Shift, Window
from monitor.core.oncall import Finding, lint
from tests.core.oncall.given import PEOPLE, at, override, rotation, schedule, shift

PARIS = "Europe/Paris"
NOW = at("2026-11-18T12:00", PARIS)
GOOD = schedule(rotation("first", "second", "third"))
OFFICE = DutyRule(Window(time(9), time(17)), rotation("first", "second"))


def found(one: Schedule, *made: Override, imported: tuple[Shift, ...] = (), code: str = "") -> list[str]:
    findings = lint(one, made, imported, PEOPLE, NOW)
    assert all(f.schedule == "duty" for f in findings)
    return [f.text for f in findings if not code or f.code == code]


def test_a_good_schedule_is_not_talked_about() -> None:
    assert found(GOOD) == []


def test_a_gap_is_named_with_its_times_and_zone() -> None:
    one = schedule(imported=True)
    imported = (
        shift("first", "2026-11-16T00:00", "2026-11-20T09:00", "import"),
        shift("second", "2026-11-21T09:00", "2026-12-24T09:00", "import"),
    )
    assert found(one, imported=imported, code="gap") == [
        "Nobody is on call by Duty from Fri 20 Nov 2026 09:00 to Sat 21 Nov 2026 09:00 (Europe/Paris time)."
    ]


def test_many_gaps_are_counted_and_a_schedule_of_nobody_is_one_gap() -> None:
    texts = found(schedule(None, OFFICE), code="gap")
    assert len(texts) == 6
    assert texts[0].startswith("Nobody is on call by Duty from Wed 18 Nov 2026 17:00 to Thu 19 Nov 2026 09:00")
    assert texts[-1] == "Duty has 9 more gaps in the next 14 days."
    assert found(schedule(), code="gap") == ["Nobody is on call by Duty in the next 14 days."]
    assert found(schedule(imported=True)) == [
        "Nobody is on call by Duty in the next 14 days: no shift in them has been read from its calendar."
    ]


def test_where_another_is_still_on_call_there_is_no_gap() -> None:
    imported = (
        shift("first", "2026-11-16T00:00", "2026-12-24T00:00", "import"),
        shift("second", "2026-11-19T00:00", "2026-11-20T00:00", "import"),
    )
    assert found(schedule(imported=True), imported=imported, code="gap") == []


def test_who_stood_in_the_import_once_is_not_missed_now() -> None:
    imported = (
        shift("ghost", "2026-11-10T00:00", "2026-11-11T00:00", "import"),
        shift("first", "2026-11-16T00:00", "2026-11-30T00:00", "import"),
    )
    assert found(schedule(imported=True), imported=imported, code="unreachable") == []
    assert len(found(schedule(imported=True), imported=imported, code="bus_factor")) == 1


def test_an_override_fills_a_gap_and_one_beyond_the_fortnight_is_not_named() -> None:
    one = schedule(imported=True)
    imported = (shift("first", "2026-11-16T00:00", "2026-11-30T00:00"),)
    assert len(found(one, imported=imported, code="gap")) == 1
    fill = override("second", "2026-11-30T00:00", "2026-12-02T12:00")
    assert found(one, fill, imported=imported, code="gap") == []


def test_a_rotation_of_one_or_of_nobody_is_named_also_in_a_rule() -> None:
    assert found(schedule(rotation("first", "first")), code="bus_factor") == [
        "First Person is the only one in the rotation of Duty: nobody takes turns with them."
    ]
    one = replace(GOOD, rules=(OFFICE, DutyRule(OFFICE.window, rotation("fourth"))))
    assert found(one, code="bus_factor") == [
        "Fourth Person is the only one in rule 2 of Duty: nobody takes turns with them."
    ]
    assert found(schedule(rotation()), code="empty_rotation") == ["Nobody takes part in the rotation of Duty."]
    alone = (shift("third", "2026-11-16T00:00", "2026-12-30T00:00"),)
    assert found(schedule(imported=True), imported=alone, code="bus_factor") == [
        "Third Person is the only one in the imported calendar of Duty: nobody takes turns with them."
    ]


def test_people_who_cannot_be_reached_are_named_once_wherever_they_stand() -> None:
    people = PEOPLE | {"fifth": Recipient("fifth", "Fifth Person")}
    one = replace(
        GOOD, rotation=rotation("first", "fifth", "fifth"), rules=(DutyRule(OFFICE.window, rotation("ghost")),)
    )
    made = (
        override("shade", "2026-11-20T00:00", "2026-11-21T00:00"),
        override("past", "2026-11-10T00:00", "2026-11-11T00:00"),
    )
    texts = [f.text for f in lint(one, made, (), people, NOW) if f.code == "unreachable"]
    assert texts == [
        "Fifth Person is in Duty and has no contact method.",
        "'ghost' is in Duty and nobody knows how to reach them.",
        "'shade' is in Duty and nobody knows how to reach them.",
    ]


def test_somebody_with_far_more_than_their_share_is_named() -> None:
    one = schedule(rotation("first", "first", "first", "first", "second"))
    assert found(one, code="imbalance") == [
        "First Person is on call 83% of the next 12 weeks by Duty; an equal share is 50%."
    ]
    heavy = override("third", "2026-11-20T00:00", "2027-01-20T00:00")
    assert found(GOOD, heavy, code="imbalance")[0].startswith("Third Person is on call 8")


def test_who_stands_in_for_a_day_makes_the_shares_of_the_others_no_less_equal() -> None:
    third = override("third", "2026-11-19T00:00", "2026-11-20T00:00")
    fourth = override("fourth", "2026-11-20T00:00", "2026-11-21T00:00", "2")
    assert found(schedule(rotation("first", "second")), third, fourth) == []


@pytest.mark.parametrize("count", range(1, 40))
def test_equal_turns_are_no_imbalance_however_many_there_are(count: int) -> None:
    people = [f"p{n}" for n in range(count)]
    for unit in ("day", "week", "month"):
        assert found(schedule(rotation(*people, unit=unit)), code="imbalance") == []


def test_equal_weeks_of_an_import_are_no_imbalance_and_unequal_ones_are() -> None:
    week = timedelta(weeks=1)
    start = at("2026-11-16T09:00", PARIS)
    one = schedule(imported=True)
    fair = tuple(Shift(f"p{n % 10}", start + n * week, start + (n + 1) * week, "import") for n in range(14))
    assert found(one, imported=fair, code="imbalance") == []
    unfair = tuple(replace(s, person="p0" if n % 2 else s.person) for n, s in enumerate(fair))
    assert len(found(one, imported=unfair, code="imbalance")) == 1
    brief = tuple(s for s in unfair if s.start < start + 6 * week)
    (text,) = found(one, imported=brief, code="imbalance")
    assert "of the next 40 days, as far as its calendar goes, by Duty" in text


def test_a_change_of_another_schedule_is_not_this_ones_trouble() -> None:
    made = Override("1", "other", override("ghost", "2026-11-20T00:00", "2026-11-21T00:00").spans)
    assert lint(GOOD, (made,), (), PEOPLE, NOW) == ()
    assert Finding("gap", "duty", "x") == Finding("gap", "duty", "x")
