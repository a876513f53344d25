"""Training that knows of int8: what is computed with 8 bits later is rounded to what these can express.

B. Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
inference", 2018: kernels by the largest weight of each output channel, what layers give by a range that
follows their outputs. Gradients pass through the rounding. Weights stay float: the saved model is plain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from bigmodel_cli.modeling.cut import is_frozen, leaves
from bigmodel_cli.modeling.relied_on import relied_on, replaced
from bigmodel_cli.modeling.surgery import followers

# Lower and upper end of what each layer gives, by its name.
Ranges = Mapping[str, tuple[float, float]]
# What the names of ranges begin with in the state of a checkpoint.
QUANTIZE = "quantize/"
# Apart from them: a layer may have any name.
_STEP = "rounding/step"
# How much of a range stays with each step.
MOMENTUM = 0.99
# Layers that give what they get, or a part of it: it has its range already.
_HANDING_ON = frozenset(
    {
        "ActivityRegularization",
        "Dropout",
        "Flatten",
        "GaussianDropout",
        "GaussianNoise",
        "InputLayer",
        "MaxPooling1D",
        "MaxPooling2D",
        "Permute",
        "Reshape",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "ZeroPadding2D",
    }
)
# What becomes one operation with the layer before it, which then has no output of its own.
_FOLDED = frozenset({"BatchNormalization", "ReLU"})
_FOLDED_ACTIVATIONS = frozenset({"linear", "relu", "relu6"})
_FOLDING = frozenset({"BatchNormalization", "Conv1D", "Conv2D", "Dense", "DepthwiseConv2D"})
_KERNELS = frozenset({"Conv1D", "Conv2D", "Dense", "DepthwiseConv2D"})
# Their outputs have a range of their own in every runtime.
_PROBABILITIES = frozenset({"sigmoid", "softmax"})


class FakeQuantization:
    """What of a model is rounded, and by which ranges.

    Args:
        model: A functional `keras.Model`; to be trained, in its distribution's scope.
        ranges: Of what layers give; None: they follow the outputs in training.
        first_step: The step, from 1, that begins to round; until then ranges follow the outputs alone.
    """

    def __init__(self, model: Any, ranges: Ranges | None = None, first_step: int = 1) -> None:
        import keras

        self._model = model
        self._first_step = first_step
        self._step: Any = None
        self._ranges = ranges
        self._layers = {layer.name: layer for layer in leaves(model) if _is_rounded(layer)}
        self._variables: dict[str, Any] = {}
        if ranges is None:
            self._step = keras.Variable(0, trainable=False, dtype="int64", name="step")
            # Zero twice: nothing was seen yet. Replicas see parts of a batch, and their mean is kept.
            self._variables = {
                name: keras.Variable(
                    [0.0, 0.0],
                    trainable=False,
                    dtype="float32",
                    autocast=False,
                    aggregation="mean",
                    name="range",
                )
                for name in self._layers
            }

    @property
    def layers(self) -> list[str]:
        """Names of the layers whose outputs are rounded."""
        return list(self._layers)

    def variables(self) -> dict[str, Any]:
        """The number of steps, and the ranges so far, by name."""
        return {_STEP: self._step, **{f"{QUANTIZE}{name}": one for name, one in self._variables.items()}}

    def after_update(self) -> None:
        """What follows on an optimizer's update, inside the graph and outside of any replica."""
        self._step.assign(self._step + 1)

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Inside, what is traced computes with rounded kernels and outputs."""
        with ExitStack() as stack:
            for layer in leaves(self._model):
                # Replicas take turns where they exchange something, as ranges do: inside of a kernel's `call`
                # there must be none of it. Of a file that is written, the converter rounds kernels when
                # it has folded others into them.
                if type(layer).__name__ in _KERNELS and self._ranges is None:
                    stack.enter_context(replaced(layer, "call", self._with_rounded_kernel(layer, layer.call)))
                is_known = self._ranges is None or layer.name in self._ranges
                if layer.name in self._layers and is_known:
                    self._round(layer, stack)
            yield

    def _round(self, layer: Any, stack: ExitStack) -> None:
        """Let a layer give rounded outputs until a stack is closed."""
        import keras

        activation = keras.activations.linear
        if _activation(layer) in _PROBABILITIES:
            # What makes probabilities is an operation of its own, behind numbers that have a range.
            activation = layer.activation
            stack.enter_context(_standing_in(layer, "activation", keras.activations.linear))
        stack.enter_context(replaced(layer, "call", self._giving_rounded(layer, layer.call, activation)))

    def _giving_rounded(
        self, layer: Any, plain: Callable[..., Any], activation: Callable[[Any], Any]
    ) -> Callable[..., Any]:
        import tensorflow as tf

        def call(*arguments: Any, **options: Any) -> Any:
            given = plain(*arguments, **options)
            values = tf.cast(given, tf.float32)
            low, high = self._range(layer, values)
            rounded = tf.quantization.fake_quant_with_min_max_vars(values, low, high)
            return activation(self._when_due(tf.cast(rounded, given.dtype), given))

        return call

    def _with_rounded_kernel(self, layer: Any, plain: Callable[..., Any]) -> Callable[..., Any]:
        """A layer's `call` with its kernel rounded to 255 steps, by the largest weight of each channel."""
        import tensorflow as tf

        name = "_kernel" if "_kernel" in vars(layer) else "kernel"
        relied_on(layer, name)

        def call(*arguments: Any, **options: Any) -> Any:
            kernel = tf.convert_to_tensor(getattr(layer, name))
            rounded = self._when_due(_rounded_kernel(kernel, type(layer).__name__), kernel)
            with _standing_in(layer, name, rounded):
                return plain(*arguments, **options)

        return call

    def _when_due(self, rounded: Any, plain: Any) -> Any:
        """What is rounded from the first step on that rounds, and until then as it is, to the last digit."""
        import tensorflow as tf

        if self._first_step == 1 or self._step is None:
            return rounded
        return tf.where(tf.convert_to_tensor(self._step) + 1 >= self._first_step, rounded, plain)

    def _range(self, layer: Any, values: Any) -> tuple[Any, Any]:
        import tensorflow as tf

        if self._ranges is not None:
            low, high = self._ranges[layer.name]
            return tf.constant(low), tf.constant(high)
        variable = self._variables[layer.name]
        known = tf.convert_to_tensor(variable)
        values = tf.stop_gradient(values)
        # 0 is always among what can be expressed, as padding needs it.
        seen = tf.stack([tf.minimum(tf.reduce_min(values), 0.0), tf.maximum(tf.reduce_max(values), 0.0)])
        is_first = tf.reduce_all(tf.equal(known, 0.0))
        moved = tf.where(is_first, seen, known + (1 - MOMENTUM) * (seen - known))
        variable.assign(moved)
        return moved[0], moved[1]


def frozen_kernels(model: Any) -> list[str]:
    """Layers whose kernels are rounded, and which could not learn to bear it."""
    return [layer.name for layer in leaves(model) if type(layer).__name__ in _KERNELS and is_frozen(layer)]


def _is_rounded(layer: Any) -> bool:
    """Whether what a layer gives is rounded: numbers that no other layer is folded into, or passes on."""
    import keras

    kind = type(layer).__name__
    if kind in _HANDING_ON or isinstance(getattr(layer, "output", None), list | tuple | dict):
        return False
    if not isinstance(getattr(layer, "output", None), keras.KerasTensor):
        return False
    if "float" not in str(layer.output.dtype) or kind == "Softmax":
        return False
    if kind == "Activation" and _activation(layer) in _PROBABILITIES:
        return False
    behind = followers(layer)
    is_folded = kind in _FOLDING and _activation(layer) in (None, "linear") and bool(behind)
    return not (is_folded and all(map(_folds, behind)))


def _activation(layer: Any) -> str | None:
    if type(layer).__name__ == "Softmax":
        return "softmax"
    activation = getattr(layer, "activation", None)
    return None if activation is None else getattr(activation, "__name__", "")


def _folds(layer: Any) -> bool:
    kind = type(layer).__name__
    return kind in _FOLDED or (kind == "Activation" and _activation(layer) in _FOLDED_ACTIVATIONS)


@contextmanager
def _standing_in(layer: Any, name: str, value: Any) -> Iterator[None]:
    """Let a layer have another attribute inside the block, without Keras taking that for a part of it."""
    before = vars(layer)[name]
    object.__setattr__(layer, name, value)
    try:
        yield
    finally:
        object.__setattr__(layer, name, before)


def _rounded_kernel(kernel: Any, kind: str) -> Any:
    import tensorflow as tf

    values = tf.convert_to_tensor(kernel)
    shape, dtype = values.shape, values.dtype
    # A depthwise kernel has its channels in the last two axes.
    channels = shape[-1] if kind != "DepthwiseConv2D" else shape[-1] * shape[-2]
    flat = tf.cast(tf.reshape(values, [-1, channels]), tf.float32)
    largest = tf.stop_gradient(tf.maximum(tf.reduce_max(tf.abs(flat), axis=0), 1e-8))
    rounded = tf.quantization.fake_quant_with_min_max_vars_per_channel(
        flat, -largest, largest, num_bits=8, narrow_range=True
    )
    return tf.cast(tf.reshape(rounded, shape), dtype)
