"""What each word of a text adds to a score by integrated gradients, at the vectors of its tokens.

The way leads from a text of padding alone to the text (Sundararajan, Taly, Yan 2017). Which tokens are of a
word is found by writing the text word by word: what a word changes is its own. So nothing need be known of
how the model cuts a text into tokens. Where it counts them instead, the way leads along the counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bigmodel_cli.explaining.rows.effects import along, complete
from bigmodel_cli.explaining.rows.faded import FadedRow
from bigmodel_cli.explaining.rows.network import RowNetwork
from bigmodel_cli.explaining.rows.words import WordEffect, encoded_values
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.sources.stores import ArrayStore, Store, texts_of


@dataclass(frozen=True)
class WordGradients:
    """Words of a text with what they add.

    Attributes:
        words: For each target, in the order of the text.
        details: For each target what else is to be said, as JSON; they sum up to `completeness`.
    """

    words: Sequence[Sequence[WordEffect]]
    details: Sequence[Mapping[str, Any]]


def word_gradients(
    network: RowNetwork,
    row: Mapping[str, Store],
    column: str,
    cells: Cells,
    targets: Sequence[int],
    found: Sequence[Sequence[WordEffect]],
) -> WordGradients | str:
    """What words add, or why that is not known.

    Args:
        network: The model.
        row: One value in each column.
        column: Which of them is the text.
        cells: How texts become its values.
        targets: Classes or outputs, by their indices.
        found: For each of them the words, as `word_effects` finds them.
    """
    text = str(texts_of(row[column]).read(0))
    written = ["", *(text[: one.start + len(one.word)] for one in found[0]), text]
    values = cells.held(written).values()
    repeated = {name: store.take(np.zeros(len(values), np.int64)) for name, store in row.items()}
    faded = FadedRow(network, {**repeated, column: ArrayStore(values, column)})
    if faded.tokens is None:
        return "a word moves the tokens of others"
    if faded.tokens.size:
        there = np.ones(faded.tokens.shape[1])
        way = along(faded, there - faded.tokens.any(axis=0), there, targets)
        of_words = way.average @ faded.tokens.T
    else:
        counted = _counted(network, row, column, values)
        if isinstance(counted, str):
            return counted
        whole, added = counted
        way = along(network, whole - added.sum(axis=0), whole, targets)
        of_words = way.average @ added.T
    return WordGradients(
        [
            [replace(one, gradient=float(value)) for one, value in zip(words, values, strict=True)]
            for words, values in zip(found, of_words, strict=True)
        ],
        [
            complete(float(values.sum()), float(difference), way.steps)
            for values, difference in zip(of_words, way.differences, strict=True)
        ],
    )


def _counted(
    network: RowNetwork, row: Mapping[str, Store], column: str, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | str:
    """A row in numbers, and what each word has added to them, (words, width); or why that is not known."""
    *begun, whole = np.concatenate(list(encoded_values(network, row, column, values))).astype(np.float64)
    changed = np.diff(begun, axis=0)
    added = np.where(network.are_floats, changed, 0.0)
    if np.any((added > 0).any(axis=0) & (added < 0).any(axis=0)):
        return "a word moves the tokens of others"
    return "no gradient reaches its tokens" if changed.any() and not added.any() else (whole, added)
