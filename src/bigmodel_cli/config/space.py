"""The space that `tune` searches: which keys of a config may have which values, and the config of a point.

A key leads to a range of numbers or to a choice. What stands in a choice is a value as the config would have
it, and may have ranges and choices in it, which count only where it is chosen. So a point is found by
walking: whoever samples is asked dimension by dimension, and only for those that count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass, field, replace
from functools import partial

from bigmodel_cli.config.dotted_keys import joined, parts
from bigmodel_cli.config.dump import to_flow
from bigmodel_cli.config.overrides import with_value
from bigmodel_cli.config.problems import Problem
from bigmodel_cli.config.tree import (
    ConfigPathKeys,
    Entry,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
    describe,
    is_null,
    to_plain,
)

SPACE_PATH: ConfigPathKeys = ("tune", "space")
# A key of the space that is no key of the config: each of its options has several of those.
PRESET = "preset"
# Digits of a number that is drawn: a rate of 0.001234 is as good as one of 0.0012341876.
_DIGITS = 4

Value = int | float
# What was drawn, by the names of dimensions: a number, or which option (from 0).
Point = dict[str, Value]


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included.

    Attributes:
        is_integer: Whether only whole numbers are meant.
        is_log: Whether each factor counts the same, rather than each difference.
        step: The distance of the numbers; None: any.
        points: How many of them a grid takes; None where the steps say it.
        place: Where it is written.
    """

    low: Value
    high: Value
    is_integer: bool
    is_log: bool
    step: Value | None
    points: int | None
    place: Place

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
        return [
            self.nearest(self.low + n * step) for n in range(int((self.high - self.low) / step + 1e-9) + 1)
        ]

    @property
    def ends(self) -> tuple[Value, ...]:
        return (self.low, self.high)


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


@dataclass(frozen=True)
class Dimension:
    """Something that is chosen.

    Attributes:
        name: What tables call it: its key, and for one inside a choice, which option it belongs to.
        keys: The path in the config, or in the value around it, each key with its place; empty for a preset.
        of: What may be chosen.
    """

    name: str
    keys: tuple[tuple[str, Place], ...]
    of: Range | Choice

    @property
    def place(self) -> Place:
        return self.of.place


@dataclass(frozen=True)
class Assignment:
    """A key of the config and the value that a point gives it; None: it goes away."""

    keys: tuple[tuple[str, Place], ...]
    node: Node | None

    @property
    def word(self) -> str:
        """The same as a word of the command line."""
        path = joined(key for key, _ in self.keys)
        return f"~{path}" if self.node is None else f"{path}={to_flow(to_plain(self.node))}"


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

    def assignments(self, point: Mapping_[str, Value]) -> list[Assignment]:
        """What a point makes of the config, in an order in which no key moves away from under another."""
        found: list[Assignment] = []
        for dimension in self.dimensions:
            found += _assigned(dimension, point)
        put = [one for one in found if one.node is not None]
        # Items go from the end of their list, since those behind one that is gone get other numbers.
        gone = sorted((one for one in found if one.node is None), key=_where, reverse=True)
        return put + gone

    def apply(self, tree: Mapping, point: Mapping_[str, Value]) -> Mapping:
        """The config at a point, without its `tune`.

        Raises:
            Unreadable: With the first key that leads nowhere.
        """
        entries = {key: entry for key, entry in tree.entries.items() if key != SPACE_PATH[0]}
        new = Mapping(entries, place=tree.place)
        for one in self.assignments(point):
            new = with_value(new, one.keys, one.node)
        return new

    def all(self) -> Iterator[Dimension]:
        """Every dimension, those inside of choices too."""
        yield from _all(self.dimensions)

    def corners(self) -> Iterator[Point]:
        """Points in which each option and each end of each range comes up, one thing changed at a time."""
        for wanted in self.all():
            around = _ways_to(self.dimensions, wanted.name) or {}
            for value in wanted.of.ends:
                fixed = {**around, wanted.name: value}
                yield self.draw(partial(_fixed_or_first, fixed))


def _fixed_or_first(fixed: Point, dimension: Dimension) -> Value:
    return fixed.get(dimension.name, dimension.of.ends[0])


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


def _where(one: Assignment) -> list[tuple[int, str]]:
    return [(int(key), "") if key.isascii() and key.isdigit() else (-1, key) for key, _ in one.keys]


def _assigned(dimension: Dimension, point: Mapping_[str, Value]) -> Iterator[Assignment]:
    value, of = point[dimension.name], dimension.of
    if isinstance(of, Range):
        yield Assignment(dimension.keys, Scalar(value, of.place))
        return
    option = of.options[int(value)]
    if dimension.keys:
        yield _put(dimension.keys, _with_inner(option.node, option.inner, point))
        return
    assert isinstance(option.node, Mapping)
    for key, entry in option.node.entries.items():
        keys, node = _keys(key, entry.key_place), entry.node
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


def _put(keys: tuple[tuple[str, Place], ...], node: Node) -> Assignment:
    """An item of a list that is null goes away; any other key becomes null."""
    is_item = keys[-1][0].isascii() and keys[-1][0].isdigit()
    return Assignment(keys, None if is_null(node) and is_item else node)


def _replaced(node: Node, keys: tuple[tuple[str, Place], ...], value: Node) -> Node:
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


# Reading.

_FORMS = "{log: [LOW, HIGH]}, {uniform: [LOW, HIGH]}, {integer: [LOW, HIGH]} or {choice: [...]}"
_OPTIONS = {
    "log": {"points"},
    "uniform": {"step", "points"},
    "integer": {"log", "step", "points"},
    "choice": set(),
}


def read_space(node: Node | None) -> tuple[Space, list[Problem]]:
    """The space as `tune.space` has it, and what is wrong with it."""
    reader = _Reader()
    found: list[Dimension] = []
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            is_preset = key.split("_")[0] == PRESET
            keys = () if is_preset else _keys(key, entry.key_place)
            dimension = reader.dimension(key, keys, entry, (*SPACE_PATH, key), is_preset=is_preset)
            found += [] if dimension is None else [dimension]
    reader.require_apart(found)
    return Space(tuple(found)), reader.problems


def _keys(text: str, place: Place) -> tuple[tuple[str, Place], ...]:
    in_quotes = place.length == len(text) + 2
    return tuple(
        (key, replace(place, column=place.column + start + in_quotes, length=max(1, length)))
        for key, start, length in parts(text)
    )


class _Reader:
    """Reads dimensions and collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def dimension(
        self,
        name: str,
        keys: tuple[tuple[str, Place], ...],
        entry: Entry,
        path: ConfigPathKeys,
        *,
        is_preset: bool = False,
    ) -> Dimension | None:
        node = entry.node
        form = _form(node)
        if form is None or not isinstance(node, Mapping):
            message = f"expected {_FORMS}, found {describe(node)}"
            hint = (
                "write {choice: [...]}"
                if isinstance(node, Sequence)
                else "what is not searched stands in the config itself"
            )
            self._problem(entry.key_place if isinstance(node, Mapping) else node.place, path, message, hint)
            return None
        for key, other in node.entries.items():
            if key != form and key not in _OPTIONS[form]:
                known = ", ".join(sorted(_OPTIONS[form])) or "nothing"
                self._problem(other.key_place, (*path, key), f"{form} takes {known} beside it", None)
                return None
        if form == "choice":
            return self._choice(name, keys, node, path, is_preset=is_preset)
        if is_preset:
            self._problem(
                entry.key_place,
                path,
                "a preset is a choice of several keys each",
                "write {choice: [{KEY: VALUE, KEY: VALUE}, …]}",
            )
            return None
        of = self._range(form, node, path)
        return None if of is None else Dimension(name, keys, of)

    def _choice(
        self,
        name: str,
        keys: tuple[tuple[str, Place], ...],
        node: Mapping,
        path: ConfigPathKeys,
        *,
        is_preset: bool,
    ) -> Dimension | None:
        listed, path = node.entries["choice"], (*path, "choice")
        if not isinstance(listed.node, Sequence) or len(listed.node.items) < 2:
            message = f"expected a list of two or more, found {describe(listed.node)}"
            self._problem(listed.node.place, path, message, None)
            return None
        options, seen = [], []
        for number, item in enumerate(listed.node.items):
            if to_plain(item) in seen and not any(_form(inner) for _, inner in _inside(item)):
                self._problem(item.place, (*path, number), "the same value stands in the choice twice", None)
            seen.append(to_plain(item))
            if is_preset and not (isinstance(item, Mapping) and item.entries):
                message = f"expected keys of the config and their values, found {describe(item)}"
                self._problem(item.place, (*path, number), message, None)
                continue
            inner = self._inner(f"{name}[{number}]", item, (*path, number), is_preset=is_preset)
            options.append(Option(item, tuple(inner)))
        if len(options) < 2:
            return None
        return Dimension(name, keys, Choice(tuple(options), listed.key_place))

    def _inner(self, name: str, item: Node, path: ConfigPathKeys, *, is_preset: bool) -> Iterator[Dimension]:
        """The dimensions inside an option."""
        if _form(item) is not None:
            self._problem(item.place, path, "a choice of choices: write their options into one list", None)
            return
        for steps, node in _inside(item):
            if _form(node) is None:
                continue
            keys = _keys(steps[0][0], steps[0][1]) + steps[1:] if is_preset else steps
            key = joined(step for step, _ in keys)
            entry = Entry(steps[-1][1], node)
            found = self.dimension(f"{name}.{key}", keys, entry, (*path, *(step for step, _ in keys)))
            if found is not None:
                yield found

    def _range(self, form: str, node: Mapping, path: ConfigPathKeys) -> Range | None:
        ends = node.entries[form].node
        wanted = "two whole numbers" if form == "integer" else "two numbers"
        path = (*path, form)
        if not isinstance(ends, Sequence) or len(ends.items) != 2:
            self._problem(ends.place, path, f"expected [LOW, HIGH], {wanted}, found {describe(ends)}", None)
            return None
        low, high = (self._number(item, path, whole=form == "integer") for item in ends.items)
        if low is None or high is None:
            return None
        is_log = form == "log" or self._flag(node, "log", path)
        step, points = self._more(node, "step", path, form), self._more(node, "points", path, "integer")
        if low >= high:
            self._problem(
                ends.place,
                path,
                f"expected LOW below HIGH, found {describe(ends.items[0])} and {describe(ends.items[1])}",
                None,
            )
            return None
        if is_log and low <= 0:
            self._problem(
                ends.items[0].place,
                path,
                f"expected a number above 0, since factors count the same, found {describe(ends.items[0])}",
                None,
            )
            return None
        if is_log and step is not None:
            self._problem(node.entries["step"].key_place, path, "steps are for ranges without log", None)
            return None
        return Range(
            low, high, form == "integer", is_log, step, None if points is None else int(points), ends.place
        )

    def _number(self, node: Node, path: ConfigPathKeys, *, whole: bool) -> Value | None:
        value = node.value if isinstance(node, Scalar) else None
        if (
            isinstance(value, bool)
            or not isinstance(value, int if whole else int | float)
            or not math.isfinite(value)
        ):
            kind = "a whole number" if whole else "a number"
            self._problem(node.place, path, f"expected {kind}, found {describe(node)}", None)
            return None
        return value if whole else float(value)

    def _flag(self, node: Mapping, key: str, path: ConfigPathKeys) -> bool:
        entry = node.entries.get(key)
        if entry is None:
            return False
        if not isinstance(entry.node, Scalar) or not isinstance(entry.node.value, bool):
            self._problem(
                entry.node.place,
                (*path[:-1], key),
                f"expected true or false, found {describe(entry.node)}",
                None,
            )
            return False
        return entry.node.value

    def _more(self, node: Mapping, key: str, path: ConfigPathKeys, form: str) -> Value | None:
        entry = node.entries.get(key)
        if entry is None:
            return None
        value = self._number(entry.node, (*path[:-1], key), whole=form == "integer")
        if value is not None and value <= 0:
            self._problem(
                entry.node.place,
                (*path[:-1], key),
                f"expected a number above 0, found {describe(entry.node)}",
                None,
            )
            return None
        return value

    def require_apart(self, dimensions: list[Dimension]) -> None:
        """No key may lie under another: what is inside a value that is chosen stands inside the choice."""
        for dimension in dimensions:
            keys = [key for key, _ in dimension.keys]
            for other in dimensions:
                below = [key for key, _ in other.keys]
                if other is not dimension and keys and below[: len(keys)] == keys and len(below) > len(keys):
                    message = f"{dimension.name} is searched itself, so this key may not be there"
                    hint = f"write the range into the options of {dimension.name}"
                    self._problem(other.keys[0][1], (*SPACE_PATH, other.name), message, hint)

    def _problem(self, place: Place, path: ConfigPathKeys, message: str, suggestion: str | None) -> None:
        self.problems.append(Problem(place, path, message, suggestion=suggestion))


def _form(node: Node) -> str | None:
    """Which form of a range or a choice a value is; None where it is an ordinary one."""
    if not isinstance(node, Mapping):
        return None
    found = [key for key in node.entries if key in _OPTIONS]
    for key in found:
        if isinstance(node.entries[key].node, Sequence):
            return key
    return None


def _inside(
    node: Node, keys: tuple[tuple[str, Place], ...] = ()
) -> Iterator[tuple[tuple[tuple[str, Place], ...], Node]]:
    """Everything inside a value with the way to it; not what is inside a range or a choice."""
    if isinstance(node, Mapping):
        children = [(key, entry.key_place, entry.node) for key, entry in node.entries.items()]
    elif isinstance(node, Sequence):
        children = [(str(n), item.place, item) for n, item in enumerate(node.items)]
    else:
        return
    for key, place, child in children:
        yield (*keys, (key, place)), child
        if _form(child) is None:
            yield from _inside(child, (*keys, (key, place)))
