"""What only a measurement can decide; the trial steps leave no trace.

What a trial costs is estimated from what the first candidate took; `worth` tells what it may gain.
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import ConfigError, UsageError
from bigmodel_cli.modeling.backend import import_tensorflow, is_out_of_memory
from bigmodel_cli.training.candidate import Candidate
from bigmodel_cli.training.plan import ExecutionPlan, Trial
from bigmodel_cli.training.snapshot import no_trace
from bigmodel_cli.training.steps import TrainingSteps
from bigmodel_cli.training.worth import Worth, name_of_change, remember

# A call into TensorFlow should be long enough for its overhead not to count, and short enough for the
# display and for Ctrl-C.
SECONDS_PER_EXECUTION = 0.25
TRIAL_STEPS = 8
# What XLA takes to compile a step, and what more of it for each second that Keras takes to trace it: nine
# shipped configs, from a dense network (1.1 s, 0.16 s of tracing) to four layers of attention (6.3 s, 3.2 s).
COMPILING_SECONDS, COMPILING_PER_TRACING = 1.5, 2
# Less than this is noise.
MIN_GAIN = 0.05
_MAX_REASON = 200
_EMPTY = "Graph execution error:"
_UNSUPPORTED = re.compile(r"unsupported operations when .*?: (\w+)")
_WITHOUT_XLA: Mapping[str, Any] = {"jit_compile": False}
_OWN_CODE = Path(__file__).parents[1]


def choose_fastest(
    make: Callable[[ExecutionPlan], Candidate],
    plan: ExecutionPlan,
    changes: Sequence[Mapping[str, Any]],
    total_steps: int,
    most_seconds: float | None = None,
) -> Candidate:
    """The candidate whose steps take the least time, its plan with a number of steps per execution.

    Args:
        make: Makes a candidate; the weights of all of them begin alike.
        plan: The first one's; it stays where nothing else is faster by `MIN_GAIN`, or worth a trial.
        changes: To the plan; each is tried on top of the best before it.
        total_steps: Training steps of the whole run.
        most_seconds: How long the run may take; None: as long as these steps do.

    Raises:
        UsageError: If XLA is asked for and cannot compile the model.
    """
    best = make(plan)
    if not (changes or plan.jit_compile) and plan.steps_per_execution is not None:
        return best
    trials: list[Trial] = []
    try:
        seconds = step_seconds(best.training)
    except Exception as error:
        _require_way_without_xla(error, plan, changes)
        trials.append(_trial(plan, reason=_reason(error)))
        best = make(replace(plan, **_WITHOUT_XLA))
        seconds = step_seconds(best.training)
    trials.append(_trial(best.plan, seconds))
    standing = len(trials) - 1
    worth, shown = Worth.of(best.built.model), []
    for change in changes:
        changed = replace(best.plan, **change)
        if changed == best.plan:
            continue
        name = name_of_change(best.plan, changed)
        expected = worth.expected_share(name)
        lasting = total_steps * seconds
        gain = expected * (lasting if most_seconds is None else min(lasting, most_seconds))
        needed = _cost(best, changed, seconds)
        if needed > gain:
            reason = f"trying it takes about {needed:.1f} s, and is expected to save {gain:.1f} s"
            trials.append(_trial(changed, reason=reason, expected=expected))
            continue
        candidate, found, seconds, failure = _tried(make, changed, best, seconds)
        trials[standing] = replace(trials[standing], milliseconds=1000 * seconds)
        trials.append(_trial(changed, found, reason=failure, expected=expected))
        shown.append(worth.shows(name, 0.0 if found is None else 1 - found / seconds))
        if candidate is not None and found is not None and found < (1 - MIN_GAIN) * seconds:
            best, seconds, standing = candidate, found, len(trials) - 1
    remember(shown)
    steps = best.plan.steps_per_execution or steps_per_execution(best.training, seconds)
    return replace(best, plan=replace(best.plan, steps_per_execution=steps, trials=tuple(trials)))


def _tried(
    make: Callable[[ExecutionPlan], Candidate], plan: ExecutionPlan, best: Candidate, seconds: float
) -> tuple[Candidate | None, float | None, float, str | None]:
    """A candidate beside the best one so far, whose steps took some seconds.

    Returns:
        The candidate, seconds of its steps and of the best one's; where it cannot be executed None, None, and
        the reason last.
    """
    try:
        candidate = make(plan)
        found = step_seconds(candidate.training)
        if seconds < SECONDS_PER_EXECUTION:
            # Once more in turn: other work on the machine comes and goes.
            seconds = min(seconds, step_seconds(best.training))
            found = min(found, step_seconds(candidate.training))
    except Exception as error:
        if not _cannot_be_executed(error):
            raise
        return None, None, seconds, _reason(error)
    return candidate, found, seconds, None


def _cannot_be_executed(error: Exception) -> bool:
    """Whether Keras or TensorFlow refuse a plan; bad data and mistakes of ours are something else."""
    if isinstance(error, ConfigError | MemoryError | import_tensorflow().errors.OpError):
        return True
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    is_ours = Path(last).is_relative_to(_OWN_CODE)
    return isinstance(error, TypeError | ValueError | NotImplementedError) and not is_ours


def _require_way_without_xla(
    error: Exception, plan: ExecutionPlan, changes: Sequence[Mapping[str, Any]]
) -> None:
    """Go on only where it may be XLA that cannot execute the plan, and the config does not insist on it.

    Raises:
        UsageError: If it insists.
        Exception: The error itself, where XLA has no part in it.
    """
    if not plan.jit_compile or is_out_of_memory(error) or not _cannot_be_executed(error):
        raise error
    if _WITHOUT_XLA not in changes:
        raise UsageError(
            f"training.jit_compile: XLA cannot compile this model: {_reason(error)}",
            hint="write training.jit_compile=false, or auto",
        ) from error


def _trial(
    plan: ExecutionPlan,
    seconds: float | None = None,
    *,
    reason: str | None = None,
    expected: float | None = None,
) -> Trial:
    milliseconds = None if seconds is None else 1000 * seconds
    return Trial(plan.precision, plan.jit_compile, milliseconds, reason, expected)


def _reason(error: Exception) -> str:
    """What stands in the way, in a line; XLA's errors begin with where."""
    if unsupported := _UNSUPPORTED.search(str(error)):
        return f"{unsupported[1]} is an operation that XLA lacks"
    lines = [line for line in str(error).splitlines() if line.strip() and line != _EMPTY]
    return cut((lines or [type(error).__name__])[0], _MAX_REASON)


def _cost(best: Candidate, changed: ExecutionPlan, seconds: float) -> float:
    """Seconds that it probably takes to make a changed candidate and to measure its steps."""
    compiling = (
        COMPILING_SECONDS + COMPILING_PER_TRACING * best.tracing_seconds if changed.jit_compile else 0.0
    )
    # XLA compiles for each length anew.
    compiling *= best.training.feed.num_lengths
    num_steps = 2 + 2 * TRIAL_STEPS if _is_quick(seconds) else 2
    num_times = 3 if seconds < SECONDS_PER_EXECUTION else 1
    return best.making_seconds + compiling + num_times * num_steps * seconds


def steps_per_execution(training: TrainingSteps, seconds: float) -> int:
    """Training steps that fill about `SECONDS_PER_EXECUTION`, if one takes so many seconds."""
    feed = training.feed
    return max(1, min(int(SECONDS_PER_EXECUTION / seconds), feed.num_batches(), feed.max_batches()))


def step_seconds(training: TrainingSteps) -> float:
    """Seconds per training step, measured on the first batches."""
    feed = training.feed
    order = np.arange(len(feed.examples))

    def measured(num_steps: int) -> float:
        chunk = feed.chunk(feed.rows(order, 0, num_steps))
        began = time.perf_counter()
        training.run(chunk)
        training.measures.results()
        return (time.perf_counter() - began) / num_steps

    with no_trace(training):
        measured(1)  # compiles
        # All processes go on alike.
        seconds = training.distribution.chiefs(measured(1))
        num_steps = min(TRIAL_STEPS, feed.num_batches() - 1, feed.max_batches())
        if _is_quick(seconds) and num_steps > 1:
            seconds = training.distribution.chiefs(min(measured(num_steps), measured(num_steps)))
    return seconds


def _is_quick(seconds: float) -> bool:
    return seconds * TRIAL_STEPS < SECONDS_PER_EXECUTION
