"""Numbers that are missing where nothing stands in for them: one makes a mean, and every loss, no number."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.config.preprocessing import layers_of, takers
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import Store

_STANDS_IN = "impute"
# Values that are looked at together.
_CHUNK = 1 << 20


def check_missing(experiment: Experiment, splits: Splits) -> None:
    """Find out before training whether a missing number reaches a layer other than `impute`.

    Raises:
        DataError: Names the column, the place of the first one, and how many there are.
    """
    if not splits.signature.kind.is_composed:
        return
    for column, kind in splits.signature.inputs.items():
        layers = layers_of(experiment, column, kind)
        first = [*layers[:1]] or list(takers(experiment, column, kind))
        if all(step.name == _STANDS_IN for step in first):
            continue
        for split, part in splits.parts.items():
            gaps = _gaps(part.inputs[column])
            if gaps is not None and len(gaps):
                names = ", ".join([_STANDS_IN, *(layer.name for layer in layers)])
                raise DataError(
                    f"{part.place(int(gaps[0]))}, {column}: no {kind.noun}, and nothing stands in for it"
                    f"{_how_many(gaps, part, split)}",
                    hint=f"write preprocessing: {{{kind.name}: [{names}]}}",
                )


def _gaps(store: Store) -> np.ndarray | None:
    """The examples without a value; None of values that are no numbers."""
    if store.names is not None or store.dtype.kind != "f" or not store.gathers:
        return None
    found = []
    for start in range(0, len(store), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(store)))
        is_missing = np.isnan(store.gather(rows)).reshape(len(rows), -1).any(axis=1)
        found.append(rows[is_missing])
    return np.concatenate(found) if found else None


def _how_many(gaps: np.ndarray, part: Examples, split: str) -> str:
    return f" ({len(gaps):,} of the {len(part):,} rows of the {split} split)" if len(gaps) > 1 else ""
