"""Points of a space at which its values are tried before a search: options, and the ends of ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from bigmodel_cli.config.problems import Problem
from bigmodel_cli.config.space import SPACE_PATH, Choice, Dimension, Point, Space, Value
from bigmodel_cli.config.tree import dotted


@dataclass(frozen=True)
class Corner:
    """A point that says nothing but one dimension, and what leads to it.

    Attributes:
        top: That of the space which it is, or which it is inside of.
        dimension: Which.
        value: What is drawn for it.
        point: That, with the options around it and the first of what is beside it there.
    """

    top: Dimension
    dimension: Dimension
    value: Value
    point: Point


def corners(space: Space) -> Iterator[Corner]:
    """Each option and each end of each range, one changed at a time from what the config has."""
    for top in space.dimensions:
        for wanted in Space((top,)).all():
            around = _ways_to((top,), wanted.name) or {}
            for value in wanted.of.ends:
                point = Space((top,)).draw(partial(_fixed_or_first, {**around, wanted.name: value}))
                yield Corner(top, wanted, value, point)


def told_at(corner: Corner, problem: Problem, lead: str) -> Problem:
    """A mistake elsewhere in the config that a value of the space makes, told at that value.

    Args:
        corner: Where the value is.
        problem: The mistake.
        lead: What its message begins with, for instance `with this value`.
    """
    where = dotted(problem.path)
    named = problem.message if problem.message.startswith(where) else f"{where}: {problem.message}"
    return replace(
        problem,
        place=corner.dimension.of.place_of(corner.value),
        path=(*SPACE_PATH, corner.dimension.name),
        message=f"{lead}, {named}",
    )


def _fixed_or_first(fixed: Point, dimension: Dimension) -> Value:
    return fixed.get(dimension.name, dimension.of.ends[0])


def _ways_to(dimensions: tuple[Dimension, ...], name: str) -> Point | None:
    """Which options lead to a dimension; None where it is not among these."""
    for dimension in dimensions:
        if dimension.name == name:
            return {}
        if isinstance(dimension.of, Choice):
            for number, option in enumerate(dimension.of.options):
                inner = _ways_to(option.inner, name)
                if inner is not None:
                    return {dimension.name: number, **inner}
    return None
