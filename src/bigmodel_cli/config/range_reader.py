"""A range of numbers as a space has it: its ends, its steps or points, and all that is wrong with them."""

from __future__ import annotations

import math

from bigmodel_cli.config.components import as_fraction
from bigmodel_cli.config.foreign_spaces import in_our_words
from bigmodel_cli.config.problems import Problem
from bigmodel_cli.config.space import Range, Value
from bigmodel_cli.config.tree import ConfigPathKeys, Mapping, Node, Place, Scalar, Sequence, describe
from bigmodel_cli.config.tune import FORMS

# More numbers of one range than that are no grid that anybody waits for.
_MAX_POINTS = 1000


class RangeReader:
    """Reads ranges.

    Args:
        problems: Where mistakes are collected.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def read(self, form: str, node: Mapping, path: ConfigPathKeys) -> Range | None:
        """A range; all that is wrong with it is told."""
        before = len(self.problems)
        ends = self._ends(form, node, (*path, form))
        is_log = form == "log" or self._flag(node, "log", path)
        step, points = self._more("step", form, node, path), self._more("points", form, node, path)
        if is_log and form != "log" and "step" in node.entries:
            hint = "write points: 5 to say how many"
            self._problem(
                node.entries["step"].key_place, (*path, "step"), "steps are for ranges without log", hint
            )
        elif step is not None and points is not None:
            message = "step and points say the same thing twice"
            self._problem(node.entries["points"].key_place, (*path, "points"), message, "keep one of the two")
        if ends is not None and is_log and ends[0] <= 0:
            item = _items(node.entries[form].node)[0]
            message = f"expected a number above 0, since factors count the same, found {describe(item)}"
            self._problem(item.place, (*path, form), message, None)
        if ends is not None and step is not None and step > ends[1] - ends[0]:
            message = f"expected a step within the range, at most {ends[1] - ends[0]:g}, found {step:g}"
            self._problem(node.entries["step"].node.place, (*path, "step"), message, None)
        if ends is None or len(self.problems) > before:
            return None
        place = node.entries[form].node.place
        first, last = (item.place for item in _items(node.entries[form].node))
        count = None if points is None else int(points)
        return Range(*ends, form == "integer", is_log, step, count, place, (first, last))

    def _ends(self, form: str, node: Mapping, path: ConfigPathKeys) -> tuple[Value, Value] | None:
        ends = node.entries[form].node
        wanted = "two whole numbers" if form == "integer" else "two numbers"
        if not isinstance(ends, Sequence) or len(ends.items) != 2:
            hint = in_our_words(node)
            if hint is None and isinstance(ends, Sequence) and len(ends.items) > 2:
                hint = "of several values, write {choice: [...]}"
            self._problem(ends.place, path, f"expected [LOW, HIGH], {wanted}, found {describe(ends)}", hint)
            return None
        low, high = (self._number(item, path, whole=form == "integer") for item in ends.items)
        if low is None or high is None:
            return None
        if low >= high:
            first, last = map(describe, ends.items)
            hint = f"write [{last}, {first}]" if low > high else "what is not searched stands in the config"
            self._problem(ends.place, path, f"expected LOW below HIGH, found {first} and {last}", hint)
            return None
        return low, high

    def _number(self, node: Node, path: ConfigPathKeys, *, whole: bool) -> Value | None:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, str) and not whole:
            value = as_fraction(value)
        is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):  # type: ignore[arg-type]
            kind = "a whole number" if whole else "a number"
            hint = None
            if whole and isinstance(value, float):
                hint = (
                    f"write {int(value)}"
                    if value.is_integer()
                    else "of fractions, write {uniform: [LOW, HIGH]}"
                )
            self._problem(node.place, path, f"expected {kind}, found {describe(node)}", hint)
            return None
        return value if whole else float(value)  # type: ignore[arg-type, return-value]

    def _flag(self, node: Mapping, key: str, path: ConfigPathKeys) -> bool:
        entry = node.entries.get(key)
        if entry is None:
            return False
        if not isinstance(entry.node, Scalar) or not isinstance(entry.node.value, bool):
            message = f"expected true or false, found {describe(entry.node)}"
            self._problem(entry.node.place, (*path, key), message, None)
            return False
        return entry.node.value

    def _more(self, key: str, form: str, node: Mapping, path: ConfigPathKeys) -> Value | None:
        """`step` or `points`; None where it is not there, or not for this form, which is told already."""
        entry = node.entries.get(key)
        if entry is None or key not in FORMS[form].beside:
            return None
        value = self._number(entry.node, (*path, key), whole=key == "points" or form == "integer")
        if value is None:
            return None
        if value <= 0 or (key == "points" and value > _MAX_POINTS):
            wanted = f"a number from 1 to {_MAX_POINTS}" if key == "points" else "a number above 0"
            message = f"expected {wanted}, found {describe(entry.node)}"
            self._problem(entry.node.place, (*path, key), message, None)
            return None
        return value

    def _problem(self, place: Place, path: ConfigPathKeys, message: str, suggestion: str | None) -> None:
        self.problems.append(Problem(place, path, message, suggestion=suggestion))


def _items(node: Node) -> list[Node]:
    return node.items if isinstance(node, Sequence) else []
