"""How simple models are shown beside one another, and beside the model of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.cli.output import duration, number, table


def show_baselines(document: Mapping[str, Any], of_run: Mapping[str, Mapping[str, Any]]) -> None:
    """A table for each held-out split: what each simple model scores there.

    Args:
        document: As baselines.json has it.
        of_run: Evaluations of a run's model by split, which stand below.
    """
    for split, sizes in document["splits"].items():
        rows = [
            [_called(model, document), *_cells(model[split], document), *_cost(model)]
            for model in document["models"]
        ]
        if split in of_run:
            rows.append(["this run", *_cells(of_run[split], document), "", ""])
        columns = [f"{split} ({sizes['examples']:,} examples)", *document["shown"], "learned from", "time"]
        table(columns, rows, numeric=columns[1:])


def _called(model: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    name = model["name"].replace("_", " ")
    several = len({each["target"] for each in document["models"]}) > 1
    return f"{model['target']}: {name}" if several else name


def _cells(measured: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    found = {**measured["metrics"], **measured["scores"]}
    return [number(found[name]) if name in found else "" for name in document["shown"]]


def _cost(model: Mapping[str, Any]) -> tuple[str, str]:
    return f"{model['trained_on']:,}", duration(model["seconds"])
