"""Rows of a table that are updated late: what Keras's Adam computes, whenever it is looked at."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

pytestmark = pytest.mark.tf

ROWS, WIDTH, BATCH = 64, 4, 4


class Towers:
    """A model of two tables and a layer, or of tables alone, and steps of it."""

    def __init__(self, rate=0.03, *, late=True, is_all=False, **arguments):
        import keras
        import tensorflow as tf

        from bigmodel_cli.modeling.fused.late_rows import late_rows

        keras.utils.set_random_seed(1)
        inputs = [keras.Input((), dtype="int32"), keras.Input((2,), dtype="int32")]
        one, other = (
            keras.layers.Embedding(ROWS, WIDTH, name=name)(given)
            for name, given in zip("ab", inputs, strict=True)
        )
        joined = keras.layers.Concatenate()([one, keras.layers.Flatten()(other)])
        self.model = keras.Model(inputs, joined[:, 3:5] if is_all else keras.layers.Dense(2)(joined))
        schedule = keras.optimizers.schedules.ExponentialDecay(rate, 20, 0.9)
        self.optimizer = keras.optimizers.Adam(schedule, **arguments)
        self.optimizer.build(self.model.trainable_variables)
        self.late = late_rows(self.model, self.optimizer, BATCH) if late else None
        self.steps = tf.function(self._steps, autograph=False)

    def run(self, start, stop):
        self.steps(np.int32(start), np.int32(stop))

    def _steps(self, start, stop):
        import tensorflow as tf

        numbers = np.random.default_rng(0)
        # Most rows are looked up seldom, and some never.
        rows = (ROWS * numbers.random((600, BATCH, 3)) ** 3).astype(np.int32)
        # Keras counts places below 0 from the end.
        rows = tf.constant(np.where(rows == ROWS // 2, -1, rows))
        targets = tf.constant(numbers.normal(size=(600, BATCH, 2)).astype(np.float32))

        def step(index):
            variables = self.model.trainable_variables
            late = [] if self.late is None else self.late.variables
            others = [one for one in variables if all(one is not table for table in late)]
            with tf.GradientTape() as tape:
                outputs = self.model([rows[index, :, 0], rows[index, :, 1:]], training=True)
                loss = tf.reduce_mean((outputs - targets[index]) ** 2)
            found = [] if self.late is None else self.late.rows
            gradients = [tf.convert_to_tensor(one) for one in tape.gradient(loss, [*others, *found])]
            if self.late is not None:
                self.late.apply(gradients[len(others) :], is_all=not others)
            self.optimizer.apply(gradients[: len(others)], others)
            return index + 1

        with nullcontext() if self.late is None else self.late.traced():
            tf.while_loop(lambda index: index < stop, step, (start,))

    def values(self):
        return [variable.numpy() for variable in (*self.model.variables, *self.optimizer.variables)]


@pytest.mark.parametrize(
    "arguments",
    [{}, {"beta_1": 0.8, "epsilon": 1e-4}, {"is_all": True}],
    ids=["usual", "other", "tables alone"],
)
def test_they_are_what_keras_adam_makes_of_them(arguments):
    plain, late = Towers(late=False, **arguments), Towers(**arguments)
    assert len(late.late.variables) == 2
    # Behind the end of a window, at one, and some steps into the third.
    for start, stop in ((0, 10), (10, 256), (256, 530)):
        plain.run(start, stop)
        late.run(start, stop)
        late.late.settle()
        for expected, found in zip(plain.values(), late.values(), strict=True):
            np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-6)


def test_some_are_late_until_they_are_settled_and_then_nothing_changes():
    late = Towers()
    late.run(0, 10)
    before = late.values()
    late.late.settle()
    settled = late.values()
    assert any(not np.array_equal(one, other) for one, other in zip(before, settled, strict=True))
    late.late.settle()
    late.late.are_up_to_date()
    late.late.settle()
    for one, other in zip(settled, late.values(), strict=True):
        np.testing.assert_array_equal(other, one)


def test_calls_and_checkpoints_between_steps_change_no_digit():
    whole, parts = Towers(), Towers()
    whole.run(0, 300)
    for start, stop in ((0, 7), (7, 200)):
        parts.run(start, stop)
    resumed = Towers()
    for ours, theirs in (
        (resumed.model.variables, parts.model.variables),
        (resumed.optimizer.variables, parts.optimizer.variables),
        (resumed.late.state().values(), parts.late.state().values()),
    ):
        for variable, other in zip(ours, theirs, strict=True):
            variable.assign(other.numpy())
    resumed.run(200, 300)
    for towers in (whole, resumed):
        towers.late.settle()
    for expected, found in zip(whole.values(), resumed.values(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_checkpoints_that_say_which_rows_are_late_are_taken_by_steps_that_have_none():
    from bigmodel_cli.modeling.fused.late_rows import says_late, settle_as

    late, other = Towers(), Towers(late=False)
    late.run(0, 10)
    for variable, value in zip(
        (*other.model.variables, *other.optimizer.variables), late.values(), strict=True
    ):
        variable.assign(value)
    state = {name: variable.numpy() for name, variable in late.late.state().items()}
    assert len(state) == 3 and all(map(says_late, state))
    settle_as(other.model, other.optimizer, state)
    late.late.settle()
    for expected, found in zip(late.values(), other.values(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_rows_on_which_nothing_depends_stay_as_they_are():
    import keras
    import tensorflow as tf

    from bigmodel_cli.modeling.fused.late_rows import late_rows

    given = keras.Input((), dtype="int32")
    model = keras.Model(given, keras.ops.stop_gradient(keras.layers.Embedding(ROWS, WIDTH)(given)))
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    late, before = late_rows(model, optimizer, BATCH), model.get_weights()[0]
    with late.traced(), tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.constant([1, 2])))
    late.apply(tape.gradient(loss, late.rows), is_all=True)
    np.testing.assert_array_equal(model.get_weights()[0], before)
    assert int(optimizer.iterations) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"weight_decay": 0.1},
        {"clipnorm": 1.0},
        {"use_ema": True},
        {"amsgrad": True},
        # Velocity fades nearly as soon as momentum.
        {"beta_2": 0.9},
    ],
    ids=str,
)
def test_what_goes_through_all_weights_has_none(change):
    assert not Towers(**change).late.variables


def test_tables_that_something_else_looks_at_are_not_late():
    import keras

    from bigmodel_cli.modeling.fused.late_rows import late_rows

    given = keras.Input((), dtype="int32")
    twice = keras.layers.Embedding(ROWS, WIDTH)
    layers = [
        keras.layers.Embedding(ROWS, WIDTH, embeddings_regularizer="l2"),
        keras.layers.Embedding(ROWS, WIDTH, embeddings_constraint="non_neg"),
        keras.layers.Embedding(4 * BATCH - 1, WIDTH),
        keras.layers.Embedding(ROWS, WIDTH, trainable=False),
        twice,
        twice,
        keras.layers.Embedding(ROWS, WIDTH, name="alone"),
    ]
    model = keras.Model(given, keras.layers.Add()([layer(given) for layer in layers]))
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    (table,) = late_rows(model, optimizer, BATCH).variables
    assert table is model.get_layer("alone").weights[0]


def test_other_optimizers_have_none():
    import keras

    from bigmodel_cli.modeling.fused.late_rows import late_rows

    given = keras.Input((), dtype="int32")
    model = keras.Model(given, keras.layers.Embedding(ROWS, WIDTH)(given))
    for optimizer in (keras.optimizers.SGD(), keras.optimizers.AdamW()):
        optimizer.build(model.trainable_variables)
        late = late_rows(model, optimizer, BATCH)
        late.apply([])
        late.settle()
        assert not late.variables and not late.rows and not late.state()
