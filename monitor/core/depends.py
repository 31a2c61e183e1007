"""The declared graph of what rests on what: node -> its direct children.

A node is a channel's id or a platform's; a platform as a child stands for its channels, and ``*`` for every channel
but the node's own. A channel is never its own ancestor.
"""

from collections.abc import Iterator, Mapping

from monitor.core.model import ChannelRule

__all__ = ["ALL", "ancestors", "cycle", "descendants"]

ALL = "*"

Depends = Mapping[str, tuple[str, ...]]


def ancestors(depends: Depends, channel: str, channels: Mapping[str, ChannelRule]) -> tuple[str, ...]:
    """Every node on which a channel rests, directly or through others, nearest first."""
    found: dict[str, None] = {}
    below = [channel]
    while below and depends:
        child = below.pop(0)
        for node, children in depends.items():
            if node != channel and node not in found and _rests(child, node, children, channels):
                found[node] = None
                below.append(node)
    return tuple(found)


def descendants(depends: Depends, node: str, channels: Mapping[str, ChannelRule]) -> tuple[str, ...]:
    """The channels that rest on a node, directly or through others, in the order of `channels`."""
    if node not in depends:
        return ()
    return tuple(c for c in channels if node in ancestors(depends, c, channels))


def cycle(depends: Depends, channels: Mapping[str, ChannelRule]) -> tuple[str, ...] | None:
    """Nodes that rest on each other, as a way that ends where it began; None: there are none."""
    done: set[str] = set()
    for start in depends:
        way = [start]
        walks = [_below(depends, start, channels)]
        while walks:
            node = next(walks[-1], None)
            if node is None:
                walks.pop()
                done.add(way.pop())
            elif node in way:
                return (*way[way.index(node) :], node)
            elif node not in done:
                way.append(node)
                walks.append(_below(depends, node, channels))
    return None


def _rests(child: str, node: str, children: tuple[str, ...], channels: Mapping[str, ChannelRule]) -> bool:
    """Whether a channel or a platform is a direct child of a node."""
    if child in children:
        return True
    rule = channels.get(child)
    platform = rule.platform if rule else child
    return node not in (child, platform) and (ALL in children or platform in children)


def _below(depends: Depends, node: str, channels: Mapping[str, ChannelRule]) -> Iterator[str]:
    """The direct children of a node that have children of their own: nothing else can close a circle."""
    return (other for other in depends if _rests(other, node, depends[node], channels))
