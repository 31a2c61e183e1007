"""What is kept comes back as it was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

import pytest
from immutables import Map
from sqlalchemy import text

from monitor.core.duty import Shift
from monitor.core.model import (
    ChannelState,
    Condition,
    Failure,
    Health,
    Held,
    MonitorState,
    Phase,
    ProbeState,
    ScheduleState,
    SendOutcome,
    Told,
)
from monitor.store import Retention, Store, StoredObservation, Writes
from monitor.store.codec import BODY_BYTES_KEPT
from monitor.store.committing import OBSERVATIONS_KEPT
from monitor.store.schema import sound
from probes.base import (
    Availability,
    Certainty,
    Evidence,
    Family,
    Observation,
    Reading,
    Reason,
    Severity,
    Signal,
)
from tests.store.given import NOW, decision, ended, incident, note, override, probe, seconds, silence

SIGNAL = Signal(
    key="page",
    family=Family.STATUS,
    severity=Severity.CRITICAL,
    certainty=Certainty.OFFICIAL,
    summary="Sending is down \N{FIRE}",
    evidence=(Evidence("we are looking into it", NOW, "https://status.example/1"),),
    lasts=timedelta(hours=1, microseconds=7),
    state=Availability.OUTAGE,
    since=seconds(-3.000001),
    topics=("mail",),
)
FULL = ProbeState(
    id="x/1",
    channel="x",
    run_at=NOW,
    seen_at=NOW,
    expires_at=seconds(300),
    signals=(SIGNAL,),
    events=(Held(SIGNAL, NOW, seconds(60)),),
    failure=Failure(Reason.DNS, "no such host", NOW, unreachable=True),
    recent=(True, False),
    good=False,
    memory={"etag": "\x00\N{SNOWMAN}", "seen": [1, {"b": None}]},
)


def test_everything_the_mind_holds_comes_back_as_it_was(store: Store) -> None:
    channel = ChannelState(
        id="x", health=Health(Availability.OUTAGE, penalties={"status": 0.5}), since=NOW, changes=(NOW,)
    )
    told = Told("first/1", 2, NOW, "k", Severity.CRITICAL, ("x",))
    trouble = replace(incident("x-1"), told=(told,), lead_s=12.5, notify_at=seconds(5))
    monitor = MonitorState(sequence=7, started=NOW, settled=True)
    store.commit([Writes(probes=(FULL,), channels=(channel,), incidents=(trouble,), monitor=monitor)])
    plan = ScheduleState("days", ("first",), NOW.date(), (Shift("first", NOW, seconds(60)),), NOW, "it is away")
    store.commit([Writes(silences=(silence("1"),), overrides=(override("2"),), schedules=(plan,))])
    found = store.load()
    assert found.silences == {"1": silence("1")}
    assert found.overrides == {"2": override("2")}
    assert found.schedules == {"days": plan}
    assert found.probes == {"x/1": FULL}
    assert found.channels == {"x": channel}
    assert found.incidents == {"x-1": trouble}
    assert found.monitor == monitor
    assert found.quarantined == ()


def test_the_last_word_on_each_id_counts_also_when_it_is_removed_and_comes_again(store: Store) -> None:
    store.commit([Writes(probes=(probe("x/1", 1), probe("x/2", 1), probe("x/3", 1)), channels=(ChannelState("x"),))])
    store.commit(
        [
            Writes(removed_probes=("x/1", "x/2"), removed_channels=("x",)),
            Writes(probes=(probe("x/2", 2), probe("x/3", 2))),
            Writes(probes=(probe("x/3", 3),)),
        ]
    )
    found = store.load()
    assert found.probes == {"x/2": probe("x/2", 2), "x/3": probe("x/3", 3)}
    assert found.channels == {}


def test_closed_incidents_are_history_and_open_ones_are_state(store: Store) -> None:
    gone = incident("x-1", phase=Phase.CLOSED, opened=seconds(-50), resolved=seconds(-9))
    done = incident("x-2", phase=Phase.RESOLVED, opened=seconds(-40), resolved=seconds(-8))
    store.commit([Writes(incidents=(gone, done, incident("x-3"), incident("x-4", phase=Phase.PENDING)))])
    assert set(store.load().incidents) == {"x-2", "x-3", "x-4"}
    assert [i.id for i in store.incidents()] == ["x-4", "x-3", "x-2", "x-1"]
    assert [i.id for i in store.incidents(open_only=True)] == ["x-3"]
    assert [i.id for i in store.incidents(limit=1)] == ["x-4"]
    assert store.incidents_named(["x-3", "x-1", "x-9"]) == {"x-1": gone, "x-3": incident("x-3")}
    assert store.incidents_named([]) == {}


def test_silences_and_overrides_that_are_over_are_history_and_the_others_state(store: Store) -> None:
    late = seconds(86_400)
    store.commit([Writes(silences=(silence("1"), silence("2")), overrides=(override("3"), override("4", start=late)))])
    cut = replace(silence("2"), end=seconds(9))
    store.commit(
        [
            Writes(silences=(silence("5", start=late),), removed_silences=("1",)),
            Writes(silences=(cut,), removed_silences=("2",), removed_overrides=("3", "nobody knows")),
        ]
    )
    found = store.load()
    assert (set(found.silences), set(found.overrides)) == ({"5"}, {"4"})
    assert [(row.silence, row.ended) for row in store.silences()] == [
        (silence("5", start=late), False),
        (cut, True),
        (silence("1"), True),
    ]
    assert [(row.override.id, row.ended) for row in store.overrides()] == [("4", False), ("3", True)]
    assert [row.override.id for row in store.overrides("days", since=seconds(8 * 3600))] == ["4"]
    assert store.overrides("nights") == []
    assert len(store.silences(limit=1)) == 1


def test_a_silence_that_is_made_and_ended_in_one_commit_is_history(store: Store) -> None:
    store.commit([Writes(silences=(silence("1"),)), Writes(removed_silences=("1",))])
    assert store.load().silences == {}
    assert [(row.silence.id, row.ended) for row in store.silences()] == [("1", True)]


def test_a_schedule_that_is_gone_is_forgotten(store: Store) -> None:
    store.commit([Writes(schedules=(ScheduleState("days"), ScheduleState("nights")))])
    store.commit([Writes(removed_schedules=("days",))])
    assert set(store.load().schedules) == {"nights"}


def test_a_commit_is_whole_or_nothing(store: Store) -> None:
    naive = replace(decision("when?"), at=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the fault
    with pytest.raises(Exception, match="no time zone"):
        store.commit([Writes(probes=(probe("x/1"),)), Writes(decisions=(naive,), notifications=(note("k"),))])
    assert store.load().probes == {}
    assert store.outbox_stats().unsent == 0


def test_shards_do_not_see_each_other(store: Store) -> None:
    store.commit([Writes(probes=(probe("x/1", 1),)), Writes(probes=(probe("x/1", 2),), shard=3)])
    assert store.load().probes["x/1"].memory == {"n": 1}
    assert store.load(shard=3).probes["x/1"].memory == {"n": 2}


@pytest.mark.parametrize("memory", [MappingProxyType({"a": 1}), Map({"a": 1}), {"a": Map({"b": 1})}])
def test_a_memory_may_be_any_mapping(store: Store, memory: "dict[str, object]") -> None:
    store.commit([Writes(probes=(replace(probe("x/1"), memory=memory),))])
    assert set(store.load().probes["x/1"].memory) == {"a"}


def test_B81_what_no_database_can_hold_is_replaced_and_the_commit_goes_through(store: Store) -> None:
    torn = "half a pair \ud800 and \udc00, nul \0."
    seen = StoredObservation("x/1", NOW, None, None, Reason.FORMAT, torn)
    odd = replace(probe("x/1"), memory={"said": torn})
    store.commit([Writes(probes=(odd,), decisions=(decision(torn),), observations=(seen,))])
    assert store.load().probes["x/1"].memory == {"said": "half a pair \ufffd and \ufffd, nul \0."}
    assert store.decisions()[0].decision.text == "half a pair \ufffd and \ufffd, nul \ufffd."
    assert store.observations("x/1")[0].text == "half a pair \ufffd and \ufffd, nul \0."
    assert sound("\N{FIRE}é") == "\N{FIRE}é"


def test_a_memory_without_a_json_form_costs_that_probe_its_memory_and_nobody_else_anything(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.commit([Writes(probes=(replace(FULL, memory={"f": object()}), probe("x/2", 5)))])
    assert store.load().probes == {"x/1": replace(FULL, memory={}), "x/2": probe("x/2", 5)}
    assert "x/1" in caplog.text


def test_rows_that_no_longer_parse_are_put_aside_and_named_and_the_rest_is_there(store: Store) -> None:
    store.commit([Writes(probes=(probe("x/1"), probe("x/2")), incidents=(incident("x-1"),), monitor=MonitorState())])
    with store._engine.begin() as connection:
        connection.execute(text("""UPDATE probe_state SET json='{"id": 5, "s3cret": 1}' WHERE id='x/1'"""))
        connection.execute(text("UPDATE incident SET json='{'"))
        connection.execute(text("UPDATE monitor_state SET json='[]'"))
    found = store.load()
    assert set(found.probes) == {"x/2"}
    assert found.incidents == {}
    assert found.monitor is None
    assert len(found.quarantined) == 3
    assert any(said.startswith("probe_state x/1: ") for said in found.quarantined)
    assert not any("s3cret" in said for said in found.quarantined)
    assert store.load().quarantined == ()
    with store._engine.begin() as connection:
        kept = connection.execute(text("SELECT source, row, json FROM quarantine ORDER BY id")).all()
    assert ("probe_state", "x/1", '{"id": 5, "s3cret": 1}') in [tuple(row) for row in kept]


def test_times_come_back_in_utc_whatever_zone_they_came_in(store: Store) -> None:
    there = datetime(2026, 3, 1, 23, 30, 0, 5, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    store.commit([Writes(decisions=(decision("a", at=there),))])
    found = store.decisions()[0].decision.at
    assert found == there
    assert found.tzinfo is UTC


# --- the ledger ------------------------------------------------------------------------------------------------------


def test_the_ledger_answers_by_channel_incident_and_time_in_the_order_of_deciding(store: Store) -> None:
    store.commit([Writes(decisions=(decision("a", at=seconds(1)), decision("b", at=seconds(1), channel="y")))])
    store.commit([Writes(decisions=(decision("c", at=seconds(2), about="x-1"), decision("d", at=seconds(3))))])

    def texts(**question: object) -> str:
        return "".join(row.decision.text for row in store.decisions(**question))  # type: ignore[arg-type]  # of the test's own making

    assert texts() == "abcd"
    assert texts(channel="x") == "acd"
    assert texts(incident="x-1") == "c"
    assert texts(since=seconds(2)) == "cd"
    assert texts(until=seconds(2)) == "ab"
    assert texts(limit=2) == "cd"
    assert store.decisions()[0].decision == decision("a", at=seconds(1))
    ids = [row.id for row in store.decisions()]
    assert ids == sorted(set(ids))


# --- observations ----------------------------------------------------------------------------------------------------


def run(number: int, *, failed: bool = False, body: bytes = b"") -> StoredObservation:
    seen = Observation("https://x.example/", 200, {"server": "x"}, body or b"%d" % number, seconds(number), 0.25)
    meant = None if failed else Reading(signals=(SIGNAL,))
    return StoredObservation("x/1", seconds(number), seen, meant, Reason.FORMAT if failed else None)


def test_an_observation_comes_back_word_for_word_with_what_it_meant(store: Store) -> None:
    part = Observation("https://x.example/2", 404, {}, b"\xff\xfe", NOW)
    whole = Observation("https://x.example/", 200, {"a": "b"}, b"\x00\xffbody", NOW, 1.5, "", {"second": part})
    kept = StoredObservation("x/1", NOW, whole, Reading((SIGNAL,), memory={"m": 1}))
    silent = StoredObservation("x/2", NOW, None, None, Reason.TIMEOUT, "no answer within 20 s")
    store.commit([Writes(observations=(kept, silent))])
    assert store.observations("x/1") == [replace(kept, reading=Reading((SIGNAL,)))]
    assert store.observations("x/2") == [silent]
    assert store.observations("x/3") == []


def test_bodies_are_cut_to_their_bound_and_say_so(store: Store) -> None:
    part = Observation("https://x.example/2", 200, {}, b"p" * 100, NOW)
    whole = Observation("https://x.example/", 200, {}, b"w" * (BODY_BYTES_KEPT - 40), NOW, parts={"second": part})
    store.commit([Writes(observations=(StoredObservation("x/1", NOW, whole, Reading()), run(1)))])
    small, big = store.observations("x/1")
    assert not small.cut
    assert big.cut
    assert big.observation is not None
    assert len(big.observation.body) == BODY_BYTES_KEPT - 40
    assert big.observation.parts["second"].body == b"p" * 40


def test_good_runs_never_push_out_the_failed_ones_nor_failed_ones_the_last_good(store: Store) -> None:
    store.commit([Writes(observations=tuple(run(n) for n in range(30)))])
    for n in range(30, 60):
        store.commit([Writes(observations=(run(n, failed=True),))])
    store.commit([Writes(observations=tuple(run(n) for n in range(60, 63)))])
    ours = store.observations("x/1")
    assert [o.at for o in ours] == sorted((o.at for o in ours), reverse=True)
    assert [o.at for o in ours if o.failed] == [seconds(n) for n in range(59, 59 - OBSERVATIONS_KEPT, -1)]
    assert [o.at for o in ours if not o.failed] == [seconds(n) for n in (62, 61, 60, 29, 28, 27, 26, 25, 24, 23)]


def test_a_damaged_observation_is_left_out_and_logged(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.commit([Writes(observations=(run(1), run(2), run(3)))])
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE observation SET bodies=x'00' WHERE id=2"))
        connection.execute(text("UPDATE observation SET json='{}' WHERE id=1"))
    assert [o.at for o in store.observations("x/1")] == [seconds(3)]
    assert "observation 2 is damaged" in caplog.text
    assert "observation 1 does not parse" in caplog.text


# --- retention -------------------------------------------------------------------------------------------------------


def test_retention_deletes_what_is_over_and_old_and_nothing_else(store: Store) -> None:
    old = seconds(-1_000_000)
    keep = Retention(*[timedelta(days=1)] * 4)
    rows = Writes(
        decisions=(decision("old", at=old), decision("new")),
        incidents=(
            incident("x-1", phase=Phase.CLOSED, opened=old, resolved=old),
            incident("x-2", phase=Phase.CLOSED, opened=old),
            incident("x-3", opened=old),
            incident("x-4", phase=Phase.CLOSED, opened=old, resolved=seconds(-5)),
        ),
        notifications=(note("sent", incident="a", at=old), note("waits", incident="b", at=old)),
        observations=(replace(run(1), at=old), replace(run(2), at=old), replace(run(3), at=old, probe="x/2")),
    )
    store.commit([rows])
    ended(store, ("sent",), SendOutcome.DELIVERED, at=old)
    while store.prune(NOW, keep, limit=1):
        pass
    assert [row.decision.text for row in store.decisions()] == ["new"]
    assert {i.id for i in store.incidents()} == {"x-3", "x-4"}
    assert store.deliveries("a") == []
    assert [d.row.notification.key for d in store.deliveries("b")] == ["waits"]
    assert len(store.observations("x/1")) == 1
    assert len(store.observations("x/2")) == 1
    with store._engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM attempt")).scalar() == 0


def test_retention_bounds_what_is_over_of_silences_and_overrides(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    old, keep = seconds(-1_000_000), Retention(*[timedelta(days=1)] * 4)
    of_old = Writes(silences=(silence("1", start=old), silence("2", start=old)), overrides=(override("3", start=old),))
    store.commit([of_old, Writes(removed_silences=("1",), removed_overrides=("3",))])
    store.prune(NOW, keep)
    assert [row.silence.id for row in store.silences()] == ["2"], "what is not over is state, whatever its age"
    assert store.overrides() == []
    monkeypatch.setattr("monitor.store.pruning.ENDED_MAX", 3)
    many = tuple(silence(f"1{n}", start=seconds(n)) for n in range(8))
    store.commit([Writes(silences=many, removed_silences=tuple(s.id for s in many[:-1]))])
    store.prune(NOW, keep)
    assert [row.silence.id for row in store.silences()] == ["17", "16", "15", "14", "2"]


def test_one_pruning_deletes_no_more_than_its_bound(store: Store) -> None:
    store.commit([Writes(decisions=tuple(decision(str(n), at=seconds(-1e7)) for n in range(25)))])
    assert store.prune(NOW, limit=10) == 10
    assert len(store.decisions()) == 15


def test_incidents_of_every_condition_are_kept(store: Store) -> None:
    store.commit([Writes(incidents=tuple(replace(incident(f"x-{n}"), condition=c) for n, c in enumerate(Condition)))])
    assert {i.condition for i in store.load().incidents.values()} == set(Condition)
