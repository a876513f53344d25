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
from bigmodel_cli.tasks.predictions import Answer, Predictions, Telling
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


# Windows are those of `inference/generating/stepping.py: window_of`.
_TELL = """\
def tell(features):
    # The text, and how it goes on with the likeliest token each time.
    ((name, given),) = features.items()
    ids, length = given[0].tolist(), ABOUT["inputs"][0]["shape"][1]
    half = max(length // 2, 1)
    for _ in range(100):
        full = len(ids) - length - 1
        window = ids if full < 0 else ids[-(half + full % (length + 1 - half)) :]
        # What stands behind a token tells nothing of the next one.
        padded = np.array([window + [0] * (length - len(window))], "int32")
        (values,) = predict({name: padded}).values()
        ids.append(int(values[0][len(window) - 1].argmax()))
    print(text_of(ids))
"""


class GenerationPredictions(Predictions[Generation]):
    """Of windows, the token behind each."""

    @property
    def telling(self) -> Telling:
        known = self.task.vocabulary
        return Telling(f"{known.snippet}\n\n{_TELL}", known.packages)

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return as_numbers(outputs[:, -1], reading)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        return (NextToken(row, self.task.vocabulary) for row in values)

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction", "probability"]
