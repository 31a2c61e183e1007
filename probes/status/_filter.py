"""What part of a vendor's page a team watches: the filter entries of every status kind, and what they match."""

import fnmatch
from collections.abc import Callable
from functools import lru_cache

import re2
from pydantic import Field, field_validator

from probes.base import Params, clip

__all__ = ["StatusParams", "fold", "matches"]

FILTER_CHARS_MAX = 512
FILTERS_MAX = 200
MATCHERS_MAX = 4096


class StatusParams(Params):
    """What every status kind takes.

    A filter entry is an id or an exact name (upper and lower case and runs of spaces are equal); `*` and `?` make it a
    glob, `/.../` a regular expression (RE2). A plain name is never matched as a part of a longer one.
    """

    components: tuple[str, ...] = Field(default=(), max_length=FILTERS_MAX, description="Only these components.")
    groups: tuple[str, ...] = Field(default=(), max_length=FILTERS_MAX, description="Only components of these groups.")
    products: tuple[str, ...] = Field(
        default=(), max_length=FILTERS_MAX, description="Only these products or services."
    )
    regions: tuple[str, ...] = Field(default=(), max_length=FILTERS_MAX, description="Only these regions.")

    @field_validator("components", "groups", "products", "regions")
    @classmethod
    def _usable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if not pattern.strip() or len(pattern) > FILTER_CHARS_MAX:
                msg = f"a filter entry has 1 to {FILTER_CHARS_MAX} characters"
                raise ValueError(msg)
            _matcher(pattern)
        return patterns

    @property
    def filtered(self) -> bool:
        """Whether only a part of the page is watched."""
        return bool(self.components or self.groups or self.products or self.regions)


@lru_cache(maxsize=MATCHERS_MAX)
def _matcher(pattern: str) -> Callable[[str], bool]:
    """A predicate over already folded text; raises ValueError for a bad regular expression."""
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):  # noqa: PLR2004 - "//" is no pattern
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        try:
            expression = re2.compile(pattern[1:-1], options=options)
        except re2.error as error:
            msg = f"{clip(pattern, 64)!r} is not a regular expression that RE2 accepts: {error}"
            raise ValueError(msg) from error
        return lambda text: expression.search(text) is not None
    folded = fold(pattern)
    if "*" in pattern or "?" in pattern:
        # Only * and ? are special in a filter entry; fnmatch would also read "[EU]" as a set of letters.
        glob = folded.replace("[", "[[]")
        return lambda text: fnmatch.fnmatchcase(text, glob)
    return lambda text: text == folded


def fold(text: str) -> str:
    """The text as names are compared: without case and with single spaces."""
    return " ".join(text.casefold().split())


def matches(pattern: str, *candidates: str) -> bool:
    """Whether one of the texts (ids, names) is what the filter entry asks for."""
    test = _matcher(pattern)
    return any(test(fold(c)) for c in candidates if c)
