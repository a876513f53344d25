"""What a point of a space makes of a config: keys that get values, and items of lists that go away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass

from bigmodel_cli.config.dotted_keys import joined
from bigmodel_cli.config.dump import to_flow
from bigmodel_cli.config.overrides import with_value
from bigmodel_cli.config.space import SPACE_PATH, Dimension, Keys, Range, Space, Value, keys_of
from bigmodel_cli.config.tree import Entry, Mapping, Node, Scalar, Sequence, is_null, to_plain


@dataclass(frozen=True)
class Assignment:
    """A key of the config and the value that a point gives it; None: it goes away."""

    keys: Keys
    node: Node | None

    @property
    def word(self) -> str:
        """The same as a word of the command line."""
        path = joined(key for key, _ in self.keys)
        return f"~{path}" if self.node is None else f"{path}={to_flow(to_plain(self.node))}"


def assignments(space: Space, point: Mapping_[str, Value]) -> list[Assignment]:
    """What a point makes of the config, in an order in which no key moves away from under another.

    What the point says nothing of stays as the config has it.
    """
    found: list[Assignment] = []
    for dimension in space.dimensions:
        if dimension.name in point:
            found += _assigned(dimension, point)
    put = [one for one in found if one.node is not None]
    # Items go from the end of their list, since those behind one that is gone get other numbers.
    gone = sorted((one for one in found if one.node is None), key=_where, reverse=True)
    return put + gone


def config_tree(space: Space, tree: Mapping, point: Mapping_[str, Value]) -> Mapping:
    """The config at a point, without its `tune`.

    Raises:
        Unreadable: With the first key that leads nowhere.
    """
    entries = {key: entry for key, entry in tree.entries.items() if key != SPACE_PATH[0]}
    new = Mapping(entries, place=tree.place)
    for one in assignments(space, point):
        new = with_value(new, one.keys, one.node)
    return new


def _where(one: Assignment) -> list[tuple[int, str]]:
    return [(int(key), "") if key.isascii() and key.isdigit() else (-1, key) for key, _ in one.keys]


def _assigned(dimension: Dimension, point: Mapping_[str, Value]) -> Iterator[Assignment]:
    value, of = point[dimension.name], dimension.of
    if isinstance(of, Range):
        yield Assignment(dimension.keys, Scalar(value, of.place_of(value)))
        return
    option = of.options[int(value)]
    if dimension.keys:
        yield _put(dimension.keys, _with_inner(option.node, option.inner, point))
        return
    assert isinstance(option.node, Mapping)
    for key, entry in option.node.entries.items():
        keys, node = keys_of(key, entry.key_place), entry.node
        own = [inner for inner in option.inner if inner.keys[: len(keys)] == keys]
        if own and own[0].keys == keys:
            yield from _assigned(own[0], point)
            continue
        yield _put(keys, _with_inner(node, own, point, len(keys)))


def _with_inner(node: Node, inner: Iterable[Dimension], point: Mapping_[str, Value], start: int = 0) -> Node:
    """What is written, with what was drawn for the dimensions in it; their keys count from `start`."""
    for one in inner:
        (put,) = _assigned(one, point)
        # A layer of a list is left out by null; so is one inside.
        value = Scalar(None, one.place) if put.node is None else put.node
        node = _replaced(node, put.keys[start:], value)
    return node


def _put(keys: Keys, node: Node) -> Assignment:
    """An item of a list that is null goes away; any other key becomes null."""
    is_item = keys[-1][0].isascii() and keys[-1][0].isdigit()
    return Assignment(keys, None if is_null(node) and is_item else node)


def _replaced(node: Node, keys: Keys, value: Node) -> Node:
    """A copy of what is written in which a path that is there has another value."""
    if not keys:
        return value
    (key, _), rest = keys[0], keys[1:]
    if isinstance(node, Sequence):
        items = [_replaced(item, rest, value) if str(n) == key else item for n, item in enumerate(node.items)]
        return Sequence(items, node.place)
    assert isinstance(node, Mapping)
    entries = {
        name: Entry(entry.key_place, _replaced(entry.node, rest, value)) if name == key else entry
        for name, entry in node.entries.items()
    }
    return Mapping(entries, place=node.place)
