"""Folds: parts of a source's training examples, each of which is held out once. They follow from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigmodel_cli.config.schema import Fold
from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.split_by import Column
from bigmodel_cli.sources.base import Examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

# The fold of examples that are never held out, since nothing comes before them.
NEVER = 0


@dataclass(frozen=True)
class Folds:
    """How examples are dealt into folds.

    Attributes:
        of: How many folds there are.
        repeat: Which of several ways to deal, from 1.
        seed: The experiment's.
        by: The column that folds follow; None: each class by its share.
    """

    of: int
    repeat: int
    seed: int
    by: Column | None

    @classmethod
    def around(cls, fold: Fold, seed: int, by: Column | None) -> Folds:
        """All folds, of which `fold` is one."""
        return cls(fold.of, fold.repeat, seed, by)

    def deal(self, examples: Examples, strata: np.ndarray | None, names: Sequence[str] = ()) -> np.ndarray:
        """The fold of each example, int64 of shape (n,), from 1; `NEVER` of what comes first in time.

        Sizes differ by one at most, and so do those of each stratum; whole groups come as near to that as
        greedy dealing brings them, as in scikit-learn's `StratifiedGroupKFold`.

        Args:
            examples: The source's training part.
            strata: The class of each example, -1 where it has none; None: there are no classes.
            names: What these are called in errors.

        Raises:
            DataError: If there are more folds than examples, than examples of a class, or than groups or
                moments, or for a text, which reads on across folds; or as `Column.values`.
        """
        import numpy as np

        if examples.series is not None:
            raise DataError(
                "a text is not dealt into folds, since what stands before and behind a passage tells of it",
                hint="hold out its end instead: data.validation and data.test; other seeds are other runs",
            )
        if self.of > len(examples):
            raise self._too_many(f"there are {len(examples):,} examples", len(examples))
        if self.by is not None and self.by.by.last is not None:
            raise DataError(
                f"the last of each {self.by.name} are one part, and no folds",
                hint="split_by: {group: COLUMN} or {time: COLUMN} deals folds",
            )
        if self.by is not None and self.by.by.time is not None:
            return self._by_time(self.by, self.by.values(examples))
        rng = np.random.default_rng([self.seed, self.repeat])
        if self.by is not None:
            _, groups = np.unique(self.by.values(examples), return_inverse=True)
            return self._by_group(self.by, groups.reshape(-1), strata, rng)
        strata = np.zeros(len(examples), np.int64) if strata is None else strata
        self._require_enough(strata, names)
        # Shuffled within each stratum, one stratum behind the other, then dealt like cards.
        shuffled = rng.permutation(len(strata))
        order = shuffled[np.argsort(strata[shuffled], kind="stable")]
        folds = np.empty(len(strata), np.int64)
        folds[order] = np.arange(len(strata)) % self.of + 1
        return folds

    def _require_enough(self, strata: np.ndarray, names: Sequence[str]) -> None:
        import numpy as np

        classes, sizes = np.unique(strata[strata >= 0], return_counts=True)
        if len(classes) < 2 or sizes.min() >= self.of:
            return
        rarest = int(sizes.argmin())
        name, found = names[int(classes[rarest])], int(sizes[rarest])
        number = f"{found} example{'s' * (found != 1)}"
        raise self._too_many(f"the class {name} has {number}, which cannot be in each of them", found)

    def _by_group(
        self, by: Column, groups: np.ndarray, strata: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Groups, the largest first, each to the fold that has least of what it has."""
        import numpy as np

        number = int(groups.max()) + 1
        if number < self.of:
            raise self._too_many(f"there are {number} groups of {by.name}", number)
        classes = np.zeros(len(groups), np.int64) if strata is None else strata - strata.min()
        counts = np.zeros((number, int(classes.max()) + 1))
        np.add.at(counts, (groups, classes), 1)
        # Rare classes count as much as frequent ones, and so does the number of examples.
        shares = counts / np.maximum(counts.sum(0), 1)
        profile = np.concatenate([shares, counts.sum(1, keepdims=True) / len(groups)], axis=1)
        shuffled = rng.permutation(number)
        order = shuffled[np.argsort(-counts.sum(1)[shuffled], kind="stable")]
        held, of_group = np.zeros((self.of, profile.shape[1])), np.empty(number, np.int64)
        for group in order:
            # What adds least to the sum of squares, which is smallest where all folds have the same.
            fold = int((held @ profile[group]).argmin())
            held[fold] += profile[group]
            of_group[group] = fold + 1
        dealt: np.ndarray = of_group[groups]
        return dealt

    def _by_time(self, by: Column, moments: np.ndarray) -> np.ndarray:
        """Forward chaining: the first of `of + 1` parts is never held out, each other after all before it."""
        import numpy as np

        found, places, sizes = np.unique(moments, return_inverse=True, return_counts=True)
        if len(found) <= self.of:
            what = f"there are {len(found)} different moments of {by.name}, and one part more than folds"
            raise self._too_many(what, len(found) - 1)
        ends = np.cumsum(sizes)
        dealt, begin = np.empty(len(found), np.int64), 0
        for part in range(self.of + 1):
            wanted = len(moments) * (part + 1) / (self.of + 1)
            # Examples of one moment stay together, and something is left for each part behind this one.
            nearest = int(np.abs(ends - wanted).argmin()) + 1
            end = min(max(nearest, begin + 1), len(found) - (self.of - part))
            dealt[begin:end] = part
            begin = end
        of_each: np.ndarray = dealt[places.reshape(-1)]
        return of_each

    def _too_many(self, found: str, fewer: int) -> DataError:
        hint = f"ask for {fewer} folds at most" if fewer >= 2 else "cut splits by share instead"
        return DataError(f"{self.of} folds are too many: {found}", hint=hint)


def cut(examples: Examples, dealt: np.ndarray, fold: Fold, by: Column | None) -> tuple[Examples, Examples]:
    """What a fold is trained on, and the fold.

    Args:
        examples: The source's training part.
        dealt: The fold of each of them.
        fold: Which one is held out.
        by: The column that folds follow; in time, what comes later is not trained on.
    """
    import numpy as np

    is_in_time = by is not None and by.by.time is not None
    kept = dealt < fold.number if is_in_time else dealt != fold.number
    return examples.take(np.flatnonzero(kept)), examples.take(np.flatnonzero(dealt == fold.number))
