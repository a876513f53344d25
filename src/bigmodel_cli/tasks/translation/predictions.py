"""The text that was found."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.predictions import Answer, Predictions, Written
from bigmodel_cli.tasks.translation.task import Translation

_LEAST = 1e-30


class TranslationPredictions(Predictions[Translation]):
    """Of texts that were found; values are a score and the ids of each, float32 (n, 1 + length)."""

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return outputs if outputs.ndim == 2 else self._likeliest(as_numbers(outputs, reading))

    def _likeliest(self, shares: np.ndarray) -> np.ndarray:
        """The likeliest token at each place, where a model gave shares of all for the text that is right."""
        ids = shares.argmax(axis=-1)
        scores = np.log(np.maximum(shares.max(axis=-1), _LEAST)).mean(axis=1)
        return np.concatenate([scores[:, np.newaxis], ids], axis=1).astype(np.float32)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        return (Written(row[:1], self.task.text(row[1:].astype(int).tolist())) for row in values)

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction", "score"]
