"""Whole texts for models that look at windows of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from bigmodel_cli.inference.opened import open_folder, reading_of_run
from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.tasks.question_answering.decoding import best_spans, voted
from bigmodel_cli.tasks.question_answering.task import QuestionAnswering
from bigmodel_cli.words import window_starts

if TYPE_CHECKING:
    from bigmodel_cli.inference.engines import Engine

# Windows that are computed at once.
_MOST_WINDOWS = 256


class WindowedEngine:
    """Answers about whole texts: another engine computes windows of them, which vote.

    Args:
        engine: The other one.
        run: Whose; its one target says which column is looked at in windows.
    """

    def __init__(self, engine: Engine, run: RunFolder) -> None:
        opened = open_folder(run)
        self.engine, self._reading = engine, reading_of_run(opened)
        self._task = cast(QuestionAnswering, opened.signature.task)

    @property
    def needed(self) -> Collection[str]:
        """As the other engine has it."""
        return self.engine.needed

    def predict(self, features: Mapping[str, Held]) -> np.ndarray:
        task, texts = self._task, features[self._task.context]
        counts = (texts.array != len(texts.names or ())).sum(axis=1).tolist()
        starts = [window_starts(count, task.length, task.stride) for count in counts]
        rows = np.repeat(np.arange(len(starts)), [len(of_one) for of_one in starts])
        firsts = np.concatenate(starts).astype(np.int64)
        found = []
        for begin in range(0, len(rows), _MOST_WINDOWS):
            part = slice(begin, begin + _MOST_WINDOWS)
            windows = {name: column.take(rows[part]) for name, column in features.items()}
            places = firsts[part, np.newaxis] + np.arange(task.length)
            array = np.take_along_axis(windows[task.context].array, places, axis=1)
            windows[task.context] = Held(array, texts.names)
            found.append(best_spans(as_numbers(self.engine.predict(windows), self._reading), task.longest))
        return voted(np.concatenate(found), firsts, rows)

    def look(self, features: Mapping[str, Held]) -> tuple[np.ndarray, None]:
        return self.predict(features), None
