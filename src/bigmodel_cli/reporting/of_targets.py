"""What a run's folder says of each of its targets."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.naming import named
from bigmodel_cli.evaluation_parts import KNOWN, of_target
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.signature import slugs
from bigmodel_cli.tasks.task import Task


@dataclass(frozen=True)
class OfTarget:
    """An evaluation of one target.

    Attributes:
        target: Its name; "" where it is the only one.
        slug: The same as it can stand in names of files and in ids.
        task: What is predicted.
        evaluation: As evaluation/<split>.json has it where there is no other target.
        samples: As evaluation/samples_<split>.json has them, likewise.
        run: Which has the predictions.
    """

    target: str
    slug: str
    task: Task
    evaluation: Mapping[str, Any]
    samples: Mapping[str, Sequence[Mapping[str, Any]]]
    run: RunFolder

    def cells(self, column: str) -> list[str]:
        """A column of predictions_<split>.csv, by the name that it has where there is no other target.

        It has the examples that have the target.
        """
        path = self.run.intact(self.run.predictions(self.evaluation["split"]))
        wanted, known = named(self.target, column), named(self.target, KNOWN)
        with path.open(encoding="utf-8", newline="") as file:
            return [row[wanted] for row in csv.DictReader(file) if row.get(known) != "0"]

    def called(self, name: str) -> str:
        """What a figure or a section is called beside those of other targets."""
        return f"{name}_{self.slug}" if self.slug else name


def of_targets(
    run: RunFolder, evaluation: Mapping[str, Any], samples: Mapping[str, Any], targets: Mapping[str, Task]
) -> list[OfTarget]:
    """What there is of each target, in their order."""
    if len(targets) == 1:
        (task,) = targets.values()
        return [OfTarget("", "", task, evaluation, samples, run)]
    return [
        OfTarget(name, slug, targets[name], of_target(evaluation, name), samples[name], run)
        for name, slug in slugs(targets).items()
    ]
