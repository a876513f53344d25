"""A search as Optuna knows one: a study in memory, made of the journal each time that it is asked.

Nothing of Optuna is kept, so nothing in it can be stale: a trial that was cut off is running for as long as
the journal says so, and what is drawn follows from the journal alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bigmodel_cli.config.space import Choice, Dimension, Point, Range, Space, Value
from bigmodel_cli.tuning.journal import COMPLETED, RUNNING, Journal, Trial

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as OptunaTrial

EXTRA_HINT = "pip install 'bigmodel-cli[tune]'"


def has_optuna() -> bool:
    """Whether the extra `tune` is installed."""
    import importlib.util

    return importlib.util.find_spec("optuna") is not None


def optuna() -> Any:
    """The library, silent: what it says is for who writes programs with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def distribution(dimension: Dimension) -> BaseDistribution:
    """How Optuna has a dimension. Steps and options are counted, so that only whole numbers are drawn."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    of = dimension.of
    if isinstance(of, Choice):
        if of.is_ordered:
            return IntDistribution(0, len(of.options) - 1)
        return CategoricalDistribution(tuple(range(len(of.options))))
    if of.step is not None:
        return IntDistribution(0, len(of.grid() or ()) - 1)
    if of.is_integer:
        return IntDistribution(int(of.low), int(of.high), log=of.is_log)
    return FloatDistribution(float(of.low), float(of.high), log=of.is_log)


def suggest(trial: OptunaTrial, dimension: Dimension) -> Value:
    """Have Optuna draw a dimension.

    Returns:
        What a point has of it.
    """
    from optuna.distributions import CategoricalDistribution, IntDistribution

    name, of, own = dimension.name, dimension.of, distribution(dimension)
    if isinstance(own, CategoricalDistribution):
        return int(trial.suggest_categorical(name, own.choices))
    if isinstance(own, IntDistribution):
        drawn: Value = trial.suggest_int(name, own.low, own.high, log=own.log)
    else:
        drawn = trial.suggest_float(name, own.low, own.high, log=own.log)
    if isinstance(of, Choice):
        return drawn
    return of.nearest(drawn if of.step is None else of.low + drawn * of.step)


def _to_optuna(dimension: Dimension, value: Value) -> Value:
    """What was drawn, in the numbers of `distribution`."""
    of = dimension.of
    if isinstance(of, Range) and of.step is not None:
        return round((value - of.low) / of.step)
    return value


def study_of(journal: Journal, space: Space, sampler: BaseSampler | None = None) -> Study:
    """A study that knows what a journal does.

    Args:
        journal: Of the search.
        space: What is searched.
        sampler: Which draws from it.
    """
    library = optuna()
    direction = "maximize" if journal.metric is not None and journal.metric.is_max else "minimize"
    study = library.create_study(sampler=sampler, direction=direction)
    dimensions = {dimension.name: dimension for dimension in space.all()}
    for trial in journal.trials.values():
        study.add_trial(_frozen(trial, dimensions))
    return study


def _frozen(trial: Trial, dimensions: Mapping[str, Dimension]) -> FrozenTrial:
    """A trial as Optuna has it.

    One that failed is no reason to try the like again, but Optuna passes over trials that it knows as failed;
    so it is one that was ended before its first epoch, which is worse than all others.
    """
    if trial.status == COMPLETED:
        return frozen(trial.point, dimensions, state="COMPLETE", value=trial.score)
    state = "RUNNING" if trial.status == RUNNING else "PRUNED"
    return frozen(trial.point, dimensions, state=state, scores={} if trial.failed else trial.scores)


def frozen(
    point: Point,
    dimensions: Mapping[str, Dimension],
    *,
    state: str,
    value: float | None = None,
    scores: Mapping[int, float] = MappingProxyType({}),
) -> FrozenTrial:
    """A point and what it came to as Optuna has them.

    Args:
        point: What was drawn.
        dimensions: Of the space, by name.
        state: The name of one of Optuna's states.
        value: The score; None where it has not come to one.
        scores: After each epoch, from 1.
    """
    from optuna.trial import TrialState, create_trial

    own = {name: dimensions[name] for name in point if name in dimensions}
    return create_trial(
        state=TrialState[state],
        value=value,
        params={name: _to_optuna(one, point[name]) for name, one in own.items()},
        distributions={name: distribution(one) for name, one in own.items()},
        intermediate_values=dict(scores),
    )
