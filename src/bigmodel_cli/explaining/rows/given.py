"""Rows that a user gives: tables, or values of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from bigmodel_cli.inference.inputs import find_rows
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.kinds.inputs import Asked
from bigmodel_cli.sources.stores import ArrayStore, CodedStore, Store, TokenStore


def given_rows(
    opened: OpenRun,
    words: Sequence[str],
    settings: Sequence[str],
    note: Callable[[str], None],
    warn: Callable[[str], None],
) -> Iterator[tuple[str, Mapping[str, Store] | str]]:
    """Each row with its name; where it cannot be read, why.

    Args:
        opened: The run whose model takes them.
        words: Tables.
        settings: Values of columns of one row.
        note: Is told what a user should know.
        warn: Is told what may not be meant.

    Raises:
        UsageError, DataError: If there are no such rows.
    """
    found = find_rows(Asked(words, settings, opened.rows_written), opened.signature, warn)
    assert found is not None, "who asks has rows"
    for remark in found.remarks:
        note(remark)
    for batch in found.batches(opened.signature, ()):
        row = 0
        for item, error in zip(batch.inputs, batch.errors, strict=True):
            if error is not None:
                yield item.name, error
                continue
            yield item.name, {name: _store(held, row, item.name) for name, held in batch.features.items()}
            row += 1
    for sentence in found.noticed:
        note(sentence)


def _store(held: Held, row: int, name: str) -> Store:
    """One value of a column."""
    one = held.take(np.array([row]))
    if one.texts is not None and one.names is None:
        return TokenStore(one.array, name, texts=CodedStore(np.zeros(1, np.int32), one.texts, name))
    if one.names is None:
        return ArrayStore(one.array, name)
    return CodedStore(one.array, one.names, name)
