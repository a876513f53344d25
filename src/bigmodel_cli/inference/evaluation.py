"""How good a model is on examples, and the files that keep it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.config.group_measures import BY
from bigmodel_cli.config.model_outputs import reading_of
from bigmodel_cli.config.reading import Reading
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import DataError, DivergedError
from bigmodel_cli.inference.steps import EvaluationSteps
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.modeling.build import compile_for_evaluation
from bigmodel_cli.modeling.tasks import Tasks
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.feed import Feed, in_order
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.predictions import Predictions
from bigmodel_cli.tasks.scores import Sample, Scored, Scoring
from bigmodel_cli.whole_files import write_json, write_whole


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on one split.

    Attributes:
        split: Its name, or that of other data.
        num_examples: Its size.
        metrics: Loss, the config's metrics, and the scores that everybody knows, by name.
        by_target: What else is known, by the names of targets.
        checkpoint: Which saved model it is.
    """

    split: str
    num_examples: int
    metrics: dict[str, float]
    by_target: Mapping[str, Scored]
    checkpoint: str = "best"

    @property
    def scored(self) -> Scored:
        """Of the one target."""
        (scored,) = self.by_target.values()
        return scored

    def as_json(self) -> dict[str, Any]:
        """As evaluation/<split>.json has it."""
        scores, decision = self.scored.scores, self.scored.decision
        return {
            "split": self.split,
            "checkpoint": self.checkpoint,
            "examples": self.num_examples,
            "metrics": self.metrics,
            "scores": scores.others,
            "intervals": {name: interval.as_json() for name, interval in scores.intervals.items()},
            **scores.details,
            **({} if decision is None else {"decision": decision}),
            **(
                {BY: {column: found.as_json() for column, found in self.scored.by.items()}}
                if self.scored.by
                else {}
            ),
        }


@dataclass(frozen=True)
class Evaluator:
    """A model that is ready to be evaluated.

    Attributes:
        tasks: What it is measured by.
        signature: What one example is.
        reading: How the loss reads its outputs.
        batch_size: No larger than in training: what fits there fits here.
        seed: Of the resampling for intervals.
    """

    tasks: Tasks
    signature: Signature
    reading: Reading
    batch_size: int
    seed: int

    @classmethod
    def of(cls, model: Any, experiment: Experiment, signature: Signature) -> Evaluator:
        """Of a model that takes raw features, compiled or not, by loss and metrics of its experiment."""
        tasks = compile_for_evaluation(model, experiment, signature)
        batch_size = experiment.data.pinned_batch_size
        return cls(tasks, signature, reading_of(experiment), batch_size, experiment.seed)

    def evaluate(self, split: str, examples: Examples, rule: DecisionRule = AS_IT_IS) -> Evaluation:
        """Evaluate the model on examples.

        Args:
            split: What the examples are called.
            examples: On what.
            rule: What is decided by; loss and the config's metrics are of the model's own outputs.

        Raises:
            DivergedError: If the model's weights have diverged.
        """
        feed = Feed(examples, self.batch_size)
        steps = EvaluationSteps(self.tasks, feed)
        try:
            chunks = [steps.run(chunk) for chunk in in_order(feed)]
        finally:
            feed.close()
        metrics = steps.measures.results()
        # The next evaluation begins anew with the same metrics.
        steps.measures.reset()
        if not math.isfinite(metrics["loss"]):
            raise DivergedError(f"the loss on the {split} split is {metrics['loss']}")
        by_target = {}
        for name, task in self.signature.targets.items():
            outputs = np.concatenate([_flat(chunk[name].numpy()) for chunk in chunks])
            values = part_of(task, Predictions).values(outputs, self.reading)
            scoring, labels = part_of(task, Scoring), examples.targets[name]
            by_target[name] = scoring.scored(labels, values, rule, seed=self.seed)
            metrics |= by_target[name].scores.headline
        return Evaluation(split, len(examples), metrics, by_target)


def _flat(outputs: np.ndarray) -> np.ndarray:
    """(batches, batch, …) as (examples, …)."""
    return outputs.reshape(-1, *outputs.shape[2:])


def write_evaluation(
    run: RunFolder, evaluation: Evaluation, examples: Examples, signature: Signature
) -> tuple[Path, ...]:
    """Write the numbers, every prediction and the samples of an evaluation, and say where they are."""
    numbers, predictions, samples = evaluation_places(run, evaluation.split, evaluation.checkpoint)
    write_json(numbers, evaluation.as_json())
    write_whole(predictions, lambda place: _write_predictions(place, evaluation.scored, examples))
    write_json(samples, samples_of(evaluation.scored, examples, signature))
    return numbers, predictions, samples


def evaluation_places(run: RunFolder, split: str, checkpoint: str) -> tuple[Path, Path, Path]:
    """The files of an evaluation."""
    return (
        run.evaluation(split, checkpoint),
        run.predictions(split, checkpoint),
        run.samples(split, checkpoint),
    )


def _write_predictions(path: Path, scored: Scored, examples: Examples) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_row(["example", *scored.columns()]))
        for index, cells in enumerate(scored.rows()):
            file.write(csv_row([examples.name(index), *cells]))


def samples_of(scored: Scored, examples: Examples, signature: Signature) -> dict[str, list[dict[str, Any]]]:
    """Examples that tell most, by what they tell, as evaluation/samples_<split>.json has them.

    Each has a thumbnail where it is a picture, so that the report needs no data.
    """
    show = part_of(signature.kind, Show)

    def thumbnail(index: int) -> str | None:
        try:
            return show.thumbnail(examples.read(index)) if show.are_pictures else None
        except DataError:
            # It could be read when it was evaluated; a file may have gone since.
            return None

    def as_json(sample: Sample) -> dict[str, Any]:
        document = asdict(sample)
        index = document.pop("index")
        return {"name": examples.name(index), **document, "png": thumbnail(index)}

    return {what: [as_json(sample) for sample in found] for what, found in scored.samples().items()}
