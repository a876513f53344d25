"""Every combination, each once, in a fixed order: the last dimension that counts changes first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bigmodel_cli.config.space import Choice, Dimension, Point, Space, Value
from bigmodel_cli.tuning.journal import Journal


class GridSampler:
    """Goes through all combinations.

    Args:
        space: What is searched; every range in it has steps or says how many points there are.
    """

    def __init__(self, space: Space) -> None:
        self._space = space

    def draw(self, number: int, journal: Journal) -> Point | None:
        return next(islice(combinations(self._space.dimensions), number - 1, None), None)


def combinations(dimensions: tuple[Dimension, ...]) -> Iterator[Point]:
    """Every point of a grid; what is inside an option counts only where it is chosen.

    Args:
        dimensions: None of which is another one's.
    """
    if not dimensions:
        yield {}
        return
    first, *others = dimensions
    for value in _values(first):
        inner = first.of.options[int(value)].inner if isinstance(first.of, Choice) else ()
        for point in combinations((*inner, *others)):
            yield {first.name: value, **point}


def _values(dimension: Dimension) -> list[Value]:
    """What a grid tries of a dimension, in order."""
    of = dimension.of
    values: list[Value] | None = [*range(len(of.options))] if isinstance(of, Choice) else of.grid()
    assert values, "a config whose ranges have no grid is refused"
    return values
