"""A config with its data, ready to train: the execution plan, the model, the feeds, the compiled steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.inference.steps import EvaluationSteps
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.backend import start
from bigmodel_cli.modeling.build import BuiltModel, build_model
from bigmodel_cli.modeling.objects import Objects
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.cache_choice import CacheChoice, choose_cache
from bigmodel_cli.pipeline.feed import Feed, make_feed, raw_features
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.training.batch_size import pin_batch_size
from bigmodel_cli.training.callbacks import make_callbacks
from bigmodel_cli.training.gauges import free_memory
from bigmodel_cli.training.memory import naming_memory
from bigmodel_cli.training.pin import choose_monitor, pin_cache, pin_data, pin_metrics, pin_plan
from bigmodel_cli.training.plan import ExecutionPlan, make_plan
from bigmodel_cli.training.steps import TrainingSteps
from bigmodel_cli.training.trial import measure_steps_per_execution


@dataclass
class Prepared:
    """What trains.

    Attributes:
        experiment: The config with every `auto` decided.
        splits: Its data.
        plan: How it is executed.
        built: The model and its parts.
        feeds: Of the splits that training sees.
        training: Compiled training steps.
        callbacks: A `keras.callbacks.CallbackList`.
        monitor: The column of metrics.csv that decides which epoch is the best; None: the last one is.
        cache: Where decoded examples are kept.
        skipped: Takes note of bad training files; None where they are an error.
    """

    experiment: Experiment
    splits: Splits
    plan: ExecutionPlan
    built: BuiltModel
    feeds: dict[SplitName, Feed]
    training: TrainingSteps
    callbacks: Any
    monitor: str | None
    cache: CacheChoice
    skipped: SkippedFiles | None = None

    @property
    def columns(self) -> list[str]:
        """Loss and metrics as metrics.csv names them, in order."""
        names = _measured(self.built)
        return names + ([f"val_{name}" for name in names] if "validation" in self.feeds else [])

    def validation_steps(self) -> EvaluationSteps | None:
        """Compiled evaluation steps on the validation split; None where there is none."""
        if "validation" not in self.feeds:
            return None
        built, num_classes = self.built, self.splits.signature.num_classes
        return EvaluationSteps(
            built.model, built.compiled, built.encoding, self.feeds["validation"], num_classes
        )

    def trace_again(self) -> None:
        """Forget compiled steps, which hold on to the optimizer's schedule."""
        self.training = _training_steps(self.built, self.feeds["train"], self.splits, self.plan)
        self.training.trace()

    def close(self) -> None:
        """Stop the feeds' threads, and close what they read from."""
        for feed in self.feeds.values():
            feed.close()
        self.cache.close()
        if self.skipped is not None:
            self.skipped.close()


def prepare(experiment: Experiment, splits: Splits, listener: Listener) -> Prepared:
    """Decide every `auto` and build the model.

    Raises:
        ConfigError: If Keras refuses a part of the config, or the model does not fit the data.
        UsageError: If the device is not there, or the precision is not for it.
    """
    signature = splits.signature
    experiment = pin_data(pin_metrics(experiment, signature.num_classes), splits)
    plan = make_plan(experiment.training)
    start(seed=experiment.seed, precision=plan.precision, deterministic=plan.deterministic)
    skipped = SkippedFiles(listener.warn) if experiment.data.on_bad_file == "skip" else None
    if experiment.data.batch_size == "auto":
        experiment = pin_batch_size(experiment, splits, plan, listener, skipped)
        start(seed=experiment.seed, precision=plan.precision, deterministic=plan.deterministic)
    batch_size = experiment.data.pinned_batch_size
    cache = _choose_cache(experiment, splits, listener)
    experiment = pin_cache(experiment, cache.cache)
    seen = {name: cache.kept(part) for name, part in splits.parts.items() if name != "test"}
    feeds: dict[SplitName, Feed] = {
        name: make_feed(part, signature, batch_size, skipped=skipped if name == "train" else None)
        for name, part in seen.items()
    }
    built = build_model(
        experiment,
        signature,
        total_steps=feeds["train"].num_batches() * experiment.training.epochs,
        adapt_data=lambda: raw_features(seen["train"], signature, skipped=skipped),
        jit_compile=plan.jit_compile,
    )
    listener.say(f"model: {built.model.count_params():,} parameters")
    training = _training_steps(built, feeds["train"], splits, plan)
    training.trace()
    if plan.steps_per_execution is None:
        with naming_memory(batch_size, lambda: training, listener.say):
            plan = replace(plan, steps_per_execution=measure_steps_per_execution(training))
    listener.say(f"device: {plan.describe()}")
    monitor = choose_monitor(experiment, _measured(built), has_validation="validation" in feeds)
    experiment = pin_plan(experiment, plan, monitor)
    callbacks = make_callbacks(
        experiment.training.callbacks,
        Objects({"num_classes": signature.num_classes}),
        built.model,
        epochs=experiment.training.epochs,
        steps=feeds["train"].num_batches(),
    )
    return Prepared(experiment, splits, plan, built, feeds, training, callbacks, monitor, cache, skipped)


def _choose_cache(experiment: Experiment, splits: Splits, listener: Listener) -> CacheChoice:
    choice = choose_cache(
        experiment.data.cache,
        splits,
        epochs=experiment.training.epochs,
        free_memory=min(free_memory().values(), default=None),
        warn=listener.warn,
    )
    if choice.reason:
        listener.say(choice.describe())
    return choice


def _measured(built: BuiltModel) -> list[str]:
    return ["loss", *built.compiled.names]


def _training_steps(built: BuiltModel, feed: Feed, splits: Splits, plan: ExecutionPlan) -> TrainingSteps:
    return TrainingSteps(built, feed, splits.signature.num_classes, jit_compile=plan.jit_compile)
