"""The training loop: epochs of chunks of steps, in an order that is a function of (seed, epoch)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bigmodel_cli.errors import DivergedError, UsageError
from bigmodel_cli.inference.steps import MeasuringSteps
from bigmodel_cli.listener import Best, Listener, Progress
from bigmodel_cli.modeling.relied_on import relied_on
from bigmodel_cli.pipeline.feed import in_order
from bigmodel_cli.stopped import SEARCH, Stopped
from bigmodel_cli.training.callback_state import require_counters
from bigmodel_cli.training.callbacks import look_between_steps
from bigmodel_cli.training.gauges import epoch_memory
from bigmodel_cli.training.learning_rate import current_learning_rate
from bigmodel_cli.training.signals import StopRequest
from bigmodel_cli.training.state import Moment, Row
from bigmodel_cli.training.steps import TrainingSteps
from bigmodel_cli.training.stopping import who_stopped
from bigmodel_cli.training.stopwatch import CALLBACKS, CHECKPOINTS, INPUT, STEPS, VALIDATION, Stopwatch
from bigmodel_cli.training.time_limit import TimeLimit
from bigmodel_cli.training.trace import Trace

# Is given the row of an epoch, as metrics.csv has it; says why training ends with it, or None: it goes on.
Judge = Callable[[Row], str | None]


class Saver(Protocol):
    """Keeps what training has reached."""

    def steps_until_due(self, moment: Moment) -> int | None:
        """After how many more steps, at least one, something is saved; None where steps do not decide it."""

    def steps_done(self, moment: Moment) -> None:
        """Some steps of an epoch are done, but not all."""

    def epoch_ended(self, moment: Moment, *, is_final: bool) -> None:
        """An epoch is complete; its row is the last one of `moment`."""

    def best(self) -> Best | None:
        """The best epoch so far; None where nothing decides."""


@dataclass
class Loop:
    """Trains a model epoch by epoch.

    Attributes:
        training: Training steps.
        validation: Measures the validation split; None where there is none.
        callbacks: A `keras.callbacks.CallbackList`.
        seed: Fixes the order of examples.
        num_epochs: Epochs at most; callbacks may end training earlier.
        steps_per_execution: Training steps per call into TensorFlow.
        listener: Is told how it goes.
        stop: Set when a signal asks to stop.
        moment: Where training stands; it goes on from there.
        watch: Takes the time of each phase.
        trace: Traces some calls into TensorFlow; None where nobody wants to know.
        judge: Asked after each epoch but the last; None where nobody else decides how long is trained.
        limit: Decides how many epochs fit into a time; None where there is no limit.
        rank: Ranks all items for the validation split, and gives the metrics of that; None: no metric is.
    """

    training: TrainingSteps
    validation: MeasuringSteps | None
    callbacks: Any
    seed: int
    num_epochs: int
    steps_per_execution: int
    listener: Listener
    stop: StopRequest
    moment: Moment = field(default_factory=Moment)
    watch: Stopwatch = field(default_factory=Stopwatch)
    trace: Trace | None = None
    judge: Judge | None = None
    limit: TimeLimit | None = None
    rank: Callable[[], Mapping[str, float]] | None = None
    _began: float = field(default_factory=time.perf_counter)
    _steps_run: int = 0
    _is_over: bool = False

    @property
    def num_steps(self) -> int:
        return self.training.feed.num_batches()

    @property
    def _iterations(self) -> int:
        """Training steps of the whole run so far."""
        return int(self.model.optimizer.iterations.numpy())

    @property
    def _planned_epochs(self) -> int:
        """How many epochs there are to be, as far as is known."""
        return self.num_epochs if self.limit is None else self.limit.plan.epochs

    @property
    def model(self) -> Any:
        return self.training.built.model

    def run(self, saver: Saver, *, restore: Callable[[], None] | None = None) -> list[Row]:
        """Train until the last epoch, a callback's or a signal's stop.

        Args:
            saver: Is told where training stands.
            restore: Puts callbacks' counters back, where training goes on; called after `on_train_begin`,
                which starts them anew.

        Returns:
            A row per complete epoch, as metrics.csv has it.

        Raises:
            DivergedError: If the loss is not a number any more.
            UsageError: If BackupAndRestore has brought back the last epoch.
            BigmodelError: If what a callback counts is not where it is looked for.
        """
        self.model.stop_training = False
        self.callbacks.on_train_begin()
        require_counters(self.callbacks.callbacks)
        if restore is None:
            self._take_up_backup()
        else:
            restore()
        if self.limit is not None:
            at = self.moment
            self.limit.begin(at.planned, at.epoch, self._iterations, self.num_steps)
            self.moment = replace(at, planned=self.limit.as_json())
        self._began, self._steps_run = time.perf_counter(), 0
        while not (self._is_done() or self.stop) and self._epoch(saver):
            with self.watch.phase(CHECKPOINTS):
                saver.epoch_ended(self.moment, is_final=self._is_done())
            row = self.moment.rows[-1]
            progress = self._progress(self.moment.epoch, self.num_steps, row["seconds"], row)
            if self._is_done():
                progress = replace(progress, seconds_left=None, is_last=True)
            self.listener.epoch_ended(replace(progress, best=saver.best()), row)
        # Training that is interrupted has not ended: BackupAndRestore would throw its backup away.
        if not self.stop:
            self.callbacks.on_train_end()
        return list(self.moment.rows)

    def _is_done(self) -> bool:
        return self.moment.epoch >= self.num_epochs or self.moment.is_stopped

    def _take_up_backup(self) -> None:
        """Go on from what BackupAndRestore has brought back of an earlier run."""
        restored = relied_on(self.model, "_initial_epoch") or 0
        if restored >= self.num_epochs:
            raise UsageError(
                f"BackupAndRestore brought back {restored} epochs; "
                f"training.epochs: {self.num_epochs} leaves nothing to train",
                hint="give more training.epochs, or remove the backup",
            )
        # It may have been made inside the first one.
        self.training.take_as_settled()
        if restored:
            self.moment = Moment(restored)

    def _epoch(self, saver: Saver) -> bool:
        """Train one epoch, or what is left of it, and validate.

        Returns:
            Whether it is complete; a signal may have ended it.
        """
        epoch = self.moment.epoch + 1
        began = time.perf_counter() - self.moment.seconds
        with self.watch.phase(CALLBACKS):
            self.callbacks.on_epoch_begin(epoch - 1)
        values = self._train_epoch(epoch, began, saver)
        ended_at, is_whole = self.moment.step, self.moment.step == self.num_steps
        if not is_whole and (self.stop or not self._is_over):
            return False
        seconds = time.perf_counter() - began
        seen = min(ended_at * self.training.feed.batch_size, self.training.feed.epoch_size)
        row: Row = {
            "epoch": epoch,
            "seconds": seconds,
            "examples_per_second": seen / seconds,
            "memory_mb": epoch_memory() / 1e6,
            "learning_rate": current_learning_rate(self.model.optimizer),
            **values,
        }
        if is_whole:
            self._prefetch(epoch + 1)
        validating = time.perf_counter()
        with self.watch.phase(VALIDATION):
            validated = self._validate(epoch)
        if validated is None:
            return False
        row |= validated
        row["seconds"] = time.perf_counter() - began
        # ModelCheckpoint puts the logs beside a name `epoch` of its own into its file's name.
        with self.watch.phase(CALLBACKS):
            self.callbacks.on_epoch_end(epoch - 1, {k: v for k, v in row.items() if k != "epoch"})
        validating = time.perf_counter() - validating
        stopped = self._stopped(epoch, row, validating, None if is_whole else ended_at)
        is_stopped = bool(self.model.stop_training) or stopped is not None
        by = None if stopped is None else stopped.as_json()
        self.moment = Moment(epoch, rows=(*self.moment.rows, row), is_stopped=is_stopped, stopped=by)
        if self.limit is not None:
            self.moment = replace(self.moment, planned=self.limit.as_json())
        return True

    def _stopped(self, epoch: int, row: Row, validating: float, steps: int | None) -> Stopped | None:
        """What has ended training with this epoch, where it was not the last one anyway.

        Args:
            epoch: From 1.
            row: Of it.
            validating: Seconds that its validation took.
            steps: After how many steps the time was over; None: it is whole.
        """
        if self.limit is not None and steps is not None:
            return self.limit.stopped(epoch, steps)
        late = None if self.limit is None else self.limit.epoch_ended(epoch, self._iterations, validating)
        if epoch == self.num_epochs:
            return None
        if self.model.stop_training:
            return who_stopped(self.callbacks.callbacks, epoch, self.num_epochs)
        why = None if self.judge is None or late is not None else self.judge(row)
        return late if why is None else Stopped(SEARCH, epoch, self.num_epochs, why=why)

    def _train_epoch(self, epoch: int, began: float, saver: Saver) -> Row:
        feed, measures = self.training.feed, self.training.measures
        order = feed.epoch_order(seed=self.seed, epoch=epoch)
        looks, step = look_between_steps(self.callbacks.callbacks), self.moment.step
        if step == 0:
            measures.reset()
        values: Row = measures.results() if step else {}
        self._is_over = False
        if self.limit is not None:
            self.limit.epoch_begins(step, self._iterations)
            # Of an epoch that goes on all steps may be done: it was interrupted while it was validated.
            self._is_over = self.limit.steps_left(epoch, step) == 0
        while step < self.num_steps and not self.stop and not self._is_over:
            rows = feed.rows(order, step, self._at_once(saver, epoch))
            with self.watch.phase(CALLBACKS):
                self.callbacks.on_train_batch_begin(step)
            with self.watch.phase(INPUT):
                chunk = feed.chunk(rows)
                feed.ahead(order, step + len(rows), self._at_once(saver, epoch))
            with self.watch.phase(STEPS), self._traced():
                done, loss = self.training.run(chunk)
                values = measures.results()
            _require_finite(loss, f"the loss became {loss} at step {step + done} of epoch {epoch}")
            step += done
            self._steps_run += done
            with self.watch.phase(CALLBACKS):
                if looks:
                    self.training.settle()
                self.callbacks.on_train_batch_end(step - 1, values)
            seconds = time.perf_counter() - began
            self.moment = replace(self.moment, step=step, seconds=seconds)
            if self.limit is not None and step < self.num_steps:
                self._is_over = self.limit.steps_done(epoch, step)
                self.moment = replace(self.moment, planned=self.limit.as_json())
            self.listener.progressed(self._progress(epoch, step, seconds, values))
            self.stop.heed()
            if step < self.num_steps and not self.stop and not self._is_over:
                with self.watch.phase(CHECKPOINTS):
                    saver.steps_done(self.moment)
        if step == self.num_steps or self._is_over:
            self.training.settle()
        return values

    def _prefetch(self, epoch: int) -> None:
        """Let the next epoch's first examples be read while this one is validated and saved."""
        feed = self.training.feed
        if epoch <= self._planned_epochs:
            order = feed.epoch_order(seed=self.seed, epoch=epoch)
            feed.ahead(order, 0, min(self.steps_per_execution, feed.max_batches()))

    def _traced(self) -> AbstractContextManager[None]:
        return nullcontext() if self.trace is None else self.trace.call()

    def _at_once(self, saver: Saver, epoch: int) -> int:
        """Steps of the next chunk; it ends where something is to be saved, or the plan ends."""
        at_once = min(self.steps_per_execution, self.training.feed.max_batches())
        due = saver.steps_until_due(self.moment)
        left = None if self.limit is None else self.limit.steps_left(epoch, self.moment.step)
        steps = min(most for most in (at_once, due, left) if most is not None)
        assert steps > 0, f"{due} steps until something is due, {left} steps left: no chunk is empty"
        return steps

    def _validate(self, epoch: int) -> Row | None:
        """Loss and metrics on the validation split; None where a signal came."""
        if self.validation is None:
            return {}
        # Both passes measure with the same metrics, and what training measured is part of its state.
        of_training = self.training.distribution.read(self.training.measures.variables())
        self.callbacks.on_test_begin()
        self.validation.measures.reset()
        for chunk in in_order(self.validation.feed):
            self.validation.run(chunk)
            if self.stop:
                for variable, value in zip(self.training.measures.variables(), of_training, strict=True):
                    variable.assign(value)
                return None
        if self.rank is not None:
            self.validation.measures.tell(self.rank())
        self.stop.heed()
        values = self.validation.measures.results()
        _require_finite(values["loss"], f"the validation loss became {values['loss']} in epoch {epoch}")
        self.callbacks.on_test_end(values)
        return {f"val_{name}": value for name, value in values.items()}

    def _progress(self, epoch: int, step: int, seconds: float, values: Mapping[str, float]) -> Progress:
        left = (self._planned_epochs - epoch + 1) * self.num_steps - step
        per_step = (time.perf_counter() - self._began) / max(1, self._steps_run)
        examples = min(step * self.training.feed.batch_size, self.training.feed.epoch_size)
        return Progress(
            epoch,
            self._planned_epochs,
            step,
            self.num_steps,
            examples / max(seconds, 1e-9),
            per_step * left,
            values,
        )


def _require_finite(loss: float, what: str) -> None:
    if not math.isfinite(loss):
        raise DivergedError(what)
