"""A vector of who asks beside one of an item, compared with those of the other rows of a batch."""

from __future__ import annotations

from typing import Any, Literal

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.config.losses_and_metrics import MetricFacts, loss_facts
from bigmodel_cli.tasks.bound import Bound, Encoding, Shape, misfit
from bigmodel_cli.tasks.retrieval.task import Retrieval

# What an item scores that is right, too, though another row asks.
_NEVER = -1e9
# Of an item that training has not.
_RARELY = 0.5


class RetrievalBound(Bound):
    """Which of a batch's items is each row's own: a softmax over them (Yi et al. 2019).

    Items come into a batch as often as they are had, so that the softmax learns log p(item | user) less
    log q(item), the logarithm of its share of all interactions. That is added again where the loss compares
    (their logQ correction), and products of vectors learn log p itself. Where a prior ranks items, the
    correction is left off: what items score then is log p / q + weight · log(share of late), so that the
    popularity that counts is the one of now, and not that of all of training.
    """

    task: Retrieval

    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        if len(shape) != 2 or shape[1] is None or shape[1] % 2 or aim.model[-1].name != "two_towers":
            raise misfit(
                aim,
                f"the model's output has shape {shape}; which item is taken needs a "
                "vector of who asks beside one of the item",
                "end the model with {two_towers: {inputs: [USER_SIDE, ITEM_SIDE]}}",
            )
        facts = loss_facts(aim.loss)
        if facts.outputs not in ("distribution", "any") or not facts.takes_indices:
            raise misfit(
                aim,
                f"{aim.loss.name} does not compare an item with those of other rows",
                "write loss: {SparseCategoricalCrossentropy: {from_logits: true}}",
            )
        return "integer"

    def metric_encoding(self, metric: MetricFacts) -> Encoding:
        return "integer"

    def variant(self, kind: Literal["Accuracy", "Crossentropy"], aim: Aim) -> str:
        return f"SparseCategorical{kind}"

    def loss_of_adopted(self, num_outputs: int, activation: str) -> Any:
        return None

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """int32 of shape (batch,): what items are, so that equal ones are known."""
        import tensorflow as tf

        return tf.cast(labels, tf.int32)

    def compared(self, outputs: Any, encoded: Any) -> Any:
        """Logits of shape (batch, batch): what each row says of each row's item, float32."""
        import tensorflow as tf

        user, item = tf.split(tf.cast(outputs, tf.float32), 2, axis=1)
        logits = tf.matmul(user, item, transpose_b=True)
        if self._correction is not None:
            # What is unknown has the place behind the last.
            places = tf.where(encoded < 0, len(self._correction) - 1, encoded)
            logits -= tf.gather(tf.constant(self._correction), places)
        size = tf.shape(logits)[0]
        is_own = tf.eye(size, dtype=tf.bool)
        is_right = encoded[:, tf.newaxis] == encoded[tf.newaxis, :]
        return tf.where(is_right & ~is_own, _NEVER, logits)

    def answers(self, encoded: Any) -> Any:
        import tensorflow as tf

        return tf.range(tf.shape(encoded)[0])

    def measured(self, outputs: Any, encoded: Any) -> tuple[Any, Any]:
        return self.compared(outputs, encoded), self.answers(encoded)

    @property
    def _correction(self) -> Any:
        """The logarithm of each item's share of training, float32 (items + 1,); None: none is added."""
        import numpy as np

        known = self.task.known
        if self.task.popularity is not None or known is None:
            return None
        counts = np.append(np.maximum(known.counts, _RARELY), _RARELY)
        return np.log(counts / max(1, known.counts.sum())).astype(np.float32)

    def kept(self, outputs: Any, labels: Any) -> Any:
        """Of each row the vector of who asks."""
        import tensorflow as tf

        return tf.split(tf.cast(outputs, tf.float32), 2, axis=1)[0]
