"""The compiled training step: many batches per call into TensorFlow, on public Keras API only.

`fit` is not used since it cannot gather resident data inside its graph, and under a distribution
strategy it neither runs many steps per call nor resumes inside an epoch.
"""

from __future__ import annotations

from typing import Any

from bigmodel_cli.inference.steps import BatchLoop, Measures, Targets
from bigmodel_cli.modeling.build import BuiltModel
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

    def run(self, chunk: tuple[Any, ...]) -> None:
        """Train on all batches of a chunk, as `feed.chunk` yields it."""
        self._run(chunk)

    def _train_many(self, chunk: tuple[Any, ...]) -> None:
        import tensorflow as tf

        def train_one(index: Any) -> tuple[Any]:
            self._step(*self.feed.batch(chunk, index))
            return (index + 1,)

        tf.while_loop(lambda index: index < tf.shape(chunk[0])[0], train_one, (tf.constant(0),))

    def _train_step(self, features: Any, labels: Any) -> None:
        import tensorflow as tf

        built = self.built
        if built.preprocess is not None:
            features = built.preprocess(features, training=False)
        features, targets = self._augment(features, labels)
        y = targets.encoded(built.encoding)
        with tf.GradientTape() as tape:
            predictions = built.network(features, training=True)
            loss = built.model.compute_loss(x=features, y=y, y_pred=predictions, training=True)
            scaled = built.model.optimizer.scale_loss(loss)
        variables = built.model.trainable_variables
        gradients = tape.gradient(scaled, variables)
        built.model.optimizer.apply(gradients, variables)
        self.measures.update(loss, targets, predictions)

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
