"""How two configs differ, key by key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

Keys = tuple[str, ...]


def differences(one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    """The dotted keys in which two configs differ, with both values; None where a config lacks the key.

    Lists of components are laid beside each other first, so that a layer that was put in is one difference
    and not one for each layer behind it. An item's key has its index in `one`, or in `other` where only that
    has it. Another component in one's place is one difference too, whatever their arguments are.

    Args:
        one: As plain data.
        other: Likewise.
    """
    return [(".".join(keys), value, another) for keys, value, another in _differences(one, other, ())]


def _differences(one: Any, other: Any, keys: Keys) -> Iterator[tuple[Keys, Any, Any]]:
    one, other = _with_arguments(one, other), _with_arguments(other, one)
    if _are_sections(one, other):
        left, right = one or {}, other or {}
        for key in _interleaved(list(left), list(right)):
            yield from _differences(left.get(key), right.get(key), (*keys, str(key)))
    elif _are_lists(one, other):
        for index, value, another in _pairs(one, other):
            if value is None or another is None:
                yield (*keys, str(index)), value, another
            else:
                yield from _differences(value, another, (*keys, str(index)))
    elif one != other:
        yield keys, one, other


def _with_arguments(component: Any, other: Any) -> Any:
    """A bare name as a component without arguments, where the other one has some."""
    is_the_same = isinstance(component, str) and isinstance(other, dict) and list(other) == [component]
    return {component: {}} if is_the_same else component


def _are_sections(one: Any, other: Any) -> bool:
    """Whether two values are to be compared key by key; one of them may be missing."""
    if not all(value is None or isinstance(value, dict) for value in (one, other)) or not (one or other):
        return False
    return not (one and other and len(one) == len(other) == 1 and list(one) != list(other))


def _are_lists(one: Any, other: Any) -> bool:
    """Whether two values are lists of components; lists of mere numbers and names count as one value."""
    return (
        isinstance(one, list)
        and isinstance(other, list)
        and any(isinstance(item, dict | list) for item in (*one, *other))
    )


def _pairs(one: Sequence[Any], other: Sequence[Any]) -> Iterator[tuple[int, Any, Any]]:
    """The items of two lists that are not the same, beside each other, each pair with its index."""
    # First what is the same in all, then what has the same name.
    for equal, i, j in _aligned(one, other, repr):
        if not equal:
            yield from _named_pairs([*enumerate(one)][i], [*enumerate(other)][j])


def _named_pairs(
    one: Sequence[tuple[int, Any]], other: Sequence[tuple[int, Any]]
) -> Iterator[tuple[int, Any, Any]]:
    for _, i, j in _aligned([item for _, item in one], [item for _, item in other], _name):
        for left, right in zip_longest(one[i], other[j]):
            index = (left or right)[0]
            yield index, left[1] if left else None, right[1] if right else None


def _aligned(
    one: Sequence[Any], other: Sequence[Any], key: Callable[[Any], str]
) -> Iterator[tuple[bool, slice, slice]]:
    matcher = SequenceMatcher(None, [*map(key, one)], [*map(key, other)], autojunk=False)
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        yield tag == "equal", slice(i, i_end), slice(j, j_end)


def _name(component: Any) -> str:
    return str(next(iter(component), "")) if isinstance(component, dict) else str(component)


def _interleaved(left: list[str], right: list[str]) -> list[str]:
    """The keys of both in the order of a config: what only `right` has stands behind its neighbour."""
    keys, place = list(left), 0
    known = set(left)
    for key in right:
        if key in known:
            place = keys.index(key) + 1
        else:
            keys.insert(place, key)
            place += 1
    return keys
