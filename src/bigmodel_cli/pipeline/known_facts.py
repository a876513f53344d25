"""What is known of data once it is loaded."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from bigmodel_cli.config.facts import PIXELS, DataFacts, ValueRange, facts_of
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.tasks.target import Target
from bigmodel_cli.tasks.task import Task


def known_facts(experiment: Experiment, splits: Splits) -> DataFacts:
    """The facts of an experiment's source with what its examples show."""
    by_target = {name: _of_labels(task) for name, task in splits.signature.targets.items()}
    stores = list(splits.train.inputs.values())
    facts = replace(
        facts_of(experiment),
        epoch_size=splits.epoch_size(experiment.data),
        value_range=None if splits.signature.kind.is_composed else _value_range(stores[0]),
        by_target=by_target,
        **_columns(splits),
    )
    return facts.of_target(next(iter(by_target))) if len(by_target) == 1 else facts


def _columns(splits: Splits) -> dict[str, Any]:
    if not splits.signature.kind.is_composed:
        return {}
    kinds = {name: kind.name for name, kind in splits.signature.inputs.items()}
    found = {name: _value_range(store) for name, store in splits.train.inputs.items()}
    ranges = {name: one for name, one in found.items() if one is not None and math.isfinite(sum(one))}
    return {"columns": kinds, "has_all_columns": True, "ranges": ranges}


def _of_labels(task: Task) -> DataFacts:
    return DataFacts(task.labels, task.numbers["num_classes"], num_columns=part_of(task, Target).num_columns)


def _value_range(store: Store) -> ValueRange | None:
    """What the values of a column lie in; None where finding it out would mean to read them all."""
    if store.dtype == "uint8":
        return PIXELS
    if store.array is None or store.names is not None or store.dtype.kind not in "iuf" or not len(store):
        return None
    import numpy as np

    if store.dtype.kind == "f" and np.isnan(store.array).all():
        return None
    # Of a column, what is missing is NaN.
    return float(np.nanmin(store.array)), float(np.nanmax(store.array))
