"""Complete epochs as lines: below one another under a head on a terminal, with their names elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bigmodel_cli.cli.output import metrics_line, one_line
from bigmodel_cli.listener import Progress
from bigmodel_cli.metrics_file import FIRST_COLUMNS
from bigmodel_cli.training.learning_rate import rate_text

# Room for `9.88e-05` and `12345.6`.
_NUMBER = 8
_GAP = "  "
# On a narrower terminal each number has its name beside it.
NARROWEST = 72
_RATE, _SPEED = "learning_rate", "examples/s"
# Names of columns are broken at these widths, the widest that fits first.
_BREAKS = (99, 16, 14, 12, 10, _NUMBER)


def epoch_line(progress: Progress, row: Mapping[str, float]) -> str:
    """One complete epoch as a line with the name of each number, as a config would write it."""
    best = ", best so far" if progress.is_best else ""
    return (
        f"epoch {progress.epoch}/{progress.num_epochs}: {metrics_line(metrics_in(row))}, "
        f"{_RATE} {rate_text(row[_RATE])}, {row['examples_per_second']:,.0f} {_SPEED}{best}"
    )


def metrics_in(row: Mapping[str, float]) -> dict[str, float]:
    """Loss and metrics of a row of metrics.csv."""
    return {name: value for name, value in row.items() if name not in FIRST_COLUMNS}


@dataclass(frozen=True)
class _Column:
    """A column.

    Attributes:
        name: As a config would write it.
        head: The name in lines that fit.
        width: Of all that stands in it.
    """

    name: str
    head: tuple[str, ...]
    width: int


class EpochTable:
    """Epochs as rows of a table that fits a terminal; names stand above it once.

    Columns that have no room are left out, those first that tell least; metrics.csv has all of them.

    Args:
        names: Of loss and metrics, in order.
        num_epochs: Epochs of the whole run.
        width: Letters in a line, at least `NARROWEST`.
    """

    def __init__(self, names: Sequence[str], num_epochs: int, width: int) -> None:
        # The best epoch so far has a star behind its number.
        self._epoch = max(len("epoch"), 2 * len(str(num_epochs)) + 1)
        every = [*names, _RATE, _SPEED]
        left_out = _by_importance(names)
        while (columns := self._fitting(every, width)) is None and left_out:
            every.remove(left_out.pop(0))
        self._columns = columns or []
        self._is_cut = len(self._columns) < len(names) + 2

    def _fitting(self, names: Sequence[str], width: int) -> list[_Column] | None:
        for limit in _BREAKS:
            columns = [_column(name, limit) for name in names]
            # Behind the last column is room for the sign that there are more.
            if self._epoch + 1 + sum(len(_GAP) + column.width for column in columns) + 2 <= width:
                return columns
        return None

    def head(self) -> Iterator[str]:
        """The names, in as many lines as they need."""
        height = max(len(column.head) for column in self._columns)
        for number in range(height):
            is_last = number == height - 1
            cells = [("epoch" if is_last else "").rjust(self._epoch) + " "]
            for column in self._columns:
                lines = ("",) * (height - len(column.head)) + column.head
                cells.append(lines[number].rjust(column.width))
            yield (_GAP.join(cells) + (" …" if is_last and self._is_cut else "")).rstrip()

    def line(self, progress: Progress, row: Mapping[str, float]) -> str:
        """One complete epoch."""
        epoch = f"{progress.epoch}/{progress.num_epochs}".rjust(self._epoch)
        cells = [epoch + ("*" if progress.is_best else " ")]
        for column in self._columns:
            cells.append(_cell(column.name, row).rjust(column.width))
        return _GAP.join(cells)


def _by_importance(names: Sequence[str]) -> list[str]:
    """Columns in the order in which they are left out; the losses never are."""
    measured = [name for name in names if name not in ("loss", "val_loss")]
    of_training = [name for name in measured if not name.startswith("val_")]
    of_validation = [name for name in measured if name.startswith("val_")]
    return [_SPEED, _RATE, *reversed(of_training), *reversed(of_validation)]


def _column(name: str, limit: int) -> _Column:
    head = tuple(_broken(one_line(name), limit))
    return _Column(name, head, max(_NUMBER, *(len(line) for line in head)))


def _broken(name: str, limit: int) -> Iterator[str]:
    """A name in lines, broken behind `_` where a line would be longer than `limit`."""
    line = ""
    for word in name.replace("_", "_\0").split("\0"):
        if line and len(line) + len(word) > limit:
            yield line
            line = ""
        line += word
    yield line


def _cell(name: str, row: Mapping[str, float]) -> str:
    if name == _RATE:
        return rate_text(row[name])
    if name == _SPEED:
        return f"{row['examples_per_second']:,.0f}"
    return _number(row[name]) if name in row else ""


def _number(value: float) -> str:
    """A metric in at most eight letters (nine where it is negative)."""
    size = abs(value)
    if size != 0 and (size < 1e-3 or size >= 1e5):
        return f"{value:.2e}"
    return f"{value:.{4 if size < 100 else 3 if size < 1000 else 2 if size < 10000 else 1}f}"
