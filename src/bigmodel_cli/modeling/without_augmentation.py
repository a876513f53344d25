"""A model without the layers of it that do something in training alone: formats need not know them."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.modeling.cut import called_anew, leaves, model_from

# Keras's layers that give what they get, but in training. `RandomCrop` is none: it crops always.
_IN_TRAINING_ALONE = frozenset(
    {
        "AugMix",
        "RandAugment",
        *(
            f"Random{what}"
            for what in (
                "Brightness",
                "ColorDegeneration",
                "ColorJitter",
                "Contrast",
                "ElasticTransform",
                "Erasing",
                "Flip",
                "GaussianBlur",
                "Grayscale",
                "Hue",
                "Invert",
                "Perspective",
                "Posterization",
                "Rotation",
                "Saturation",
                "Sharpness",
                "Shear",
                "Translation",
                "Zoom",
            )
        ),
    }
)


def without_augmentation(model: Any) -> Any:
    """The same layers as another model, without those that augment, also inside of models in it.

    Keras traces some exports as if it was training, and runtimes have no such random numbers.

    Args:
        model: A functional `keras.Model`, or a Sequential one.
    """
    import keras

    def call(operation: Any, *arguments: Any, **options: Any) -> Any:
        if _augments(operation):
            (given, *_) = arguments
            dtype = operation.compute_dtype
            return given if given.dtype == dtype else keras.ops.cast(given, dtype)
        if _is_model_of_one(operation) and any(map(_augments, leaves(operation))):
            # The tensors of a Sequential model that is called inside of another one are the other's.
            inside = model_from(operation.inputs[0], operation.outputs[0], operation.name)
            operation = without_augmentation(inside)
        return operation(*arguments, **options)

    if not any(map(_augments, leaves(model))):
        return model
    copy = called_anew(model, call)
    return model_from(copy.input, copy.output, model.name)


def _is_model_of_one(operation: Any) -> bool:
    """Whether something is a model inside, from one tensor to one."""
    import keras

    return isinstance(operation, keras.Model) and len(operation.inputs) == len(operation.outputs) == 1


def _augments(operation: Any) -> bool:
    kind = type(operation)
    return kind.__name__ in _IN_TRAINING_ALONE and kind.__module__.startswith("keras.")
