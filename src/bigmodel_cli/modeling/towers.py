"""The two sides of a model that ends in `two_towers`: what is known of who asks, and of an item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.model_outputs import last_step
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.modeling.ancestors import operations_before
from bigmodel_cli.modeling.relied_on import relied_on
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.retrieval.task import Retrieval


def inputs_before(tensor: Any) -> list[str]:
    """The names of a graph's inputs that a `keras.KerasTensor` depends on, in alphabetical order."""
    import keras

    return sorted(
        {
            operation.name
            for operation in operations_before([tensor])
            if isinstance(operation, keras.layers.InputLayer)
        }
    )


def sides(model: Any) -> tuple[Any, Any]:
    """Models of the columns of who asks alone, and of those of an item, each to its half of the output.

    Args:
        model: A functional `keras.Model` of inputs by name whose last layer puts both sides together.
    """
    operation, node_index, _ = relied_on(model.output, "_keras_history")
    asks, item = relied_on(operation, "_inbound_nodes")[node_index].input_tensors
    return _part(model, asks), _part(model, item)


def _part(model: Any, output: Any) -> Any:
    import keras

    wanted: Sequence[str] = inputs_before(output)
    return keras.Model({tensor.name: tensor for tensor in model.inputs if tensor.name in wanted}, output)


def refuse_mixed_sides(model: Any, signature: Signature, steps: Sequence[Component]) -> None:
    """Find out whether a side of a model that finds items knows what it does not know in use.

    Args:
        model: A functional `keras.Model`.
        signature: What it is trained on.
        steps: Of the config, the last of which is named.

    Raises:
        ConfigError: If the side of who asks takes what is known of the item, or the item's side who asks.
    """
    for found in signature.targets.values():
        if not found.finds_items:
            continue
        task = cast(Retrieval, found)
        asks, item = ({tensor.name for tensor in side.inputs} for side in sides(model))
        names = {slug: name for name, slug in signature.slugs.items()}
        wrong = [names[slug] for slug in asks if names[slug] in task.of_item]
        step = last_step(steps)
        if wrong:
            message = (
                f"the side of who asks takes {min(wrong)}, which is known of the item that is to be found"
            )
            raise config_error([Problem(step.place, step.path, message, suggestion="give it to the item's")])
        if task.user in {names[slug] for slug in item}:
            message = f"the item's side takes {task.user}: each item is to have one vector, whoever asks"
            raise config_error([Problem(step.place, step.path, message, suggestion="give it to the other")])
