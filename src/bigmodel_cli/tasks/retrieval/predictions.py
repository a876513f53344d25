"""The items that somebody may take next, the best first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.predictions import Answer, Asked, Predictions
from bigmodel_cli.tasks.retrieval.ranking import known_of, recommended
from bigmodel_cli.tasks.retrieval.task import Retrieval

NOTHING = "(nothing)"


@dataclass(frozen=True, slots=True)
class Recommended(Answer):
    """Items.

    Attributes:
        values: What each of them scores, the best first.
        items: Their names.
    """

    values: np.ndarray
    items: Sequence[str]

    def line(self, top: int) -> str:
        told = zip(self.items[:top], self.values.tolist(), strict=False)
        return ", ".join(f"{item} {score:.4g}" for item, score in told) or NOTHING

    def caption(self, shown: Callable[[str], str]) -> str:
        return shown(self.items[0]) if self.items else NOTHING

    def as_json(self, top: int) -> dict[str, Any]:
        told = zip(self.items[:top], self.values.tolist(), strict=False)
        best = [{"item": item, "score": score} for item, score in told]
        if not best:
            return {"prediction": "", "score": None, "top": []}
        return {"prediction": best[0]["item"], "score": best[0]["score"], "top": best}

    def cells(self) -> list[str]:
        return [self.items[0], f"{self.values[0]:.6g}"] if self.items else ["", ""]


class RetrievalPredictions(Predictions[Retrieval]):
    """Of items. Values are the vectors of who asks, float32 (n, d)."""

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return np.asarray(outputs[:, : outputs.shape[1] // 2], np.float32)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        return self._answers(values, np.full(len(values), -1))

    def answers_to(
        self, asked: Asked, values: np.ndarray, reading: Reading, rule: DecisionRule
    ) -> Iterator[Answer]:
        """Without what users that are known had in training, where that is left out."""
        if self.task.user not in asked.features:
            return self.answers(values, reading, rule)
        places = known_of(self.task).place_of_user
        users = asked.values(self.task.user).tolist()
        return self._answers(values, np.array([places.get(str(user), -1) for user in users], np.int64))

    def _answers(self, values: np.ndarray, users: np.ndarray) -> Iterator[Answer]:
        items = known_of(self.task).items
        for places, scores in recommended(self.task, users, values):
            yield Recommended(scores, [items[place] for place in places.tolist()])

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction", "score"]
