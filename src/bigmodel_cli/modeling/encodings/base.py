"""What an encoding is: options from the config, numbers in, numbers out, by plain Keras alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import numpy as np

# Gives the values of a `keras.KerasTensor` over the training rows: float32 (n, features), of many rows some
# that are spread evenly. None where nothing is to be learnt, since parameters are only counted.
Learn = Callable[[Any], "np.ndarray | None"]


class Encoding(BaseModel, ABC):
    """The options of an encoding; `encode` builds it.

    It is built of Keras's own layers and operations, so that the saved file needs Keras alone. What it learns
    stands in weights that are not trained, as with Keras's `Normalization`: a checkpoint has them, and their
    shapes do not depend on the data.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    encoding_name: ClassVar[str]
    example: ClassVar[str]
    # Whether what comes out is kept of files too, of which else the decoded contents are.
    is_kept_of_files: ClassVar[bool] = False

    def with_numbers(self, numbers: Mapping[str, int | None]) -> Self:
        """The same with what is left out in the config and follows from the data."""
        return self

    @abstractmethod
    def encode(self, tensor: Any, learn: Learn) -> Any:
        """Build the encoding onto numbers.

        Args:
            tensor: A `keras.KerasTensor` (batch, features), float32.
            learn: Gives what stands in such a tensor over the training rows.

        Returns:
            A `keras.KerasTensor` (batch, features'), float32.
        """


def as_one_layer(name: str, tensor: Any, build: Callable[[Any], Any]) -> Any:
    """Several steps as one: a functional `keras.Model`, so that a summary has one line for them.

    Args:
        name: What the line says, with a number where there are several.
        tensor: A `keras.KerasTensor` (batch, features), float32.
        build: From such a tensor to the one that comes out.

    Returns:
        The `keras.KerasTensor` that comes out for `tensor`.
    """
    import keras

    number = keras.backend.get_uid(name)
    inside = keras.Input(tensor.shape[1:], dtype="float32", name="numbers")
    return keras.Model(inside, build(inside), name=name if number == 1 else f"{name}_{number - 1}")(tensor)


def lookup(table: np.ndarray) -> Any:
    """A Keras layer that holds a table and gives the rows of it that it is asked for, untrained.

    Args:
        table: float32 (rows, columns).
    """
    import keras

    # Whatever precision the network has, what was learnt of the data is not rounded.
    layer = keras.layers.Embedding(*table.shape, trainable=False, dtype="float32")
    layer.build()
    layer.set_weights([table])
    return layer


def of_columns(numbers: Any, table: np.ndarray) -> Any:
    """The constants of each column, beside each number of it, untrained.

    Args:
        numbers: A `keras.KerasTensor` (batch, features).
        table: float32 (features, constants).

    Returns:
        A `keras.KerasTensor` (batch, features, constants).
    """
    return lookup(table)(places(numbers, 1))


def places(numbers: Any, rows_each: int) -> Any:
    """Where each column's rows begin in a table that has so many of each: int32 (batch, features)."""
    import numpy as np
    from keras import ops

    first = np.arange(int(numbers.shape[-1]), dtype=np.int32)[None] * rows_each
    # In this order: Keras takes constants that are added for a bias, which LiteRT has of floats alone.
    return ops.add(first, ops.zeros_like(numbers, dtype="int32"))
