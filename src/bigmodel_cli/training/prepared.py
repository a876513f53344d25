"""A config with its data, ready to train: the execution plan, the model, the feeds, the compiled steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bigmodel_cli.config.auto_rate import rates_to_find, with_rate
from bigmodel_cli.config.frozen import without_weights
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.inference.steps import MeasuringSteps
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.backend import start
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.modeling.devices import unused_gpus
from bigmodel_cli.modeling.foresight import refuse_foresight
from bigmodel_cli.modeling.objects import Objects
from bigmodel_cli.modeling.replicas.distribution import Distribution, distribute
from bigmodel_cli.modeling.tasks import check_room
from bigmodel_cli.modeling.towers import refuse_mixed_sides
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.cache_choice import CacheChoice
from bigmodel_cli.pipeline.feed import Feed
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.training.batch_size import choose_batch_size
from bigmodel_cli.training.callback_paths import put_into_run
from bigmodel_cli.training.callbacks import make_callbacks
from bigmodel_cli.training.candidate import Candidate, make_candidate
from bigmodel_cli.training.frozen_cost import describe_parameters, describe_recomputed
from bigmodel_cli.training.keeping import Fed, Keeping
from bigmodel_cli.training.learning_rate_test import Begin, RateTest, find_learning_rate
from bigmodel_cli.training.memory import naming_memory
from bigmodel_cli.training.peers import Peers, without_writers
from bigmodel_cli.training.pin import Decisions, choose_monitor, pinned
from bigmodel_cli.training.plan import ExecutionPlan, alternatives, make_plan
from bigmodel_cli.training.settled import Settled
from bigmodel_cli.training.steps import TrainingSteps
from bigmodel_cli.training.teaching import with_teaching
from bigmodel_cli.training.tensorboard import with_tensorboard
from bigmodel_cli.training.texts_cut import describe_texts
from bigmodel_cli.training.trial import choose_fastest
from bigmodel_cli.training.work import Work


@dataclass
class Prepared:
    """What trains.

    Attributes:
        settled: The config with every `auto` decided.
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
        rate_test: What decided the learning rate; None where the config has one.
    """

    settled: Settled
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
    rate_test: RateTest | None = None

    @property
    def feeds(self) -> dict[SplitName, Feed]:
        """Of the splits that training sees."""
        return self.fed.feeds

    @property
    def fronts(self) -> dict[SplitName, Examples] | None:
        """What the layers that do not learn give for examples, by split; None where that is not kept."""
        if self.fed.features is None or not self.distribution.is_single:
            return None
        return {name: feed.as_held for name, feed in self.feeds.items()}

    @property
    def cache(self) -> CacheChoice:
        """Where something is kept of the examples."""
        return self.fed.cache

    @property
    def columns(self) -> list[str]:
        """Loss and metrics as metrics.csv names them, in order."""
        tasks = self.built.tasks
        names = [metric.name for metric in self.training.measures.metrics]
        return names + ([f"val_{name}" for name in tasks.names] if "validation" in self.feeds else [])

    def validation_steps(self) -> MeasuringSteps | None:
        """Compiled steps that measure the validation split; None where there is none."""
        if "validation" not in self.feeds:
            return None
        back = None if self.fed.halves is None else self.fed.halves.back
        return MeasuringSteps(self.built.tasks, self.feeds["validation"], self.distribution, back)

    def fill(self, listener: Listener) -> None:
        """Compute what is computed once, with the weights as they are: training begins after it."""
        self.fed.fill(self.skipped, listener)

    def write_into(self, run: RunFolder) -> None:
        """Let callbacks write into a run's folder; of several processes those of the chief alone do."""
        objects, training = Objects(self.splits.signature.numbers), self.settled.training
        if self.distribution.is_chief:
            self.callbacks = put_into_run(
                self.callbacks, training.callbacks, objects, run.callbacks, self.settled.directions
            )
        self.callbacks = with_tensorboard(self.callbacks, training.callbacks, objects, run.tensorboard)
        if not self.distribution.is_chief:
            self.callbacks.callbacks = without_writers(self.callbacks.callbacks)

    def trace_again(self) -> None:
        """Forget compiled steps, which hold on to the optimizer's schedule."""
        self.training = self.training.traced_again()

    def close(self) -> None:
        """Stop the feeds' threads, and close what they read from."""
        self.fed.close()
        self.keeping.close()
        if self.skipped is not None:
            self.skipped.close()


@dataclass(frozen=True)
class Beginning:
    """What is there before training begins.

    Attributes:
        has_checkpoint: Whether the run has all weights: a file that they once came from may be gone.
        weights: Gives a model those that it begins with, where these are others than its own.
        trust: Whether a teacher may be loaded though that runs code.
    """

    has_checkpoint: bool = False
    weights: Begin | None = None
    trust: bool = False


def prepare(
    experiment: Experiment,
    splits: Splits,
    listener: Listener,
    peers: Peers | None = None,
    beginning: Beginning = Beginning(),
) -> Prepared:
    """Decide every `auto` and build the model.

    Args:
        experiment: A config.
        splits: Its data.
        listener: Is told what was decided.
        peers: The processes that train together; None: this one alone.
        beginning: What is there before training begins.

    Raises:
        ConfigError: If Keras refuses a part of the config, or the model does not fit the data.
        UsageError: If the device is not there, or the precision is not for it.
        ResourceError: If another process does not start.
    """
    plan = make_plan(experiment.training, peers.cluster if peers else None)
    if peers is not None:
        peers.meet(experiment, splits, plan.device, listener)
    # Before TensorFlow's first operation.
    distribution = distribute(plan.device, peers.cluster if peers else None)
    skipped = SkippedFiles(listener.warn) if experiment.data.on_bad_file == "skip" else None
    asked = experiment.data.batch_size
    steps = without_weights(experiment.model) if beginning.has_checkpoint else experiment.model
    built_as = experiment.model_copy(update={"model": steps})
    work = Work(built_as, splits, 1 if asked == "auto" else asked, skipped, distribution)
    work = with_teaching(work, listener, trust=beginning.trust)
    if asked == "auto":
        work = replace(work, batch_size=choose_batch_size(work, plan, listener))
    keeping = Keeping(work, listener)
    if work.epoch_size > len(splits.train):
        listener.say(
            f"oversampling: an epoch sees {work.epoch_size:,} examples instead of {len(splits.train):,}"
        )
    chosen = _choose(work, keeping, plan, listener)
    if not beginning.has_checkpoint:
        refuse_foresight(chosen.built, splits.signature, experiment.model)
        refuse_mixed_sides(chosen.built.model, splits.signature, experiment.model)
    rate_test = None
    if rates_to_find(experiment.optimizer):
        rate_test = find_learning_rate(work, chosen, beginning.weights)
        listener.say(rate_test.describe())
        chosen = replace(chosen, training=chosen.training.with_rate(rate_test.rate))
        found = with_rate(experiment.optimizer, rate_test.rate)
        experiment = experiment.model_copy(update={"optimizer": found})
    plan, built, fed, training = chosen.plan, chosen.built, chosen.fed, chosen.training
    seen = fed.feeds["train"].epoch_size + len(splits.parts.get("validation", ()))
    for line in (*describe_recomputed(work, built, fed.halves, seen), *_describe_execution(work, plan)):
        listener.say(line)
    for line in training.compression.describe(experiment.compression):
        listener.say(line)
    monitor = choose_monitor(experiment, built.tasks.names, has_validation="validation" in fed.feeds)
    assert keeping.lengths is not None
    num_lengths = keeping.lengths.num_lengths
    decided = Decisions(work.batch_size, fed.cache.cache, plan, num_lengths, monitor)
    experiment = pinned(experiment, splits, decided)
    settled = Settled.by(experiment, splits.signature)
    callbacks = make_callbacks(
        settled.training.callbacks,
        Objects(splits.signature.numbers),
        built.model,
        epochs=settled.training.epochs,
        steps=fed.feeds["train"].num_batches(),
        directions=settled.directions,
    )
    return Prepared(
        settled,
        splits,
        plan,
        distribution,
        built,
        keeping,
        fed,
        training,
        callbacks,
        monitor,
        skipped,
        rate_test,
    )


def _describe_execution(work: Work, plan: ExecutionPlan) -> Iterator[str]:
    asked = work.experiment.training
    yield f"device: {plan.describe()}"
    yield from _describe_parts(work.batch_size, work.distribution.num_replicas, asked.accumulate)
    if asked.device == "all" and not plan.device.is_gpu:
        yield "training.device=all: TensorFlow sees no GPU, so that the CPU trains"
    if asked.device == "auto" and (idle := unused_gpus(plan.device)) is not None:
        yield idle
    if (compared := plan.describe_trials()) is not None:
        yield f"measured: {compared}"


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


def _choose(work: Work, keeping: Keeping, plan: ExecutionPlan, listener: Listener) -> Candidate:
    """The model and its training steps, executed in the fastest of the ways that the config leaves open."""
    for name, weights in work.class_weights().items():
        of_one = f" of {name}" if len(work.splits.signature.targets) > 1 else ""
        listener.say(f"class weights{of_one}: {weights.describe()}")
    made: list[Candidate] = []
    started: list[ExecutionPlan] = []

    def fed(built: BuiltModel) -> Fed:
        # Of candidates that are compared, one speaks for all.
        if not made:
            listener.say(f"model: {describe_parameters(built.model)}")
            for part in work.splits.parts.values():
                check_room(built.tasks.bound, part)
            for sentence in describe_texts(built.model, work.splits):
                listener.say(sentence)
        return keeping.fed(built)

    def make(plan: ExecutionPlan) -> Candidate:
        started.append(plan)
        warn = listener.warn if not made else lambda _: None
        made.append(make_candidate(work, plan, keeping.parts["train"], fed, warn))
        return made[-1]

    with naming_memory(work.batch_size, lambda: made[-1].training if made else None, listener.say):
        asked = work.experiment.training
        changes = alternatives(plan, asked, has_any_length=work.splits.signature.has_any_length)
        chosen = choose_fastest(make, plan, changes, work.total_steps, asked.seconds)
    if len(started) > 1:
        # What is made next, its precision and its random numbers, are what they would have been without a
        # trial, also without one that failed.
        start(seed=work.experiment.seed, precision=chosen.plan.precision, deterministic=plan.deterministic)
    return chosen
