"""YAML without its traps."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from monitor.settings.document import DEPTH_MAX, FILE_BYTES_MAX, Mapping, Scalar, parse
from tests.settings.files import SAMPLE, channel, faults, loaded, only_fault

BOMB = "\n".join(
    ["a: &a [l, l, l, l, l, l, l, l, l]"]
    + [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
)


def test_B87_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    began = time.process_time()
    found = faults(tmp_path, BOMB)
    assert time.process_time() - began < 2
    assert any("alias" in fault.what for fault in found)
    assert any("anchor" in fault.what for fault in found)


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!mine", "!!binary", "!!str", "!<tag:yaml.org,2002:int>"]
)
def test_B88_tags_are_refused_where_they_stand(tmp_path: Path, tag: str) -> None:
    found = faults(tmp_path, f"team:\n  name: {tag} x\n")
    assert ("a tag (!name) stands here", 2) in [(fault.what, fault.line) for fault in found]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_B89_a_deep_nesting_is_refused_and_does_not_crash(tmp_path: Path, opening: str) -> None:
    fault = only_fault(tmp_path, "a: " * (opening != "- ") + opening * 100_000)
    assert fault.what == f"is nested deeper than {DEPTH_MAX} levels"


def test_B89_the_c_loader_is_never_used() -> None:
    code = (
        "import monitor.settings, sys; sys.exit('yaml._yaml' in sys.modules and 'CSafeLoader' in str(monitor.settings))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0  # noqa: S603 - our own code
    sources = Path(__file__).parents[2] / "monitor" / "settings"
    assert not [path for path in sources.glob("*.py") if "CSafe" in path.read_text() or "CLoader" in path.read_text()]


def test_B90_a_duplicate_key_is_a_fault_that_names_the_first(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, "team: {}\nstore: sqlite:///a.db\nteam: {}\n")
    assert (fault.line, fault.column, fault.hint) == (3, 1, "the first is in line 1")


@pytest.mark.parametrize(
    "word", ["NO", "no", "Yes", "on", "22:22", "1.10", "017", "1e3", "0x1F", "1_000", "2026-11-22", "null_"]
)
def test_B90_a_text_is_what_was_written(tmp_path: Path, word: str) -> None:
    assert loaded(tmp_path, f"team: {{name: {word}}}").team.name == word


@pytest.mark.parametrize(
    "word", ["017", "1e3", "1_000", "22:22", "1.5", "'4'", "0x1F", "+-4", "9" * 5000, ".nan", "many", "true"]
)
def test_B90_B91_a_whole_number_is_decimal_digits(tmp_path: Path, word: str) -> None:
    fault = only_fault(tmp_path, f"fetch: {{per_host: {word}}}")
    assert (fault.key, fault.what) == ("fetch.per_host", "must be a whole number")
    assert len(str(fault)) < 500


@pytest.mark.parametrize("word", ["yes", "NO", "on", "1", "True", "'true'"])
def test_B90_only_true_and_false_are_booleans(tmp_path: Path, word: str) -> None:
    (tmp_path / "channels").mkdir()
    entry = f"id: a\nname: A\nplatform: {{id: a, name: A}}\ndefunct: {word}\n"
    (tmp_path / "channels" / "a.yaml").write_text(entry)
    fault = only_fault(tmp_path, "channels: {a: {}}")
    assert (fault.key, fault.what) == ("defunct", "must be true or false")


@pytest.mark.parametrize("word", ["2026-99-99", "2026-02-30 25:61:00", "9" * 5000])
def test_B91_what_yaml_would_take_for_a_bad_date_is_a_text(tmp_path: Path, word: str) -> None:
    if len(word) < 80:
        assert loaded(tmp_path, f"team: {{name: {word}}}").team.name == word
    else:
        assert only_fault(tmp_path, f"team: {{name: {word}}}").what == "must have at most 80 characters"


@pytest.mark.parametrize(
    ("data", "place", "what"),
    [
        pytest.param(b"team:\n\tname: x\n", (2, 1), "a tab stands where YAML wants spaces", id="tab"),
        pytest.param(b"team: {name: a\0b}\n", (1, 15), "the control character U+0000 stands here", id="nul"),
        pytest.param(b"team: {}\nstore: \xff\xfe\n", (2, 8), "a byte here is not UTF-8", id="latin-1"),
        pytest.param("team: {}".encode("utf-16"), (1, 1), "is UTF-16", id="utf-16"),
        pytest.param(b"", (1, 1), "the file is empty", id="empty"),
        pytest.param(b"# nothing\n\n", (1, 1), "the file is empty", id="comment"),
        pytest.param(b"\xef\xbb\xbf", (1, 1), "the file is empty", id="bom alone"),
        pytest.param(b"- a\n", (1, 1), "holds no keys", id="list"),
        pytest.param(b"words\n", (1, 1), "holds no keys", id="words"),
        pytest.param(b"team: {}\n---\nteam: {}\n", (2, 1), "a second document begins here", id="second"),
        pytest.param(b"%YAML 1.1\n---\nteam: {}\n", (1, 1), "a YAML directive stands here", id="directive"),
        pytest.param(b"a" * (FILE_BYTES_MAX + 1), (1, 1), "has more than 1024 KiB", id="2 MiB"),
    ],
)
def test_B92_each_kind_of_bad_text_has_its_word(tmp_path: Path, data: bytes, place: tuple[int, int], what: str) -> None:
    fault = only_fault(tmp_path, data)
    assert ((fault.line, fault.column), fault.what) == (place, what)


def test_B92_a_byte_order_mark_is_taken(tmp_path: Path) -> None:
    assert loaded(tmp_path, b"\xef\xbb\xbf" + SAMPLE.encode()).team.name == "Example team"


def test_B92_windows_line_ends_are_taken(tmp_path: Path) -> None:
    assert loaded(tmp_path, SAMPLE.replace("\n", "\r\n").encode()).team.name == "Example team"


@pytest.mark.parametrize("text", ["? [a, b]\n: c\n", "? {a: b}\n: c\n", "{[a]: b}"])
def test_a_key_is_text(tmp_path: Path, text: str) -> None:
    assert any("a key must be text" in fault.what for fault in faults(tmp_path, text))


def test_merge_keys_are_refused(tmp_path: Path) -> None:
    assert "merge keys are not read" in only_fault(tmp_path, "team:\n  <<: {name: a}\n").hint


@pytest.mark.parametrize(
    "text", ["team: {name: [}", "a: b: c", "team: 'x", '"\\q": 1', "a: @x", "a: `x`", "key: %x", "{a", "]"]
)
def test_what_is_not_yaml_is_one_fault_with_a_place(tmp_path: Path, text: str) -> None:
    fault = only_fault(tmp_path, text)
    assert fault.line >= 1
    assert fault.what


def test_no_text_of_the_file_is_in_a_syntax_fault(tmp_path: Path) -> None:
    for text in (
        "a: !canary-7f3a x: y: z",
        "a: *canary-7f3a b",
        "canary-7f3a: [",
        "%canary-7f3a\n",
        "a: '\\canary-7f3a",
    ):
        assert "canary" not in "\n".join(map(str, faults(tmp_path, text)))


def test_only_the_first_document_of_a_catalogue_file_is_read_at_a_start() -> None:
    read = parse("f", b"id: a\n---\n\t this is not YAML: [\n", document=0)
    assert read.faults == ()
    assert read.root is not None
    assert isinstance(read.root, Mapping)
    value = read.root.get("id")
    assert isinstance(value, Scalar)
    assert value.text == "a"


@pytest.mark.parametrize(
    "every", ["0s", "50ms", "-5s", "1e308", ".nan", "NaN", "inf", "60", "367d", "'5 m'", "5x", "[1s]", "{}"]
)
def test_B97_an_interval_that_cannot_be_is_a_fault_at_its_place(tmp_path: Path, every: str) -> None:
    fault = only_fault(tmp_path, channel(f"every: {every}"))
    assert (fault.line, fault.key) == (6, "channels.newsletter.probes.1.every")


@pytest.mark.parametrize("pattern", ["/(/", "/(?=a)/", "/[z-a]/", "/a{1001}/", "/" + "x" * 600 + "/", "''"])
def test_B98_a_pattern_that_cannot_be_used_is_a_fault(tmp_path: Path, pattern: str) -> None:
    fault = only_fault(tmp_path, channel(f"components: ['{pattern.strip(chr(39))}']"))
    assert fault.key == "channels.newsletter.probes.1.components"
    assert len(str(fault)) < 600


def test_B98_a_catastrophic_pattern_is_harmless(tmp_path: Path) -> None:
    assert loaded(tmp_path, channel("components: ['/^(a+)+$/']")).probes


def test_B93_an_unknown_key_has_a_near_one(tmp_path: Path) -> None:
    fault = only_fault(tmp_path, channel("componets: [Mail]"))
    assert (fault.what, fault.hint) == ("unknown key", "did you mean 'components'?")
    assert only_fault(tmp_path, "Team: {}").hint == "did you mean 'team'?"
    assert only_fault(tmp_path, "rules: {resolveafter: 1m}").hint == "did you mean 'resolve_after'?"


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/passwd", "Mars/Base", "Europe", "", "a\\0b", "posixrules"])
def test_B95_a_time_zone_that_does_not_exist_is_a_fault(tmp_path: Path, zone: str) -> None:
    fault = only_fault(tmp_path, f"team: {{timezone: '{zone}'}}")
    assert (fault.key, fault.what) == ("team.timezone", "is not a time zone of the IANA database")


def test_B95_the_wrong_case_has_a_hint(tmp_path: Path) -> None:
    assert only_fault(tmp_path, "team: {timezone: europe/paris}").hint == "did you mean 'Europe/Paris'?"
    assert only_fault(tmp_path, "team: {timezone: Europe/Pariss}").hint == "did you mean 'Europe/Paris'?"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("fetch: {allow_private: [127.0.0.1/8]}", "fetch.allow_private.1"),
        ("fetch: {allow_private: 127.0.0.0/8}", "fetch.allow_private"),
        ("fetch: {proxy: 'socks5://x'}", "fetch.proxy"),
        ("server: {listen: 9180}", "server.listen"),
        ("server: {listen: '127.0.0.1:99999'}", "server.listen"),
        ("store: postgresql://h/d", "store"),
        ("store: sqlite:///", "store"),
        ("team: {language: tlh}", "team.language"),
        ("team: [a]", "team"),
        ("channels: [reddit]", "channels"),
        ("channels: {reddit: {playbook: 'javascript:alert(1)'}}", "channels.reddit.playbook"),
        ("channels: {reddit: {name: ''}}", "channels.reddit.name"),
        ("channels: {reddit: {name: }}", "channels.reddit.name"),
        ("people: {a: {}}", "people.a.name"),
        ("routes: {}", "routes.receiver"),
    ],
)
def test_a_value_of_the_wrong_form_is_a_fault_at_its_key(tmp_path: Path, text: str, key: str) -> None:
    assert only_fault(tmp_path, text).key == key


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("ftp://h/x", "must be an http or https address"),
        ("https://user:swordfish@h/x", "holds a user or a password"),
        ("https://h:99999/x", "has a port or a host that cannot be"),
        ("https://h:0/x", "has a port that cannot be"),
        ("'https://h/a b'", "holds a space"),
        ("'https://h\\@evil/'", "holds a space, a control character or a backslash"),
        ("https:///path", "has no host"),
        ("h" * 3000, "must have at most 2048 characters"),
    ],
)
def test_a_probes_address_that_cannot_be_is_a_fault(tmp_path: Path, url: str, what: str) -> None:
    fault = only_fault(tmp_path, f"channels: {{a: {{probes: [{{kind: status.statuspage, url: {url}}}]}}}}")
    assert fault.key == "channels.a.probes.1.url"
    assert fault.what.startswith(what)
    assert "swordfish" not in str(fault)


def test_an_answer_may_not_lapse_before_the_next_is_due(tmp_path: Path) -> None:
    assert only_fault(tmp_path, channel("every: 10m", "expires: 1m")).what == "is shorter than `every`"


ONE_PERSON = 'people: {first: {name: First, contacts: ["json://127.0.0.1/x"]}}\nroutes: {receiver: first}\n'


@pytest.mark.parametrize(
    ("text", "faults_due"),
    [
        pytest.param(
            "teams:\n  a: &a {members: [first]}\n  b: *a\n",
            ["an anchor (&name) stands here", "an alias (*name) stands here"],
            id="what an alias leaves out is not missing too",
        ),
        pytest.param(
            "teams:\n  a: {<<: {members: [first]}}\n", ["unknown key"], id="what would be merged is not missing too"
        ),
        pytest.param(
            "schedules: {s: {rules: [{on: [yes], people: [first]}]}}\n",
            ["is not a weekday"],
            id="a list whose only item is bad is not empty too",
        ),
    ],
)
def test_a_fault_is_told_once(tmp_path: Path, text: str, faults_due: list[str]) -> None:
    assert [fault.what for fault in faults(tmp_path, text + ONE_PERSON)] == faults_due


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("routes:\n  receiver: first\n routes: []\n", "same column"),
        ("people: {a: {name: @first}}\n", "quotes"),
        ("people: {a: {name: First: of two}}\n", "quotes"),
        ("routes: {receiver: first\n", "not closed"),
        ("people:\n  a:\n    name: A\n    quiet_hours: 22:00-07:00\n", "known: on, from, to"),
        ("routes:\n  receiver:first\n", "a space after the colon"),
        ("routes: {receiver: first, routes: [second]}\n", " continue,"),
        ("routes: {receiver: first, group_wait: 5}\n", ""),
        ("routes: {receiver: first, routes: [{matchers: ['severity==critical']}]}\n", "one is enough"),
        ("routes: {receiver: first, routes: [{matchers: ['channel=~\"*\"']}]}\n", ".* is anything"),
        ("routes: {receiver: first, routes: [{matchers: ['channel=~\"(?=x)x\"']}]}\n", "no look-ahead"),
        ("routes: {receiver: first, routes: [{matchers: ['channel=~\"(x\"']}]}\n", "not closed"),
    ],
)
def test_a_usual_mistake_has_a_way_out(tmp_path: Path, text: str, hint: str) -> None:
    people = "" if text.startswith("people:") else "people: {first: {name: First}}\n"
    fault = only_fault(tmp_path, "channels: {reddit: {}}\n" + people + text)
    assert hint in fault.hint
    assert "***" not in str(fault)
