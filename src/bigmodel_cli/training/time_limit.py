"""A run that ends in time: how many epochs fit is planned, and planned anew while they are measured.

What a clock has decided is part of each checkpoint, and a resume goes by it. With `deterministic: true` the
plan is made once, as soon as epochs have been measured, and the clock is not looked at again: a run that was
killed has to do what it would have done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from statistics import fmean
from typing import Any

from bigmodel_cli.config.schema import AS_MANY_AS_FIT
from bigmodel_cli.stopped import TIME, Stopped
from bigmodel_cli.training.schedule_length import ScheduleLength

# Of a step that was measured alone: what is around it (reading, display, callbacks) comes on top.
_AROUND_A_STEP = 1.15
# Validation computes no gradients.
_VALIDATION_PER_STEP = 0.4
# Epochs of which the mean is what the next one takes.
_REMEMBERED = 3
# An epoch that fits by so much is begun where it was planned; it ends early, and its schedule with it.
_ENOUGH_OF_AN_EPOCH = 0.5
# Another number of epochs is said where it differs by more than this share.
_WORTH_SAYING = 0.1
# What is planned once, and for good, leaves some room.
_ROOM = 0.95
# With fewer epochs than these, nobody can wait for the second one to be measured.
_FEW = 3
_FIRST_EPOCHS = 2


@dataclass(frozen=True)
class Plan:
    """What was decided.

    Attributes:
        time: The limit that it was decided for, as the config has it.
        epochs: How many there are to be in all.
        steps: How many steps that are in all, which the schedule of the learning rate covers.
        last_steps: Of the last epoch; None: all of them.
        is_final: Whether it stays.
    """

    time: str
    epochs: int
    steps: int
    last_steps: int | None = None
    is_final: bool = False


@dataclass
class TimeLimit:
    """Decides how many epochs are trained.

    Attributes:
        time: The limit, as the config has it.
        seconds: The same in seconds.
        most_epochs: How many there are at most.
        elapsed: Gives the seconds of the run so far, over all sessions.
        reserve: Gives the seconds that are needed after training, from those of a validation, and from how
            much longer the first one of this session took, whose graph was traced.
        step_seconds: Of one training step, measured before the first.
        validation_steps: How many steps a validation has.
        is_deterministic: Whether a plan, once it is made on measured epochs, stays.
        chiefs: Of several processes, the chief's number.
        say: Is told what fits.
    """

    time: str
    seconds: float
    most_epochs: int
    elapsed: Callable[[], float]
    reserve: Callable[[float, float], float]
    step_seconds: float
    validation_steps: int
    is_deterministic: bool
    chiefs: Callable[[float], float]
    say: Callable[[str], None]
    length: ScheduleLength | None = None
    plan: Plan = field(init=False)
    _num_steps: int = 1
    _told: int = 0
    _ended: list[float] = field(default_factory=list)
    _began: float = 0.0
    _began_at: int = 0
    _before: int = 0
    _validation: float = 0.0
    _first: float | None = None

    def begin(self, planned: Mapping[str, Any] | None, epoch: int, iterations: int, num_steps: int) -> None:
        """Take up a plan, or make the first one.

        Args:
            planned: What a checkpoint has; None where there is none.
            epoch: Complete epochs.
            iterations: Steps that were trained of the whole run, those of a part of an epoch included.
            num_steps: Of an epoch.
        """
        self._num_steps = num_steps
        self._validation = _VALIDATION_PER_STEP * self.step_seconds * self.validation_steps
        if planned is not None and planned["time"] == self.time:
            self._take(Plan(**planned))
            return
        per_epoch = _AROUND_A_STEP * self.step_seconds * num_steps + self._validation
        left = self._left()
        fitting = int(max(0.0, left) / per_epoch)
        if epoch == 0 and iterations == 0 and fitting == 0:
            share = max(0.0, left - self._validation) / (_AROUND_A_STEP * self.step_seconds * num_steps)
            steps = max(1, min(num_steps - 1, int(share * num_steps)))
            self._take(Plan(self.time, 1, steps, steps, self.is_deterministic))
            self.say(
                f"time: not one epoch fits into {self.time}: one takes about {per_epoch:.3g} s, and "
                f"{max(0.0, left):.3g} s are left for it; training ends inside, after about {steps} of "
                f"{num_steps} steps"
            )
            return
        epochs = min(self.most_epochs, epoch + max(1, fitting))
        self._take(Plan(self.time, epochs, iterations + (epochs - epoch) * num_steps))
        self._tell(epochs)

    def epoch_begins(self, step: int, iterations: int) -> None:
        """An epoch begins, or goes on after some of its steps."""
        self._began, self._began_at, self._before = self.elapsed(), step, iterations - step
        if not self._ended:
            self._ended.append(self._began)

    def steps_left(self, epoch: int, step: int) -> int | None:
        """How many more steps an epoch may have by the plan; None: all that there are, or a clock allows."""
        last = self.plan.last_steps if epoch == self.plan.epochs else None
        if last is None:
            return None
        # What comes after a plan that is no more than a guess is not decided by it.
        return last - step if step < last else 0 if self.plan.is_final else None

    def steps_done(self, epoch: int, step: int) -> bool:
        """Some steps of an epoch are done, but not all.

        Returns:
            Whether training ends here; all processes hear the same.
        """
        if self.plan.is_final:
            return self.steps_left(epoch, step) == 0
        left = self.chiefs(self._left() - self._validation)
        if epoch == self.plan.epochs and step > self._began_at:
            per_step = (self.elapsed() - self._began) / (step - self._began_at)
            fitting = int(self.chiefs(step + max(0.0, left) / max(per_step, 1e-9)))
            steps = self._before + min(fitting, self._num_steps)
            if steps != self.plan.steps:
                self._take(replace(self.plan, steps=steps))
        return left <= 0

    def epoch_ended(self, epoch: int, iterations: int, validation: float) -> Stopped | None:
        """Plan anew with an epoch that is measured.

        Args:
            epoch: How many are complete.
            iterations: Steps that were trained of the whole run.
            validation: Seconds that validation took.

        Returns:
            Why training ends with this epoch; None where it does not, or was to end here anyway.
        """
        self._ended.append(self.elapsed())
        self._validation = validation
        self._first = validation if self._first is None else self._first
        if not self.plan.is_final:
            self._plan_anew(epoch, iterations)
        if epoch < self.plan.epochs or epoch == self.most_epochs:
            return None
        return self.stopped(epoch)

    def stopped(self, epoch: int, steps: int | None = None) -> Stopped:
        """What is recorded where training ends with an epoch, or after some of its steps."""
        inside = f", after {steps} of {self._num_steps} steps of it" if steps is not None else ""
        most = epoch if self.most_epochs == AS_MANY_AS_FIT else self.most_epochs
        return Stopped(TIME, epoch, most, why=f"no more fits into {self.time}{inside}")

    def as_json(self) -> dict[str, Any]:
        """The plan as a checkpoint has it."""
        return asdict(self.plan)

    def _plan_anew(self, epoch: int, iterations: int) -> None:
        taken = [after - before for before, after in zip(self._ended, self._ended[1:], strict=False)]
        # The first one of a session also traces, and fills what is kept of examples.
        lasting = max(1e-9, fmean(taken[1:][-_REMEMBERED:] or taken))
        fitting = self.chiefs(max(0.0, self._left()) / lasting)
        is_final = self.is_deterministic and (epoch >= _FIRST_EPOCHS or fitting < _FEW)
        more = int(_ROOM * fitting) if self.is_deterministic else int(fitting)
        planned = self.plan.epochs - epoch
        if not self.is_deterministic and more < planned <= fitting + _ENOUGH_OF_AN_EPOCH:
            more = planned
        epochs = min(self.most_epochs, epoch + more)
        if abs(epochs - self._told) > _WORTH_SAYING * self._told and epochs > epoch:
            self._tell(epochs)
        steps = iterations + (epochs - epoch) * self._num_steps
        self._take(Plan(self.time, epochs, steps, is_final=is_final))

    def _take(self, plan: Plan) -> None:
        self.plan = plan
        if self.length is not None:
            self.length.cover(plan.steps)

    def _left(self) -> float:
        """Seconds that are left for training, as the chief has it."""
        traced = 0.0 if self._first is None else max(0.0, self._first - self._validation)
        return self.chiefs(self.seconds - self.elapsed() - self.reserve(self._validation, traced))

    def _tell(self, epochs: int) -> None:
        self._told = epochs
        if epochs == self.most_epochs:
            fit = f"all {epochs} epochs fit"
        else:
            fit = f"about {epochs} epoch{'s' * (epochs != 1)} fit{'s' * (epochs == 1)}"
        self.say(f"time: {fit} into {self.time}")
