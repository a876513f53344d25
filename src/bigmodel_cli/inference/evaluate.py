"""A run's best model on one of its splits."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import DataError, DivergedError, UsageError
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.scores import as_probabilities, class_scores, number_scores
from bigmodel_cli.inference.steps import EvaluationSteps
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.backend import choose_device, start
from bigmodel_cli.modeling.build import compile_for_evaluation
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.pipeline.bad_files import leave_out_broken
from bigmodel_cli.pipeline.feed import in_order, make_feed
from bigmodel_cli.pipeline.splits import OWN, Splits, make_splits
from bigmodel_cli.run_files import require_no_folders
from bigmodel_cli.run_folder import PIECE_HINT, RunFolder
from bigmodel_cli.run_lock import record_files
from bigmodel_cli.sources.base import Examples, LoadContext, Signature, SplitName
from bigmodel_cli.whole_files import write_json, write_whole

HELD_OUT: tuple[SplitName, ...] = ("test", "validation")


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on one split.

    Attributes:
        split: Its name.
        num_examples: Its size.
        metrics: Loss, the config's metrics, and accuracy or errors, by name.
        details: Per-class scores and confusion matrix; empty for numbers.
        predictions: A score per class, shape (n, classes), or numbers of shape (n, …).
        checkpoint: Which saved model it is.
    """

    split: SplitName
    num_examples: int
    metrics: dict[str, float]
    details: dict[str, Any]
    predictions: np.ndarray
    checkpoint: str = "best"

    @property
    def gated_values(self) -> dict[str, float]:
        """The metrics under the names that gates use: `test_accuracy`."""
        return {f"{self.split}_{name}": value for name, value in self.metrics.items()}

    def as_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "checkpoint": self.checkpoint,
            "examples": self.num_examples,
            "metrics": self.metrics,
            **self.details,
        }


@dataclass(frozen=True)
class RunEvaluation:
    """An evaluation with the gates that the run's config has.

    Attributes:
        evaluation: How good the model is.
        gates: The config's `expect`.
        is_kept: Whether it was written into the run's folder.
    """

    evaluation: Evaluation
    gates: dict[str, str]
    is_kept: bool


def evaluate_run(
    opened: OpenRun,
    *,
    split: SplitName | None,
    checkpoint: str,
    listener: Listener,
    offline: bool,
    trust: bool = False,
) -> RunEvaluation:
    """Evaluate a run's saved model on a split of the data that it was trained with.

    Args:
        opened: The run.
        split: Which split; None: test, or validation where there is no test split.
        checkpoint: `best`, `last` or `epoch-NNNN`.
        listener: Is told of downloads and warnings.
        offline: No download may be made.
        trust: Load the model even if it can run code.

    Raises:
        UsageError: If the run has no such split or checkpoint.
        DataError: If the data is not there, or not what the model was trained with.
    """
    _check_checkpoint(opened.folder, checkpoint)
    experiment = _read_experiment(opened.folder)
    splits = load_splits(experiment, listener, offline=offline)
    chosen = _choose_split(split, splits)
    _check_data(opened, splits, chosen, listener)
    require_no_folders(_places(opened.folder, chosen, checkpoint))
    splits = ready_to_evaluate(splits, chosen, experiment, listener)
    # Another machine may lack the GPU that the run was trained on.
    choose_device("cpu" if experiment.training.device == "cpu" else "auto")
    start(seed=experiment.seed, deterministic=experiment.training.deterministic)
    model = load_for_inference(opened.folder, checkpoint, trust=trust)
    evaluation = evaluate_model(model, experiment, chosen, splits.parts[chosen], splits.signature)
    evaluation = replace(evaluation, checkpoint=checkpoint)
    is_kept = os.access(opened.folder.path, os.W_OK)
    if is_kept:
        written = write_evaluation(opened.folder, evaluation, splits.parts[chosen], splits.signature)
        record_files(opened.folder, written)
    else:
        listener.warn(f"{opened.folder.title}: may only be read, so the evaluation is not kept there")
    return RunEvaluation(evaluation, experiment.expect, is_kept)


def _check_checkpoint(run: RunFolder, name: str) -> None:
    names = run.checkpoint_names()
    # A run without its best is damaged, which loading says; any other name is the user's.
    if name not in ("best", *names):
        hint = f"checkpoints: {', '.join(names) or 'none'}"
        raise UsageError(f"--checkpoint {name}: {run.title} has no such checkpoint", hint=hint)


def _read_experiment(run: RunFolder) -> Experiment:
    try:
        return read_config(run.intact(run.config)).experiment
    except UsageError as error:
        raise DataError(error.message, hint=PIECE_HINT) from error


def load_splits(experiment: Experiment, listener: Listener, *, offline: bool) -> Splits:
    """Load an experiment's data and cut it into its splits.

    Where bad files are skipped, held-out splits are decoded once, so that all numbers of them are over the
    same files; for the training split that would cost as much as an epoch.

    Raises:
        DataError: If that cannot be.
    """
    data = experiment.data
    skips = data.on_bad_file == "skip"
    context = LoadContext(
        seed=experiment.seed,
        offline=offline,
        skip_bad_files=skips,
        progress=listener.download,
        warn=listener.warn,
    )
    source = data.source.options.load(context)
    splits = make_splits(source, validation=data.validation, test=data.test, seed=experiment.seed)
    return leave_out_broken(splits, HELD_OUT, listener.download, listener.warn) if skips else splits


def ready_to_evaluate(splits: Splits, split: SplitName, experiment: Experiment, listener: Listener) -> Splits:
    """The splits with every file of `split` readable; those that are held out are so since they were loaded.

    Raises:
        DataError: If too few files are left.
    """
    if split in HELD_OUT or experiment.data.on_bad_file == "stop":
        return splits
    return leave_out_broken(splits, [split], listener.download, listener.warn)


def _choose_split(split: SplitName | None, splits: Splits) -> SplitName:
    if split is None:
        return held_out_split(splits)
    if split not in splits.parts:
        raise UsageError(
            f"the data of this run has no {split} split", hint=f"it has: {', '.join(splits.parts)}"
        )
    return split


def held_out_split(splits: Splits) -> SplitName:
    """The split that tells most about new examples: test, else validation, else train."""
    return next((name for name in HELD_OUT if name in splits.parts), "train")


def _check_data(opened: OpenRun, splits: Splits, split: SplitName, listener: Listener) -> None:
    trained_with = opened.signature
    if splits.signature.class_names != trained_with.class_names:
        raise DataError(
            f"the data has the classes {_some(splits.signature.class_names)}; "
            f"the model was trained with {_some(trained_with.class_names)}",
            hint="restore the data, or train again",
        )
    if splits.signature.shape != trained_with.shape:
        raise DataError(
            f"the examples have shape {splits.signature.shape}; the model takes {trained_with.shape}"
        )
    recorded = opened.record.get("data", {}).get("splits", {}).get(split, {}).get("sha256")
    if splits.parts[split].fingerprint() == recorded:
        return
    if splits.origins[split] == OWN:
        listener.warn(f"the {split} split has changed since the model was trained")
        return
    raise DataError(
        f"the data has changed since the model was trained, and its {split} split is cut from the training "
        "part: it would hold examples that the model has learned from",
        hint="restore the data, give it a test split of its own, or train again",
    )


def _some(names: Sequence[str] | None) -> str:
    if names is None:
        return "none (numbers)"
    return ", ".join(names[:5]) + (f", … ({len(names)})" if len(names) > 5 else "")


def evaluate_model(
    model: Any, experiment: Experiment, split: SplitName, examples: Examples, signature: Signature
) -> Evaluation:
    """Evaluate a model on examples.

    Args:
        model: Takes raw features; compiled or not.
        experiment: For the loss, the metrics and the batch size.
        split: What the examples are called.
        examples: On what.
        signature: What one example is.

    Raises:
        DivergedError: If the model's weights have diverged.
    """
    encoding, compiled = compile_for_evaluation(model, experiment, signature)
    # No larger than in training: what fits there fits here.
    feed = make_feed(examples, signature, experiment.data.pinned_batch_size)
    steps = EvaluationSteps(model, compiled, encoding, feed, signature.num_classes)
    try:
        outputs = [_flat(steps.run(chunk).numpy()) for chunk in in_order(feed)]
    finally:
        feed.close()
    predictions = np.concatenate(outputs)
    metrics = steps.measures.results()
    if not math.isfinite(metrics["loss"]):
        raise DivergedError(f"the loss on the {split} split is {metrics['loss']}")
    details: dict[str, Any] = {}
    if signature.class_names is None:
        metrics |= number_scores(examples.labels, predictions)
    else:
        predictions = as_probabilities(predictions, from_logits=uses_logits(experiment))
        details = class_scores(examples.labels, predictions, signature.class_names)
        metrics["accuracy"] = details.pop("accuracy")
    return Evaluation(split, len(examples), metrics, details, predictions)


def _flat(outputs: np.ndarray) -> np.ndarray:
    """(batches, batch, …) as (examples, …)."""
    return outputs.reshape(-1, *outputs.shape[2:])


def uses_logits(experiment: Experiment) -> bool:
    """Whether the loss takes the model's outputs as logits."""
    return bool(experiment.loss.arguments.get("from_logits", False))


def write_evaluation(
    run: RunFolder, evaluation: Evaluation, examples: Examples, signature: Signature
) -> tuple[Path, Path]:
    """Write evaluation/<split>.json and predictions_<split>.csv, and say where they are."""
    numbers, path = _places(run, evaluation.split, evaluation.checkpoint)
    write_json(numbers, evaluation.as_json())
    write_whole(path, lambda temporary: _write_predictions(temporary, evaluation, examples, signature))
    return numbers, path


def _places(run: RunFolder, split: SplitName, checkpoint: str) -> tuple[Path, Path]:
    return run.evaluation(split, checkpoint), run.predictions(split, checkpoint)


def _write_predictions(path: Path, evaluation: Evaluation, examples: Examples, signature: Signature) -> None:
    names = signature.class_names
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_row(["example", "label", "prediction", *(f"score_{name}" for name in names or ())]))
        for index, row in enumerate(evaluation.predictions):
            label = examples.labels[index]
            if names is None:
                cells = [json.dumps(label.tolist()), json.dumps(row.tolist() if row.size > 1 else row.item())]
            else:
                cells = [names[label], names[int(row.argmax())], *(f"{value:.6g}" for value in row)]
            file.write(csv_row([examples.name(index), *cells]))
