"""All items as a model sees them: what its item's side makes of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from bigmodel_cli.inference.export import features_of
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.kinds.cells import Cells, Held
from bigmodel_cli.kinds.inputs import Finder
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.modeling.towers import sides
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import BEST, RunFolder
from bigmodel_cli.signature import Signature, slugs
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.retrieval.task import Retrieval

# Rows that a side of the model computes at once.
_AT_ONCE = 4096


def with_items(
    signature: Signature, model: Any, splits: Splits, written: Callable[[], Mapping[str, Any] | None]
) -> Signature:
    """The same whose tasks that find items know what training knew, and what a model makes of each item.

    Args:
        signature: Of the model.
        model: From raw features to outputs.
        splits: Those that it was trained on: an item's columns are those of its latest row.
        written: Says how rows are written, with the tables that are joined to them.
    """
    found = {
        name: _with_vectors(name, cast(Retrieval, task), signature, model, splits, written)
        for name, task in signature.targets.items()
        if task.finds_items
    }
    return replace(signature, targets={**signature.targets, **found}) if found else signature


def sides_of_best(folder: RunFolder, *, trust: bool = False) -> tuple[Any, Any]:
    """The halves of a run's best model, of who asks and of an item; TensorFlow starts.

    Args:
        folder: Of the run.
        trust: Load a model even if it can run code.
    """
    import_tensorflow()
    return sides(load_for_inference(folder, BEST, trust=trust))


def with_kept_items(
    signature: Signature, model: Any, written: Callable[[], Mapping[str, Any] | None]
) -> Signature:
    """The same of a run's catalogue, which has the vectors of its best model, for another one of its models.

    Args:
        signature: Of the run, with what it keeps.
        model: From raw features to outputs.
        written: Says how rows are written, with the tables that are joined to them.
    """
    found = {}
    for name, task in signature.targets.items():
        if task.finds_items:
            known = cast(Retrieval, task).known
            assert known is not None, "a run whose rows were placed has a catalogue"
            keys = [{name: item} for item in known.items]
            vectors = vectors_of_rows(sides(model)[1], keys, signature, written())
            found[name] = replace(cast(Retrieval, task), known=known.with_vectors(vectors, known.prior))
    return replace(signature, targets={**signature.targets, **found})


def _with_vectors(
    name: str,
    task: Retrieval,
    signature: Signature,
    model: Any,
    splits: Splits,
    written: Callable[[], Mapping[str, Any] | None],
) -> Retrieval:
    trained, known = splits.train, cast(Retrieval, splits.signature.targets[name]).known
    assert known is not None, "splits know which rows are trained on"
    _, of_item = sides(model)
    last = latest(trained.targets[name], len(known.items), trained.sought[name]["time"])
    joined = np.flatnonzero(last < 0)
    vectors = vectors_of_latest(of_item, trained, signature, last)
    if len(joined):
        keys = [{name: known.items[place]} for place in joined.tolist()]
        vectors[joined] = vectors_of_rows(of_item, keys, signature, written())
    return replace(task, known=known).with_vectors(vectors)


def latest(places: np.ndarray, count: int, times: np.ndarray) -> np.ndarray:
    """The latest row of each item, or of each user, by time, then by order; -1 for those without one.

    Args:
        places: Of each row; those from `count` on, or below 0, are passed over.
        count: How many there are.
        times: Of each row.
    """
    found = np.full(count, -1, np.int64)
    order = np.argsort(times, kind="stable")
    known = order[(places[order] >= 0) & (places[order] < count)]
    # Of several values for a place NumPy keeps the last.
    found[places[known]] = known
    return found


def vectors_of_latest(
    side: Any, examples: Examples, signature: Signature, rows: np.ndarray, *, later: bool = False
) -> np.ndarray:
    """What a side of the model makes of some examples, float32 of shape (n, d); zeros where there is none.

    Args:
        side: As `sides` gives it.
        examples: Of which they are.
        signature: What one is.
        rows: Their places; -1 for none.
        later: Whether rows right behind them are meant, whose users had their items before.
    """
    found = np.zeros((len(rows), side.output_shape[-1]), np.float32)
    there = np.flatnonzero(rows >= 0)
    for start in range(0, len(there), _AT_ONCE):
        some = there[start : start + _AT_ONCE]
        features = features_of(examples, signature, rows[some])
        if later:
            features = {
                name: part_of(signature.inputs[name], Cells).later(column, features)
                for name, column in features.items()
            }
        found[some] = vectors_of(side, features)
    return found


def vectors_of_rows(
    side: Any, rows: Sequence[Mapping[str, Any]], signature: Signature, written: Mapping[str, Any] | None
) -> np.ndarray:
    """What a side of the model makes of rows that name some columns; others are missing.

    Args:
        side: As `sides` gives it.
        rows: Values by column.
        signature: What a row is.
        written: How rows are written, with the tables that are joined to them.
    """
    found = part_of(signature.kind, Finder).sent(rows, written)
    assert found is not None, "a model of two sides takes rows"
    return np.concatenate([vectors_of(side, batch.features) for batch in found.batches(signature, ())])


def vectors_of(side: Any, features: Mapping[str, Held]) -> np.ndarray:
    """What a side of the model makes of columns, float32 of shape (n, d)."""
    import tensorflow as tf

    slug_of = slugs(features)
    wanted = {tensor.name for tensor in side.inputs}
    given = {
        slug_of[name]: tf.constant(column.values())
        for name, column in features.items()
        if slug_of[name] in wanted
    }
    return np.asarray(side(given, training=False), np.float32)
