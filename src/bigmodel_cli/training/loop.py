"""The training loop: epochs of chunks of steps, in an order that is a function of (seed, epoch)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bigmodel_cli.errors import DivergedError, UsageError
from bigmodel_cli.inference.steps import EvaluationSteps
from bigmodel_cli.listener import Listener, Progress
from bigmodel_cli.pipeline.feed import epoch_order, in_order
from bigmodel_cli.training.signals import StopRequest
from bigmodel_cli.training.steps import TrainingSteps

Row = dict[str, float]
# Called at the end of each epoch with its number from 1, its row, and whether training ends with it.
SaveEpoch = Callable[[int, Row, bool], None]


@dataclass
class Loop:
    """Trains a model epoch by epoch.

    Attributes:
        training: Training steps.
        validation: Evaluation steps on the validation split; None where there is none.
        callbacks: A `keras.callbacks.CallbackList`.
        seed: Fixes the order of examples.
        num_epochs: Epochs at most; callbacks may end training earlier.
        steps_per_execution: Training steps per call into TensorFlow.
        listener: Is told how it goes.
        stop: Set when a signal asks to stop.
    """

    training: TrainingSteps
    validation: EvaluationSteps | None
    callbacks: Any
    seed: int
    num_epochs: int
    steps_per_execution: int
    listener: Listener
    stop: StopRequest
    _began: float = field(default_factory=time.perf_counter)

    @property
    def num_steps(self) -> int:
        return self.training.feed.num_batches()

    @property
    def model(self) -> Any:
        return self.training.built.model

    def run(self, save: SaveEpoch) -> list[Row]:
        """Train until the last epoch, a callback's or a signal's stop.

        Returns:
            A row per complete epoch, as metrics.csv has it.

        Raises:
            DivergedError: If the loss is not a number any more.
            UsageError: If BackupAndRestore has brought back the last epoch.
        """
        rows: list[Row] = []
        self.model.stop_training = False
        self.callbacks.on_train_begin()
        self._began = time.perf_counter()
        for epoch in range(self._first_epoch(), self.num_epochs + 1):
            row = self._epoch(epoch)
            if self.stop:
                break
            rows.append(row)
            is_final = epoch == self.num_epochs or self.model.stop_training
            save(epoch, row, is_final)
            self.listener.epoch_ended(self._progress(epoch, self.num_steps, row["seconds"], row), row)
            if is_final:
                break
        # Training that is interrupted has not ended: BackupAndRestore would throw its backup away.
        if not self.stop:
            self.callbacks.on_train_end()
        return rows

    def _first_epoch(self) -> int:
        """One, unless BackupAndRestore has brought back what an earlier run had trained."""
        restored = getattr(self.model, "_initial_epoch", None) or 0
        if restored >= self.num_epochs:
            raise UsageError(
                f"BackupAndRestore brought back {restored} epochs; "
                f"training.epochs: {self.num_epochs} leaves nothing to train",
                hint="give more training.epochs, or remove the backup",
            )
        return restored + 1

    def _epoch(self, epoch: int) -> Row:
        began = time.perf_counter()
        self.callbacks.on_epoch_begin(epoch - 1)
        values = self._train_epoch(epoch, began)
        seconds = time.perf_counter() - began
        row: Row = {
            "epoch": epoch,
            "seconds": seconds,
            "examples_per_second": len(self.training.feed.examples) / seconds,
            "learning_rate": float(self.model.optimizer.learning_rate),
            **values,
        }
        if self.stop:
            return row
        row |= self._validate(epoch)
        row["seconds"] = time.perf_counter() - began
        # ModelCheckpoint puts the logs beside a name `epoch` of its own into its file's name.
        self.callbacks.on_epoch_end(epoch - 1, {k: v for k, v in row.items() if k != "epoch"})
        return row

    def _train_epoch(self, epoch: int, began: float) -> Row:
        feed, measures = self.training.feed, self.training.measures
        order = epoch_order(len(feed.examples), seed=self.seed, epoch=epoch)
        measures.reset()
        at_once = min(self.steps_per_execution, feed.max_batches())
        step = 0
        values: Row = {}
        while step < self.num_steps and not self.stop:
            rows = feed.rows(order, step, at_once)
            self.callbacks.on_train_batch_begin(step)
            chunk = feed.chunk(rows)
            feed.ahead(order, step + len(rows), at_once)
            self.training.run(chunk)
            step += len(rows)
            values = measures.results()
            loss = values["loss"]
            _require_finite(loss, f"the loss became {loss} by step {step} of epoch {epoch}")
            self.callbacks.on_train_batch_end(step - 1, values)
            self.listener.progressed(self._progress(epoch, step, time.perf_counter() - began, values))
        return values

    def _validate(self, epoch: int) -> Row:
        if self.validation is None:
            return {}
        self.callbacks.on_test_begin()
        self.validation.measures.reset()
        for chunk in in_order(self.validation.feed):
            self.validation.run(chunk)
        values = self.validation.measures.results()
        _require_finite(values["loss"], f"the validation loss became {values['loss']} in epoch {epoch}")
        self.callbacks.on_test_end(values)
        return {f"val_{name}": value for name, value in values.items()}

    def _progress(self, epoch: int, step: int, seconds: float, values: Mapping[str, float]) -> Progress:
        done = (epoch - 1) * self.num_steps + step
        left = self.num_epochs * self.num_steps - done
        elapsed = time.perf_counter() - self._began
        examples = min(step * self.training.feed.batch_size, len(self.training.feed.examples))
        return Progress(
            epoch,
            self.num_epochs,
            step,
            self.num_steps,
            examples / max(seconds, 1e-9),
            elapsed / done * left if done else None,
            values,
        )


def _require_finite(loss: float, what: str) -> None:
    if not math.isfinite(loss):
        raise DivergedError(what)
