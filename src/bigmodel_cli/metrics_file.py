"""metrics.csv: a row per epoch, on the disk as soon as the epoch ends."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from bigmodel_cli.errors import DataError, ResourceError

# Times differ from run to run; everything else repeats with a deterministic config.
TIME_COLUMNS = ("seconds", "examples_per_second")
FIRST_COLUMNS = ("epoch", *TIME_COLUMNS, "learning_rate")


class MetricsLog:
    """Appends rows; the columns are known before the first epoch.

    Args:
        path: The file; it is made with its header.
        names: Names of loss and metrics, in order.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self.columns = [*FIRST_COLUMNS, *names]
        self._append(self.columns)

    def add(self, row: Mapping[str, float]) -> None:
        """Append one epoch.

        Raises:
            ResourceError: If it cannot be written.
        """
        self._append([_text(row[column]) for column in self.columns])

    def _append(self, cells: Sequence[str]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(line.getvalue())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ResourceError(f"{self.path}: cannot be written: {error.strerror or error}") from error


def _text(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.9g}"


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
