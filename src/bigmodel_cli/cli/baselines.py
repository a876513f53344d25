"""How simple models are shown beside one another, and beside the model of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bigmodel_cli.cli.output import duration, number, table
from bigmodel_cli.evaluation_parts import of_target


def show_baselines(document: Mapping[str, Any], of_run: Mapping[str, Mapping[str, Any]]) -> None:
    """A table for each held-out split, and for each of several targets: what each simple model scores there.

    Args:
        document: As baselines.json has it.
        of_run: Evaluations of a run's model by split, which stand below.
    """
    by_target: dict[str, list[Mapping[str, Any]]] = {}
    for model in document["models"]:
        by_target.setdefault(model["target"], []).append(model)
    for target, models in by_target.items():
        for split, sizes in document["splits"].items():
            beside = of_target(of_run[split], target) if split in of_run else None
            title = f"{split} ({sizes['examples']:,} examples)"
            _show(f"{target}, {title}" if len(by_target) > 1 else title, split, models, beside)


def _show(
    title: str, split: str, models: Sequence[Mapping[str, Any]], of_run: Mapping[str, Any] | None
) -> None:
    names = models[0]["shown"]
    rows = [
        [model["name"].replace("_", " "), *_cells(model[split], names), *_cost(model)] for model in models
    ]
    if of_run is not None:
        rows.append(["this run", *_cells(of_run, names), "", ""])
    columns = [title, *names, "learned from", "time"]
    table(columns, rows, numeric=columns[1:])


def _cells(measured: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    found = {**measured["metrics"], **measured["scores"]}
    return [number(found[name]) if name in found else "" for name in names]


def _cost(model: Mapping[str, Any]) -> tuple[str, str]:
    return f"{model['trained_on']:,}", duration(model["seconds"])
