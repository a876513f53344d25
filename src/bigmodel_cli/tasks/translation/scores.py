"""How near texts that were found are to those that are right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.parts import part_of
from bigmodel_cli.scoring.groups.gaps import GroupScores
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.intervals import bootstrapped_means, percentiles
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.scoring.scores import Scores
from bigmodel_cli.scoring.translations import chrf, counts_of, translation_scores
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.predictions import Predictions
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Sample, Scored, SequenceScoring
from bigmodel_cli.tasks.translation.task import SUMS, Translation

_LEAST = 1e-30
_NUM_SUMS = len(SUMS)


@dataclass(frozen=True)
class ScoredTexts(Scored):
    """What a model wrote.

    Attributes:
        values: Of each text what `TranslationBound.kept` keeps, then a score and ids as
            `TranslationPredictions.values` has them, float32 (n, 4 + length).
        task: Which tokens there are.
        texts: The right text and the one that was found, of each example.
        counts: As `scoring.translations.counts_of` gives them.
    """

    task: Translation
    texts: Sequence[tuple[str, str]]
    counts: np.ndarray

    def columns(self) -> list[str]:
        return ["label", "prediction", "score", "chrf", *SUMS]

    def rows(self) -> Iterator[list[str]]:
        for (right, found), row, near in zip(self.texts, self.values, chrf(self.counts), strict=True):
            surprise, foreseen, tokens, score = row[: _NUM_SUMS + 1].tolist()
            yield [
                right,
                found,
                f"{score:.7g}",
                f"{near:.4f}",
                f"{surprise:.7g}",
                f"{foreseen:.0f}",
                f"{tokens:.0f}",
            ]

    def samples(self) -> dict[str, list[Sample]]:
        """The texts that are farthest from what is right, and the nearest, by chrF of each."""
        near = chrf(self.counts)
        order = np.argsort(near, kind="stable")
        wrong = [index for index in order.tolist() if self.texts[index][0] != self.texts[index][1]]
        best = sorted(order[::-1].tolist(), key=lambda index: (-near[index], -len(self.texts[index][0])))
        return {
            "mistakes": [self._sample(index, near) for index in wrong[:NUM_SAMPLES]],
            "best": [self._sample(index, near) for index in best[:NUM_SAMPLES]],
        }

    def _sample(self, index: int, near: np.ndarray) -> Sample:
        right, found = self.texts[index]
        return Sample(index, right, found, of_label=round(float(near[index]) / 100, 4))

    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        of_each = [
            translation_scores(self.counts[groups.members == number], seed=seed)
            for number in range(len(groups.names))
        ]
        return GroupScores.of_headlines(of_each, groups)


def _scores(counts: np.ndarray, values: np.ndarray, seed: int) -> Scores:
    """Of what was found, and of the right texts' own tokens as they were foreseen."""
    scores = translation_scores(counts, seed=seed)
    sums = values[:, :_NUM_SUMS].astype(np.float64)
    foreseen = {name: float(value) for name, value in _foreseen(sums.mean(axis=0)).items()}
    if len(sums) > 1:
        drawn = _foreseen(bootstrapped_means(sums, seed))
        scores.intervals.update({name: percentiles(found) for name, found in drawn.items()})
    details = {**scores.details, "tokens": int(sums[:, 2].sum())}
    return replace(scores, others={**scores.others, **foreseen}, details=details)


def _foreseen(means: np.ndarray) -> dict[str, np.ndarray]:
    surprise, right, tokens = (means[..., place] for place in range(_NUM_SUMS))
    return {"perplexity": np.exp(np.minimum(surprise / tokens, 700.0)), "token_accuracy": right / tokens}


class TranslationScoring(SequenceScoring[Translation]):
    """Of texts, of which nothing is decided."""

    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        found = values[:, _NUM_SUMS + 1 :].astype(int)
        written = [self.task.text(row.tolist()) for row in found]
        return self._scored(labels, values, list(zip(self._as_texts(labels), written, strict=True)), seed)

    def _scored(
        self, labels: np.ndarray, values: np.ndarray, texts: Sequence[tuple[str, str]], seed: int
    ) -> Scored:
        counts = np.stack([counts_of(written, right) for right, written in texts])
        return ScoredTexts(labels, values, _scores(counts, values, seed), self.task, texts, counts)

    def _as_texts(self, labels: np.ndarray) -> list[str]:
        """Texts as the data have them; of ids, what these stand for."""
        if labels.dtype.kind == "O":
            return [str(label) for label in labels]
        return [self.task.text(label.tolist()) for label in labels]

    def of_kept(self, kept: np.ndarray, reading: Reading) -> np.ndarray:
        return kept

    def of_outputs(self, labels: np.ndarray, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        shares, ids = as_numbers(outputs, reading), np.asarray(labels, np.int64)
        counts, places = ids >= 0, np.maximum(ids, 0)[..., np.newaxis]
        likely = np.log(np.maximum(np.take_along_axis(shares, places, axis=-1)[..., 0], _LEAST))
        is_right = (shares.argmax(axis=-1) == ids) & counts
        sums = np.stack([-(likely * counts).sum(axis=1), is_right.sum(axis=1), counts.sum(axis=1)], axis=1)
        found = part_of(self.task, Predictions).values(outputs, reading)
        return np.concatenate([sums, found], axis=1).astype(np.float32)

    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        right, found = cells("label"), cells("prediction")
        numbers = np.array([[float(cell) for cell in cells(name)] for name in (*SUMS, "score")], np.float32).T
        labels, ids = (self.task.tokenized(texts, "predictions").ids for texts in (right, found))
        values = np.concatenate([numbers, ids], axis=1, dtype=np.float32)
        # Texts as they are written: ids may be cut, of another fold's tokenizer, or of small letters alone.
        return self._scored(labels, values, list(zip(right, found, strict=True)), seed)
