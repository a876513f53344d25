"""A model of windows as one of single tokens, which keeps what earlier tokens have given.

What a causal model gives for a token depends on those before it by what attention keeps of them, key and
value, or by the state of a recurrent layer. Both go from one token to the next, so that a token more costs
one token and not a window. Whether that is the same function is not taken on trust:
`inference/generating/stepping.py` compares both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bigmodel_cli.modeling.cut import model_from
from bigmodel_cli.modeling.relied_on import relied_on

# What is kept of earlier tokens, by name.
Kept = dict[str, Any]


class NoSteps(Exception):
    """The model has a layer that cannot be computed token by token."""


class TokenSteps:
    """A model, computed token by token.

    Args:
        model: A functional `keras.Model` from ids (n, length) to one output of every place; further inputs
            are the same for every token.
        length: Tokens of a window at most; None: as many as the model takes.

    Attributes:
        length: Tokens of a window at most.
    """

    def __init__(self, model: Any, length: int | None = None) -> None:
        self.length = int(model.inputs[0].shape[1]) if length is None else length
        # A compiled model would be compiled again.
        self._model = model_from(model.inputs, model.output)

    def step(self, token: Any, place: Any, kept: Kept, beside: Sequence[Any] = ()) -> tuple[Any, Kept]:
        """One token more.

        Args:
            token: Ids (n,).
            place: Of the token in its window, int32 ().
            kept: Of the tokens before it; nothing of the first one.
            beside: What the model takes besides.

        Returns:
            What the model gives behind the token, (n, vocabulary), and what is kept then.

        Raises:
            NoSteps: If it has a layer for which nobody knows what it keeps.
        """
        from keras import ops

        computing = _Computing(self.length, place, kept)
        output = relied_on(self._model, "_run_through_graph")(
            [ops.expand_dims(token, 1), *beside],
            operation_fn=lambda operation: operation,
            call_fn=computing.call,
        )
        if output.shape[1] != 1:
            raise NoSteps(f"its output has {output.shape[1]} places for one token")
        return output[:, 0], computing.behind


@dataclass
class _Computing:
    """Calls each operation of a model on one token.

    Attributes:
        length: Tokens of a window.
        place: Of the token.
        before: What is kept of those before it; what is not there is 0.
        behind: What is kept then.
    """

    length: int
    place: Any
    before: Kept
    behind: Kept = field(default_factory=dict)
    # Of each tensor itself, the operation that it comes from, and its arguments.
    _made: dict[int, tuple[Any, tuple[Any, ...]]] = field(default_factory=dict)
    # What attention makes of scores, on the way to values.
    _weights: set[int] = field(default_factory=set)

    def call(self, operation: Any, *arguments: Any, **options: Any) -> Any:
        made = self._rule(operation)(operation, *arguments, **options)
        if not isinstance(made, list | tuple | dict):
            self._made[id(made)] = (operation, (made, *arguments))
        return made

    def _rule(self, operation: Any) -> Callable[..., Any]:
        import keras

        rules: dict[str, Callable[..., Any]] = {
            "Softmax": self._softmax,
            "Matmul": self._matmul,
            "Cumsum": self._cumsum,
            "Reshape": self._reshape,
            "Dropout": self._dropout,
        }
        if isinstance(operation, keras.layers.RNN):
            return self._recurrent
        name = type(operation).__name__
        if isinstance(operation, keras.Function) or name in _OVER_PLACES:
            raise NoSteps(f"{name} looks at several places, and what it keeps of them is not known")
        return rules.get(name, _plain)

    def _from(self, tensor: Any, name: str) -> tuple[Any, ...] | None:
        """The arguments of the operation of a name that a tensor comes from; None: it comes from another."""
        operation, (_, *arguments) = self._made.get(id(tensor), (None, (None,)))
        return tuple(arguments) if type(operation).__name__ == name else None

    def _keep(self, what: Any) -> Any:
        """All tokens' parts of a tensor (n, heads, 1, size), as (n, heads, length, size)."""
        from keras import ops

        name = f"kept_{len(self.behind) + 1}"
        before = self.before.get(name)
        if before is None:
            before = ops.zeros_like(ops.repeat(what, self.length, axis=2))
        is_here = ops.equal(ops.reshape(ops.arange(self.length), (1, 1, -1, 1)), self.place)
        self.behind[name] = ops.where(is_here, what, before)
        return self.behind[name]

    def _softmax(self, layer: Any, scores: Any, *, mask: Any = None) -> Any:
        """Attention's weights: over all tokens up to this one."""
        from keras import ops

        product = self._from(scores, "Matmul")
        turned = product and self._from(product[1], "Transpose")
        if not product or not turned or len(scores.shape) != 4:
            return layer(scores) if mask is None else layer(scores, mask=mask)
        keys = self._keep(turned[0])
        scores = ops.matmul(product[0], ops.transpose(keys, (0, 1, 3, 2)))
        seen = ops.less_equal(ops.reshape(ops.arange(self.length), (1, 1, 1, -1)), self.place)
        weights = layer(scores, mask=ops.logical_and(seen, ops.ones_like(scores, dtype="bool")))
        self._weights.add(id(weights))
        return weights

    def _dropout(self, layer: Any, tensor: Any, **options: Any) -> Any:
        made = layer(tensor, **options)
        if id(tensor) in self._weights:
            self._weights.add(id(made))
        return made

    def _matmul(self, operation: Any, one: Any, other: Any) -> Any:
        if id(one) not in self._weights:
            return operation(one, other)
        from keras import ops

        return ops.matmul(one, self._keep(other))

    def _cumsum(self, operation: Any, ones: Any, **options: Any) -> Any:
        """Places are counted: this token's is not the first one."""
        from keras import ops

        return ops.add(operation(ones, **options), self.place)

    def _reshape(self, operation: Any, tensor: Any, **options: Any) -> Any:
        shape = getattr(operation, "target_shape", None)
        if not shape or shape[0] != self.length:
            return operation(tensor, **options)
        from keras import ops

        return ops.reshape(tensor, (tensor.shape[0], 1, *shape[1:]))

    def _recurrent(self, layer: Any, tensor: Any, **options: Any) -> Any:
        from keras import ops

        if layer.go_backwards or layer.return_state or not layer.return_sequences or layer.stateful:
            raise NoSteps(f"{layer.name} does not go on from token to token")
        now = ops.squeeze(tensor, 1)
        sizes = layer.state_size if isinstance(layer.state_size, list | tuple) else [layer.state_size]
        names = [f"kept_{len(self.behind) + number}" for number in range(1, len(sizes) + 1)]
        states = [
            self.before.get(name, ops.zeros((now.shape[0], size), now.dtype))
            for name, size in zip(names, sizes, strict=True)
        ]
        made, behind = layer.cell(now, states)
        self.behind |= dict(zip(names, behind, strict=True))
        return ops.expand_dims(made, 1)


# Layers of Keras that look at several places, of which nothing is kept here.
_OVER_PLACES = frozenset(
    {
        "AdditiveAttention",
        "Attention",
        "Bidirectional",
        "Conv1D",
        "ConvLSTM1D",
        "DepthwiseConv1D",
        "GlobalAveragePooling1D",
        "GlobalMaxPooling1D",
        "GroupQueryAttention",
        "MultiHeadAttention",
        "SeparableConv1D",
    }
)


def _plain(operation: Any, *arguments: Any, **options: Any) -> Any:
    return operation(*arguments, **options)
