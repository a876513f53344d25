"""What the runs of folds predicted, put together: a row for each example in each repeat."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.config.naming import named
from bigmodel_cli.config.schema import Fold
from bigmodel_cli.crossvalidation.folder import CrossvalFolder
from bigmodel_cli.crossvalidation.plan import Plan
from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.evaluation_parts import KNOWN
from bigmodel_cli.inference.opened import OpenRun, open_folder
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.scoring.rule import AS_IT_IS
from bigmodel_cli.tasks.scores import Scored, Scoring
from bigmodel_cli.tasks.task import Task
from bigmodel_cli.whole_files import read_sealed, write_whole

# The columns before those that predictions_test.csv has: the place among the source's training examples, from
# 0, and what the example is called.
_FIRST = ("place", "example", "repeat", "fold")


@dataclass(frozen=True)
class OutOfFold:
    """What was predicted of each example by models that have not learned from it, of one target.

    Attributes:
        task: What is predicted; `task.label_names` are the classes in index order, None of numbers.
        places: The examples' places in the training part of the config's source, int64 of shape (n,), in
            order, each once; of folds in time the first ones lack, and so do examples without the target.
        names: What a person calls them: a path, or `train[17]`.
        labels: int64 class indices of shape (n,), float32 numbers (n, …), or 0 and 1 for each label.
        values: float32; of classes probabilities of shape (n, classes), of numbers the predicted ones, of
            labels the probability of each; the mean over repeats.
    """

    task: Task
    places: np.ndarray
    names: list[str]
    labels: np.ndarray
    values: np.ndarray


def out_of_fold(folder: Path) -> dict[str, OutOfFold]:
    """The out-of-fold predictions of a complete cross-validation, by target.

    Args:
        folder: `crossvals/<name>`.

    Raises:
        UsageError: If there is no complete cross-validation.
        DataError: If a piece of it is missing or damaged.
    """
    where = CrossvalFolder(folder)
    if not where.results.is_file() or not where.predictions.is_file():
        raise UsageError(
            f"{folder}: no complete cross-validation", hint="go on with it: bigmodel crossval CONFIG"
        )
    first = Fold(number=1, of=read_sealed(where.results)["folds"])
    return out_of_fold_in(open_folder(where.run(first)), read_cells(where.predictions))


def out_of_fold_in(opened: OpenRun, cells: Mapping[str, list[str]]) -> dict[str, OutOfFold]:
    """The out-of-fold predictions by target.

    Args:
        opened: The run of any fold.
        cells: As `read_cells` gives them.
    """
    targets = opened.signature.targets
    return {name: _of_target(name, task, len(targets) == 1, cells) for name, task in targets.items()}


def _of_target(name: str, task: Task, is_single: bool, cells: Mapping[str, list[str]]) -> OutOfFold:
    rows = RowsOf.of(cells, "" if is_single else name)
    scored = part_of(task, Scoring).scored_again(rows.column, AS_IT_IS, seed=0)
    places, first, inverse, counts = np.unique(
        rows.places, return_index=True, return_inverse=True, return_counts=True
    )
    sums = np.zeros((len(places), *scored.values.shape[1:]))
    np.add.at(sums, inverse.reshape(-1), scored.values)
    means = sums / counts.reshape(-1, *[1] * (sums.ndim - 1))
    examples = rows.column("example")
    names = [examples[row] for row in first.tolist()]
    return OutOfFold(task, places, names, scored.labels[first], means.astype(np.float32))


def write_predictions(folder: CrossvalFolder, plan: Plan) -> None:
    """Write out_of_fold.csv: the rows of all folds, by repeat in the order of the examples.

    Raises:
        DataError: If the data is not what the runs were trained with, or a file is missing or damaged.
    """
    write_whole(folder.predictions, lambda path: _write(path, folder, plan))


def _write(path: Path, folder: CrossvalFolder, plan: Plan) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for repeat in range(1, plan.num_repeats + 1):
            rows: list[tuple[int, list[Any]]] = []
            for fold in plan.folds():
                if fold.repeat == repeat:
                    header, found = _rows_of(folder.run(fold), fold, plan)
                    rows += found
            if repeat == 1:
                file.write(csv_row([*_FIRST, *header]))
            for place, cells in sorted(rows, key=lambda row: row[0]):
                file.write(csv_row([place, *cells]))


def _rows_of(run: RunFolder, fold: Fold, plan: Plan) -> tuple[list[str], list[tuple[int, list[Any]]]]:
    """The columns of a fold's predictions behind the example, and its rows by the examples' places."""
    with run.intact(run.predictions("test")).open(encoding="utf-8", newline="") as file:
        header, *written = list(csv.reader(file))
    held_out, rows = plan.places(fold), []
    examples = plan.examples
    left = iter(held_out.tolist())
    for name, *cells in written:
        # Files that could not be read were left out.
        place = next((place for place in left if _written(examples.name(place)) == name), None)
        if place is None:
            raise DataError(
                f"{run.title}: {name} is not in the fold as the data is now",
                hint="bring the data back, or remove the folder and begin anew",
            )
        rows.append((place, [name, fold.repeat, fold.number, *cells]))
    return header[1:], rows


def _written(name: str) -> str:
    """A name as a row of CSV has it."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def read_cells(path: Path) -> dict[str, list[str]]:
    """The columns of out_of_fold.csv.

    Raises:
        DataError: If it is damaged.
    """
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    if any(len(row) != len(header) for row in rows):
        raise DataError(f"{path}: damaged", hint="the same command writes it anew")
    return {name: [row[place] for row in rows] for place, name in enumerate(header)}


@dataclass(frozen=True)
class RowsOf:
    """The rows of one target.

    Attributes:
        target: Its name; "" of the only one.
        cells: As `read_cells` gives them.
        kept: Which rows have the target.
    """

    target: str
    cells: Mapping[str, list[str]]
    kept: list[int]

    @classmethod
    def of(cls, cells: Mapping[str, list[str]], target: str, *, repeat: int | None = None) -> RowsOf:
        """Those of one repeat, or of all."""
        known = cells.get(named(target, KNOWN))
        kept = [
            row
            for row, of in enumerate(cells["repeat"])
            if (repeat is None or of == str(repeat)) and (known is None or known[row] != "0")
        ]
        return cls(target, cells, kept)

    def column(self, name: str) -> list[str]:
        """A column by the name that it has where there is no other target."""
        found = self.cells[name if name in _FIRST else named(self.target, name)]
        return [found[row] for row in self.kept]

    @property
    def places(self) -> np.ndarray:
        """Of the examples, int64."""
        return np.array(self.column("place"), np.int64)


def scored_of(
    opened: OpenRun, cells: Mapping[str, list[str]], repeat: int, seed: int
) -> Iterator[tuple[str, Scored, RowsOf]]:
    """How good the predictions of a repeat are: by target its name, the scores, and the rows.

    Args:
        opened: The run of any fold.
        cells: As `read_cells` gives them.
        repeat: From 1.
        seed: Of the resampling for the intervals.
    """
    targets = opened.signature.targets
    for name, task in targets.items():
        rows = RowsOf.of(cells, "" if len(targets) == 1 else name, repeat=repeat)
        rule = opened.rules.get(name, AS_IT_IS)
        yield name, part_of(task, Scoring).scored_again(rows.column, rule, seed=seed), rows
