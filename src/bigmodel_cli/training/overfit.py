"""Can the model learn a few examples by heart? What cannot do that, will not learn from many.

The examples are trained on and validated on, without augmentation; all else is as the config has it. Layers
that work against learning by heart stay, since validation does without them, but are named where it fails.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import yaml

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import frozen_at_random, is_still, not_learned, unstable
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.naming import named
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import DataError, GateError, UsageError
from bigmodel_cli.evaluation_parts import by_target
from bigmodel_cli.inference.asked import Asked
from bigmodel_cli.inference.catalogue import with_items
from bigmodel_cli.inference.evaluation import Evaluator
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.listener import Listener, Progress, Silent
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.pipeline.draws import settled
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import BEST, RunFolder
from bigmodel_cli.scoring.rule import AS_THEY_ARE
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.training.passing import passing_folder
from bigmodel_cli.training.state import Row
from bigmodel_cli.training.train import How, train

# More than a model needs that learns at all.
_MOST_STEPS = 2000
# Steps between two looks at what is learned.
_STEPS_OF_EPOCH = 40
# Accuracy, mean average precision or R² of what is known by heart.
LEARNED = 0.99
_SCORES = ("accuracy", "r2", "mean_average_precision")
# A loss on the same examples that stands for it while training goes on.
_SMALL_LOSS = 1e-3
_LEARNED_WHY = "learned by heart"
# What keeps a model from learning by heart, by how a config names it.
_NETWORK = ("model", "loss", "optimizer")
_AGAINST = (
    "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "SpatialDropout", "ActivityRegularization"
)  # fmt: skip
_AGAINST_ARGUMENTS = ("kernel_regularizer", "activity_regularizer", "weight_decay", "label_smoothing")


@dataclass(frozen=True)
class ByHeart:
    """What came of it.

    Attributes:
        examples: How many there were.
        epochs: Looks at what was learned.
        steps: Training steps.
        loss: On the examples, without what is active in training only.
        scores: Accuracy, mean average precision or R², by what `metrics` calls it.
        learned: Whether all of them say that the examples are known.
        meanings: What it means where they are not, the likeliest first.
    """

    examples: int
    epochs: int
    steps: int
    loss: float
    scores: Mapping[str, float]
    learned: bool
    meanings: Sequence[Advice] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "learned": self.learned,
            "examples": self.examples,
            "steps": self.steps,
            "loss": self.loss,
            "scores": dict(self.scores),
            "meanings": [vars(one) for one in self.meanings],
        }

    def require(self) -> None:
        """The examples are known.

        Raises:
            GateError: If they are not.
        """
        if not self.learned:
            raise GateError(
                f"the model does not learn {self.examples} examples by heart: {self.described}",
                hint="mend the first of what it may mean, and try again",
            )

    @property
    def described(self) -> str:
        scores = ", ".join(f"{name} {value:.4f}" for name, value in self.scores.items())
        return f"{scores}, loss {self.loss:.4g} after {self.steps:,} steps"


class _Going(Silent):
    """Tells another listener how it goes, but not of a run that nobody will see."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def warn(self, message: str) -> None:
        self._listener.warn(message)

    def download(self, label: str, done: int, total: int | None) -> None:
        self._listener.download(label, done, total)

    def progressed(self, progress: Progress) -> None:
        self._listener.progressed(progress)

    def epoch_ended(self, progress: Progress, row: Mapping[str, float]) -> None:
        self._listener.epoch_ended(progress, row)


@dataclass
class Overfit:
    """A config that is tried on a few examples.

    Attributes:
        config: The config.
        count: How many examples.
        listener: Is told how it goes.
        offline: No download may be made.
    """

    config: LoadedConfig
    count: int
    listener: Listener
    offline: bool = False
    _splits: Splits | None = field(default=None, init=False)

    def run(self) -> ByHeart:
        """Train, and look at what was learned; nothing is kept.

        Raises:
            BigmodelError: As `train`.
        """
        asked = self.config.experiment.data.batch_size
        batch = self.count if asked == "auto" else min(self.count, asked)
        per_pass = -(-self.count // batch)
        passes = max(1, _STEPS_OF_EPOCH // per_pass)
        epochs = max(1, _MOST_STEPS // (passes * per_pass))
        experiment = alone(self.config.experiment, batch, epochs)
        how = How(offline=self.offline, judge=_is_learned, narrow=partial(self._narrow, passes))
        with passing_folder("overfit") as folder:
            new = NewRun(folder, "overfit", "run")
            train(replace(self.config, experiment=experiment), new, [_Going(self.listener)], how=how)
            return self._look(RunFolder(new.runs_dir / new.name / "run"), experiment, passes * per_pass)

    def _narrow(self, passes: int, splits: Splits) -> Splits:
        size = len(splits.train)
        if size < self.count:
            raise UsageError(f"--overfit {self.count}: there are {size} training examples")
        chosen = np.unique(np.linspace(0, size - 1, self.count).astype(np.int64))
        few = settled(splits.train.take(chosen))
        again = few.take(np.tile(np.arange(len(few)), passes))
        origins: dict[SplitName, str] = {
            "train": splits.origins["train"],
            "validation": "the examples that are trained on",
        }
        self._splits = replace(splits, parts={"train": again, "validation": few}, origins=origins)
        return self._splits

    def _look(self, run: RunFolder, experiment: Experiment, steps_of_epoch: int) -> ByHeart:
        assert self._splits is not None
        examples, signature = self._splits.parts["validation"], self._splits.signature
        model = load_for_inference(run, BEST)
        signature = with_items(signature, model, self._splits, lambda: open_folder(run).rows_written)
        evaluator = Evaluator.of(model, Asked.by(experiment, signature), signature)
        document = evaluator.evaluate("validation", examples, AS_THEY_ARE).as_json()
        scores = dict(_scores(document))
        columns = read_metrics(run.metrics)
        epochs = len(columns["epoch"])
        found = ByHeart(
            len(examples),
            epochs,
            epochs * steps_of_epoch,
            document["metrics"]["loss"],
            scores,
            all(value >= LEARNED for value in scores.values()),
        )
        if found.learned:
            return found
        config = yaml.safe_load(run.config.read_text("utf-8"))
        best = (run.read_record().get("best") or {}).get("epoch")
        findings = Findings(columns, document, config, best, run.read_record())
        meanings = [*_contradictions(examples), *_meanings(findings, found)]
        return replace(found, meanings=meanings)


def _scores(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The number of each target that is 1 where everything is known."""
    for target, part in by_target(document).items():
        score = next(name for name in _SCORES if name in part["metrics"])
        yield named(target, score), part["metrics"][score]


def _is_learned(row: Row) -> str | None:
    """Whether an epoch's row says that the examples are known; what is no accuracy, the loss must say."""
    accuracies = [value for name, value in row.items() if name.startswith("val_") and "accuracy" in name]
    learned = all(value >= 1 for value in accuracies) if accuracies else row["val_loss"] <= _SMALL_LOSS
    return _LEARNED_WHY if learned else None


def alone(experiment: Experiment, batch_size: int, epochs: int) -> Experiment:
    """The experiment as it is tried: without augmentation, weights of classes, callbacks and gates."""
    training, data = experiment.training, experiment.data
    checkpoint = training.checkpoint.model_copy(update={"monitor": "val_loss", "mode": "min", "keep": 1})
    cache = "memory" if data.cache == "disk" else data.cache
    asked = {"batch_size": batch_size, "class_weights": None, "oversample": None, "cache": cache}
    shorter: dict[str, Any] = {"epochs": epochs, "time": None, "callbacks": [], "checkpoint": checkpoint}
    return experiment.model_copy(
        update={
            "augmentation": [],
            "calibrate": None,
            "compress": None,
            "expect": {},
            "track": [],
            "metrics": "auto",
            "data": data.model_copy(update=asked),
            "training": training.model_copy(update=shorter),
        }
    )


def _contradictions(examples: Examples) -> Iterator[Advice]:
    """Examples that are the same and have different targets: nobody can learn these."""
    targets = defaultdict(set)
    for index in range(len(examples)):
        digest = hashlib.sha256()
        try:
            value = examples.read(index)
        except DataError:
            continue
        for part in value.values() if isinstance(value, Mapping) else [value]:
            array = np.asarray(part)
            digest.update(repr(part).encode() if array.dtype == object else array.tobytes())
        told = tuple(labels[index].tobytes() for labels in examples.targets.values())
        targets[digest.digest()].add(told)
    several = sum(len(told) > 1 for told in targets.values())
    if len(targets) == 1 and len(examples) > 1:
        yield Advice(
            "All inputs are the same.",
            "The source, or the columns that are inputs, are not what they should be: bigmodel data CONFIG.",
        )
    elif several:
        yield Advice(
            f"{several} of the inputs are there more than once, with different targets.",
            "Labels do not belong to these inputs, or inputs lack what tells them apart: "
            "bigmodel data CONFIG.",
        )


def _meanings(findings: Findings, found: ByHeart) -> Iterator[Advice]:
    """What it may mean, the likeliest first."""
    seen = f"{found.examples} examples are not known by heart: {found.described}."
    yield from frozen_at_random(findings, seen)
    yield from unstable(findings)
    yield from _by_size(findings, found)
    against = list(dict.fromkeys(_works_against([findings.config.get(key) for key in _NETWORK])))
    if is_still(findings) or not against:
        yield not_learned(findings, seen)
    if against:
        yield Advice(
            f"The config works against learning by heart: {', '.join(against)}.",
            "That is meant against overfitting, but may be too much of it: try without.",
        )
    yield Advice(
        "If it is none of that: do the loss and the last layer belong together, and is it the target that is "
        "read?",
        "Look at all warnings, and at examples with their targets: bigmodel check CONFIG --strict, bigmodel "
        "data CONFIG.",
    )


def _by_size(findings: Findings, found: ByHeart) -> Iterator[Advice]:
    parameters = findings.record.get("parameters", math.inf)
    if parameters < found.examples:
        yield Advice(
            f"The model has {parameters:,} parameters for {found.examples} examples.",
            "It is too small to know each of them: more units, or one more layer.",
        )


def _works_against(value: Any, name: str = "") -> Iterator[str]:
    """Layers and arguments of a config that regularise.

    Args:
        value: A part of it, as plain data.
        name: Of the class that it belongs to.
    """
    if isinstance(value, list):
        for part in value:
            yield from _works_against(part, name)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key in _AGAINST_ARGUMENTS and inner:
                yield f"{name}.{key}"
            elif key.startswith(_AGAINST):
                yield key
            else:
                yield from _works_against(inner, key)
    elif isinstance(value, str) and value.startswith(_AGAINST):
        yield value
