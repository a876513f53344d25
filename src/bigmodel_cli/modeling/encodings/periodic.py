"""`periodic`: sines and cosines of numbers, with trained frequencies (Gorishniy, Rubachev, Babenko 2022)."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.encodings.base import Encoding, Learn


class Periodic(Encoding):
    """Several numbers of each: its sines and cosines at trained frequencies, through a dense layer and ReLU.

    PLR(lite) of arXiv:2203.05556: the frequencies are a column's own, the dense layer is shared by all
    columns. It wants numbers of one scale (behind `quantile` or `Normalization`), and a network behind it
    fits functions that are not smooth far better. Shape: (batch, features × width), the numbers of a feature
    side by side."""

    encoding_name: ClassVar[str] = "periodic"
    example: ClassVar[str] = "periodic: {frequencies: 24, sigma: 0.1, width: 8}"

    frequencies: Annotated[int, Field(ge=1, le=10_000)] = Field(24, description="Frequencies of each column.")
    sigma: Annotated[float, Field(gt=0)] = Field(
        0.1, description="The standard deviation of the frequencies before training, in cycles per unit."
    )
    width: Annotated[int, Field(ge=1, le=10_000)] = Field(
        8, description="Numbers that come out for each column."
    )

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
        return layers.Flatten()(layers.Dense(self.width, activation="relu")(waves))
