"""`periodic`: sines and cosines of numbers, with trained frequencies (Gorishniy, Rubachev, Babenko 2022)."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.encodings.base import Encoding, Learn


class Periodic(Encoding):
    """Several numbers of each: its sines and cosines at trained frequencies, through a dense layer and ReLU.

    PLR of arXiv:2203.05556: frequencies and dense layer are a column's own; with `shared` there is one dense
    layer for all columns, PLR(lite). It wants numbers of one scale (behind `quantile` or `Normalization`); a
    network behind it fits functions that are not smooth far better.
    Shape: (batch, features × width), the numbers of a feature side by side.
    """

    encoding_name: ClassVar[str] = "periodic"
    example: ClassVar[str] = "periodic: {frequencies: 48, sigma: 1.0, width: 16}"

    frequencies: Annotated[int, Field(ge=1, le=10_000)] = Field(48, description="Frequencies of each column.")
    sigma: Annotated[float, Field(gt=0)] = Field(
        1.0, description="The standard deviation of the frequencies before training, in cycles per unit."
    )
    width: Annotated[int, Field(ge=1, le=10_000)] = Field(
        16, description="Numbers that come out for each column."
    )
    shared: bool = Field(False, description="Whether one dense layer serves all columns.")

    def encode(self, tensor: Any, learn: Learn) -> Any:
        import keras
        from keras import layers, ops

        num_features = int(tensor.shape[-1])
        # A phase in half the digits would be noise.
        phases = layers.EinsumDense(
            "bf,fk->bfk",
            output_shape=(num_features, self.frequencies),
            kernel_initializer=keras.initializers.RandomNormal(stddev=2 * math.pi * self.sigma),
            dtype="float32",
        )(tensor)
        waves = ops.concatenate([ops.cos(phases), ops.sin(phases)], axis=-1)
        if self.shared:
            dense = layers.Dense(self.width, activation="relu")
        else:
            dense = layers.EinsumDense(
                "bfk,fkw->bfw",
                output_shape=(num_features, self.width),
                bias_axes="fw",
                activation="relu",
            )
        return layers.Flatten()(dense(waves))
