"""The folder of a cross-validation: `crossvals/<name>/`, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.config.schema import Fold
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.whole_files import read_sealed


@dataclass(frozen=True)
class CrossvalFolder:
    """The folder of a cross-validation.

    Attributes:
        path: Where it is.
    """

    path: Path

    @property
    def record(self) -> Path:
        """What was asked for: the config as it was read, the number of folds, the data."""
        return self.path / "crossval.json"

    @property
    def code(self) -> Path:
        """Copies of the Python files that its config names."""
        return self.path / "code"

    @property
    def lock(self) -> Path:
        """Held by the process that cross-validates."""
        return self.path / ".lock"

    @property
    def log(self) -> Path:
        """What libraries print in workers."""
        return self.path / "workers.log"

    @property
    def results(self) -> Path:
        """Scores of each fold, their means, and the evaluation of all predictions."""
        return self.path / "results.json"

    @property
    def predictions(self) -> Path:
        """Label and out-of-fold prediction of each example."""
        return self.path / "out_of_fold.csv"

    @property
    def samples(self) -> Path:
        """Examples that tell most, with thumbnails."""
        return self.path / "samples.json"

    @property
    def label_problems(self) -> Path:
        """Labels that may be wrong."""
        return self.path / "label_problems.json"

    @property
    def page(self) -> Path:
        return self.path / "crossval.html"

    @property
    def has_runs(self) -> bool:
        """Whether any fold has come to a run."""
        return any(self.path.glob("folds/*/run.json"))

    def config(self, fold: Fold) -> Path:
        """The config of a fold."""
        return self.path / "configs" / f"{_name(fold)}.yaml"

    def run(self, fold: Fold) -> RunFolder:
        """The run of a fold."""
        return RunFolder(self.path / "folds" / _name(fold))


def read_label_problems_of(folder: Path) -> dict[str, Any] | None:
    """What a cross-validation has found of wrong labels; None where there is no complete one.

    Args:
        folder: `crossvals/<name>`.

    Raises:
        DataError: If it is damaged.
    """
    path = CrossvalFolder(folder).label_problems
    return read_sealed(path) if path.is_file() else None


def _name(fold: Fold) -> str:
    """`1-03`: the repeat, and the fold in it."""
    return f"{fold.repeat}-{fold.number:02d}"
