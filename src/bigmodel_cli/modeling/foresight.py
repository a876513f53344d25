"""Whether a model sees the tokens that it is to foretell, so that its scores say nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.model_outputs import last_step
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.modeling.relied_on import relied_on
from bigmodel_cli.signature import Signature

# Tokens of a text that may have any length.
_TOKENS = 16
# Of the largest value; where nothing is seen, both texts give the same digits.
_LEAST = 1e-5
_INSTEAD = {
    "transformer": "write causal: true",
    "Conv1D": "write padding: causal",
    "Bidirectional": "its layer alone goes from token to token",
}
_OTHERS = (
    "what goes from token to token is transformer with causal: true, transformer_decoder, GRU, LSTM, and "
    "Conv1D with padding: causal"
)


def refuse_foresight(built: BuiltModel, signature: Signature, steps: Sequence[Component]) -> None:
    """Give a model two texts that differ in their second half, and look at what it makes of the first one.

    Args:
        built: A model with the weights that it begins with.
        signature: What it is trained on.
        steps: Of the config, the last of which is named where no other is found.

    Raises:
        ConfigError: If it sees what it is to foretell; it points at the first step that looks ahead.
    """
    for name, kind in signature.inputs.items():
        if not (kind.so_far or signature.writes) or kind.vocabulary is None or kind.vocabulary.size < 2:
            continue
        given, half = _two_texts(built.model, signature.slugs[name], kind.vocabulary.size)
        if _differs(built.model(given, training=False), half):
            component = _first(built.model, built.origins, given, half) or last_step(steps)
            message = (
                "a place sees the tokens behind it, which are what is to be foretold there: scores would be "
                "too good, and what is written nonsense"
            )
            advice = _INSTEAD.get(component.name, _OTHERS)
            raise config_error([Problem(component.place, component.path, message, suggestion=advice)])


def _two_texts(model: Any, name: str, size: int) -> tuple[Any, int]:
    """What a model takes, twice, with another second half of one text, and where that begins.

    Args:
        model: From inputs by name.
        name: Of the one that has the tokens.
        size: How many different ones there are.
    """
    import tensorflow as tf

    given = {}
    for tensor in model.inputs:
        shape = [2, *(length or _TOKENS for length in tensor.shape[1:])]
        given[tensor.name] = np.full(shape, "a", object) if tensor.dtype == "string" else np.ones(shape)
    ids = given[name]
    half = max(ids.shape[1] // 2, 1)
    # The last two, of which none is padding.
    ids[:, half:] = [[size - 1], [max(size - 2, 0)]]
    tensors = {tensor.name: tf.constant(given[tensor.name], tensor.dtype) for tensor in model.inputs}
    return (tensors if len(tensors) > 1 else tensors[name]), half


def _differs(outputs: Any, half: int) -> bool:
    values = np.asarray(outputs, np.float64)[:, :half]
    return bool(np.abs(values[0] - values[-1]).max(initial=0.0) > _LEAST * np.abs(values).max(initial=0.0))


def _first(model: Any, origins: Mapping[str, Component], given: Any, half: int) -> Component | None:
    """The step of the first layer that gives something else."""
    found: list[Component] = []

    def call(operation: Any, *arguments: Any, **options: Any) -> Any:
        made = operation(*arguments, **options)
        component = origins.get(operation.name)
        if not found and component is not None and _is_of_tokens(made) and _differs(made, half):
            found.append(component)
        return made

    tensors = [given[tensor.name] for tensor in model.inputs] if isinstance(given, dict) else [given]
    # Layers may stand in other graphs, too, so that nobody can ask them what they give in this one.
    relied_on(model, "_run_through_graph")(tensors, operation_fn=lambda operation: operation, call_fn=call)
    return next(iter(found), None)


def _is_of_tokens(made: Any) -> bool:
    return not isinstance(made, list | tuple | dict) and len(made.shape) == 3
