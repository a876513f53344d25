"""Which folds there are: of which examples, under which configs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.config.facts import facts_of
from bigmodel_cli.config.schema import Experiment, Fold
from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.run_data import load_context
from bigmodel_cli.listener import Listener
from bigmodel_cli.pipeline.folds import NEVER, Folds
from bigmodel_cli.pipeline.splits import column_of, folds_of
from bigmodel_cli.sources.base import Examples, Source


@dataclass(frozen=True)
class Plan:
    """A cross-validation before its runs.

    Attributes:
        experiment: The config.
        num_folds: How many folds there are.
        num_repeats: How often the examples are dealt.
        source: What the data source yields.
        dealt: The fold of each example of its training part, by repeat from 1.
    """

    experiment: Experiment
    num_folds: int
    num_repeats: int
    source: Source
    dealt: Mapping[int, np.ndarray]

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        num_folds: int,
        num_repeats: int,
        listener: Listener,
        *,
        offline: bool = False,
        by: Sequence[str] = (),
    ) -> Plan:
        """Load the data and deal it.

        Args:
            experiment: A checked config.
            num_folds: How many folds there are to be, 2 or more.
            num_repeats: How often the examples are to be dealt.
            listener: Is told of downloads and warnings.
            offline: No download may be made.
            by: Columns that make groups, whose scores are asked for.

        Raises:
            UsageError: If repeats would all be the same, the config is of a fold itself, or of items that are
                to be found.
            DataError: If the data cannot be had, or there are more folds than there can be.
        """
        column = column_of(experiment.data)
        if experiment.data.fold is not None:
            raise UsageError(
                f"data.fold: the config is that of {experiment.data.fold} already",
                hint="cross-validate the config that it was made from, or take fold out: ~data.fold",
            )
        if num_repeats > 1 and column is not None and column.by.time is not None:
            raise UsageError(
                f"--repeats {num_repeats}: folds by time are the same in each repeat", hint="leave it out"
            )
        if facts_of(experiment).labels == "items":
            raise UsageError(
                "items are found among those of a run's own training rows, which other folds have not: their "
                "rankings are not scored together yet",
                hint="train with several seeds, or hold out other days: data.split_by: {time: COLUMN}",
            )
        context = load_context(experiment, listener, offline=offline, beside=by)
        source = experiment.data.source.options.load(context)
        seed = experiment.seed
        dealt = {
            repeat: folds_of(source, Folds(num_folds, repeat, seed, column_of(experiment.data, source)))
            for repeat in range(1, num_repeats + 1)
        }
        return cls(experiment, num_folds, num_repeats, source, dealt)

    @property
    def examples(self) -> Examples:
        """What is dealt: the training part of the source."""
        return self.source.splits["train"]

    @property
    def is_in_time(self) -> bool:
        """Whether folds follow each other in time."""
        column = column_of(self.experiment.data)
        return column is not None and column.by.time is not None

    def folds(self) -> Iterator[Fold]:
        """All folds of all repeats, in the order in which they are trained."""
        for repeat in range(1, self.num_repeats + 1):
            for number in range(1, self.num_folds + 1):
                yield Fold(number=number, of=self.num_folds, repeat=repeat)

    def places(self, fold: Fold) -> np.ndarray:
        """Which examples a fold holds out, int64 places among `examples`."""
        found: np.ndarray = np.flatnonzero(self.dealt[fold.repeat] == fold.number)
        return found

    def config(self, fold: Fold) -> Experiment:
        """The config of a fold's run."""
        data = self.experiment.data.model_copy(update={"fold": fold, "test": "auto"})
        return self.experiment.model_copy(update={"data": data, "tune": None})

    def notes(self) -> Iterator[str]:
        """What examples are in no fold, and what of the config does not count."""
        own = self.source.splits.get("test")
        if own is not None:
            yield f"the source's own test split ({len(own):,} examples) is in no fold and stays untouched"
        share = self.experiment.data.test
        if share != "auto" and own is None:
            yield f"data.test: {share:g} does not count: the test split of each run is its fold"
        if first := int((self.dealt[1] == NEVER).sum()):
            yield f"the first {first:,} examples in time are in no fold, since nothing comes before them"
