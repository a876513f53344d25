"""A config with its data, ready to train: the execution plan, the model, the feeds, the compiled steps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.naming import directions
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.inference.steps import MeasuringSteps
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.backend import start
from bigmodel_cli.modeling.build import BuiltModel, build_model
from bigmodel_cli.modeling.devices import unused_gpus
from bigmodel_cli.modeling.objects import Objects
from bigmodel_cli.modeling.replicas.distribution import Distribution, distribute
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.cache_choice import CacheChoice
from bigmodel_cli.pipeline.feed import Feed, raw_features
from bigmodel_cli.pipeline.order import balanced_size
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.tasks.target import ClassWeights, Target
from bigmodel_cli.training.batch_size import pin_batch_size
from bigmodel_cli.training.callbacks import make_callbacks
from bigmodel_cli.training.frozen_cost import describe_parameters, describe_recomputed
from bigmodel_cli.training.keeping import Fed, Keeping
from bigmodel_cli.training.memory import naming_memory
from bigmodel_cli.training.peers import Peers
from bigmodel_cli.training.pin import choose_monitor, pin_cache, pin_data, pin_metrics, pin_plan
from bigmodel_cli.training.plan import ExecutionPlan, alternatives, make_plan
from bigmodel_cli.training.steps import StepSettings, TrainingSteps
from bigmodel_cli.training.trial import Candidate, choose_fastest


@dataclass
class Prepared:
    """What trains.

    Attributes:
        experiment: The config with every `auto` decided.
        splits: Its data.
        plan: How it is executed.
        distribution: Where the model's replicas are.
        built: The model and its parts.
        keeping: What is kept of the examples.
        fed: What is trained on what.
        training: Compiled training steps.
        callbacks: A `keras.callbacks.CallbackList`.
        monitor: The column of metrics.csv that decides which epoch is the best; None: the last one is.
        skipped: Takes note of bad training files; None where they are an error.
    """

    experiment: Experiment
    splits: Splits
    plan: ExecutionPlan
    distribution: Distribution
    built: BuiltModel
    keeping: Keeping
    fed: Fed
    training: TrainingSteps
    callbacks: Any
    monitor: str | None
    skipped: SkippedFiles | None = None

    @property
    def feeds(self) -> dict[SplitName, Feed]:
        """Of the splits that training sees."""
        return self.fed.feeds

    @property
    def cache(self) -> CacheChoice:
        """Where something is kept of the examples."""
        return self.fed.cache

    @property
    def columns(self) -> list[str]:
        """Loss and metrics as metrics.csv names them, in order."""
        names = self.built.tasks.names
        return names + ([f"val_{name}" for name in names] if "validation" in self.feeds else [])

    def validation_steps(self) -> MeasuringSteps | None:
        """Compiled steps that measure the validation split; None where there is none."""
        if "validation" not in self.feeds:
            return None
        back = None if self.fed.halves is None else self.fed.halves.back
        return MeasuringSteps(self.built.tasks, self.feeds["validation"], self.distribution, back)

    def fill(self, listener: Listener) -> None:
        """Compute what is computed once, with the weights as they are: training begins after it."""
        self.fed.fill(self.skipped, listener)

    def trace_again(self) -> None:
        """Forget compiled steps, which hold on to the optimizer's schedule."""
        self.training = TrainingSteps(
            self.fed.built,
            self.feeds["train"],
            self.training.settings,
            self.distribution,
        )
        self.training.trace()

    def close(self) -> None:
        """Stop the feeds' threads, and close what they read from."""
        self.fed.close()
        self.keeping.close()
        if self.skipped is not None:
            self.skipped.close()


def prepare(
    experiment: Experiment, splits: Splits, listener: Listener, peers: Peers | None = None
) -> Prepared:
    """Decide every `auto` and build the model.

    Args:
        experiment: A config.
        splits: Its data.
        listener: Is told what was decided.
        peers: The processes that train together; None: this one alone.

    Raises:
        ConfigError: If Keras refuses a part of the config, or the model does not fit the data.
        UsageError: If the device is not there, or the precision is not for it.
        ResourceError: If another process does not start.
    """
    signature = splits.signature
    experiment = pin_data(pin_metrics(experiment, signature.task), splits)
    plan = make_plan(experiment.training, peers.cluster if peers else None)
    if peers is not None:
        peers.meet(experiment, splits, plan.device, listener)
    # Before TensorFlow's first operation.
    distribution = distribute(plan.device, peers.cluster if peers else None)
    skipped = SkippedFiles(listener.warn) if experiment.data.on_bad_file == "skip" else None
    if experiment.data.batch_size == "auto":
        start(seed=experiment.seed, precision=plan.precision, deterministic=plan.deterministic)
        experiment = pin_batch_size(experiment, splits, plan, listener, skipped, distribution)
    keeping = Keeping(experiment, splits, skipped, distribution.dealing, listener)
    size = epoch_size(experiment, splits.train)
    if size > len(splits.train):
        listener.say(f"oversampling: an epoch sees {size:,} examples instead of {len(splits.train):,}")
    chosen, fed = _choose(experiment, keeping, plan, distribution, listener)
    seen = fed.feeds["train"].epoch_size + len(splits.parts.get("validation", ()))
    for line in describe_recomputed(experiment, chosen.built, fed.halves, seen):
        listener.say(line)
    experiment = pin_cache(experiment, fed.cache.cache)
    feeds = fed.feeds
    plan, built, training = chosen.plan, chosen.built, chosen.training
    listener.say(f"device: {plan.describe()}")
    for line in _describe_parts(
        experiment.data.pinned_batch_size, distribution.num_replicas, experiment.training.accumulate
    ):
        listener.say(line)
    if experiment.training.device == "all" and not plan.device.is_gpu:
        listener.say("training.device=all: TensorFlow sees no GPU, so that the CPU trains")
    if experiment.training.device == "auto" and (idle := unused_gpus(plan.device)) is not None:
        listener.say(idle)
    if (compared := plan.describe_trials()) is not None:
        listener.say(f"measured: {compared}")
    monitor = choose_monitor(experiment, built.tasks.names, has_validation="validation" in feeds)
    experiment = pin_plan(experiment, plan, monitor)
    callbacks = make_callbacks(
        experiment.training.callbacks,
        Objects(signature.numbers),
        built.model,
        epochs=experiment.training.epochs,
        steps=feeds["train"].num_batches(),
        directions=directions(experiment.metrics),
    )
    return Prepared(
        experiment, splits, plan, distribution, built, keeping, fed, training, callbacks, monitor, skipped
    )


def _describe_parts(batch_size: int, num_replicas: int, accumulate: int) -> Iterator[str]:
    part = -(-batch_size // num_replicas)
    if num_replicas > 1:
        rest = "; what is missing is filled up and counts nothing" if batch_size % num_replicas else ""
        at_most = "at most " if rest else ""
        part_of = f"{at_most}{part} of the {batch_size} examples of a batch"
        yield f"replicas: {num_replicas}, each gets {part_of}{rest}"
    if accumulate > 1:
        size = -(-part // accumulate)
        yield f"accumulate: {-(-part // size)} parts of at most {size} examples, one after the other"


def epoch_size(experiment: Experiment, examples: Examples) -> int:
    """How many examples an epoch sees: with `data.oversample` more than there are."""
    return len(examples) if experiment.data.oversample is None else balanced_size(examples.labels)


def class_weights(experiment: Experiment, splits: Splits) -> dict[str, ClassWeights]:
    """What the loss of a training example counts by its class, by target."""
    asked, labels = experiment.data.class_weights, splits.train.labels
    if asked is None:
        return {}
    weights = {
        name: part_of(task, Target).class_weights(asked, labels)
        for name, task in splits.signature.targets.items()
    }
    return {name: of_target for name, of_target in weights.items() if of_target is not None}


def _choose(
    experiment: Experiment,
    keeping: Keeping,
    plan: ExecutionPlan,
    distribution: Distribution,
    listener: Listener,
) -> tuple[Candidate, Fed]:
    """The model and its training steps, executed in the fastest of the ways that the config leaves open."""
    splits, signature = keeping.splits, keeping.splits.signature
    batch_size = experiment.data.pinned_batch_size
    total_steps = -(-epoch_size(experiment, splits.train) // batch_size) * experiment.training.epochs
    weights = class_weights(experiment, splits)
    for of_target in weights.values():
        listener.say(f"class weights: {of_target.describe()}")
    made: list[tuple[Candidate, Fed]] = []
    started: list[ExecutionPlan] = []

    def make(plan: ExecutionPlan) -> Candidate:
        began = time.perf_counter()
        started.append(plan)
        start(seed=experiment.seed, precision=plan.precision, deterministic=plan.deterministic)
        with distribution.scope():
            built = build_model(
                experiment,
                signature,
                total_steps=total_steps,
                adapt_data=lambda: raw_features(keeping.parts["train"], skipped=keeping.skipped),
                # Of candidates that are compared, one speaks for all.
                warn=listener.warn if not made else lambda _: None,
            )
        if not made:
            listener.say(f"model: {describe_parameters(built.model)}")
        building = time.perf_counter() - began
        fed = keeping.fed(built)
        settings = StepSettings(plan.jit_compile, weights, experiment.training.accumulate)
        training = TrainingSteps(fed.built, fed.feeds["train"], settings, distribution)
        training.trace()
        making = time.perf_counter() - began
        made.append((Candidate(plan, built, training, making, making - building), fed))
        return made[-1][0]

    with naming_memory(batch_size, lambda: made[-1][0].training if made else None, listener.say):
        chosen = choose_fastest(make, plan, alternatives(plan, experiment.training), total_steps)
    if len(started) > 1:
        # What is made next, its precision and its random numbers, are what they would have been without a
        # trial, also without one that failed.
        start(seed=experiment.seed, precision=chosen.plan.precision, deterministic=plan.deterministic)
    fed = next(fed for candidate, fed in made if candidate.training is chosen.training)
    return chosen, fed
