"""Columns that give the target away: it in other words, or what nobody has when a prediction is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigmodel_cli.sources.tables.columns import Categories, Dates, Lists, Numbers, Texts, Values, Vectors

if TYPE_CHECKING:
    import numpy as np

# How much of the target one honest column may explain: in real tables the best one alone is far below.
_TOO_MUCH = 0.95
_MOST_ROWS = 20_000
_FEWEST_ROWS = 50
_LEAF = 3


@dataclass(frozen=True)
class Giveaway:
    """How much of the target follows from a column alone.

    Attributes:
        column: Its name.
        explained: How much of the target it tells of rows that were held out, beyond what is told without it:
            1 is all; R² of numbers, for classes the share that it saves of the errors, or of the squared
            distance of the probabilities (Brier's score), whichever is more.
        reason: How, in words; "" where that is not too much.
    """

    column: str
    explained: float
    reason: str


def giveaways(columns: Mapping[str, Values], target: str, *, seed: int = 0) -> list[Giveaway]:
    """The columns that tell the target on their own, the clearest ones first.

    A plain check finds the target itself in another order or scale; a tree on the one column, tried on rows
    that it has not seen, finds what follows from it, also from where it is missing.

    Args:
        columns: As `values.read` gives them; of more than 20,000 rows some are taken by chance.
        target: One of them; nothing is found for texts and lists.
        seed: Which rows are taken, and which are held out.
    """
    others = {name: column for name, column in columns.items() if name != target}
    told = told_alone(others, columns[target], seed=seed)
    return sorted((one for one in told if one.reason), key=lambda one: -one.explained)


def told_alone(columns: Mapping[str, Values], goal: Values, *, seed: int = 0) -> list[Giveaway]:
    """How much of a target each column tells on its own; of texts, only of those that give it away.

    Args:
        columns: As for `giveaways`, without the target; of lists nothing is said.
        goal: The target.
        seed: As for `giveaways`.

    Returns:
        In the order of the columns; none where there are fewer than 50 rows, or the target is constant.
    """
    import numpy as np

    if isinstance(goal, Texts | Lists | Vectors):
        return []
    values = _as_numbers(goal)
    rows = np.flatnonzero(~np.isnan(values))
    rows = np.random.default_rng(seed).permutation(rows)[:_MOST_ROWS]
    values = values[rows]
    if len(rows) < _FEWEST_ROWS or len(np.unique(values)) < 2:
        return []
    found = []
    for name, column in columns.items():
        if isinstance(column, Lists | Vectors):
            continue
        one = (
            _containing(column, goal, rows)
            if isinstance(column, Texts)
            else _told(column, goal, rows, values)
        )
        if one is not None:
            found.append(Giveaway(name, *one))
    return found


def _as_numbers(column: Values) -> np.ndarray:
    """A column as what a tree takes: float64, NaN where there is no value."""
    import numpy as np

    if isinstance(column, Categories):
        return np.where(column.codes < 0, np.nan, column.codes.astype(np.float64))
    if isinstance(column, Dates):
        moments = column.values.view(np.int64).astype(np.float64)
        return np.where(np.isnat(column.values), np.nan, moments)
    if isinstance(column, Numbers):
        return column.values.astype(np.float64)
    raise TypeError("texts are no numbers")


def _told(column: Values, goal: Values, rows: np.ndarray, values: np.ndarray) -> tuple[float, str]:
    """How much of the target a column tells, and how, where that is too much."""
    inputs = _as_numbers(column)[rows]
    if reason := _is_the_same(column, inputs, goal, values):
        return 1.0, reason
    explained = _explained_by_tree(inputs, values, isinstance(goal, Categories))
    if explained < _TOO_MUCH:
        return explained, ""
    return explained, f"it tells {explained:.1%} of the target on its own, of rows that were held out"


def _is_the_same(column: Values, inputs: np.ndarray, goal: Values, values: np.ndarray) -> str | None:
    """Whether a column is the target under other names, or in another unit."""
    import numpy as np

    there = ~np.isnan(inputs)
    if there.sum() < max(_FEWEST_ROWS, 0.5 * len(inputs)):
        return None
    inputs, values = inputs[there], values[there]
    if isinstance(column, Categories) and isinstance(goal, Categories):
        pairs = len(np.unique(np.stack([inputs, values]), axis=1).T)
        is_same = pairs == len(np.unique(inputs)) == len(np.unique(values)) > 1
        return "each of its values stands for one of the target's, and no other" if is_same else None
    if isinstance(goal, Categories) or isinstance(column, Categories):
        return None
    if inputs.std() == 0 or values.std() == 0:
        return None
    likeness = abs(float(np.corrcoef(inputs, values)[0, 1]))
    return "it is the target in another unit" if likeness > 1 - 1e-6 else None


def _explained_by_tree(inputs: np.ndarray, values: np.ndarray, of_categories: bool) -> float:
    """How much of the target of the second half of the rows a tree tells that has learned from the first."""
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    half = len(inputs) // 2
    made = DecisionTreeClassifier if of_categories else DecisionTreeRegressor
    # Trees of one column need few leaves where it tells something; float32 is what they split by.
    tree = made(min_samples_leaf=_LEAF, max_leaf_nodes=1000, random_state=0)
    scale = np.nanmax(np.abs(inputs), initial=1.0)
    features = (inputs / scale)[:, None].astype(np.float32)
    tree.fit(features[:half], values[:half])
    predicted, actual = tree.predict(features[half:]), values[half:]
    if of_categories:
        names, counts = np.unique(values[:half], return_counts=True)
        wrong = (actual != names[counts.argmax()]).mean()
        saved = 0.0 if wrong == 0 else float(1 - (predicted != actual).mean() / wrong)
        # What moves probabilities a little may leave every answer as it was.
        meant = actual[:, None] == names
        far = [((told - meant) ** 2).sum() for told in (tree.predict_proba(features[half:]), counts / half)]
        return max(saved, float(1 - far[0] / far[1]) if wrong else 0.0)
    spread = ((actual - values[:half].mean()) ** 2).mean()
    return 0.0 if spread == 0 else float(1 - ((predicted - actual) ** 2).mean() / spread)


def _containing(column: Texts, goal: Values, rows: np.ndarray) -> tuple[float, str] | None:
    """How often texts contain the name of their own class, where that is too often."""
    if not isinstance(goal, Categories):
        return None
    own = other = 0
    taken = rows[:2000].tolist()
    names = [name.casefold() for name in goal.names]
    for row in taken:
        text, code = column[row].casefold(), int(goal.codes[row])
        own += names[code] in text
        other += any(name in text for place, name in enumerate(names) if place != code)
    share = own / len(taken)
    if share < _TOO_MUCH or other > 0.5 * own:
        return None
    return share, f"{share:.1%} of its texts contain the name of their class"
