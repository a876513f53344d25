"""What columns of a table a run's model decides by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.rows.effects import (
    BACKGROUND,
    GRADIENTS,
    OCCLUSION,
    Effects,
    exchange,
    integrated_gradients,
    methods_of,
    occlusion,
)
from bigmodel_cli.explaining.rows.importance import importances, row_limit
from bigmodel_cli.explaining.rows.network import RowNetwork
from bigmodel_cli.explaining.rows.results import ColumnImportances, RowExplanation, RowFinding
from bigmodel_cli.explaining.rows.word_gradients import WordGradients, word_gradients
from bigmodel_cli.explaining.rows.words import word_effects
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import OpenRun, readings_of_run
from bigmodel_cli.inference.run_config import read_experiment
from bigmodel_cli.inference.run_data import choose_split, load_splits
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.explain import Places
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.backend import start
from bigmodel_cli.modeling.devices import choose_device
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.predictions import Predictions


@dataclass(frozen=True)
class RowRequest:
    """What is to be explained of a model of rows.

    Attributes:
        target: Which one; None: each of them.
        split: Of the run's data; None: as `evaluate` chooses.
        class_names: Classes to explain; where there are none, those that the model ranks first.
        top: How many of these.
        method: `occlusion`, `integrated-gradients`, or `all`.
        repeats: How often each column is shuffled.
        trust: Load the model even if it can run code.
    """

    target: str | None = None
    split: SplitName | None = None
    class_names: Sequence[str] = ()
    top: int = 1
    method: str = "all"
    repeats: int = 20
    trust: bool = False


class RowExplainer:
    """A run's model of rows, ready to be asked.

    Args:
        opened: The run.
        request: What is to be explained.
        listener: Is told how it goes.

    Attributes:
        targets: The names of those that are explained.
        notes: What a user should know, as sentences.
        run: Its folder.

    Raises:
        UsageError: If the request does not fit the run.
        DataError: If its model or its data are missing or damaged.
    """

    def __init__(self, opened: OpenRun, request: RowRequest, listener: Listener) -> None:
        self._opened = opened
        self._request = request
        self._listener = listener
        self.targets = _targets(opened, request.target)
        for target in self.targets:
            why_not = part_of(opened.signature.targets[target], Explained).why_not
            if why_not is not None:
                raise UsageError(f"{opened.folder.title}: {why_not}")
        self.notes: list[str] = []
        self._experiment = read_experiment(opened.folder)
        choose_device("cpu" if self._experiment.training.device == "cpu" else "auto")
        start(seed=self._experiment.seed)
        self._model = load_for_inference(opened.folder, "best", trust=request.trust)
        self.run = str(opened.folder.path)
        self._networks: dict[str, RowNetwork] = {}

    @cached_property
    def splits(self) -> Splits:
        """The run's data, as training cut it."""
        return load_splits(self._experiment, self._listener, offline=False)

    @property
    def split(self) -> SplitName:
        """The split that is meant."""
        return choose_split(self._request.split, self.splits)

    def importances(self) -> list[ColumnImportances]:
        """What each column is worth on the split, for each target."""
        return [self._importances(target) for target in self.targets]

    def _importances(self, target: str) -> ColumnImportances:
        network, seed = self._network(target), self._experiment.seed
        having = self.splits.parts[self.split].having(target)
        examples, size = self._sample(having, row_limit(network.width))
        task = self._opened.signature.targets[target]
        predictions, explained = part_of(task, Predictions), part_of(task, Explained)
        reading, labels = self._reading(target), examples.targets[target]

        def measure(rows: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
            values = predictions.values(outputs[rows], reading)
            return explained.measures(labels[rows], values, self._rule(target))

        everyone = np.arange(len(examples))
        measures = measure(everyone, network.outputs(network.encoded(self._inputs(examples))))
        found = importances(
            network,
            self._inputs(examples),
            measure,
            repeats=self._request.repeats,
            seed=seed,
            progress=self._listener.download,
        )
        headline = next(iter(measures))
        ordered = sorted(found, key=lambda one: -one.means[headline])
        return ColumnImportances(
            target, self.split, len(examples), size, measures, ordered, self._request.repeats
        )

    def _sample(self, examples: Examples, most: int) -> tuple[Examples, int]:
        """At most so many examples, and how many there are."""
        size = len(examples)
        if size <= most:
            return examples, size
        random = np.random.default_rng(self._experiment.seed)
        return examples.take(np.sort(random.choice(size, most, replace=False))), size

    def row_of_split(self, index: int) -> tuple[str, Mapping[str, Store]]:
        """A row of the split by its number from 0, and what it is called.

        Raises:
            UsageError: If there is none.
        """
        examples = self.splits.parts[self.split]
        if index >= len(examples):
            raise UsageError(
                f"--row {index}: the {self.split} split has {len(examples):,} rows, counted from 0"
            )
        one = examples.take(np.array([index]))
        return f"{self.split}[{index}]", self._inputs(one)

    def explain(self, name: str, row: Mapping[str, Store]) -> list[RowExplanation]:
        """What moves the predictions for a row, target by target.

        Args:
            name: What the row is called.
            row: One value in each column that the model takes.
        """
        return [self._explain(target, name, row) for target in self.targets]

    def _explain(self, target: str, name: str, row: Mapping[str, Store]) -> RowExplanation:
        network, task = self._network(target), self._opened.signature.targets[target]
        explained, reading = part_of(task, Explained), self._reading(target)
        exchanged = exchange(network, row, self._background)
        values = part_of(task, Predictions).values(network.outputs(exchanged.row), reading)
        (answer,) = part_of(task, Predictions).answers(values, reading, self._rule(target))
        wanted = [explained.index(one) for one in dict.fromkeys(self._request.class_names)]
        targets = wanted or list(explained.ranked(answer))[: self._request.top]
        effects = self._effects(network, exchanged, targets)
        scores = network.scored(exchanged.row, targets)[0]
        usual = network.scored(exchanged.background, targets).mean(axis=0)
        words = {name: self._words(network, row, name, targets) for name in self._texts}
        shown = explained.values(answer)
        findings = [
            RowFinding(
                explained.label(one, answer),
                float(shown[one]),
                float(scores[number]),
                float(usual[number]),
                {method: of_targets[number] for method, of_targets in effects.items()},
                {column: of_text.words[number] for column, of_text in words.items()},
                {
                    column: {GRADIENTS: of_text.details[number]}
                    for column, of_text in words.items()
                    if of_text.details
                },
            )
            for number, one in enumerate(targets)
        ]
        cells = part_of(self._opened.signature.kind, Places).values(row)  # type: ignore[attr-defined]
        return RowExplanation(
            name, target, explained, network.explained, cells, findings, reading.are_probabilities
        )

    @property
    def _texts(self) -> list[str]:
        """The columns that are texts."""
        return [name for name, kind in self._opened.signature.inputs.items() if kind.has_words]

    def _words(
        self, network: RowNetwork, row: Mapping[str, Store], column: str, targets: Sequence[int]
    ) -> WordGradients:
        """What words of a text add, by gradients too where these are asked for and there are some."""
        cells = part_of(self._opened.signature.inputs[column], Cells)
        found = word_effects(network, row, column, cells, targets)
        if GRADIENTS not in methods_of(self._request.method) or not found[0]:
            return WordGradients(found, ())
        by_gradients = word_gradients(network, row, column, cells, targets, found)
        if not isinstance(by_gradients, str):
            return by_gradients
        self._note(f"{column}: {GRADIENTS} of words are left out: {by_gradients}")
        return WordGradients(found, ())

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def _effects(
        self, network: RowNetwork, exchanged: Any, targets: Sequence[int]
    ) -> dict[str, list[Effects]]:
        found: dict[str, list[Effects]] = {}
        # Without gradients between columns there may be some between words.
        needs_gradients = self._request.method == GRADIENTS and not self._texts
        for method in methods_of(self._request.method):
            if method == OCCLUSION:
                found[method] = occlusion(network, exchanged, targets)
            elif needs_gradients or network.has_gradients:
                found[method] = integrated_gradients(network, exchanged, targets)
            else:
                self._note(f"{GRADIENTS} of columns are left out: no gradient passes the preprocessing")
        return found or {OCCLUSION: occlusion(network, exchanged, targets)}

    @cached_property
    def _background(self) -> Mapping[str, Store]:
        """Training rows whose values stand for what could be there instead."""
        return self._inputs(self._sample(self.splits.train, BACKGROUND)[0])

    def _inputs(self, examples: Examples) -> dict[str, Store]:
        """The columns that the model takes, in its order."""
        return {name: examples.inputs[name] for name in self._opened.signature.inputs}

    def _network(self, target: str) -> RowNetwork:
        if target not in self._networks:
            self._networks[target] = RowNetwork(
                self._model,
                self._opened.signature,
                target,
                self._reading(target),
                self._rule(target).temperature,
            )
        return self._networks[target]

    def _reading(self, target: str) -> Reading:
        return self._readings[target]

    @cached_property
    def _readings(self) -> Mapping[str, Reading]:
        return readings_of_run(self._opened)

    def _rule(self, target: str) -> DecisionRule:
        return self._opened.rules.get(target, AS_IT_IS)


def _targets(opened: OpenRun, asked: str | None) -> list[str]:
    names = list(opened.signature.targets)
    if asked is None:
        return names
    if asked not in names:
        near = closest(asked, names)
        hint = f"did you mean {near}?" if near else f"targets: {some(names)}"
        raise UsageError(f"--target {asked}: the run has no such target", hint=hint)
    return [asked]
