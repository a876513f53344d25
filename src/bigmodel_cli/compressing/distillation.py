"""A larger model's probabilities, from which a smaller one learns beside the labels.

G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015: both models' logits are
divided by a temperature T, and what the divergence of the two counts is multiplied with T², so that its
gradients are as large as those of the labels whatever T is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.compressing.augmented import BehindAugmentation
from bigmodel_cli.config.compress import Distill
from bigmodel_cli.config.reading import Reading
from bigmodel_cli.errors import ResourceError
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import OpenRun, open_folder, reading_of_run
from bigmodel_cli.inference.steps import Batch
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.replicas.distribution import Distribution
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.kept_features import Front, computed
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import BEST, RunFolder
from bigmodel_cli.signature import INPUT, Signature

# The name under which the teacher's answers travel beside the targets of examples; no column has it.
TEACHER = "\0teacher"
# Below it a probability is 0 to float32, which has no logarithm.
_LEAST = 1e-30
# The share of free memory that the teacher's answers may take.
_SHARE = 1 / 4


@dataclass(frozen=True, eq=False)
class Teacher:
    """A run that teaches, with its model, from raw examples to its outputs, in float32."""

    opened: OpenRun
    model: Any


def load_teacher(settings: Distill, distribution: Distribution, *, trust: bool) -> Teacher:
    """Load a teacher.

    Args:
        settings: The section of the config; the teacher is a folder.
        distribution: Where the replicas are that learn from it.
        trust: Load it even if it can run code.

    Raises:
        DataError: If its model is missing or damaged, or holds what may not be loaded.
    """
    opened = open_folder(RunFolder(Path(settings.teacher)))
    with distribution.scope():
        return Teacher(opened, load_for_inference(opened.folder, BEST, trust=trust))


@dataclass(frozen=True, eq=False)
class Teaching:
    """A teacher, and how a model learns from it.

    Attributes:
        settings: The section of the config.
        model: The teacher, from raw examples to its outputs, in float32.
        reading: How these become probabilities.
        order: The teacher's class for each of the data's.
        is_kept: Whether its answers are kept with the examples, since no augmentation changes these.
    """

    settings: Distill
    model: Any
    reading: Reading
    order: Sequence[int]
    is_kept: bool

    @classmethod
    def of(cls, settings: Distill, teacher: Teacher, signature: Signature, *, is_kept: bool) -> Teaching:
        """Put the classes of a teacher in order.

        Args:
            settings: The section of the config.
            teacher: The run that it names.
            signature: Of the data, whose classes are the teacher's.
            is_kept: Whether its answers are kept.
        """
        theirs = list(teacher.opened.signature.label_names)
        order = [theirs.index(name) for name in signature.label_names]
        return cls(settings, teacher.model, reading_of_run(teacher.opened), order, is_kept)

    def answers(self, outputs: Any) -> Any:
        """The teacher's log probabilities, float32 of shape (batch, classes) in the data's order.

        Args:
            outputs: What its model gives for a batch.
        """
        import tensorflow as tf

        return tf.gather(log_probabilities(outputs, self.reading), list(self.order), axis=1)

    def of_examples(self, examples: Any) -> Any:
        """The same of raw examples."""
        return self.answers(self.model(self.given(examples), training=False))

    def given(self, features: Any) -> Any:
        """Those of raw examples that the teacher takes: an array, or columns by what inputs are called."""
        if not isinstance(features, Mapping):
            return features
        names = [tensor.name for tensor in self.model.inputs]
        return {name: features[name] for name in names}


def taught(
    teaching: Teaching,
    splits: Splits,
    skipped: SkippedFiles | None,
    listener: Listener,
    free_memory: int | None,
) -> Splits:
    """The splits with the teacher's answers as one more target of training examples, called `TEACHER`.

    Args:
        teaching: Computes them, once for each example.
        splits: The data.
        skipped: Takes note of bad training files; None: such a file is an error.
        listener: Is told how it goes.
        free_memory: In bytes; None where the system does not tell.

    Raises:
        DataError: If an example cannot be read.
        ResourceError: If there is no room for them.
    """
    import tensorflow as tf

    examples, count = splits.train, len(teaching.order)
    needed = 4 * count * len(examples)
    if free_memory is not None and needed > _SHARE * free_memory:
        raise ResourceError(
            f"compress.distill: the teacher's answers take {needed / 1e9:.1f} GB, more than a quarter of the "
            f"{free_memory / 1e9:.1f} GB of memory that are free",
            hint="train on fewer examples, or on a machine with more memory",
        )
    compute = tf.function(teaching.of_examples, autograph=False)

    def run(features: Any) -> Mapping[str, np.ndarray]:
        return {INPUT: compute(tf.nest.map_structure(tf.constant, features)).numpy()}

    answers = np.zeros((len(examples), count), np.float32)
    done = 0
    for wanted, given, found in computed(examples, Front(run, str), np.arange(len(examples)), skipped):
        answers[given] = found[INPUT]
        done += len(wanted)
        listener.download("asking the teacher", done, len(examples))
    known = replace(examples, targets={**examples.targets, TEACHER: answers})
    return replace(splits, parts={**splits.parts, "train": known})


@dataclass(frozen=True, eq=False)
class Distillation:
    """A teacher beside the steps of one model.

    Attributes:
        teaching: The teacher.
        reading: How the model's outputs become probabilities.
        part: The part of the teacher that takes augmented examples; None: its answers are kept.
    """

    teaching: Teaching
    reading: Reading
    part: BehindAugmentation | None = None

    def answers(self, batch: Batch, features: Any) -> Any:
        """The teacher's for a batch, inside the graph: those that are kept, or of the augmented examples.

        Args:
            batch: As the feed has it.
            features: Of it as they are trained on.
        """
        if self.part is None:
            return batch.labels[TEACHER]
        return self.teaching.answers(self.part(features, batch.features))

    def divergence(self, answers: Any, outputs: Any, weights: Any) -> Any:
        """T² times the mean Kullback-Leibler divergence of the model from its teacher, inside the graph.

        Args:
            answers: The teacher's log probabilities, of shape (batch, classes).
            outputs: The model's, as it gives them.
            weights: What each example counts, of shape (batch,); None: all count the same.
        """
        import keras
        import tensorflow as tf

        temperature = self.teaching.settings.temperature
        theirs = tf.nn.log_softmax(answers / temperature)
        ours = tf.nn.log_softmax(log_probabilities(outputs, self.reading) / temperature)
        divergence = tf.reduce_sum(tf.exp(theirs) * (theirs - ours), axis=-1)

        class OfExamples(keras.losses.Loss):  # type: ignore[misc]
            """As a loss of Keras, which knows of weights and replicas."""

            def call(self, y_true: Any, y_pred: Any) -> Any:
                return y_pred

        of_all = OfExamples()(tf.zeros_like(divergence), divergence, sample_weight=weights)
        return temperature**2 * of_all


def log_probabilities(outputs: Any, reading: Reading) -> Any:
    """The logarithm of the probability of each class, up to a number that is the same for all of them.

    Args:
        outputs: Of a model, of shape (batch, classes), or (batch, 1) for the second of two.
        reading: How these become probabilities.
    """
    import tensorflow as tf

    outputs = tf.cast(outputs, tf.float32)
    if outputs.shape[-1] > 1:
        return outputs if reading.activation == "softmax" else tf.math.log(tf.maximum(outputs, _LEAST))
    if reading.activation == "sigmoid":
        return tf.concat([tf.math.log_sigmoid(-outputs), tf.math.log_sigmoid(outputs)], axis=-1)
    both = tf.concat([1.0 - outputs, outputs], axis=-1)
    return tf.math.log(tf.maximum(both, _LEAST))
