"""A distribution over tokens and a blank at each frame."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.config.losses_and_metrics import MetricFacts, loss_facts
from bigmodel_cli.cut import cut
from bigmodel_cli.scoring.ctc import decoded, frames_needed
from bigmodel_cli.scoring.transcripts import WORDS, counts_of, word_errors
from bigmodel_cli.tasks.bound import Bound, Counting, Encoding, Shape, misfit
from bigmodel_cli.tasks.transcription.task import WORD_ERROR_RATE, Transcription

_SHOWN = 60


class TranscriptionBound(Bound):
    """Targets are ids with padding behind them, outputs logits."""

    task: Transcription
    kept_dtype: ClassVar[str | None] = "float32"

    def bind(self, shape: Shape, aim: Aim) -> TranscriptionBound:
        super().bind(shape, aim)
        self._frames, self._aim = shape[1], aim
        return self

    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        size = self.task.vocabulary.size
        if len(shape) != 3 or shape[2] != size or shape[1] is None:
            raise misfit(
                aim,
                f"the model's output has shape {shape}; {size} tokens at each moment need "
                f"(None, moments, {size}), with as many moments for each example",
                "end the model with {Dense: {units: vocabulary_size}}, without activation, behind layers "
                "that keep the moments (of GRU and LSTM return_sequences: true)",
            )
        if loss_facts(aim.loss).outputs not in ("frames", "any"):
            raise misfit(aim, f"{aim.loss.name} does not compare a text with moments", "write loss: CTC")
        return "integer"

    def without_room(self, labels: np.ndarray, name_of: Callable[[int], str]) -> Exception | None:
        needed = frames_needed(labels)
        assert self._frames is not None
        if not (too_long := np.flatnonzero(needed > self._frames)).size:
            return None
        worst = int(needed.argmax())
        text = cut(self.task.text(labels[worst].tolist()), _SHOWN)
        many = f"{len(too_long):,} texts need" if len(too_long) > 1 else "a text needs"
        return misfit(
            self._aim,
            f"{many} more than the {self._frames} moments that the model gives: {name_of(worst)}, {text!r}, "
            f"needs {needed[worst]}, one for each token and one between two that are the same",
            "make fewer moments one on the way there (strides, pooling), or take longer clips",
        )

    def metric_encoding(self, metric: MetricFacts) -> Encoding:
        return "integer"

    def variant(self, kind: Literal["Accuracy", "Crossentropy"], aim: Aim) -> str:
        raise misfit(aim, "accuracy does not compare a text with moments", f"write {WORD_ERROR_RATE}")

    def counting(self, metric: str) -> Counting | None:
        """Errors of the likeliest token of each moment for each word, and how many words there are."""
        return Counting(self._word_errors) if metric == WORD_ERROR_RATE else None

    def _word_errors(self, y: Any, outputs: Any) -> tuple[Any, Any]:
        import tensorflow as tf

        counts = tf.numpy_function(self._counts, [y, tf.cast(outputs, tf.float32)], tf.float32)
        counts.set_shape((None, 2))
        words = tf.maximum(counts[:, 1], 1.0)
        return counts[:, 0] / words, words

    def _counts(self, y: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        found = decoded(outputs, beams=1)[:, 1:].astype(int)
        texts = ([self.task.text(row) for row in rows.tolist()] for rows in (y, found))
        counts = np.array([counts_of(*both) for both in zip(*texts, strict=True)])
        return np.stack([word_errors(counts), counts[:, WORDS]], axis=1).astype(np.float32)

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        import tensorflow as tf

        return tf.cast(labels, tf.int32)

    def seen_by_loss(self, values: Any) -> Any:
        """Without a mask, since every moment may be a blank, and of a batch of any size.

        TensorFlow keeps a part of this loss's graph for all batches; of another size it complains on standard
        error, though it computes what it should.
        """
        import tensorflow as tf

        return tf.raw_ops.PlaceholderWithDefault(input=values, shape=[None, *values.shape[1:]])

    def loss_of_adopted(self, num_outputs: int, activation: str) -> Any:
        return "CTC" if num_outputs == self.task.vocabulary.size and activation == "linear" else None

    def kept(self, outputs: Any, labels: Any) -> Any:
        """What is heard, as `decoded` has it: distributions take the vocabulary's times as much."""
        import tensorflow as tf

        search = partial(decoded, beams=self.task.beams, known=self.task.known)
        found = tf.numpy_function(search, [tf.cast(outputs, tf.float32)], tf.float32)
        found.set_shape((None, 1 + outputs.shape[1]))
        return found
