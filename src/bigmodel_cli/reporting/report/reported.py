"""Everything that a page shows, read from the run's folder."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from bigmodel_cli.advice.findings import Findings
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.evaluation_parts import TARGETS
from bigmodel_cli.inference.label_problems import read_label_problems
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.reporting.run_summary import SPLITS
from bigmodel_cli.run_folder import COMPLETED, CONCLUDED, RunFolder
from bigmodel_cli.run_search import all_runs


@dataclass(frozen=True)
class Reported:
    """What a page is made of.

    Attributes:
        run: The run.
        findings: Its record, evaluation, config and metrics.
        samples: As evaluation/samples_<split>.json has them; of several targets by target.
        previous: The completed run of the same name before it; None where it is the first.
        baselines: As baselines.json has them; None where none were measured.
        importance: As importance.json has it; None where nobody asked.
        exports: As the model.json of each export has it.
        label_problems: As label_problems_<split>.json has them, of the splits that were looked at.
    """

    run: RunFolder
    findings: Findings
    samples: Mapping[str, Any]
    previous: RunFolder | None
    baselines: Mapping[str, Any] | None = None
    importance: Mapping[str, Any] | None = None
    exports: Sequence[Mapping[str, Any]] = ()
    label_problems: Sequence[Mapping[str, Any]] = ()


def read_reported(run: RunFolder, record: Mapping[str, Any]) -> Reported:
    """Everything that the page of a run shows.

    Args:
        run: The run.
        record: Its run.json, or what that is about to be.

    Raises:
        UsageError: If the run is not complete.
        DataError: If a piece of it is missing or damaged.
    """
    split = next((name for name in SPLITS if name in record), None)
    if split is None and record.get(CONCLUDED) is False:
        run.require_weights()
        raise UsageError(
            f"{run.title}: a trial of a search, which was not evaluated, so there is no report",
            hint=f"evaluate, export and draw it after all: bigmodel train --resume {shlex.quote(run.title)}",
        )
    if split is None:
        raise UsageError(
            f"{run.title}: there is no report before training is complete",
            hint=f"go on with it: bigmodel train --resume {shlex.quote(run.title)}",
        )
    evaluation = run.read_json(run.intact(run.evaluation(split)))
    if "scores" not in evaluation and TARGETS not in evaluation:
        raise UsageError(
            f"{run.title}: was evaluated by an earlier version of bigmodel",
            hint=f"bigmodel evaluate {shlex.quote(run.title)}",
        )
    config = yaml.safe_load(run.intact(run.config).read_text("utf-8"))
    best_epoch = (record.get("best") or {}).get("epoch")
    samples = run.read_json(run.intact(run.samples(split)))
    findings = Findings(read_metrics(run.metrics), evaluation, config, best_epoch, record)
    baselines = run.read_json(run.intact(run.baselines)) if run.expects(run.baselines) else None
    importance = run.read_json(run.intact(run.importance)) if run.expects(run.importance) else None
    # The fold before it was trained by the same config on other examples.
    previous = None if config["data"].get("fold") else _previous(run)
    problems = read_label_problems(run)
    exports = read_exports(run)
    return Reported(run, findings, samples, previous, baselines, importance, exports, problems)


def read_exports(run: RunFolder) -> list[dict[str, Any]]:
    """What the model.json of each export says, the smallest file first.

    Raises:
        DataError: If one is damaged.
    """
    found = [run.read_json(run.intact(place)) for place in run.exports.glob("*/model.json")]
    return sorted(found, key=lambda one: (one["costs"]["bytes"], one["name"]))


def _previous(run: RunFolder) -> RunFolder | None:
    folder = run.path.resolve()
    for other in all_runs(folder.parent.parent):
        path = other.path.resolve()
        is_before = path.parent == folder.parent and path.name < folder.name
        try:
            if is_before and other.read_record().get("status") == COMPLETED:
                return other
        except DataError:
            continue
    return None
