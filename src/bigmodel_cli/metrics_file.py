"""metrics.csv: a row per epoch, on the disk as soon as the epoch ends."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bigmodel_cli.errors import DataError, ResourceError
from bigmodel_cli.whole_files import write_text

# Times differ from run to run; everything else repeats with a deterministic config.
TIME_COLUMNS = ("seconds", "examples_per_second")
FIRST_COLUMNS = ("epoch", *TIME_COLUMNS, "learning_rate")


class MetricsLog:
    """Appends rows; the columns are known before the first epoch.

    Args:
        path: The file; it is made anew.
        names: Names of loss and metrics, in order.
        rows: What it begins with: the epochs that a run goes on from.

    Raises:
        ResourceError: If it cannot be written.
    """

    def __init__(self, path: Path, names: Sequence[str], rows: Iterable[Mapping[str, float]] = ()) -> None:
        self.path = path
        self.columns = [*FIRST_COLUMNS, *names]
        self.start_over(rows)

    def start_over(self, rows: Iterable[Mapping[str, float]]) -> None:
        """Write the header and these rows in place of what is there.

        Raises:
            ResourceError: If it cannot be written.
        """
        write_text(
            self.path, self._line(self.columns) + "".join(self._line(self._cells(row)) for row in rows)
        )

    def add(self, row: Mapping[str, float]) -> None:
        """Append one epoch.

        Raises:
            ResourceError: If it cannot be written.
        """
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(self._line(self._cells(row)))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ResourceError(f"{self.path}: cannot be written: {error.strerror or error}") from error

    def _cells(self, row: Mapping[str, float]) -> list[str]:
        return [_text(row[column]) for column in self.columns]

    def _line(self, cells: Sequence[str]) -> str:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        return line.getvalue()


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
