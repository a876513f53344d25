"""The config of a run that was adopted: what is known of its data, and the file as its model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """

    name: str
    file: Path
    sha256: str
    model: Described
    data: dict[str, Any]
    rescale: tuple[float, float] | None = None

    def text(self, loss: Any, inputs: Sequence[str] | None = None, order: Sequence[int] | None = None) -> str:
        """The config as YAML."""
        step: dict[str, Any] = {} if inputs is None else {"inputs": list(inputs)}
        step |= {"path": str(self.file), "sha256": self.sha256, "activation": self.model.activation}
        if order is not None:
            step["order"] = list(order)
        document: dict[str, Any] = {"name": self.name, "data": self.data}
        if self.rescale is not None:
            scale, offset = self.rescale
            document["preprocessing"] = [{"Rescaling": {"scale": scale, "offset": offset}}]
        document |= {"model": [{"saved_model": step}], "loss": loss, "optimizer": "Adam"}
        return _HEAD + to_yaml(document)


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
