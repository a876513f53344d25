"""What a real MLflow store has of a run, and what it should have."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tracked_runs import RESULTS, TRACKED, files_of, row

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking.trackers.mlflow import Mlflow

KEYS = {"val_accuracy (%)": "val_accuracy ___"}


def all_runs(options: Mlflow) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=options.uri, registry_uri=options.uri)
    experiment = client.get_experiment_by_name(options.experiment)
    return list(client.search_runs([experiment.experiment_id]))


def history(options: Mlflow, run_id: str) -> dict[str, list[tuple[int, float]]]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=options.uri, registry_uri=options.uri)
    found = {}
    for name in TRACKED:
        key = KEYS.get(name, name)
        found[name] = [(one.step, one.value) for one in client.get_metric_history(run_id, key)]
    return found


def expected() -> dict[str, list[tuple[int, float]]]:
    found = {name: [(epoch, row(epoch)[name]) for epoch in range(1, 6)] for name in TRACKED[:3]}
    results = {f"test_{name}": [(5, value)] for name, value in RESULTS.items()}
    return {**found, **results, "best_epoch": [(5, 5.0)]}


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    def plain(values: dict[str, Any]) -> dict[str, Any]:
        return {
            name: sorted((step, None if math.isnan(value) else value) for step, value in points)
            for name, points in values.items()
        }

    assert plain(found) == plain(wanted)


def assert_all_arrived(options: Mlflow, run: RunFolder) -> Any:
    (found,) = all_runs(options)
    assert_same(history(options, found.info.run_id), expected())
    folder = Path(found.info.artifact_uri.removeprefix("file://"))
    arrived = {name: (folder / name).read_bytes() for name in files_of(run)}
    assert arrived == files_of(run)
    assert found.info.status == "FINISHED"
    return found
