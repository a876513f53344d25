"""Which words of a text a prediction rests on: what the score loses when each is left out.

Erasure of one word at a time (Li, Monroe, Jurafsky 2016, Understanding Neural Networks through Representation
Erasure). What stands behind a word moves up, as if it had never been written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.explaining.rows.network import RowNetwork
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.sources.stores import ArrayStore, Store, texts_of

# Of a longer text the words behind these are not looked at.
MOST_WORDS = 500
# Numbers that rows without a word become at once.
_AT_ONCE = 20_000_000
_WORD = re.compile(r"\S+")
_LETTER = re.compile(r"\S")


@dataclass(frozen=True)
class WordEffect:
    """What a word adds to the score of a class, or to the predicted number.

    Attributes:
        word: As it is written.
        start: Where in the text it begins, in characters.
        effect: How far the score falls without it; below 0 is what speaks against.
        gradient: What it adds by integrated gradients; None: these were not asked for, or there are none.
    """

    word: str
    start: int
    effect: float
    gradient: float | None = None


def word_effects(
    network: RowNetwork, row: Mapping[str, Store], column: str, cells: Cells, targets: Sequence[int]
) -> list[list[WordEffect]]:
    """For each target what each word of a text adds, in the order of the text.

    Where nothing stands between words, as in Chinese, letters are left out instead.

    Args:
        network: The model.
        row: One value in each column.
        column: Which of them is the text.
        cells: How texts become its values.
        targets: Classes or outputs, by their indices.
    """
    text = str(texts_of(row[column]).read(0))
    found = list(_WORD.finditer(text))
    if len(found) < 2:
        found = list(_LETTER.finditer(text))
    found = found[:MOST_WORDS]
    without = [_without(text, *one.span()) for one in found]
    rows = encoded_values(network, row, column, cells.held([text, *without]).values())
    scores = np.concatenate([network.scored(some, targets) for some in rows])
    lost = scores[0] - scores[1:]
    return [
        [
            WordEffect(one.group(), one.start(), float(effect))
            for one, effect in zip(found, lost[:, number], strict=True)
        ]
        for number in range(len(targets))
    ]


def _without(text: str, start: int, end: int) -> str:
    """A text as if a word had not been written: neither are the spaces on one side of it."""
    before, behind = text[:start], text[end:]
    if not behind.strip():
        return before.rstrip()
    return before + (behind.lstrip() if not before or before[-1].isspace() else behind)


def encoded_values(
    network: RowNetwork, row: Mapping[str, Store], column: str, values: np.ndarray
) -> Iterator[np.ndarray]:
    """A row with other values in a column, encoded, some rows at once."""
    at_once = max(1, _AT_ONCE // max(1, network.width))
    for begin in range(0, len(values), at_once):
        some = values[begin : begin + at_once]
        repeated = {name: store.take(np.zeros(len(some), np.int64)) for name, store in row.items()}
        yield network.encoded({**repeated, column: ArrayStore(some, column)})
