"""Simple models fitted to the training split and scored on what is held out."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.baselines.reading import Columns, Matrix, read_columns
from bigmodel_cli.baselines.sizes import Sizes, sample, threads_for
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.run_data import HELD_OUT
from bigmodel_cli.kinds.baseline import Encoder, Encoding
from bigmodel_cli.listener import Listener
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.scoring.intervals import intervals_as_json
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.tasks.baseline import Baselines, Fitted, Learned
from bigmodel_cli.tasks.scores import Scoring
from bigmodel_cli.tasks.target import Target


@dataclass(frozen=True)
class _Family:
    """One family of simple models.

    Attributes:
        name: What a task calls its model of it.
        fit: Fits it.
        encoding: How a column is given to it; None: it looks at none.
        takes: Whether it looks at a column.
    """

    name: Callable[[Baselines], str]
    fit: Callable[[Baselines, Learned], Fitted]
    encoding: Callable[[Encoder, np.ndarray], Encoding] | None = None
    takes: Callable[[Encoder], bool] = lambda _encoder: True


_CONSTANT = _Family(lambda task: task.constant, lambda task, learned: task.fit_constant(learned))
_LINEAR = _Family(
    lambda task: task.linear,
    lambda task, learned: task.fit_linear(learned),
    lambda encoder, values: encoder.for_linear(values),
)
_MARGINS = _Family(
    lambda task: task.margins or "",
    lambda task, learned: task.fit_margins(learned),
    lambda encoder, values: encoder.for_margins(values),
)
_OFFSETS = _Family(
    lambda task: task.offsets or "",
    lambda task, learned: task.fit_offsets(learned),
    lambda encoder, values: encoder.for_offsets(values),
    lambda encoder: encoder.has_offsets,
)
_TREES = _Family(
    lambda task: task.trees,
    lambda task, learned: task.fit_trees(learned),
    lambda encoder, values: encoder.for_trees(values),
)


def measure_baselines(experiment: Experiment, splits: Splits, listener: Listener) -> dict[str, Any]:
    """Fit simple models to the training split, and score them on the held-out ones as a model is.

    Args:
        experiment: For its seed, the weights of its classes and its rule for decisions.
        splits: Its data.
        listener: Is told what is fitted, and of what is left out.

    Returns:
        As baselines.json has it: `splits` with the number of examples that are scored; `models`, each with
        its `name`, its `target`, the scores that tell most (`shown`), `trained_on` (examples), `seconds`, and
        by split `metrics`, `scores` and `intervals` as an evaluation has them; `notes`, sentences.

    Raises:
        DataError: If examples cannot be read.
        UsageError: If no simple model is for such targets.
    """
    for task in splits.signature.targets.values():
        if (why_not := part_of(task, Baselines).why_not) is not None:
            raise UsageError(why_not)
    return _Measuring(experiment, splits, listener).document()


class _Measuring:
    def __init__(self, experiment: Experiment, splits: Splits, listener: Listener) -> None:
        self._experiment, self._splits, self._listener = experiment, splits, listener
        self._notes: list[str] = []
        self._tasks = {name: part_of(task, Baselines) for name, task in splits.signature.targets.items()}
        self._encoders = self._used()
        self._sizes = Sizes.of(splits.train, self._encoders.values())
        self._train = self._read_train()
        self._held_out: dict[str, Columns] = {name: self._read(name) for name in self._scored_splits()}

    def document(self) -> dict[str, Any]:
        models = [row for target in self._tasks for row in self._models(target)]
        return {
            "seed": self._experiment.seed,
            "splits": {name: {"examples": len(columns)} for name, columns in self._held_out.items()},
            "models": models,
            "notes": self._notes,
        }

    def _scored_splits(self) -> Sequence[SplitName]:
        names = [name for name in HELD_OUT[::-1] if name in self._splits.parts]
        if not names:
            self._note("no examples are held out, so scores are those of the training split")
        return names or ("train",)

    def _note(self, sentence: str) -> None:
        self._notes.append(sentence)
        self._listener.say(sentence)

    def _used(self) -> dict[str, Encoder]:
        """The encoders of columns that simple models can do something with."""
        if not any(task.looks_at_columns for task in self._tasks.values()):
            return {}
        encoders = {name: part_of(kind, Encoder) for name, kind in self._splits.signature.inputs.items()}
        for name, encoder in encoders.items():
            if encoder.why_not is not None:
                self._note(f"{name}: {encoder.why_not}, so simple models do without it")
        return {name: encoder for name, encoder in encoders.items() if encoder.why_not is None}

    def _read_train(self) -> Columns:
        train, seed = self._splits.train, self._experiment.seed
        limits = [count(task) for task in self._tasks.values() for _, count in self._families(task)]
        # Any number of the first ones is a sample.
        order = np.random.default_rng(seed).permutation(len(train))[: max(limits)]
        every = len(order) == len(train) == min(limits)
        chosen = train if every else train.take(order)
        return self._columns("train", chosen)

    def _read(self, split: SplitName) -> Columns:
        part = self._splits.parts[split]
        chosen = sample(part, self._encoders.values(), self._experiment.seed)
        if len(chosen) < len(part):
            self._note(f"{split}: scores are those of a sample of {len(chosen):,} of {len(part):,} examples")
        return self._columns(split, chosen)

    def _columns(self, split: SplitName, examples: Examples) -> Columns:
        skips = self._experiment.data.on_bad_file == "skip"
        found = read_columns(
            examples, self._encoders, f"reading the {split} split", self._listener.download, skips=skips
        )
        if found.num_skipped:
            self._note(f"{split}: {found.num_skipped:,} examples that cannot be read are left out")
        return found

    def _models(self, target: str) -> Iterator[dict[str, Any]]:
        task = self._tasks[target]
        train = self._train.having(target)
        if not len(train) or not all(len(columns) for columns in self._of(target).values()):
            self._note(f"{target}: too few examples of the sample have it for simple models")
            return
        yield self._measured(target, _CONSTANT, train)
        if not self._encoders and task.looks_at_columns:
            return
        for family, count_for in self._families(task):
            name, count = family.name(task), count_for(task)
            if count == 0:
                self._note(f"{name} is left out: for so many features and outputs it would take too long")
                continue
            there = len(self._splits.train.rows_of(target))
            if count < there:
                every = f"{there:,} examples, so that it does not take long"
                self._note(f"{name} learns from {count:,} of {every}")
            yield self._measured(target, family, train.first(count))

    def _families(self, task: Baselines) -> Iterator[tuple[_Family, Callable[[Baselines], int]]]:
        """The models that look at examples, and from how many each learns."""
        if not task.looks_at_columns:
            yield from ((family, lambda _: len(self._splits.train)) for family in (_LINEAR, _TREES))
            return
        # One such column is what models that add numbers have, too.
        if task.offsets is not None and sum(one.has_offsets for one in self._encoders.values()) > 1:
            yield _OFFSETS, self._sizes.offsets
        yield _LINEAR, self._sizes.linear
        if task.margins is not None and any(one.has_margins for one in self._encoders.values()):
            yield _MARGINS, self._sizes.margins
        yield _TREES, self._sizes.trees

    def _of(self, target: str) -> dict[str, Columns]:
        """What is held out and has a target."""
        return {name: columns.having(target) for name, columns in self._held_out.items()}

    def _measured(self, target: str, family: _Family, train: Columns) -> dict[str, Any]:
        task, held_out, began = self._tasks[target], self._of(target), time.perf_counter()
        self._listener.say(f"fitting {family.name(task)} to {len(train):,} examples")
        learned, matrix = self._learned(target, family, train)
        with warnings.catch_warnings(), threads_for(learned.features, task):
            # That it could be fitted a little longer; it is as it is.
            warnings.simplefilter("ignore")
            fitted = family.fit(task, learned)
            values = {name: fitted(matrix(columns)) for name, columns in held_out.items()}
        labels = {
            name: columns.sought.get(target, columns.targets[target]) for name, columns in held_out.items()
        }
        rule = self._rule(target, labels, values)
        return {
            "name": family.name(task),
            "target": target,
            "shown": list(task.told),
            "trained_on": len(train),
            "seconds": round(time.perf_counter() - began, 3),
            **{name: self._scored(target, labels[name], found, rule) for name, found in values.items()},
        }

    def _learned(
        self, target: str, family: _Family, train: Columns
    ) -> tuple[Learned, Callable[[Columns], Any]]:
        labels, seed = train.targets[target], self._experiment.seed
        if family.encoding is None or not self._tasks[target].looks_at_columns:
            learned = Learned(np.zeros((len(train), 0)), labels, seed, train.weights)
            return learned, lambda columns: np.zeros((len(columns), 0))
        encodings = {
            name: family.encoding(encoder, train.values[name])
            for name, encoder in self._encoders.items()
            if family.takes(encoder)
        }
        matrix = Matrix.of(encodings, train)
        are_codes = matrix.are_codes if matrix.are_codes.any() else None
        return Learned(matrix(train), labels, seed, self._weights(target, train), are_codes), matrix

    def _weights(self, target: str, train: Columns) -> np.ndarray | None:
        """What examples count, by themselves and by their class; classes that come more often count so."""
        data, labels = self._experiment.of_target(target).data, train.targets[target]
        asked = data.class_weights if data.oversample is None else data.oversample
        of_data = part_of(self._splits.signature.targets[target], Target)
        strata = of_data.strata(labels)
        of_classes = None if asked is None or strata is None else of_data.class_weights(asked, labels)
        if of_classes is None or strata is None:
            return train.weights
        by_class: np.ndarray = of_classes.values[strata].astype(np.float64)
        return by_class if train.weights is None else by_class * train.weights

    def _rule(
        self, target: str, labels: Mapping[str, np.ndarray], values: Mapping[str, np.ndarray]
    ) -> DecisionRule:
        """What `calibrate` asks for, chosen for this model as it is for the config's own."""
        asked = self._experiment.of_target(target).calibrate
        if asked is None or "validation" not in values:
            return AS_IT_IS
        scoring = part_of(self._splits.signature.targets[target], Scoring)
        found = scoring.calibrated(asked, labels["validation"], values["validation"], lambda _: None)
        return AS_IT_IS if found is None else found.rule

    def _scored(
        self, target: str, labels: np.ndarray, values: np.ndarray, rule: DecisionRule
    ) -> dict[str, Any]:
        scoring = part_of(self._splits.signature.targets[target], Scoring)
        scores = scoring.scored(labels, values, rule, seed=self._experiment.seed).scores
        return {
            "metrics": scores.headline,
            "scores": scores.others,
            "intervals": intervals_as_json(scores.intervals),
        }
