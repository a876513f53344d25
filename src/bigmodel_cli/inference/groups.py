"""Scores of an evaluation by groups of its examples, which another column makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.evaluation import Evaluation
from bigmodel_cli.scoring.groups.grouping import Groups, groups_of_names, groups_of_numbers
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import Store


def with_groups(
    evaluation: Evaluation, examples: Examples, columns: Sequence[str], *, seed: int
) -> Evaluation:
    """The same evaluation with the scores of groups.

    Args:
        evaluation: Of the examples.
        examples: Which have the columns as inputs, or beside them.
        columns: By which groups are made.
        seed: Of the resampling for intervals.

    Raises:
        UsageError: If there is no such column, or its values make no groups.
    """
    if not columns:
        return evaluation
    groups = {column: groups_of(examples, column) for column in columns}
    by_target = {}
    for target, scored in evaluation.by_target.items():
        rows = examples.rows_of(target)
        of_target = {
            column: found.take(rows) if target in examples.known else found
            for column, found in groups.items()
        }
        by = {column: scored.by_group(found, seed=seed) for column, found in of_target.items()}
        by_target[target] = replace(scored, by=by)
    return replace(evaluation, by_target=by_target)


def groups_of(examples: Examples, column: str) -> Groups:
    """The groups that a column makes.

    Raises:
        UsageError: As `with_groups`.
    """
    if column in examples.targets:
        raise UsageError(
            f"by {column}: this is the target", hint="scores of its classes are in every evaluation"
        )
    stores = {**examples.inputs, **examples.beside}
    if column not in stores:
        near = closest(column, stores)
        hint = f"did you mean {near}?" if near else f"its columns: {some(stores)}"
        raise UsageError(f"by {column}: the data has no such column", hint=hint)
    return _of_store(stores[column], column)


def _of_store(store: Store, column: str) -> Groups:
    if not store.gathers or store.shape != ():
        what = "of several numbers" if store.gathers else "read one by one"
        raise UsageError(
            f"by {column}: each value is {what}", hint="groups are made of categories, texts and numbers"
        )
    held = store.gather(np.arange(len(store)))
    return groups_of_numbers(held) if store.names is None else groups_of_names(held, store.names)
