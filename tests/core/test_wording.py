"""alerting.md section 10: what each message says, in whose zone, and that no name makes it too long or dangerous."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core import wording
from monitor.core.duty import Launch, Maintenance, Recipient, Schedule
from monitor.core.model import (
    ChannelRule,
    ChannelState,
    Condition,
    Health,
    Incident,
    Message,
    Page,
    Phase,
    Risk,
    Rules,
    Telling,
    Told,
)
from monitor.core.saying import Saying
from monitor.core.wording import Gathered, Speech, languages
from monitor.notify import SERVICES, Envelope
from monitor.notify.render import for_mail, for_service
from probes.base import Availability, Family, Severity

NOW = datetime(2026, 11, 22, 8, 17, tzinfo=UTC)
READER = Recipient("first", "First", timezone="Europe/Paris")


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def rules_of(*names: str, **more: object) -> Rules:
    channels = {n: ChannelRule(n, n.title(), "meta", "Meta") for n in names}
    people = {who: Recipient(who, who.title()) for who in ("first", "second", "third")}
    return Rules(channels=channels, recipients=people, **more)  # type: ignore[arg-type]


def trouble(*channels: str, condition: Condition = Condition.AVAILABILITY, **more: object) -> Incident:
    fields: dict[str, object] = {
        "id": "7",
        "scope": "meta" if len(channels) > 1 else (channels or ("monitor",))[0],
        "condition": condition,
        "phase": Phase.OPEN,
        "severity": Severity.CRITICAL,
        "channels": channels,
        "opened": ago(12),
        "peak": Severity.CRITICAL,
        **more,
    }
    return Incident(**fields)  # type: ignore[arg-type]


def told(*channels: str, **more: object) -> Told:
    return replace(Told("first/1", 1, ago(10), "k", Severity.CRITICAL, channels), **more)  # type: ignore[arg-type]


def say(
    step: str, incident: Incident, rules: Rules, *, now: datetime = NOW, reader: Recipient = READER, **more: object
) -> Message:
    given: dict[str, object] = {
        "channels": incident.channels,
        "members": {c: ChannelState(c, Health(Availability.OUTAGE)) for c in incident.channels},
        **more,
    }
    return wording.compose(Telling(step, incident, reader, **given), rules, now)  # type: ignore[arg-type]


def part(message: Message, heading: str) -> str:
    return dict(message.paragraphs).get(heading, "")


def french(message: Message) -> str:
    return " ".join([message.title, *(text for pair in message.paragraphs for text in pair)])


# --- what changed ----------------------------------------------------------------------------------------------------


def test_news_begin_with_what_changed() -> None:
    rules = rules_of("facebook", "threads")
    both = trouble("facebook", "threads")
    worse = say("updated", both, rules, told=told("facebook", "threads", severity=Severity.WARNING))
    assert worse.title == "Worse \u2013 Meta: outage since 09:05"
    assert worse.paragraphs[0] == ("What changed", "It got worse.")
    again = say("updated", both, rules, told=told("facebook", "threads", resolved=True))
    assert again.title.startswith("In trouble again \u2013 ")
    joined = say("updated", both, rules, told=told("facebook"))
    assert joined.title == "Now also Threads \u2013 Meta: outage since 09:05"
    assert "one trouble of Meta" in joined.paragraphs[0][1]
    free = say("updated", replace(both, loud=ago(1)), rules, told=told("facebook", "threads"))
    assert free.title.startswith("No longer held back \u2013 ")
    assert "still stands" in free.paragraphs[0][1]


def test_a_childs_trouble_that_is_told_in_its_parents_messages_is_named_there() -> None:
    rules = rules_of("facebook", "threads")
    message = say("updated", trouble("facebook"), rules, told=told("threads"))
    assert message.title == "Includes Threads \u2013 Facebook: outage since 09:05"
    assert "What you were told of Threads is part of this" in message.paragraphs[0][1]


def test_who_did_not_answer_stands_in_an_escalation() -> None:
    rules = rules_of("facebook")
    called = trouble("facebook", pages=(Page("root", "first", called=("second", "third", "first")),))
    message = say("escalated", called, rules)
    assert message.title == "Your turn \u2013 Facebook: outage since 09:05"
    assert part(message, "What changed") == "This comes to you because Second and Third did not answer."
    alone = say("escalated", replace(called, pages=()), rules)
    assert "nobody has answered" in part(alone, "What changed")


def test_whoever_took_it_is_told_so_and_others_by_whom_and_until_when() -> None:
    rules = rules_of("facebook")
    taken = trouble(
        "facebook", phase=Phase.ACKNOWLEDGED, owner="second", acknowledged=ago(2), lapses=NOW + timedelta(minutes=58)
    )
    others = say("acknowledged", taken, rules, by="Second")
    assert others.title == "Taken by Second \u2013 Facebook: outage since 09:05"
    assert part(others, "What changed") == "Second took it at 09:15 (Paris time). Nobody else is called until 10:15."
    assert others.act == "Take over, or see more"
    own = say("acknowledged", replace(taken, owner="first"), rules, by="First")
    assert own.title.startswith("You took it \u2013 ")
    assert own.act == "See more"
    later = say("updated", taken, rules, told=told("facebook", severity=Severity.WARNING))
    assert "It is in hand until 10:15." in part(later, "When you will hear next")


def test_a_taking_that_nobody_confirms_is_told_and_the_next_call_named() -> None:
    rules = rules_of("facebook")
    lapsed = trouble("facebook", owner="second", acknowledged=ago(60))
    message = say("lapsed", lapsed, rules, by="Second", next_call=("Third", NOW + timedelta(minutes=5)))
    assert message.title.startswith("Unattended again \u2013 ")
    assert part(message, "What changed").startswith("Second took it 1 h ago and has not confirmed since")
    assert "this goes to Third at 09:22" in part(message, "When you will hear next")
    own = say("lapsed", replace(lapsed, owner="first"), rules, by="First")
    assert part(own, "What changed").startswith("You took it 1 h ago")
    nobody = say("lapsed", replace(lapsed, owner=""), rules)
    assert part(nobody, "What changed").startswith("Nobody has confirmed")


def test_what_changes_hands_says_from_whom() -> None:
    rules = rules_of("facebook")
    shift = say("handed_over", trouble("facebook"), rules)
    assert shift.title.startswith("Handed to you \u2013 ")
    assert "Your shift has begun" in part(shift, "What changed")
    kept = say("handed_over", trouble("facebook", owner="second"), rules)  # whoever had taken it has not confirmed
    assert kept.title.startswith("Handed to you")
    person = say("handed_over", trouble("facebook", owner="first"), rules, by="Second")
    assert part(person, "What changed") == "Second handed it to you."
    away = say("handed_over", trouble("facebook", owner="second"), rules, by="Second")
    assert away.title.startswith("Handed to Second \u2013 ")
    assert part(away, "What changed") == "Second took it over."


def test_a_reminder_says_for_how_long_and_when_the_next_one_comes() -> None:
    message = say("repeat", trouble("facebook", opened=ago(250)), rules_of("facebook"), next_repeat=NOW)
    assert message.title == "Still open \u2013 Facebook: outage since 05:07"
    assert part(message, "What changed") == "It is still open, for 4 h 10 min now, and nobody has taken it."
    assert "reminded at 09:17" in part(message, "When you will hear next")


def test_what_was_closed_by_hand_is_not_called_well() -> None:
    over = trouble("facebook", phase=Phase.RESOLVED, resolved=NOW, by_hand="second")
    message = say("resolved", over, rules_of("facebook"))
    assert message.title == "Facebook: closed by Second after 12 min"
    assert "Second closed it by hand" in part(message, "What happened")
    assert "rely on Facebook again" not in french(message)
    assert message.symbol != say("resolved", replace(over, by_hand=""), rules_of("facebook")).symbol


# --- what is left out ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("silence:4", "Threads: silenced (number 4)."),
        ("depends:facebook", "Threads: because of the trouble with Facebook."),
        ("depends:meta", "Threads: because of the trouble with Meta."),
        ("maintenance:sunday", "Threads: work of our own (“new pixels”)."),
        ("maintenance:gone", "Threads: work of our own."),
        ("interval:office", "Threads: outside the hours in which it is told."),
        ("else:x", "Threads: held back."),
    ],
)
def test_what_is_held_back_is_named_with_its_reason(code: str, words: str) -> None:
    work = Maintenance("sunday", (), NOW, timedelta(hours=1), "UTC", comment="new pixels")
    rules = rules_of("facebook", "threads", maintenance=(work,))
    incident = trouble("facebook", "threads", reasons=("Facebook: a", "Threads: b"))
    members = {c: ChannelState(c, Health(Availability.OUTAGE, reasons=(f"of {c}",))) for c in incident.channels}
    message = say("opened", incident, rules, channels=("facebook",), members=members, held={"threads": code})
    assert part(message, "Not in this message") == words
    assert message.title.startswith("Facebook: outage")
    assert "“of facebook”" in part(message, "What happened")
    assert "threads" not in part(message, "What happened")


def test_an_outage_that_is_held_back_makes_nothing_else_an_outage() -> None:
    members = {
        "facebook": ChannelState("facebook", Health(Availability.OUTAGE)),
        "threads": ChannelState("threads", Health(Availability.DEGRADED, confirmed=False)),
    }
    incident = trouble("facebook", "threads")
    message = say(
        "opened", incident, rules_of("facebook", "threads"), channels=("threads",), members=members,
        held={"facebook": "silence:1"},
    )  # fmt: skip
    assert message.title == "Threads: degraded (unconfirmed) since 09:05"


# --- kinds of trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("incident", "title"),
    [
        (trouble("x", condition=Condition.RISK), "X: severe brand risk since 09:05"),
        (trouble("x", condition=Condition.RISK, severity=Severity.WARNING), "X: elevated brand risk since 09:05"),
        (trouble("x", condition=Condition.RISK, family=Family.POLICY), "X: policy change to act on since 09:05"),
        (trouble("x", condition=Condition.UNKNOWN), "X: state unknown since 09:05"),
        (trouble(condition=Condition.BLIND), "Vigie: cut off from outside since 09:05"),
        (trouble(condition=Condition.DELIVERY, subject="first/1"), "Vigie: messages not arriving since 09:05"),
        (trouble(condition=Condition.WATCHDOG), "Vigie: metrics path broken since 09:05"),
        (trouble(condition=Condition.SCHEDULE, subject="s"), "Social media: nobody on call since 09:05"),
        (
            trouble(condition=Condition.SCHEDULE, subject="s", reasons=(Saying(wording.UNREAD_CALENDAR, quote="404"),)),
            "Social media: calendar unreadable since 09:05",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_condition_has_its_words_at_both_ends_and_in_every_language(incident: Incident, title: str) -> None:
    rules = rules_of("x", schedules={"s": Schedule("s", "Social media", "UTC")})
    assert say("opened", incident, rules).title == title
    for language in languages():
        reader = replace(READER, language=language)
        for step, phase in (("opened", Phase.OPEN), ("resolved", Phase.RESOLVED)):
            message = say(step, replace(incident, phase=phase, resolved=NOW), rules, reader=reader)
            assert message.symbol
            assert len(message.paragraphs) >= 2
            assert 0 < len(message.title) <= 80
            assert wording.headline(incident, reader, rules, NOW)


def test_how_sure_we_are_follows_the_sources() -> None:
    rules = rules_of("x")
    lone = {"x": ChannelState("x", Health(Availability.DEGRADED, confirmed=False, unknowns=("a feed is away",)))}
    message = say("opened", trouble("x"), rules, members=lone)
    assert part(message, "How sure we are") == "Not confirmed by a second source.\nNot known: “a feed is away”."
    hearsay = {"x": ChannelState("x", Health(risk=Risk.ELEVATED))}
    message = say("opened", trouble("x", condition=Condition.RISK), rules, members=hearsay)
    assert "not confirmed by a second publisher" in part(message, "How sure we are")
    assert "gone dark" in part(say("opened", trouble("x", unseen=True), rules), "How sure we are")


# --- the reader's zone -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "language", "words"),
    [
        ("Europe/Paris", "en", "Since 09:05 (Paris time)."),
        ("Europe/Paris", "fr", "Depuis 09:05 (heure de Paris)."),
        ("Europe/Athens", "fr", "Depuis 10:05 (heure d\u2019Athènes)."),
        ("Asia/Kathmandu", "en", "Since 13:50 (Kathmandu time)."),
        ("America/New_York", "en", "Since 03:05 (New York time)."),
        ("UTC", "fr", "Depuis 08:05 (UTC)."),
        ("Etc/GMT+5", "en", "Since 03:05 (GMT+5)."),
        ("Pacific/Apia", "fr", "Depuis 21:05 (heure d\u2019Apia)."),
    ],
)
def test_times_are_in_the_readers_zone_which_is_named(zone: str, language: str, words: str) -> None:
    reader = Recipient("first", "First", timezone=zone, language=language)
    message = say("opened", trouble("x"), rules_of("x", timezone="Asia/Tokyo"), reader=reader)
    assert words in french(message)


def test_another_day_is_dated_and_one_ahead_has_its_weekday() -> None:
    for language, past, ahead in (("en", "since 20 Nov 09:17", "on Tue 24 Nov at 09:17"),
                                  ("fr", "depuis le 20 nov. à 09:17", "le mar. 24 nov. à 09:17")):  # fmt: skip
        speech = Speech(language, "Europe/Paris", NOW)
        assert speech.since(NOW - timedelta(days=2)) == past
        assert speech.at(NOW + timedelta(days=2)) == ahead
    assert Speech("en", "Asia/Tokyo", NOW).since(NOW - timedelta(hours=20)) == "since 21 Nov 21:17"


def test_the_first_of_a_month_is_written_as_people_write_it() -> None:
    first = datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert Speech("fr", "UTC", NOW).at(first) == "le mar. 1er déc. à 08:00"
    assert Speech("fr", "UTC", first + timedelta(days=2)).since(first) == "depuis le 1er déc. à 08:00"
    assert Speech("en", "UTC", NOW).at(first) == "on Tue 1 Dec at 08:00"


def test_an_end_of_today_has_its_date_when_the_beginning_was_on_another_day() -> None:
    speech = Speech("en", "UTC", NOW)
    assert speech.span(NOW - timedelta(days=3), NOW) == "from 19 Nov 08:17 to 22 Nov 08:17"
    assert speech.span(ago(5), NOW) == "from 08:12 to 08:17"
    assert speech.span(ago(0.1), ago(0.05)) == "from 08:16:54 to 08:16:57", "not from 08:16 to 08:16"
    assert speech.span(NOW, NOW + timedelta(days=7)) == "from 08:17 to Sun 29 Nov 08:17"


# --- what to do ------------------------------------------------------------------------------------------------------


def test_a_fallback_that_is_in_the_same_trouble_is_not_offered() -> None:
    """Facebook's fallback is Instagram, and Meta is out."""
    rules = rules_of("facebook", "instagram")
    by_id, by_name = (replace(rules.channels["facebook"], fallback=other) for other in ("instagram", "Instagram"))
    for facebook in (by_id, by_name):
        known = replace(rules, channels={**rules.channels, "facebook": facebook})
        both = say("opened", trouble("facebook", "instagram"), known)
        assert "instead of" not in part(both, "What to do now")
        alone = say("opened", trouble("facebook"), known)
        assert "Fall back on Instagram instead of Facebook." in part(alone, "What to do now")


def test_an_owner_who_is_given_by_id_is_called_by_name() -> None:
    rules = rules_of("facebook")
    known = replace(
        rules, channels={"facebook": replace(rules.channels["facebook"], owner="second", deputy="The desk")}
    )
    todo = part(say("opened", trouble("facebook"), known), "What to do now")
    assert "Owner of Facebook: Second (deputy: The desk)." in todo


def test_a_change_of_rules_to_come_sends_nobody_elsewhere_now() -> None:
    rules = rules_of("facebook")
    known = replace(rules, channels={"facebook": replace(rules.channels["facebook"], fallback="the blog")})
    change = trouble("facebook", condition=Condition.RISK, family=Family.POLICY)
    assert "the blog" not in part(say("opened", change, known), "What to do now")


def test_several_channels_of_an_unknown_state_agree_with_their_verb() -> None:
    unknown = trouble("facebook", "instagram", condition=Condition.UNKNOWN)
    said = part(say("opened", unknown, rules_of("facebook", "instagram")), "What it means for you")
    assert said.startswith("We cannot tell whether Facebook and Instagram can be relied on.")


# --- many in one -----------------------------------------------------------------------------------------------------


def row(title: str, step: str = "opened", minutes: float = 5, *, critical: bool = False, about: str = "") -> Gathered:
    return Gathered(title, "✖", step, critical, ago(minutes), about or title)


def test_a_digest_shows_what_weighs_most_first_and_only_the_newest_of_each() -> None:
    rows = [
        row("small news", "report", 50),
        row("it is over", "resolved", 20, about="1"),
        row("it began", "opened", 60, about="1"),
        row("weak", "opened", 30),
        row("out", "updated", 10, critical=True),
    ]
    message = wording.gathered("digest", rows, READER, rules_of(), NOW)
    assert message.title == "Digest of 4, among them out"
    assert [text for _, text in message.paragraphs[:4]] == ["✖ out", "✖ weak", "✖ it is over", "✖ small news"]
    assert message.act == "Acknowledge all, or see more"
    calm = wording.gathered("digest", rows[:3], READER, rules_of(), NOW)
    assert calm.act == ""
    assert calm.title == "Digest of 2, among them it is over"


@pytest.mark.parametrize(
    ("language", "zone"), [("en", "Times: Paris time."), ("fr", "Horaires\u00a0: heure de Paris.")]
)
def test_a_list_of_titles_names_the_zone_of_its_times(language: str, zone: str) -> None:
    reader = replace(READER, language=language)
    message = wording.gathered("digest", [row("out since 09:05")], reader, rules_of(), NOW)
    assert message.paragraphs[-1] == ("", zone)


def test_many_are_counted_and_never_more_than_twenty_lines_are_shown() -> None:
    rows = [row(f"Still open \u2013 trouble {n}", "repeat", n) for n in range(500)]
    message = wording.gathered("repeat", rows, READER, rules_of(), NOW)
    assert message.title == "500 unacknowledged, among them trouble 499"
    assert len(message.paragraphs[0][1].splitlines()) == 21
    assert message.paragraphs[0][1].endswith("… and 480 more")


# --- no name is too long or does harm --------------------------------------------------------------------------------

NASTY = (
    "@everyone <!channel> \u202egpj.exe\u2066 [pay](http://evil.example) <b>x</b> {names} {0} %s"
    "\r\nBcc: all@example.org \x00"
)
HOSTILE = st.one_of(
    st.just(NASTY), st.just("x" * 300), st.just("word " * 60), st.just("Été\u00a0" * 40), st.text(max_size=120)
)


def every_message(name: str, other: str, language: str) -> list[Message]:
    reader = Recipient("first", other, timezone="Europe/Paris", language=language)
    channels = {
        c: ChannelRule(c, f"{name}{c}", "meta", other, fallback=other, playbook=name, owner=other, deputy=name)
        for c in ("a", "b")
    }
    people = {"first": reader, "second": Recipient("second", name)}
    rules = Rules(
        channels=channels, recipients=people, board_url="https://b.example",
        schedules={"s": Schedule("s", name, "UTC")},
    )  # fmt: skip
    base = trouble("a", "b", reasons=(name, Saying("{name}: {quote}", name=other, quote=name)), owner="second")
    said = [
        say(step, replace(base, condition=c, subject="s", by_hand=hand), rules, reader=reader, by=name,
            told=told("a", severity=s), next_call=(name, NOW), next_repeat=NOW, held={"b": f"silence:{name}"})
        for step, c, s, hand in [
            *((step, Condition.AVAILABILITY, Severity.CRITICAL, "") for step in
              ("opened", "updated", "repeat", "escalated", "handed_over", "acknowledged", "lapsed", "resolved")),
            ("updated", Condition.RISK, Severity.WARNING, ""),
            ("opened", Condition.SCHEDULE, Severity.WARNING, ""),
            ("resolved", Condition.AVAILABILITY, Severity.WARNING, name),
        ]
    ]  # fmt: skip
    rows = [Gathered(m.title, m.symbol, "opened", n % 2 == 0, NOW, str(n)) for n, m in enumerate(said)]
    titles = [m.title for m in said]
    launch = Launch("l", name, ("a",), NOW, NOW + timedelta(days=3))
    return [
        *said,
        wording.gathered("digest", rows, reader, rules, NOW),
        wording.gathered("summary", rows, reader, rules, NOW),
        wording.handoff(name, reader, NOW, NOW + timedelta(days=30), titles, rules, NOW),
        wording.duty(name, reader, None, rules, NOW),
        wording.announced(launch, channels["a"], name, NOW + timedelta(days=30), None, reader, rules, NOW),
        wording.report(channels["a"], name, "javascript:alert(1)", reader, rules, NOW),
        wording.drill(name, other, reader, rules, NOW),
        wording.down(ago(90), NOW, [name] * 40, reader, rules, NOW),
        wording.trial(name, reader, rules, NOW),
    ]


@settings(max_examples=25)
@given(name=HOSTILE, other=HOSTILE, language=st.sampled_from(languages()))
def test_first_lines_fit_whatever_things_are_called(name: str, other: str, language: str) -> None:
    for message in every_message(name, other, language):
        assert 0 < len(message.title) <= 80
        assert len(message.links) <= 3
        assert all(len(text) <= 1_500 or message.symbol == "☰" for _, text in message.paragraphs)
        envelope = Envelope(
            "k", "7", 1, "opened", message, NOW, critical=True, act_url="https://b.example/l/" + "x" * 40
        )
        assert len(for_service(envelope, "twilio").text) <= 160


@pytest.mark.parametrize(("language", "end"), [("en", "outage since 09:05"), ("fr", "panne depuis 09:05")])
@pytest.mark.parametrize("step", ["opened", "updated", "acknowledged"])
def test_a_long_name_gives_way_to_what_and_since_when(step: str, language: str, end: str) -> None:
    long = "The regional account of a customer with a name that never ends"
    rules = rules_of("a", "b")
    rules = replace(rules, channels={c: replace(r, name=long, platform_name=long) for c, r in rules.channels.items()})
    message = say(
        step,
        trouble("a", "b", owner="second"),
        rules,
        reader=replace(READER, language=language),
        by=long,
        told=told("a"),
    )
    assert message.title.endswith(end)
    assert 70 <= len(message.title) <= 80


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("scheme", ["slack", "discord", "tgram", "twilio", "pagerduty", "mailto", "gchat"])
def test_names_that_call_turn_or_hide_are_inert_in_every_message(scheme: str, language: str) -> None:
    assert scheme in SERVICES
    for message in every_message(NASTY, NASTY, language):
        envelope = Envelope("k", "7", 1, "opened", message, NOW)
        if scheme == "mailto":
            words = for_mail(envelope)
            assert "<b>x" not in words.html
            assert "\n" not in words.title
            said = words.title + words.text + words.html
        else:
            rendered = for_service(envelope, scheme)
            said = rendered.title + rendered.text
            if scheme != "twilio":
                assert not re.search(r"@everyone|<!channel>|\]\(|<b>x", said)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\r]", said)
        assert "javascript:" not in said
