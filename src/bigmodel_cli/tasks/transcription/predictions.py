"""The text that was heard."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.ctc import decoded
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.predictions import Answer, Predictions, Telling, Written
from bigmodel_cli.tasks.transcription.task import Transcription

_TELL = """\
from ctc import decoded


def tell(features):
    # The likeliest text; lists of words and runs of characters are looked at by `bigmodel predict` alone.
    (values,) = predict(features).values()
    found = decoded(np.asarray(values), {beams})[0, 1:].astype(int).tolist()
    print(" ".join(text_of([one for one in found if one]).split()))
"""


class TranscriptionPredictions(Predictions[Transcription]):
    """Of texts that are heard; values are those of `scoring.ctc.decoded`."""

    @property
    def telling(self) -> Telling:
        known, search = self.task.vocabulary, files("bigmodel_cli.scoring").joinpath("ctc.py")
        code = f"{known.snippet}\n\n{_TELL.format(beams=self.task.beams)}"
        return Telling(code, known.packages, {"ctc.py": search.read_text("utf-8")})

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return decoded(outputs, self.task.beams, self.task.known)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        return (Written(row[:1], self.task.text(row[1:].astype(int).tolist())) for row in values)

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction", "score"]
