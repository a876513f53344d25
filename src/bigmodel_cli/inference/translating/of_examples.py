"""What a model makes of all texts of a split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.inference.translating.translator import Translator
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples

# Examples that are read at once.
_AT_ONCE = 4096


def translations(
    model: Any, signature: Signature, readings: Mapping[str, Reading], examples: Examples
) -> dict[str, np.ndarray]:
    """As `Translator` gives them, of targets that are searched for; of others nothing.

    Args:
        model: From raw features to outputs.
        signature: What one example is.
        readings: How the loss reads the output of each target.
        examples: Of which the texts are given.
    """
    (name, task), *others = signature.targets.items()
    if others or not task.is_searched:
        return {}
    translate = Translator(model, signature, readings[name])
    parts = [
        range(start, min(start + _AT_ONCE, len(examples))) for start in range(0, len(examples), _AT_ONCE)
    ]
    return {name: np.concatenate([translate(_columns(examples, signature, part)) for part in parts])}


def _columns(examples: Examples, signature: Signature, rows: range) -> dict[str, np.ndarray]:
    return {
        column: np.stack([np.asarray(examples.inputs[column].read(row)) for row in rows])
        for column in signature.given
    }
