"""A reload is applied as a difference."""

from pathlib import Path

from monitor.settings import Difference, Settings, difference
from tests.settings.files import SAMPLE, loaded


def pages(*probes: str, channel: str = "a", more: str = "") -> str:
    """A channel with one status page per address; ``4@2s`` is address 4 every 2 s."""
    lines = []
    for probe in probes:
        number, _, every = probe.partition("@")
        lines.append(f"      - {{kind: status.statuspage, url: 'http://127.0.0.1/{number}', every: {every or '1s'}}}\n")
    return f"channels:\n  {channel}:\n    probes:\n{''.join(lines)}{more}"


def step(folder: Path, old: str, new: str) -> Difference:
    """The difference of two files."""
    return difference(loaded(folder, old), loaded(folder, new))


def test_the_same_content_is_no_difference(tmp_path: Path) -> None:
    assert not step(tmp_path, SAMPLE, "# a remark\n" + SAMPLE)


def test_a_probe_at_the_end_comes_and_goes(tmp_path: Path) -> None:
    assert step(tmp_path, pages("1"), pages("1", "2")).added == ("a/2",)
    assert step(tmp_path, pages("1", "2"), pages("1")).removed == ("a/2",)


def test_a_changed_parameter_changes_that_probe_alone(tmp_path: Path) -> None:
    found = step(tmp_path, pages("1", "2", "3"), pages("1", "2@5s", "3"))
    assert (found.added, found.removed, found.changed, found.moved) == ((), (), ("a/2",), {})
    assert found.mind_changed


def test_an_unchanged_probe_is_recognised_when_one_before_it_goes(tmp_path: Path) -> None:
    found = step(tmp_path, pages("1", "2", "3"), pages("2", "3"))
    assert (found.added, found.removed, found.changed) == ((), ("a/1",), ())
    assert found.moved == {"a/2": "a/1", "a/3": "a/2"}


def test_an_unchanged_probe_is_recognised_when_one_comes_before_it(tmp_path: Path) -> None:
    found = step(tmp_path, pages("1"), pages("9", "1"))
    assert (found.added, found.removed, found.changed, found.moved) == (("a/1",), (), (), {"a/1": "a/2"})


def test_two_probes_may_change_places(tmp_path: Path) -> None:
    found = step(tmp_path, pages("1", "2"), pages("2", "1"))
    assert (found.added, found.removed, found.changed) == ((), (), ())
    assert found.moved == {"a/1": "a/2", "a/2": "a/1"}


def test_equal_probes_are_told_apart_by_their_place(tmp_path: Path) -> None:
    assert not step(tmp_path, pages("1", "1"), pages("1", "1"))
    assert step(tmp_path, pages("1", "1"), pages("1")).removed == ("a/2",)


def test_channels_come_go_and_change(tmp_path: Path) -> None:
    found = step(tmp_path, "channels: {reddit: {}, vine: {}}", "channels: {reddit: {owner: first}, discord: {}}")
    assert (found.channels_added, found.channels_removed, found.channels_changed) == (
        ("discord",),
        ("vine",),
        ("reddit",),
    )
    assert (found.added, found.removed, found.changed) == (("discord/1",), (), ())


def test_a_contact_that_leads_elsewhere_is_a_difference_although_the_mind_sees_none(tmp_path: Path) -> None:
    text = "people: {a: {name: A, contacts: ['json://u:${P}@h.example']}}\nroutes: {receiver: a}\n"
    old, new = loaded(tmp_path, text, {"P": "first-one"}), loaded(tmp_path, text, {"P": "second-one"})
    found = difference(old, new)
    assert (found.contacts_changed, found.mind_changed) == (("a/1",), False)


def test_a_contact_that_stands_in_another_place_is_the_same_one(tmp_path: Path) -> None:
    def people(*contacts: str) -> str:
        listed = ", ".join(f"'json://{c}.example'" for c in contacts)
        return f"people: {{a: {{name: A, contacts: [{listed}]}}, b: {{name: B, contacts: ['json://x.example']}}}}\n"

    def moved(before: str, after: str) -> dict[str, str]:
        return dict(difference(loaded(tmp_path, before), loaded(tmp_path, after)).contacts_moved)

    assert moved(people("x", "y"), people("x", "y")) == {}
    assert moved(people("x", "y"), people("y", "x")) == {"a/1": "a/2", "a/2": "a/1"}
    assert moved(people("x"), people("z", "x")) == {"a/1": "a/2"}
    assert moved(people("x", "y"), people("y")) == {"a/2": "a/1"}
    assert moved(people("x"), people("z")) == {}


def test_a_place_a_calendar_and_a_heartbeat_that_lead_elsewhere_are_differences(tmp_path: Path) -> None:
    text = "destinations: {room: {contacts: ['json://h.example/${X}']}}\nchannels: {reddit: {}}\n"
    text += "schedules: {s: {ical: 'https://cal.example/${X}'}, t: {ical: 'https://cal.example/t'}}\n"
    text += "heartbeat: {url: 'https://beat.example/${X}'}\n"
    old, new = loaded(tmp_path, text, {"X": "first-one"}), loaded(tmp_path, text, {"X": "second-one"})
    found = difference(old, new)
    assert (found.contacts_changed, found.calendars_changed, found.heartbeat_changed) == (("room/1",), ("s",), True)
    assert not found.mind_changed
    assert not difference(old, old)
    gone = difference(old, loaded(tmp_path, "channels: {reddit: {}}\n"))
    assert (gone.calendars_changed, gone.heartbeat_changed, gone.mind_changed) == (("s", "t"), True, True)
    slower = difference(old, loaded(tmp_path, text.replace("/t'", "/t', ical_every: 1h"), {"X": "first-one"}))
    assert (slower.calendars_changed, slower.heartbeat_changed) == (("t",), False)


def test_what_counts_from_the_next_start_only_is_said(tmp_path: Path) -> None:
    new = "server: {listen: 127.0.0.1:1}\nstore: sqlite:///other.db\nfetch: {per_host: 2}\nretention: {decisions: 1d}\n"
    assert step(tmp_path, "team: {}", new).after_restart == ("store", "server.listen", "fetch")


def ids(settings: Settings) -> set[str]:
    return {probe.id for probe in settings.probes}


def test_every_id_has_exactly_one_fate(tmp_path: Path) -> None:
    old = loaded(tmp_path, pages("1", "2", "3", "4", "5"))
    new = loaded(tmp_path, pages("9", "3", "2@7s", "4", "1"))
    found = difference(old, new)
    fates_new = [*found.added, *found.changed, *found.moved.values()]
    assert len(fates_new) == len(set(fates_new))
    still = ids(new) - set(fates_new)
    assert all(old.probe_by_id[name].params == new.probe_by_id[name].params for name in still)
    assert all(old.probe_by_id[a].params == new.probe_by_id[b].params for a, b in found.moved.items())
    assert still == {"a/4"}
