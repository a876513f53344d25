"""A small cross-validation in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from small_configs import trains_in_a_moment, written

from bigmodel_cli.config.schema import Fold
from bigmodel_cli.crossvalidation.crossval import Crossval, How
from bigmodel_cli.crossvalidation.folder import CrossvalFolder
from bigmodel_cli.crossvalidation.results import Results
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.workers.job import Told

CONFIG = (
    trains_in_a_moment(num_examples=151, learning_rate="3e-2", epochs=2)
    + """\
expect: {test_accuracy: ">= 0.2", macro.f1: ">= 0.999"}
"""
)


@dataclass
class Notes(Silent):
    """What a watcher was told."""

    lines: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    opening: tuple[int, int] | None = None

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        self.said.append(message)

    def opened(self, num_folds: int, num_done: int) -> None:
        self.opening = (num_folds, num_done)

    def began(self, fold: Fold, number: int) -> None:
        self.lines.append(f"began {fold.repeat}-{fold.number}")

    def told(self, fold: Fold, told: Told) -> None:
        pass

    def ended(self, fold: Fold, number: int) -> None:
        self.lines.append(f"ended {fold.repeat}-{fold.number}")


def write_config(folder: Path, text: str = CONFIG) -> Path:
    return written(folder, text)


def crossval(
    config: Path, folder: Path, *words: str, folds: int = 3, repeats: int = 1, how: How | None = None
) -> tuple[Results, Notes]:
    notes = Notes()
    results = Crossval(
        read_config(config, words), CrossvalFolder(folder), folds, repeats, notes, how or How()
    ).run()
    return results, notes


@dataclass(frozen=True)
class Done:
    config: Path
    folder: CrossvalFolder
    results: Results
    notes: Notes
