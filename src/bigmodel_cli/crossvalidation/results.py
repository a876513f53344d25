"""What a cross-validation came to: the scores of each fold, their means, and all predictions together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bigmodel_cli.config.group_measures import columns_of_gates
from bigmodel_cli.config.naming import named
from bigmodel_cli.config.score_ranges import ranges_of
from bigmodel_cli.crossvalidation.folder import CrossvalFolder
from bigmodel_cli.crossvalidation.plan import Plan
from bigmodel_cli.crossvalidation.predictions import RowsOf, out_of_fold_in, read_cells, scored_of
from bigmodel_cli.crossvalidation.repeats import mean_over_repeats
from bigmodel_cli.crossvalidation.statistics import OverFolds, over_folds
from bigmodel_cli.evaluation_parts import TARGETS, intervals_in
from bigmodel_cli.gates import GateResult, check_gates
from bigmodel_cli.inference.evaluation import Evaluation, samples_of
from bigmodel_cli.inference.groups import groups_of
from bigmodel_cli.inference.label_problems import Judged, label_problems_in
from bigmodel_cli.inference.opened import OpenRun, open_folder
from bigmodel_cli.scoring.names import measures
from bigmodel_cli.whole_files import write_json, write_sealed

# What the evaluation of all predictions is called where others have the name of a split.
OUT_OF_FOLD = "out_of_fold"
# What results.json has of several repeats beside the evaluation of the first one.
OVER_REPEATS = "over_repeats"
_METHOD = "corrected resampled t (Nadeau and Bengio 2003)"


@dataclass(frozen=True)
class FoldResult:
    """What one fold came to.

    Attributes:
        repeat: From 1.
        number: Of the fold, from 1.
        sizes: Examples by split; `test` is the fold.
        record: run.json.
        evaluation: evaluation/test.json.
    """

    repeat: int
    number: int
    sizes: Mapping[str, int]
    record: Mapping[str, Any]
    evaluation: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        best = self.record.get("best") or {}
        return {
            "repeat": self.repeat,
            "fold": self.number,
            "examples": dict(self.sizes),
            "epochs": self.record["epochs"],
            "best_epoch": best.get("epoch"),
            "seconds": self.record["seconds"],
            "metrics": measures(self.evaluation),
        }


@dataclass(frozen=True)
class Results:
    """What a cross-validation came to.

    Attributes:
        plan: What was asked for.
        opened: The run of the first fold.
        folds: Of each fold, in the order of `plan.folds()`.
        over_folds: Mean, spread and interval of each score, by name.
        evaluation: Of the out-of-fold predictions of the first repeat.
        document: The same as results.json has it.
        mean_document: The same with numbers that are means over all repeats; of one repeat, `document`.
        samples: Examples that tell most, as evaluation/samples_<split>.json has them.
        cells: The columns of out_of_fold.csv.
        gates: How the config's `expect` fared, on the means over folds.
        label_problems: Labels that may be wrong, as label_problems.json has them.
    """

    plan: Plan
    opened: OpenRun
    folds: Sequence[FoldResult]
    over_folds: Mapping[str, OverFolds]
    evaluation: Evaluation
    document: Mapping[str, Any]
    mean_document: Mapping[str, Any]
    samples: Mapping[str, Any]
    cells: Mapping[str, list[str]]
    gates: Sequence[GateResult]
    label_problems: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As results.json has it."""
        has_interval = any(one.low is not None for one in self.over_folds.values())
        return {
            "name": self.plan.experiment.name,
            "folds": self.plan.num_folds,
            "repeats": self.plan.num_repeats,
            "notes": list(self.plan.notes()),
            "runs": [fold.as_json() for fold in self.folds],
            "over_folds": {name: one.as_json() for name, one in self.over_folds.items()},
            "interval": _METHOD if has_interval else None,
            OUT_OF_FOLD: self.document,
            **self._over_repeats(),
            "gates": [gate.as_json() for gate in self.gates],
        }

    def _over_repeats(self) -> dict[str, Any]:
        """What `mean_document` has of its own."""
        if self.plan.num_repeats == 1:
            return {}
        found = self.mean_document
        return {OVER_REPEATS: {"metrics": measures(found), "intervals": intervals_in(found)}}


def results_of(plan: Plan, folder: CrossvalFolder, by: Sequence[str] = ()) -> Results:
    """Read what the runs of all folds came to, once out_of_fold.csv is written, and score it together.

    Args:
        plan: What was asked for.
        folder: Which has the runs.
        by: Columns that make groups, whose scores are asked for beside those that `expect` names.

    Raises:
        UsageError: If there is no such column.
        DataError: If a run is damaged.
    """
    folds = [_fold_result(folder, fold) for fold in plan.folds()]
    opened = open_folder(folder.run(next(iter(plan.folds()))))
    cells = read_cells(folder.predictions)
    measured = [measures(fold.evaluation) for fold in folds]
    scores = over_folds(
        measured,
        [fold.sizes["test"] / fold.sizes["train"] for fold in folds],
        ranges_of(plan.experiment, measured[0]),
        are_exchangeable=not plan.is_in_time,
    )
    gated = columns_of_gates(plan.experiment.expect, opened.signature.targets)
    columns = list(dict.fromkeys([*by, *gated]))
    evaluation, samples = _together(plan, opened, folds, cells, columns)
    others = [
        _of_repeat(plan, opened, folds, cells, repeat).as_json() for repeat in range(2, plan.num_repeats + 1)
    ]
    gates = check_gates(plan.experiment.expect, _means_of_gates(folds), "test")
    document, problems = evaluation.as_json(), _label_problems(plan, opened, cells)
    mean = mean_over_repeats([document, *others])
    return Results(plan, opened, folds, scores, evaluation, document, mean, samples, cells, gates, problems)


def write_results(results: Results, folder: CrossvalFolder) -> None:
    """Write results.json, samples.json and label_problems.json."""
    write_sealed(folder.label_problems, results.label_problems)
    write_json(folder.samples, results.samples)
    write_sealed(folder.results, results.as_json())


def _label_problems(plan: Plan, opened: OpenRun, cells: Mapping[str, list[str]]) -> dict[str, Any]:
    """Labels that may be wrong, by the predictions of all folds and repeats."""
    judged = {
        name: Judged(found.labels, found.values, plan.examples.take(found.places))
        for name, found in out_of_fold_in(opened, cells).items()
    }
    return label_problems_in(judged, opened.signature)


def _fold_result(folder: CrossvalFolder, fold: Any) -> FoldResult:
    run = folder.run(fold)
    record = run.read_record()
    sizes = {name: split["examples"] for name, split in record["data"]["splits"].items()}
    evaluation = run.read_json(run.intact(run.evaluation("test")))
    return FoldResult(fold.repeat, fold.number, sizes, record, evaluation)


def _together(
    plan: Plan,
    opened: OpenRun,
    folds: Sequence[FoldResult],
    cells: Mapping[str, list[str]],
    columns: Sequence[str],
) -> tuple[Evaluation, dict[str, Any]]:
    """The evaluation of the first repeat's predictions, and the examples that tell most."""
    evaluation, seed, samples = _of_repeat(plan, opened, folds, cells, 1), plan.experiment.seed, {}
    by_target = dict(evaluation.by_target)
    for name, scored in evaluation.by_target.items():
        rows = RowsOf.of(cells, name if len(by_target) > 1 else "", repeat=1)
        examples = plan.examples.take(rows.places)
        by = {column: scored.by_group(groups_of(examples, column), seed=seed) for column in columns}
        by_target[name] = replace(scored, by={**scored.by, **by})
        samples[name] = samples_of(scored, examples, opened.signature, name)
    evaluation = replace(evaluation, by_target=by_target)
    return evaluation, samples if len(samples) > 1 else next(iter(samples.values()))


def _of_repeat(
    plan: Plan, opened: OpenRun, folds: Sequence[FoldResult], cells: Mapping[str, list[str]], repeat: int
) -> Evaluation:
    """The evaluation of a repeat's predictions."""
    of_folds = [fold.evaluation for fold in folds if fold.repeat == repeat]
    metrics = _weighted([(one["metrics"], one["examples"]) for one in of_folds])
    metrics_of, by_target, known = {}, {}, {}
    for name, scored, rows in scored_of(opened, cells, repeat, plan.experiment.seed):
        by_target[name] = scored
        prefix = name if len(opened.signature.targets) > 1 else ""
        metrics |= {named(prefix, score): value for score, value in scored.scores.headline.items()}
        metrics_of[name] = _metrics_of(name, of_folds) | scored.scores.headline
        if name in plan.examples.known:
            known[name] = _known(rows, repeat)
    number = sum(of == str(repeat) for of in cells["repeat"])
    return Evaluation(OUT_OF_FOLD, number, metrics, by_target, metrics_of, known=known)


def _known(rows: RowsOf, repeat: int) -> np.ndarray:
    """Which examples of a repeat have a target."""
    every = [row for row, of in enumerate(rows.cells["repeat"]) if of == str(repeat)]
    return np.isin(every, rows.kept)


def _metrics_of(target: str, of_folds: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Loss and metrics of a target by the names that they have where it is the only one."""
    parts = [one[TARGETS][target] if TARGETS in one else one for one in of_folds]
    sizes = [part.get("examples", one["examples"]) for part, one in zip(parts, of_folds, strict=True)]
    return _weighted([(part["metrics"], size) for part, size in zip(parts, sizes, strict=True)])


def _weighted(of_folds: Sequence[tuple[Mapping[str, float], int]]) -> dict[str, float]:
    """The mean over folds, each by its examples, of what all have."""
    total = sum(size for _, size in of_folds)
    first, _ = of_folds[0]
    return {
        name: sum(metrics[name] * size for metrics, size in of_folds) / total
        for name in first
        if all(name in metrics for metrics, _ in of_folds)
    }


def _means_of_gates(folds: Sequence[FoldResult]) -> dict[str, float]:
    """The mean over folds of each number that `expect` asks for; what a fold lacks has none."""
    values: dict[str, list[float | None]] = {}
    for fold in folds:
        for gate in fold.record.get("gates", []):
            values.setdefault(gate["metric"], []).append(gate["value"])
    found = {}
    for metric, measured in values.items():
        numbers = [value for value in measured if value is not None]
        if len(numbers) == len(folds):
            found[metric] = float(np.mean(numbers))
    return found
