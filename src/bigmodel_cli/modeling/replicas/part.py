"""A replica's part of a batch, known to what is computed on that replica."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_CURRENT = threading.local()


@dataclass(frozen=True, eq=False)
class Part:
    """Which examples of a replica count, and of how many.

    Attributes:
        counted: float32 of shape (examples,): 1, or 0 of what only fills the part up.
        batch_size: Examples of the whole batch: a float32 scalar.
        num_replicas: How many parts there are.
    """

    counted: Any
    batch_size: Any
    num_replicas: int

    @property
    def loss_weights(self) -> Any:
        """With these as sample weights, the sum of the replicas' losses is the mean over the batch.

        Keras divides a replica's sum by its number of examples and by the number of replicas.
        """
        import tensorflow as tf

        examples = tf.cast(tf.shape(self.counted)[0], tf.float32)
        return self.counted * (examples * self.num_replicas / self.batch_size)


@contextmanager
def taking(part: Part | None) -> Iterator[None]:
    """Let this be the part that is computed in this thread: TensorFlow traces each replica in its own."""
    _CURRENT.part = part
    try:
        yield
    finally:
        _CURRENT.part = None


def current_part() -> Part:
    """The part of the replica that is being traced."""
    part = getattr(_CURRENT, "part", None)
    assert isinstance(part, Part), "outside of a replica's step"
    return part
