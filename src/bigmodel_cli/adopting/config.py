"""The config of a run that was adopted: what is known of its data, and the file as its model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.adopting.outputs import End
from bigmodel_cli.config.components import as_fraction
from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.foreign import Described
from bigmodel_cli.plain_numbers import plain_number

_HEAD = """\
# Made by `bigmodel adopt`: nothing of this was trained here, so that `optimizer` and `training` say nothing
# of how the model came to its weights. `bigmodel train` on this file trains it further.
"""


@dataclass(frozen=True)
class Draft:
    """A config before its data are read.

    Attributes:
        name: Of the run.
        file: With the model.
        sha256: Of the file.
        model: What it is.
        data: The section.
        rescale: What each pixel is multiplied by, and what is added; None: nothing stands before the model.
        names_targets: Whether the targets were named, or come from a config.
    """

    name: str
    file: Path
    sha256: str
    model: Described
    data: dict[str, Any]
    rescale: tuple[float, float] | None = None
    names_targets: bool = False

    def text(self, ends: Sequence[End] | None, inputs: Sequence[str] | None = None) -> str:
        """The config as YAML.

        Args:
            ends: Which output is for which target; None: that is not known yet, and none of it matters.
            inputs: The columns that the model gets, in the order of its inputs; None: an example is no row.
        """
        ends = ends or [End("", self.model.outputs[0], "MeanSquaredError")]
        steps = [self._step(end, inputs, is_named=len(ends) > 1) for end in ends]
        loss = {end.target: end.loss for end in ends} if len(ends) > 1 else ends[0].loss
        document: dict[str, Any] = {"name": self.name, "data": self.data}
        if self.rescale is not None:
            scale, offset = self.rescale
            document["preprocessing"] = [{"Rescaling": {"scale": scale, "offset": offset}}]
        document |= {"model": steps, "loss": loss, "optimizer": "Adam"}
        return _HEAD + to_yaml(document)

    def _step(self, end: End, inputs: Sequence[str] | None, *, is_named: bool) -> dict[str, Any]:
        step: dict[str, Any] = {"name": end.target} if is_named else {}
        if inputs is not None or is_named:
            # Each of several steps gets what the first one gets.
            step["inputs"] = list(inputs or ["input"])
        step |= {"path": str(self.file), "sha256": self.sha256}
        if len(self.model.outputs) > 1:
            step["output"] = end.output.port.name
        step["activation"] = end.output.activation
        if end.order is not None:
            step["order"] = list(end.order)
        return {"saved_model": step}


def parse_rescale(text: str) -> tuple[float, float]:
    """`1/255`, or `1/127.5,-1`, as a factor and what is added.

    Raises:
        UsageError: If it is none.
    """
    parts = re.split(r"\s*,\s*", text.strip())
    numbers = [as_fraction(part) if "/" in part else plain_number(part) for part in parts]
    if len(numbers) > 2 or None in numbers or not numbers[0]:
        raise UsageError(
            f"--rescale {text}: expected a factor, as in 1/255, or factor,offset, as in 1/127.5,-1"
        )
    scale, offset = (*numbers, 0.0)[:2]
    assert scale is not None and offset is not None
    return float(scale), float(offset)
