"""How good a model is on examples, and the two files that keep it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.config.model_outputs import reading_of
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import DivergedError
from bigmodel_cli.inference.samples import class_samples, number_samples
from bigmodel_cli.inference.steps import EvaluationSteps
from bigmodel_cli.modeling.build import compile_for_evaluation
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.feed import Feed, in_order
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.scoring.classes import class_scores
from bigmodel_cli.scoring.numbers import number_scores
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.scoring.scores import Scores
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.predictions import Predictions
from bigmodel_cli.whole_files import write_json, write_whole


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on one split.

    Attributes:
        split: Its name, or that of other data.
        num_examples: Its size.
        metrics: Loss, the config's metrics, and accuracy or errors, by name.
        scores: Everything else that is known.
        outputs: A score per class, shape (n, classes), or numbers of shape (n, …), as the model gives them.
        rule: What was decided by.
        without_rule: Accuracy and scores as they would be without it; None where there is none.
        checkpoint: Which saved model it is.
    """

    split: str
    num_examples: int
    metrics: dict[str, float]
    scores: Scores
    outputs: np.ndarray
    rule: DecisionRule = AS_IT_IS
    without_rule: dict[str, float] | None = None
    checkpoint: str = "best"

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Of classes, at the rule's temperature; shape (n, classes)."""
        return self.rule.probabilities(self.outputs)

    @cached_property
    def decided(self) -> np.ndarray:
        """Class indices of shape (n,)."""
        return self.rule.decide(self.probabilities)

    def as_json(self, class_names: tuple[str, ...] | None) -> dict[str, Any]:
        """As evaluation/<split>.json has it.

        Args:
            class_names: In index order; None where the labels are numbers.
        """
        document = {
            "split": self.split,
            "checkpoint": self.checkpoint,
            "examples": self.num_examples,
            "metrics": self.metrics,
            "scores": self.scores.others,
            "intervals": {name: interval.as_json() for name, interval in self.scores.intervals.items()},
            **self.scores.details,
        }
        if self.without_rule is not None and class_names is not None:
            document["decision"] = {**self.rule.as_json(class_names), "without": self.without_rule}
        return document


def evaluate_model(
    model: Any,
    experiment: Experiment,
    split: str,
    examples: Examples,
    signature: Signature,
    rule: DecisionRule = AS_IT_IS,
) -> Evaluation:
    """Evaluate a model on examples.

    Args:
        model: Takes raw features; compiled or not.
        experiment: For the loss, the metrics and the batch size.
        split: What the examples are called.
        examples: On what.
        signature: What one example is.
        rule: What is decided by; loss and the config's metrics are of the model's own outputs.

    Raises:
        DivergedError: If the model's weights have diverged.
    """
    # No larger than in training: what fits there fits here.
    feed = Feed(examples, experiment.data.pinned_batch_size)
    steps = EvaluationSteps(compile_for_evaluation(model, experiment, signature), feed)
    (target,) = signature.targets
    try:
        outputs = np.concatenate([_flat(steps.run(chunk)[target].numpy()) for chunk in in_order(feed)])
    finally:
        feed.close()
    metrics = steps.measures.results()
    if not math.isfinite(metrics["loss"]):
        raise DivergedError(f"the loss on the {split} split is {metrics['loss']}")
    outputs = part_of(signature.task, Predictions).values(outputs, reading_of(experiment))
    if signature.class_names is None:
        scores = number_scores(examples.labels, outputs, seed=experiment.seed)
        return Evaluation(split, len(examples), {**metrics, **scores.headline}, scores, outputs)
    scores = _decided(examples, outputs, signature.class_names, experiment.seed, rule)
    without = None
    if rule != AS_IT_IS:
        plain = _decided(examples, outputs, signature.class_names, experiment.seed, AS_IT_IS)
        without = {**plain.headline, **plain.others, "macro.f1": plain.details["macro"]["f1"]}
    metrics |= scores.headline
    return Evaluation(split, len(examples), metrics, scores, outputs, rule, without)


def _decided(
    examples: Examples, outputs: np.ndarray, class_names: tuple[str, ...], seed: int, rule: DecisionRule
) -> Scores:
    probabilities = rule.probabilities(outputs)
    return class_scores(examples.labels, rule.decide(probabilities), probabilities, class_names, seed=seed)


def _flat(outputs: np.ndarray) -> np.ndarray:
    """(batches, batch, …) as (examples, …)."""
    return outputs.reshape(-1, *outputs.shape[2:])


def write_evaluation(
    run: RunFolder, evaluation: Evaluation, examples: Examples, signature: Signature
) -> tuple[Path, ...]:
    """Write the numbers, every prediction and the samples of an evaluation, and say where they are."""
    numbers, predictions, samples = evaluation_places(run, evaluation.split, evaluation.checkpoint)
    write_json(numbers, evaluation.as_json(signature.class_names))
    write_whole(predictions, lambda temporary: _write_predictions(temporary, evaluation, examples, signature))
    write_json(samples, _samples(evaluation, examples, signature))
    return numbers, predictions, samples


def evaluation_places(run: RunFolder, split: str, checkpoint: str) -> tuple[Path, Path, Path]:
    """The files of an evaluation."""
    return (
        run.evaluation(split, checkpoint),
        run.predictions(split, checkpoint),
        run.samples(split, checkpoint),
    )


def _samples(evaluation: Evaluation, examples: Examples, signature: Signature) -> dict[str, Any]:
    if signature.class_names is None:
        return number_samples(examples, signature, evaluation.outputs)
    return class_samples(examples, signature, evaluation.decided, evaluation.probabilities)


def _write_predictions(path: Path, evaluation: Evaluation, examples: Examples, signature: Signature) -> None:
    names = signature.class_names
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_row(["example", "label", "prediction", *(f"score_{name}" for name in names or ())]))
        if names is None:
            for index, row in enumerate(evaluation.outputs):
                label = examples.labels[index]
                value = row.tolist() if row.size > 1 else row.item()
                cells = [json.dumps(label.tolist()), json.dumps(value)]
                file.write(csv_row([examples.name(index), *cells]))
            return
        for index, (row, predicted) in enumerate(
            zip(evaluation.probabilities, evaluation.decided, strict=True)
        ):
            scores = (f"{value:.9g}" for value in row)
            file.write(
                csv_row([examples.name(index), names[examples.labels[index]], names[predicted], *scores])
            )
