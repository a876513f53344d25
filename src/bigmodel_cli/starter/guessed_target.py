"""Which column of a table is the target, as far as its name, its kind and its place tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bigmodel_cli.sources.tables.facts import FEW_VALUES, ColumnFacts
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.sources.tables.number_kinds import words_of

# What targets are called, the surest first; events and quantities also as one word of several, where the last
# such column counts (`median_income … median_house_value`).
_EVENTS = (
    "survived", "churn", "churned", "exited", "attrition", "default", "defaulted", "fraud", "spam",
    "diagnosis", "sentiment", "subscribed", "readmitted", "converted", "clicked", "purchased", "approved",
)  # fmt: skip
_QUANTITIES = ("income", "price", "quality", "rating", "salary", "value", "cost", "sales", "demand", "score")
_NAMES = (
    ("target", "label", "labels", "tags", "outcome", "response", "y"),
    (*_EVENTS, "species"),
    ("class", "category", "result"),
    (*_QUANTITIES, "medv", "mpg", "strength", "charges", "cnt"),
)


@dataclass(frozen=True)
class Guess:
    """A column that may be the target.

    Attributes:
        name: Its name.
        reason: Why, in words.
    """

    name: str
    reason: str


def guessed_target(columns: Mapping[str, ColumnFacts]) -> Guess | None:
    """The column that is most likely the target.

    Names that targets have come first, then the last column; of columns without names the first one, if it
    alone has few values, and beside texts the one that is none.

    Args:
        columns: All of them, in their order.

    Returns:
        None where no column can be one.
    """
    may_be = [name for name, facts in columns.items() if _may_be_target(facts)]
    named = _named(may_be, {name.casefold() for name in columns})
    if named is not None:
        return Guess(named, "as its name says")
    names = [*columns]
    few = [name for name in may_be if _has_few_values(columns[name])]
    if few == names[:1] and all(name.startswith("column_") for name in names):
        return Guess(few[0], "as the first column, and the only one with few different values")
    if len(may_be) == 1 and all(columns[name].kind == "text" for name in names if name != may_be[0]):
        return Guess(may_be[0], "as the only column that is no text")
    return Guess(names[-1], "as the last column") if names[-1] in may_be else None


def _named(may_be: list[str], names: set[str]) -> str | None:
    """The column that is called as targets are."""
    # Points in a plane or in space.
    are_points = {"x", "y"} < names
    for row in _NAMES:
        for wanted in row:
            found = [name for name in may_be if name.casefold() == wanted]
            if found and not (wanted == "y" and are_points):
                return found[-1]
    for words in (_EVENTS, _QUANTITIES):
        if found := [name for name in may_be if words_of(name) & {*words}]:
            return found[-1]
    return None


def names_a_quantity(name: str) -> bool:
    """Whether a column is called as quantities are, of which whole numbers are steps and no classes."""
    return bool(words_of(name) & {*_QUANTITIES})


def is_surely_target(name: str) -> bool:
    """Whether a column is called as nothing but targets are."""
    return name.casefold() in {*_NAMES[0], *_EVENTS}


def _may_be_target(facts: ColumnFacts) -> bool:
    """Whether anything can be learnt of a column: numbers, lists, or categories that come more than once."""
    if facts.missing > facts.rows / 2:
        return False
    if facts.kind == "category":
        return facts.distinct is not None and 2 <= facts.distinct <= max(2, facts.rows / 2)
    return facts.kind in ("number", "list")


def _has_few_values(facts: ColumnFacts) -> bool:
    is_class = facts.kind == "category" or facts.is_whole
    return is_class and facts.distinct is not None and facts.distinct <= FEW_VALUES


def described(guess: Guess) -> str:
    """The guess in a sentence, with what to do if it is wrong."""
    return f"{shown(guess.name)} is the target, {guess.reason}; another one: init --target NAME."
