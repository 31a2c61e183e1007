"""Overrides and swaps: what is refused, in a sentence, and how a swap is made."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.core.duty import Override, Recipient, Shift
from monitor.core.oncall import CannotSwapError, conflict, on_call, swap
from monitor.core.oncall.changes import SPANS_MAX
from tests.core.oncall.given import PEOPLE, at, override, rotation, schedule, shift

PARIS = "Europe/Paris"
NOW = at("2026-11-18T12:00", PARIS)
DUTY = schedule(rotation("first", "second"))
STANDING = override("third", "2026-11-20T00:00", "2026-11-21T00:00", "1")


def against(change: Override, *existing: Override, imported: tuple[Shift, ...] = ()) -> str | None:
    one = schedule(rotation("first", "second"), imported=bool(imported))
    return conflict(change, existing, one, PEOPLE, NOW, imported)


def spans(*made: Shift, swap: bool = False) -> Override:
    return Override("", "duty", made, swap=swap)


def test_an_override_that_nothing_speaks_against_is_made() -> None:
    assert against(override("third", "2026-11-19T00:00", "2026-11-20T00:00"), STANDING) is None
    assert against(override("third", "2026-11-21T00:00", "2026-11-22T00:00", "2"), STANDING) is None
    assert against(override("third", "2026-11-18T11:30", "2026-11-19T00:00")) is None


def test_GA9_of_two_overlapping_overrides_the_second_fails_whole() -> None:
    before = spans(
        shift("fourth", "2026-11-20T12:00", "2026-11-20T13:00"),
        shift("fourth", "2026-11-25T12:00", "2026-11-25T13:00"),
    )
    said = against(before, STANDING)
    assert said is not None
    assert said == (
        "It overlaps override 1, by which Third Person is on call from Fri 20 Nov 2026 00:00 to Sat 21 Nov 2026 00:00 "
        "(Europe/Paris time); take that back first."
    )
    assert against(before) is None


def test_GA9_the_order_in_which_two_come_decides_and_not_what_they_are() -> None:
    one = override("third", "2026-11-20T00:00", "2026-11-22T00:00", "1")
    other = override("fourth", "2026-11-21T00:00", "2026-11-23T00:00", "2")
    assert against(one) is None
    assert against(other) is None
    assert against(other, one) is not None
    assert against(one, other) is not None


def test_a_change_does_not_stand_in_its_own_way_nor_does_one_of_another_schedule() -> None:
    assert against(STANDING, STANDING) is None
    assert against(override("third", "2026-11-20T00:00", "2026-11-21T00:00", ""), STANDING) is not None
    elsewhere = Override("7", "other", STANDING.spans)
    assert against(override("third", "2026-11-20T00:00", "2026-11-21T00:00", ""), elsewhere) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (override("third", "2026-11-20T00:00", "2026-11-20T00:00"), "is not after the start"),
        (override("third", "2026-11-20T00:00", "2026-11-19T00:00"), "is not after the start"),
        (override("nobody", "2026-11-20T00:00", "2026-11-21T00:00"), "'nobody' is not a person"),
        (override("room", "2026-11-20T00:00", "2026-11-21T00:00"), "'room' is not a person"),
        (override("third", "2026-11-20T00:00", "2027-11-22T00:00"), "longer than 366 days"),
        (override("third", "2026-11-17T00:00", "2026-11-18T12:00"), "over already"),
        (override("third", "2026-11-18T10:59", "2026-11-19T12:00"), "begins in the past"),
        (spans(), "names no time"),
        (spans(*[shift("third", "2026-11-20T00:00", "2026-11-21T00:00")] * 51), f"at most {SPANS_MAX}"),
        (
            spans(
                shift("third", "2026-11-20T00:00", "2026-11-21T00:00"),
                shift("fourth", "2026-11-20T23:00", "2026-11-22T00:00"),
            ),
            "overlap each other",
        ),
        (spans(shift("third", "2026-11-20T00:00", "2026-11-21T00:00"), swap=True), "A swap is of two shifts."),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(change: Override, says: str) -> None:
    people = PEOPLE | {"room": Recipient("room", "Chat room", person=False)}
    said = conflict(change, (), DUTY, people, NOW)
    assert said is not None
    assert says in said
    assert said.endswith(".")


def test_the_longest_change_is_366_days() -> None:
    assert against(override("third", "2026-11-20T00:00", "2027-11-21T00:00")) is None


# --- swaps -----------------------------------------------------------------------------------------------------------

WEEKS = (
    shift("second", "2026-11-18T13:00", "2026-11-23T09:00"),
    shift("first", "2026-11-23T09:00", "2026-11-30T09:00"),
)


def test_a_swap_puts_each_in_the_others_place() -> None:
    made = swap(DUTY, (), (), at("2026-11-25T12:00", PARIS), at("2026-12-02T12:00", PARIS), NOW)
    assert made == (
        shift("first", "2026-11-23T09:00", "2026-11-30T09:00", "swap"),
        shift("second", "2026-11-30T09:00", "2026-12-07T09:00", "swap"),
    )
    change = spans(*made, swap=True)
    assert against(change) is None
    assert on_call(DUTY, (change,), (), at("2026-11-25T12:00", PARIS)) == ("first",)
    assert on_call(DUTY, (change,), (), at("2026-12-02T12:00", PARIS)) == ("second",)


def test_of_a_shift_that_has_begun_only_the_rest_is_swapped() -> None:
    made = swap(DUTY, (), (), at("2026-11-25T12:00", PARIS), at("2026-11-17T12:00", PARIS), NOW)
    assert [(s.person, s.start) for s in made] == [("second", NOW), ("first", at("2026-11-23T09:00", PARIS))]
    assert against(spans(*made, swap=True)) is None


def test_a_swap_counts_with_the_overrides_that_stand() -> None:
    made = swap(DUTY, (STANDING,), (), at("2026-11-20T12:00", PARIS), at("2026-11-25T12:00", PARIS), NOW)
    assert made[0] == shift("second", "2026-11-20T00:00", "2026-11-21T00:00", "swap")
    assert against(spans(*made, swap=True), STANDING) is None
    assert against(spans(*made, swap=True)) == (
        "Third Person is not the one on call from Fri 20 Nov 2026 00:00 to Sat 21 Nov 2026 00:00 (Europe/Paris time), "
        "so it cannot be swapped."
    )


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ("2026-11-25T12:00", "2026-11-25T13:00", "same person's"),
        ("2026-11-25T12:00", "2026-12-09T13:00", "same person's"),
        ("2026-11-25T12:00", "2026-11-10T13:00", "is over"),
    ],
)
def test_two_shifts_that_cannot_be_swapped_are_refused(first: str, second: str, says: str) -> None:
    with pytest.raises(CannotSwapError, match=says):
        swap(DUTY, (), (), at(first, PARIS), at(second, PARIS), NOW)


def test_where_nobody_or_several_are_on_call_there_is_no_shift_to_swap() -> None:
    one = schedule(imported=True)
    imported = (
        shift("first", "2026-11-20T00:00", "2026-11-21T00:00"),
        shift("second", "2026-11-20T00:00", "2026-11-21T00:00"),
        shift("third", "2026-11-22T00:00", "2026-11-23T00:00"),
    )
    for other, says in (("2026-11-20T12:00", "Several people are"), ("2026-11-21T12:00", "Nobody is")):
        with pytest.raises(CannotSwapError, match=says):
            swap(one, (), imported, at("2026-11-22T12:00", PARIS), at(other, PARIS), NOW)


def test_a_swap_of_an_imported_schedule_is_judged_by_the_import() -> None:
    imported = (
        shift("third", "2026-11-20T00:00", "2026-11-21T00:00", "import"),
        shift("fourth", "2026-11-22T00:00", "2026-11-23T00:00", "import"),
    )
    made = spans(
        shift("fourth", "2026-11-20T00:00", "2026-11-21T00:00"),
        shift("third", "2026-11-22T00:00", "2026-11-23T00:00"),
        swap=True,
    )
    assert against(made, imported=imported) is None
    assert against(made) is not None
    broken = (replace(imported[0], end=at("2026-11-20T12:00", PARIS)), *imported[1:])
    again = shift("third", "2026-11-20T18:00", "2026-11-21T00:00", "import")
    for hole in (broken, (*broken, again)):
        assert against(made, imported=hole) is not None


@pytest.mark.parametrize(
    "made",
    [
        (WEEKS[1], WEEKS[0]),
        (shift("first", "2026-11-18T13:00", "2026-11-23T09:00"), WEEKS[1]),
        (
            shift("second", "2026-11-18T13:00", "2026-11-23T10:00"),
            shift("first", "2026-11-23T10:00", "2026-11-30T09:00"),
        ),
        (shift("third", "2026-11-18T13:00", "2026-11-23T09:00"), WEEKS[1]),
    ],
    ids=["fine-in-any-order", "with-oneself", "past-the-handoff", "a-stranger-to-both"],
)
def test_a_swap_is_of_the_two_who_are_on_call_then(made: tuple[Shift, Shift], request: pytest.FixtureRequest) -> None:
    fine = "fine" in request.node.name
    assert (against(spans(*made, swap=True)) is None) is fine


def test_under_a_swap_nothing_more_is_changed_until_it_is_taken_back() -> None:
    made = Override("8", "duty", WEEKS, swap=True)
    assert against(made) is None
    said = against(override("third", "2026-11-19T00:00", "2026-11-20T00:00", ""), made)
    assert said is not None
    assert said.startswith("It overlaps swap 8, by which Second Person is on call")
    again = spans(*WEEKS, swap=True)
    assert (against(again, made) or "").startswith("It overlaps swap 8")


def test_a_long_standing_list_of_changes_is_looked_through() -> None:
    hour = timedelta(hours=1)
    start: datetime = at("2026-12-01T00:00", PARIS)
    many = [Override(str(n), "duty", (Shift("third", start + n * hour, start + (n + 1) * hour),)) for n in range(1_000)]
    assert against(Override("", "duty", (Shift("fourth", start - hour, start),)), *many) is None
    assert against(Override("", "duty", (Shift("fourth", start + 999 * hour, start + 1_001 * hour),)), *many)
