"""`saved_model`: the layers of a model that another program saved, with their weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.modeling.blocks.base import Block, Connector


class SavedModel(Block):
    """The layers of a model that another program saved, with their weights: what `bigmodel adopt` writes."""

    block_name: ClassVar[str] = "saved_model"
    example: ClassVar[str] = "saved_model: {path: model.keras, activation: softmax}"

    path: ConfigPath = Field(description="A .keras file, or an .h5 file with a whole model.")
    activation: Literal["softmax", "sigmoid", "linear"] = Field(
        description="What its last layer makes of its numbers; linear: nothing, as of logits and quantities."
    )
    output: str | None = Field(
        None,
        description="Of a file with several outputs the name of the one that is meant. Steps that name the "
        "same file, and get the same, have its layers in common.",
    )
    sha256: str | None = Field(None, description="Of the file, which may then be no other one.")
    order: list[int] | None = Field(
        None, min_length=1, description="For each class here, which of the file's outputs stands for it."
    )

    def connect(self, tensor: Any, graph: Connector) -> Any:
        from bigmodel_cli.modeling.foreign import in_order

        model, outputs = graph.once((self.path, tensor), lambda: self._laid(tensor, graph))
        name = self._name_in(outputs, graph)
        if self.order is None:
            return outputs[name]
        count = outputs[name].shape[-1] or 0
        if sorted(self.order) != list(range(count)):
            raise graph.fail(
                None, f"order: expected each number from 0 to {count - 1} once, found {self.order}"
            )
        return in_order(model, name, outputs[name], self.order)

    def _laid(self, tensor: Any, graph: Connector) -> tuple[Any, dict[str, Any]]:
        """The file's model, and what it gives for what arrives.

        Raises:
            ConfigError: If it cannot be loaded, or does not take that; it points at the step.
        """
        from bigmodel_cli.errors import DataError
        from bigmodel_cli.modeling.foreign import laid_over, load_foreign
        from bigmodel_cli.modeling.model_files import require_same

        try:
            model = load_foreign(self.path)
            require_same(self.path, self.sha256)
        except DataError as error:
            raise graph.fail(None, error.message, error.hint) from error
        return model, laid_over(model, self._fitted(tensor, model, graph))

    def _name_in(self, outputs: Mapping[str, Any], graph: Connector) -> str:
        """Which output is meant.

        Raises:
            ConfigError: If there is no such one, or nobody says which.
        """
        if self.output is not None and self.output in outputs:
            return self.output
        if self.output is None and len(outputs) == 1:
            return next(iter(outputs))
        there = ", ".join(outputs)
        if self.output is None:
            raise graph.fail(
                None, f"{self.path} gives {len(outputs)} outputs: {there}", "say which is meant: output: …"
            )
        raise graph.fail(None, f"{self.path} has no output {self.output!r}", f"there: {there}")

    def _fitted(self, tensor: Any, model: Any, graph: Connector) -> list[Any]:
        """What arrives, in the shapes and dtypes that the file's inputs have.

        Raises:
            ConfigError: If that cannot be; it points at the step.
        """
        import keras

        arrived = list(tensor) if isinstance(tensor, list | tuple) else [tensor]
        if len(model.inputs) == 1 and len(arrived) > 1:
            arrived = [keras.ops.concatenate([_as_vector(one) for one in arrived], axis=-1)]
        if len(arrived) != len(model.inputs):
            names = ", ".join(one.name for one in model.inputs)
            raise graph.fail(
                None,
                f"{self.path} takes {len(model.inputs)} inputs ({names}), and gets {len(arrived)}",
                "name a column for each of them, in their order: inputs: […]",
            )
        return [self._as_input(one, wanted, graph) for one, wanted in zip(arrived, model.inputs, strict=True)]

    def _as_input(self, tensor: Any, wanted: Any, graph: Connector) -> Any:
        import keras

        are_texts = [str(one.dtype) == "string" for one in (tensor, wanted)]
        if are_texts[0] != are_texts[1]:
            raise graph.fail(
                None,
                f"{self.path}: its input {wanted.name} takes {'texts' if are_texts[1] else 'numbers'}, "
                f"and gets {'texts' if are_texts[0] else 'numbers'}",
            )
        if tensor.dtype != wanted.dtype and not are_texts[0]:
            tensor = keras.ops.cast(tensor, wanted.dtype)
        if _fits(tensor.shape[1:], wanted.shape[1:]):
            return tensor
        if len(tensor.shape) == 1 and tuple(wanted.shape[1:]) == (1,):
            return keras.ops.expand_dims(tensor, -1)
        if _is_reshaped(tensor.shape[1:], wanted.shape[1:]):
            return keras.ops.reshape(tensor, (-1, *wanted.shape[1:]))
        raise graph.fail(
            None,
            f"{self.path}: its input {wanted.name} takes shape {tuple(wanted.shape[1:])}, "
            f"and gets {tuple(tensor.shape[1:])}",
        )


def _as_vector(tensor: Any) -> Any:
    import keras

    return keras.ops.expand_dims(tensor, -1) if len(tensor.shape) == 1 else tensor


def _fits(found: Sequence[int | None], wanted: Sequence[int | None]) -> bool:
    return len(found) == len(wanted) and all(b is None or a == b for a, b in zip(found, wanted, strict=True))


def _is_reshaped(found: Sequence[int | None], wanted: Sequence[int | None]) -> bool:
    """Whether the same values stand in another shape: a word with an axis, pixels in a line."""
    return None not in (*found, *wanted) and math.prod(found) == math.prod(wanted)  # type: ignore[arg-type]
