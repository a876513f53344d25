"""Texts that a model makes of others, in batches of texts of about equal length."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.inference.translating.search import Search, Wanted
from bigmodel_cli.inference.translating.stepping import decoder_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.translation.task import Translation

# Texts that are searched for at once, each with its beams. A single one has a graph of its own.
_AT_ONCE = 32
# Lengths of batches are multiples of it, so that few graphs serve all.
_MULTIPLE = 8


class Translator:
    """Looks for the likeliest text of each example.

    Args:
        model: The saved model, which takes texts and the text so far.
        signature: Of the run; its one target is searched for.
        reading: How the loss reads the output.
    """

    def __init__(self, model: Any, signature: Signature, reading: Reading) -> None:
        self._model, self._signature = model, signature
        self._task = cast(Translation, signature.task)
        self._are_logits = reading.activation == "softmax"

    @cached_property
    def _search(self) -> Any:
        """The graphs, one for each shape."""
        import tensorflow as tf

        task, slugs = self._task, self._signature.slugs
        so_far = next(name for name, kind in self._signature.inputs.items() if kind.so_far is not None)
        decoder = decoder_of(self._model, slugs[so_far], task.length, are_logits=self._are_logits)
        known = task.vocabulary
        begin, end = cast(int, known.begin), cast(int, known.end)
        never = tuple(one for one in (known.padding, known.unknown, begin) if one is not None)
        search = Search(decoder, Wanted(task.length, task.beams, task.length_penalty, begin, end, never))
        return tf.function(lambda given: search(given), autograph=False)

    def __call__(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """A score and the ids of the text for each example, float32 (n, 1 + length).

        Args:
            columns: Ids by the names of columns; of them the texts that are given are taken.
        """
        slugs, task = self._signature.slugs, self._task
        columns = {name: columns[name] for name in self._signature.given}
        count = len(next(iter(columns.values())))
        lengths = np.max([_lengths(ids) for ids in columns.values()], axis=0)
        # Texts of a batch are of about equal length: what is short is soon done.
        order = np.argsort(-lengths, kind="stable")
        found = np.zeros((count, 1 + task.length), np.float32)
        size = 1 if count == 1 else _AT_ONCE
        for start in range(0, count, size):
            rows = order[start : start + size]
            # The last batch is filled up: a graph of its own would take longer.
            filled = np.resize(rows, size)
            given = {slugs[name]: self._cut(slugs[name], ids[filled]) for name, ids in columns.items()}
            ids, scores = (one.numpy()[: len(rows)] for one in self._search(given))
            found[rows] = np.concatenate([scores[:, np.newaxis], ids], axis=1)
        return found

    def _cut(self, name: str, ids: np.ndarray) -> Any:
        """Ids without the padding that all have, where the model takes texts of any length."""
        import tensorflow as tf

        (tensor,) = (one for one in self._model.inputs if one.name == name)
        if tensor.shape[1] is None:
            longest = -(-max(int(_lengths(ids).max()), 1) // _MULTIPLE) * _MULTIPLE
            ids = ids[:, :longest]
        return tf.constant(ids, tf.int32)


def _lengths(ids: np.ndarray) -> np.ndarray:
    """Up to the last token that is no padding."""
    places = np.arange(1, ids.shape[1] + 1)
    return np.asarray(((ids != 0) * places).max(axis=1))
