"""What is known of data once it is loaded."""

from __future__ import annotations

from dataclasses import replace

from bigmodel_cli.config.facts import PIXELS, DataFacts, ValueRange, facts_of
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.tasks.target import Target


def known_facts(experiment: Experiment, splits: Splits) -> DataFacts:
    """The facts of an experiment's source with what its examples show."""
    signature = splits.signature
    return replace(
        facts_of(experiment),
        labels=signature.task.labels,
        num_classes=signature.numbers["num_classes"],
        epoch_size=splits.epoch_size(experiment.data),
        num_columns=part_of(signature.task, Target).num_columns,
        value_range=_value_range(splits.train.store),
    )


def _value_range(store: Store) -> ValueRange | None:
    """What the values of a column lie in; None where finding it out would mean to read them all."""
    if store.dtype == "uint8":
        return PIXELS
    if store.array is None or store.dtype.kind not in "iuf" or not len(store):
        return None
    return float(store.array.min()), float(store.array.max())
