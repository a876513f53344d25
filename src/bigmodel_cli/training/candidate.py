"""A model with compiled steps, made for a plan: to be tried, compared with others, or trained."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bigmodel_cli.compressing.compression import compression_of
from bigmodel_cli.config.aim import aims_of
from bigmodel_cli.config.auto_rate import rates_to_find
from bigmodel_cli.modeling.backend import start
from bigmodel_cli.modeling.build import BuiltModel, build_model
from bigmodel_cli.modeling.compilation import lacks_decay_steps
from bigmodel_cli.pipeline.training_examples import TrainingExamples
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.training.keeping import Fed
from bigmodel_cli.training.plan import ExecutionPlan
from bigmodel_cli.training.steps import StepSettings, TrainingSteps
from bigmodel_cli.training.work import Work


@dataclass(frozen=True)
class Candidate:
    """A model with compiled steps.

    Attributes:
        plan: How it is executed.
        built: The model and its parts.
        fed: What is trained on what.
        training: Compiled training steps.
        making_seconds: What it took to build the model and to trace its step.
        tracing_seconds: The second part of it.
    """

    plan: ExecutionPlan
    built: BuiltModel
    fed: Fed
    training: TrainingSteps
    making_seconds: float
    tracing_seconds: float


def make_candidate(
    work: Work,
    plan: ExecutionPlan,
    examples: Examples,
    fed: Callable[[BuiltModel], Fed],
    warn: Callable[[str], None] = lambda _: None,
) -> Candidate:
    """A model with compiled steps, for which Keras and its random numbers are started anew.

    Args:
        work: What is trained.
        plan: How it is to be executed.
        examples: What layers with `adapt()` learn from.
        fed: Gives a model its feeds.
        warn: Is told what layers learned that is not meant.

    Raises:
        ConfigError: If Keras refuses a part of the config, or the model does not fit the data.
    """
    began = time.perf_counter()
    start(seed=work.experiment.seed, precision=plan.precision, deterministic=plan.deterministic)
    signature = work.splits.signature
    with work.distribution.scope():
        built = build_model(
            work.experiment,
            signature,
            total_steps=work.total_steps,
            data=TrainingExamples(examples, work.skipped),
            warn=warn,
        )
    building = time.perf_counter() - began
    given = fed(built)
    asked = work.experiment.training
    can_end_anywhere = asked.time is not None and lacks_decay_steps(work.experiment.optimizer)
    settings = StepSettings(
        plan.jit_compile,
        work.class_weights(),
        asked.accumulate,
        can_end_anywhere,
        to_find=[str(keys[-1]) for keys in rates_to_find(work.experiment.optimizer)],
    )
    feed = given.feeds["train"]
    with work.distribution.scope():
        compression = compression_of(
            work.experiment.compression,
            built,
            (asked.epochs, feed.num_batches()),
            work.teaching,
            next(iter(aims_of(work.experiment, signature.targets).values())).reading,
        )
    training = TrainingSteps(given.built, feed, settings, work.distribution, compression)
    training.trace()
    making = time.perf_counter() - began
    return Candidate(plan, built, given, training, making, making - building)
