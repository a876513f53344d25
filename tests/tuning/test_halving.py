"""Halving: a trial is judged after each epoch by what the others had reached by the same one."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from bigmodel_cli.config.schema import AS_MANY_AS_FIT
from bigmodel_cli.tuning.halving import hopeless
from bigmodel_cli.tuning.journal import COMPLETED, FAILED, STOPPED, Journal, Metric
from bigmodel_cli.tuning.length import Length


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here has to outlive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def journal_of(path: Path, curves: Sequence[Sequence[float]], *, is_max: bool = False) -> Journal:
    """Trials that were completed with these scores by epoch, and one behind them that has begun."""
    journal = Journal(path / "journal.jsonl")
    journal.compare_by(Metric("val_accuracy" if is_max else "val_loss", is_max=is_max))
    for number, scores in enumerate(curves, 1):
        journal.begin(number, {}, ())
        for epoch, score in enumerate(scores, 1):
            journal.epoch(number, epoch, score)
        journal.end(number, COMPLETED, elapsed=1.0, score=scores[-1], epoch=len(scores))
    journal.begin(len(curves) + 1, {}, ())
    return journal


def judged(journal: Journal, scores: Sequence[float], num_epochs: int) -> str | None:
    """What is said of the last trial after the last of its epochs."""
    trial = journal.trials[len(journal.trials)]
    trial.scores = dict(enumerate(scores, 1))
    return hopeless(trial, journal, len(scores), num_epochs)


def test_the_best_go_on_ever_fewer_of_them(tmp_path: Path) -> None:
    # Scores of 1 to 9 in every epoch, so that k + 0.5 has k better ones.
    journal = journal_of(tmp_path, [[float(n)] * 10 for n in range(1, 10)])
    worst = {e: max(k for k in range(10) if judged(journal, [k + 0.5] * e, 10) is None) for e in range(1, 11)}
    # Fewer than 10 trials × 0.4 × what is left of the epochs; one that is better never ends anything.
    assert worst == {1: 3, 2: 3, 3: 2, 4: 2, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1, 10: 9}
    assert judged(journal, [4.5], 10) == "4 of 9 other trials were better after 1 epoch"
    assert judged(journal, [4.5, 4.5], 10) == "4 of 9 other trials were better after 2 epochs"


def test_one_bad_epoch_ends_nothing(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, [[0.9, 0.91, 0.92]] * 6, is_max=True)
    assert judged(journal, [0.93, 0.1], 3) is None
    assert judged(journal, [0.8, 0.85], 3) == "6 of 6 other trials were better after 2 epochs"


def test_the_first_three_trials_are_judged_by_nobody(tmp_path: Path) -> None:
    assert judged(journal_of(tmp_path, [[1.0], [1.0]]), [9.0], 4) is None
    assert judged(journal_of(tmp_path / "..", [[1.0], [1.0], [1.0]]), [9.0], 4) is not None


def test_the_start_of_a_long_trial_says_nothing(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, [[1.0] * 100] * 5)
    assert judged(journal, [9.0] * 4, 100) is None
    assert judged(journal, [9.0] * 5, 100) == "5 of 5 other trials were better after 5 epochs"


def test_trials_of_other_lengths_are_judged_at_the_same_epoch(tmp_path: Path) -> None:
    # Five that have had 2 epochs: what they came to counts later, what they had after 1 for the first.
    journal = journal_of(tmp_path, [[2.0, 1.0]] * 5)
    assert judged(journal, [1.5], 8) is None
    assert judged(journal, [1.5, 1.5, 1.5], 8) == "5 of 5 other trials were better after 3 epochs"
    assert judged(journal, [1.5, 1.5, 0.9], 8) is None
    # Those that were ended early themselves say nothing of what comes after.
    for trial in journal.trials.values():
        trial.status = STOPPED if trial.has_ended else trial.status
    assert judged(journal, [1.5, 1.5, 1.5], 8) is None


def test_where_a_time_is_the_limit_the_same_share_of_it_is_judged(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.compare_by(Metric("val_loss", is_max=False))
    limit = Length(AS_MANY_AS_FIT, "10 seconds")
    # Epochs of one second, of two, of three.
    for number, seconds in enumerate((1.0, 2.0, 3.0), 1):
        trial = journal.begin(number, {}, ())
        for epoch in range(1, int(10 / seconds)):
            share = limit.share_after(trial, epoch, seconds)
            assert share == pytest.approx(epoch * seconds / 10)
            journal.epoch(number, epoch, 1.0 / (epoch * seconds), share)
        journal.end(number, COMPLETED, elapsed=1.0, score=0.1, epoch=1)
    trial = journal.begin(4, {}, ())
    journal.epoch(4, 1, 0.6, limit.share_after(trial, 1, 2.5))
    # After a quarter of the time the others had 0.5, 0.5 and nothing yet.
    said = "2 of 3 other trials were better after 25% of the time"
    assert hopeless(trial, journal, 1, limit.epochs) == said
    journal.end(4, STOPPED, elapsed=1.0, score=0.6, epoch=1)
    assert limit.planned(trial) == 4
    assert limit.planned(journal.trials[1]) == 9
    # It is read again as it was.
    again = Journal(tmp_path / "journal.jsonl")
    assert again.trials == journal.trials
    trial = journal.begin(5, {}, ())
    journal.epoch(5, 1, 9.0, limit.share_after(trial, 1, 0.4))
    assert hopeless(trial, journal, 1, limit.epochs) is None, "the start says nothing"
    journal.epoch(5, 2, 9.0, limit.share_after(trial, 2, 9.6))
    assert hopeless(trial, journal, 2, limit.epochs) is None, "it is over"
    # Where epochs are said too, they are counted.
    assert Length(20, "10 seconds").share_after(trial, 1, 1.0) is None


def test_no_number_is_the_worst(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, [[1.0, 1.0]] * 4)
    assert judged(journal, [math.nan], 4) == "4 of 4 other trials were better after 1 epoch"
    for trial in journal.trials.values():
        trial.scores = {1: math.nan}
    assert judged(journal, [2.0], 4) is None


def test_trials_that_failed_before_an_epoch_say_nothing(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, [[1.0], [1.0]])
    journal.end(3, FAILED, elapsed=1.0, reason="memory ran out")
    journal.begin(4, {}, ())
    assert judged(journal, [9.0], 4) is None


@pytest.mark.slow
def test_the_best_is_kept_for_less_than_half_of_the_epochs(tmp_path: Path) -> None:
    """Thirty curves that cross: each falls to its own floor at its own speed, with noise."""
    kept, share = 0, []
    for seed in range(40):
        drawn = random.Random(seed)
        journal = Journal(tmp_path / f"{seed}.jsonl")
        journal.compare_by(Metric("val_loss", is_max=False))
        floors = [drawn.lognormvariate(0, 0.4) for _ in range(30)]
        for number, floor in enumerate(floors, 1):
            trial, speed = journal.begin(number, {}, ()), drawn.uniform(0.3, 0.8)
            for epoch in range(1, 21):
                score = floor + math.exp(-speed * epoch) * drawn.gauss(1, 0.2) + drawn.gauss(0, 0.02)
                journal.epoch(number, epoch, score)
                if hopeless(trial, journal, epoch, 20):
                    break
            status = COMPLETED if epoch == 20 else STOPPED
            journal.end(number, status, elapsed=1.0, score=min(trial.scores.values()), epoch=epoch)
        kept += floors[journal.ranked[0].number - 1] <= sorted(floors)[1]
        share.append(sum(len(trial.scores) for trial in journal.trials.values()) / 600)
    assert kept >= 36, kept
    assert sum(share) / len(share) < 0.45
