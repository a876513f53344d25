"""Parts of a model that Keras does not have, for docs/own-code/digits.yaml."""

import keras
from keras import ops


class Scale(keras.layers.Layer):
    """Multiplies each feature by a weight that is learnt.

    Args:
        start: What the weights begin with.
        scale_regularizer: What keeps them small.
    """

    def __init__(self, start: float = 1.0, scale_regularizer=None, **kwargs):
        super().__init__(**kwargs)
        self.start = start
        self.scale_regularizer = keras.regularizers.get(scale_regularizer)

    def build(self, input_shape):
        self.scale = self.add_weight(
            name="scale",
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(self.start),
            regularizer=self.scale_regularizer,
        )

    def call(self, inputs):
        return inputs * self.scale

    def get_config(self):
        regularizer = keras.regularizers.serialize(self.scale_regularizer)
        return {**super().get_config(), "start": self.start, "scale_regularizer": regularizer}


def wavy(x):
    """x plus its sine squared (Ziyin et al. 2020)."""
    return x + ops.square(ops.sin(x))


def focal(y_true, y_pred, gamma: float = 2.0):
    """Cross-entropy that counts less where the model is sure already (Lin et al. 2017).

    Args:
        gamma: How much less.
    """
    classes = ops.cast(ops.reshape(y_true, (-1,)), "int32")
    sure = ops.sum(y_pred * ops.one_hot(classes, y_pred.shape[-1]), axis=-1)
    sure = ops.clip(sure, 1e-7, 1.0)
    return -((1.0 - sure) ** gamma) * ops.log(sure)


class Surest(keras.metrics.Mean):
    """How sure the model is, on average, of what it decides for."""

    _direction = "up"

    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(ops.max(y_pred, axis=-1), sample_weight)


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    """Falls by a half every so many steps.

    Args:
        start: The first learning rate.
        every: How many steps.
    """

    def __init__(self, start: float, every: int = 100):
        self.start, self.every = start, every

    def __call__(self, step):
        return self.start * 0.5 ** (ops.cast(step, "float32") / self.every)

    def get_config(self):
        return {"start": self.start, "every": self.every}


class StopWhenFlat(keras.callbacks.Callback):
    """Ends training when the smoothed loss on the validation split gets no better.

    Args:
        patience: After how many epochs.
        smoothing: What the epochs before count.
    """

    def __init__(self, patience: int = 3, smoothing: float = 0.5):
        super().__init__()
        self.patience, self.smoothing = patience, smoothing
        self.smoothed, self.best, self.wait = None, None, 0

    def on_epoch_end(self, epoch, logs=None):
        loss, before = logs["val_loss"], self.smoothed
        self.smoothed = loss if before is None else self.smoothing * before + (1 - self.smoothing) * loss
        if self.best is None or self.smoothed < self.best:
            self.best, self.wait = self.smoothed, 0
            return
        self.wait += 1
        self.model.stop_training = self.wait >= self.patience

    def get_state(self):
        return {"smoothed": self.smoothed, "best": self.best, "wait": self.wait}

    def set_state(self, state):
        self.smoothed, self.best, self.wait = state["smoothed"], state["best"], state["wait"]
