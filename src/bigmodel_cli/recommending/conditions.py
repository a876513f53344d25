"""Which items are asked for: `genres=Drama`, `year>=2010`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

import numpy as np

from bigmodel_cli.config.spelling import meant
from bigmodel_cli.cut import cut
from bigmodel_cli.errors import UsageError
from bigmodel_cli.plain_numbers import plain_number
from bigmodel_cli.recommending.columns import Column

_CONDITION = re.compile(r"(?P<name>.+?)\s*(?P<sign><=|>=|!=|=|<|>)\s*(?P<value>.*)", re.DOTALL)
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
# Among so many values one is looked for that may have been meant.
_LOOKED_AT = 10_000


def chosen(columns: Mapping[str, Column], conditions: Sequence[str]) -> np.ndarray | None:
    """The items that fulfil all conditions, their numbers in ascending order; None: there is no condition.

    Raises:
        UsageError: If one is none, names a column that there is not, or asks for a value that no item has.
    """
    if not conditions:
        return None
    return np.flatnonzero(np.logical_and.reduce([_holds(columns, words) for words in conditions]))


def _holds(columns: Mapping[str, Column], words: str) -> np.ndarray:
    found = _CONDITION.fullmatch(words.strip())
    if found is None:
        raise UsageError(
            f"{words}: expected a column, =, !=, <, <=, > or >=, and a value",
            hint="for instance genres=Drama",
        )
    name, sign, value = found["name"], found["sign"], found["value"]
    if name not in columns:
        known = meant(name, columns) or "its items have nothing but their names: `join` gives them columns"
        raise UsageError(f"{words}: nothing is known of items that is called {name!r}", hint=known)
    column = columns[name]
    if sign in _COMPARED:
        return _compared(column, words, sign, value)
    number = column.values.number(value)
    if sign == "=" and number < 0:
        near = meant(value, islice(column.values, _LOOKED_AT))
        raise UsageError(f"{words}: no item has {cut(value, 40)!r} in {name}", hint=near)
    has = column.having(number)
    return has if sign == "=" else ~has


def _compared(column: Column, words: str, sign: str, value: str) -> np.ndarray:
    bound, compare = plain_number(value), _COMPARED[sign]
    if bound is None:
        raise UsageError(f"{words}: expected a number behind {sign}, found {cut(value, 40)!r}")

    def fulfils(text: str) -> bool:
        number = plain_number(text)
        return number is not None and compare(number, bound)

    return column.where(fulfils)
