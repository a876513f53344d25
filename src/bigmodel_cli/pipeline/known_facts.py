"""What is known of data once it is loaded."""

from __future__ import annotations

import math
from dataclasses import replace

from bigmodel_cli.config.facts import PIXELS, DataFacts, ValueRange, facts_of
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.pipeline.order import balanced_size
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import ArrayExamples, Examples


def known_facts(experiment: Experiment, splits: Splits) -> DataFacts:
    """The facts of an experiment's source with what its examples show."""
    signature, train = splits.signature, splits.train
    oversamples = experiment.data.oversample is not None and signature.class_names is not None
    return replace(
        facts_of(experiment),
        labels="numbers" if signature.class_names is None else "classes",
        num_classes=signature.num_classes,
        epoch_size=balanced_size(train.labels) if oversamples else len(train),
        num_columns=None if signature.class_names is not None else math.prod(signature.target_shape),
        value_range=_value_range(train, signature.dtype),
    )


def _value_range(examples: Examples, dtype: str) -> ValueRange | None:
    """What the values of examples lie in; None where finding it out would mean to read them all."""
    if dtype == "uint8":
        return PIXELS
    if not isinstance(examples, ArrayExamples) or examples.features.dtype.kind not in "iuf":
        return None
    return (float(examples.features.min()), float(examples.features.max())) if len(examples) else None
