"""Answers that are pictures, as files beside each other: masks in the size of the images that they are of."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.destinations import Destinations
from bigmodel_cli.inference.batches import Prediction
from bigmodel_cli.inference.inputs import Inputs
from bigmodel_cli.kinds.explain import Places
from bigmodel_cli.kinds.inputs import Rows
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.predictions import Predictions
from bigmodel_cli.whole_files import write_whole


class AnswerFiles:
    """Writes the answer of each example into a file.

    Args:
        out: A folder, or a .png file where there is a single example.
        inputs: All examples.
        signature: Of them.
        invert: As they are predicted.

    Raises:
        UsageError: If answers are no pictures, or `out` cannot be.

    Attributes:
        count: How many were written.
    """

    def __init__(self, out: Path, inputs: Inputs | Rows, signature: Signature, *, invert: bool) -> None:
        if not any(part_of(task, Predictions).gives_files for task in signature.targets.values()):
            raise UsageError("--out is for models of masks", hint="--csv FILE writes what this one says")
        if isinstance(inputs, Rows):
            raise UsageError("--out is for masks of images alone, not of rows", hint="--json has these")
        self.count = 0
        self._destinations = Destinations(out, inputs, "-mask")
        self._places = part_of(signature.kind, Places)
        self._invert = invert

    def write(self, prediction: Prediction) -> None:
        """Write an answer; nothing where there is none."""
        if prediction.answer is None:
            return
        content = prediction.answer.png(self._places.geometry(prediction.input, invert=self._invert))
        path = self._destinations.next_for(prediction.input)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda place: place.write_bytes(content))
        self.count += 1
