"""Which trials are hopeless: successive halving, judged after each epoch rather than at a few of them.

After a share of its epochs a trial goes on if it is among the best of all trials so far, by the best score
that each had reached by that same epoch: among the best 40 % at the beginning, among fewer and fewer later.
Asynchronous successive halving (Li et al. 2020) judges at epochs 1, 3, 9 … alone, where a third goes on;
docs/design.md has what either kept of the best trials. Where a limit of time says how many epochs there are,
the same share of that time takes the place of the same epoch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bigmodel_cli.tuning.journal import COMPLETED, Journal, Metric, Trial

# Of all trials this share goes on at the beginning.
_FIRST_SHARE = 0.4
# Fewer trials than that say nothing about another one.
_FEWEST = 3
# By fewer better ones none is ended: which of two good ones is better, chance decides.
_FEWEST_BETTER = 2
# Before this share of its epochs, what a trial does is mostly its start.
_START = 0.05


def hopeless(trial: Trial, journal: Journal, epoch: int, num_epochs: int) -> str | None:
    """Why a trial ends after an epoch; None: it goes on.

    Args:
        trial: Which has a score of that epoch.
        journal: All of the search.
        epoch: The epoch, from 1. Trials of other lengths are judged at the same epoch, those that were
            complete before it by the best that they came to.
        num_epochs: Epochs of the trial.
    """
    metric, of_time = journal.metric, trial.shares.get(epoch)
    done = epoch / num_epochs if of_time is None else of_time
    if metric is None or not _START <= done < 1:
        return None
    until: float = epoch if of_time is None else of_time
    own = _reached(trial, until, metric)
    others = [one for one in journal.trials.values() if one is not trial and one.scores]
    if len(others) < _FEWEST:
        return None
    scores = [_reached(one, until, metric) for one in others if _is_as_far(one, until)]
    better = sum(score is not None and (own is None or metric.is_better(score, own)) for score in scores)
    share = _FIRST_SHARE * (1 - done)
    if better < max(_FEWEST_BETTER, share * (len(others) + 1)):
        return None
    when = f"{epoch} epoch{'s' * (epoch > 1)}" if of_time is None else f"{of_time:.0%} of the time"
    return f"{better} of {len(others)} other trials were better after {when}"


def _is_as_far(trial: Trial, until: float) -> bool:
    return trial.status == COMPLETED or any(at >= until for at, _ in _course(trial))


def _reached(trial: Trial, until: float, metric: Metric) -> float | None:
    """The best score until an epoch, or a share of the time; None where there is no number."""
    scores = [score for at, score in _course(trial) if at <= until and not math.isnan(score)]
    return metric.best(scores) if scores else None


def _course(trial: Trial) -> Iterator[tuple[float, float]]:
    """The scores of a trial by epoch, or by the share of its time."""
    return ((trial.shares.get(epoch, epoch), score) for epoch, score in trial.scores.items())
