"""Which trials are hopeless: asynchronous successive halving (Li et al. 2020, algorithm 2).

Trials are judged at a few epochs, the rungs, each three times as far as the one before. One goes on if it is
among the best third of all trials that have reached that rung so far.
"""

from __future__ import annotations

from bigmodel_cli.tuning.journal import Journal, Trial

_FACTOR = 3
# Fewer trials than that say nothing about another one.
_FEWEST = 3


def rungs(num_epochs: int) -> list[int]:
    """The epochs after which trials of so many epochs are judged, in order.

    >>> rungs(20)
    [2, 6]
    """
    found = []
    epoch = num_epochs / _FACTOR
    while epoch >= 1:
        found.append(int(epoch))
        epoch /= _FACTOR
    return sorted(set(found))


def hopeless(trial: Trial, journal: Journal, epoch: int, num_epochs: int) -> str | None:
    """Why a trial ends after an epoch; None: it goes on.

    Args:
        trial: Which has a score of that epoch.
        journal: All of the search.
        epoch: The epoch, from 1.
        num_epochs: Epochs of the trial.
    """
    metric = journal.metric
    if metric is None or epoch not in rungs(num_epochs):
        return None

    def reached(one: Trial) -> float:
        return metric.best(score for at, score in one.scores.items() if at <= epoch)

    own = reached(trial)
    others = [reached(one) for one in journal.trials.values() if epoch in one.scores]
    if len(others) <= _FEWEST:
        return None
    better = sum(metric.is_better(other, own) for other in others)
    if better < max(1, len(others) // _FACTOR):
        return None
    return f"{better} of {len(others)} trials were better after {epoch} epoch{'s' * (epoch > 1)}"
