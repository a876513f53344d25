"""Adam that goes through the rows of a table which a batch looks up, instead of through the whole table.

Adam moves a weight also in steps that give it no gradient: momentum m and velocity v fade, m by β₁ and v by
β₂ each time, and the weight goes on by α m / (√v + ε). So what a row has missed since its last lookup follows
from how many steps those were, and is made up for when it is looked up again, or when all rows are brought up
to date. With i of the steps since then, and √v having faded to 1 - δᵢ of itself, it is

    Σ αᵢ β₁ⁱ m / (√v (1 - δᵢ) + ε)  =  m / (√v + ε) · (S₀ + u S₁ + u² S₂ + …),    u = √v / (√v + ε)

where Sₙ = Σ αᵢ β₁ⁱ δᵢⁿ is the same for all rows that are as late. Momentum fades so much sooner than
velocity that what stands behind S₂ is below what float32 resolves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from math import prod
from typing import Any

import numpy as np

from bigmodel_cli.modeling.ancestors import operations_before
from bigmodel_cli.modeling.cut import leaves
from bigmodel_cli.modeling.relied_on import relied_on, replaced

# After so many steps, counted from the first one of training, no row is late.
_WINDOW = 256
# A table has so many times the rows that a batch looks up: the operations on these are many, small ones.
_TIMES = 4
# What is left out behind S₂ is of this order, relative to what is made up for.
_LEFT_OUT = 1e-6
_TERMS = 3
# Names of what says which rows are late.
_PREFIX, _SINCE = "late_rows/", "/since"


class LateRows:
    """Tables of a network whose rows an optimizer updates late.

    Args:
        optimizer: A built Keras optimizer.
        tables: The `Embedding` layers.
    """

    def __init__(self, optimizer: Any, tables: Sequence[Any]) -> None:
        import tensorflow as tf

        self.optimizer = optimizer
        self._tables = [_Table(layer, optimizer) for layer in tables]
        # What a row has missed that was up to date after so many steps of the window: the sums Sₙ.
        self._missed = tf.Variable(np.zeros((_WINDOW + 1, _TERMS), np.float32), trainable=False)
        self._settle = tf.function(self._settled, autograph=False)

    @property
    def _terms(self) -> np.ndarray:
        """What a step adds to Sₙ of rows of all ages, the oldest first; younger ones have no part in it."""
        age = np.arange(_WINDOW, 0, -1)
        fades = 1 - self.optimizer.beta_2 ** (age / 2)
        terms = np.stack([self.optimizer.beta_1**age * fades**term for term in range(_TERMS)], axis=1)
        return np.concatenate([terms, np.zeros_like(terms)]).astype(np.float32)

    @property
    def variables(self) -> list[Any]:
        """Keras variables whose gradients are those of `rows`."""
        return [table.variable for table in self._tables]

    @property
    def rows(self) -> list[Any]:
        """What the step that is being traced has looked up, up to date, one tensor for each table."""
        return [table.looked_up for table in self._tables]

    def state(self) -> dict[str, Any]:
        """What steps change beside weights and the optimizer, by names that are no others'."""
        if not self._tables:
            return {}
        of_tables = {f"{_PREFIX}{table.layer.name}{_SINCE}": table.since for table in self._tables}
        return {f"{_PREFIX}missed": self._missed, **of_tables}

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Let the tables be looked up inside the block as they are to be trained."""
        with ExitStack() as stack:
            for table in self._tables:
                stack.enter_context(replaced(table.layer, "call", self._call(table)))
            yield

    def _call(self, table: _Table) -> Callable[..., Any]:
        return lambda inputs: table.look_up(inputs, self._done, self._missed)

    @property
    def _done(self) -> Any:
        """How many steps of the window are done."""
        import tensorflow as tf

        return tf.cast(self.optimizer.iterations, tf.int32) % _WINDOW

    def apply(self, gradients: Sequence[Any], *, is_all: bool = False) -> None:
        """Update what was looked up, before the optimizer updates all else, and counts the step.

        Args:
            gradients: Of `rows`; None where the loss does not depend on them.
            is_all: Whether there is nothing else: an optimizer does not count steps without a gradient.
        """
        import tensorflow as tf

        if not self._tables:
            return
        optimizer, done = self.optimizer, self._done
        step = tf.cast(optimizer.iterations + 1, tf.float32)
        corrected = tf.sqrt(1 - optimizer.beta_2**step) / (1 - optimizer.beta_1**step)
        rate = tf.cast(optimizer.learning_rate, tf.float32) * corrected
        for table, gradient in zip(self._tables, gradients, strict=True):
            found = tf.zeros_like(table.looked_up) if gradient is None else tf.convert_to_tensor(gradient)
            table.update(found, rate, done + 1)
        terms = tf.constant(self._terms)[_WINDOW - 1 - done : 2 * _WINDOW - 1 - done]
        self._missed[:_WINDOW].assign(self._missed[:_WINDOW] + rate * terms)
        tf.cond(tf.equal(done + 1, _WINDOW), self._next_window, lambda: tf.constant(0))
        if is_all:
            optimizer.iterations.assign_add(1)

    def _next_window(self) -> Any:
        import tensorflow as tf

        for table in self._tables:
            table.settle(tf.constant(_WINDOW), self._missed)
            table.since.assign(tf.zeros_like(table.since))
        self._missed.assign(tf.zeros_like(self._missed))
        return tf.constant(0)

    def are_up_to_date(self) -> None:
        """Take it that no row has missed anything, as in a checkpoint that says nothing of it."""
        for table in self._tables:
            table.since.assign(np.full(table.since.shape, int(self._done), np.int32))
        self._missed.assign(np.zeros(self._missed.shape, np.float32))

    def settle(self) -> None:
        """Bring all rows up to date, for whoever looks at weights; where they are, nothing changes."""
        if self._tables:
            self._settle()

    def _settled(self) -> None:
        for table in self._tables:
            table.settle(self._done, self._missed)


class _Table:
    """An `Embedding` layer's weights, their slots, and up to which step of the window each row is updated."""

    def __init__(self, layer: Any, optimizer: Any) -> None:
        import tensorflow as tf

        self.layer, self.optimizer = layer, optimizer
        (self.variable,) = layer.weights
        index = relied_on(optimizer, "_get_variable_index")(self.variable)
        slots = [relied_on(optimizer, name)[index] for name in ("_momentums", "_velocities")]
        self._values = [one.value for one in (self.variable, *slots)]
        done = int(optimizer.iterations.numpy()) % _WINDOW
        self.since = tf.Variable(np.full(self.variable.shape[0], done, np.int32), trainable=False)
        self.looked_up: Any = None
        self._slots: list[Any] = []
        self._places: Any = None

    def look_up(self, inputs: Any, done: Any, missed: Any) -> Any:
        """What the layer gives, of rows that are up to date."""
        import tensorflow as tf

        # As Keras does it: places that are below 0 count from the end.
        inputs = inputs if inputs.dtype in (tf.int32, tf.int64) else tf.cast(inputs, tf.int32)
        inputs = tf.where(inputs < 0, inputs + self.layer.input_dim, inputs)
        self._places, where = tf.unique(tf.reshape(inputs, [-1]))
        values = [tf.gather(value, self._places) for value in self._values]
        self.looked_up, *self._slots = self._made_up(
            values, tf.gather(self.since, self._places), done, missed
        )
        shape = tf.concat([tf.shape(inputs), tf.shape(self.looked_up)[1:]], axis=0)
        found = tf.reshape(tf.gather(self.looked_up, where), shape)
        found.set_shape([*inputs.shape, self.layer.output_dim])
        return tf.cast(found, self.layer.compute_dtype)

    def update(self, gradient: Any, rate: Any, done: Any) -> None:
        """One step of Adam for what was looked up."""
        import tensorflow as tf

        optimizer = self.optimizer
        momentum, velocity = self._slots
        momentum += (gradient - momentum) * (1 - optimizer.beta_1)
        velocity += (tf.square(gradient) - velocity) * (1 - optimizer.beta_2)
        weights = self.looked_up - rate * momentum / (tf.sqrt(velocity) + optimizer.epsilon)
        for variable, rows in zip(self._values, (weights, momentum, velocity), strict=True):
            tf.raw_ops.ResourceScatterUpdate(resource=variable.handle, indices=self._places, updates=rows)
        since = tf.fill(tf.shape(self._places), done)
        tf.raw_ops.ResourceScatterUpdate(resource=self.since.handle, indices=self._places, updates=since)

    def settle(self, done: Any, missed: Any) -> None:
        """Bring all rows up to date."""
        import tensorflow as tf

        values = [tf.convert_to_tensor(value) for value in self._values]
        found = self._made_up(values, tf.convert_to_tensor(self.since), done, missed)
        for variable, value in zip(self._values, found, strict=True):
            variable.assign(value)
        self.since.assign(tf.fill(tf.shape(self.since), done))

    def _made_up(self, values: Sequence[Any], since: Any, done: Any, missed: Any) -> list[Any]:
        """Weights and their slots after the steps that rows have missed."""
        import tensorflow as tf

        optimizer = self.optimizer
        weights, momentum, velocity = values
        root = tf.sqrt(velocity)
        least = root + optimizer.epsilon
        share = root / least
        first, second, third = tf.split(tf.gather(missed, since), _TERMS, axis=1)
        weights -= momentum / least * (first + share * (second + share * third))
        steps = tf.cast(done - since, tf.float32)[:, tf.newaxis]
        return [weights, momentum * optimizer.beta_1**steps, velocity * optimizer.beta_2**steps]


def late_rows(network: Any, optimizer: Any, batch_size: int) -> LateRows:
    """Those tables of a network that may be updated late, and gain by it.

    Args:
        network: A functional Keras model, which is trained.
        optimizer: A built Keras optimizer. Adam alone has them, without what goes through all weights anyway:
            clipping, decay, averages of weights, steps that are added up.
        batch_size: Examples of a step.
    """
    return LateRows(optimizer, _tables(network, batch_size) if _is_plain(optimizer) else [])


def says_late(name: str) -> bool:
    """Whether what a checkpoint calls so says which rows are late."""
    return name.startswith(_PREFIX)


def settle_as(network: Any, optimizer: Any, state: Mapping[str, Any]) -> None:
    """Bring rows up to date that were late where others trained, as on another device.

    Args:
        network: A Keras model with what they had come to.
        optimizer: Its built optimizer, likewise.
        state: As `LateRows.state` has it, in arrays.
    """
    names = [name[len(_PREFIX) : -len(_SINCE)] for name in state if name.endswith(_SINCE)]
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    late = LateRows(optimizer, [layer for layer in leaves(network) if layer.name in names])
    for name, variable in late.state().items():
        variable.assign(state[name])
    late.settle()


def _is_plain(optimizer: Any) -> bool:
    import keras

    if type(optimizer) is not keras.optimizers.Adam:
        return False
    more = "amsgrad", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "weight_decay"
    others = "loss_scale_factor", "gradient_accumulation_steps"
    if any(getattr(optimizer, name) for name in (*more, *others)) or not optimizer.beta_1 < 1:
        return False
    # The mean of i³ under β₁ⁱ, times that by which velocity fades in a step, to the third.
    return bool(6 * ((1 - optimizer.beta_2**0.5) / (1 - optimizer.beta_1)) ** 3 <= _LEFT_OUT)


def _tables(network: Any, batch_size: int) -> list[Any]:
    """Layers whose weights nothing else uses, in a network that calls them once."""
    import keras

    called = operations_before(network.outputs)
    shared = [id(weight) for layer in leaves(network) for weight in layer.weights]
    return [
        layer
        for layer in called
        if type(layer) is keras.layers.Embedding
        and layer.trainable
        and len(layer.weights) == 1
        and str(layer.weights[0].dtype) == "float32"
        and layer.embeddings_regularizer is None
        and layer.embeddings_constraint is None
        and sum(one is layer for one in called) == 1
        and shared.count(id(layer.weights[0])) == 1
        and layer.input_dim >= _TIMES * batch_size * prod(_lengths(layer))
    ]


def _lengths(layer: Any) -> Sequence[int]:
    """How many rows of its table an example looks up, by axis; of axes of any length it is not known."""
    return [_WINDOW if size is None else size for size in layer.input.shape[1:]]
