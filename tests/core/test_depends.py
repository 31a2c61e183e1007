"""What rests on what: nodes, their children, and circles, which fail the load."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.depends import ancestors, cycle, descendants
from tests.core.mind import channel

CHANNELS = {
    c.id: c
    for c in (
        *(channel(name, platform="meta") for name in ("facebook", "instagram")),
        *(channel(name, platform="office") for name in ("vpn", "proxy")),
        channel("x"),
    )
}


@pytest.mark.parametrize(
    ("depends", "of", "above"),
    [
        ({}, "x", ()),
        ({"meta": ("facebook", "instagram")}, "facebook", ("meta",)),
        ({"meta": ("facebook", "instagram")}, "x", ()),
        ({"facebook": ("instagram",)}, "instagram", ("facebook",)),
        # A platform as a child stands for its channels.
        ({"vpn": ("meta",)}, "instagram", ("vpn",)),
        # Through others, the nearest first.
        ({"vpn": ("meta",), "meta": ("facebook",)}, "facebook", ("vpn", "meta")),
        ({"vpn": ("x",), "x": ("facebook",)}, "facebook", ("x", "vpn")),
        # A star is every channel but the node's own.
        ({"vpn": ("*",)}, "x", ("vpn",)),
        ({"vpn": ("*",)}, "proxy", ("vpn",)),
        ({"vpn": ("*",)}, "vpn", ()),
        ({"office": ("*",)}, "vpn", ()),
        ({"office": ("*",)}, "x", ("office",)),
        ({"x": ("*",)}, "x", ()),
        # A channel whose platform rests on it does not rest on itself.
        ({"facebook": ("meta",)}, "facebook", ()),
        ({"facebook": ("meta",)}, "instagram", ("facebook",)),
        ({"gone": ("x",)}, "x", ("gone",)),
        # Not even in a circle, should one ever get in.
        ({"x": ("facebook",), "facebook": ("x",)}, "x", ("facebook",)),
    ],
)
def test_a_channel_rests_on_every_node_above_it(
    depends: dict[str, tuple[str, ...]], of: str, above: tuple[str, ...]
) -> None:
    assert ancestors(depends, of, CHANNELS) == above


def test_a_nodes_descendants_are_those_that_have_it_above_them() -> None:
    depends = {"vpn": ("meta",), "facebook": ("x",)}
    assert descendants(depends, "vpn", CHANNELS) == ("facebook", "instagram", "x")
    assert descendants(depends, "facebook", CHANNELS) == ("x",)
    assert descendants(depends, "x", CHANNELS) == ()


@pytest.mark.parametrize(
    ("depends", "circle"),
    [
        ({}, None),
        ({"meta": ("facebook",), "vpn": ("*",)}, None),
        ({"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ("e",)}, None),
        ({"a": ("a",)}, ("a", "a")),
        ({"a": ("b",), "b": ("a",)}, ("a", "b", "a")),
        ({"z": ("a",), "a": ("b",), "b": ("c",), "c": ("a",)}, ("a", "b", "c", "a")),
        ({"vpn": ("*",), "x": ("vpn",)}, ("vpn", "x", "vpn")),
        ({"vpn": ("*",), "proxy": ("*",)}, ("vpn", "proxy", "vpn")),
        # Two channels of a platform that both hold the platform back hold each other back.
        ({"facebook": ("meta",), "instagram": ("meta",)}, ("facebook", "instagram", "facebook")),
        ({"facebook": ("meta",)}, None),
        ({"office": ("*",), "vpn": ("x",)}, None),
    ],
)
def test_B94_a_circle_is_found_and_named(depends: dict[str, tuple[str, ...]], circle: tuple[str, ...] | None) -> None:
    assert cycle(depends, CHANNELS) == circle


_NODES = ("facebook", "instagram", "meta", "vpn", "office", "x")
_DEPENDS = st.dictionaries(
    st.sampled_from(_NODES),
    st.lists(st.sampled_from((*_NODES, "*")), min_size=1, max_size=3, unique=True).map(tuple),
    max_size=5,
)


@given(_DEPENDS)
def test_without_a_circle_no_channel_rests_on_one_that_rests_on_it(depends: dict[str, tuple[str, ...]]) -> None:
    if cycle(depends, CHANNELS) is not None:
        return
    above = {c: ancestors(depends, c, CHANNELS) for c in CHANNELS}
    for one in CHANNELS:
        assert one not in above[one]
        assert not any(one in above[other] for other in above[one] if other in CHANNELS)


@given(_DEPENDS)
def test_a_circle_is_a_way_that_ends_where_it_began(depends: dict[str, tuple[str, ...]]) -> None:
    found = cycle(depends, CHANNELS)
    if found is not None:
        assert found[0] == found[-1]
        assert len(set(found)) == len(found) - 1
        assert set(found) <= set(depends)
