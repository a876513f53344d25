"""A small search: made, or searched in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from small_configs import trains_in_a_moment, written

from bigmodel_cli.modeling.language import read_searched
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.identity import TRIALS, identity
from bigmodel_cli.tuning.journal import COMPLETED, FAILED, STOPPED, Journal, Metric, Trial
from bigmodel_cli.tuning.samplers.random import RandomSampler
from bigmodel_cli.tuning.search import Search
from bigmodel_cli.whole_files import write_sealed
from bigmodel_cli.workers.job import Told

CONFIG = (
    trains_in_a_moment(num_examples=600, learning_rate="1e-2", epochs=3)
    + """\
tune:
  trials: 4
  keep: 2
  search: random
  space:
    optimizer.Adam.learning_rate: {log: [1e-4, 1e-1]}
    model.0.Dense.units: {integer: [4, 32], log: true}
    model.1: {choice: [{Dropout: {rate: {uniform: [0, 0.5]}}}, null]}
"""
)


@dataclass
class Notes:
    """What a watcher was told."""

    lines: list[str] = field(default_factory=list)

    def opened(self, journal: Journal) -> None:
        pass

    def began(self, trial: Trial) -> None:
        self.lines.append(f"began {trial.number}")

    def told(self, trial: Trial, told: Told) -> None:
        pass

    def ended(self, trial: Trial) -> None:
        self.lines.append(f"ended {trial.number}")

    def concluding(self, trial: Trial) -> None:
        self.lines.append(f"concluding {trial.number}")


def write_config(folder: Path, text: str = CONFIG) -> Path:
    return written(folder, text)


def search(config: Path, folder: Path, *words: str, workers: int = 1) -> tuple[Journal, Notes]:
    notes = Notes()
    searched = read_searched(config, words)
    return Search(searched, SearchFolder(folder), notes, workers).run(), notes


def events(folder: Path) -> list[dict[str, Any]]:
    """The journal without what a clock says."""
    lines = (folder / "journal.jsonl").read_text().splitlines()
    return [
        {key: value for key, value in json.loads(line).items() if key not in ("elapsed", "seconds")}
        for line in lines
    ]


@dataclass(frozen=True)
class Done:
    config: Path
    folder: Path
    journal: Journal
    notes: Notes


def made(
    folder: Path, *words: str, scores: dict[int, tuple[float, ...]], failed: dict[int, str] | None = None
) -> SearchFolder:
    """The folder of a search whose trials have ended, without training: what `runs` and pages read.

    Args:
        folder: Its parent; the config is beside it.
        words: Of the command line.
        scores: Of each trial's epochs, by number; of three epochs, so that those with fewer ended early.
        failed: Why others failed.
    """
    searched = read_searched(write_config(folder), words)
    found = SearchFolder(folder / "tunes" / "small")
    found.path.mkdir(parents=True)
    write_sealed(found.record, {**identity(searched), TRIALS: searched.tune.trials})
    journal = Journal(found.journal)
    journal.compare_by(Metric("val_accuracy", is_max=True))
    sampler = RandomSampler(searched.space, 0)
    for number in sorted({**scores, **(failed or {})}):
        point = sampler.draw(number, journal)
        journal.begin(number, point, searched.words(point))
        if failed and number in failed:
            journal.end(number, FAILED, elapsed=2.0 * number, reason=failed[number], kind="ResourceError")
            continue
        for epoch, score in enumerate(scores[number], 1):
            journal.epoch(number, epoch, score)
        best, is_whole = max(scores[number]), len(scores[number]) == 3
        journal.end(
            number,
            COMPLETED if is_whole else STOPPED,
            elapsed=2.0 * number,
            score=best,
            epoch=scores[number].index(best) + 1,
            reason=None if is_whole else "2 of 4 trials were better after 1 epoch",
            seconds=1.5,
        )
    found.best.write_text("# The best of some trials\n")
    return found
