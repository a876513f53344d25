"""metrics.csv: a row per epoch, on the disk as soon as the epoch ends."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from bigmodel_cli.config.naming import OWN_COLUMNS
from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import DataError
from bigmodel_cli.whole_files import naming_target, write_text

# These differ from run to run; everything else repeats with a deterministic config.
TIME_COLUMNS = ("seconds", "examples_per_second", "memory_mb")
FIRST_COLUMNS = OWN_COLUMNS


class MetricsLog:
    """Appends rows; the columns are known before the first epoch.

    Args:
        path: The file; nothing is written before `start_over`.
        names: Names of loss and metrics, in order.
        writes: Whether this is the process that writes the file; others only count its rows.
    """

    def __init__(self, path: Path, names: Sequence[str], *, writes: bool = True) -> None:
        self.path = path
        self.writes = writes
        self.columns = [*FIRST_COLUMNS, *names]
        self.num_rows = 0

    def start_over(self, rows: Sequence[Mapping[str, float]] = ()) -> None:
        """Write the header and these rows, which a run goes on from, in place of what is there.

        Raises:
            ResourceError: If it cannot be written.
        """
        self.num_rows = len(rows)
        if not self.writes:
            return
        write_text(self.path, csv_row(self.columns) + "".join(csv_row(self._cells(row)) for row in rows))

    def add(self, row: Mapping[str, float]) -> None:
        """Append one epoch.

        Raises:
            ResourceError: If it cannot be written.
        """
        self.num_rows += 1
        if not self.writes:
            return
        with naming_target(self.path), self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(csv_row(self._cells(row)))
            file.flush()
            os.fsync(file.fileno())

    def _cells(self, row: Mapping[str, float]) -> list[str]:
        # Rows of earlier versions lack the memory.
        return [_text(row.get(column, math.nan)) for column in self.columns]


def _text(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.9g}"


def as_written(value: float) -> float:
    """A number as reading the file gives it."""
    return float(_text(value))


def read_metrics(path: Path) -> dict[str, list[float]]:
    """The columns of metrics.csv.

    Raises:
        DataError: If it is missing or damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file))
        return {name: [float(row[index]) for row in rows] for index, name in enumerate(header)}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (ValueError, IndexError) as error:
        raise DataError(f"{path}: damaged: {error}") from None
