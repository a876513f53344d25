"""How good a model is on examples, and the files that keep it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.config.group_measures import BY
from bigmodel_cli.config.naming import named, of_target
from bigmodel_cli.config.reading import Reading
from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import DataError, DivergedError
from bigmodel_cli.evaluation_parts import KNOWN, TARGETS
from bigmodel_cli.inference.asked import Asked
from bigmodel_cli.inference.steps import EvaluationSteps
from bigmodel_cli.inference.translating.of_examples import translations
from bigmodel_cli.kinds.show import Show, as_thumbnail
from bigmodel_cli.modeling.build import compile_for_evaluation
from bigmodel_cli.modeling.tasks import Tasks, check_room
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.feed import Feed, in_order
from bigmodel_cli.pipeline.so_far import texts_of
from bigmodel_cli.pipeline.windows import feed_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.scoring.rule import AS_IT_IS, AS_THEY_ARE, DecisionRule
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, bare
from bigmodel_cli.tasks.scores import Sample, Scored, Scoring
from bigmodel_cli.whole_files import write_json, write_whole


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on one split.

    Attributes:
        split: Its name, or that of other data.
        num_examples: Its size.
        metrics: Loss, the config's metrics, and the scores that everybody knows, by name; those of several
            targets begin with a target's name.
        by_target: What else is known, by the names of targets, of the examples that have them.
        metrics_of: The metrics of each target by the names that they have where it is the only one.
        checkpoint: Which saved model it is.
        values: What the model's outputs for all examples stand for, by target.
        known: Which examples have a target, bool, by the targets that some lack.
        told: What is decided for those that lack one, as cells of rows of predictions, likewise.
    """

    split: str
    num_examples: int
    metrics: dict[str, float]
    by_target: Mapping[str, Scored]
    metrics_of: Mapping[str, Mapping[str, float]]
    checkpoint: str = "best"
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    known: Mapping[str, np.ndarray] = field(default_factory=dict)
    told: Mapping[str, Sequence[list[str]]] = field(default_factory=dict)

    @property
    def scored(self) -> Scored:
        """Of the one target."""
        (scored,) = self.by_target.values()
        return scored

    def as_json(self) -> dict[str, Any]:
        """As evaluation/<split>.json has it."""
        document = {
            "split": self.split,
            "checkpoint": self.checkpoint,
            "examples": self.num_examples,
            "metrics": self.metrics,
        }
        parts = {name: _scored_as_json(scored) for name, scored in self.by_target.items()}
        if len(parts) == 1:
            return {**document, **next(iter(parts.values()))}
        of_targets = {
            name: {**self._size(name), "metrics": self.metrics_of[name], **part}
            for name, part in parts.items()
        }
        return {**document, TARGETS: of_targets}

    def _size(self, target: str) -> dict[str, int]:
        """How many examples have a target, where some lack it."""
        return {"examples": int(self.known[target].sum())} if target in self.known else {}

    def columns(self, target: str) -> list[str]:
        """What the cells of a target are called in rows of predictions, where it is the only one."""
        return [*self.by_target[target].columns(), *([KNOWN] if target in self.known else [])]

    def rows(self, target: str) -> Iterator[list[str]]:
        """Label and prediction of each example, as cells."""
        rows = self.by_target[target].rows()
        if target not in self.known:
            yield from rows
            return
        others = iter(self.told[target])
        for is_known in self.known[target].tolist():
            yield [*next(rows), "1"] if is_known else ["", *next(others), "0"]


def _scored_as_json(scored: Scored) -> dict[str, Any]:
    """What is known of one target beside the metrics."""
    scores, decision = scored.scores, scored.decision
    return {
        "scores": scores.others,
        "intervals": {name: interval.as_json() for name, interval in scores.intervals.items()},
        **scores.details,
        **({} if decision is None else {"decision": decision}),
        **({BY: {column: found.as_json() for column, found in scored.by.items()}} if scored.by else {}),
    }


@dataclass(frozen=True)
class Evaluator:
    """A model that is ready to be evaluated.

    Attributes:
        tasks: What it is measured by.
        signature: What one example is.
        readings: How the loss reads the output of each target.
        batch_size: No larger than in training: what fits there fits here.
        seed: Of the resampling for intervals.
    """

    tasks: Tasks
    signature: Signature
    readings: Mapping[str, Reading]
    batch_size: int
    seed: int
    _steps: dict[tuple[Any, ...], EvaluationSteps] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, model: Any, asked: Asked, signature: Signature) -> Evaluator:
        """Of a model that takes raw features, compiled or not, by what its config asks."""
        tasks = compile_for_evaluation(model, asked.aims, signature)
        return cls(tasks, signature, asked.readings, asked.batch_size, asked.seed)

    def evaluate(
        self, split: str, examples: Examples, rules: Mapping[str, DecisionRule] = AS_THEY_ARE
    ) -> Evaluation:
        """Evaluate the model on examples.

        Args:
            split: What the examples are called.
            examples: On what.
            rules: What is decided by, by target; loss and the config's metrics are of the model's own
                outputs.

        Raises:
            ConfigError: If the output has no room for a target.
            DivergedError: If the model's weights have diverged.
        """
        check_room(self.tasks.bound, examples)
        feed = feed_of(examples, self.batch_size)
        steps = self._steps_on(feed)
        try:
            chunks = [steps.run(chunk) for chunk in in_order(feed)]
        finally:
            feed.close()
        metrics = steps.measures.results()
        # The next evaluation begins anew with the same metrics.
        steps.measures.reset()
        if not math.isfinite(metrics["loss"]):
            raise DivergedError(f"the loss on the {split} split is {metrics['loss']}")
        kept = {
            name: np.concatenate([_flat(chunk[name].numpy()) for chunk in chunks])
            for name in self.signature.targets
        }
        found = translations(self.tasks.model, self.signature, self.readings, examples)
        values = {
            name: part_of(task, Scoring).of_kept(
                np.concatenate([kept[name], found[name]], axis=1) if name in found else kept[name],
                self.readings[name],
            )
            for name, task in self.signature.targets.items()
        }
        evaluation = self._of_values(split, examples, values, rules, metrics)
        by_target = {
            name: self._with_outputs(name, scored, examples) for name, scored in evaluation.by_target.items()
        }
        return replace(evaluation, by_target=by_target)

    def _with_outputs(self, target: str, scored: Scored, examples: Examples) -> Scored:
        """The same with what the model says of its samples, where that is not kept of all examples."""
        if not scored.needs_outputs:
            return scored
        chosen = sorted({sample.index for found in scored.samples().values() for sample in found})
        shown = examples.having(target)
        outputs = {}
        for index in chosen:
            features = {name: store.read(index)[np.newaxis] for name, store in shown.inputs.items()}
            given = self.tasks.outputs(self.tasks.model(bare(features), training=False))
            outputs[index] = np.asarray(given[target], np.float32)[0]
        return scored.with_outputs(outputs)

    def _steps_on(self, feed: Feed) -> EvaluationSteps:
        """One split's graphs are another's: they have what a feed yields, and nothing of its examples."""
        if feed.form not in self._steps:
            self._steps[feed.form] = EvaluationSteps(self.tasks, feed)
        return self._steps[feed.form]

    def of_outputs(
        self,
        split: str,
        examples: Examples,
        outputs: Mapping[str, np.ndarray],
        rules: Mapping[str, DecisionRule] = AS_THEY_ARE,
    ) -> Evaluation:
        """Evaluate what a model has said of examples.

        Args:
            split: What the examples are called.
            examples: On what.
            outputs: Of all examples, by target.
            rules: What is decided by, by target.
        """
        values = {
            name: part_of(task, Scoring).of_outputs(
                examples.targets[name], outputs[name], self.readings[name]
            )
            for name, task in self.signature.targets.items()
        }
        return self._of_values(split, examples, values, rules, {})

    def _of_values(
        self,
        split: str,
        examples: Examples,
        all_values: Mapping[str, np.ndarray],
        rules: Mapping[str, DecisionRule],
        measured: Mapping[str, float],
    ) -> Evaluation:
        """The same of what outputs stand for, with loss and the config's metrics as they were measured."""
        by_target, metrics_of, told = {}, {}, {}
        metrics = dict(measured)
        for name, task in self.signature.targets.items():
            values = all_values[name]
            scoring, rule = part_of(task, Scoring), rules.get(name, AS_IT_IS)
            if name in examples.known:
                known = examples.known[name]
                told[name] = list(scoring.cells(values[~known], rule))
                values = values[known]
            labels = texts_of(examples, name) if task.is_searched else examples.compared(name)
            scored = scoring.scored(labels, values, rule, seed=self.seed)
            own = {own: measured[column] for column, own in self._called(name).items() if column in measured}
            # What follows from all examples together, steps have not measured.
            shown = {metric: scored.scores.all[metric] for of, metric in self.tasks.told if of == name}
            shown = {**shown, **scored.scores.headline}
            own |= shown
            prefix = name if len(self.signature.targets) > 1 else ""
            metrics |= {named(prefix, measure): value for measure, value in shown.items()}
            by_target[name], metrics_of[name] = scored, own
        return Evaluation(
            split,
            len(examples),
            metrics,
            by_target,
            metrics_of,
            values=all_values,
            known=examples.known,
            told=told,
        )

    def _called(self, target: str) -> dict[str, str]:
        """What loss and metrics of a target are called where it is the only one, by their columns."""
        columns = ["loss", *(item.metric.name for item in self.tasks.metrics[target])]
        if len(self.signature.targets) == 1:
            return dict(zip(columns, columns, strict=True))
        columns[0] = of_target(target, "loss")
        return {column: column.removeprefix(of_target(target, "")) for column in columns}


def _flat(outputs: np.ndarray) -> np.ndarray:
    """(batches, batch, …) as (examples, …)."""
    return outputs.reshape(-1, *outputs.shape[2:])


def write_evaluation(
    run: RunFolder, evaluation: Evaluation, examples: Examples, signature: Signature
) -> tuple[Path, ...]:
    """Write the numbers, every prediction and the samples of an evaluation, and say where they are."""
    numbers, predictions, samples = evaluation_places(run, evaluation.split, evaluation.checkpoint)
    write_json(numbers, evaluation.as_json())
    write_whole(predictions, lambda place: _write_predictions(place, evaluation, examples))
    found = {
        name: samples_of(scored, examples.having(name), signature, name)
        for name, scored in evaluation.by_target.items()
    }
    write_json(samples, found if len(found) > 1 else next(iter(found.values())))
    return numbers, predictions, samples


def evaluation_places(run: RunFolder, split: str, checkpoint: str) -> tuple[Path, Path, Path]:
    """The files of an evaluation."""
    return (
        run.evaluation(split, checkpoint),
        run.predictions(split, checkpoint),
        run.samples(split, checkpoint),
    )


def _write_predictions(path: Path, evaluation: Evaluation, examples: Examples) -> None:
    """Label and prediction of each example; the columns of several targets begin with a target's name."""
    targets = list(evaluation.by_target)
    columns = [
        named("" if len(targets) == 1 else target, column)
        for target in targets
        for column in evaluation.columns(target)
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_row(["example", *columns]))
        for index, cells in enumerate(zip(*map(evaluation.rows, targets), strict=True)):
            file.write(csv_row([examples.name(index), *(cell for of_one in cells for cell in of_one)]))


def samples_of(
    scored: Scored, examples: Examples, signature: Signature, target: str
) -> dict[str, list[dict[str, Any]]]:
    """Examples that tell most of a target, by what they tell, as evaluation/samples_<split>.json has them.

    Each has a thumbnail or words, so that the report needs no data.
    """

    def drawn(index: int, pixels: np.ndarray) -> Sequence[np.ndarray]:
        return scored.pictures(index, pixels, examples.targets[target][index])

    def as_json(sample: Sample) -> dict[str, Any]:
        document = asdict(sample)
        index = document.pop("index")
        return {"name": examples.name(index), **document, **shown_of(examples, index, signature, drawn)}

    return {what: [as_json(sample) for sample in found] for what, found in scored.samples().items()}


def shown_of(
    examples: Examples,
    index: int,
    signature: Signature,
    drawn: Callable[[int, np.ndarray], Sequence[np.ndarray]] = lambda _, pixels: [pixels],
) -> dict[str, str | None]:
    """An example for a page: `png` and `sound` are small files in base64, `words` a line, of what it is.

    Of files that are gone all are None: they could be read when they were evaluated.

    Args:
        examples: Among which it is.
        index: Which one.
        signature: Of them.
        drawn: What of a picture is shown, from left to right.
    """
    show = part_of(signature.kind, Show)
    try:
        if show.are_pictures:
            value = examples.read(index)
            sound = show.sound(value)
            heard = {} if sound is None else {"sound": sound}
            pictures = drawn(index, show.pixels(value))
            png = as_thumbnail(np.concatenate(pictures, axis=1), len(pictures))
            return {"png": png, "words": None, **heard}
        cells = {name: store.read(index) for name, store in examples.inputs.items()}
        return {"png": None, "words": show.words(cells)}
    except DataError:
        return {"png": None, "words": None}
