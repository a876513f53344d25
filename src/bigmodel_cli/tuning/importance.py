"""How much each searched key has decided.

With the extra `tune`: how far the best quarter of all trials differs from the rest in a key (PED-ANOVA,
Watanabe et al. 2023, as Optuna has it, keys inside of choices included). Without: how much of the variance of
the trials' ranks a key explains by itself (epsilon squared, Kelley 1935, which is 0 on average where a key
decides nothing). Both go by ranks, so that one trial that went wrong altogether decides nothing.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean

from bigmodel_cli.config.space import Choice, Dimension, Space, Value
from bigmodel_cli.tuning.journal import COMPLETED, Journal, Trial
from bigmodel_cli.tuning.studies import frozen, has_optuna, optuna

# Fewer trials than that say nothing, fewer than these little.
_FEWEST, _FEW = 10, 30
# The best trials are this share of all, and at least so many.
_BEST_SHARE, _FEWEST_BEST = 0.25, 5
# Into so many parts is a range of numbers cut.
_PARTS = 4


def importance(space: Space, journal: Journal) -> list[tuple[str, float]]:
    """The share of each key in what decided which trials did well, the largest first.

    Args:
        space: What is searched.
        journal: Of the search.

    Returns:
        Names of dimensions with shares, which add up to 1, or are all 0 where nothing shows; nothing at all
        for fewer than 10 trials with a score.
    """
    ranked = _ranked(journal)
    if len(ranked) < _FEWEST:
        return []
    dimensions = {one.name: one for one in space.all() if _differs(one.name, ranked)}
    found = _by_best(ranked, dimensions) if has_optuna() else _by_variance(ranked, dimensions)
    total = sum(found.values())
    shares = {name: value / total if total > 0 else 0.0 for name, value in found.items()}
    rest = [one.name for one in space.all() if one.name not in shares]
    return sorted([*shares.items(), *((name, 0.0) for name in rest)], key=lambda pair: -pair[1])


def how_found(journal: Journal) -> str:
    """How `importance` was found and how far it can be trusted, in a sentence."""
    number = len(_ranked(journal))
    if number < _FEWEST:
        return f"which keys decide cannot be told from {number} trials; {_FEWEST} are needed"
    by = "PED-ANOVA" if has_optuna() else "variance of ranks explained by each key alone"
    few = "; so few trials tell it roughly" if number < _FEW else ""
    return f"importance over {number} trials ({by}{few})"


def _ranked(journal: Journal) -> list[Trial]:
    """Trials with a score, the best first; those that were ended early come behind, the earliest last."""
    return sorted(journal.ranked, key=lambda trial: (trial.status != COMPLETED, -_reach(trial)))


def _reach(trial: Trial) -> int:
    """How far a trial came, where that says how good it was."""
    return 0 if trial.status == COMPLETED else len(trial.scores)


def _differs(name: str, trials: Sequence[Trial]) -> bool:
    return len({trial.point[name] for trial in trials if name in trial.point}) > 1


def _by_best(ranked: Sequence[Trial], dimensions: Mapping[str, Dimension]) -> dict[str, float]:
    library = optuna()
    quantile = min(0.5, max(_BEST_SHARE, _FEWEST_BEST / len(ranked)))
    study = library.create_study(direction="minimize")
    for rank, trial in enumerate(ranked):
        study.add_trial(frozen(trial.point, dimensions, state="COMPLETE", value=float(rank)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator = library.importance.PedAnovaImportanceEvaluator(target_quantile=quantile)
        return {name: float(value) for name, value in evaluator.evaluate(study).items()}


def _by_variance(ranked: Sequence[Trial], dimensions: Mapping[str, Dimension]) -> dict[str, float]:
    found = {}
    for name, dimension in dimensions.items():
        # A key inside of an option says something of those trials alone that have it.
        having = [(rank, trial.point[name]) for rank, trial in enumerate(ranked) if name in trial.point]
        found[name] = _epsilon_squared(_groups(having, dimension)) * len(having) / len(ranked)
    return found


def _groups(having: Sequence[tuple[int, Value]], dimension: Dimension) -> list[list[int]]:
    """Ranks of trials that have the same option, or numbers of the same part of their range."""
    if isinstance(dimension.of, Choice):
        by_option: dict[Value, list[int]] = defaultdict(list)
        for rank, value in having:
            by_option[value].append(rank)
        return list(by_option.values())
    ranks = [rank for rank, _ in sorted(having, key=lambda pair: pair[1])]
    ends = [len(ranks) * n // _PARTS for n in range(_PARTS + 1)]
    return [ranks[low:high] for low, high in pairwise(ends) if high > low]


def _epsilon_squared(groups: Sequence[Sequence[int]]) -> float:
    """The share of variance between groups, less what chance makes of it; at least 0."""
    everything = [rank for group in groups for rank in group]
    free = len(everything) - len(groups)
    if free < 1 or len(groups) < 2:
        return 0.0
    mean = fmean(everything)
    total = sum((rank - mean) ** 2 for rank in everything)
    within = sum((rank - fmean(group)) ** 2 for group in groups for rank in group)
    return max(0.0, (total - within - (len(groups) - 1) * within / free) / total) if total else 0.0
