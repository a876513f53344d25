"""Cuts that follow a column: a group of examples is never in two splits, or what comes later is held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigmodel_cli.config.schema import SplitBy
from bigmodel_cli.config.spelling import meant
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.sources.stores import Store

if TYPE_CHECKING:
    import numpy as np

# How often all groups are tried on the other side at most, and how many are tried in others' places.
_ROUNDS = 4
_MOST_EXCHANGED = 1_000
# What no change of a squared distance is.
_NOTHING = 1e-12


@dataclass(frozen=True)
class Column:
    """The column that splits follow.

    Attributes:
        by: What the config says of it.
    """

    by: SplitBy

    @property
    def name(self) -> str:
        return self.by.column

    def describe(self, share: float) -> str:
        """Where a split comes from, in words for the user."""
        if self.by.last is not None:
            in_order = "" if self.by.time is None else f" by {self.by.time}"
            return f"the last {self.by.last} of each {self.name}{in_order}"
        if self.by.time is not None:
            return f"the latest {share:.4g} of the training part, by {self.name}"
        return f"{share:.4g} of the training part, whole groups of {self.name}"

    def held_out(self, examples: Examples, count: int, strata: np.ndarray | None, seed: int) -> np.ndarray:
        """Indices of about `count` examples that are held out, sorted: as near as whole groups come to it.

        Args:
            examples: What is cut.
            count: How many are asked for.
            strata: The class of each example, where shares of classes are to be kept; of groups alone.
            seed: Decides between groups that fit equally.

        Raises:
            DataError: If there is no such column, a value is missing, or there are fewer than two groups or
                moments.
        """
        import numpy as np

        values = self.values(examples)
        if self.by.last is not None:
            moments = None if self.by.time is None else self.values(examples, self.by.time)
            return _last_of_each(values, moments, self.by.last, self.name)
        if self.by.time is not None:
            return _latest(values, count, self.name)
        _, groups = np.unique(values, return_inverse=True)
        chosen = _whole_groups(groups.reshape(-1), count, strata, seed, self.name)
        return np.flatnonzero(chosen[groups.reshape(-1)])

    def values(self, examples: Examples, name: str | None = None) -> np.ndarray:
        """What the column has for each example, or another one that decides with it.

        Raises:
            DataError: If there is no such column, or a value is missing.
        """
        import numpy as np

        columns, name = _columns_of(examples), name or self.name
        if name not in columns:
            raise DataError(f"data.split_by: the data has no column {name!r}", hint=meant(name, columns))
        store = columns[name]
        if store.array is None or store.array.ndim > 1:
            raise DataError(f"data.split_by: the column {name} has no single value for each example")
        if store.names is not None:
            missing = store.array == len(store.names)
        else:
            missing = np.isnat(store.array) if store.array.dtype.kind == "M" else np.isnan(store.array)
        if missing.any():
            row, number = int(missing.argmax()), int(missing.sum())
            more = f" ({number:,} such examples)" if number > 1 else ""
            raise DataError(
                f"{examples.place(row)}: no {name}, by which data.split_by cuts{more}",
                hint="give these rows a value, or leave them out",
            )
        return store.array

    def shared(self, parts: Mapping[SplitName, Examples]) -> str | None:
        """What splits have in common that they should not, as a sentence."""
        import numpy as np

        if self.by.last is not None:
            return self._known_later(parts)

        order: tuple[SplitName, ...] = ("train", "validation", "test")
        known = [name for name in order if name in parts and self.name in _columns_of(parts[name])]
        if "train" not in known:
            return None
        for name in known[1:]:
            if self.by.time is not None:
                first, last = self.values(parts[name]).min(), self.values(parts["train"]).max()
                if last > first:
                    return f"the {name} split begins at {first}, and the train split goes on until {last}"
                continue
            here, there = self._names(parts[name]), self._names(parts["train"])
            if both := len(np.intersect1d(here, there)):
                groups = f"{both} of the {len(here)} groups of the {name} split"
                return f"{groups} ({self.name}) are in the train split too"
        return None

    def _known_later(self, parts: Mapping[SplitName, Examples]) -> str | None:
        """That training knows what came after the last of some groups, as a sentence."""
        if self.by.time is None or "test" not in parts or "train" not in parts:
            return None
        end = self.values(parts["train"], self.by.time).max()
        share = (self.values(parts["test"], self.by.time) < end).mean()
        if not share:
            return None
        return (
            f"{share:.0%} of the test split is earlier than the end of the train split, which knows what "
            f"others did later; {{time: {self.by.time}}} holds out what comes later for all"
        )

    def _names(self, examples: Examples) -> np.ndarray:
        import numpy as np

        store = _columns_of(examples)[self.name]
        found: np.ndarray = np.unique(self.values(examples))
        return found if store.names is None else np.array([store.names[place] for place in found])


def _columns_of(examples: Examples) -> Mapping[str, Store]:
    return {**examples.inputs, **examples.beside}


def _latest(moments: np.ndarray, count: int, name: str) -> np.ndarray:
    """The latest examples; those of one moment stay together, on the side that is nearer to `count`."""
    import numpy as np

    found, sizes = np.unique(moments, return_counts=True)
    if len(found) < 2:
        raise DataError(f"data.split_by: all examples have the same {name}, so that none comes later")
    # How many examples come from each moment on; the first of them has to stay.
    later = np.cumsum(sizes[::-1])[::-1][1:]
    distances = np.abs(later - count)
    # Of two that are as near, the smaller split.
    begin = np.flatnonzero(distances == distances.min())[-1] + 1
    return np.flatnonzero(moments >= found[begin])


def _last_of_each(groups: np.ndarray, moments: np.ndarray | None, count: int, name: str) -> np.ndarray:
    """The last examples of each group that has more of them; of one moment, those that stand behind."""
    import numpy as np

    places = np.arange(len(groups))
    keys = (places, groups) if moments is None else (places, moments, groups)
    order = np.lexsort(keys)
    _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    if not (sizes > count).any():
        raise DataError(
            f"data.split_by: no {name} has more than {count} examples that could be held out",
            hint="hold out fewer: last: 1, or cut by time",
        )
    # How many of the group come behind each example.
    behind = np.repeat(starts + sizes, sizes) - 1 - places
    held_out = (behind < count) & (np.repeat(sizes, sizes) > count)
    found: np.ndarray = np.sort(order[held_out])
    return found


def _whole_groups(
    groups: np.ndarray, count: int, strata: np.ndarray | None, seed: int, name: str
) -> np.ndarray:
    """Which groups are held out, bool of shape (groups,): greedily, the largest first, then by exchange.

    What is made small is the sum over classes of the squared difference between how many examples of the
    class are held out and how many should be, each divided by the class's size; so rare classes count as
    much as frequent ones.
    """
    import numpy as np

    number = int(groups.max()) + 1
    if number < 2:
        raise DataError(
            f"data.split_by: all examples that are left to cut are of one group ({name})",
            hint="write validation: 0 or test: 0, or give more groups",
        )
    classes = np.zeros(len(groups), np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
    counts = np.zeros((number, int(classes.max()) + 1))
    np.add.at(counts, (groups, classes.reshape(-1)), 1)
    sizes = counts.sum(0)
    # The number of examples itself counts like a class.
    profile = np.concatenate([counts / sizes, counts.sum(1, keepdims=True) / len(groups)], axis=1)
    wanted = np.full(profile.shape[1], count / len(groups))
    shuffled = np.random.default_rng(seed).permutation(number)
    order = shuffled[np.argsort(-counts.sum(1)[shuffled], kind="stable")]
    chosen = _greedy(profile, wanted, order)
    if not chosen.any() or chosen.all():
        # Groups are larger than the split that is asked for: the one that is nearest to it.
        chosen = np.zeros(number, bool)
        chosen[order[int(((profile[order] - wanted) ** 2).sum(1).argmin())]] = True
    return chosen


def _greedy(profile: np.ndarray, wanted: np.ndarray, order: np.ndarray) -> np.ndarray:
    import numpy as np

    chosen = np.zeros(len(profile), bool)
    left = wanted.copy()
    for _ in range(_ROUNDS):
        changed = False
        for group in order:
            step = -profile[group] if chosen[group] else profile[group]
            if _change(step, left) < -_NOTHING:
                chosen[group] = not chosen[group]
                left -= step
                changed = True
        changed = _exchange(profile, chosen, left, order) or changed
        if not changed:
            break
    return chosen


def _exchange(profile: np.ndarray, chosen: np.ndarray, left: np.ndarray, order: np.ndarray) -> bool:
    """Put groups in others' places where that brings the split nearer; whether any was."""

    changed = False
    # The smallest ones come last, and change least.
    tried = order[-_MOST_EXCHANGED:]
    for group in tried:
        others = tried[chosen[tried] != chosen[group]]
        if not len(others):
            break
        steps = (profile[others] - profile[group]) * (1 if chosen[group] else -1)
        changes = _change(steps, left)
        best = int(changes.argmin())
        if changes[best] < -_NOTHING:
            chosen[group], chosen[others[best]] = not chosen[group], not chosen[others[best]]
            left -= steps[best]
            changed = True
    return changed


def _change(steps: np.ndarray, left: np.ndarray) -> np.ndarray:
    """What steps change the squared distance `|left|²` by, shape (steps,) or ()."""
    found: np.ndarray = (steps**2).sum(-1) - 2 * (steps @ left)
    return found
