"""The compiled training step: many batches per call into TensorFlow, on public Keras API only.

`fit` is not used since it cannot gather resident data inside its graph, and under a distribution
strategy it neither runs many steps per call nor resumes inside an epoch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bigmodel_cli.inference.steps import BatchLoop, Measures, Targets
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.modeling.fused.batch_norm import fused_batch_norm
from bigmodel_cli.modeling.fused.updates import fused_updates
from bigmodel_cli.pipeline.feed import Feed
from bigmodel_cli.pipeline.labels import encode


class TrainingSteps:
    """Training steps of one model on one feed.

    Args:
        built: The model and its parts.
        feed: Yields chunks of the training split.
        num_classes: Number of classes; None for regression.
        jit_compile: Whether XLA compiles the step.
    """

    def __init__(self, built: BuiltModel, feed: Feed, num_classes: int | None, *, jit_compile: bool) -> None:
        import tensorflow as tf

        self.built = built
        self.feed = feed
        self.num_classes = num_classes
        self.measures = Measures(built.model, built.compiled, num_classes)
        self._step = tf.function(self._train_step, jit_compile=True) if jit_compile else self._train_step
        self._run = BatchLoop(self._train_many)
        built.model.optimizer.build(built.model.trainable_variables)

    def run(self, chunk: tuple[Any, ...]) -> tuple[int, float]:
        """Train on the batches of a chunk, as `feed.chunk` yields it, until a loss is not a number any more.

        Returns:
            How many steps were made, and the loss of the last one.
        """
        steps, loss = self._run(chunk)
        return int(steps), float(loss)

    def trace(self) -> None:
        """Make the graph without a step, and with it the variables that metrics make at their first use."""
        order = np.arange(len(self.feed.examples))
        self._run.traced(self.feed.chunk(self.feed.rows(order, 0, 1)))

    def variables(self) -> list[Any]:
        """Everything that a step may change: weights, seeds, optimizer, metrics; each once."""
        variables = [
            *self.built.model.variables,
            *self.built.model.optimizer.variables,
            *self.measures.variables(),
            *(variable for item in self.built.augmentation for variable in item.layer.variables),
        ]
        return list({id(variable): variable for variable in variables}.values())

    def _train_many(self, chunk: tuple[Any, ...]) -> tuple[Any, Any]:
        import tensorflow as tf

        num_steps = tf.shape(chunk[0])[0]

        def goes_on(index: Any, loss: Any) -> Any:
            return tf.logical_and(index < num_steps, tf.math.is_finite(loss))

        def train_one(index: Any, _: Any) -> tuple[Any, Any]:
            return index + 1, self._step(*self.feed.batch(chunk, index))

        steps, loss = tf.while_loop(goes_on, train_one, (tf.constant(0), tf.constant(0.0)))
        return steps, loss

    def _train_step(self, features: Any, labels: Any) -> Any:
        import tensorflow as tf

        built = self.built
        if built.preprocess is not None:
            features = built.preprocess(features, training=False)
        features, targets = self._augment(features, labels)
        y = targets.encoded(built.encoding)
        with tf.GradientTape() as tape, fused_batch_norm(built.network):
            predictions = built.network(features, training=True)
            loss = built.model.compute_loss(x=features, y=y, y_pred=predictions, training=True)
            scaled = built.model.optimizer.scale_loss(loss)
        variables = built.model.trainable_variables
        gradients = tape.gradient(scaled, variables)
        with fused_updates(built.model.optimizer):
            built.model.optimizer.apply(gradients, variables)
        self.measures.update(loss, targets, predictions)
        return tf.cast(loss, tf.float32)

    def _augment(self, features: Any, labels: Any) -> tuple[Any, Targets]:
        mixed = None
        for augmentation in self.built.augmentation:
            if not augmentation.mixes_labels:
                features = augmentation.layer(features, training=True)
                continue
            if mixed is None:
                mixed = encode(labels, "one_hot", self.num_classes)
            both = augmentation.layer({"images": features, "labels": mixed}, training=True)
            features, mixed = both["images"], both["labels"]
        return features, Targets(labels, self.num_classes, mixed)
