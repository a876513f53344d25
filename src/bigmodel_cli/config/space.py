"""The space that `tune` searches: which keys of a config may have which values, and how points are drawn.

A key leads to a range of numbers or to a choice. What stands in a choice is a value as the config would have
it, and may have ranges and choices in it, which count only where it is chosen. So a point is found by
walking: whoever samples is asked dimension by dimension, and only for those that count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from bigmodel_cli.config.dotted_keys import parts
from bigmodel_cli.config.space_keys import SPACE
from bigmodel_cli.config.tree import ConfigPathKeys, Mapping, Node, Place, to_plain

SPACE_PATH: ConfigPathKeys = SPACE
# A key of the space that is no key of the config: each of its options has several of those.
PRESET = "preset"
# Digits of a number that is drawn: a rate of 0.001234 is as good as one of 0.0012341876.
_DIGITS = 4

Value = int | float
# What was drawn, by the names of dimensions: a number, or which option (from 0).
Point = dict[str, Value]
# A path in the config, each key with its place.
Keys = tuple[tuple[str, Place], ...]


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included.

    Attributes:
        is_integer: Whether only whole numbers are meant.
        is_log: Whether each factor counts the same, rather than each difference.
        step: The distance of the numbers; None: any.
        points: How many of them a grid takes; None where the steps say it.
        place: Where it is written.
        places: Where each end is.
    """

    low: Value
    high: Value
    is_integer: bool
    is_log: bool
    step: Value | None
    points: int | None
    place: Place
    places: tuple[Place, Place]

    def at(self, share: float) -> Value:
        """The number at a share of the way from low to high, 0 to 1."""
        if self.is_log:
            number = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            number = self.low + share * (self.high - self.low)
        return self.nearest(number)

    def nearest(self, number: float) -> Value:
        """The number of the range that is nearest, with no more digits than are worth having."""
        if self.step is not None:
            number = self.low + round((number - self.low) / self.step) * self.step
        rounded = round(number) if self.is_integer else float(f"{number:.{_DIGITS}g}")
        return min(max(rounded, self.low), self.high)

    def grid(self) -> list[Value] | None:
        """The numbers that a grid takes; None where neither steps nor points say which."""
        if self.points is not None:
            shares = [n / (self.points - 1) for n in range(self.points)] if self.points > 1 else [0.5]
            return list(dict.fromkeys(self.at(share) for share in shares))
        step = self.step or (1 if self.is_integer and not self.is_log else None)
        if step is None:
            return None
        return [self.nearest(self.low + n * step) for n in range(self._num_steps(step))]

    @property
    def size(self) -> int | None:
        """How many numbers a grid takes; None where neither steps nor points say which."""
        if self.points is not None or (self.step is None and (self.is_log or not self.is_integer)):
            grid = self.grid()
            return None if grid is None else len(grid)
        return self._num_steps(self.step or 1)

    def _num_steps(self, step: Value) -> int:
        return int((self.high - self.low) / step + 1e-9) + 1

    @property
    def ends(self) -> tuple[Value, ...]:
        return (self.low, self.high)

    def place_of(self, value: Value) -> Place:
        """Where a number that was drawn comes from: an end's own place, else that of the range."""
        written = dict(zip(self.ends, self.places, strict=True))
        return written.get(value, self.place)


@dataclass(frozen=True)
class Option:
    """One of the values of a choice.

    Attributes:
        node: As it is written.
        inner: The dimensions in it.
    """

    node: Node
    inner: tuple[Dimension, ...] = ()


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    options: tuple[Option, ...]
    place: Place

    @property
    def ends(self) -> tuple[Value, ...]:
        """All of them: none lies between two others."""
        return tuple(range(len(self.options)))

    @property
    def is_ordered(self) -> bool:
        """Whether the options are numbers that rise or fall, so that neighbours are alike."""
        values = [to_plain(option.node) for option in self.options]
        numbers = [n for n in values if isinstance(n, int | float) and not isinstance(n, bool)]
        return len(numbers) == len(values) > 1 and numbers in (sorted(numbers), sorted(numbers)[::-1])

    @property
    def size(self) -> int | None:
        """How many combinations a grid takes of it, with what is inside; None where that is not said."""
        return _sum(_product(inner.of.size for inner in option.inner) for option in self.options)

    def place_of(self, value: Value) -> Place:
        """Where an option is written."""
        return self.options[int(value)].node.place


@dataclass(frozen=True)
class Dimension:
    """Something that is chosen.

    Attributes:
        name: What tables call it: its key, and for one inside a choice, which option it belongs to.
        keys: The path in the config, or in the value around it, each key with its place; empty for a preset.
        of: What may be chosen.
    """

    name: str
    keys: Keys
    of: Range | Choice

    @property
    def place(self) -> Place:
        return self.of.place


@dataclass(frozen=True)
class Space:
    """All that may be chosen, in the order written."""

    dimensions: tuple[Dimension, ...] = field(default=())

    def draw(self, pick: Callable[[Dimension], Value]) -> Point:
        """A point: `pick` is asked for each dimension that counts, those inside a choice after it."""
        point: Point = {}
        for dimension in self.dimensions:
            _draw(dimension, pick, point)
        return point

    def all(self) -> Iterator[Dimension]:
        """Every dimension, those inside of choices too."""
        yield from _all(self.dimensions)

    @property
    def size(self) -> int | None:
        """How many points a grid has; None where it is not said which numbers of a range it takes."""
        return _product(dimension.of.size for dimension in self.dimensions)


def _sum(sizes: Iterable[int | None]) -> int | None:
    known = list(sizes)
    return None if None in known else sum(size for size in known if size is not None)


def _product(sizes: Iterable[int | None]) -> int | None:
    known = list(sizes)
    return None if None in known else math.prod(size for size in known if size is not None)


def _draw(dimension: Dimension, pick: Callable[[Dimension], Value], point: Point) -> None:
    value = pick(dimension)
    point[dimension.name] = value
    if isinstance(dimension.of, Choice):
        for inner in dimension.of.options[int(value)].inner:
            _draw(inner, pick, point)


def _all(dimensions: tuple[Dimension, ...]) -> Iterator[Dimension]:
    for dimension in dimensions:
        yield dimension
        if isinstance(dimension.of, Choice):
            for option in dimension.of.options:
                yield from _all(option.inner)


def keys_of(text: str, place: Place) -> Keys:
    """The keys of a dotted key of a space, each with its place."""
    in_quotes = place.length == len(text) + 2
    return tuple(
        (key, replace(place, column=place.column + start + in_quotes, length=max(1, length)))
        for key, start, length in parts(text)
    )


def written_in(dimension: Dimension) -> list[Keys]:
    """The paths of the config that a dimension gives values: its own, or those of a preset's options."""
    if dimension.keys or isinstance(dimension.of, Range):
        return [dimension.keys]
    found: dict[tuple[str, ...], Keys] = {}
    for option in dimension.of.options:
        for key, entry in option.node.entries.items() if isinstance(option.node, Mapping) else ():
            keys = keys_of(key, entry.key_place)
            found.setdefault(tuple(name for name, _ in keys), keys)
    return list(found.values())
