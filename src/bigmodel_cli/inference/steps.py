"""Compiled passes over many batches per call into TensorFlow, on public Keras API only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bigmodel_cli.modeling.compilation import Compiled
from bigmodel_cli.pipeline.feed import Feed
from bigmodel_cli.pipeline.labels import Encoding, encode


class Measures:
    """Loss and metrics of one pass over examples, weighted by the size of each batch."""

    def __init__(self, model: Any, compiled: Compiled, num_classes: int | None) -> None:
        import keras

        self.model = model
        self.compiled = compiled
        self.num_classes = num_classes
        self.loss = keras.metrics.Mean(name="loss")

    def update(self, loss: Any, targets: Targets, predictions: Any) -> None:
        """Take one batch into account, inside the graph."""
        import tensorflow as tf

        self.loss.update_state(loss, sample_weight=tf.cast(tf.shape(predictions)[0], "float32"))
        for item in self.compiled.metrics:
            item.metric.update_state(targets.encoded(item.encoding), predictions)

    def reset(self) -> None:
        for metric in (self.loss, *(item.metric for item in self.compiled.metrics)):
            metric.reset_state()

    def results(self) -> dict[str, float]:
        """Loss and metrics so far, by name; a metric with one value per class gives their mean."""
        import numpy as np

        values = {"loss": float(self.loss.result())}
        for item in self.compiled.metrics:
            values[item.metric.name] = float(np.mean(item.metric.result()))
        return values

    def variables(self) -> list[Any]:
        metrics = [self.loss, *(item.metric for item in self.compiled.metrics)]
        return [variable for metric in metrics for variable in metric.variables]


class Targets:
    """The labels of one batch, encoded as each loss and metric takes them, each encoding made once.

    Args:
        labels: As the feed yields them; None where `mixed` replaces them.
        num_classes: Width of one-hot rows.
        mixed: One-hot labels that augmentation has mixed (MixUp, CutMix).
    """

    def __init__(self, labels: Any, num_classes: int | None, mixed: Any = None) -> None:
        self.labels = labels
        self.num_classes = num_classes
        self._encoded: dict[Encoding, Any] = {}
        if mixed is not None:
            self._mix(mixed)

    def _mix(self, mixed: Any) -> None:
        import tensorflow as tf

        # Metrics over whole classes see the class that has the larger part.
        self.labels = tf.argmax(mixed, axis=-1, output_type=tf.int32)
        self._encoded["one_hot"] = mixed

    def encoded(self, encoding: Encoding) -> Any:
        if encoding not in self._encoded:
            self._encoded[encoding] = encode(self.labels, encoding, self.num_classes)
        return self._encoded[encoding]


class BatchLoop:
    """One graph per batch size; the number of batches in a chunk may vary without a retrace."""

    def __init__(self, run_many: Callable[[tuple[Any, ...]], Any]) -> None:
        self.run_many = run_many
        self._functions: dict[tuple[Any, ...], Any] = {}

    def __call__(self, chunk: tuple[Any, ...]) -> Any:
        return self.traced(chunk)(chunk)

    def traced(self, chunk: tuple[Any, ...]) -> Any:
        """The graph for a chunk's batch size; making it makes the variables that it needs."""
        shapes = tuple(tuple(item.shape[1:]) for item in chunk)
        if shapes not in self._functions:
            self._functions[shapes] = self._trace(chunk)
        return self._functions[shapes]

    def _trace(self, chunk: tuple[Any, ...]) -> Any:
        import tensorflow as tf

        # A batch size that the graph knows lets TensorFlow pick its fused kernels.
        specs = tuple(tf.TensorSpec((None, *item.shape[1:]), item.dtype) for item in chunk)
        return tf.function(self.run_many, autograph=False).get_concrete_function(specs)


class EvaluationSteps:
    """Loss, metrics and, where asked for, predictions of one model on one feed.

    Args:
        model: A compiled model that takes raw features.
        compiled: Metrics with their label encodings.
        encoding: How the loss takes labels.
        feed: Yields chunks of the split.
        num_classes: Number of classes; None for regression.
    """

    def __init__(
        self, model: Any, compiled: Compiled, encoding: Encoding, feed: Feed, num_classes: int | None
    ) -> None:
        self.model = model
        self.encoding = encoding
        self.feed = feed
        self.num_classes = num_classes
        self.measures = Measures(model, compiled, num_classes)
        self._run = BatchLoop(self._evaluate_many)

    def run(self, chunk: tuple[Any, ...]) -> Any:
        """Predictions of a chunk as one tensor of shape (batches, batch, …)."""
        return self._run(chunk)

    def _evaluate_many(self, chunk: tuple[Any, ...]) -> Any:
        import tensorflow as tf

        num_batches = tf.shape(chunk[0])[0]
        collected = tf.TensorArray(self.model.outputs[0].dtype, size=num_batches)

        def evaluate_one(index: Any, collected: Any) -> tuple[Any, Any]:
            predictions = self._evaluation_step(*self.feed.batch(chunk, index))
            return index + 1, collected.write(index, predictions)

        loop = tf.while_loop(lambda index, _: index < num_batches, evaluate_one, (tf.constant(0), collected))
        return loop[1].stack()

    def _evaluation_step(self, features: Any, labels: Any) -> Any:
        targets = Targets(labels, self.num_classes)
        y = targets.encoded(self.encoding)
        predictions = self.model(features, training=False)
        loss = self.model.compute_loss(x=features, y=y, y_pred=predictions, training=False)
        self.measures.update(loss, targets, predictions)
        return predictions
