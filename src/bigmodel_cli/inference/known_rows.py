"""Rows of other data, of users and items as a run knows them from training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.retrieval.ranking import known_of
from bigmodel_cli.tasks.retrieval.task import Retrieval


def among_kept_items(
    examples: Examples,
    signature: Signature,
    trained_with: Signature,
    where: Path,
    warn: Callable[[str], None],
) -> tuple[Examples, Signature]:
    """The rows with the places of their items and users in a run's catalogue, and what they are then.

    Args:
        examples: As their source has them.
        signature: What one of them is, likewise.
        trained_with: What the run knows.
        where: The file.
        warn: Told how many items and users are not known.

    Raises:
        DataError: If the run has kept nothing of its items, or no row has one that it knows.
    """
    ((name, task),) = cast("dict[str, Retrieval]", trained_with.targets).items()
    names = cast(Retrieval, signature.targets[name]).names
    assert names is not None, "nobody has cut splits of these rows"
    placed = replace(task, known=known_of(task).for_rows(names))
    rows = placed.placed(examples.sought[name])
    examples = replace(
        examples,
        targets={name: placed.placed(examples.targets[name])},
        sought={name: rows},
    )
    known = known_of(task)
    unknown, users = rows["item"] < 0, np.unique(rows["user"])
    if unknown.all():
        raise DataError(
            f"{where}: no row has an item that the run knows, such as {known.items[0]!r}; names are compared "
            "as they are written"
        )
    if count := int(unknown.sum()):
        warn(f"{where}: {count:,} of {len(rows):,} rows have items that the run does not know: never found")
    if count := int((users >= len(known.users)).sum()):
        warn(
            f"{where}: {count:,} of {len(users):,} users had nothing in training: their scores are told apart"
        )
    return examples, replace(signature, targets={name: task})
