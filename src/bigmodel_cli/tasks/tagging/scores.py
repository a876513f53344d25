"""How well words are tagged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.groups.gaps import GroupScores, Values, mean_by_chance
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.scoring.spans import Counted, counted, span_scores
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Sample, Scored, SequenceScoring
from bigmodel_cli.tasks.tagging.decoding import decoded
from bigmodel_cli.tasks.tagging.task import Tagging
from bigmodel_cli.tasks.task import PADDING


@dataclass(frozen=True)
class ScoredTags(Scored):
    """What a model made of sentences.

    Attributes:
        values: Of each word the number of the tag that was decided for, and the probability of the right one,
            float32 of shape (n, length, 2); -1 and 0 behind the last word.
        task: Which tags there are.
        counts: What follows from both.
    """

    task: Tagging
    counts: Counted

    def columns(self) -> list[str]:
        return ["label", "prediction", "probabilities"]

    def rows(self) -> Iterator[list[str]]:
        for labels, row in zip(self.labels, self.values, strict=True):
            likely = [float(f"{number:.7g}") for number in row[labels != PADDING, 1].tolist()]
            yield [*self._written(labels, row), json.dumps(likely)]

    def _written(self, labels: np.ndarray, row: np.ndarray) -> tuple[str, str]:
        right, told = self.task.written(labels.tolist()), self.task.written(row[:, 0].astype(int).tolist())
        return " ".join(right), " ".join(told)

    def samples(self) -> dict[str, list[Sample]]:
        """The sentences in which most went wrong, each with the probability of its right tags per word."""
        is_word = self.labels != PADDING
        wrong = ((self.values[..., 0] != self.labels) & is_word).sum(axis=1)
        surprise = -(np.log(np.maximum(self.values[..., 1], 1e-12)) * is_word).sum(axis=1)
        order = np.lexsort((-surprise, -wrong))[:NUM_SAMPLES].tolist()
        each = np.exp(-surprise / np.maximum(is_word.sum(axis=1), 1))
        shown = [
            Sample(
                index,
                *self._written(self.labels[index], self.values[index]),
                of_label=round(float(each[index]), 6),
            )
            for index in order
        ]
        return {"mistakes": [one for one in shown if one.label != one.prediction]}

    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        found, intervals = [], []
        for number in range(len(groups.names)):
            inside = np.flatnonzero(groups.members == number)
            scores = span_scores(self.counts.take(inside), self.task.types, seed=seed)
            found.append({**scores.headline, **scores.others})
            intervals.append(scores.intervals)
        names = list(found[0]) if found else []
        values: dict[str, Values] = {name: [of_one[name] for of_one in found] for name in names}
        chance = mean_by_chance(self.counts.right / np.maximum(self.counts.words, 1), groups, seed)
        by_chance = {} if chance is None else {"word_accuracy": chance}
        return GroupScores(groups, values, intervals, by_chance, shown=names)


class TaggingScoring(SequenceScoring[Tagging]):
    """Of tags, which are decided for sentence by sentence."""

    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        counts = counts_of(self.task, labels, values)
        return ScoredTags(labels, values, span_scores(counts, self.task.types, seed=seed), self.task, counts)

    def of_kept(self, kept: np.ndarray, reading: Reading) -> np.ndarray:
        return self.of_outputs(kept[..., -1].astype(np.int64), kept[..., :-1], reading)

    def of_outputs(self, labels: np.ndarray, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        shares = as_numbers(outputs, reading)
        is_word = np.asarray(labels) != PADDING
        tags = decoded(shares, is_word.sum(axis=1).tolist(), self.task.tags, self.task.scheme)
        right = np.maximum(labels, 0)[..., np.newaxis].astype(np.int64)
        came = np.take_along_axis(shares, right, axis=-1)[..., 0] * is_word
        return np.stack([tags, came], axis=-1).astype(np.float32)

    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        number_of = {tag: number for number, tag in enumerate(self.task.tags)}
        right, told, likely = (cells(name) for name in ("label", "prediction", "probabilities"))
        labels = np.full((len(right), self.task.length), PADDING, np.int64)
        values = np.zeros((len(right), self.task.length, 2), np.float32)
        values[..., 0] = PADDING
        for row, (are, said, shares) in enumerate(zip(right, told, likely, strict=True)):
            numbers = [number_of[tag] for tag in are.split(" ")] if are else []
            labels[row, : len(numbers)] = numbers
            values[row, : len(numbers), 0] = [number_of[tag] for tag in said.split(" ")] if said else []
            values[row, : len(numbers), 1] = json.loads(shares)
        return self.scored(labels, values, rule, seed=seed)

    def differing(self, expected: np.ndarray, found: np.ndarray, rule: DecisionRule = AS_IT_IS) -> int | None:
        return int((expected[..., 0] != found[..., 0]).any(axis=1).sum())


def counts_of(task: Tagging, labels: np.ndarray, values: np.ndarray) -> Counted:
    """What was found in sentences.

    Args:
        task: Which tags there are.
        labels: Shape (n, length).
        values: As `ScoredTags` has them.
    """
    told = values[..., 0].astype(np.int64)
    is_word = labels != PADDING
    spans = [
        [task.spans(task.written(numbers)) for numbers in of_all]
        for of_all in (labels.tolist(), np.where(is_word, told, PADDING).tolist())
    ]
    words = ((told == labels) & is_word).sum(axis=1), is_word.sum(axis=1)
    return counted(spans[0], spans[1], task.types, words)
