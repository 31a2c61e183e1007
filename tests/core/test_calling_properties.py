"""What holds of the calling of people whatever happens, in whatever order: outages, acts, silences, shifts, reloads of
any change, restarts, and a post that delivers, refuses, keeps quiet or forgets.
"""

import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from monitor.core.duty import Override, Shift
from monitor.core.model import (
    Act,
    Acted,
    Answer,
    Drilled,
    Incident,
    Overridden,
    Phase,
    Restored,
    SendOutcome,
    Unsilenced,
)
from tests.core.whatever import ADDRESSES, CHANNELS, NOBODY, STATES, World

# --- what may happen --------------------------------------------------------------------------------------------------

Happens = Callable[[World], None]


def _say(name: str, state: str) -> Happens:
    def happens(world: World) -> None:
        world.says[name] = state
        world.lives(0)

    return happens


def _live(minutes: float) -> Happens:
    return lambda world: world.lives(minutes * 60)


def _post(person: str, which: int, outcome: SendOutcome | None) -> Happens:
    def happens(world: World) -> None:
        addresses = world.contacts[person]
        if addresses:
            world.post[addresses[which % len(addresses)]] = outcome

    return happens


def _act(act: Act, which: int, by: str, minutes: float) -> Happens:
    def happens(world: World) -> None:
        if world.mind.incidents:
            before = world.mind.incidents[which % len(world.mind.incidents)]
            until = world.mind.now + timedelta(minutes=minutes)
            answer = world.mind.put(Acted(act, (before.id,), by, "board", "looking", until)).answer
            assert answer is not None
            _is_theirs(world, act, by, before, answer)

    return happens


def _is_theirs(world: World, act: Act, by: str, before: Incident, answer: Answer) -> None:
    """Whoever took it is known by their id, whatever they call themselves; what was refused has changed nothing."""
    after = world.mind.state.incidents[before.id]
    if answer.code != "done":
        assert after == before, f"{act} was answered {answer}, and changed {before} to {after}"
        return
    meant = " ".join(by.split()).casefold()
    people = world.mind.rules.recipients.values()
    named = {p.id for p in people if p.person and meant in (p.id, p.name.casefold())}
    who = by if by in world.mind.rules.recipients or len(named) != 1 else named.pop()
    if act in (Act.ACKNOWLEDGE, Act.TAKE_OVER):
        assert (after.phase, after.owner) == (Phase.ACKNOWLEDGED, " ".join(who.split()))
        told = [n.recipient for n in world.mind.told if n.incident == after.id and n.revision == after.revision]
        assert who not in told, f"{who} is told of what {who} did"


def _act_on_closed(act: Act, which: int, known: bool) -> Happens:  # noqa: FBT001 - drawn
    """What the mind has let go takes no more, and the answer says whether there was such a thing."""

    def happens(world: World) -> None:
        ids = [*world.closed, "9999"]
        chosen = ids[which % len(ids)]
        closed = (chosen,) if known and chosen in world.closed else ()
        until = world.mind.now + timedelta(hours=1)
        taken = world.mind.put(Acted(act, (chosen,), "first", "link", "looking", until, closed))
        assert taken.answer is not None
        expected = ("not_open" if act is Act.NOTE else "over") if closed else "unknown"
        assert (taken.answer.code, taken.answer.done) == (expected, expected == "over")
        came = [*taken.incidents, *taken.decisions, *taken.notifications]
        assert not came, f"something came of it: {came}"

    return happens


def _silence(matcher: str, minutes: float, until_recovered: bool, after_s: float) -> Happens:  # noqa: FBT001 - drawn
    return lambda world: void(world.mind.silences(matcher, minutes, until_recovered=until_recovered, after_s=after_s))


def void(_: object) -> None:
    """Nothing comes of it here."""


def _unsilence(which: int) -> Happens:
    def happens(world: World) -> None:
        known = sorted(world.mind.state.silences)
        if known:
            world.mind.put(Unsilenced(known[which % len(known)], "first", "cli"))

    return happens


def _override(person: str, after: float, minutes: float) -> Happens:
    def happens(world: World) -> None:
        start = world.mind.now + timedelta(minutes=after)
        span = Shift(person, start, start + timedelta(minutes=minutes), "override")
        world.mind.put(Overridden(Override("", "primary", (span,), by="first"), "board"))

    return happens


def _restore(which: int) -> Happens:
    def happens(world: World) -> None:
        known = sorted(world.mind.state.overrides)
        if known:
            world.mind.put(Restored(known[which % len(known)], "first", "board"))

    return happens


def _reload(variant: int, changes: list[Happens]) -> Happens:
    """A file with all of these changes at once."""

    def happens(world: World) -> None:
        for change in changes:
            change(world)
        world.reload(variant)

    return happens


def _contacts(person: str, how: str) -> Happens:
    def happens(world: World) -> None:
        now = world.contacts[person]
        world.fresh += 1
        fresh = f"{person}-{world.fresh}"
        world.contacts[person] = {
            "turned": now[::-1],
            "before": (fresh, *now)[:4],
            "after": (*now, fresh)[:4],
            "without the first": now[1:],
            "without the last": now[:-1],
            "mended": (fresh, *now[1:]),
            "as at first": ADDRESSES[person],
        }[how]

    return happens


def _name(person: str, name: str) -> Happens:
    return lambda world: world.names.update({person: name})


def _restart(for_s: float, runs: bool) -> Happens:  # noqa: FBT001 - drawn
    def happens(world: World) -> None:
        world.mind.lives_no_more(for_s)
        if runs:
            world.lives(0)
        else:
            world.passes(5)

    return happens


PERSON = st.sampled_from(tuple(ADDRESSES))
WHO = st.sampled_from(("first", "second", "third", "room", "First", " third ", "SECOND", "Somebody", "a stranger"))
MATCHERS = ('channel="x"', 'platform="m"', 'severity="warning"', 'kind="availability"', 'channel=~"aws|mail"')
CHANGED = ("turned", "before", "after", "without the first", "without the last", "mended", "mended", "as at first")
CHANGES = st.one_of(
    st.builds(_contacts, PERSON, st.sampled_from(CHANGED)),
    st.builds(_contacts, st.just("first"), st.sampled_from(CHANGED)),
    st.builds(_name, PERSON, st.sampled_from(("First", "Somebody", "Second"))),
)
HAPPENS = st.one_of(
    st.builds(_say, st.sampled_from(tuple(CHANNELS)), st.sampled_from((*STATES, "down", "down", "fails"))),
    st.builds(_live, st.sampled_from((0.1, 1, 2.5, 5, 6, 16, 45, 61))),
    st.builds(
        _post, PERSON, st.integers(0, 2),
        st.sampled_from((SendOutcome.DELIVERED, SendOutcome.REJECTED, SendOutcome.UNKNOWN, None)),
    ),
    st.builds(_act, st.sampled_from(tuple(Act)), st.integers(0, 3), WHO, st.sampled_from((2, 20, 90))),
    st.builds(_act_on_closed, st.sampled_from(tuple(Act)), st.integers(0, 3), st.booleans()),
    st.builds(
        _silence, st.sampled_from(MATCHERS), st.sampled_from((1, 7, 40)), st.booleans(), st.sampled_from((0, 0, 300))
    ),
    st.builds(_unsilence, st.integers(0, 2)),
    st.builds(_override, WHO, st.sampled_from((0, 3, 30)), st.sampled_from((4, 50))),
    st.builds(_restore, st.integers(0, 2)),
    st.builds(_reload, st.sampled_from((0, 0, 0, 1, 2, NOBODY)), st.lists(CHANGES, max_size=3)),
    st.builds(_reload, st.just(0), st.lists(CHANGES, min_size=1, max_size=2)),
    st.builds(_restart, st.sampled_from((1, 30, 200, 1500)), st.booleans()),
    st.just(lambda world: void(world.mind.put(Drilled("p", "first")))),
)  # fmt: skip


def _whatever_happens(happenings: list[Happens]) -> None:
    world = World()
    for happens in happenings:
        happens(world)
    world.ends_well()


ANYTHING = st.lists(HAPPENS, min_size=5, max_size=25)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(ANYTHING)
def test_whatever_happens_nobody_is_forgotten_nobody_told_twice_and_who_heard_hears_the_end(
    happenings: list[Happens],
) -> None:
    _whatever_happens(happenings)


@pytest.mark.slow
@settings(max_examples=int(os.environ.get("VIGIE_EXAMPLES", "600")), phases=(Stage.generate,))
@given(ANYTHING)
def test_whatever_happens_many_times_over_nobody_is_forgotten(happenings: list[Happens]) -> None:
    _whatever_happens(happenings)
