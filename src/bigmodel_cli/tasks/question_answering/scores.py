"""How well questions are answered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.answers import answer_f1, answer_scores, exact_match
from bigmodel_cli.scoring.groups.gaps import GroupScores, Values, mean_by_chance
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.scoring.scores import Scores
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.question_answering.decoding import best_spans, voted
from bigmodel_cli.tasks.question_answering.predictions import in_texts, numbered
from bigmodel_cli.tasks.question_answering.sought import Sought
from bigmodel_cli.tasks.question_answering.task import NONE, QuestionAnswering
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Sample, Scored, SequenceScoring


@dataclass(frozen=True)
class Told:
    """A question, what is right, and what a model says.

    Attributes:
        id: Of the question.
        question: It.
        right: All answers that are right; none where there is none.
        answer: The model's; "" for none.
        score: How probable that is in the window that was surest.
        none: How probable it is that no window has an answer.
    """

    id: str
    question: str
    right: Sequence[str]
    answer: str
    score: float
    none: float

    @property
    def label(self) -> str:
        """What is right, in a cell."""
        return json.dumps(self.right, ensure_ascii=False)


@dataclass(frozen=True)
class ScoredAnswers(Scored):
    """What a model said of questions. Of several windows of a text each one has the answer of all.

    Attributes:
        labels: What is right, as JSON in an object array.
        values: What each window says, as `decoding.best_spans` has it, float32 of shape (n, 4).
        told: Of each example.
        first: The first window of each question.
        measured: F1 and exact match of each example, float64 of shape (n, 2).
        may_lack: Whether questions may have no answer.
    """

    told: Sequence[Told]
    first: np.ndarray
    measured: np.ndarray
    may_lack: bool

    def columns(self) -> list[str]:
        measures = ["answer_f1", "answer_exact_match"]
        return ["label", "prediction", "score", "no_answer", *measures, "id", "question", "window"]

    def rows(self) -> Iterator[list[str]]:
        for one, values, (f1, exact) in zip(self.told, self.values, self.measured, strict=True):
            window = json.dumps([float(f"{value:.7g}") for value in values.tolist()])
            numbers = [f"{one.score:.7g}", f"{one.none:.7g}", f"{f1:.6g}", f"{exact:.0f}"]
            yield [one.label, one.answer, *numbers, one.id, one.question, window]

    def samples(self) -> dict[str, list[Sample]]:
        """The questions that were answered worst, those first of which the model was surest; and the best."""
        f1, sure = self.measured[self.first, 0], np.array([self.told[row].score for row in self.first])
        worst = self.first[np.lexsort((-sure, f1))].tolist()
        best = self.first[np.lexsort((-sure, -f1))].tolist()
        return {
            "mistakes": [self._sample(row) for row in worst if self.measured[row, 0] < 1][:NUM_SAMPLES],
            "best": [self._sample(row) for row in best if self.measured[row, 0] > 0][:NUM_SAMPLES],
        }

    def _sample(self, row: int) -> Sample:
        told, f1 = self.told[row], float(self.measured[row, 0])
        return Sample(row, told.label, told.answer, round(told.score, 6), round(f1, 4))

    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        found, intervals = [], []
        is_first = np.isin(np.arange(len(self.told)), self.first)
        for number in range(len(groups.names)):
            inside = np.flatnonzero((groups.members == number) & is_first)
            scores = scores_of(self.told, self.measured, inside, may_lack=self.may_lack, seed=seed)
            found.append(scores.headline)
            intervals.append(scores.intervals)
        names = list(found[0]) if found else []
        values: dict[str, Values] = {name: [of_one[name] for of_one in found] for name in names}
        chance = mean_by_chance(self.measured[:, 0], groups, seed)
        by_chance = {} if chance is None else {"answer_f1": chance}
        return GroupScores(groups, values, intervals, by_chance, shown=names)


def scores_of(
    told: Sequence[Told], measured: np.ndarray, rows: np.ndarray, *, may_lack: bool, seed: int
) -> Scores:
    """The means over some questions."""
    has_answer = np.array([bool(told[row].right) for row in rows], np.bool_)
    return answer_scores(measured[rows], has_answer, may_lack=may_lack, seed=seed)


class QuestionAnsweringScoring(SequenceScoring[QuestionAnswering]):
    """Of questions, whose windows vote; values are as `decoding.best_spans` has them.

    Labels are `Sought`, or places in texts that nobody knows, whose words are their numbers.
    """

    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        known = labels.dtype.kind == "O"
        ids = [one.id for one in labels] if known else list(range(len(labels)))
        starts = np.array([one.first for one in labels] if known else [0] * len(labels), np.int64)
        place_of: dict[str | int, int] = {}
        groups = np.array([place_of.setdefault(one, len(place_of)) for one in ids], np.int64)
        found = voted(values, starts, groups)[groups]
        told = [
            self._told(label, row) if known else self._numbered(number, label, row)
            for number, (label, row) in enumerate(zip(labels, found, strict=True))
        ]
        return self._scored(told, values, seed)

    def _place(self, row: np.ndarray) -> tuple[int, int] | None:
        """The words of an answer in its text; None for no answer."""
        first, last = row[:2].astype(int).tolist()
        return None if self.task.may_lack and row[3] > row[2] else (first, last)

    def _told(self, sought: Sought, row: np.ndarray) -> Told:
        place = self._place(row)
        # A text without a word has no answer, whatever is looked for.
        has_words = place is not None and place[1] < len(sought.context.places)
        answer = sought.context.part(*place) if place is not None and has_words else ""
        return Told(sought.id, sought.question, sought.answers, answer, float(row[2]), float(row[3]))

    def _numbered(self, number: int, label: np.ndarray, row: np.ndarray) -> Told:
        """The same of places in a text that nobody knows."""
        (first, last), place = label.tolist(), self._place(row)
        right = [] if first == NONE else [numbered(first - 1, last - 1)]
        answer = "" if place is None else numbered(*place)
        return Told(str(number), "", right, answer, float(row[2]), float(row[3]))

    def _scored(self, told: Sequence[Told], values: np.ndarray, seed: int) -> ScoredAnswers:
        may_lack = self.task.may_lack
        measured = np.array(
            [
                [of(one.answer, one.right, may_lack=may_lack) for of in (answer_f1, exact_match)]
                for one in told
            ]
        )
        first = np.sort(np.unique([one.id for one in told], return_index=True)[1])
        labels = np.array([one.label for one in told], object)
        scores = scores_of(told, measured, first, may_lack=may_lack, seed=seed)
        scores.details["windows"] = len(told)
        return ScoredAnswers(labels, values, scores, told, first, measured, may_lack)

    def of_kept(self, kept: np.ndarray, reading: Reading) -> np.ndarray:
        return kept

    def of_outputs(self, labels: np.ndarray, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return best_spans(as_numbers(outputs, reading), self.task.longest)

    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        names = ("id", "question", "label", "prediction", "score", "no_answer")
        told = [
            Told(one, question, json.loads(right), answer, float(score), float(none))
            for one, question, right, answer, score, none in zip(*map(cells, names), strict=True)
        ]
        return self._scored(told, np.array([json.loads(cell) for cell in cells("window")], np.float32), seed)

    def differing(self, expected: np.ndarray, found: np.ndarray, rule: DecisionRule = AS_IT_IS) -> int | None:
        one, other = (in_texts(values, self.task.longest)[:, :2] for values in (expected, found))
        return int((one != other).any(axis=1).sum())
