"""Between which values a score of an evaluation can be, known without Keras."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from bigmodel_cli.config.group_measures import BY, MEAN_ERROR, RATES, parts_of_group_path
from bigmodel_cli.config.losses_and_metrics import loss_facts, metric_facts
from bigmodel_cli.config.measures import DIRECTIONS, MEASURES, gate_about
from bigmodel_cli.config.naming import LOSS, named_metrics, of_target
from bigmodel_cli.config.schema import Experiment

# The smallest value and the largest one.
Range = tuple[float, float]
_SHARE: Range = (0.0, 1.0)
_NOT_NEGATIVE: Range = (0.0, math.inf)
_ANY: Range = (-math.inf, math.inf)
# Of what an evaluation measures all else is a share.
_OF_MEASURES: Mapping[str, Range] = {
    "log_loss": _NOT_NEGATIVE,
    # The squared distance of a distribution to a corner of the simplex.
    "brier_score": (0.0, 2.0),
    "mean_absolute_error": _NOT_NEGATIVE,
    "root_mean_squared_error": _NOT_NEGATIVE,
    "median_absolute_error": _NOT_NEGATIVE,
    "max_error": _NOT_NEGATIVE,
    "r2": (-math.inf, 1.0),
    MEAN_ERROR: _ANY,
}


def ranges_of(experiment: Experiment, names: Iterable[str]) -> dict[str, Range]:
    """Between which values each number of an evaluation can be; of what is not known all are possible.

    Args:
        experiment: Whose metrics users may have named.
        names: As `scoring.names.measures` has them: `accuracy`, `macro.f1`, `by.sex.recall.gap`.
    """
    own, targets = _of_config(experiment), experiment.targets
    return {name: own.get(name) or _of_measured(gate_about(name, targets)[1]) for name in names}


def _of_config(experiment: Experiment) -> dict[str, Range]:
    """Of the loss and the metrics of a config, by name."""
    losses = experiment.loss if isinstance(experiment.loss, Mapping) else {"": experiment.loss}
    # What regularises is added, and never negative.
    lows = {target: loss_facts(loss).low for target, loss in losses.items()}
    found = {of_target(target, LOSS) if target else LOSS: (low, math.inf) for target, low in lows.items()}
    if len(lows) > 1:
        found[LOSS] = _NOT_NEGATIVE if min(lows.values()) >= 0 else _ANY
    for name, metric in named_metrics(experiment.metrics).items():
        facts = metric_facts(metric)
        found[name] = (facts.low, facts.high)
    return found


def _of_measured(name: str) -> Range:
    """Of what is measured beside them, of one target."""
    if not name.startswith(f"{BY}."):
        return _of_measure(name)
    parts = parts_of_group_path(name)
    spread, measure = parts.get("spread"), parts.get("measure")
    if parts.get("fairness") or spread == "ratio":
        return _SHARE
    low, high = _ANY if measure is None else _of_measure(measure)
    return (0.0, high - low) if spread == "gap" else (low, high)


def _of_measure(name: str) -> Range:
    """`log_loss`, `macro.f1`, `per_class.recall.cat`."""
    within = name.split(".")
    measure = within[1] if len(within) > 1 else name
    is_known = measure in (*DIRECTIONS, *MEASURES, *RATES, *_OF_MEASURES)
    return _OF_MEASURES.get(measure, _SHARE) if is_known else _ANY
