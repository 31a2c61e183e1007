"""YAML text -> nodes with marks: the part of YAML that people mean, without its traps.

PyYAML's pure Python parser gives the events (its C loader dies of a deep nesting with a segmentation fault); the nodes
are ours. Nothing is resolved here: a plain `NO`, `22:22`, `1.10` or `017` stays the text that was written, and
`shape` gives it the type that is due. Refused, each with its place: aliases, anchors, tags, directives, duplicate keys,
keys that are not text, more than one document where one is due, depth over 32, more than 1 MiB, bytes that are not
UTF-8.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from monitor.settings.faults import Fault, shown_key

__all__ = ["Document", "Mapping", "Node", "Scalar", "Sequence", "parse", "read_bytes"]

FILE_BYTES_MAX = 1024 * 1024
DEPTH_MAX = 32
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_QUOTED = re.compile(r"(?<= )'[^'<>]{2,}'")
_INDENT = "keys that belong together begin in the same column; look at this line and those above it"
_YAML_HINTS = (
    ("mapping values are not allowed", "a value with ': ' or ' #' in it needs quotes"),
    ("cannot start any token", "put the value in quotes"),
    ("<block end>", _INDENT),
    ("could not find expected ':'", _INDENT),
    ("expected ',' or", "a bracket or a quote is not closed, or a value with a sign of YAML in it needs quotes"),
    ("unexpected end of stream", "a quote is not closed"),
)
"""What PyYAML says -> what to look for."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as written. `plain`: it stood without quotes. `told`: nothing is to be said of it that was not said."""

    line: int
    column: int
    text: str
    plain: bool
    told: bool = False

    @property
    def null(self) -> bool:
        """Whether nothing stands here."""
        return self.plain and self.text in {"", "~", "null"}


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order written; a key stands in it once."""

    line: int
    column: int
    items: tuple[tuple[Scalar, "Node"], ...]

    def get(self, key: str) -> "Node | None":
        """The value under `key`, or None."""
        return next((value for k, value in self.items if k.text == key), None)


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document of one file. `root` None: it cannot be used, and `faults` says why."""

    file: str
    root: Mapping | None
    faults: tuple[Fault, ...] = ()


def read_bytes(path: Path) -> bytes | str:
    """The file's bytes, read once; a string says why that cannot be."""
    try:
        if not path.is_file():
            return "there is no such file" if not path.exists() else "is not a file"
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        return f"cannot be read: {error.strerror or type(error).__name__}"
    if len(data) > FILE_BYTES_MAX:
        return f"has more than {FILE_BYTES_MAX // 1024} KiB"
    return data


def parse(file: str, data: bytes, *, document: int | None = None) -> Document:
    """The YAML document in `data`; never raises.

    `document` None: exactly one is due. 0, 1 ...: the one at that place of a file that may hold several; those after
    it are not looked at, which is what makes a start quick.
    """
    text = _text(file, data)
    if isinstance(text, Fault):
        return Document(file, None, (text,))
    builder = _Builder(file, document)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if builder.take(event):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        builder.faults.append(Fault(file, line, column, "", *_words(error)))
        return Document(file, None, tuple(builder.faults))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        builder.faults.append(Fault(file, 1, 1, "", f"is not YAML that we read ({type(error).__name__})"))
        return Document(file, None, tuple(builder.faults))
    return builder.document_built()


def _text(file: str, data: bytes) -> str | Fault:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Fault(file, 1, 1, "", "is UTF-16", "save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        return Fault(file, line, column, "", "a byte here is not UTF-8", "save the file as UTF-8")
    bad = _FORBIDDEN.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1) + 1
        return Fault(file, line, column, "", f"the control character U+{ord(bad.group()):04X} stands here", "remove it")
    if not text.strip():
        return Fault(file, 1, 1, "", "the file is empty")
    return text


def _words(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """PyYAML's problem in words, without any text of the file, which might be a secret."""
    problem = error.problem or "cannot be read as YAML"
    if "'\\t'" in problem:
        return "a tab stands where YAML wants spaces", "indent with spaces"
    hint = next((hint for sign, hint in _YAML_HINTS if sign in problem), "")
    problem = _QUOTED.sub("'...'", problem)[:160]
    return f"is not YAML here: {problem}", hint


class _Builder:
    """Builds nodes from events with a stack of its own, so that no nesting can exhaust Python's."""

    def __init__(self, file: str, document: int | None) -> None:
        self.faults: list[Fault] = []
        self._file = file
        self._wanted = document or 0
        self._single = document is None
        self._index = -1
        self._open: list[tuple[yaml.CollectionStartEvent, list[Node]]] = []
        self._root: Node | None = None

    def take(self, event: yaml.Event) -> bool:
        """Whether that was enough."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            return self._open_collection(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close_collection()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            return self._start(event)
        elif isinstance(event, yaml.DocumentEndEvent):
            return not self._single and self._index >= self._wanted
        return False

    def document_built(self) -> Document:
        """What came of it."""
        root = self._root
        if self._index < self._wanted:
            self._fault(1, 1, "the file is empty" if self._index < 0 else "the part that is due is not in the file")
        elif not isinstance(root, Mapping):
            if isinstance(root, Scalar) and root.null:
                self._fault(1, 1, "the file is empty")
            elif not self.faults:
                self._fault(1, 1, "holds no keys", "write it as `key: value`")
            root = None
        return Document(self._file, root if isinstance(root, Mapping) else None, tuple(self.faults))

    def _fault(self, line: int, column: int, what: str, hint: str = "") -> None:
        self.faults.append(Fault(self._file, line, column, "", what, hint))

    def _start(self, event: yaml.DocumentStartEvent) -> bool:
        self._index += 1
        line, column = _place(event)
        if event.version or event.tags:
            self._fault(line, column, "a YAML directive stands here", "remove the line that begins with %")
        if self._single and self._index > 0:
            self._fault(line, column, "a second document begins here", "remove the line `---`")
            return True
        return False

    def _alias(self, event: yaml.AliasEvent) -> None:
        line, column = _place(event)
        self._fault(line, column, "an alias (*name) stands here", "write the value out; aliases are not read")
        self._put(Scalar(line, column, "", plain=True, told=True))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._check(event)
        line, column = _place(event)
        self._put(Scalar(line, column, event.value, plain=event.style is None))

    def _open_collection(self, event: yaml.CollectionStartEvent) -> bool:
        self._check(event)
        if len(self._open) >= DEPTH_MAX:
            self._fault(*_place(event), f"is nested deeper than {DEPTH_MAX} levels")
            return True
        self._open.append((event, []))
        return False

    def _close_collection(self) -> None:
        start, items = self._open.pop()
        line, column = _place(start)
        if isinstance(start, yaml.SequenceStartEvent):
            self._put(Sequence(line, column, tuple(items)))
        else:
            self._put(Mapping(line, column, self._pairs(items)))

    def _pairs(self, items: list[Node]) -> tuple[tuple[Scalar, Node], ...]:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._fault(key.line, key.column, "a key must be text")
            elif key.text in pairs:
                first = pairs[key.text][0]
                what = f"the key {shown_key(key.text)!r} stands here for the second time"
                self._fault(key.line, key.column, what, f"the first is in line {first.line}")
            else:
                pairs[key.text] = (key, value)
        return tuple(pairs.values())

    def _check(self, event: yaml.NodeEvent) -> None:
        if event.anchor:
            self._fault(*_place(event), "an anchor (&name) stands here", "remove it; anchors are not read")
        if getattr(event, "tag", None):
            self._fault(*_place(event), "a tag (!name) stands here", "remove it; tags are not read")

    def _put(self, node: Node) -> None:
        if self._open:
            self._open[-1][1].append(node)
        elif self._index == self._wanted:
            self._root = node


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    assert mark is not None  # the parser gives every event its place
    return mark.line + 1, mark.column + 1
