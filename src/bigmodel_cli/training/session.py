"""One training run while it goes on: what it is made of, its start, its loop, its end in trouble."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import BigmodelError, Interrupted, ResourceError
from bigmodel_cli.inference.evaluate import (
    uses_logits,
)
from bigmodel_cli.inference.steps import EvaluationSteps
from bigmodel_cli.metrics_file import MetricsLog
from bigmodel_cli.modeling.backend import is_out_of_memory, start
from bigmodel_cli.modeling.build import BuiltModel, build_model
from bigmodel_cli.modeling.objects import Objects
from bigmodel_cli.pipeline.feed import Feed, make_feed, raw_features
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import RunFolder, create_run, update_record
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.training.callbacks import make_callbacks
from bigmodel_cli.training.checkpoints import Checkpoints
from bigmodel_cli.training.log import LoggedListener
from bigmodel_cli.training.loop import Loop, Row
from bigmodel_cli.training.pin import choose_monitor, pin_data, pin_metrics, pin_plan
from bigmodel_cli.training.plan import ExecutionPlan, make_plan
from bigmodel_cli.training.record import command_line, data_record, environment, now
from bigmodel_cli.training.signals import StopRequest
from bigmodel_cli.training.steps import TrainingSteps
from bigmodel_cli.training.trial import measure_steps_per_execution
from bigmodel_cli.whole_files import write_json, write_text


@dataclass
class Session:
    """One training run while it goes on."""

    experiment: Experiment
    splits: Splits
    plan: ExecutionPlan
    built: BuiltModel
    feeds: dict[SplitName, Feed]
    training: TrainingSteps
    run: RunFolder
    checkpoints: Checkpoints
    listener: LoggedListener

    @classmethod
    def open(cls, config: LoadedConfig, splits: Splits, runs_dir: Path, listener: LoggedListener) -> Session:
        """Build the model; the run's folder is made only once nothing in the config or the data is wrong."""
        signature = splits.signature
        experiment = pin_data(pin_metrics(config.experiment, signature.num_classes), splits)
        plan = make_plan(experiment.training)
        start(seed=experiment.seed, precision=plan.precision, deterministic=plan.deterministic)
        batch_size = experiment.data.batch_size
        feeds: dict[SplitName, Feed] = {
            name: make_feed(part, signature, batch_size)
            for name, part in splits.parts.items()
            if name != "test"
        }
        built = build_model(
            experiment,
            signature,
            total_steps=feeds["train"].num_batches() * experiment.training.epochs,
            adapt_data=lambda: raw_features(splits.train, signature),
            jit_compile=plan.jit_compile,
        )
        listener.say(f"model: {built.model.count_params():,} parameters")
        training = TrainingSteps(built, feeds["train"], signature.num_classes, jit_compile=plan.jit_compile)
        if plan.steps_per_execution is None:
            plan = replace(plan, steps_per_execution=measure_steps_per_execution(training))
        listener.say(f"device: {plan.describe()}")
        names = ["loss", *built.compiled.names]
        monitor = choose_monitor(experiment, names, has_validation="validation" in feeds)
        experiment = pin_plan(experiment, plan, monitor)
        run = create_run(runs_dir, experiment.name)
        listener.open(run.log)
        checkpoints = Checkpoints(run, experiment.training.checkpoint, monitor)
        session = cls(experiment, splits, plan, built, feeds, training, run, checkpoints, listener)
        session._write_start(config)
        listener.say(f"run: {run.title}")
        return session

    def _write_start(self, config: LoadedConfig) -> None:
        class_names = self.splits.signature.class_names
        write_json(self.run.labels, None if class_names is None else list(class_names))
        write_text(self.run.config, to_yaml(self.experiment))
        write_text(self.run.source_config, config.path.read_text("utf-8-sig"))
        update_record(
            self.run,
            {
                "name": self.experiment.name,
                "status": "running",
                "started": now(),
                "command": command_line(),
                "config": str(config.path),
                "overrides": list(config.overrides),
                "seed": self.experiment.seed,
                "plan": self.plan.as_json(),
                "parameters": self.built.model.count_params(),
                "from_logits": uses_logits(self.experiment),
                **data_record(self.splits),
                **environment(),
            },
        )

    def train(self, stop: StopRequest) -> list[Row]:
        """Run the loop; every complete epoch is in metrics.csv and in the checkpoints when it ends."""
        names = ["loss", *self.built.compiled.names]
        columns = names + ([f"val_{name}" for name in names] if "validation" in self.feeds else [])
        log = MetricsLog(self.run.metrics, columns)
        model = self.built.model
        loop = Loop(
            self.training,
            self._validation_steps(),
            self._callbacks(),
            seed=self.experiment.seed,
            num_epochs=self.experiment.training.epochs,
            steps_per_execution=self.plan.steps_per_execution or 1,
            listener=self.listener,
            stop=stop,
        )

        def save(epoch: int, row: Row, is_final: bool) -> None:
            log.add(row)
            self.checkpoints.epoch_ended(model, epoch, row, is_final=is_final)

        with stop.patiently():
            rows = loop.run(save)
        if stop:
            self.checkpoints.interrupted(model, int(rows[-1]["epoch"]) if rows else 0)
        return rows

    def _validation_steps(self) -> EvaluationSteps | None:
        if "validation" not in self.feeds:
            return None
        built = self.built
        num_classes = self.splits.signature.num_classes
        return EvaluationSteps(
            built.model, built.compiled, built.encoding, self.feeds["validation"], num_classes
        )

    def _callbacks(self) -> Any:
        objects = Objects({"num_classes": self.splits.signature.num_classes})
        training = self.experiment.training
        steps = self.feeds["train"].num_batches()
        return make_callbacks(
            training.callbacks, objects, self.built.model, epochs=training.epochs, steps=steps
        )

    @contextmanager
    def recorded(self, began: float) -> Iterator[None]:
        """Keep in run.json how a run ended that did not complete."""
        try:
            yield
        except BaseException as error:
            self.listener.note_error(error)
            interrupted = isinstance(error, Interrupted | KeyboardInterrupt)
            message = error.message if isinstance(error, BigmodelError) else repr(error)
            update_record(
                self.run,
                {
                    "status": "interrupted" if interrupted else "failed",
                    "ended": now(),
                    "seconds": round(time.perf_counter() - began, 3),
                    "error": message,
                },
            )
            raise

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Stop the feeds' threads, and say in a user's words that memory ran out."""
        try:
            with naming_memory(self.experiment.data.batch_size):
                yield
        finally:
            for feed in self.feeds.values():
                feed.close()


@contextmanager
def naming_memory(batch_size: int) -> Iterator[None]:
    """Say in a user's words that memory ran out, and what to try.

    Raises:
        ResourceError: If it did.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ResourceError(
            f"memory ran out while training with data.batch_size {batch_size}",
            hint=f"try data.batch_size={max(1, batch_size // 2)}",
        ) from error
