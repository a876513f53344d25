"""What rules of ending trials early keep and cost, replayed on the curves of random full trials.

    python benchmarks/tuning.py digits_tune --work /tmp/tuning
    python benchmarks/early_ends.py /tmp/tuning/digits_tune_random [--draws 400]

Thirty trials are drawn again and again, in any order, and each is told epoch by epoch to the rule. Kept is
the best of the thirty where it was trained to its end; the excess is by how much the score that a search
would have come to is worse than that. Nothing here samples: what is drawn by what earlier trials came to is
better, so that more of it goes on than of these.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bigmodel_cli.tuning import halving
from bigmodel_cli.tuning.journal import COMPLETED, STOPPED, Journal, Trial

Rule = Callable[[Trial, Journal, int, int], bool]


class InMemory(Journal):
    """A journal that is written nowhere."""

    def __init__(self) -> None:
        super().__init__(Path("no such file"))

    def _add(self, event: Mapping[str, Any]) -> None:
        self._count(event)


def ours(first_share: float) -> Rule:
    """Judged after each epoch; the share that goes on falls in a line from the first one."""

    def ends(trial: Trial, journal: Journal, epoch: int, num_epochs: int) -> bool:
        halving._FIRST_SHARE = first_share  # type: ignore[misc]
        return halving.hopeless(trial, journal, epoch, num_epochs) is not None

    return ends


def asynchronous_halving(factor: int) -> Rule:
    """Judged at epochs 1, factor, factor² …: one of `factor` goes on (Li et al. 2020)."""

    def ends(trial: Trial, journal: Journal, epoch: int, num_epochs: int) -> bool:
        rungs = [factor**n for n in range(20) if factor**n < num_epochs]
        if epoch not in rungs:
            return False
        sign = -1 if journal.metric.is_max else 1
        best = {
            one.number: min(sign * score for at, score in one.scores.items() if at <= epoch)
            for one in journal.trials.values()
            if epoch in one.scores
        }
        place = sum(score < best[trial.number] for score in best.values())
        return place >= max(1, len(best) // factor)

    return ends


RULES = {
    **{f"a line from {share}": ours(share) for share in (0.5, 0.4, 0.33)},
    **{f"asynchronous halving by {factor}": asynchronous_halving(factor) for factor in (2, 3)},
}


def replay(curves: list[Trial], source: Journal, ends: Rule) -> tuple[bool, float, float]:
    """Whether the best was kept, what share of the epochs was trained, and the excess."""
    journal = InMemory()
    journal.metric = source.metric
    sign = -1 if source.metric.is_max else 1
    for number, curve in enumerate(curves, 1):
        trial, status = journal.begin(number, {}, ()), COMPLETED
        for epoch, score in curve.scores.items():
            journal.epoch(number, epoch, score)
            if epoch < len(curve.scores) and ends(trial, journal, epoch, len(curve.scores)):
                status = STOPPED
                break
        journal.end(number, status, elapsed=0.0, score=journal.metric.best(trial.scores.values()), epoch=1)
    scores = [sign * curve.score for curve in curves]
    best = scores.index(min(scores)) + 1
    trained = sum(len(trial.scores) for trial in journal.trials.values())
    found = sign * journal.ranked[0].score
    excess = (found - min(scores)) / abs(min(scores))
    kept = journal.trials[best].status == COMPLETED
    return kept, trained / sum(len(curve.scores) for curve in curves), excess


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("search", type=Path, help="the folder of a search without early ends")
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--trials", type=int, default=30)
    asked = parser.parse_args()
    source = Journal(asked.search / "journal.jsonl", is_ours=False)
    curves = [trial for trial in source.trials.values() if trial.status == COMPLETED]
    print(f"{asked.trials} of {len(curves)} trials of {len(curves[0].scores)} epochs, {asked.draws} draws")
    for name, ends in RULES.items():
        drawn = random.Random(0)
        found = [replay(drawn.sample(curves, asked.trials), source, ends) for _ in range(asked.draws)]
        kept, trained, excess = zip(*found, strict=True)
        print(
            f"{name}: kept the best in {statistics.mean(kept):.0%} for {statistics.mean(trained):.2f} of the "
            f"epochs, excess {statistics.mean(excess):.1%}"
        )


if __name__ == "__main__":
    main()
