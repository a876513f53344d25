"""Random numbers that are different on each replica, and the same again after a resume."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bigmodel_cli.modeling.relied_on import relied_on
from bigmodel_cli.modeling.replicas.distribution import replica_number

# Any odd number far from the steps by which Keras counts its seeds on.
_APART = 0x9E3779B97F4A7C15 >> 1


@contextmanager
def different_seeds() -> Iterator[None]:
    """Let what Keras draws inside the block depend on the replica.

    The state of a seed generator is the same on every replica, and so is what a checkpoint holds; without
    this, all replicas would drop the same neurons and turn their images by the same angles.
    """
    import keras

    generator = keras.random.SeedGenerator
    plain = relied_on(generator, "next")

    def next_of_replica(self: Any, ordered: bool = True) -> Any:
        return _apart(plain(self, ordered))

    generator.next = next_of_replica
    try:
        yield
    finally:
        generator.next = plain


def _apart(seed: Any) -> Any:
    """A seed, int64 of shape (2,), moved by the replica's number; the first replica's stays what it is."""
    import tensorflow as tf

    return seed + tf.stack([tf.cast(replica_number(), tf.int64) * _APART, tf.zeros([], tf.int64)])
