"""A config to a run folder: load, build, train, evaluate, export, plot."""

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
from bigmodel_cli.gates import GateResult, check_gates
from bigmodel_cli.inference.evaluate import (
    Evaluation,
    evaluate_model,
    held_out_split,
    load_splits,
    uses_logits,
    write_evaluation,
)
from bigmodel_cli.inference.export import export_run
from bigmodel_cli.inference.loading import load_checkpoint
from bigmodel_cli.inference.steps import EvaluationSteps
from bigmodel_cli.listener import Listener
from bigmodel_cli.metrics_file import MetricsLog
from bigmodel_cli.modeling.backend import is_out_of_memory, start
from bigmodel_cli.modeling.build import BuiltModel, build_model
from bigmodel_cli.modeling.objects import Objects
from bigmodel_cli.pipeline.feed import Feed, make_feed, raw_features
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.reporting.plots import plot_run
from bigmodel_cli.run_folder import COMPLETED, RunFolder, check_writable, create_run, update_record
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.training.callbacks import make_callbacks
from bigmodel_cli.training.checkpoints import Checkpoints
from bigmodel_cli.training.log import LoggedListener
from bigmodel_cli.training.loop import Loop, Row
from bigmodel_cli.training.pin import choose_monitor, pin_data, pin_metrics, pin_plan
from bigmodel_cli.training.plan import ExecutionPlan, make_plan
from bigmodel_cli.training.record import command_line, data_record, environment, now
from bigmodel_cli.training.signals import StopRequest, stop_on_signal
from bigmodel_cli.training.steps import TrainingSteps
from bigmodel_cli.training.trial import measure_steps_per_execution
from bigmodel_cli.whole_files import write_json, write_text


@dataclass(frozen=True)
class TrainingResult:
    """What a run came to.

    Attributes:
        run: Its folder.
        best: Epoch, monitor and value of the best checkpoint.
        evaluation: Of the best checkpoint on the test split, or on validation where there is no test.
        epochs: Complete epochs.
        seconds: From the first line of the config to the last plot.
        parameters: Of the model.
        takes_images: Whether image files can be predicted.
        gates: How the config's `expect` fared.
    """

    run: RunFolder
    best: dict[str, Any]
    evaluation: Evaluation
    epochs: int
    seconds: float
    parameters: int
    takes_images: bool
    gates: list[GateResult]


def train(
    config: LoadedConfig, *, runs_dir: Path, listener: Listener, offline: bool = False
) -> TrainingResult:
    """Train the model of a config and keep everything about it in a new run folder.

    Args:
        config: A checked config.
        runs_dir: Where the run folder is made.
        listener: Is told how it goes.
        offline: No download may be made.

    Raises:
        ConfigError: If Keras refuses a part of the config, or the model does not fit the data.
        DataError: If the data is missing or damaged.
        ResourceError: If something ran out, or training diverged.
        Interrupted: If a signal ended it.
    """
    began = time.perf_counter()
    check_writable(runs_dir)
    logged = LoggedListener(listener)
    with logged.keeping_warnings(), stop_on_signal() as stop:
        splits = load_splits(config.experiment, logged, offline=offline)
        logged.say(_describe_data(splits))
        with _naming_memory(config.experiment.data.batch_size):
            session = _Session.open(config, splits, runs_dir, logged)
        with session.recorded(began), session.closing():
            rows = session.train(stop)
            _raise_if_stopped(stop, session.run)
            return session.conclude(rows, began)


def _describe_data(splits: Splits) -> str:
    sizes = ", ".join(f"{size:,} {name}" for name, size in splits.sizes.items())
    num_classes = splits.signature.num_classes
    kind = f"{num_classes} classes" if num_classes is not None else "numbers as labels"
    shape = " × ".join(map(str, splits.signature.shape))
    return f"data: {sizes}; {kind}; each example {shape} {splits.signature.dtype}"


def _raise_if_stopped(stop: StopRequest, run: RunFolder) -> None:
    if stop.signal_number is not None:
        raise Interrupted(
            stop.signal_number, f"interrupted; the model as it was is in {run.title}/checkpoints/last.keras"
        )


@dataclass
class _Session:
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
    def open(cls, config: LoadedConfig, splits: Splits, runs_dir: Path, listener: LoggedListener) -> _Session:
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

    def conclude(self, rows: list[Row], began: float) -> TrainingResult:
        """Evaluate the best checkpoint, export it, draw the plots and complete the record."""
        split = held_out_split(self.splits)
        self.listener.say(f"evaluating the best checkpoint on the {split} split")
        examples, signature = self.splits.parts[split], self.splits.signature
        best = load_checkpoint(self.run, "best")
        evaluation = evaluate_model(best, self.experiment, split, examples, signature)
        write_evaluation(self.run, evaluation, examples, signature)
        export_run(self.run, best, examples, self.listener)
        plot_run(self.run, evaluation.as_json(), signature.class_names)
        gates = check_gates(self.experiment.expect, self._gated_values(evaluation, rows))
        result = TrainingResult(
            self.run,
            self.checkpoints.best or {},
            evaluation,
            len(rows),
            time.perf_counter() - began,
            self.built.model.count_params(),
            signature.image_format is not None,
            gates,
        )
        update_record(
            self.run,
            {
                "status": COMPLETED,
                "ended": now(),
                "seconds": round(result.seconds, 3),
                "epochs": result.epochs,
                "best": self.checkpoints.best,
                split: evaluation.metrics,
                "gates": [gate.as_json() for gate in gates],
            },
        )
        return result

    def _gated_values(self, evaluation: Evaluation, rows: list[Row]) -> Row:
        """Metrics under the names that gates use; those of the epochs are the best checkpoint's."""
        best_epoch = (self.checkpoints.best or {}).get("epoch")
        best = next(row for row in rows if row["epoch"] == best_epoch)
        return {**best, **{f"{evaluation.split}_{name}": value for name, value in evaluation.metrics.items()}}

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
            with _naming_memory(self.experiment.data.batch_size):
                yield
        finally:
            for feed in self.feeds.values():
                feed.close()


@contextmanager
def _naming_memory(batch_size: int) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ResourceError(
            f"memory ran out while training with data.batch_size {batch_size}",
            hint=f"try data.batch_size={max(1, batch_size // 2)}",
        ) from error
