# ruff: noqa: ANN401 - what comes out of a node is decided by the annotation it is shaped to
"""Nodes + a type -> values, and every fault on the way.

The type that is due decides what a text means: `NO` is a name where a name is due and a fault where a boolean is; only
`true` and `false` are booleans, only decimal digits are numbers. pydantic then judges each model on its own, so that
each of its errors lands on the line it is about; its messages are taken without the value that was found, which may be
a secret.
"""

import re
import types
from collections.abc import Callable, Iterable
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence as SequenceABC
from collections.abc import Set as AbstractSet
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from monitor.settings.document import Mapping, Node, Scalar, Sequence
from monitor.settings.faults import Fault, did_you_mean, redact, shown_id, shown_key
from monitor.settings.references import ReferenceFaultError, References

__all__ = ["Shaper"]

INTEGER_DIGITS_MAX = 15
_INTEGER = re.compile(rf"[-+]?(0|[1-9][0-9]{{0,{INTEGER_DIGITS_MAX - 1}}})")
_DECIMAL = re.compile(rf"[-+]?(0|[1-9][0-9]{{0,{INTEGER_DIGITS_MAX - 1}}})(\.[0-9]{{1,{INTEGER_DIGITS_MAX}}})?")
_PLAIN_WORDS = re.compile(r"[a-z][a-z .]{0,23}")

Special = Callable[["Shaper", Node, tuple[str, ...]], Any]


class _Broken:
    """Stands for a value whose fault is already told."""


BROKEN = _Broken()


class Shaper:
    """Shapes the nodes of one file. `specials`: types that have a reader of their own."""

    def __init__(self, file: str, references: References, specials: MappingABC[type, Special] | None = None) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self._references = references
        self._specials = dict(specials or {})

    def fault(self, node: Node, path: Iterable[str], what: str, hint: str = "") -> _Broken:
        """Note a fault at a node."""
        secrets = self._references.secrets
        self.faults.append(
            Fault(self.file, node.line, node.column, ".".join(path), redact(what, secrets), redact(hint, secrets))
        )
        return BROKEN

    def model(self, node: Mapping, kind: type[BaseModel], path: tuple[str, ...], skip: Iterable[str] = ()) -> Any:
        """An instance of `kind`, or BROKEN. `skip`: keys that are somebody else's business."""
        fields = {field.alias or name: field for name, field in kind.model_fields.items()}
        values: dict[str, Any] = {}
        whole = True
        for key, value in node.items:
            if key.text in skip:
                continue
            field = fields.get(key.text)
            if field is None:
                self._unknown_key(key, path, [*fields, *skip])
                whole = False
                continue
            if isinstance(value, Scalar) and value.null and not value.told and not _wants_scalar(field.annotation):
                continue  # `people:` with every line under it commented out
            shaped = self.shape(value, field.annotation, (*path, key.text))
            if shaped is BROKEN:
                whole = False
            else:
                values[key.text] = shaped
        try:
            instance = kind.model_validate(values)
        except ValidationError as error:
            self._judge(error, node, path, whole=whole)
            return BROKEN
        return instance if whole else BROKEN

    def shape(self, node: Node, annotation: Any, path: tuple[str, ...]) -> Any:
        """The value at `node` as the type wants it, not yet judged by its constraints; or BROKEN."""
        if isinstance(node, Scalar) and node.told:
            return BROKEN
        options = _options(annotation)
        option = options[0] if len(options) == 1 else _choose(node, options)
        origin = get_origin(option) or option
        if option is Any or option is object:
            return self._natural(node, path)
        if origin in self._specials:
            return self._specials[origin](self, node, path)
        if _is(origin, BaseModel):
            if isinstance(node, Mapping):
                return self.model(node, origin, path)
            known = ", ".join(field.alias or name for name, field in origin.model_fields.items())
            return self.fault(node, path, "must hold keys", _blank_missing(node) or f"known: {known}")
        if _is(origin, MappingABC):
            return self._mapping(node, option, path)
        if _is(origin, (SequenceABC, AbstractSet)) and not _is(origin, (str, bytes)):
            return self._sequence(node, option, path)
        if not isinstance(node, Scalar):
            found = "a list" if isinstance(node, Sequence) else "keys"
            return self.fault(node, path, f"must be a single value, not {found}")
        return self._scalar(node, options if all(map(_is_scalar, options)) else [option], path)

    def _unknown_key(self, key: Scalar, path: tuple[str, ...], known: list[str]) -> None:
        shown = shown_key(key.text, known)
        hint = did_you_mean(key.text, known)
        if key.text == "<<":
            hint = "merge keys are not read; write the values out"
        self.fault(key, (*path, shown), "unknown key", hint)

    def _judge(self, error: ValidationError, node: Mapping, path: tuple[str, ...], *, whole: bool) -> None:
        errors = error.errors(include_input=False, include_url=False)
        merged = node.get("<<") is not None
        for one in errors:
            if not one["loc"] and not whole:
                continue  # what is said of all the keys together, while one of them is broken
            if one["type"] == "missing" and merged:
                continue  # it may stand in what was to be merged, and that fault is told
            if one["type"] == "too_short" and any(_within(other["loc"], one["loc"]) for other in errors):
                continue  # pydantic counts the good ones only; the bad ones are told
            if one["type"] == "model_type":
                continue  # the other branch of a union; the shape has chosen the one whose error stands here too
            place, where = _find(node, one["loc"])
            if one["type"] == "missing" and place is not node:
                continue  # it stands there and its own fault is told
            what, hint = _say(one)
            if isinstance(place, Scalar) and not _PLAIN_WORDS.fullmatch(place.text):
                what = redact(what.replace(repr(place.text), "the value"), [place.text])
            if one["type"] == "missing":
                where = (*where, str(one["loc"][-1]))
            self.fault(place, (*path, *where), what, hint)

    def _mapping(self, node: Node, option: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(node, Mapping):
            return self.fault(node, path, "must hold keys", _blank_missing(node))
        key_type, value_type = get_args(option) or (str, Any)
        shaped, whole = {}, True
        for key, value in node.items:
            below = (*path, shown_id(key.text))
            if isinstance(value, Scalar) and value.null and not value.told and not _wants_scalar(value_type):
                value = Mapping(value.line, value.column, ())  # noqa: PLW2901 - `reddit:` is `reddit: {}`
            name = self._scalar(key, _options(key_type), below)
            empty = isinstance(value, Scalar) and value.null and type(None) in get_args(value_type)
            held = None if empty else self.shape(value, value_type, below)
            if name is BROKEN or held is BROKEN:
                whole = False
            else:
                shaped[name] = held
        return shaped if whole else BROKEN

    def _sequence(self, node: Node, option: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(node, Sequence):
            return self.fault(node, path, "must be a list", "write it as [one, two] or as lines that begin with -")
        kinds = [kind for kind in get_args(option) if kind is not Ellipsis] or [Any]
        shaped = []
        for index, item in enumerate(node.items):
            kind = kinds[min(index, len(kinds) - 1)]
            shaped.append(self.shape(item, kind, (*path, str(index + 1))))
        return BROKEN if any(item is BROKEN for item in shaped) else shaped

    def _natural(self, node: Node, path: tuple[str, ...]) -> Any:
        """Where anything may stand: what JSON would make of it."""
        if isinstance(node, Mapping):
            return self._mapping(node, dict[str, Any], path)
        if isinstance(node, Sequence):
            return self._sequence(node, list[Any], path)
        return None if node.null else self._scalar(node, [bool, int, float, str], path)

    def _scalar(self, node: Scalar, options: list[Any], path: tuple[str, ...]) -> Any:
        if node.null:
            return self.fault(node, path, "has no value", "give it one, or remove the key")
        if bool in options and node.plain and node.text in {"true", "false"}:
            return node.text == "true"
        if int in options and node.plain and _INTEGER.fullmatch(node.text):
            return int(node.text)
        if float in options and node.plain and _DECIMAL.fullmatch(node.text):
            return float(node.text)
        if not [option for option in options if option not in (bool, int, float)]:
            return self._no_number(node, options, path)
        return self._text(node, path)

    def _text(self, node: Scalar, path: tuple[str, ...]) -> Any:
        if not self._references.present_in(node.text):
            return node.text
        try:
            return self._references.resolve(node.text)
        except ReferenceFaultError as error:
            return self.fault(node, path, str(error), error.hint)

    def _no_number(self, node: Scalar, options: list[Any], path: tuple[str, ...]) -> _Broken:
        if self._references.present_in(node.text):
            return self.fault(node, path, "a reference may stand only where text is due")
        if bool in options:
            return self.fault(node, path, "must be true or false", "written so, in lower case, without quotes")
        what = "must be a whole number" if options == [int] else "must be a number"
        hint = f"at most {INTEGER_DIGITS_MAX} decimal digits, without quotes, leading zeros or exponent"
        return self.fault(node, path, what, hint)


def _is(kind: Any, of: type | tuple[type, ...]) -> bool:
    return isinstance(kind, type) and issubclass(kind, of)


def _options(annotation: Any) -> list[Any]:
    """The types that an annotation allows, None left out."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        found: list[Any] = []
        for part in get_args(annotation):
            found += [option for option in _options(part) if option is not type(None)]
        return found
    return [annotation]


def _is_scalar(option: Any) -> bool:
    if get_origin(option) is Literal or option is SecretStr or _is(option, (str, bytes, int, float, Enum)):
        return True
    origin = get_origin(option) or option
    return isinstance(origin, type) and not issubclass(origin, (BaseModel, MappingABC, SequenceABC, AbstractSet))


def _wants_scalar(annotation: Any) -> bool:
    return any(_is_scalar(option) for option in _options(annotation))


def _choose(node: Node, options: list[Any]) -> Any:
    """The option whose shape is the node's; the first where none is."""

    def fits(option: Any) -> bool:
        origin = get_origin(option) or option
        if option is Any:
            return True
        if isinstance(node, Scalar):
            return _is_scalar(option)
        if isinstance(node, Mapping):
            return _is(origin, (BaseModel, MappingABC))
        return _is(origin, (SequenceABC, AbstractSet)) and not _is(origin, (str, bytes))

    # Where none is, keys say most: they can be named.
    models = [option for option in options if _is(get_origin(option) or option, BaseModel)]
    return next(filter(fits, options), (models or options)[0])


def _blank_missing(node: Node) -> str:
    """A hint for `key:value`, which YAML takes for one word."""
    glued = isinstance(node, Scalar) and node.plain and re.match(r"[a-z_]{1,24}:[^/\s]", node.text)
    return "write a space after the colon" if glued else ""


def _within(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _find(node: Node, loc: tuple[int | str, ...]) -> tuple[Node, tuple[str, ...]]:
    """The deepest node that pydantic's location names, and its path; parts that name types are passed over."""
    where: tuple[str, ...] = ()
    for part in loc:
        if isinstance(node, Mapping) and isinstance(part, str):
            found = next(((key, value) for key, value in node.items if key.text == part), None)
            if found is None:
                continue
            node = found[0] if loc[-1] == "[key]" and part == loc[-2] else found[1]
            where = (*where, shown_id(part))
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node, where = node.items[part], (*where, str(part + 1))
    return node, where


_SPAN = re.compile(  # how pydantic puts a short duration, and one within a union
    r"or equal to (?:(?P<microseconds>\d{1,15}) microseconds"
    r"|datetime\.timedelta\((?P<unit>days|seconds|microseconds)=(?P<count>\d{1,15})\))$"
)


def _say(error: ErrorDetails) -> tuple[str, str]:
    """What pydantic found, in our words: what is wrong, and a hint."""
    context = error.get("ctx", {})
    if error["type"] == "missing":
        return "is required", ""
    if error["type"] == "value_error" and "error" in context:
        cause = context["error"]
        return str(cause), str(getattr(cause, "hint", ""))
    if error["type"] == "string_pattern_mismatch":
        if str(context.get("pattern", "")).startswith("^https?://"):
            return "must be an http or https address", "it begins with http:// or https://"
        return "does not have the form that is due", f"as a regular expression: {context.get('pattern')}"
    if error["type"] == "too_short" and context.get("actual_length") == 0:
        return "must not be empty", ""
    span = _SPAN.search(error["msg"])
    if span:
        word = "at least" if error["type"] == "greater_than_equal" else "at most"
        limit = timedelta(**{span["unit"] or "microseconds": int(span["count"] or span["microseconds"])})
        return f"must be {word} {limit.total_seconds():g}s", ""
    text = re.sub(r"^(Input|String|List|Tuple|Dictionary|Value) should", "must", error["msg"])
    text = text.replace(" after validation", "")
    return text[:1].lower() + text[1:], ""
