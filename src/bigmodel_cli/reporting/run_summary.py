"""How a run stands and how good it is, from its small files alone: no model is opened."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bigmodel_cli.config.losses_and_metrics import Direction
from bigmodel_cli.config.reader import read_file
from bigmodel_cli.config.tree import to_plain
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.evaluation_parts import TARGETS
from bigmodel_cli.metrics_file import FIRST_COLUMNS, read_metrics
from bigmodel_cli.run_folder import (
    AUTO,
    BETTER,
    COMPLETED,
    PIECE_HINT,
    RUNNING,
    SESSIONS,
    STOPPED,
    RunFolder,
)
from bigmodel_cli.run_lock import CRASHED, status_of
from bigmodel_cli.scoring.names import gated_values

DAMAGED = "damaged"
# The splits of a run's own data, the one that tells most about new examples first.
SPLITS = ("test", "validation", "train")
LOSS = "loss"
# Keys of a config under which the same is trained whatever they are, but for the last digits.
_EXECUTION = frozenset(
    {
        "data.cache",
        "training.device",
        "training.precision",
        "training.jit_compile",
        "training.steps_per_execution",
    }
)


@dataclass(frozen=True)
class RunSummary:
    """A run as it stands.

    Attributes:
        run: Its folder.
        record: run.json; empty where that is damaged.
        status: As run.json has it; `crashed`, where it says `running` but nobody trains it; or `damaged`.
        problem: What is damaged.
    """

    run: RunFolder
    record: Mapping[str, Any] = field(repr=False)
    status: str
    problem: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether results in the record are of the run as it is: one that is trained further has old ones."""
        return self.status == COMPLETED

    @property
    def split(self) -> str | None:
        """The split of which the record has the metrics; None before there are any."""
        return next((name for name in SPLITS if name in self.record), None) if self.is_complete else None

    @property
    def metrics(self) -> Mapping[str, float]:
        """Loss and metrics on that split, by name."""
        return numbers_in(self.record[self.split]) if self.split else {}

    @property
    def better(self) -> Mapping[str, Direction]:
        """Which value of the loss and of each metric is better; runs of early versions do not say."""
        return self.record.get(BETTER) or {}

    @property
    def gates(self) -> list[dict[str, Any]]:
        """How the config's `expect` fared."""
        return list(self.record.get("gates", [])) if self.is_complete else []

    @property
    def device(self) -> str | None:
        """What it was trained on: `cpu`, `gpu:0`; `2 × cpu` in two processes."""
        plan = self.record.get("plan", {})
        name, processes = plan.get("device", {}).get("name"), plan.get("processes", 1)
        return f"{processes} × {name}" if name and processes > 1 else name

    @property
    def seconds(self) -> float | None:
        """How long it took; of a run whose process has not come to its end, the epochs so far."""
        if self.status in (RUNNING, CRASHED):
            return sum(self.columns.get("seconds", [])) or None
        return self.record.get("seconds")

    @property
    def epochs(self) -> int:
        """Complete epochs."""
        return self.record["epochs"] if self.is_complete and "epochs" in self.record else self._num_rows

    @property
    def last_row(self) -> Mapping[str, float]:
        """The newest row of metrics.csv without times and learning rate."""
        return {
            name: column[-1] for name, column in self.columns.items() if name not in FIRST_COLUMNS and column
        }

    @cached_property
    def columns(self) -> Mapping[str, list[float]]:
        """metrics.csv by columns; empty where it is missing or damaged."""
        try:
            return read_metrics(self.run.metrics)
        except (DataError, OSError):
            return {}

    @property
    def _num_rows(self) -> int:
        return len(self.columns.get("epoch", []))

    def as_json(self) -> dict[str, Any]:
        """As `runs ls --json` has it."""
        if self.status == DAMAGED:
            return {"run": self.run.title, "status": self.status, "error": self.problem}
        document: dict[str, Any] = {
            "run": self.run.title,
            "name": self.record.get("name"),
            "status": self.status,
            "device": self.device,
            "sessions": len(self.record.get(SESSIONS, [])),
            "started": self.record.get("started"),
            "ended": self.record.get("ended"),
            "seconds": self.seconds,
            "epochs": self.epochs,
            "error": self.record.get("error"),
        }
        if self.is_complete:
            keys = ("best", STOPPED, *SPLITS, "gates")
            document |= {key: self.record[key] for key in keys if key in self.record}
        elif self.last_row:
            document["last"] = self.last_row
        return {key: value for key, value in document.items() if value is not None}


def summarise(run: RunFolder) -> RunSummary:
    """Read how a run stands; one that has lost its record is damaged, which is no error here."""
    try:
        record = run.read_record()
    except DataError as error:
        return RunSummary(run, {}, DAMAGED, error.message)
    return RunSummary(run, record, status_of(run, record))


def read_settings(run: RunFolder) -> dict[str, Any]:
    """The resolved config of a run as plain data, of whatever version of bigmodel it is.

    Raises:
        DataError: If it is missing, damaged or was changed.
    """
    try:
        settings: dict[str, Any] = to_plain(read_file(run.intact(run.config)))
    except UsageError as error:
        raise DataError(error.message, hint=PIECE_HINT) from error
    return settings


def without_auto(
    rows: Iterable[tuple[str, Any, Any]], records: Iterable[Mapping[str, Any]]
) -> list[tuple[str, Any, Any]]:
    """Differences of configs without what nobody has chosen.

    Args:
        rows: As `differences` gives them.
        records: run.json of each of the runs. What was `auto` in all of them, and is only how a machine
            executes the same training, is left out; runs of earlier versions do not say what was.
    """
    decided = set(_EXECUTION).intersection(*(record.get(AUTO, ()) for record in records))
    return [row for row in rows if row[0] not in decided]


def read_evaluation(run: RunFolder, split: str) -> dict[str, Any] | None:
    """evaluation/<split>.json of the best checkpoint; None where there is none.

    Raises:
        DataError: If it is damaged or was changed.
    """
    path = run.evaluation(split)
    if not path.is_file():
        return None
    document = run.read_json(run.intact(path))
    if not isinstance(document, dict) or not isinstance(document.get("metrics"), dict):
        raise DataError(f"{path}: not an evaluation", hint=f"make it again: bigmodel evaluate {run.title}")
    # Evaluations of the first version had neither; those of several targets have them by target.
    return document if TARGETS in document else {"scores": {}, "intervals": {}, **document}


def evaluations(run: RunFolder) -> Iterator[dict[str, Any]]:
    """The evaluations of a run's splits that are there and sound."""
    for split in SPLITS:
        try:
            document = read_evaluation(run, split)
        except DataError:
            continue
        if document is not None:
            yield document


def values_of(summary: RunSummary) -> dict[str, float]:
    """Every number that a run can be ranked by.

    `test_accuracy`, `macro.f1` and so on, as `expect` calls them; `val_…` of the best checkpoint's epoch;
    and `seconds`, `epochs` and `parameters`. Of a run that is not complete, nothing.
    """
    if not summary.is_complete:
        return {}
    found: dict[str, Any] = {key: summary.record.get(key) for key in ("seconds", "epochs", "parameters")}
    found |= _best_row(summary)
    found |= {f"{summary.split}_{name}": value for name, value in summary.metrics.items()}
    # Numbers without a split are of the one that tells most, which comes first.
    for document in reversed([*evaluations(summary.run)]):
        found |= gated_values(document)
    return numbers_in(found)


def _best_row(summary: RunSummary) -> dict[str, float]:
    """The validation metrics of the best checkpoint's epoch."""
    epochs, best = summary.columns.get("epoch", []), (summary.record.get("best") or {}).get("epoch")
    if best not in epochs:
        return {}
    row = epochs.index(best)
    return {name: column[row] for name, column in summary.columns.items() if name.startswith("val_")}


def numbers_in(values: Mapping[str, Any]) -> dict[str, float]:
    """Those values that are numbers; run.json has null for what was none."""
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def directions_of(runs: Iterable[RunSummary]) -> dict[str, Direction]:
    """Which values are better, as the first run that has a name means it."""
    found: dict[str, Direction] = {}
    for one in runs:
        found = {**one.better, **found}
    return found
