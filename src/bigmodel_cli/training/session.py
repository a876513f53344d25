"""One process's part of a run: from where training stands to its end, or to a signal or an error.

A run that nothing interrupts has one session; each resume adds another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from bigmodel_cli.cluster.launched import launched_as
from bigmodel_cli.config.schema import Training
from bigmodel_cli.errors import BigmodelError, DivergedError, Interrupted, ResourceError
from bigmodel_cli.listener import Best
from bigmodel_cli.metrics_file import MetricsLog
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_files import checkpoint_entry
from bigmodel_cli.run_folder import RunFolder, update_record
from bigmodel_cli.stopped import read_stopped
from bigmodel_cli.training.checkpoints import Checkpoints
from bigmodel_cli.training.epoch_rankings import epoch_rankings
from bigmodel_cli.training.epoch_texts import EpochTexts
from bigmodel_cli.training.learning_rate import current_learning_rate, has_schedule, rate_text
from bigmodel_cli.training.log import LoggedListener
from bigmodel_cli.training.loop import Judge, Loop
from bigmodel_cli.training.prepared import Prepared
from bigmodel_cli.training.record import end_session
from bigmodel_cli.training.restorable import Restorable
from bigmodel_cli.training.resume import newest_checkpoint
from bigmodel_cli.training.signals import StopRequest
from bigmodel_cli.training.state import Moment, State
from bigmodel_cli.training.stopwatch import CHECKPOINTS, INPUT, MODEL, START, Stopwatch
from bigmodel_cli.training.time_limit import TimeLimit
from bigmodel_cli.training.trace import Trace
from bigmodel_cli.training.trained import Trained
from bigmodel_cli.training.trial import step_seconds

# Seconds that export, plots and the report take after training, beside building the model once more.
AFTER_TRAINING = 5.0
# The same by how long TensorFlow took to be imported, which is slow where all of that is.
AFTER_PER_START = 0.6
# But training has more than that of a short time.
MOST_AFTER_TRAINING = 0.4

# A trial of a search trains so much again where it was cut off, rather than saving each of its short epochs.
_TRIAL_SECONDS = 5.0


@dataclass
class Session:
    """One process's part of a run.

    Attributes:
        prepared: What trains.
        run: Its folder.
        listener: Is told how it goes.
        watch: Takes the time since the session began.
        state: What training goes on from, with the run's time, rollbacks and learning rate.
        profile: Whether some training steps are traced.
        judge: Says after an epoch that training ends with it; None where nobody does.
        checkpoints: Saves what it reaches.
    """

    prepared: Prepared
    run: RunFolder
    listener: LoggedListener
    watch: Stopwatch
    state: State = field(default_factory=lambda: State(Moment()))
    profile: bool = False
    judge: Judge | None = None
    checkpoints: Checkpoints = field(init=False)
    _trace: Trace | None = field(init=False)
    _texts: EpochTexts | None = field(init=False)
    _log: MetricsLog = field(init=False)
    _restorable: Restorable = field(init=False)
    _restored: str | None = None

    def __post_init__(self) -> None:
        self.prepared.write_into(self.run)
        self._log = MetricsLog(self.run.metrics, self.prepared.columns, writes=self.is_chief)
        self._restorable = Restorable(self.prepared)
        self.checkpoints = Checkpoints(
            self.run,
            self._training.checkpoint,
            self.prepared.monitor,
            self.prepared.distribution,
            0.0 if self.judge is None else _TRIAL_SECONDS,
            self.prepared.settled.whole_from,
        )
        self._trace = Trace(self.run.profile) if self.profile and self.is_chief else None
        # A trial of a search is looked at by its numbers.
        self._texts = EpochTexts.of(self.prepared, self.run, self.listener) if self.judge is None else None

    @property
    def _training(self) -> Training:
        """What the config says of training."""
        return self.prepared.settled.training

    @property
    def model(self) -> Any:
        return self.prepared.built.model

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run's folder; of several one does."""
        return self.prepared.distribution.is_chief

    @property
    def seconds(self) -> float:
        """The time of the whole run, over all its sessions."""
        return self.state.seconds + self.watch.total

    def train(self, stop: StopRequest, *, keeps_start: bool = False) -> Trained:
        """Run the loop; every complete epoch is in metrics.csv and in the checkpoints when it ends.

        Args:
            stop: Set when a signal asks to stop.
            keeps_start: Whether a checkpoint is made before the first step: what cannot be made again.

        Raises:
            DivergedError: If training diverged, and may not go back.
            ResourceError: If something ran out; earlier checkpoints stay.
        """
        self._log.start_over(self.state.moment.rows)
        with self.watch.phase(INPUT):
            self.prepared.fill(self.listener)
        with stop.patiently():
            if keeps_start and not self._restored:
                self._save_last(self.state.moment)
            while True:
                loop = self._loop(stop)
                try:
                    rows = loop.run(self, restore=self._restore_callbacks if self._restored else None)
                    break
                except DivergedError as error:
                    self._roll_back(error)
            if stop:
                self._save_last(loop.moment)
            elif (stopped := read_stopped(loop.moment.stopped)) is not None:
                self.listener.say(f"training was ended by {stopped}")
            with self.watch.phase(CHECKPOINTS):
                self.checkpoints.wait_for_all()
        if self._trace is not None:
            self._trace.stop()
        return Trained(
            self.prepared.built,
            self.prepared.splits,
            self.prepared.cache,
            rows,
            self.checkpoints.best or {},
            read_stopped(loop.moment.stopped),
            self.prepared.plan.replicas,
            self.state.seconds,
            self.prepared.skipped,
            self._trace,
            self.prepared.fronts,
            self.prepared.settled.compress,
        )

    def _loop(self, stop: StopRequest) -> Loop:
        return Loop(
            self.prepared.training,
            self.prepared.validation_steps(),
            self.prepared.callbacks,
            seed=self.prepared.settled.asked.seed,
            num_epochs=self._training.epochs,
            steps_per_execution=self.prepared.plan.steps_per_execution or 1,
            listener=self.listener,
            stop=stop,
            moment=self.state.moment,
            watch=self.watch,
            trace=self._trace,
            judge=self.judge,
            limit=self._limit(),
            rank=epoch_rankings(self.prepared, self.run),
        )

    def _limit(self) -> TimeLimit | None:
        """What ends training in time; what follows it takes the longer, the longer a model takes to build."""
        training, prepared = self._training, self.prepared
        if training.seconds is None or training.time is None:
            return None
        feeds, distribution = prepared.feeds, prepared.distribution
        evaluated = _validations_of_test(prepared.splits) if self.judge is None else 0.0
        num_evaluated = 0 if self.judge is not None else 1 if prepared.splits.test is None else 2
        built = self.watch.seconds.get(MODEL, 0.0) if self.judge is None else 0.0
        # A machine that has other work to do, or little of it, shows when TensorFlow is imported.
        usual = max(AFTER_TRAINING, AFTER_PER_START * self.watch.seconds.get(START, 0.0))
        fixed = min(usual * (self.judge is None) + built, MOST_AFTER_TRAINING * training.seconds)
        return TimeLimit(
            training.time,
            training.seconds,
            training.epochs,
            lambda: self.seconds,
            # Each split that is evaluated has a graph traced anew.
            lambda validation, traced: fixed + evaluated * validation + num_evaluated * traced,
            step_seconds(prepared.training),
            feeds["validation"].num_batches() if "validation" in feeds else 0,
            training.deterministic,
            distribution.chiefs,
            self.listener.say,
            prepared.training.length,
        )

    # What the loop calls.

    def steps_until_due(self, moment: Moment) -> int | None:
        return self.checkpoints.steps_until_due(self._total_steps(moment))

    def steps_done(self, moment: Moment) -> None:
        if self.checkpoints.is_due(self._total_steps(moment)):
            self._save_last(moment)

    def epoch_ended(self, moment: Moment, *, is_final: bool) -> None:
        self._restorable.require_finite_weights(moment)
        self._log.add(moment.rows[-1])
        if self._texts is not None:
            self._texts.epoch_ended(moment.epoch)
        self.checkpoints.epoch_ended(
            self.model, moment, self._total_steps(moment), lambda: self._take(moment), is_final=is_final
        )

    def best(self) -> Best | None:
        best = self.checkpoints.best
        if best is None or best.get("monitor") is None:
            return None
        return Best(best["epoch"], best["monitor"], best["value"])

    def _save_last(self, moment: Moment) -> None:
        self._restorable.require_finite_weights(moment)
        self.checkpoints.save_last(self.model, moment, lambda: self._take(moment))

    def _total_steps(self, moment: Moment) -> int:
        return moment.epoch * self.prepared.feeds["train"].num_batches() + moment.step

    # State.

    def _take(self, moment: Moment) -> State:
        counters, arrays = self._restorable.take()
        return replace(
            self.state,
            moment=moment,
            best=self.checkpoints.best,
            kept=tuple(self.checkpoints.kept),
            callbacks=counters,
            seconds=self.seconds,
            arrays=arrays,
        )

    def restore(self, name: str) -> None:
        """Go on from a checkpoint.

        Raises:
            DataError: If it does not fit the model.
        """
        entry = checkpoint_entry(self.run, name)
        self.state = self._restorable.put_back(self.run.checkpoint(name), entry)
        self._restored = name
        if warning := self.checkpoints.go_on(self.state.best, self.state.kept):
            self.listener.warn(warning)
        self.checkpoints.finish_naming(name, self.state.moment)

    def _restore_callbacks(self) -> None:
        """What can be put back only after `on_train_begin`."""
        callbacks = self.prepared.callbacks.callbacks
        if self._restored and any(type(callback).__name__ == "BackupAndRestore" for callback in callbacks):
            # It has just put back a state of its own, from the end of some epoch.
            entry = checkpoint_entry(self.run, self._restored)
            self._restorable.put_back(self.run.checkpoint(self._restored), entry)
        self._restorable.put_back_callbacks(self.state)

    def go_further(self) -> None:
        """Train more epochs than the run was to have, also where a callback had ended it."""
        self.state = replace(self.state, moment=replace(self.state.moment, is_stopped=False, stopped=None))

    def say_schedule(self) -> None:
        """Say what another number of epochs makes of the learning rate's schedule."""
        if not has_schedule(self.model.optimizer):
            return
        covers = (
            f"covers {self._training.epochs} epochs now"
            if self.prepared.settled.schedule_follows_epochs
            else "stays as the config has it"
        )
        rate = rate_text(current_learning_rate(self.model.optimizer))
        self.listener.say(f"the schedule of the learning rate {covers}; it is {rate} here")

    # Divergence.

    def _roll_back(self, error: DivergedError) -> None:
        """Go back to the last good state with a lower learning rate.

        Raises:
            DivergedError: If the config does not ask for it, or it was done too often.
        """
        training = self._training
        done, seconds = self.state.rollbacks, self.state.seconds
        if training.on_divergence != "rollback":
            raise error
        if done >= training.rollback.times:
            raise DivergedError(f"{error.what}, after going back {done} times") from error
        factor = self.state.learning_rate_factor * training.rollback.factor
        self.checkpoints.wait_for_all()
        name = newest_checkpoint(self.run, self.listener)
        if name is None:
            raise error
        self.restore(name)
        self._restorable.lower_learning_rate(factor, self.state)
        # The time of this session counts on from where the session began.
        self.state = replace(self.state, seconds=seconds, rollbacks=done + 1, learning_rate_factor=factor)
        self._log.start_over(self.state.moment.rows)
        self.listener.warn(
            f"{error.what}; going back to {self.state.moment} with {factor:g} × the learning rate "
            f"({done + 1} of {training.rollback.times})"
        )
        if self.is_chief:
            update_record(self.run, {"rollbacks": done + 1, "learning_rate_factor": factor})

    # The end.

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Keep in run.json how a session ended that did not complete the run."""
        try:
            yield
        except BaseException as error:
            self.listener.note_error(error)
            interrupted = isinstance(error, Interrupted | KeyboardInterrupt)
            message = error.message if isinstance(error, BigmodelError | Interrupted) else repr(error)
            # Before the record has the log's checksum.
            if isinstance(error, BigmodelError) and self.is_chief and self.run.checkpoint_names():
                self.listener.say(f"what was reached is kept; to {self._resume_hint()}")
            if self.is_chief:
                self._end_session("interrupted" if interrupted else "failed", message)
            if isinstance(error, Interrupted):
                raise Interrupted(error.signal_number, self._where(), hint=self._resume_hint()) from error
            raise
        finally:
            if self._trace is not None:
                self._trace.stop()
            self.checkpoints.close()
            self.prepared.close()

    def _end_session(self, status: str, message: str) -> None:
        # Where the disk is full this fails too; the run is then seen to have crashed.
        with suppress(ResourceError):
            end_session(
                self.run,
                status,
                self.seconds,
                {"error": message, "epochs": self._log.num_rows},
                self.watch.as_json(),
                self.prepared.skipped,
            )

    def _where(self) -> str:
        return f"interrupted; what was reached is kept in {self.run.title}"

    def _resume_hint(self) -> str:
        return f"go on with: {resume_command(self.run)}"


def _validations_of_test(splits: Splits) -> float:
    """How often the validation split goes into what is evaluated at the end; at most a few times."""
    test = splits.test
    if splits.validation is None or test is None:
        return 1.0
    return 1.0 + len(test) / len(splits.validation)


def resume_command(run: RunFolder) -> str:
    """What to type to go on with a run."""
    import shlex

    return f"bigmodel {launched_as(os.environ)}train --resume {shlex.quote(run.title)}"
