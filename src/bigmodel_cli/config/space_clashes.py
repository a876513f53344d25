"""Values of a space that the config takes one by one, but not together.

Such trials fail, and a search passes over them; so they are warned of before it begins. All pairs of values
are tried, up to a number: those of layers, lists and presets first, which move what other keys lead to. What
three values make impossible together, a trial finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, islice

from bigmodel_cli.config.dump import to_flow
from bigmodel_cli.config.problems import Problem
from bigmodel_cli.config.space import Choice
from bigmodel_cli.config.space_corners import Corner, told_at
from bigmodel_cli.config.tree import Mapping, is_null, to_plain
from bigmodel_cli.config.tree import Sequence as Listed
from bigmodel_cli.cut import cut

# A pair takes 2 to 6 ms.
_MOST_PAIRS = 100
_MOST_VALUES = 200
_SHOWN = 40


def clashes(corners: Iterable[Corner], met: Callable[[Sequence[Corner]], list[Problem]]) -> Iterator[Problem]:
    """What goes wrong where two values meet: a warning for each two keys, at the second one's value.

    Args:
        corners: Values with which nothing is wrong alone.
        met: Says what is wrong with the config with several of them, but not with the one it is made from.
    """
    told: set[tuple[str, str]] = set()
    for one, other in islice(_pairs(corners), _MOST_PAIRS):
        keys = (one.top.name, other.top.name)
        problem = None if keys in told else next((p for p in met((one, other)) if not p.is_warning), None)
        if problem is not None:
            told.add(keys)
            yield _told(one, other, problem)


def _pairs(corners: Iterable[Corner]) -> Iterator[tuple[Corner, Corner]]:
    """Values of different keys, those that change what the config consists of before mere numbers.

    Of mere numbers each two keys have their turn before others have a second one.
    """
    by_weight = sorted(corners, key=_is_mere_value)[:_MOST_VALUES]
    turns: Counter[tuple[str, str]] = Counter()
    ordered = []
    for one, other in combinations(by_weight, 2):
        if one.top is not other.top:
            keys = (one.top.name, other.top.name)
            turns[keys] += 1
            ordered.append((_is_mere_value(one) + _is_mere_value(other), turns[keys], one, other))
    yield from ((one, other) for *_, one, other in sorted(ordered, key=lambda row: row[:2]))


def _is_mere_value(corner: Corner) -> bool:
    of = corner.dimension.of
    if not isinstance(of, Choice):
        return True
    node = of.options[int(corner.value)].node
    return not (isinstance(node, Mapping | Listed) or is_null(node))


def _told(one: Corner, other: Corner, problem: Problem) -> Problem:
    return replace(
        told_at(other, problem, f"together with {one.dimension.name}: {_text(one)}"),
        suggestion="such trials fail, and the search passes over them; what only goes together is a preset",
        is_warning=True,
    )


def _text(corner: Corner) -> str:
    of = corner.dimension.of
    value = to_plain(of.options[int(corner.value)].node) if isinstance(of, Choice) else corner.value
    return cut(to_flow(value), _SHOWN)
