"""The text that was heard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.ctc import decoded
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.predictions import Answer, Predictions, Written
from bigmodel_cli.tasks.transcription.task import Transcription


class TranscriptionPredictions(Predictions[Transcription]):
    """Of texts that are heard; values are those of `scoring.ctc.decoded`."""

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return decoded(outputs, self.task.beams, self.task.known)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        return (Written(row[:1], self.task.text(row[1:].astype(int).tolist())) for row in values)

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction", "score"]
