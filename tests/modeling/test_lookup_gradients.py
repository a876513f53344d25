"""Gradients of rows that were looked up several times."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tf


def test_adam_squares_the_sum_of_a_rows_gradients() -> None:
    import keras
    import tensorflow as tf

    from bigmodel_cli.modeling.lookup_gradients import summed_by_row

    gradient = tf.IndexedSlices([[1.0, 2.0], [3.0, 4.0]], [1, 1], [3, 2])
    table, optimizer = keras.Variable(np.zeros((3, 2))), keras.optimizers.Adam()
    optimizer.build([table])
    optimizer.apply(summed_by_row([gradient], optimizer), [table])
    velocity = next(slot for slot in optimizer.variables if "velocity" in slot.path)
    np.testing.assert_allclose(velocity[1], 0.001 * np.square([4.0, 6.0]), rtol=1e-5)


def test_plain_steps_touch_what_was_looked_up() -> None:
    import keras
    import tensorflow as tf

    from bigmodel_cli.modeling.lookup_gradients import summed_by_row

    gradients = [tf.IndexedSlices([[1.0]], [0], [3, 1]), None]
    kept, _ = summed_by_row(gradients, keras.optimizers.SGD())
    assert isinstance(kept, tf.IndexedSlices)
    for other in (keras.optimizers.SGD(momentum=0.9), keras.optimizers.SGD(clipnorm=1.0)):
        dense, none = summed_by_row(gradients, keras.optimizers.LossScaleOptimizer(other))
        assert none is None
        np.testing.assert_array_equal(dense, [[1.0], [0.0], [0.0]])
