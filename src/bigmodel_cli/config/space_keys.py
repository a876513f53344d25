"""Keys of a space among dotted keys: `tune.space.optimizer.Adam.learning_rate` has one with dots in it."""

from __future__ import annotations

from collections.abc import Collection

from bigmodel_cli.config.dotted_keys import parts
from bigmodel_cli.config.tree import Mapping, Node, node_at
from bigmodel_cli.config.tune import FORMS

SPACE = ("tune", "space")


def known_keys(tree: Node) -> Collection[str]:
    """The keys that a config's space has."""
    space = node_at(tree, SPACE)
    return list(space.entries) if isinstance(space, Mapping) else []


def parts_with_space(text: str, known: Collection[str]) -> list[tuple[str, int, int]]:
    """As `parts`, where a key of a space is one part, without quotes around it.

    Args:
        text: Dotted keys.
        known: The keys that the space has.

    >>> parts_with_space("tune.space.model.1.choice.0", ["model.1"])
    [('tune', 0, 4), ('space', 5, 5), ('model.1', 11, 7), ('choice', 19, 6), ('0', 26, 1)]
    """
    found = parts(text)
    head, rest = found[: len(SPACE)], found[len(SPACE) :]
    if tuple(key for key, _, _ in head) != SPACE or len(rest) < 2 or rest[0][0] in known:
        return found
    start = rest[0][1]
    ends = {text[start : at + length]: number for number, (_, at, length) in enumerate(rest, 1)}
    there = [key for key in ends if key in known]
    if there:
        end = ends[max(there, key=len)]
    else:
        # A key that is not there yet, with its value, or with the form of its range behind it.
        end = next((n for n, (key, _, _) in enumerate(rest) if n and key in FORMS), len(rest))
    _, at, length = rest[end - 1]
    return [*head, (text[start : at + length], start, at + length - start), *rest[end:]]
