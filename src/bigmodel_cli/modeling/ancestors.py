"""What a tensor of a functional model comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bigmodel_cli.modeling.relied_on import relied_on


def operations_before(tensors: Sequence[Any]) -> list[Any]:
    """The operations that `keras.KerasTensor`s come from, input layers among them; one that is called at
    several places stands there as often."""
    found, seen, waiting = [], set[tuple[int, int]](), list(tensors)
    while waiting:
        operation, node_index, _ = relied_on(waiting.pop(), "_keras_history")
        if (id(operation), node_index) in seen:
            continue
        seen.add((id(operation), node_index))
        found.append(operation)
        waiting += relied_on(operation, "_inbound_nodes")[node_index].input_tensors
    return found
