"""The README of the probes says every kind and every param, as the kinds themselves have them."""

import pytest

from probes import kinds, load
from probes._docs import README, tables, written

TEXT = README.read_text(encoding="utf-8")


def section(kind: str) -> str:
    head = f"### `{kind}`\n"
    assert head in TEXT, f"{kind} is not in probes/README.md; run python -m probes._docs"
    return TEXT.split(head, 1)[1].split("\n### ", 1)[0]


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_is_documented_with_each_of_its_params(kind: str) -> None:
    shared = TEXT.split("### `", 1)[0]
    for name, field in load(kind).Params.model_fields.items():
        assert f"| `{name}` |" in section(kind) + shared, f"{kind}: {name}"
        assert field.description, f"{kind}: {name} has no description"


def test_the_tables_are_those_that_the_kinds_make_now() -> None:
    assert written(TEXT) == TEXT, "run python -m probes._docs"
    assert tables() in TEXT
