"""How well a text was foreseen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.groups.gaps import GroupScores, Values, mean_by_chance
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.scoring.tokens import Foreseen, token_scores
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Sample, Scored, SequenceScoring

_LEAST = 1e-30


@dataclass(frozen=True)
class ScoredTokens(Scored):
    """What a model made of windows.

    Attributes:
        values: Of each place the logarithm of the probability of the token that came, and the id of the
            likeliest one, float32 of shape (n, length, 2).
        task: Which tokens there are.
    """

    task: Generation

    def columns(self) -> list[str]:
        return ["label", "prediction", "log_likelihoods"]

    def rows(self) -> Iterator[list[str]]:
        as_text = self.task.vocabulary.as_text
        for ids, row in zip(self.labels, self.values, strict=True):
            likely = json.dumps([float(f"{number:.7g}") for number in row[:, 0].tolist()])
            yield [as_text(ids.tolist()), as_text(row[:, 1].astype(int).tolist()), likely]

    def samples(self) -> dict[str, list[Sample]]:
        """The windows that were foreseen worst, each with the mean likelihood of its tokens."""
        mean = self.values[:, :, 0].mean(axis=1)
        worst = np.argsort(mean, kind="stable")[:NUM_SAMPLES].tolist()
        as_shown = self.task.vocabulary.shown
        shown = [
            Sample(
                index,
                as_shown(self.labels[index].tolist()),
                as_shown(self.values[index, :, 1].astype(int).tolist()),
                of_label=round(float(np.exp(mean[index])), 6),
            )
            for index in worst
        ]
        return {"mistakes": [one for one in shown if one.label != one.prediction]}

    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        whole = foreseen(self.labels, self.values, self.task)
        found, intervals = [], []
        for number in range(len(groups.names)):
            inside = groups.members == number
            scores = token_scores(Foreseen(*(part[inside] for part in whole)), seed=seed)
            found.append({**scores.headline, **scores.others})
            intervals.append(scores.intervals)
        names = list(found[0]) if found else []
        values: dict[str, Values] = {name: [of_one[name] for of_one in found] for name in names}
        chance = mean_by_chance(whole.is_right.mean(axis=1), groups, seed)
        by_chance = {} if chance is None else {"token_accuracy": chance}
        return GroupScores(groups, values, intervals, by_chance, shown=names)


def foreseen(labels: np.ndarray, values: np.ndarray, task: Generation) -> Foreseen:
    """What was made of the tokens of windows."""
    ids = np.asarray(labels, np.int64)
    return Foreseen(
        -values[:, :, 0].astype(np.float64), values[:, :, 1] == ids, task.vocabulary.num_bytes()[ids]
    )


class GenerationScoring(SequenceScoring[Generation]):
    """Of texts, of which nothing is decided."""

    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        scores = token_scores(foreseen(labels, values, self.task), seed=seed)
        return ScoredTokens(labels, values, scores, self.task)

    def of_kept(self, kept: np.ndarray, reading: Reading) -> np.ndarray:
        return kept

    def of_outputs(self, labels: np.ndarray, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        shares = as_numbers(outputs, reading)
        came = np.take_along_axis(shares, np.asarray(labels, np.int64)[..., np.newaxis], axis=-1)
        likely = np.log(np.maximum(came, _LEAST))
        return np.concatenate([likely, shares.argmax(axis=-1, keepdims=True)], axis=-1).astype(np.float32)

    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        read = self.task.vocabulary.from_text
        labels = np.stack([read(cell) for cell in cells("label")])
        likeliest = np.stack([read(cell) for cell in cells("prediction")])
        likely = np.array([json.loads(cell) for cell in cells("log_likelihoods")], np.float32)
        return self.scored(labels, np.stack([likely, likeliest.astype(np.float32)], -1), rule, seed=seed)
