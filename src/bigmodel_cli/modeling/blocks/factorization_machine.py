"""`factorization_machine`: what columns say by themselves, and what each two of them say together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.blocks.base import Block, Connector

_Penalty = Annotated[float, Field(ge=0)]
_SPREAD = 0.05


class FactorizationMachine(Block):
    """Several inputs to one number: (batch, …) each to (batch, 1) (Rendle 2010).

    Every category, and every number, has a bias and a vector; the result is the sum of all biases and of the
    products of each two inputs' vectors. Of a user and an item that is matrix factorization with biases.
    """

    block_name: ClassVar[str] = "factorization_machine"
    example: ClassVar[str] = "factorization_machine: {inputs: [user, item, genres], factors: 16}"

    factors: Annotated[int, Field(ge=0)] = Field(
        16, description="Length of the vectors; 0 leaves the biases alone."
    )
    l2: _Penalty = Field(
        0.0, description="Penalty of the squares of all vectors; λ of a sum over n examples is λ / n here."
    )
    bias_l2: _Penalty = Field(0.0, description="The same of the biases.")

    def connect(self, tensor: Any, graph: Connector) -> Any:
        from keras import ops

        fields = tensor if isinstance(tensor, list) else [tensor]
        name = graph.unique(self.block_name)
        sizes = list(graph.vocabulary_sizes())
        sizes += [None] * (len(fields) - len(sizes))
        made = [
            self._field(field, size, f"{name}_{number}", graph)
            for number, (field, size) in enumerate(zip(fields, sizes, strict=True), 1)
        ]
        alone = _added([bias for bias, _ in made])
        vectors = [vector for _, vector in made if vector is not None]
        if len(vectors) < 2:
            return alone
        # All pairs at once: the square of the sum has each of them twice, beside each vector's own square.
        whole = ops.square(_added(vectors))
        own = _added([ops.square(vector) for vector in vectors])
        together = ops.multiply(0.5, ops.sum(ops.subtract(whole, own), axis=-1, keepdims=True))
        return ops.add(alone, together)

    def _field(self, tensor: Any, size: int | None, name: str, graph: Connector) -> tuple[Any, Any]:
        """The bias of an input, and its vector."""
        import keras

        is_places = tensor.dtype.startswith("int")
        if is_places and (size is None or len(tensor.shape) > 1):
            raise graph.fail(
                None,
                f"expected places in a vocabulary of shape (batch,), or numbers, found shape {tensor.shape}",
                "name columns in inputs, with preprocessing: {category: [StringLookup]}",
            )
        if not is_places and len(tensor.shape) != 2:
            raise graph.fail(None, f"expected numbers of shape (batch, n), found shape {tensor.shape}")

        def learnt(units: int, penalty: float, what: str, initializer: Any) -> Any:
            l2 = keras.regularizers.L2(penalty) if penalty else None
            if is_places:
                layer = keras.layers.Embedding(
                    size, units, initializer, embeddings_regularizer=l2, name=f"{name}_{what}"
                )
            else:
                layer = keras.layers.Dense(
                    units,
                    use_bias=False,
                    kernel_initializer=initializer,
                    kernel_regularizer=l2,
                    name=f"{name}_{what}",
                )
            return graph.own(layer, tensor)

        bias = learnt(1, self.bias_l2, "bias", "zeros")
        if not self.factors:
            return bias, None
        return bias, learnt(self.factors, self.l2, "vector", keras.initializers.RandomNormal(stddev=_SPREAD))


def _added(tensors: Sequence[Any]) -> Any:
    from keras import ops

    total = tensors[0]
    for tensor in tensors[1:]:
        total = ops.add(total, tensor)
    return total
