"""A cross-validation as one page: the folds side by side, and all predictions as a report has them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.measures import said_once
from bigmodel_cli.crossvalidation.folder import CrossvalFolder
from bigmodel_cli.crossvalidation.predictions import RowsOf
from bigmodel_cli.crossvalidation.results import FoldResult, Results
from bigmodel_cli.evaluation_parts import of_target
from bigmodel_cli.reporting.of_targets import OfTarget
from bigmodel_cli.reporting.report.content import evaluated_content, menu_of
from bigmodel_cli.reporting.report.label_problems import label_problem_sections
from bigmodel_cli.reporting.report.page import render
from bigmodel_cli.scoring.names import measures
from bigmodel_cli.signature import slugs
from bigmodel_cli.tasks.sections import Section, shown, titled
from bigmodel_cli.training.record import command_line
from bigmodel_cli.whole_files import write_text


@dataclass(frozen=True)
class _OfFolds(OfTarget):
    """One target's predictions of all folds.

    Attributes:
        rows: Of out_of_fold.csv.
    """

    rows: RowsOf

    def cells(self, column: str) -> list[str]:
        return self.rows.column(column)


def write_page(results: Results, folder: CrossvalFolder) -> None:
    """Write crossval.html.

    Raises:
        ResourceError: If it cannot be written.
    """
    page = render(_content(results, folder))
    # Names of files need not be text.
    write_text(folder.page, page.encode("utf-8", "backslashreplace").decode("utf-8"))


def _content(results: Results, folder: CrossvalFolder) -> dict[str, Any]:
    """The page's parts by the names that its template uses."""
    targets, plan = results.opened.signature.targets, results.plan
    evaluated = evaluated_content(results.mean_document, _told(results), targets, {})
    times = f", mean of {plan.num_repeats} repeats" if plan.num_repeats > 1 else ""
    for headline in evaluated["headlines"]:
        headline["where"] = f"each predicted by a model that has not seen it{times}"
    evaluated["of_task"] = [_of_first(section, plan.num_repeats) for section in evaluated["of_task"]]
    record = results.opened.record
    content = {
        **evaluated,
        "of_task": [
            *evaluated["of_task"],
            *label_problem_sections([results.label_problems], targets),
        ],
        "run": {
            "title": "/".join(folder.path.resolve().parts[-2:]),
            "name": plan.experiment.name,
            "started": str(record.get("started", ""))[:16].replace("T", " "),
            "version": record.get("versions", {}).get("bigmodel"),
            "refresh": shlex.join(command_line()),
        },
        "chosen": "",
        "gates": [{**gate.as_json(), "found": gate.found} for gate in results.gates],
        "facts": list(_facts(results)),
        "folds": _folds(results),
        "advice": [],
        "figures": {},
        "baselines": [],
        "importance": [],
        "compressed": None,
        "texts": [],
        "exports": None,
        "training_samples": None,
        "previous": None,
        "differences": [],
        "config": {"source": "", "resolved": to_yaml(plan.experiment)},
        "reproduce": shlex.join(command_line()),
        "environment": list(record.get("versions", {}).items()),
    }
    content["sections"] = list(menu_of(content))
    return content


def _of_first(section: Section, num_repeats: int) -> Section:
    """A section whose table or pictures are of the first of several repeats says so."""
    return section._replace(title=f"{section.title} (repeat 1)") if num_repeats > 1 else section


def _of_repeats(results: Results) -> Iterator[str]:
    """Of which repeats what is below the folds is."""
    number = results.plan.num_repeats
    if number > 1:
        yield (
            f"the numbers above and the scores are means over all {number} repeats, each of all out-of-fold "
            "predictions; figures, groups, and what is marked with repeat 1 are of the first repeat"
        )


def _told(results: Results) -> list[OfTarget]:
    targets, run = results.opened.signature.targets, results.opened.folder
    if len(targets) == 1:
        ((name, task),) = targets.items()
        rows = RowsOf.of(results.cells, "", repeat=1)
        return [_OfFolds("", "", task, results.mean_document, results.samples, run, rows)]
    found: list[OfTarget] = []
    for name, slug in slugs(targets).items():
        evaluation, rows = of_target(results.mean_document, name), RowsOf.of(results.cells, name, repeat=1)
        found.append(_OfFolds(name, slug, targets[name], evaluation, results.samples[name], run, rows))
    return found


def _facts(results: Results) -> Sequence[tuple[str, str]]:
    seconds = sum(fold.record["seconds"] for fold in results.folds)
    return [
        ("folds", f"{results.plan.num_folds}"),
        ("repeats", f"{results.plan.num_repeats}"),
        ("examples", f"{len(results.plan.examples):,}"),
        ("time of all runs", f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"),
        ("parameters", f"{results.opened.record.get('parameters', 0):,}"),
    ]


def shown_scores(results: Results) -> list[str]:
    """The scores that a table of folds has room for: loss, metrics, and the best-known ones."""
    metrics = said_once(results.folds[0].evaluation["metrics"])
    return [name for name in metrics if name in results.over_folds]


def named_fold(results: Results, fold: FoldResult) -> str:
    """What a fold is called beside others."""
    return f"{fold.number}, repeat {fold.repeat}" if results.plan.num_repeats > 1 else f"{fold.number}"


def _folds(results: Results) -> dict[str, Any]:
    names = shown_scores(results)
    over = [results.over_folds[name] for name in names]
    summary = [
        {"name": "mean", "cells": [shown(name, one.mean) for name, one in zip(names, over, strict=True)]},
        {
            "name": "standard deviation",
            "cells": [shown(name, one.deviation) for name, one in zip(names, over, strict=True)],
        },
    ]
    others = "what comes before it" if results.plan.is_in_time else "the others"
    explained = f"Each fold is the test split of one run, which was trained on {others}."
    if over and over[0].low is not None:
        cells = [
            f"{shown(name, one.low)} to {shown(name, one.high)}"
            for name, one in zip(names, over, strict=True)
            if one.low is not None and one.high is not None
        ]
        summary.append({"name": "95 % interval of the mean", "cells": cells})
        explained += (
            " The interval is the corrected resampled t (Nadeau and Bengio 2003), which reckons with runs "
            "that share most of their training examples."
        )
    return {
        "explained": explained,
        "columns": [titled(name) for name in names],
        "rows": [_row(results, fold, names) for fold in results.folds],
        "summary": summary,
        "notes": [f"{note[0].upper()}{note[1:]}." for note in (*results.plan.notes(), *_of_repeats(results))],
    }


def _row(results: Results, fold: FoldResult, names: Sequence[str]) -> dict[str, Any]:
    found = measures(fold.evaluation)
    return {
        "name": named_fold(results, fold),
        "train": f"{fold.sizes['train']:,}",
        "test": f"{fold.sizes['test']:,}",
        "epoch": fold.as_json()["best_epoch"],
        "cells": [shown(name, found[name]) for name in names],
    }
