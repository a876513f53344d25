"""Compiled passes over many batches per call into TensorFlow, on public Keras API only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from bigmodel_cli.config.reading import Activation
from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.backend import refused_by_kernel
from bigmodel_cli.modeling.masks import handing_on
from bigmodel_cli.modeling.replicas.distribution import (
    SINGLE,
    Distribution,
    replica_number,
    sum_over_replicas,
)
from bigmodel_cli.modeling.replicas.part import Part
from bigmodel_cli.modeling.tasks import Tasks
from bigmodel_cli.pipeline.feed import Chunk, Feed
from bigmodel_cli.tasks.bound import Targets


class Measures:
    """Loss and metrics of one pass over examples, weighted by the size of each batch.

    Args:
        tasks: What is measured.
        distribution: Where the model's replicas are, each of which measures its part.
        more_losses: What stands in the loss behind those of the tasks, by name.
        in_training: Whether what training steps do not measure is left out.
    """

    def __init__(
        self,
        tasks: Tasks,
        distribution: Distribution = SINGLE,
        more_losses: Sequence[str] = (),
        *,
        in_training: bool = False,
    ) -> None:
        import keras

        self.distribution = distribution
        self._reset: Any = None
        self.tasks = tasks
        self._of_targets = {
            name: [item for item in of_one if item.is_of_keras or not in_training]
            for name, of_one in tasks.metrics.items()
        }
        self.losses = [keras.metrics.Mean(name=name) for name in (*tasks.loss_names, *more_losses)]

    def update(
        self,
        loss: Any,
        targets: Mapping[str, Targets],
        outputs: Mapping[str, Any],
        part: Part | None = None,
        known: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Take one batch into account, inside the graph.

        Args:
            loss: Of the whole batch, as `Tasks.loss` gives it.
            targets: By name.
            outputs: For the same examples, likewise.
            part: Which of them count, where they are one replica's; the replicas' measures are added up when
                they are read.
            known: 1, or 0 of those that lack a target, float32 of shape (batch,), by the targets that some
                lack.
        """
        import tensorflow as tf

        if part is None:
            size, counted = tf.cast(tf.shape(next(iter(outputs.values())))[0], "float32"), None
        else:
            size, counted = part.batch_size / part.num_replicas, part.counted
        for metric, value in zip(self.losses, each_of(loss, len(self.losses)), strict=True):
            metric.update_state(value, sample_weight=size)
        for name, metrics in self._of_targets.items():
            compared = {
                item.encoding: self.tasks.bound[name].measured(
                    outputs[name], targets[name].encoded(item.encoding)
                )
                for item in metrics
                if item.is_of_keras
            }
            taken = {
                (item.encoding, item.activation): _activated(compared[item.encoding][0], item.activation)
                for item in metrics
                if item.is_of_keras
            }
            of_examples = _product(counted, known.get(name))
            weights = _product(of_examples, targets[name].places)
            for item in metrics:
                if item.counting is not None:
                    values, counts = item.counting.values(targets[name].labels, outputs[name])
                    item.metric.update_state(values, sample_weight=_product(counts, of_examples))
                    continue
                if item.is_told:
                    continue
                y = compared[item.encoding][1]
                each = _in_dtype_of(item.metric, _of_each(weights, item.metric))
                item.metric.update_state(y, taken[item.encoding, item.activation], sample_weight=each)

    def tell(self, values: Mapping[str, float]) -> None:
        """Take metrics that follow from all examples together, by name."""
        for metric in self.metrics:
            if metric.name in values:
                metric.update_state(values[metric.name])

    def reset(self) -> None:
        """Begin anew."""
        if self.distribution.is_single:
            self._reset_all()
            return
        if self._reset is None:
            import tensorflow as tf

            # One by one, each variable on each device takes a millisecond and more.
            self._reset = tf.function(self._reset_all, autograph=False)
        self._reset()

    def _reset_all(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def results(self) -> dict[str, float]:
        """Loss and metrics so far, by name; a metric with one value per class gives their mean."""
        if self.distribution.is_single:
            return {metric.name: float(np.mean(metric.result())) for metric in self.metrics}
        values = iter(self.distribution.read(self.variables()))
        return {
            metric.name: float(np.mean(metric.stateless_result([next(values) for _ in metric.variables])))
            for metric in self.metrics
        }

    def variables(self) -> list[Any]:
        return [variable for metric in self.metrics for variable in metric.variables]

    @property
    def metrics(self) -> list[Any]:
        """The losses, and the metrics of each target."""
        return [*self.losses, *(item.metric for metrics in self._of_targets.values() for item in metrics)]


def _product(one: Any, other: Any) -> Any:
    """Of two weights, of which either may be None: it counts as 1; or of examples, and of their places."""
    if one is None or other is None:
        return other if one is None else one
    if one.shape.rank == other.shape.rank:
        return one * other
    of_examples, of_places = sorted((one, other), key=lambda weights: weights.shape.rank)
    return of_examples[(slice(None), *(None,) * (of_places.shape.rank - 1))] * of_places


def _in_dtype_of(metric: Any, weights: Any) -> Any:
    """Weights for a metric that counts in whole numbers, which are 1 and 0 then; others as they are."""
    import tensorflow as tf

    counts = weights is not None and str(metric.dtype).startswith("int")
    return tf.cast(weights, metric.dtype) if counts else weights


def _of_each(weights: Any, metric: Any) -> Any:
    """What examples, or each of their places, count in a metric.


    Keras's means are over the places of an example first, those among them that count nothing: a place would
    count less in a longer batch.

    Args:
        weights: Of examples or of places; None: all count the same.
        metric: Keras's object.
    """
    import keras
    import tensorflow as tf

    if weights is None or weights.shape.rank == 1 or not isinstance(metric, keras.metrics.Mean):
        return weights
    return weights * tf.cast(tf.size(weights[0]), tf.float32)


def each_of(loss: Any, count: int) -> list[Any]:
    """The losses that `Tasks.loss` gives, one by one."""
    return [loss] if count == 1 else [loss[index] for index in range(count)]


def total_of(loss: Any) -> Any:
    """The one of them that the model learns from."""
    return loss if loss.shape.rank == 0 else loss[0]


def _activated(outputs: Any, activation: Activation | None) -> Any:
    import keras

    return outputs if activation is None else handing_on(outputs, getattr(keras.ops, activation)(outputs))


class BatchLoop:
    """One graph per batch size; the number of batches in a chunk may vary without a retrace."""

    def __init__(self, run_many: Callable[[Chunk], Any]) -> None:
        self.run_many = run_many
        self._functions: dict[tuple[Any, ...], Any] = {}

    def __call__(self, chunk: Chunk) -> Any:
        """Raises:
        DataError: If an operation does not take the examples.
        """
        compute = self.traced(chunk)
        with naming_refusal():
            return compute(chunk)

    def traced(self, chunk: Chunk) -> Any:
        """The graph for a chunk's batch size; making it makes the variables that it needs."""
        import tensorflow as tf

        key = tuple((tuple(item.shape[1:]), item.dtype) for item in tf.nest.flatten(chunk))
        if key not in self._functions:
            # A batch size that the graph knows lets TensorFlow pick its fused kernels.
            specs = tf.nest.map_structure(
                lambda item: tf.TensorSpec((None, *item.shape[1:]), item.dtype), chunk
            )
            graph = tf.function(self.run_many, autograph=False)
            self._functions[key] = graph.get_concrete_function(specs)
        return self._functions[key]


@contextmanager
def naming_refusal() -> Iterator[None]:
    """Turn what TensorFlow's operations say of values that they do not take into an error of the data.

    Raises:
        DataError: Says which value.
    """
    try:
        yield
    except Exception as error:
        reason = refused_by_kernel(error)
        if reason is None:
            raise
        raise DataError(
            f"the model cannot compute these examples: {reason}",
            hint="look for values that stand for nothing in the model, such as a token that it does not know",
        ) from error


class Batch(NamedTuple):
    """Examples of one step, inside the graph.

    Attributes:
        features: The one input, or inputs by name.
        labels: By target, as the feed has them.
        counts: What each example counts in the loss of a target, of shape (batch,), where that is not the
            same.
        known: 1 or 0, likewise, of targets that some examples lack.
        part: Which of them are a replica's; None: the batch is whole.
    """

    features: Any
    labels: Mapping[str, Any]
    counts: Mapping[str, Any] = MappingProxyType({})
    known: Mapping[str, Any] = MappingProxyType({})
    part: Part | None = None

    def weights(
        self,
        tasks: Tasks,
        targets: Mapping[str, Targets],
        of_classes: Mapping[str, Any] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """What the loss of each example counts, by target; where all count the same, it is not there.

        Args:
            tasks: Say whose places count each by itself.
            targets: Of the same examples.
            of_classes: The same by classes alone.
        """
        of_part = None if self.part is None else self.part.loss_weights
        weights = {}
        for name in targets:
            own = None
            if tasks.bound[name].weighs_places:
                own = _product(of_classes.get(name), self.counts.get(name))
                own = _product(own, targets[name].places)
            weights[name] = _product(own, of_part)
        return {name: found for name, found in weights.items() if found is not None}


def part_of_batch(feed: Feed, chunk: Chunk, index: Any) -> Batch:
    """One batch of a chunk, inside the graph; on a replica its part."""
    dealing = feed.dealing
    if dealing is None:
        return Batch(*feed.batch(chunk, index), *feed.weights(chunk, index))
    row = index * dealing.num_local + replica_number() - dealing.first
    part = Part(chunk["counted"][row], chunk["sizes"][index], dealing.num_replicas)
    return Batch(*feed.batch(chunk, row), *feed.weights(chunk, row), part)


def num_batches(chunk: Chunk) -> Any:
    """How many batches a chunk holds, inside the graph."""
    import tensorflow as tf

    return tf.shape(chunk["sizes"])[0]


class MeasuringSteps:
    """Loss and metrics of one model on one feed.

    Args:
        tasks: Of a compiled model.
        feed: Yields chunks of the split.
        distribution: Where the model's replicas are.
        network: What computes outputs from what the feed yields; None: the model, from raw features.
    """

    def __init__(
        self, tasks: Tasks, feed: Feed, distribution: Distribution = SINGLE, network: Any = None
    ) -> None:
        self.tasks = tasks
        self.network = tasks.model if network is None else network
        self.feed = feed
        self.distribution = distribution
        with distribution.scope():
            self.measures = Measures(tasks, distribution)
        self._run = BatchLoop(self._over_batches)

    def run(self, chunk: Chunk) -> Any:
        """Measure the batches of a chunk; gives what a subclass collects."""
        return self._run(chunk)

    def _over_batches(self, chunk: Chunk) -> Any:
        import tensorflow as tf

        def measure_one(index: Any) -> Any:
            self.distribution.run(self._measure, chunk, index)
            return index + 1

        count = num_batches(chunk)
        return tf.while_loop(lambda index: index < count, measure_one, (tf.constant(0),))

    def _measure(self, chunk: Chunk, index: Any) -> Any:
        """Loss of one batch, or on a replica of its part."""
        return self._step(part_of_batch(self.feed, chunk, index))[0]

    def _step(self, batch: Batch) -> tuple[Any, dict[str, Any]]:
        tasks, targets = self.tasks, self.tasks.targets(batch.labels)
        y = tasks.for_loss(targets)
        outputs = tasks.outputs(self.network(batch.features, training=False))
        loss = tasks.loss(batch.features, y, outputs, batch.weights(tasks, targets), training=False)
        if batch.part is not None:
            (loss,) = sum_over_replicas([loss])
        self.measures.update(loss, targets, outputs, batch.part, batch.known)
        return loss, outputs


class EvaluationSteps(MeasuringSteps):
    """The same on one device: `run` gives what is kept by target, tensors of shape (batches, batch, …)."""

    def _over_batches(self, chunk: Chunk) -> Any:
        import tensorflow as tf

        count = num_batches(chunk)
        given = self.tasks.outputs(self.tasks.model.output)
        dtypes = {name: self.tasks.bound[name].kept_dtype or output.dtype for name, output in given.items()}
        collected = {name: tf.TensorArray(dtype, size=count) for name, dtype in dtypes.items()}

        def evaluate_one(index: Any, collected: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            batch = part_of_batch(self.feed, chunk, index)
            kept = self.tasks.kept(self._step(batch)[1], batch.labels)
            return index + 1, {name: array.write(index, kept[name]) for name, array in collected.items()}

        loop = tf.while_loop(lambda index, _: index < count, evaluate_one, (tf.constant(0), collected))
        return {name: kept.stack() for name, kept in loop[1].items()}
