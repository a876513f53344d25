"""What the last layer of a model is given: the features that it decides by."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.modeling.cut import traced


def with_features(model: Any) -> Any | None:
    """The same model, which gives its output and what its last layer that learns is given.

    Args:
        model: A functional `keras.Model`.

    Returns:
        A `keras.Model` of the same layers that gives [output, features of shape (n, features)]; None where
        the model has several inputs or outputs, or does not end in a `Dense` layer of vectors.
    """
    import keras

    if len(model.inputs) != 1 or len(model.outputs) != 1 or isinstance(model.output, (dict, list)):
        return None
    copy, steps = traced(model)
    makers = {id(tensor): step for step in steps for tensor in step.outputs}
    step = makers.get(id(copy.output))
    # A softmax of its own, and what gives numbers their unit.
    while step is not None and len(step.inputs) == 1 and not getattr(step.operation, "weights", ()):
        step = makers.get(id(step.inputs[0]))
    if step is None or not isinstance(step.operation, keras.layers.Dense):
        return None
    (given,) = step.inputs
    if len(given.shape) != 2 or given.shape[1] is None:
        return None
    return keras.Model(copy.input, [copy.output, given])


def map_shape(model: Any) -> tuple[int, ...]:
    """The shape of the map that features are flattened from, channels last; of no sizes where they are not.

    Args:
        model: As `with_features` gives it.
    """
    import keras

    copy, steps = traced(model)
    makers = {id(tensor): step for step in steps for tensor in step.outputs}
    step = makers.get(id(copy.outputs[1]))
    # What only training changes.
    while step is not None and isinstance(step.operation, keras.layers.Dropout):
        step = makers.get(id(step.inputs[0]))
    if step is None or not isinstance(step.operation, keras.layers.Flatten):
        return ()
    shape = step.inputs[0].shape[1:]
    if len(shape) < 2 or None in shape or step.operation.data_format != "channels_last":
        return ()
    return tuple(shape)
