"""TensorFlow as a runtime of files."""

from __future__ import annotations

import os


def on_processor(threads: int) -> None:
    """Start TensorFlow for predictions on the processor alone, with so many threads."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
