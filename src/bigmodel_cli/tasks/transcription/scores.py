"""How near texts that were heard are to what was said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.groups.gaps import GroupScores
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.scoring.transcripts import (
    CHARACTER_ERRORS,
    WORDS,
    counts_of,
    transcript_scores,
    word_errors,
)
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Sample, Scored, SequenceScoring
from bigmodel_cli.tasks.task import Task
from bigmodel_cli.tasks.transcription.task import Transcription


@dataclass(frozen=True)
class ScoredTranscripts(Scored):
    """What a model heard.

    Attributes:
        values: As `scoring.ctc.decoded` gives them.
        texts: What was said and what was heard, of each example.
        counts: As `scoring.transcripts.counts_of` gives them.
    """

    texts: Sequence[tuple[str, str]]
    counts: np.ndarray

    def columns(self) -> list[str]:
        return ["label", "prediction", "score", "word_errors", "character_errors"]

    def rows(self) -> Iterator[list[str]]:
        for texts, row, counts in zip(self.texts, self.values, self.counts, strict=True):
            errors = f"{word_errors(counts):.0f}", f"{counts[CHARACTER_ERRORS]:.0f}"
            yield [*texts, f"{row[0]:.7g}", *errors]

    def samples(self) -> dict[str, list[Sample]]:
        """The texts in which most words are wrong, of as many those with most wrong characters."""
        order = np.lexsort((-self.counts[:, CHARACTER_ERRORS], -word_errors(self.counts))).tolist()
        wrong = [index for index in order if self.texts[index][0] != self.texts[index][1]]
        return {"mistakes": [self._sample(index) for index in wrong[:NUM_SAMPLES]]}

    def _sample(self, index: int) -> Sample:
        right, found = self.texts[index]
        rate = word_errors(self.counts[index]) / max(1, self.counts[index, WORDS])
        return Sample(index, right, found, of_label=round(float(rate), 4))

    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        of_each = [
            transcript_scores(self.counts[groups.members == number], seed=seed)
            for number in range(len(groups.names))
        ]
        return GroupScores.of_headlines(of_each, groups)


class TranscriptionScoring(SequenceScoring[Transcription]):
    """Of texts that are heard, of which nothing is decided."""

    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        ids = labels, values[:, 1:].astype(int)
        said, heard = ([self.task.text(row) for row in rows.tolist()] for rows in ids)
        texts = list(zip(said, heard, strict=True))
        counts = np.stack([counts_of(*both) for both in texts])
        return ScoredTranscripts(labels, values, transcript_scores(counts, seed=seed), texts, counts)

    def of_kept(self, kept: np.ndarray, reading: Reading) -> np.ndarray:
        return kept

    def differing(self, expected: np.ndarray, found: np.ndarray, rule: DecisionRule = AS_IT_IS) -> int | None:
        """Of how many another text was heard."""
        return int((expected[:, 1:].astype(int) != found[:, 1:].astype(int)).any(axis=1).sum())

    def has_labels_of(self, of_data: Task) -> bool:
        return isinstance(of_data, Transcription) and of_data.vocabulary == self.task.vocabulary

    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        labels, heard = (self.task.tokenized(cells(name), name).ids for name in ("label", "prediction"))
        scores = np.array([[float(cell)] for cell in cells("score")])
        return self.scored(labels, np.concatenate([scores, heard], axis=1, dtype=np.float32), rule, seed=seed)
