"""Training, validation and test split: the source's own, or cut from the training part by seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from bigmodel_cli.config.facts import DEFAULT_SHARE
from bigmodel_cli.config.fields import Named
from bigmodel_cli.config.schema import Data, Fold, SplitBy
from bigmodel_cli.errors import DataError
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.folds import Folds, cut
from bigmodel_cli.pipeline.order import balanced_size
from bigmodel_cli.pipeline.split_by import Column
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, Source, SplitName
from bigmodel_cli.tasks.target import Target
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np
    from pydantic import BaseModel

# The origin of a split that the source itself yields.
OWN = "its own"
Share = float | Literal["auto"]


@dataclass(frozen=True)
class Splits:
    """The splits that a run uses.

    Attributes:
        parts: Examples by split; `train` always, the others where there are any.
        origins: Where each split comes from, in words for the user: `own`, or a share.
        signature: What one example is.
        num_skipped: Files that could not be read and were left out, by where that was found: `loading`, or
            the split that was decoded.
        looked_at: The source's options with what was found out about the data; None: nothing was.
    """

    parts: Mapping[SplitName, Examples]
    origins: Mapping[SplitName, str]
    signature: Signature
    num_skipped: Mapping[str, int] = field(default_factory=dict)
    looked_at: BaseModel | None = None

    @property
    def train(self) -> Examples:
        return self.parts["train"]

    @property
    def validation(self) -> Examples | None:
        return self.parts.get("validation")

    @property
    def test(self) -> Examples | None:
        return self.parts.get("test")

    @property
    def sizes(self) -> dict[str, int]:
        return {name: len(part) for name, part in self.parts.items()}

    def strata(self, data: Data) -> np.ndarray | None:
        """The group of each training example, where an epoch sees all of them equally often; else None.

        It is -1 of an example without a value of the target that makes the groups.
        """
        if data.oversample is None:
            return None
        if isinstance(data.oversample, Named):
            (name,) = data.oversample
            return _strata_of_target(self.train, name, self.signature.targets[name])
        return strata_of(self.train, self.signature)

    def epoch_size(self, data: Data) -> int:
        """How many examples an epoch sees: with `data.oversample` more than there are."""
        if self.train.series is not None:
            return self.train.series.epoch_size
        strata = self.strata(data)
        return len(self.train) if strata is None else balanced_size(strata)

    def fingerprints(self) -> dict[str, str]:
        """A sha256 per split: which examples, in which order, under which labels."""
        return {name: part.fingerprint() for name, part in self.parts.items()}


def split_source(
    source: Source, data: Data, seed: int, warn: Callable[[str], None] = lambda _message: None
) -> Splits:
    """The splits that a config asks for.

    Args:
        source: What the data source yields.
        data: What the config says of data.
        seed: The experiment's seed.
        warn: Is told what the source's own splits have in common that they should not.

    Raises:
        DataError: As `make_splits`.
    """
    by = column_of(data, source)
    if data.fold is not None:
        source = _with_fold(source, data.fold, seed, by)
    splits = make_splits(source, validation=data.validation, test=data.test, seed=seed, by=by)
    if data.fold is not None:
        splits = replace(splits, origins={**splits.origins, "test": _described(data.fold, by)})
    is_asked = column_of(data) is not None
    if by is not None and is_asked and (shared := by.shared(splits.parts)) is not None:
        warn(f"data.split_by: {shared}")
    return splits


def column_of(data: Data, source: Source | None = None) -> Column | None:
    """The column that splits follow: that of the config, else the one by which the source's examples belong
    together."""
    if data.split_by != "random":
        return Column(data.split_by)
    group = None if source is None else source.grouped_by
    return None if group is None else Column(SplitBy(group=group))


def folds_of(source: Source, folds: Folds) -> np.ndarray:
    """The fold of each example of a source's training part, as `Folds.deal` has it.

    Raises:
        DataError: As there; or if the source has nothing to train on.
    """
    if "train" not in source.splits:
        raise DataError("the data has no training part that could be dealt into folds")
    examples, signature = source.splits["train"], source.signature
    strata = strata_of(examples, signature)
    if strata is None:
        return folds.deal(examples, None)
    name = next(
        name
        for name, task in sorted(signature.targets.items())
        if _strata_of_target(examples, name, task) is not None
    )
    return folds.deal(examples, strata, signature.label_names_by_target[name] or ())


def _with_fold(source: Source, fold: Fold, seed: int, by: Column | None) -> Source:
    """The source as if the fold were its test split; one of its own stays untouched."""
    dealt = folds_of(source, Folds.around(fold, seed, by))
    kept, held_out = cut(source.splits["train"], dealt, fold, by)
    return replace(source, splits={**source.splits, "train": kept, "test": held_out})


def _described(fold: Fold, by: Column | None) -> str:
    """Where a fold comes from, in words for the user."""
    how = "" if by is None else f", by {by.name}" if by.by.time else f", whole groups of {by.name}"
    return f"{fold} of the training part{how}"


def make_splits(
    source: Source, *, validation: Share, test: Share, seed: int, by: Column | None = None
) -> Splits:
    """Take the source's own splits and cut those that it lacks from its training part.

    Args:
        source: What the data source yields.
        validation: Share of the training part, or `auto`: the source's own, else a tenth.
        test: The same; `auto` cuts a tenth only where the source has no other held-out split.
        seed: The same seed cuts the same examples.
        by: The column that cuts follow; None: each class by its share.

    Raises:
        DataError: If a share is asked for although the source has that split, or a split gets no example, or
            none with a value of a target.
    """
    if "train" not in source.splits:
        # Data that is only evaluated may have none.
        _check_targets(source.splits)
        return Splits(source.splits, dict.fromkeys(source.splits, OWN), source.signature)
    shares = {
        "test": _share("test", test, source, default=0.0 if "validation" in source.splits else DEFAULT_SHARE),
        "validation": _share("validation", validation, source, default=DEFAULT_SHARE),
    }
    parts: dict[SplitName, Examples] = dict(source.splits)
    origins: dict[SplitName, str] = dict.fromkeys(parts, OWN)
    names: tuple[SplitName, ...] = ("test", "validation")
    total = len(source.splits["train"])
    for number, name in enumerate(names):
        if (test if name == "test" else validation) == 0:
            parts.pop(name, None)
        if shares[name] > 0:
            asked = test if name == "test" else validation
            if by is not None and by.by.last is not None and asked != "auto":
                raise DataError(
                    f"data.{name}: {shares[name]:g} asks for a share, and data.split_by for the last "
                    f"{by.by.last} of each {by.name}",
                    hint=f"remove data.{name}, or write 0 for no such split",
                )
            count = round(total * shares[name])
            cut = _Cut(name, count, seed + number, by)
            parts["train"], parts[name] = cut.of(parts["train"], source.signature)
            share = shares[name]
            origins[name] = _cut_as(share, source.splits["train"], by)
    ordered = {name: parts[name] for name in ("train", "validation", "test") if name in parts}
    _check_targets(ordered)
    num_skipped = {"loading": source.num_skipped} if source.num_skipped else {}
    fitted = {
        name: task.fitted(ordered["train"].compared(name)) for name, task in source.signature.targets.items()
    }
    ordered = {name: _placed(part, fitted) for name, part in ordered.items()}
    signature = replace(source.signature, targets=fitted)
    return Splits(ordered, origins, signature, num_skipped, source.looked_at)


def _placed(part: Examples, tasks: Mapping[str, Task]) -> Examples:
    """A split whose targets are as tasks have them that know which rows are trained on."""
    targets = {name: tasks[name].placed(labels) for name, labels in part.targets.items()}
    sought = {name: tasks[name].placed(found) for name, found in part.sought.items()}
    return replace(part, targets=targets, sought=sought)


def _cut_as(share: float, examples: Examples, by: Column | None) -> str:
    """How a share of the training part is held out, in words for the user."""
    if examples.series is not None:
        return f"the last {share:.4g} of the text"
    return f"{share:.4g} of the training part" if by is None else by.describe(share)


def _check_targets(parts: Mapping[SplitName, Examples]) -> None:
    """Nothing can be learnt or measured of a target that a whole split lacks.

    Raises:
        DataError: Names the split's first example.
    """
    for split, part in parts.items():
        for name, known in part.known.items():
            if not known.any():
                raise DataError(
                    f"{part.place(0)}, {name}: no target, nor in any other of the {len(part):,} examples "
                    f"of the {split} split",
                    hint=f"leave {name} out of target, or give the split examples that have it",
                )


def strata_of(examples: Examples, signature: Signature) -> np.ndarray | None:
    """The group of each example by the first target that has groups; None where none has.

    Of several targets that is the first one by name: the order in which they are written decides nothing.
    """
    of_targets = (_strata_of_target(examples, name, task) for name, task in sorted(signature.targets.items()))
    return next((strata for strata in of_targets if strata is not None), None)


def _strata_of_target(examples: Examples, name: str, task: Task) -> np.ndarray | None:
    """The group of each example by a target: -1 where it has none; None where there are no groups."""
    import numpy as np

    strata = part_of(task, Target).strata(examples.targets[name])
    if strata is None or name not in examples.known:
        return strata
    return np.where(examples.known[name], strata, -1)


def _strata_of_cut(examples: Examples, signature: Signature) -> np.ndarray | None:
    """The same for splits, which get their share of those that have each target, too."""
    import numpy as np

    strata = strata_of(examples, signature)
    if not examples.known:
        return strata
    parts = [known for _, known in sorted(examples.known.items())] + ([] if strata is None else [strata])
    return np.unique(np.stack(parts), axis=1, return_inverse=True)[1].reshape(-1)


def _share(name: SplitName, asked: Share, source: Source, *, default: float) -> float:
    own = name in source.splits
    if asked == "auto":
        return 0.0 if own else default
    if own and asked > 0:
        raise DataError(
            f"data.{name}: {asked:g} asks for a share of the training part, but the source has a {name} "
            f"split of its own ({len(source.splits[name])} examples)",
            hint=f"remove data.{name} to use the source's own split",
        )
    return float(asked)


@dataclass(frozen=True)
class _Cut:
    """One split that is held out.

    Attributes:
        name: Of the split.
        count: Examples in it.
        seed: Decides which.
        by: The column that it follows.
    """

    name: str
    count: int
    seed: int
    by: Column | None

    def of(self, examples: Examples, signature: Signature) -> tuple[Examples, Examples]:
        """What is kept, and what is held out."""
        import numpy as np

        is_counted = self.by is None or self.by.by.last is None
        if is_counted and not 0 < self.count < len(examples):
            raise DataError(
                f"data.{self.name}: a split of {self.count} out of {len(examples)} examples leaves one side "
                "empty",
                hint=f"give a larger data.{self.name}, or more data",
            )
        held_out = self._held_out(examples, _strata_of_cut(examples, signature))
        kept = np.setdiff1d(np.arange(len(examples)), held_out, assume_unique=True)
        return examples.take(kept), examples.take(held_out)

    def _held_out(self, examples: Examples, strata: np.ndarray | None) -> np.ndarray:
        """Each group of alike examples in its share, where there are such."""
        import numpy as np

        if examples.series is not None:
            # Passages of a text that stand beside each other are no new text.
            return np.arange(len(examples) - self.count, len(examples))
        if self.by is not None:
            return self.by.held_out(examples, self.count, strata, self.seed)
        if strata is not None:
            return _stratified(strata, self.count, self.seed)
        order = np.random.default_rng(self.seed).permutation(len(examples))
        return np.sort(order[: self.count])


def _stratified(strata: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Indices of `count` examples, each stratum by its share with the largest remainders rounded up.

    scikit-learn's splitter refuses a class with a single example and a split that is smaller than the
    number of classes; small data sets have both.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    classes, sizes = np.unique(strata, return_counts=True)
    ideal = sizes * (count / len(strata))
    counts = np.floor(ideal).astype(int)
    while (missing := count - counts.sum()) > 0:
        # The last example of a class stays in training while another class can give one.
        can_give = counts + 1 < sizes
        can_give = can_give if can_give.any() else counts < sizes
        order = np.argsort(np.where(can_give, counts - ideal, np.inf), kind="stable")
        counts[order[: min(missing, can_give.sum())]] += 1
    chosen = [rng.permutation(np.flatnonzero(strata == c))[:n] for c, n in zip(classes, counts, strict=True)]
    return np.sort(np.concatenate(chosen))
