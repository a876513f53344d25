"""The token that a model takes for the next one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.tasks.predictions import Answer, Predictions
from bigmodel_cli.vocabulary.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class NextToken(Answer):
    """How likely each token is behind a window, of shape (vocabulary,)."""

    values: np.ndarray
    vocabulary: Vocabulary

    def _top(self, count: int) -> list[tuple[str, float]]:
        best = np.argsort(-self.values, kind="stable")[: max(count, 1)].tolist()
        return [(written(self.vocabulary, place), float(self.values[place])) for place in best]

    def line(self, top: int) -> str:
        named = self._top(top)
        return f"{named[0][0]} ({', '.join(f'{name} {value:.1%}' for name, value in named)})"

    def caption(self, shown: Callable[[str], str]) -> str:
        return shown(self._top(1)[0][0])

    def as_json(self, top: int) -> dict[str, Any]:
        named = self._top(top)
        return {
            "prediction": named[0][0],
            "top": [{"token": name, "probability": value} for name, value in named],
        }

    def cells(self) -> list[str]:
        ((name, value),) = self._top(1)
        return [name, f"{value:.6g}"]


def written(vocabulary: Vocabulary, number: int) -> str:
    """A token as a line has room for it: the end of a line is `\\n`, a byte of a letter `\\xc3`."""
    text = vocabulary.shown([number])
    if "\N{REPLACEMENT CHARACTER}" in text:
        return "".join(f"\\x{byte:02x}" for byte in vocabulary.as_bytes([number]))
    return json.dumps(text, ensure_ascii=False)[1:-1]


class GenerationPredictions(Predictions[Generation]):
    """Of windows, the token behind each."""

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return as_numbers(outputs[:, -1], reading)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        return (NextToken(row, self.task.vocabulary) for row in values)

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction", "probability"]
