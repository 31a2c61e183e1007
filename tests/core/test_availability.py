"""alerting.md section 1: what a channel's sources make of it."""

from datetime import timedelta

from monitor.core.model import Risk
from probes.base import Availability, Family, Reason, Severity
from tests.core.mind import Mind, channel, news, probe, said

OK, DOWN, WEAK = Availability.OPERATIONAL, Availability.OUTAGE, Availability.DEGRADED
UNKNOWN, WORK = Availability.UNKNOWN, Availability.MAINTENANCE


def both() -> Mind:
    return Mind(channel("x", probe("x", 1), probe("x", 2, Family.API, host="api.x.example")))


def state(mind: Mind) -> Availability:
    return mind.of("x").health.availability


def test_a_channel_is_unknown_until_somebody_has_looked() -> None:
    mind = Mind(channel("x"))
    assert state(mind) is UNKNOWN
    assert "not been looked at yet" in mind.of("x").health.reasons[0]


def test_one_fresh_good_source_makes_it_operational_and_unknown_ones_are_named() -> None:
    mind = both()
    mind.says("x/1", OK)
    assert state(mind) is OK
    assert any("api.x.example" in u for u in mind.of("x").health.unknowns)


def test_the_vendors_own_word_is_enough_for_an_outage() -> None:
    mind = both()
    mind.says("x/2", OK)
    mind.says("x/1", DOWN)
    assert state(mind) is DOWN


def test_our_good_calls_never_cancel_an_admitted_outage() -> None:
    mind = both()
    mind.says("x/1", DOWN)
    for _ in range(9):
        mind.says("x/2", OK)
    assert state(mind) is DOWN


def test_one_failed_call_is_no_verdict_three_in_a_row_are_degraded_unconfirmed() -> None:
    mind = both()
    mind.says("x/1", OK)
    mind.says("x/2", OK)
    mind.says("x/2", DOWN)
    mind.says("x/2", DOWN)
    assert state(mind) is OK
    mind.says("x/2", DOWN)
    health = mind.of("x").health
    assert health.availability is WEAK
    assert not health.confirmed
    assert health.diverges
    assert "vendor's own page still says that all is well" in health.reasons[-1]


def test_three_failures_of_the_last_five_turn_it_bad() -> None:
    mind = both()
    for outcome in (OK, DOWN, OK, DOWN):
        mind.says("x/2", outcome)
    assert state(mind) is OK
    mind.says("x/2", DOWN)
    assert state(mind) is WEAK


def test_it_is_good_again_after_three_successes_not_before() -> None:
    mind = both()
    for outcome in (OK, DOWN, DOWN, DOWN, OK, OK):
        mind.says("x/2", outcome)
    assert state(mind) is WEAK
    mind.says("x/2", OK)
    assert state(mind) is OK


def test_from_unknown_one_success_suffices_and_failures_need_three() -> None:
    mind = both()
    mind.says("x/2", DOWN)
    mind.says("x/2", DOWN)
    assert state(mind) is UNKNOWN
    mind.says("x/2", DOWN)
    assert state(mind) is WEAK
    fresh = both()
    fresh.says("x/2", OK)
    assert state(fresh) is OK


def test_two_independent_sources_make_an_outage_two_probes_of_one_host_do_not() -> None:
    mind = both()
    mind.says("x/1", WEAK)
    for _ in range(3):
        mind.says("x/2", DOWN)
    assert state(mind) is DOWN
    api = [probe("x", n, Family.API, host="api.x.example") for n in (1, 2)]
    same = Mind(channel("x", *api))
    for _ in range(3):
        same.says("x/1", DOWN)
        same.says("x/2", DOWN)
    assert state(same) is WEAK


def test_announced_work_is_maintenance_and_explains_our_failing_calls() -> None:
    mind = both()
    mind.says("x/1", WORK)
    for _ in range(3):
        mind.says("x/2", DOWN)
    assert state(mind) is WORK
    assert not mind.incidents


def test_an_unreadable_page_is_unknown_at_once_even_after_a_good_one() -> None:
    mind = Mind(channel("x"))
    mind.says("x/1", OK)
    mind.fails("x/1", Reason.BLOCKED, "it is a login page")
    assert state(mind) is UNKNOWN
    assert "login page" in " ".join(mind.of("x").health.reasons)


def test_a_failure_on_our_side_neither_raises_an_outage_nor_wipes_what_is_known() -> None:
    mind = Mind(channel("x"))
    mind.says("x/1", OK)
    mind.fails("x/1", Reason.DNS, "no answer to the name")
    assert state(mind) is OK
    mind.passes(301)
    assert state(mind) is UNKNOWN


def test_a_page_that_goes_dark_in_an_outage_ends_unknown_not_resolved_and_not_still_down() -> None:
    mind = both()
    mind.says("x/1", DOWN)
    mind.repeats(40 * 60, 60, x_2=OK)
    health = mind.of("x").health
    assert health.availability is UNKNOWN
    assert "last seen 40 min ago" in health.reasons[0]
    assert mind.incidents[0].unseen
    assert mind.incidents[0].resolved is None


def test_the_clock_alone_makes_a_signal_stale() -> None:
    mind = Mind(channel("x", probe("x", every_s=200)))
    mind.says("x/1", OK)
    mind.passes(599)
    assert state(mind) is OK
    mind.passes(2)
    assert state(mind) is UNKNOWN


def test_what_says_nothing_of_the_vendor_leaves_the_source_unknown_with_its_reason() -> None:
    mind = Mind(channel("x", probe("x", 1, Family.API)))
    mind.says("x/1", said(UNKNOWN, "call", Family.API, "Our token is refused; renew it"))
    assert state(mind) is UNKNOWN
    assert "renew it" in mind.of("x").health.reasons[0]


def test_a_channel_without_an_official_source_is_unknown_by_design_and_opens_nothing() -> None:
    feed = probe("t", 1, Family.BRAND)
    mind = Mind(channel("t", feed))
    mind.says("t/1")
    mind.passes(3600)
    assert mind.of("t").health.availability is UNKNOWN
    assert "no official status source" in mind.of("t").health.reasons[0]
    assert not mind.incidents
    assert not mind.told


def test_hearsay_alone_is_elevated_two_publishers_are_severe_and_it_fades() -> None:
    mind = Mind(channel("x", probe("x", 1), probe("x", 2, Family.BRAND)))
    mind.says("x/2", news("a", Severity.CRITICAL, "https://one.example/1"))
    assert mind.of("x").health.risk is Risk.ELEVATED
    mind.says("x/2", news("b", Severity.CRITICAL, "https://two.example/1"))
    assert mind.of("x").health.risk is Risk.SEVERE
    mind.passes(timedelta(days=1, seconds=1).total_seconds())
    assert mind.of("x").health.risk is Risk.ELEVATED
    mind.passes(timedelta(days=1).total_seconds())
    assert mind.of("x").health.risk is Risk.NONE


def test_risk_does_not_touch_availability() -> None:
    mind = Mind(channel("x", probe("x", 1), probe("x", 2, Family.BRAND)))
    mind.says("x/1", OK)
    mind.says("x/2", news("a", Severity.CRITICAL, "https://one.example/1"))
    assert state(mind) is OK


def test_flapping_holds_the_worse_state_with_one_notice_and_lets_go_after_quiet() -> None:
    mind = Mind(channel("x"), resolve_after=timedelta(minutes=2))
    for _ in range(12):
        mind.says("x/1", DOWN)
        mind.passes(150)
        mind.says("x/1", OK)
        mind.passes(150)
    assert state(mind) in (DOWN, WEAK)
    assert mind.of("x").unstable_since is not None
    mind.repeats(16 * 60, 60, x_1=OK)
    assert mind.of("x").unstable_since is None
    assert state(mind) is OK
    assert mind.codes.count("incident_unstable") == 1


def test_our_calls_that_recover_after_the_page_are_no_divergence() -> None:
    mind = both()
    mind.says("x/1", OK)
    for _ in range(3):
        mind.says("x/2", DOWN)
    assert mind.codes.count("diverged") == 1
    mind.says("x/1", DOWN)
    mind.says("x/1", OK)
    health = mind.of("x").health
    assert health.availability is WEAK
    assert not health.diverges
    assert "says that it is over" in health.reasons[-1]
    assert mind.codes.count("diverged") == 1
